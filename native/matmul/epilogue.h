// What follows a matrix product in the same instruction: an element-wise program over the product.
#pragma once

#include <memory>
#include <vector>

#include "../kernel.h"
#include "onednn_product.h"

namespace headwater {

class Epilogue {
 public:
  // The epilogue of a matmul's spec; null if it has none. Throws where the program does not make sense.
  static std::unique_ptr<Epilogue> make(const KernelSpec& spec);

  // Whether the product may lie in the memory of the result, and the program then works in place.
  bool in_place() const { return in_place_; }
  // Whether it is worth while, and possible, to finish rows while they are in the cache (run_rows); otherwise run_all
  // does it for the whole result at once.
  bool by_rows() const { return !blocks_.empty(); }
  size_t scratch_bytes() const { return whole_->scratch_bytes(); }
  double cost_hint() const { return whole_->cost_hint(); }

  // in: the inputs of the matmul, of which those from the third on are the program's.
  void run_all(const void* product, const void* const* in, void* const* out, void* scratch) const;
  // Rows [begin, end) of the result, in place; rows are counted through all axes but the last. Safe on several threads
  // for different rows.
  void run_rows(const void* const* in, void* out, int64_t begin, int64_t end) const {
    run_spans(in, out, begin, end, 0, columns_);
  }
  // The same for some of the columns: all, or as the spans of gemm.h.
  void run_spans(const void* const* in, void* out, int64_t begin, int64_t end, int64_t column, int64_t columns) const;

 private:
  struct Block {
    int64_t rows;
    std::unique_ptr<Kernel> kernel;
  };

  void make_blocks(const KernelSpec& spec);
  void run_blocks(const void** inputs, char* result, int64_t rows) const;

  std::unique_ptr<Kernel> whole_;
  // Kernels for so many rows, largest first, the last for one row; where rows are longer than a span, the only one is
  // for a span, and rest_ for what follows the spans.
  std::vector<Block> blocks_;
  std::unique_ptr<Kernel> rest_;
  int64_t columns_ = 0, span_ = 0;
  std::vector<int64_t> row_bytes_;   // of the product and the extras: 0 for those that are the same for all rows
  std::vector<int64_t> item_bytes_;  // the same from column to column
  size_t inputs_ = 1;                // the product and the extras
  bool in_place_ = false;
};

// The same epilogue as oneDNN's post-operations, if it is as simple as that: additions of a row vector or of a matrix,
// relu, tanh, sigmoid, one after another. PostOperation::input counts from the third input of the matmul.
bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post);

}  // namespace headwater
