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
// With so few rows or fewer B is read line by line: packing it costs more than it saves, whatever its size.
constexpr int64_t kFewRows = 12;
// With so many rows or fewer each task packs its own columns of B, which then are read from the second-level cache
// alone; with more rows B is packed once for all of them.
constexpr int64_t kSomeRows = 512;
// Bytes of a block of B that a task packs for itself, kGemmDepth deep.
constexpr int64_t kOwnBlockBytes = 128 << 10;
// Bytes of a block of a product that is not kept.
constexpr int64_t kOwnProductBytes = 256 << 10;
// Rows of A below which packing them does not pay.
constexpr int64_t kFewestPackedRows = 48;
constexpr int64_t kMostProductBytes = std::max<int64_t>(kOwnProductBytes, kFewestPackedRows * kGemmSpan * 8);
// The part of B that is packed at a time, in bytes: a share of the last-level cache.
constexpr int64_t kPackedBytes = 4 << 20;
// Few rows times a matrix: the lines of the matrix that a task reads, in their order, and most of their columns: four
// lines fit the first-level cache.
constexpr int64_t kLineDepth = 128;
constexpr int64_t kLineColumns = 1024;

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
  if (native && (m_ == 1 ? transpose_b_ : n_ == 1 && !transpose_a_)) {
    path_ = Path::kDots;
  } else if (native && (m_ == 1 || n_ == 1 || (!transpose_b_ && m_ <= kFewRows && k_ * n_ > kSmallB))) {
    path_ = Path::kLines;
    if (k_ > kLineDepth) scratch_bytes_ = static_cast<size_t>(divide_up(k_, kLineDepth) * m_ * n_) * item_;
  } else if (native && !transpose_b_ && k_ * n_ <= kSmallB) {
    path_ = Path::kDirect;
  } else if (native && transpose_b_ && k_ * round_up(n_, functions_->direct_panel) <= kSmallB) {
    path_ = Path::kPackSmall;
    scratch_bytes_ = static_cast<size_t>(k_ * round_up(n_, functions_->direct_panel)) * accumulator_;
  } else if (native && m_ <= kSomeRows && n_ >= 8 * functions_->packed_panel) {
    path_ = Path::kColumns;
    step_columns_ = kOwnBlockBytes / (kGemmDepth * static_cast<int64_t>(accumulator_));
    scratch_bytes_ = static_cast<size_t>(m_ * k_) * accumulator_;
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
  return path_ == Path::kDirect || path_ == Path::kPackSmall || path_ == Path::kColumns ||
         (path_ == Path::kPacked && (functions_->direct != nullptr || (n_ <= kGemmColumns && step_columns_ >= n_)));
}

// 16-bit results are rounded when their sum is whole; where k is cut, so are the sums of a block.
bool Gemm::makes_blocks() const {
  if (item_ != accumulator_) return false;
  return path_ == Path::kDirect || path_ == Path::kPackSmall ||
         (path_ == Path::kPacked && step_depth_ == k_ && m_ >= kFewestPackedRows);
}

Gemm::Workspace Gemm::workspace(size_t packing, size_t block, const SpanDone& done) const {
  size_t before_block = (packing + 63) / 64 * 64, before_rest = before_block + (block + 63) / 64 * 64;
  char* memory = static_cast<char*>(thread_workspace(before_rest + done.workspace_bytes));
  return {memory, memory + before_block, memory + before_rest};
}

void Gemm::finish(const SpanDone& done, int64_t begin, int64_t end, int64_t column, int64_t columns) {
  if (done.function) done({begin, end, column, columns, nullptr, 0, thread_workspace(done.workspace_bytes)});
}

void Gemm::run(const void* a, const void* b, void* c, void* scratch, const SpanDone& done) const {
  if (path_ == Path::kNothing) return;
  const char* a_bytes = static_cast<const char*>(a);
  const char* b_bytes = static_cast<const char*>(b);
  char* c_bytes = static_cast<char*>(c);
  int64_t a_item = m_ * k_ * static_cast<int64_t>(item_), c_item = c ? m_ * n_ * static_cast<int64_t>(item_) : 0;
  int64_t b_item = shared_b_ ? 0 : k_ * n_ * static_cast<int64_t>(item_);
  if (!by_item_) {
    for (int64_t i = 0; i < batch_; ++i)
      run_item(a_bytes + i * a_item, b_bytes + i * b_item, c_bytes + i * c_item, scratch, i * m_, done);
    return;
  }
  parallel_for(batch_, 1 + static_cast<int64_t>(kWorkPerThread / (item_work() + 1)), [&](int64_t begin, int64_t end) {
    // One thread's B follows what else it works with.
    auto most = static_cast<int64_t>(functions_->workspace_bytes + done.workspace_bytes) + kMostProductBytes + 256;
    auto offset = static_cast<size_t>(round_up(most, 64));
    char* own = scratch_bytes_ ? static_cast<char*>(thread_workspace(offset + scratch_bytes_)) + offset : nullptr;
    for (int64_t i = begin; i < end; ++i)
      run_item(a_bytes + i * a_item, b_bytes + i * b_item, c_bytes + i * c_item, own, i * m_, done);
  });
}

void Gemm::run_item(const void* a, const void* b, void* c, void* scratch, int64_t first_row,
                    const SpanDone& done) const {
  MatrixView a_view{a, transpose_a_ ? 1 : k_, transpose_a_ ? m_ : 1};
  MatrixView b_view{b, transpose_b_ ? 1 : n_, transpose_b_ ? k_ : 1};
  char* c_bytes = static_cast<char*>(c);
  switch (path_) {
    case Path::kNothing:
      return;
    case Path::kZero:
      std::memset(c, 0, static_cast<size_t>(m_ * n_) * item_);
      return finish(done, first_row, first_row + m_, 0, n_);
    case Path::kDots:
      if (m_ == 1)
        run_by_dots(static_cast<const char*>(a), static_cast<const char*>(b), n_, c_bytes);
      else
        run_by_dots(static_cast<const char*>(b), static_cast<const char*>(a), m_, c_bytes);
      return finish(done, first_row, first_row + m_, 0, n_);
    case Path::kLines:
      if (n_ == 1 && m_ > 1)  // the transpose of the result: x times A, whose lines lie along m
        run_by_lines({b, 0, 1}, static_cast<const char*>(a), c_bytes, scratch);
      else
        run_by_lines(a_view, static_cast<const char*>(b), c_bytes, scratch);
      return finish(done, first_row, first_row + m_, 0, n_);
    case Path::kDirect:
    case Path::kPackSmall:
      return run_direct(a_view, b_view, c_bytes, scratch, first_row, done);
    case Path::kColumns:
      return run_columns(a_view, b_view, c_bytes, scratch, first_row, done);
    case Path::kPacked:
      return run_packed(a_view, b_view, c_bytes, scratch, first_row, done);
  }
}

// y (columns) = x times the transpose of `lines`, each of which makes an element.
void Gemm::run_by_dots(const char* x, const char* lines, int64_t columns, char* c) const {
  int64_t item = static_cast<int64_t>(item_), grain = round_up(std::max<int64_t>(64, kWorkPerThread / 2 / k_), 64);
  parallel_for(columns, grain, [&](int64_t begin, int64_t end) {
    functions_->row_by_dots(x, lines + begin * k_ * item, k_, k_, end - begin, c + begin * item);
  });
}

// Memory is read as it lies: a task takes a few whole lines of B, which give sums that are added to the others'.
void Gemm::run_by_lines(MatrixView a, const char* b, char* c, void* scratch) const {
  int64_t item = static_cast<int64_t>(item_), rows = a.row ? m_ : 1, columns = m_ * n_ / rows;
  int64_t blocks = divide_up(k_, kLineDepth), spans = divide_up(columns, kLineColumns);
  char* sums = blocks > 1 ? static_cast<char*>(scratch) : c;
  int64_t task_work = rows * std::min(k_, kLineDepth) * std::min(columns, kLineColumns);
  parallel_for(blocks * spans, 1 + kWorkPerThread / 2 / task_work, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      int64_t block = task / spans, p = block * kLineDepth, j = task % spans * kLineColumns;
      MatrixView part{static_cast<const char*>(a.data) + p * a.column * item, a.row, a.column};
      functions_->rows_by_lines(part, b + (p * columns + j) * item, columns, rows, std::min(kLineColumns, columns - j),
                                std::min(kLineDepth, k_ - p), sums + (block * rows * columns + j) * item, columns);
    }
  });
  if (blocks == 1) return;
  int64_t size = rows * columns;
  parallel_for(size, std::max<int64_t>(64, kWorkPerThread / blocks), [&](int64_t begin, int64_t end) {
    functions_->sum_rows(sums + begin * item, blocks, size, end - begin, c + begin * item);
  });
}

void Gemm::run_direct(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row,
                      const SpanDone& done) const {
  int64_t item = static_cast<int64_t>(item_);
  bool packed = path_ == Path::kPackSmall;
  if (packed) functions_->pack_b(b, k_, n_, functions_->direct_panel, scratch);
  const char* lines = packed ? static_cast<const char*>(scratch) : static_cast<const char*>(b.data);
  if (c && m_ <= kFewRows && n_ >= 8 * functions_->direct_panel) {
    // Few rows of many columns: the columns are shared out.
    int64_t panel = functions_->direct_panel;
    int64_t grain = shared_ ? round_up(std::max<int64_t>(2 * panel, kWorkPerThread / (m_ * k_)), panel) : n_;
    parallel_for(n_, grain, [&](int64_t begin, int64_t end) {
      functions_->direct(a, lines + begin * (packed ? k_ : 1) * item, b.row, packed, m_, end - begin, k_,
                         c + begin * item, n_);
    });
    return finish(done, first_row, first_row + m_, 0, n_);
  }
  int64_t grain = shared_ ? round_up(std::max<int64_t>(1, kWorkPerThread / (n_ * k_)), 6) : m_;
  int64_t most_rows = c ? m_ : std::max<int64_t>(1, kOwnProductBytes / (n_ * item));
  parallel_for(m_, grain, [&](int64_t first, int64_t last) {
    Workspace own = workspace(0, c ? 0 : static_cast<size_t>(most_rows * n_ * item), done);
    for (int64_t begin = first; begin < last; begin += most_rows) {
      int64_t end = std::min(last, begin + most_rows);
      MatrixView rows = a;
      rows.data = static_cast<const char*>(a.data) + begin * a.row * item;
      char* target = c ? c + begin * n_ * item : own.block;
      functions_->direct(rows, lines, b.row, packed, end - begin, n_, k_, target, n_);
      done({first_row + begin, first_row + end, 0, n_, c ? nullptr : own.block, n_, own.rest});
    }
  });
}

// A is packed first, block by block; then the columns are shared out, and each task packs its own of B.
void Gemm::run_columns(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row,
                       const SpanDone& done) const {
  int64_t item = static_cast<int64_t>(item_), panel = functions_->packed_panel;
  int64_t row_blocks = divide_up(m_, kGemmRows), depth_blocks = divide_up(k_, kGemmDepth);
  int64_t row_block = divide_up(m_, row_blocks);
  auto depth_at = [&](int64_t p) { return std::min(kGemmDepth, k_ - p); };
  auto rows_at = [&](int64_t r) { return std::min(row_block, m_ - r); };
  auto packed_at = [&](int64_t r, int64_t p) { return static_cast<char*>(scratch) + (r * k_ + p * rows_at(r)) * item; };
  parallel_for(row_blocks * depth_blocks, shared_ ? 1 : row_blocks * depth_blocks, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t r = i / depth_blocks * row_block, p = i % depth_blocks * kGemmDepth;
      MatrixView part{static_cast<const char*>(a.data) + (r * a.row + p * a.column) * item, a.row, a.column};
      functions_->pack_a(part, rows_at(r), depth_at(p), packed_at(r, p));
    }
  });
  int64_t columns = step_columns_;
  while (shared_ && columns > 2 * panel && divide_up(n_, columns) < 4 * num_threads()) columns /= 2;
  auto compute = [&](int64_t task) {
    int64_t j = task * columns, width = std::min(columns, n_ - j);
    void* lines = thread_workspace(static_cast<size_t>(kGemmDepth * columns * item));
    for (int64_t p = 0; p < k_; p += kGemmDepth) {
      int64_t depth = depth_at(p);
      MatrixView part{static_cast<const char*>(b.data) + (p * b.row + j * b.column) * item, b.row, b.column};
      functions_->pack_b(part, depth, width, panel, lines);
      for (int64_t r = 0; r < m_; r += row_block)
        functions_->block(packed_at(r, p), lines, depth * panel, rows_at(r), width, depth, c + (r * n_ + j) * item, n_,
                          p > 0);
    }
  };
  int64_t tasks = divide_up(n_, columns);
  if (shared_) {
    parallel_chunks(tasks, 1, [&](int64_t task, int64_t, int64_t) { compute(task); });
  } else {
    for (int64_t task = 0; task < tasks; ++task) compute(task);
  }
  if (!done.function) return;
  parallel_for(m_, std::max<int64_t>(1, (16 << 10) / n_),
               [&](int64_t begin, int64_t end) { finish(done, first_row + begin, first_row + end, 0, n_); });
}

void Gemm::run_packed(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row,
                      const SpanDone& done) const {
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
      int64_t finished = c ? kGemmFinished : kOwnProductBytes;
      if (by_span && last)
        row_block = std::min(row_block, std::max<int64_t>(kFewestPackedRows, finished / (columns * item)));
      auto tasks = [&] { return divide_up(m_, row_block) * divide_up(columns, column_block); };
      bool shared = threads > 1 && shared_;
      while (shared && tasks() < 4 * threads) {
        if (row_block > kFewestPackedRows)
          row_block = divide_up(row_block, 2);
        else if (c && column_block > 4 * panel)
          column_block = round_up(divide_up(column_block, 2), panel);
        else if (row_block > 24)
          row_block = divide_up(row_block, 2);
        else
          break;
      }
      row_block = divide_up(m_, divide_up(m_, row_block));
      int64_t blocks_of_columns = divide_up(columns, column_block);
      bool finishes = by_span && last && blocks_of_columns == 1;
      auto compute = [&](int64_t task) {
        int64_t r = task / blocks_of_columns * row_block, j = task % blocks_of_columns * column_block;
        int64_t rows = std::min(row_block, m_ - r);
        MatrixView part{static_cast<const char*>(a.data) + (r * a.row + p * a.column) * item, a.row, a.column};
        Workspace own =
            workspace(functions_->workspace_bytes, c ? 0 : static_cast<size_t>(row_block * columns * item), done);
        functions_->packed(part, static_cast<const char*>(scratch) + j * depth * accumulator, rows,
                           std::min(column_block, columns - j), depth, c ? c + (r * n_ + column + j) * item : own.block,
                           c ? n_ : columns, p > 0, own.packing);
        if (finishes)
          done({first_row + r, first_row + r + rows, column, columns, c ? nullptr : own.block, columns, own.rest});
      };
      if (shared) {
        parallel_chunks(tasks(), 1, [&](int64_t task, int64_t, int64_t) { compute(task); });
      } else {
        for (int64_t task = 0; task < tasks(); ++task) compute(task);
      }
      if (!last || finishes || !by_span) continue;
      parallel_for(m_, std::max<int64_t>(1, (16 << 10) / columns), [&](int64_t begin, int64_t end) {
        finish(done, first_row + begin, first_row + end, column, columns);
      });
    }
  }
  if (by_span || !done.function) return;
  parallel_for(m_, std::max<int64_t>(1, (16 << 10) / n_),
               [&](int64_t begin, int64_t end) { finish(done, first_row + begin, first_row + end, 0, n_); });
}

}  // namespace headwater
