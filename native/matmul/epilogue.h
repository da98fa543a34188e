// What follows a matrix product in the same instruction: an element-wise program over the result, applied to rows while
// they are in the cache.
#pragma once

#include <memory>
#include <vector>

#include "../kernel.h"
#include "onednn_product.h"

namespace headwater {

class Epilogue {
 public:
  virtual ~Epilogue() = default;
  // Replaces rows [begin, end) of the product (all axes but the last, flattened) by the program's result. in: the inputs of
  // the matmul; those from the third on are the program's. Safe on several threads for different rows.
  virtual void run(const void* const* in, void* out, int64_t begin, int64_t end) const = 0;
};

// The epilogue of a matmul's spec; null if it has none.
std::unique_ptr<Epilogue> make_epilogue(const KernelSpec& spec);

// The same epilogue as oneDNN's post-operations, if it is as simple as that: additions of a row vector or of a matrix, relu,
// tanh, sigmoid, one after another. PostOperation::input counts from the third input of the matmul.
bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post);

}  // namespace headwater
