// convolution_kernel_gradient: inputs x (batch, *spatial, channels), g (batch, *windows, filters); output
// (*window, channels / groups, filters); attributes as for convolution.
//
// The batch is cut into chunks that depend on the shape alone; the sums over each are added up in order, so the bits do
// not depend on the number of threads.
#include <algorithm>
#include <cstring>

#include "../thread_pool.h"
#include "window_blocks.h"
#include "winograd_gradient.h"

namespace headwater {
namespace {

constexpr int64_t kMostChunks = 16;
constexpr int64_t kMostSums = 4 << 20;   // elements of all chunks' sums
constexpr int64_t kTilePixels = 256;     // pixels that a tile sums over before it adds to memory
constexpr double kWorkPerChunk = 300e3;  // multiply-adds
constexpr int64_t kLeastRows = 4;        // channels for which tiles of one tap's rows are as fast as others
constexpr int64_t kRowsAtOnce = 48;      // of the kernel, in a task of their own where chunks are few

class KernelGradient final : public Kernel {
 public:
  explicit KernelGradient(const ConvShape& s)
      : s_(s),
        functions_(&(*HW_SELECT_ISA(conv_functions))(s.dtype)),
        item_(static_cast<int64_t>(item_size(s.dtype))),
        count_(s.taps() * s.inner() * s.filters),
        by_tap_(!s.is_depthwise() && s.inner() >= kLeastRows),
        blocks_(forward_axes(s), {s.batch, s.in, s.channels}, {s.batch, s.out, s.filters}, item_, s.work(), by_tap_) {
    by_tap_ &= !blocks_.is_inside();
    int64_t inner = s.is_depthwise() ? 1 : s.inner();
    for (size_t tap = 0; tap < blocks_.tap_offsets().size(); ++tap)
      for (int64_t c = 0; c < inner; ++c) {
        rows_.push_back(blocks_.tap_offsets()[tap] + c);
        result_lines_.push_back((static_cast<int64_t>(tap) * inner + c) * s.filters);
      }
    int64_t most =
        std::min({kMostChunks, blocks_.count(), std::max<int64_t>(1, kMostSums / std::max<int64_t>(1, count_)),
                  1 + static_cast<int64_t>(s.work() / kWorkPerChunk)});
    blocks_in_chunk_ = std::max<int64_t>(1, divide_up(blocks_.count(), std::max<int64_t>(1, most)));
    chunks_ = divide_up(blocks_.count(), blocks_in_chunk_);
    if (!s.is_depthwise() && chunks_ < kMostChunks)
      parts_ = std::clamp<int64_t>(static_cast<int64_t>(rows_.size()) / kRowsAtOnce, 1,
                                   kMostChunks / std::max<int64_t>(1, chunks_));
    if (s.work() < 2 * kWorkPerChunk) parts_ = 1;
  }

  size_t scratch_bytes() const override { return chunks_ > 1 ? static_cast<size_t>(chunks_ * count_ * item_) : 0; }
  double cost_hint() const override { return 1000 + s_.work() / 20; }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    if (s_.batch * s_.out_count() * s_.in_count() == 0) {
      std::memset(out[0], 0, static_cast<size_t>(count_ * item_));
      return;
    }
    char* sums = static_cast<char*>(chunks_ > 1 ? scratch : out[0]);
    parallel_chunks(chunks_ * parts_, 1, [&](int64_t task, int64_t, int64_t) {
      int64_t chunk = task / parts_, part = task % parts_, rows = static_cast<int64_t>(rows_.size());
      run_chunk(chunk, rows * part / parts_, rows * (part + 1) / parts_, in[0], static_cast<const char*>(in[1]),
                sums + chunk * count_ * item_);
    });
    if (chunks_ == 1) return;
    parallel_for(count_, 16 << 10, [&](int64_t begin, int64_t end) {
      functions_->add_up(sums + begin * item_, chunks_, count_, end - begin,
                         static_cast<char*>(out[0]) + begin * item_);
    });
  }

 private:
  void run_chunk(int64_t chunk, int64_t first_row, int64_t last_row, const void* x, const char* g, char* sums) const {
    int64_t first = chunk * blocks_in_chunk_, last = std::min(blocks_.count(), first + blocks_in_chunk_);
    if (by_tap_)
      std::memset(sums + first_row * s_.filters * item_, 0,
                  static_cast<size_t>((last_row - first_row) * s_.filters * item_));
    for (int64_t index = first; index < last; ++index) {
      WindowBlocks::Block block = blocks_.block(index);
      if (by_tap_) {
        run_taps(block, static_cast<const char*>(x), g, sums, first_row, last_row);
        continue;
      }
      const char* from = blocks_.prepare(block, x);
      run_lines(blocks_.lines(block), from, g + blocks_.y_begin(block) * item_, sums, first_row, last_row,
                index > first);
    }
  }

  // Each tap with the pixels for which it lies in the image.
  void run_taps(const WindowBlocks::Block& block, const char* x, const char* g, char* sums, int64_t first_row,
                int64_t last_row) const {
    for (int64_t tap = first_row / s_.inner(); tap * s_.inner() < last_row; ++tap) {
      WindowBlocks::TapLines found = blocks_.tap_lines(block, tap);
      if (found.lines.count() == 0) continue;
      int64_t begin = tap * s_.inner();  // rows of this tap count from where it lies
      const char* from = x + (found.x_begin - blocks_.tap_offsets()[static_cast<size_t>(tap)]) * item_;
      run_lines(found.lines, from, g + found.y_begin * item_, sums, std::max(begin, first_row),
                std::min(begin + s_.inner(), last_row), true);
    }
  }

  // The pixels of a block, a part of its lines at a time.
  void run_lines(const PixelLines& all, const char* x, const char* g, char* sums, int64_t first_row, int64_t last_row,
                 bool accumulate) const {
    int64_t lines = std::clamp<int64_t>(kTilePixels / all.length, 1, all.lines);
    int64_t groups = lines < all.lines ? 1 : std::clamp<int64_t>(kTilePixels / (all.length * lines), 1, all.groups);
    int64_t length = std::min(all.length, 2 * kTilePixels);
    for (int64_t group = 0; group < all.groups; group += groups)
      for (int64_t line = 0; line < all.lines; line += lines)
        for (int64_t pixel = 0; pixel < all.length; pixel += length) {
          PixelLines part = all;
          part.groups = std::min(groups, all.groups - group);
          part.lines = std::min(lines, all.lines - line);
          part.length = std::min(length, all.length - pixel);
          const char* part_x = x + (group * all.x_group + line * all.x_line + pixel * all.x_step) * item_;
          const char* part_g = g + (group * all.g_group + line * all.g_line + pixel * all.g_step) * item_;
          run_part(part, part_x, part_g, sums, first_row, last_row, accumulate);
          accumulate = true;
        }
  }

  void run_part(const PixelLines& pixels, const char* x, const char* g, char* sums, int64_t first_row, int64_t last_row,
                bool accumulate) const {
    SlidingGradient job{
        x,          g,    pixels,    rows_.data() + first_row, result_lines_.data() + first_row, last_row - first_row,
        s_.filters, sums, accumulate};
    if (s_.is_depthwise()) return functions_->scale_gradient(job);
    job.columns = s_.group_filters();
    for (int64_t group = 0; group < s_.groups; ++group) {
      job.x = x + group * s_.inner() * item_;
      job.g = g + group * s_.group_filters() * item_;
      job.result = sums + group * s_.group_filters() * item_;
      functions_->gradient(job);
    }
  }

  ConvShape s_;
  const ConvFunctions* functions_;
  int64_t item_, count_;
  bool by_tap_;
  WindowBlocks blocks_;
  std::vector<int64_t> rows_, result_lines_;
  int64_t blocks_in_chunk_ = 1, chunks_ = 0, parts_ = 1;
};

std::unique_ptr<Kernel> make_kernel_gradient(const KernelSpec& spec) {
  constexpr const char* name = "convolution_kernel_gradient";
  require_arity(name, spec, 2, 1);
  ConvShape s = checked_conv_shape(name, spec.inputs[0], spec.outputs[0], spec.inputs[1], spec.attrs);
  require(s.dtype == DType::kFloat32 || s.dtype == DType::kFloat64, name,
          std::string("is not there for ") + dtype_name(s.dtype));
  if (auto kernel = make_winograd_gradient(s)) return kernel;
  return std::make_unique<KernelGradient>(s);
}

HW_REGISTER_KERNEL("convolution_kernel_gradient", make_kernel_gradient)

}  // namespace
}  // namespace headwater
