#include "winograd_gradient.h"

#include <algorithm>
#include <cstring>

#include "../matmul/thread_workspace.h"
#include "../thread_pool.h"
#include "image_sizes.h"
#include "sliding.h"
#include "winograd_blocks.h"

namespace headwater {
namespace {

constexpr int64_t kMostChunks = 16;
constexpr int64_t kMostSums = 4 << 20;       // floats of all chunks' sums
constexpr int64_t kMostChunkSums = 1 << 20;  // floats of one chunk's: more would not stay in a cache
constexpr int64_t kLeastLines = 48;          // that a block sums over before it adds to memory

// As in kernel_gradient.cc, the blocks are cut into chunks that depend on the shape alone.
class WinogradGradient final : public Kernel {
 public:
  WinogradGradient(const ConvShape& s, const WinogradBlocks& blocks)
      : s_(s),
        winograd_(&(*HW_SELECT_ISA(winograd_functions))()),
        functions_(&(*HW_SELECT_ISA(conv_functions))(s.dtype)),
        blocks_(blocks),
        count_(kWinogradPoints * blocks.depth() * s.filters) {
    int64_t most = std::min({kMostChunks, blocks_.count(), std::max<int64_t>(1, kMostSums / count_)});
    blocks_in_chunk_ = divide_up(blocks_.count(), most);
    chunks_ = divide_up(blocks_.count(), blocks_in_chunk_);
  }

  size_t scratch_bytes() const override { return static_cast<size_t>(chunks_ * count_) * sizeof(float); }
  double cost_hint() const override { return 1000 + s_.work() / 40; }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    auto* sums = static_cast<float*>(scratch);
    parallel_chunks(chunks_, 1, [&](int64_t chunk, int64_t, int64_t) {
      run_chunk(chunk, static_cast<const float*>(in[0]), static_cast<const float*>(in[1]), sums + chunk * count_);
    });
    if (chunks_ > 1) {
      // Sums of one range after another: the first chunk's are read before they are overwritten.
      parallel_for(count_, 16 << 10, [&](int64_t begin, int64_t end) {
        functions_->add_up(sums + begin, chunks_, count_, end - begin, sums + begin);
      });
    }
    parallel_for(blocks_.depth(), std::max<int64_t>(1, (4 << 10) / s_.filters), [&](int64_t begin, int64_t end) {
      winograd_->finish_gradient(sums, s_.channels, s_.filters, blocks_.depth(), begin, end,
                                 static_cast<float*>(out[0]));
    });
  }

 private:
  void run_chunk(int64_t chunk, const float* x, const float* g, float* sums) const {
    std::memset(sums, 0, static_cast<size_t>(count_) * sizeof(float));
    int64_t last = std::min(blocks_.count(), (chunk + 1) * blocks_in_chunk_);
    for (int64_t index = chunk * blocks_in_chunk_; index < last; ++index) {
      auto* v = static_cast<float*>(
          thread_workspace(static_cast<size_t>(blocks_.v_items() + blocks_.w_items()) * sizeof(float)));
      float* w = v + blocks_.v_items();
      WinogradBlock block = blocks_.block(index, x);
      winograd_->transform(block, v);
      winograd_->transform_gradient(block, g + blocks_.y_begin(index), w);
      winograd_->add_gradient(block, v, w, blocks_.depth(), sums);
    }
  }

  ConvShape s_;
  const WinogradFunctions* winograd_;
  const ConvFunctions* functions_;
  WinogradBlocks blocks_;
  int64_t count_, blocks_in_chunk_ = 1, chunks_ = 1;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd_gradient(const ConvShape& s) {
  WindowAxes axes = forward_axes(s);
  if (s.batch * s.out_count() * s.in_count() == 0) return nullptr;
  if (!WinogradBlocks::serves(s.dtype, axes, x_images(s), y_images(s), s.groups)) return nullptr;
  WinogradBlocks blocks(axes, x_images(s), y_images(s));
  if (kWinogradPoints * blocks.depth() * s.filters > kMostChunkSums || blocks.most_lines() < kLeastLines)
    return nullptr;
  return std::make_unique<WinogradGradient>(s, blocks);
}

}  // namespace headwater
