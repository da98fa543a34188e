// Tables of register tiles by their number of rows, and how rows are dealt out to them. Include only from isa_*.cc
// files.
#pragma once

#include "micro_kernel.h"

namespace headwater::HW_ISA::gemm {

// Tiles that read A in place have at most six rows (six addresses fit the registers) and as many vectors as the
// accumulators leave room for; tiles with packed A are shaped for the fewest loads per multiply-add.
static constexpr int kDirectRows = 6;
static constexpr int kDirectVectors = HW_ISA_LEVEL == 2 ? 4 : 2;
static constexpr int kPackedRows = HW_ISA_LEVEL == 2 ? 14 : 6;
static constexpr int kPackedVectors = 2;

// Rows are dealt out evenly: 32 rows are 6 6 5 5 5 5 rather than 6 6 6 6 6 2, for short tiles leave the multipliers
// idle.
template <class Visit>
HW_GEMM_INLINE void for_row_tiles(int64_t rows, int64_t most, Visit&& visit) {
  int64_t tiles = (rows + most - 1) / most, at = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    int64_t size = rows / tiles + (i < rows % tiles ? 1 : 0);
    visit(at, size);
    at += size;
  }
}

template <class T>
using TileFunction = void (*)(int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row,
                              T* c, int64_t c_row, bool accumulate, Edge edge);

template <class T, int kRows, int kVectors, bool kMasked, bool kPacked>
static void tile_function(int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c,
                          int64_t c_row, bool accumulate, Edge edge) {
  if constexpr (kPacked)
    tile<T, kRows, kVectors, kMasked>(depth, a, 1, kRows, b, kVectors * kWidth<T>, c, c_row, accumulate, edge);
  else
    tile<T, kRows, kVectors, kMasked>(depth, a, a_row, a_column, b, b_row, c, c_row, accumulate, edge);
}

// functions[rows - 1] for each number of rows.
template <class T, int kMostRows, int kVectors, bool kMasked, bool kPacked>
struct TileTable {
  TileFunction<T> functions[kMostRows];
  constexpr TileTable() : functions{} { fill<1>(); }
  template <int kRows>
  constexpr void fill() {
    functions[kRows - 1] = tile_function<T, kRows, kVectors, kMasked, kPacked>;
    if constexpr (kRows < kMostRows) fill<kRows + 1>();
  }
};

template <class T, int kVectors, bool kMasked>
static constexpr TileTable<T, kDirectRows, kVectors, kMasked, false> kDirectTiles;
template <class T, bool kMasked>
static constexpr TileTable<T, kPackedRows, kPackedVectors, kMasked, true> kPackedTiles;

template <class T>
static const TileFunction<T>* direct_tiles(int64_t vectors, bool masked) {
#define HW_DIRECT_CASE(v)            \
  if constexpr (v <= kDirectVectors) \
    if (vectors == v) return masked ? kDirectTiles<T, v, true>.functions : kDirectTiles<T, v, false>.functions;
  HW_DIRECT_CASE(1)
  HW_DIRECT_CASE(2)
  HW_DIRECT_CASE(3)
  HW_DIRECT_CASE(4)
#undef HW_DIRECT_CASE
  return nullptr;
}

}  // namespace headwater::HW_ISA::gemm
