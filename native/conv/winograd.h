// Convolutions with windows of three columns by minimal filtering: four neighbouring results of a row take six
// multiplications instead of twelve, after linear transformations of six pixels of x and of three of the kernel.
//
// In each row of windows, tile t has results 4 t .. 4 t + 3 and sees pixels 4 t .. 4 t + 5 (and the `taps` rows of the
// kernel below them). Transformed, x is V[i][tile][row][channel] for i in 0..5: for one i and tile the rows of a window
// follow one another, so its products with the transformed kernel U[i][tap, channel][filter] are a matrix product over
// rows of V that overlap. The points of the transformation are 0, 1, -1, 2, -2 and infinity.
// Source: Winograd 1980, "Arithmetic complexity of computations", chapter 3; Lavin and Gray 2016, arXiv:1509.09308,
// section 4.3, for the matrices.
#pragma once

#include <cstdint>

#include "../isa.h"

namespace headwater {

inline constexpr int64_t kWinogradPoints = 6;   // products of a tile
inline constexpr int64_t kWinogradResults = 4;  // results of a tile
inline constexpr int64_t kWinogradTaps = 3;     // columns of the kernel

// A block of windows: some rows of some tiles of some images.
struct WinogradBlock {
  int64_t images, rows, tiles;
  int64_t reach;                     // rows of x that they see
  const float* x;                    // the first of the images
  int64_t x_image, x_row, channels;  // elements from one to the next; of a pixel
  int64_t height, width;             // of x
  int64_t first_row, first_column;   // pixel of x that the first window begins at; outside of x there are zeros
  int64_t y_image, y_row, filters;
  int64_t columns;  // of y: the last tile may have fewer than four

  int64_t lines() const { return images * tiles * reach; }
};

struct WinogradFunctions {
  int64_t panel;  // columns of a panel of U

  // Lines of one panel of U, for the channels of one tap: U[i] at packed[i * apart], lines of `panel` filters, of which
  // `filters` exist and the others are zeros. Element (column of the kernel, channel, filter) lies at
  // kernel[column * column_step + channel * channel_step + filter * filter_step].
  void (*pack)(const float* kernel, int64_t column_step, int64_t channel_step, int64_t filter_step, int64_t channels,
               int64_t filters, int64_t apart, float* packed);
  // V of a block.
  void (*transform)(const WinogradBlock& block, float* v);
  // The block's results from y on, that of the first window. packed: panels of U[0], depth x panel, then of U[1] ...;
  // `products` has room for kWinogradProducts floats.
  void (*multiply)(const WinogradBlock& block, const float* v, const float* packed, int64_t depth, float* products,
                   float* y);
  // The transpose of what makes y from the products: W[i][tile][row][filter] of g (laid out as y), with rows of zeros
  // where V has more rows than there are windows.
  void (*transform_gradient)(const WinogradBlock& block, const float* g, float* w);
  // sums[i][tap, channel][filter] += sum over lines of V[i][line + tap][channel] W[i][line][filter].
  void (*add_gradient)(const WinogradBlock& block, const float* v, const float* w, int64_t depth, float* sums);
  // The kernel's gradient (tap, column, channel, filter) from the sums: lines [begin, end) of (tap, channel).
  void (*finish_gradient)(const float* sums, int64_t channels, int64_t filters, int64_t depth, int64_t begin,
                          int64_t end, float* gradient);
};

// Rows of windows of a block at most, and the floats that their products take.
inline constexpr int64_t kWinogradRows = 64;
inline constexpr int64_t kWinogradProducts = kWinogradPoints * kWinogradRows * 32;

}  // namespace headwater

HW_DECLARE_ISAS(const WinogradFunctions& winograd_functions())
