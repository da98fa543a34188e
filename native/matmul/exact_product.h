// Matrix products of integers, bool and complex numbers: correct, and blocked only as far as is simple.
#pragma once

#include "gemm.h"

namespace headwater {

// c (rows, columns; lines of c_row) = a (rows, depth) b (depth, columns). Integers wrap around; bool is "or" of "and".
using ExactProduct = void (*)(MatrixView a, MatrixView b, int64_t rows, int64_t columns, int64_t depth, void* c,
                              int64_t c_row);

}  // namespace headwater

// The function for that type of a and b and that of c; null if there is none. c may be int32 where a is int8 or uint8.
HW_DECLARE_ISAS(ExactProduct exact_product(DType in, DType out))
