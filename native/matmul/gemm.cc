#include "gemm.h"

#include <algorithm>
#include <cstring>

#include "../thread_pool.h"
#include "gemm_blocks.h"
#include "thread_workspace.h"

namespace headwater {
namespace {

// Multiply-adds that each thread should have at least, so that a product is shared from twice as many on: 6 us of one
// AVX2 core, some times what it takes to wake a thread.
constexpr int64_t kWorkPerThread = 96 << 10;
// B is used as it lies while it has at most this many elements: it stays in the second-level cache.
constexpr int64_t kSmallB = 32 << 10;
// With so few rows packing B costs more than it saves, whatever its size.
constexpr int64_t kFewRows = 8;
// The part of B that is packed at a time, in bytes: a share of the last-level cache.
constexpr int64_t kPackedBytes = 4 << 20;

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }
int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

}  // namespace

Gemm::Gemm(DType dtype, int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, int64_t batch,
           bool shared_b)
    : functions_(&(*HW_SELECT_ISA(gemm_functions))(dtype)),
      item_(item_size(dtype)),
      accumulator_(dtype == DType::kFloat64 ? 8 : 4),
      m_(m),
      n_(n),
      k_(k),
      batch_(batch),
      transpose_a_(transpose_a),
      transpose_b_(transpose_b),
      shared_b_(shared_b) {
  // Rows of all products with one B are rows of one product.
  if (shared_b_ && !transpose_a_) {
    m_ *= batch_;
    batch_ = 1;
  }
  choose_path();
}

void Gemm::choose_path() {
  if (m_ == 0 || n_ == 0 || batch_ == 0) return;
  if (k_ == 0) {
    path_ = Path::kZero;
    return;
  }
  bool native = functions_->direct != nullptr;
  if (native && (m_ == 1 || n_ == 1)) {
    path_ = Path::kRow;
  } else if (native && !transpose_b_ && (k_ * n_ <= kSmallB || m_ <= kFewRows)) {
    path_ = Path::kDirect;
  } else if (native && transpose_b_ && k_ * round_up(n_, functions_->direct_panel) <= kSmallB) {
    path_ = Path::kPackSmall;
    scratch_bytes_ = static_cast<size_t>(k_ * round_up(n_, functions_->direct_panel)) * accumulator_;
  } else {
    path_ = Path::kPacked;
    int64_t panel = functions_->packed_panel, bytes = static_cast<int64_t>(accumulator_);
    step_columns_ = std::min(round_up(n_, panel), kGemmSpan);
    if (native) {
      step_depth_ =
          std::min(k_, std::max<int64_t>(1, kPackedBytes / (bytes * step_columns_ * kGemmDepth)) * kGemmDepth);
    } else {
      // 16-bit results are rounded when their sum is whole, so all of the depth is packed.
      step_depth_ = k_;
      step_columns_ = std::clamp(kPackedBytes / (bytes * k_) / panel * panel, panel, step_columns_);
    }
    scratch_bytes_ = static_cast<size_t>(step_depth_ * step_columns_ * bytes);
  }
  // Many small products: each on one thread. Their packed B is then one for each product in work.
  by_item_ = batch_ > 1 && k_ * n_ <= 4 * kSmallB && item_work() <= 64.0 * kWorkPerThread;
  shared_ = item_work() >= 2.0 * kWorkPerThread;
}

bool Gemm::finishes_spans() const {
  return path_ == Path::kDirect || path_ == Path::kPackSmall ||
         (path_ == Path::kPacked && (functions_->direct != nullptr || (n_ <= kGemmColumns && step_columns_ >= n_)));
}

void Gemm::run(const void* a, const void* b, void* c, void* scratch, SpanDone done) const {
  if (path_ == Path::kNothing) return;
  const char* a_bytes = static_cast<const char*>(a);
  const char* b_bytes = static_cast<const char*>(b);
  char* c_bytes = static_cast<char*>(c);
  int64_t a_item = m_ * k_ * static_cast<int64_t>(item_), c_item = m_ * n_ * static_cast<int64_t>(item_);
  int64_t b_item = shared_b_ ? 0 : k_ * n_ * static_cast<int64_t>(item_);
  if (!by_item_) {
    for (int64_t i = 0; i < batch_; ++i)
      run_item(a_bytes + i * a_item, b_bytes + i * b_item, c_bytes + i * c_item, scratch, i * m_, done);
    return;
  }
  parallel_for(batch_, 1 + static_cast<int64_t>(kWorkPerThread / (item_work() + 1)), [&](int64_t begin, int64_t end) {
    // One thread's B follows its packed rows of A.
    size_t offset = static_cast<size_t>(round_up(static_cast<int64_t>(functions_->workspace_bytes), 64));
    char* own = scratch_bytes_ ? static_cast<char*>(thread_workspace(offset + scratch_bytes_)) + offset : nullptr;
    for (int64_t i = begin; i < end; ++i)
      run_item(a_bytes + i * a_item, b_bytes + i * b_item, c_bytes + i * c_item, own, i * m_, done);
  });
}

void Gemm::run_item(const void* a, const void* b, void* c, void* scratch, int64_t first_row, SpanDone done) const {
  MatrixView a_view{a, transpose_a_ ? 1 : k_, transpose_a_ ? m_ : 1};
  MatrixView b_view{b, transpose_b_ ? 1 : n_, transpose_b_ ? k_ : 1};
  char* c_bytes = static_cast<char*>(c);
  switch (path_) {
    case Path::kNothing:
      return;
    case Path::kZero:
      std::memset(c, 0, static_cast<size_t>(m_ * n_) * item_);
      return done(first_row, first_row + m_, 0, n_);
    case Path::kRow:
      run_row(static_cast<const char*>(a), static_cast<const char*>(b), c_bytes);
      return done(first_row, first_row + m_, 0, n_);
    case Path::kDirect:
    case Path::kPackSmall:
      return run_direct(a_view, b_view, c_bytes, scratch, first_row, done);
    case Path::kPacked:
      return run_packed(a_view, b_view, c_bytes, scratch, first_row, done);
  }
}

// One of m, n is 1: y = x B, or y = A x, which is x times the transpose of A.
void Gemm::run_row(const char* a, const char* b, char* c) const {
  const char* x = m_ == 1 ? a : b;
  int64_t columns = m_ == 1 ? n_ : m_;
  bool by_lines = m_ == 1 ? !transpose_b_ : transpose_a_;
  MatrixView view{m_ == 1 ? b : a, by_lines ? columns : 1, by_lines ? 1 : k_};
  int64_t grain = round_up(std::max<int64_t>(64, kWorkPerThread / 2 / k_), 64);
  parallel_for(columns, grain, [&](int64_t begin, int64_t end) {
    MatrixView part = view;
    part.data = static_cast<const char*>(view.data) + begin * view.column * static_cast<int64_t>(item_);
    functions_->row(x, part, k_, end - begin, c + begin * static_cast<int64_t>(item_));
  });
}

void Gemm::run_direct(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row, SpanDone done) const {
  int64_t item = static_cast<int64_t>(item_);
  bool packed = path_ == Path::kPackSmall;
  if (packed) functions_->pack_b(b, k_, n_, functions_->direct_panel, scratch);
  const char* lines = packed ? static_cast<const char*>(scratch) : static_cast<const char*>(b.data);
  if (m_ <= 2 * kFewRows && n_ >= 8 * functions_->direct_panel) {
    // Few rows of many columns: the columns are shared out.
    int64_t panel = functions_->direct_panel;
    int64_t grain = shared_ ? round_up(std::max<int64_t>(2 * panel, kWorkPerThread / (m_ * k_)), panel) : n_;
    parallel_for(n_, grain, [&](int64_t begin, int64_t end) {
      functions_->direct(a, lines + begin * (packed ? k_ : 1) * item, b.row, packed, m_, end - begin, k_,
                         c + begin * item, n_);
    });
    return done(first_row, first_row + m_, 0, n_);
  }
  int64_t grain = shared_ ? round_up(std::max<int64_t>(1, kWorkPerThread / (n_ * k_)), 6) : m_;
  parallel_for(m_, grain, [&](int64_t begin, int64_t end) {
    MatrixView rows = a;
    rows.data = static_cast<const char*>(a.data) + begin * a.row * item;
    functions_->direct(rows, lines, b.row, packed, end - begin, n_, k_, c + begin * n_ * item, n_);
    done(first_row + begin, first_row + end, 0, n_);
  });
}

void Gemm::run_packed(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row, SpanDone done) const {
  int64_t item = static_cast<int64_t>(item_), accumulator = static_cast<int64_t>(accumulator_),
          panel = functions_->packed_panel;
  int64_t threads = by_item_ ? 1 : num_threads();
  // A block of A is packed once for each block of columns; only 16-bit results, summed in a block apart, bound its
  // width.
  int64_t most_columns = item_ == accumulator_ ? step_columns_ : kGemmColumns;
  bool by_span = done.function && finishes_spans();
  for (int64_t column = 0; column < n_; column += step_columns_) {
    int64_t columns = std::min(step_columns_, n_ - column);
    for (int64_t p = 0; p < k_; p += step_depth_) {
      int64_t depth = std::min(step_depth_, k_ - p);
      const char* b_part = static_cast<const char*>(b.data) + (p * b.row + column * b.column) * item;
      int64_t panels = divide_up(columns, panel);
      parallel_for(panels, std::max<int64_t>(1, (16 << 10) / (depth * panel)), [&](int64_t begin, int64_t end) {
        MatrixView part{b_part + begin * panel * b.column * item, b.row, b.column};
        functions_->pack_b(part, depth, std::min(columns, end * panel) - begin * panel, panel,
                           static_cast<char*>(scratch) + begin * panel * depth * accumulator);
      });
      // Tasks: blocks of rows times blocks of columns, smaller where there would be too few to keep the threads busy.
      bool last = p + depth == k_;
      int64_t row_block = std::min(m_, kGemmRows), column_block = std::min(round_up(columns, panel), most_columns);
      if (by_span && last) row_block = std::min(row_block, std::max<int64_t>(48, kGemmFinished / (columns * item)));
      auto tasks = [&] { return divide_up(m_, row_block) * divide_up(columns, column_block); };
      bool shared = threads > 1 && shared_;
      while (shared && tasks() < 4 * threads) {
        if (row_block > 48)
          row_block = divide_up(row_block, 2);
        else if (column_block > 4 * panel)
          column_block = round_up(divide_up(column_block, 2), panel);
        else if (row_block > 24)
          row_block = divide_up(row_block, 2);
        else
          break;
      }
      row_block = divide_up(m_, divide_up(m_, row_block));
      int64_t blocks_of_columns = divide_up(columns, column_block);
      bool finish = by_span && last && blocks_of_columns == 1;
      auto compute = [&](int64_t task) {
        int64_t r = task / blocks_of_columns * row_block, j = task % blocks_of_columns * column_block;
        int64_t rows = std::min(row_block, m_ - r);
        MatrixView part{static_cast<const char*>(a.data) + (r * a.row + p * a.column) * item, a.row, a.column};
        functions_->packed(part, static_cast<const char*>(scratch) + j * depth * accumulator, rows,
                           std::min(column_block, columns - j), depth, c + (r * n_ + column + j) * item, n_, p > 0,
                           thread_workspace(functions_->workspace_bytes));
        if (finish) done(first_row + r, first_row + r + rows, column, columns);
      };
      if (shared) {
        parallel_chunks(tasks(), 1, [&](int64_t task, int64_t, int64_t) { compute(task); });
      } else {
        for (int64_t task = 0; task < tasks(); ++task) compute(task);
      }
      if (!last || finish || !by_span) continue;
      parallel_for(m_, std::max<int64_t>(1, (16 << 10) / columns),
                   [&](int64_t begin, int64_t end) { done(first_row + begin, first_row + end, column, columns); });
    }
  }
  if (by_span || !done.function) return;
  parallel_for(m_, std::max<int64_t>(1, (16 << 10) / n_),
               [&](int64_t begin, int64_t end) { done(first_row + begin, first_row + end, 0, n_); });
}

}  // namespace headwater
