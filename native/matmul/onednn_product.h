// The matrix product of oneDNN behind an interface without its headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../dtype.h"

namespace headwater {

// What oneDNN may do to the product while it is in registers, in order.
struct PostOperation {
  enum class Kind : uint8_t { kAddRow, kAddMatrix, kRelu, kTanh, kSigmoid };
  Kind kind;
  int input = -1;  // kAddRow: which pointer is added to every row; kAddMatrix: to every element
};

class OnednnProduct {
 public:
  // batch products; shared_b: all with one B. Throws std::runtime_error if oneDNN has no such product.
  OnednnProduct(DType dtype, int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, int64_t batch,
                bool shared_b, const std::vector<PostOperation>& post);
  ~OnednnProduct();

  size_t scratch_bytes() const;
  // extras[i] is what PostOperation::input = i refers to.
  void run(const void* a, const void* b, void* c, const void* const* extras, void* scratch) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether this build has oneDNN, and the type is one that it multiplies.
bool onednn_has_product(DType dtype);
// Whether oneDNN multiplies bfloat16 faster than float32 on this processor: with AMX, or with AVX512_BF16 on AMD.
// Intel's AVX512_BF16 alone runs at half the speed of float32.
bool onednn_fast_bfloat16();

}  // namespace headwater
