// The functions of pooling that each instruction set offers. Each works on a row of neighbouring windows that have the
// same taps.
#pragma once

#include <cstdint>

#include "../dtype.h"
#include "../isa.h"

namespace headwater {

struct PoolRow {
  const void* x;        // where the first window begins; unused by average_gradient
  const void* other;    // take: h, as x; the gradients: g of the first window
  void* to;             // y of the first window; the gradients: where the first window begins in the result
  const int64_t* taps;  // offsets of the elements of a window, in the order in which they win ties
  int64_t num_taps;
  int64_t windows;
  int64_t step;            // from one window to the next in x
  int64_t channels, line;  // channels to work on, and their number in all
  bool accumulate;         // the gradients: windows overlap, so add
};

struct PoolFunctions {
  void (*max)(const PoolRow& row);
  void (*max_gradient)(const PoolRow& row);
  void (*max_take)(const PoolRow& row);
  void (*average)(const PoolRow& row);
  void (*average_gradient)(const PoolRow& row);
};

}  // namespace headwater

// For float32 or float64.
HW_DECLARE_ISAS(const PoolFunctions& pool_functions(DType dtype))
