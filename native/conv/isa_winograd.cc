// The functions of winograd.h for one instruction set.
#include "winograd.h"

#include <cstring>

#include "../matmul/tiles.h"

namespace headwater::HW_ISA {

using namespace gemm;

namespace {

using V = Vec<float>;
constexpr int64_t kLanes = kWidth<float>;
constexpr int64_t kPanel = 2 * kLanes;
constexpr int64_t kFewRows = 32;  // of windows, below which several tiles are multiplied together

// Calls visit(at, load, store) for each vector of `count` numbers: the last may be a part of one.
template <class Visit>
HW_GEMM_INLINE void for_vectors(int64_t count, Visit&& visit) {
  int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes)
    visit(at, [](const float* from) { return load(from); }, [](float* to, V value) { store(to, value); });
  if (at == count) return;
  const Mask<float> mask(static_cast<int>(count - at));
  visit(at, [&](const float* from) { return mask.load(from); }, [&](float* to, V value) { mask.store(to, value); });
}

HW_GEMM_INLINE V times(float factor, V value) { return splat(factor) * value; }

// ---- x
// ---------------------------------------------------------------------------------------------------------------

// Six pixels of one channel, transformed.
HW_GEMM_INLINE void transform_pixels(const V (&d)[kWinogradPoints], V (&v)[kWinogradPoints]) {
  V even = fma(splat(-4.0f), d[2], d[4]), odd = fma(splat(-4.0f), d[1], d[3]);
  V near = d[4] - d[2], far = times(2.0f, d[3] - d[1]);
  v[0] = fma(splat(4.0f), d[0], fma(splat(-5.0f), d[2], d[4]));
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = near + far;
  v[4] = near - far;
  v[5] = fma(splat(4.0f), d[1], fma(splat(-5.0f), d[3], d[5]));
}

// Tile `tile` of row `row` of x; `apart` elements lie between the results for two points.
void transform_tile(const WinogradBlock& b, const float* row, int64_t tile, float* to, int64_t apart) {
  const float* pixels[kWinogradPoints];
  bool inside[kWinogradPoints];
  for (int64_t i = 0; i < kWinogradPoints; ++i) {
    int64_t column = b.first_column + kWinogradResults * tile + i;
    inside[i] = column >= 0 && column < b.width;
    pixels[i] = inside[i] ? row + column * b.channels : row;
  }
  for_vectors(b.channels, [&](int64_t at, auto get, auto put) {
    V d[kWinogradPoints], v[kWinogradPoints];
#pragma GCC unroll 6
    for (int64_t i = 0; i < kWinogradPoints; ++i) d[i] = inside[i] ? get(pixels[i] + at) : V{};
    transform_pixels(d, v);
#pragma GCC unroll 6
    for (int64_t i = 0; i < kWinogradPoints; ++i) put(to + i * apart + at, v[i]);
  });
}

void transform(const WinogradBlock& b, float* v) {
  int64_t apart = b.lines() * b.channels;
  for (int64_t image = 0; image < b.images; ++image)
    for (int64_t tile = 0; tile < b.tiles; ++tile)
      for (int64_t r = 0; r < b.reach; ++r, v += b.channels) {
        int64_t row = b.first_row + r;
        if (row >= 0 && row < b.height) {
          transform_tile(b, b.x + image * b.x_image + row * b.x_row, tile, v, apart);
        } else {
          for (int64_t i = 0; i < kWinogradPoints; ++i)
            std::memset(v + i * apart, 0, static_cast<size_t>(b.channels) * sizeof(float));
        }
      }
}

// ---- the kernel
// ---------------------------------------------------------------------------------------------------------------

constexpr float kSixth = 1.0f / 6, kTwelfth = 1.0f / 12, kTwentyFourth = 1.0f / 24;

void pack(const float* kernel, int64_t column_step, int64_t channel_step, int64_t filter_step, int64_t channels,
          int64_t filters, int64_t apart, float* packed) {
  for (int64_t channel = 0; channel < channels; ++channel, kernel += channel_step)
    for (int64_t filter = 0; filter < kPanel; ++filter, ++packed) {
      const float* from = kernel + filter * filter_step;
      bool inside = filter < filters;
      float a = inside ? from[0] : 0, b = inside ? from[column_step] : 0, c = inside ? from[2 * column_step] : 0;
      float outer = (a + c) * kSixth, middle = b * kSixth;
      float wide = a * kTwentyFourth + c * kSixth, half = b * kTwelfth;
      packed[0] = 0.25f * a;
      packed[apart] = -(outer + middle);
      packed[2 * apart] = middle - outer;
      packed[3 * apart] = wide + half;
      packed[4 * apart] = wide - half;
      packed[5 * apart] = c;
    }
}

// ---- products
// ---------------------------------------------------------------------------------------------------------------

// Results of one tile and row from their products; of the last tile, the columns that there are.
HW_GEMM_INLINE void make_results(const float* products, int64_t apart, float* y, int64_t filters, int64_t columns,
                                 int64_t lanes) {
  for_vectors(lanes, [&](int64_t at, auto, auto put) {
    V m[kWinogradPoints];
#pragma GCC unroll 6
    for (int64_t i = 0; i < kWinogradPoints; ++i) m[i] = load(products + i * apart + at);
    V near = m[1] + m[2], step = m[1] - m[2], far = m[3] + m[4], leap = m[3] - m[4];
    put(y + at, m[0] + near + far);
    if (columns > 1) put(y + filters + at, fma(splat(2.0f), leap, step));
    if (columns > 2) put(y + 2 * filters + at, fma(splat(4.0f), far, near));
    if (columns > 3) put(y + 3 * filters + at, fma(splat(8.0f), leap, step) + m[5]);
  });
}

void multiply(const WinogradBlock& b, const float* v, const float* packed, int64_t depth, float* products, float* y) {
  int64_t all = b.images * b.tiles, together = b.rows < kFewRows ? kFewRows / b.rows : 1;
  int64_t v_apart = b.lines() * b.channels;
  int64_t panels = (b.filters + kPanel - 1) / kPanel, u_apart = panels * depth * kPanel;
  for (int64_t panel = 0; panel < panels; ++panel, packed += depth * kPanel) {
    int64_t lanes = b.filters - panel * kPanel < kPanel ? b.filters - panel * kPanel : kPanel;
    const TileFunction<float>* tiles = direct_tiles<float>((lanes + kLanes - 1) / kLanes, false);
    for (int64_t first = 0; first < all; first += together) {
      int64_t count = all - first < together ? all - first : together, apart = count * b.rows * kPanel;
      for (int64_t i = 0; i < kWinogradPoints; ++i)
        for (int64_t tile = 0; tile < count; ++tile) {
          const float* rows = v + i * v_apart + (first + tile) * b.reach * b.channels;
          float* sums = products + i * apart + tile * b.rows * kPanel;
          for_row_tiles(b.rows, kDirectRows, [&](int64_t at, int64_t size) {
            tiles[size - 1](depth, rows + at * b.channels, b.channels, 1, packed + i * u_apart, kPanel,
                            sums + at * kPanel, kPanel, false, Edge{0, depth});
          });
        }
      for (int64_t tile = 0; tile < count; ++tile) {
        int64_t image = (first + tile) / b.tiles, column = (first + tile) % b.tiles * kWinogradResults;
        float* to = y + image * b.y_image + column * b.filters + panel * kPanel;
        for (int64_t row = 0; row < b.rows; ++row)
          make_results(products + (tile * b.rows + row) * kPanel, apart, to + row * b.y_row, b.filters,
                       b.columns - column, lanes);
      }
    }
  }
}

// ---- the gradient of the kernel
// ---------------------------------------------------------------------------------------------------------------

void transform_gradient(const WinogradBlock& b, const float* g, float* w) {
  int64_t apart = b.lines() * b.filters;
  for (int64_t image = 0; image < b.images; ++image)
    for (int64_t tile = 0; tile < b.tiles; ++tile)
      for (int64_t row = 0; row < b.reach; ++row, w += b.filters) {
        if (row >= b.rows) {
          for (int64_t i = 0; i < kWinogradPoints; ++i)
            std::memset(w + i * apart, 0, static_cast<size_t>(b.filters) * sizeof(float));
          continue;
        }
        int64_t columns = b.columns - tile * kWinogradResults;
        const float* from = g + image * b.y_image + row * b.y_row + tile * kWinogradResults * b.filters;
        for_vectors(b.filters, [&](int64_t at, auto get, auto put) {
          V g0 = get(from + at), g1 = columns > 1 ? get(from + b.filters + at) : V{};
          V g2 = columns > 2 ? get(from + 2 * b.filters + at) : V{};
          V g3 = columns > 3 ? get(from + 3 * b.filters + at) : V{};
          V even = g0 + g2, odd = g1 + g3;
          V wide = fma(splat(4.0f), g2, g0), steep = times(2.0f, fma(splat(4.0f), g3, g1));
          put(w + at, g0);
          put(w + apart + at, even + odd);
          put(w + 2 * apart + at, even - odd);
          put(w + 3 * apart + at, wide + steep);
          put(w + 4 * apart + at, wide - steep);
          put(w + 5 * apart + at, g3);
        });
      }
}

void add_gradient(const WinogradBlock& b, const float* v, const float* w, int64_t depth, float* sums) {
  // The last rows of the last tile are zeros of W, for which V has no rows further on.
  int64_t lines = b.lines() - (b.reach - b.rows);
  for (int64_t i = 0; i < kWinogradPoints; ++i) {
    const float* v_point = v + i * b.lines() * b.channels;
    const float* w_point = w + i * b.lines() * b.filters;
    float* to = sums + i * depth * b.filters;
    for (int64_t first = 0; first < b.filters; first += kPanel) {
      int64_t left = b.filters - first < kPanel ? b.filters - first : kPanel;
      int lanes = static_cast<int>(left % kLanes);
      const TileFunction<float>* tiles = direct_tiles<float>((left + kLanes - 1) / kLanes, lanes != 0);
      for_row_tiles(depth, kDirectRows, [&](int64_t at, int64_t size) {
        tiles[size - 1](lines, v_point + at, 1, b.channels, w_point + first, b.filters, to + at * b.filters + first,
                        b.filters, true, Edge{lanes, lines - 1});
      });
    }
  }
}

void finish_gradient(const float* sums, int64_t channels, int64_t filters, int64_t depth, int64_t begin, int64_t end,
                     float* gradient) {
  int64_t apart = depth * filters, column = channels * filters;
  for (int64_t line = begin; line < end; ++line) {
    const float* from = sums + line * filters;
    float* to = gradient + (line / channels * kWinogradTaps * channels + line % channels) * filters;
    for_vectors(filters, [&](int64_t at, auto get, auto put) {
      V m[kWinogradPoints];
#pragma GCC unroll 6
      for (int64_t i = 0; i < kWinogradPoints; ++i) m[i] = get(from + i * apart + at);
      V near = m[1] + m[2], step = m[2] - m[1], far = m[3] + m[4], leap = m[3] - m[4];
      put(to + at, fma(splat(kTwentyFourth), far, fma(splat(-kSixth), near, times(0.25f, m[0]))));
      put(to + column + at, fma(splat(kTwelfth), leap, times(kSixth, step)));
      put(to + 2 * column + at, fma(splat(kSixth), far - near, m[5]));
    });
  }
}

}  // namespace

const WinogradFunctions& winograd_functions() {
  static constexpr WinogradFunctions functions{kPanel,       pack,           transform, multiply, transform_gradient,
                                               add_gradient, finish_gradient};
  return functions;
}

}  // namespace headwater::HW_ISA
