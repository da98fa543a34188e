// A convolution, or the gradient of one by its input, by minimal filtering (winograd.h).
#pragma once

#include "conv_pass.h"
#include "winograd_blocks.h"

namespace headwater {

class WinogradPass final : public ConvPass {
 public:
  // As SlidingPass; `serves` must hold.
  WinogradPass(const ConvShape& s, const WindowAxes& axes, bool transposed);

  size_t packed_bytes() const override;
  bool has_whole_rows() const override { return blocks_.has_whole_rows(); }
  void pack(const void* kernel, void* packed) const override;
  void run(const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const override;

 private:
  void run_block(int64_t index, const float* x, const float* packed, float* y, RowsDone done) const;

  const WinogradFunctions* functions_;
  bool transposed_;
  int64_t channels_, filters_;  // of what comes in, and of what comes out
  int64_t kernel_channels_, kernel_filters_;
  std::vector<int64_t> rows_, columns_;  // of the kernel, in the order of taps
  WinogradBlocks blocks_;
  int64_t panels_;
};

}  // namespace headwater
