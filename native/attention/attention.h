// Exact attention in tiles: what each instruction set computes of it. Weights exist for a few rows and keys at a time
// and are computed again for the gradient. Only float and double; the layout is (batch, position, head, depth).
// Source: Rabe and Staats 2021, arXiv:2112.05682; Dao et al. 2022, arXiv:2205.14135.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../dtype.h"
#include "../isa.h"

namespace headwater {

struct AttentionShape {
  int64_t batch, rows, keys, heads, groups, depth, width;
  bool causal;
  double scale;
  uint32_t drop_below;  // weights with random bits below are dropped, the others multiplied by `kept`; 0: no dropout
  double kept;

  int64_t heads_of_group() const { return heads / groups; }
};

// A tensor that broadcasts to (batch, heads, rows, keys): steps in elements, 0 where it has one for all. Null: none.
struct SpreadTensor {
  const void* data = nullptr;
  int64_t steps[4] = {};
};

struct AttentionInputs {
  const void *q, *k, *v;
  SpreadTensor bias, mask;
  const uint32_t* key = nullptr;
};

// The logarithm of a row's sum of exponentials is logs + rest.
struct AttentionResults {
  void *y, *logs, *rest;
};

// deltas: for each row g . y minus the cotangent of its logarithm.
struct AttentionGradients {
  const void *g, *logs, *rest, *deltas;
  void *by_q, *by_k, *by_v;
};

// Rows of one head that are computed together.
struct AttentionRows {
  int64_t batch, head, first, count;
};

// Sizes are in elements. A key tile is packed once for all rows; the packed tiles of a head lie one after another.
struct AttentionFunctions {
  int64_t (*forward_tile_keys)(const AttentionShape& shape);
  int64_t (*forward_tile_size)(const AttentionShape& shape);
  int64_t (*forward_workspace)(const AttentionShape& shape);
  void (*pack_forward)(const AttentionShape& shape, const AttentionInputs& in, int64_t batch, int64_t group,
                       int64_t tile, void* packed);
  void (*forward)(const AttentionShape& shape, const AttentionInputs& in, const AttentionResults& out,
                  AttentionRows rows, const void* packed, void* workspace);

  int64_t (*backward_tile_keys)(const AttentionShape& shape);
  int64_t (*backward_tile_size)(const AttentionShape& shape);
  int64_t (*backward_workspace)(const AttentionShape& shape);
  void (*pack_backward)(const AttentionShape& shape, const AttentionInputs& in, int64_t batch, int64_t group,
                        int64_t tile, void* packed);
  // deltas of rows [begin, end), counted through (batch, head, row).
  void (*deltas)(const AttentionShape& shape, const void* g, const void* y, const void* g_logs, int64_t begin,
                 int64_t end, void* deltas);
  // Adds what rows and the keys of a tile contribute to the gradients of queries (if by_q), keys and values (if by_kv).
  void (*backward)(const AttentionShape& shape, const AttentionInputs& in, const AttentionGradients& gradients,
                   AttentionRows rows, int64_t tile, const void* packed, bool by_q, bool by_kv, void* workspace);
};

// Most rows that `forward` and `backward` take at a time.
inline constexpr int64_t kForwardRows = 96;
inline constexpr int64_t kBackwardRows = 64;

}  // namespace headwater

// For float32 or float64.
HW_DECLARE_ISAS(const AttentionFunctions& attention_functions(DType dtype))
