#include "sliding_product.h"

#include <algorithm>

#include "../thread_pool.h"

namespace headwater {
namespace {

constexpr int64_t kPanelBytes = 20 << 10;    // of a panel's part that stays in the first-level cache
constexpr double kWorkPerThread = 100e3;     // multiply-adds below which a second thread does not pay
constexpr int64_t kPackedAtOnce = 64 << 10;  // elements of the kernel that a thread packs

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

ImageSizes x_images(const ConvShape& s) { return {s.batch, s.in, s.channels}; }
ImageSizes y_images(const ConvShape& s) { return {s.batch, s.out, s.filters}; }

}  // namespace

SlidingPass::SlidingPass(const ConvShape& s, const WindowAxes& axes, bool transposed)
    : functions_(&(*HW_SELECT_ISA(conv_functions))(s.dtype)),
      item_(static_cast<int64_t>(item_size(s.dtype))),
      groups_(s.groups),
      inner_(transposed ? s.group_filters() : s.inner()),
      columns_(transposed ? s.inner() : s.group_filters()),
      filters_(s.filters),
      kernel_inner_(s.inner()),
      transposed_(transposed),
      depthwise_(s.is_depthwise()),
      whole_rows_(axes[0].out_step == 1 && axes[1].out_step == 1 && axes[2].out_step == 1),
      shared_(s.work() > 2 * kWorkPerThread),
      blocks_(axes, transposed ? y_images(s) : x_images(s), transposed ? x_images(s) : y_images(s), item_),
      depth_(static_cast<int64_t>(blocks_.tap_offsets().size()) * inner_),
      panels_(divide_up(columns_, functions_->panel)) {
  if (depthwise_) {
    for (int64_t tap : blocks_.tap_indices()) kernel_lines_.push_back(tap * filters_);
    return;
  }
  packed_items_ = groups_ * panels_ * functions_->panel * depth_;
  add_runs();
}

// Taps that are contiguous become one run, and runs are cut into parts for which a panel fits the cache.
void SlidingPass::add_runs() {
  std::vector<TapRun> whole;
  int64_t depth = 0;
  for (int64_t offset : blocks_.tap_offsets()) {
    if (!whole.empty() && whole.back().offset + whole.back().length == offset)
      whole.back().length += inner_;
    else
      whole.push_back({offset, inner_, depth});
    depth += inner_;
  }
  int64_t most = std::max<int64_t>(kPanelBytes / (functions_->panel * item_), 256);
  int64_t part = divide_up(depth_, divide_up(depth_, most));
  int64_t left = 0;
  for (TapRun run : whole) {
    while (run.length > 0) {
      if (left == 0) {
        depth_blocks_.push_back({static_cast<int64_t>(runs_.size()), 0});
        left = part;
      }
      int64_t length = std::min(run.length, left);
      runs_.push_back({run.offset, length, run.depth});
      ++depth_blocks_.back().count;
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
      for (int64_t tap : blocks_.tap_indices()) {
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
    for (int64_t index = 0; index < blocks_.count(); ++index) run_block(index, x, kernel, packed, y, done);
    return;
  }
  parallel_chunks(blocks_.count(), 1,
                  [&](int64_t index, int64_t, int64_t) { run_block(index, x, kernel, packed, y, done); });
}

void SlidingPass::run_block(int64_t index, const void* x, const void* kernel, const void* packed, void* y,
                            RowsDone done) const {
  WindowBlocks::Block block = blocks_.block(index);
  const char* from = blocks_.prepare(block, x);
  char* to = static_cast<char*>(y) + blocks_.y_begin(block) * item_;
  if (depthwise_) {
    functions_->scale({from, blocks_.x_offsets(), to, blocks_.y_offsets(), block.pixels, blocks_.tap_offsets().data(),
                       kernel_lines_.data(), static_cast<int64_t>(kernel_lines_.size()), kernel, filters_});
  } else {
    for (int64_t group = 0; group < groups_; ++group)
      functions_->product(
          {from + group * inner_ * item_, blocks_.x_offsets(), to + group * columns_ * item_, blocks_.y_offsets(),
           block.pixels, runs_.data(), depth_blocks_.data(), static_cast<int64_t>(depth_blocks_.size()),
           static_cast<const char*>(packed) + group * panels_ * functions_->panel * depth_ * item_, depth_, columns_});
  }
  if (whole_rows_) {
    int64_t first = blocks_.first_pixel(block);
    done(first, first + block.pixels);
  }
}

}  // namespace headwater
