// One set of windows times a kernel: the work of a convolution, or of one phase of a transposed one.
#pragma once

#include <vector>

#include "../matmul/gemm.h"
#include "window_blocks.h"

namespace headwater {

class SlidingPass {
 public:
  // transposed: windows over y make x, and lines of the kernel run over its filters.
  SlidingPass(const ConvShape& s, const WindowAxes& axes, bool transposed);

  size_t packed_bytes() const { return static_cast<size_t>(packed_items_ * item_); }
  // Whether each block makes whole rows of the result.
  bool has_whole_rows() const { return whole_rows_; }
  void pack(const void* kernel, void* packed) const;
  void run(const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const;

 private:
  void add_runs();
  void run_block(int64_t index, const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const;

  const ConvFunctions* functions_;
  int64_t item_, groups_, inner_, columns_;  // channels of a group of what comes in, and of what comes out
  int64_t filters_, kernel_inner_;           // of the kernel
  bool transposed_, depthwise_, whole_rows_, shared_;
  WindowBlocks blocks_;
  int64_t depth_, panels_, packed_items_ = 0;
  std::vector<TapRun> runs_;
  std::vector<DepthBlock> depth_blocks_;
  std::vector<int64_t> kernel_lines_;  // depthwise: where a tap's line of the kernel begins
};

}  // namespace headwater
