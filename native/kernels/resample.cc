// resample: images (batch, height, width, channels) of another size. Each entry along an axis of the result is a
// weighted sum of a run of entries of the source; both axes are done in one pass, in memory that stays in the cache.
#include "resample.h"

#include <algorithm>
#include <vector>

#include "../kernel.h"
#include "../thread_pool.h"
#include "shapes.h"

namespace headwater {
namespace {

constexpr int64_t kFloatsPerThread = 16 << 10;
constexpr int64_t kPadding = 4;  // floats that mix_pixels may read beyond a row

struct Axis {
  std::vector<int64_t> starts;
  std::vector<float> weights;
  int64_t terms = 1;
  bool same = false;  // the result is the source

  Axis() = default;
  Axis(const KernelSpec& spec, const std::string& name, int64_t from, int64_t to)
      : starts(spec.attrs.get_ints(name + "_starts")) {
    std::vector<double> given = spec.attrs.get_doubles(name + "_weights");
    require(static_cast<int64_t>(starts.size()) == to && to > 0, "resample",
            name + "_starts must have " + std::to_string(to) + " entries, at least one");
    require(!given.empty() && given.size() % starts.size() == 0, "resample",
            name + "_weights must have as many entries for each of " + std::to_string(to));
    weights.assign(given.begin(), given.end());
    terms = static_cast<int64_t>(given.size() / starts.size());
    same = terms == 1 && from == to;
    for (int64_t j = 0; j < to; ++j) {
      require(starts[j] >= 0 && starts[j] <= from - terms, "resample",
              name + "_starts leave an axis of " + std::to_string(from));
      same = same && starts[j] == j && weights[j] == 1;
    }
  }

  Band band() const { return {starts.data(), weights.data(), terms}; }
  const float* at(int64_t j) const { return weights.data() + j * terms; }
};

// Memory of this thread, kept for its next image.
float* workspace(int64_t floats) {
  thread_local std::vector<float> memory;
  if (static_cast<int64_t>(memory.size()) < floats) memory.resize(static_cast<size_t>(floats));
  return memory.data();
}

template <class T, class MixRows>
class Resample final : public Kernel {
 public:
  Resample(const KernelSpec& spec, MixRows* mix_rows)
      : x_(spec.inputs[0].shape),
        y_(spec.outputs[0].shape),
        rows_(spec, "row", x_[1], y_[1]),
        columns_(spec, "column", x_[2], y_[2]),
        row_(x_[2] * x_[3]),
        mix_rows_(mix_rows),
        mix_pixels_(HW_SELECT_ISA(mix_pixels)) {}

  void run(const void* const* in, void* const* out, void*) const override {
    auto* x = static_cast<const T*>(in[0]);
    auto* y = static_cast<float*>(out[0]);
    int64_t width = y_[2] * y_[3];
    if (y_.count() == 0) return;
    parallel_for(y_[0] * y_[1], kFloatsPerThread / (row_ + width) + 1, [&](int64_t begin, int64_t end) {
      while (begin < end) {
        int64_t image = begin / y_[1], first = begin % y_[1], count = std::min(end - begin, y_[1] - first);
        const T* source = x + image * x_[1] * row_;
        float* target = y + begin * width;
        if (y_[1] < x_[1] || rows_.terms == 1)
          rows_first(source, first, count, target, width);
        else
          columns_first(source, first, count, target, width);
        begin += count;
      }
    });
  }

  double cost_hint() const override {
    return 0.2 * static_cast<double>(y_[0] * y_[1]) *
           static_cast<double>(row_ * rows_.terms + y_[2] * y_[3] * columns_.terms);
  }

 private:
  // Where rows become fewer: each row of the result is mixed of rows, then resampled.
  void rows_first(const T* x, int64_t first, int64_t count, float* y, int64_t width) const {
    float* mixed = columns_.same ? nullptr : workspace(row_ + kPadding);
    for (int64_t j = first; j < first + count; ++j, y += width) {
      mix_rows_(x + rows_.starts[j] * row_, row_, rows_.at(j), rows_.terms, row_, columns_.same ? y : mixed);
      if (!columns_.same) mix_pixels_(mixed, columns_.band(), y_[2], y_[3], y);
    }
  }

  // Where they become more: rows of the source are resampled once and kept until no row of the result needs them.
  void columns_first(const T* x, int64_t first, int64_t count, float* y, int64_t width) const {
    const float one = 1;
    int64_t terms = rows_.terms;
    float* plain = workspace(row_ + kPadding + 2 * terms * width);
    float* kept = plain + row_ + kPadding;  // `terms` rows, twice, so that any run of them lies in one piece
    int64_t next = 0;                       // row of the source that was not resampled yet
    for (int64_t j = first; j < first + count; ++j, y += width) {
      int64_t start = rows_.starts[j];
      next = std::max(next, start);
      if (next > start + terms) next = start;  // starts went back
      for (; next < start + terms; ++next) {
        float* place = kept + next % terms * width;
        mix_rows_(x + next * row_, row_, &one, 1, row_, columns_.same ? place : plain);
        if (!columns_.same) mix_pixels_(plain, columns_.band(), y_[2], y_[3], place);
        std::copy(place, place + width, place + terms * width);
      }
      mix_kept(kept + start % terms * width, rows_.at(j), width, y);
    }
  }

  void mix_kept(const float* rows, const float* weights, int64_t width, float* y) const {
    HW_SELECT_ISA(mix_rows_f32)(rows, width, weights, rows_.terms, width, y);
  }

  Dims x_, y_;
  Axis rows_, columns_;
  int64_t row_;
  MixRows* mix_rows_;
  MixPixels* mix_pixels_;
};

std::unique_ptr<Kernel> make_resample(const KernelSpec& spec) {
  require_arity("resample", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require(x.shape.rank() == 4 && y.shape.rank() == 4, "resample", "images must have four axes");
  require(x.shape[0] == y.shape[0] && x.shape[3] == y.shape[3], "resample",
          x.shape.text() + " and " + y.shape.text() + " have other images or channels");
  require(y.dtype == DType::kFloat32, "resample", "the result must be float32");
  if (x.dtype == DType::kUInt8) return std::make_unique<Resample<uint8_t, MixRowsU8>>(spec, HW_SELECT_ISA(mix_rows_u8));
  require(x.dtype == DType::kFloat32, "resample", "images must be uint8 or float32");
  return std::make_unique<Resample<float, MixRowsF32>>(spec, HW_SELECT_ISA(mix_rows_f32));
}

}  // namespace

HW_REGISTER_KERNEL("resample", make_resample)

}  // namespace headwater
