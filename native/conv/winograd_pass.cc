#include "winograd_pass.h"

#include "../matmul/thread_workspace.h"
#include "../thread_pool.h"
#include "image_sizes.h"

namespace headwater {

WinogradPass::WinogradPass(const ConvShape& s, const WindowAxes& axes, bool transposed)
    : functions_(&(*HW_SELECT_ISA(winograd_functions))()),
      transposed_(transposed),
      channels_(transposed ? s.filters : s.channels),
      filters_(transposed ? s.channels : s.filters),
      kernel_channels_(s.channels),
      kernel_filters_(s.filters),
      rows_(axes[1].indices),
      columns_(axes[2].indices),
      blocks_(axes, source_images(s, transposed), made_images(s, transposed)),
      panels_(divide_up(filters_, functions_->panel)) {}

size_t WinogradPass::packed_bytes() const {
  return static_cast<size_t>(kWinogradPoints * panels_ * blocks_.depth() * functions_->panel) * sizeof(float);
}

void WinogradPass::pack(const void* kernel, void* packed) const {
  int64_t panel = functions_->panel, depth = blocks_.depth(), column = kernel_channels_ * kernel_filters_;
  int64_t channel_step = transposed_ ? 1 : kernel_filters_, filter_step = transposed_ ? kernel_filters_ : 1;
  auto pack_panel = [&](int64_t index) {
    float* to = static_cast<float*>(packed) + index * depth * panel;
    for (int64_t row : rows_) {
      const float* from = static_cast<const float*>(kernel) + (row * kWinogradTaps + columns_[0]) * column +
                          index * panel * filter_step;
      functions_->pack(from, (columns_[1] - columns_[0]) * column, channel_step, filter_step, channels_,
                       std::min(panel, filters_ - index * panel), panels_ * depth * panel, to);
      to += channels_ * panel;
    }
  };
  parallel_for(panels_, std::max<int64_t>(1, (16 << 10) / (depth * panel)), [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) pack_panel(index);
  });
}

void WinogradPass::run(const void* x, const void* /*kernel*/, const void* packed, void* y, RowsDone done) const {
  parallel_chunks(blocks_.count(), 1, [&](int64_t index, int64_t, int64_t) {
    run_block(index, static_cast<const float*>(x), static_cast<const float*>(packed), static_cast<float*>(y), done);
  });
}

void WinogradPass::run_block(int64_t index, const float* x, const float* packed, float* y, RowsDone done) const {
  WinogradBlock block = blocks_.block(index, x);
  int64_t first = blocks_.y_begin(index);
  auto* products =
      static_cast<float*>(thread_workspace(static_cast<size_t>(kWinogradProducts + blocks_.v_items()) * sizeof(float)));
  float* v = products + kWinogradProducts;
  functions_->transform(block, v);
  functions_->multiply(block, v, packed, blocks_.depth(), products, y + first);
  if (has_whole_rows()) done(first / filters_, first / filters_ + blocks_.pixels(block));
}

}  // namespace headwater
