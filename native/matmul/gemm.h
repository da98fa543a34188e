// Matrix products of floating-point numbers: the plan for one shape, and the functions that each instruction set
// offers.
//
// C (m, n) = op(A) op(B), all row-major; op(A) is A (m, k) or the transpose of A (k, m), and so for B. Every element of
// C is one chain of fused multiply-adds over k in rising order, cut into blocks of kGemmDepth whose sums are added in
// order (a row times a transposed matrix has one chain for each vector lane instead). The work is split over m and n
// alone, and for few rows over blocks of k whose sums are added in order, so the bits do not depend on the number of
// threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../dtype.h"
#include "../isa.h"

namespace headwater {

// A matrix as the functions below see it: element (i, j) is at data[i * row + j * column].
struct MatrixView {
  const void* data;
  int64_t row, column;
};

// Called when rows [begin, end) of the result (counted through the batch) are complete.
struct RowsDone {
  void (*function)(void* context, int64_t begin, int64_t end) = nullptr;
  void* context = nullptr;
  void operator()(int64_t begin, int64_t end) const {
    if (function && begin < end) function(context, begin, end);
  }
};

// Rows [begin, end) of a product (counted through the batch) in some columns: all of them, or a span of kGemmSpan that
// starts at a multiple of that, or the rest behind such spans.
struct Span {
  int64_t begin, end, column, columns;
  void* block;        // its elements, if they do not lie in C
  int64_t block_row;  // elements from row to row of the block
  void* workspace;    // memory of the thread, as SpanDone asks for
};

// Called when a span is complete.
struct SpanDone {
  void (*function)(void* context, const Span& span) = nullptr;
  void* context = nullptr;
  size_t workspace_bytes = 0;
  void operator()(const Span& span) const {
    if (function && span.begin < span.end) function(context, span);
  }
};

// The functions for one element type. "Packed" means: panels of `panel` columns, each depth x panel, zero-padded, in
// the accumulator's type.
struct GemmFunctions {
  int64_t direct_panel;  // columns of a panel for `direct`
  int64_t packed_panel;  // columns of a panel for `packed`
  size_t workspace_bytes;

  // Packs op(B) of (depth, columns).
  void (*pack_b)(MatrixView b, int64_t depth, int64_t columns, int64_t panel, void* packed);
  // C (rows, columns; lines of c_row) = A B, with A as it is; B is packed, or has lines of b_row. float and double
  // only.
  void (*direct)(MatrixView a, const void* b, int64_t b_row, bool b_packed, int64_t rows, int64_t columns,
                 int64_t depth, void* c, int64_t c_row);
  // C (+)= A B with packed B; A is packed into `workspace` on the way.
  void (*packed)(MatrixView a, const void* b, int64_t rows, int64_t columns, int64_t depth, void* c, int64_t c_row,
                 bool accumulate, void* workspace);
  // The same in two steps, for a depth of at most kGemmDepth; panels of B are b_panel elements apart. float and double
  // only.
  void (*pack_a)(MatrixView a, int64_t rows, int64_t depth, void* packed);
  void (*block)(const void* a, const void* b, int64_t b_panel, int64_t rows, int64_t columns, int64_t depth, void* c,
                int64_t c_row, bool accumulate);
  // C (rows, columns; lines of c_row) = A B for few rows: the lines of B, of b_row, are read one behind the other.
  // float and double only.
  void (*rows_by_lines)(MatrixView a, const void* b, int64_t b_row, int64_t rows, int64_t columns, int64_t depth,
                        void* c, int64_t c_row);
  // y (columns) = x (depth) times the transpose of lines (columns, depth). float and double only.
  void (*row_by_dots)(const void* x, const void* lines, int64_t line_stride, int64_t depth, int64_t columns, void* y);
  // y (columns) = the sum of `count` rows of `columns`, added in order. float and double only.
  void (*sum_rows)(const void* rows, int64_t count, int64_t row_stride, int64_t columns, void* y);
};

}  // namespace headwater

// For float16, bfloat16, float32 or float64.
HW_DECLARE_ISAS(const GemmFunctions& gemm_functions(DType dtype))

namespace headwater {

class Gemm {
 public:
  // batch products; shared_b: all with one B.
  Gemm(DType dtype, int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, int64_t batch, bool shared_b);

  size_t scratch_bytes() const { return by_item_ ? 0 : scratch_bytes_; }
  // Whether spans are finished one by one as the product goes, so that `done` finds them in the cache.
  bool finishes_spans() const;
  // Whether the product need not be kept: spans may lie in blocks of the threads' own, which `done` finds in the cache.
  bool makes_blocks() const;
  // Without c the product is not kept: makes_blocks, and `done` takes what it needs.
  void run(const void* a, const void* b, void* c, void* scratch, const SpanDone& done) const;

 private:
  enum class Path : uint8_t { kNothing, kZero, kDots, kLines, kDirect, kPackSmall, kColumns, kPacked };

  // Memory of the calling thread: for packing, for a block of the product, and for what follows.
  struct Workspace {
    char *packing, *block, *rest;
  };

  void choose_path();
  Workspace workspace(size_t packing, size_t block, const SpanDone& done) const;
  static void finish(const SpanDone& done, int64_t begin, int64_t end, int64_t column, int64_t columns);
  double item_work() const { return static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_); }
  void run_item(const void* a, const void* b, void* c, void* scratch, int64_t first_row, const SpanDone& done) const;
  void run_by_dots(const char* x, const char* lines, int64_t columns, char* c) const;
  void run_by_lines(MatrixView a, const char* b, char* c, void* scratch) const;
  void run_direct(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row, const SpanDone& done) const;
  void run_columns(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row, const SpanDone& done) const;
  void run_packed(MatrixView a, MatrixView b, char* c, void* scratch, int64_t first_row, const SpanDone& done) const;

  const GemmFunctions* functions_;
  size_t item_, accumulator_;  // bytes
  int64_t m_, n_, k_, batch_;
  bool transpose_a_, transpose_b_, shared_b_;
  Path path_ = Path::kNothing;
  bool shared_ = false;                        // one product is worth several threads
  bool by_item_ = false;                       // threads share out the batch, not the product
  int64_t step_depth_ = 0, step_columns_ = 0;  // the part of B that is packed at a time
  size_t scratch_bytes_ = 0;                   // for one product
};

}  // namespace headwater
