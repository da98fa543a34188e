// One set of windows times a kernel: the work of a convolution, or of one phase of a transposed one.
#pragma once

#include <vector>

#include "conv_pass.h"
#include "sliding.h"
#include "window_lists.h"

namespace headwater {

class SlidingPass final : public ConvPass {
 public:
  // transposed: windows over y make x, and lines of the kernel run over its filters.
  SlidingPass(const ConvShape& s, const WindowAxes& axes, bool transposed);

  size_t packed_bytes() const override { return static_cast<size_t>(packed_items_ * item_); }
  bool has_whole_rows() const override { return whole_rows_; }
  void pack(const void* kernel, void* packed) const override;
  void run(const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const override;

 private:
  // What is done for windows of one class.
  struct Taps {
    std::vector<TapRun> runs;
    std::vector<DepthBlock> blocks;
    std::vector<int64_t> offsets, kernel_lines;  // depthwise
  };

  Taps taps_of(const TapBox& box) const;
  void cut_runs(const std::vector<TapRun>& whole, Taps& taps) const;
  void run_block(int64_t index, const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const;

  const ConvFunctions* functions_;
  int64_t item_, groups_, inner_, columns_;  // channels of a group of what comes in, and of what comes out
  int64_t filters_, kernel_inner_;           // of the kernel
  int64_t out_channels_;
  bool transposed_, depthwise_, whole_rows_, shared_;
  WindowLists windows_;
  std::vector<int64_t> tap_indices_;
  int64_t depth_, panels_, packed_items_ = 0;
  std::vector<Taps> taps_;  // for each box
};

}  // namespace headwater
