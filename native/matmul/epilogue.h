// What follows a matrix product in the same instruction: an element-wise program over the product.
#pragma once

#include <memory>
#include <vector>

#include "../kernel.h"
#include "gemm.h"
#include "onednn_product.h"
#include "thread_workspace.h"

namespace headwater {

class Epilogue {
 public:
  // The epilogue of a product's spec; null if it has none. Throws where the program does not make sense.
  static std::unique_ptr<Epilogue> make(const KernelSpec& spec);

  // Whether the product may lie in the memory of the result, and the program then works in place.
  bool in_place() const { return in_place_; }
  // Whether it is worth while, and possible, to finish rows while they are in the cache (run_spans, run_rows);
  // otherwise run_all does it for the whole result at once.
  bool by_rows() const { return !blocks_.empty(); }
  size_t scratch_bytes() const { return whole_->scratch_bytes(); }
  // Of run_spans and run_rows, for each thread.
  size_t workspace_bytes() const { return workspace_bytes_; }
  double cost_hint() const { return whole_->cost_hint(); }

  // in: the inputs of the matmul, of which those from the third on are the program's.
  void run_all(const void* product, const void* const* in, void* const* out, void* scratch) const;
  // A span of the results (gemm.h), with its product in the span's block; in place, if the span has none. Safe on
  // several threads for different rows.
  void run_spans(const void* const* in, void* const* out, const Span& span) const;
  // Rows [begin, end) in place; rows are counted through all axes but the last.
  void run_rows(const void* const* in, void* const* out, int64_t begin, int64_t end) const {
    run_spans(in, out, {begin, end, 0, columns_, nullptr, 0, thread_workspace(workspace_bytes_)});
  }

 private:
  // How far apart the parts of an array are: from row to row, and from column to column; 0 if they are the same.
  struct Steps {
    int64_t row, item;
  };
  struct Block {
    int64_t rows;
    std::unique_ptr<Kernel> kernel;
  };
  // Where a span is in each array: the product first.
  struct Pointers {
    static constexpr size_t kMost = 64;
    const char* inputs[kMost];
    char* outputs[kMost];
  };

  void make_blocks(const KernelSpec& spec);
  void run_blocks(Pointers at, int64_t product_row, int64_t rows, void* workspace) const;
  void run_kernel(const Kernel& kernel, const Pointers& at, void* workspace) const;
  void advance(Pointers& at, int64_t product_step, int64_t rows, int64_t columns) const;

  std::unique_ptr<Kernel> whole_;
  // Kernels for so many rows, largest first, the last for one row; where rows are longer than a span, the only one is
  // for a span, and rest_ for what follows the spans.
  std::vector<Block> blocks_;
  std::unique_ptr<Kernel> rest_;
  int64_t columns_ = 0, span_ = 0;
  std::vector<Steps> inputs_, outputs_;  // of the product and the extras; of the results
  size_t workspace_bytes_ = 0;
  bool in_place_ = false;
};

// The same epilogue as oneDNN's post-operations, if it is as simple as that: additions of a row vector or of a matrix,
// relu, tanh, sigmoid, one after another. PostOperation::input counts from the third input of the matmul.
bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post);

}  // namespace headwater
