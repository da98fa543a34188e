#include "sliding_product.h"

#include <algorithm>

#include "../thread_pool.h"
#include "image_sizes.h"

namespace headwater {
namespace {

constexpr int64_t kPanelBytes = 20 << 10;    // of a panel's part that stays in the first-level cache
constexpr double kWorkPerThread = 100e3;     // multiply-adds below which a second thread does not pay
constexpr int64_t kPackedAtOnce = 64 << 10;  // elements of the kernel that a thread packs

}  // namespace

SlidingPass::SlidingPass(const ConvShape& s, const WindowAxes& axes, bool transposed)
    : functions_(&(*HW_SELECT_ISA(conv_functions))(s.dtype)),
      item_(static_cast<int64_t>(item_size(s.dtype))),
      groups_(s.groups),
      inner_(transposed ? s.group_filters() : s.inner()),
      columns_(transposed ? s.inner() : s.group_filters()),
      filters_(s.filters),
      kernel_inner_(s.inner()),
      out_channels_(transposed ? s.channels : s.filters),
      transposed_(transposed),
      depthwise_(s.is_depthwise()),
      whole_rows_(axes[0].out_step == 1 && axes[1].out_step == 1 && axes[2].out_step == 1),
      shared_(s.work() > 2 * kWorkPerThread),
      windows_(axes, source_images(s, transposed), made_images(s, transposed), item_, s.work()),
      tap_indices_(windows_.tap_indices()),
      depth_(static_cast<int64_t>(tap_indices_.size()) * inner_),
      panels_(divide_up(columns_, functions_->panel)) {
  if (!depthwise_) packed_items_ = groups_ * panels_ * functions_->panel * depth_;
  for (const TapBox& box : windows_.boxes()) taps_.push_back(taps_of(box));
}

SlidingPass::Taps SlidingPass::taps_of(const TapBox& box) const {
  Taps taps;
  std::vector<TapRun> whole;  // taps that are contiguous, in x and in the kernel, are one run
  for (int64_t d = box[0].begin; d < box[0].end; ++d)
    for (int64_t h = box[1].begin; h < box[1].end; ++h)
      for (int64_t w = box[2].begin; w < box[2].end; ++w) {
        int64_t offset = windows_.tap_offset({d, h, w}), number = windows_.tap_number({d, h, w});
        if (depthwise_) {
          taps.offsets.push_back(offset);
          taps.kernel_lines.push_back(tap_indices_[static_cast<size_t>(number)] * filters_);
        } else if (!whole.empty() && whole.back().offset + whole.back().length == offset &&
                   whole.back().depth + whole.back().length == number * inner_) {
          whole.back().length += inner_;
        } else {
          whole.push_back({offset, inner_, number * inner_});
        }
      }
  if (!depthwise_) cut_runs(whole, taps);
  return taps;
}

// Runs are cut into blocks for which a part of a panel fits the cache. There is one block at least: it clears what no
// tap reaches.
void SlidingPass::cut_runs(const std::vector<TapRun>& whole, Taps& taps) const {
  int64_t depth = 0;
  for (const TapRun& run : whole) depth += run.length;
  int64_t most = std::max<int64_t>(kPanelBytes / (functions_->panel * item_), 256);
  int64_t part = divide_up(depth, std::max<int64_t>(1, divide_up(depth, most))), left = part;
  taps.blocks.push_back({0, 0});
  for (TapRun run : whole) {
    while (run.length > 0) {
      if (left == 0) {
        taps.blocks.push_back({static_cast<int64_t>(taps.runs.size()), 0});
        left = part;
      }
      int64_t length = std::min(run.length, left);
      taps.runs.push_back({run.offset, length, run.depth});
      ++taps.blocks.back().count;
      run = {run.offset + length, run.length - length, run.depth + length};
      left -= length;
    }
  }
}

void SlidingPass::pack(const void* kernel, void* packed) const {
  if (depthwise_) return;
  int64_t panel = functions_->panel, tap_items = kernel_inner_ * filters_;
  int64_t grain = std::max<int64_t>(1, kPackedAtOnce / (depth_ * panel));
  parallel_for(groups_ * panels_, grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      int64_t group = index / panels_, first = index % panels_ * panel;
      int64_t columns = std::min(panel, columns_ - first);
      char* to = static_cast<char*>(packed) + index * panel * depth_ * item_;
      for (int64_t tap : tap_indices_) {
        int64_t line = transposed_ ? 1 : filters_, column = transposed_ ? filters_ : 1;
        int64_t start = tap * tap_items + (transposed_ ? group * inner_ : group * columns_) + first * column;
        functions_->pack(static_cast<const char*>(kernel) + start * item_, line, column, inner_, columns, to);
        to += inner_ * panel * item_;
      }
    }
  });
}

void SlidingPass::run(const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const {
  if (!shared_) {
    for (int64_t index = 0; index < windows_.count(); ++index) run_block(index, x, kernel, packed, y, done);
    return;
  }
  parallel_chunks(windows_.count(), 1,
                  [&](int64_t index, int64_t, int64_t) { run_block(index, x, kernel, packed, y, done); });
}

void SlidingPass::run_block(int64_t index, const void* x, const void* kernel, const void* packed, void* y,
                            RowsDone done) const {
  WindowLists::Block block = windows_.block(index);
  const char* from = static_cast<const char*>(x) + block.x_begin * item_;
  char* to = static_cast<char*>(y) + block.y_begin * item_;
  for (const WindowClass& same : block.list->classes) {
    const Taps& taps = taps_[same.box];
    const int64_t* x_offsets = block.list->x_offsets.data() + same.first;
    const int64_t* y_offsets = block.list->y_offsets.data() + same.first;
    if (depthwise_) {
      functions_->scale({from, x_offsets, to, y_offsets, same.count, taps.offsets.data(), taps.kernel_lines.data(),
                         static_cast<int64_t>(taps.offsets.size()), kernel, filters_});
      continue;
    }
    for (int64_t group = 0; group < groups_; ++group)
      functions_->product({from + group * inner_ * item_, x_offsets, to + group * columns_ * item_, y_offsets,
                           same.count, taps.runs.data(), taps.blocks.data(), static_cast<int64_t>(taps.blocks.size()),
                           static_cast<const char*>(packed) + group * panels_ * functions_->panel * depth_ * item_,
                           depth_, columns_});
  }
  if (whole_rows_) {
    int64_t first = block.y_begin / out_channels_;
    done(first, first + block.windows);
  }
}

}  // namespace headwater
