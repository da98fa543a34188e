// One pass over the input of a convolution: all of the work, or one phase of a transposed one with strides.
#pragma once

#include <cstddef>

#include "../matmul/gemm.h"

namespace headwater {

class ConvPass {
 public:
  virtual ~ConvPass() = default;

  virtual size_t packed_bytes() const = 0;
  // Whether each block makes whole rows (pixels) of the result.
  virtual bool has_whole_rows() const = 0;
  virtual void pack(const void* kernel, void* packed) const = 0;
  // done: called with the rows of the result that are complete, if they come whole.
  virtual void run(const void* x, const void* kernel, const void* packed, void* y, RowsDone done) const = 0;
};

}  // namespace headwater
