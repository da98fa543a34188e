// The functions of attention.h for one instruction set. Strips of a few rows go through products with packed tiles of
// keys and values; their logits and weights stay in the first-level cache.
#include <cmath>
#include <limits>

#include "../elementwise/math32.h"
#include "../kernels/philox.h"
#include "../matmul/gemm.h"
#include "../matmul/tiles.h"
#include "attention.h"

namespace headwater::HW_ISA {
namespace {

// Keys whose packed tile and strips of weights fit the second- and first-level cache; multiples of every panel.
constexpr int64_t kForwardKeys = 256, kBackwardKeys = 128;
// Beyond a line of weights: padding to whole vectors and strips, and an odd number of cache lines between rows.
constexpr int64_t kPadding = 16;
constexpr int64_t kStripRows = gemm::kDirectRows;

template <class T>
constexpr int64_t kWidth = kLanes<T>;
template <class T>
constexpr int64_t kPanel = gemm::kDirectVectors * kLanes<T>;

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }
int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

template <class T>
constexpr T masked_logit() {
  return static_cast<T>(-0.7) * std::numeric_limits<T>::max();
}

// e^x for x <= 0; 0 where the result would not be a normal number.
HW_INLINE F32 power(F32 x) {
  F32 result = exp_normal(max_or_second(splat<F32>(-87.0f), x));
  return x < -87.0f ? splat<F32>(0.0f) : result;
}
HW_INLINE F64 power(F64 x) { return exp(x); }

template <class T>
HW_INLINE T total(Vector<T> values) {
  T parts[kLanes<T>];
  store(parts, values);
  for (int half = kLanes<T> / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}
template <class T>
HW_INLINE T largest(Vector<T> values) {
  T found = values[0];
  for (int i = 1; i < kLanes<T>; ++i) found = values[i] > found ? values[i] : found;
  return found;
}

template <class T>
void fill(T* from, T* to, T value) {
  for (; from < to; ++from) *from = value;
}

// ---- products with packed panels -----------------------------------------------------------------------------------

template <class T>
const GemmFunctions& packing() {
  return HW_ISA::gemm_functions(sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64);
}

template <class T>
int64_t packed_size(int64_t depth, int64_t columns) {
  return depth * round_up(columns, kWidth<T>);
}

// Panels of `from` (depth, columns), times a factor; the last panel is only as wide as it must be.
template <class T>
void pack(MatrixView from, int64_t depth, int64_t columns, T factor, T* to) {
  for (int64_t first = 0; first < columns; first += kPanel<T>) {
    int64_t lines = smaller(kPanel<T>, columns - first), panel = round_up(lines, kWidth<T>);
    MatrixView part{static_cast<const T*>(from.data) + first * from.column, from.row, from.column};
    packing<T>().pack_b(part, depth, lines, panel, to);
    if (factor != 1)
      for (int64_t i = 0; i < depth * panel; ++i) to[i] *= factor;
    to += depth * panel;
  }
}

// The part of packed panels that a product reads: the first `columns` of packed_columns, and lines [first, first +
// depth) of packed_depth.
template <class T>
struct Panels {
  const T* data;
  int64_t packed_columns, columns, packed_depth, first, depth;
};

// c (rows, b.columns) (+)= a b for up to kStripRows rows. `whole`: c has room for the padding of the last vector.
template <class T>
void strip(int64_t rows, const T* a, int64_t a_row, int64_t a_column, const Panels<T>& b, T* c, int64_t c_row,
           bool accumulate, bool whole) {
  for (int64_t column = 0; column < b.columns; column += kPanel<T>) {
    int64_t lines = smaller(kPanel<T>, b.columns - column), vectors = (lines + kWidth<T> - 1) / kWidth<T>;
    int64_t panel = round_up(smaller(kPanel<T>, b.packed_columns - column), kWidth<T>);
    int lanes = whole ? 0 : static_cast<int>(lines % kWidth<T>);
    gemm::direct_tiles<T>(vectors, lanes != 0)[rows - 1](b.depth, a, a_row, a_column,
                                                         b.data + column * b.packed_depth + b.first * panel, panel,
                                                         c + column, c_row, accumulate, {lanes, b.depth});
  }
}

// ---- a problem, and rows of it -------------------------------------------------------------------------------------

template <class T>
const T* at(const void* data, int64_t index) {
  return static_cast<const T*>(data) + index;
}
template <class T>
T* at(void* data, int64_t index) {
  return static_cast<T*>(data) + index;
}

// Offset of (batch, position, head) in (batch, positions, heads, depth).
int64_t offset(int64_t batch, int64_t position, int64_t head, int64_t positions, int64_t heads, int64_t depth) {
  return ((batch * positions + position) * heads + head) * depth;
}

// A row's line in a tensor that broadcasts; the step from key to key is 1 or 0.
template <class E>
struct Line {
  const E* data = nullptr;
  int64_t step = 0;

  Line(const SpreadTensor& tensor, int64_t batch, int64_t head, int64_t row, int64_t first_key) {
    if (!tensor.data) return;
    data = at<E>(tensor.data, batch * tensor.steps[0] + head * tensor.steps[1] + row * tensor.steps[2] +
                                  first_key * tensor.steps[3]);
    step = tensor.steps[3];
  }
};

// Makes logits out of products for one row: adds the bias, and writes the masked logit where the mask says so or a key
// lies behind `visible`.
template <class T>
void finish_logits(T* logits, int64_t count, int64_t visible, Line<T> bias, Line<uint8_t> mask) {
  if (bias.data) {
    if (bias.step)
      for (int64_t i = 0; i < count; ++i) logits[i] += bias.data[i];
    else
      for (int64_t i = 0; i < count; ++i) logits[i] += bias.data[0];
  }
  if (mask.data) {
    if (mask.step)
      for (int64_t i = 0; i < count; ++i) logits[i] = mask.data[i] ? logits[i] : masked_logit<T>();
    else if (!mask.data[0])
      fill(logits, logits + count, masked_logit<T>());
  }
  if (visible < count) fill(logits + larger(visible, 0), logits + count, masked_logit<T>());
}

// Random bits of a row's weights from a key on.
class Dropout {
 public:
  Dropout(const AttentionShape& shape, const AttentionInputs& in, void* words)
      : shape_(shape), key_(in.key), words_(static_cast<uint32_t*>(words)) {}

  explicit operator bool() const { return shape_.drop_below != 0; }
  // One word for each of `count` keys.
  const uint32_t* draw(int64_t batch, int64_t head, int64_t row, int64_t first_key, int64_t count) const {
    uint64_t first =
        static_cast<uint64_t>(((batch * shape_.heads + head) * shape_.rows + row) * shape_.keys + first_key);
    philox_blocks(key_, first / 4, (static_cast<int64_t>(first % 4) + count + 3) / 4, words_);
    return words_ + first % 4;
  }
  static int64_t words(int64_t keys) { return keys + 8; }

 private:
  const AttentionShape& shape_;
  const uint32_t* key_;
  uint32_t* words_;
};

// ---- forward -------------------------------------------------------------------------------------------------------

template <class T>
int64_t forward_tile_keys(const AttentionShape& shape) {
  bool wide = larger(shape.depth, shape.width) * static_cast<int64_t>(sizeof(T)) > 384;
  return wide ? kForwardKeys / 2 : kForwardKeys;
}

template <class T>
int64_t forward_tile_size(const AttentionShape& shape) {
  int64_t keys = forward_tile_keys<T>(shape);
  return packed_size<T>(shape.depth, keys) + packed_size<T>(keys, shape.width);
}

template <class T>
int64_t forward_workspace(const AttentionShape& shape) {
  int64_t words = Dropout::words(kForwardKeys) * static_cast<int64_t>(sizeof(uint32_t));
  (void)shape;
  return kStripRows * (kForwardKeys + kPadding) + 2 * kForwardRows + words / static_cast<int64_t>(sizeof(T)) + 1;
}

template <class T>
void pack_forward(const AttentionShape& shape, const AttentionInputs& in, int64_t batch, int64_t group, int64_t tile,
                  void* packed) {
  int64_t tile_keys = forward_tile_keys<T>(shape), first = tile * tile_keys,
          keys = smaller(tile_keys, shape.keys - first);
  const T* k = at<T>(in.k, offset(batch, first, group, shape.keys, shape.groups, shape.depth));
  const T* v = at<T>(in.v, offset(batch, first, group, shape.keys, shape.groups, shape.width));
  T* to = static_cast<T*>(packed);
  pack<T>({k, 1, shape.groups * shape.depth}, shape.depth, keys, static_cast<T>(shape.scale), to);
  pack<T>({v, shape.groups * shape.width, 1}, keys, shape.width, 1, to + packed_size<T>(shape.depth, tile_keys));
}

// What `forward` does for rows of one head.
template <class T>
class ForwardRows {
 public:
  ForwardRows(const AttentionShape& shape, const AttentionInputs& in, const AttentionResults& out, AttentionRows rows,
              const void* packed, void* workspace)
      : shape_(shape),
        in_(in),
        rows_(rows),
        packed_(static_cast<const T*>(packed)),
        logits_(static_cast<T*>(workspace)),
        peaks_(logits_ + kStripRows * kLine),
        sums_(peaks_ + kForwardRows),
        dropout_(shape, in, sums_ + kForwardRows),
        tile_keys_(forward_tile_keys<T>(shape)),
        q_(at<T>(in.q, offset(rows.batch, rows.first, rows.head, shape.rows, shape.heads, shape.depth))),
        y_(at<T>(out.y, offset(rows.batch, rows.first, rows.head, shape.rows, shape.heads, shape.width))) {
    int64_t row = (rows.batch * shape.heads + rows.head) * shape.rows + rows.first;
    logs_ = at<T>(out.logs, row);
    rest_ = at<T>(out.rest, row);
  }

  void run() {
    compute(shape_.causal);
    // Tiles above the diagonal count where a row may see nothing below it: then all its weights are equal.
    if (shape_.causal && in_.mask.data && is_dead()) compute(false);
    for (int64_t i = 0; i < rows_.count; ++i) finish(i);
  }

 private:
  static constexpr int64_t kLine = kForwardKeys + kPadding;

  bool is_dead() const {
    for (int64_t i = 0; i < rows_.count; ++i)
      if (peaks_[i] <= masked_logit<T>()) return true;
    return false;
  }

  void compute(bool skip) {
    fill(peaks_, peaks_ + rows_.count, std::numeric_limits<T>::lowest());
    fill(sums_, sums_ + rows_.count, T{});
    int64_t most = skip ? smaller(shape_.keys, rows_.first + rows_.count) : shape_.keys;
    for (int64_t tile = 0; tile * tile_keys_ < most; ++tile) {
      int64_t first = tile * tile_keys_, keys = smaller(tile_keys_, shape_.keys - first);
      gemm::for_row_tiles(rows_.count, kStripRows, [&](int64_t row, int64_t count) {
        int64_t visible = skip ? smaller(keys, rows_.first + row + count - first) : keys;
        if (visible > 0) strip_of(row, count, tile, first, keys, visible, skip);
      });
    }
  }

  // Rows [row, row + count) with the first `visible` of the keys of a tile.
  void strip_of(int64_t row, int64_t count, int64_t tile, int64_t first, int64_t keys, int64_t visible, bool skip) {
    int64_t q_row = shape_.heads * shape_.depth, y_row = shape_.heads * shape_.width;
    const T* tile_keys = packed_ + tile * forward_tile_size<T>(shape_);
    const T* tile_values = tile_keys + packed_size<T>(shape_.depth, tile_keys_);
    T* y = y_ + row * y_row;
    strip<T>(count, q_ + row * q_row, q_row, 1, {tile_keys, keys, visible, shape_.depth, 0, shape_.depth}, logits_,
             kLine, false, true);
    for (int64_t i = 0; i < count; ++i) {
      T scale = weights_of(row + i, logits_ + i * kLine, first, visible, skip);
      if (tile > 0 && scale != 1)
        for (int64_t j = 0; j < shape_.width; ++j) y[i * y_row + j] *= scale;
    }
    strip<T>(count, logits_, kLine, 1, {tile_values, shape_.width, shape_.width, keys, 0, visible}, y, y_row, tile > 0,
             false);
  }

  // Turns a row's products into weights, relative to the largest logit so far; returns by what earlier sums must be
  // multiplied for that.
  T weights_of(int64_t row, T* logits, int64_t first, int64_t count, bool skip) {
    using V = Vector<T>;
    int64_t position = rows_.first + row, visible = shape_.causal ? position + 1 - first : count;
    int64_t shown = skip ? larger(smaller(visible, count), 0) : count, padded = round_up(count, kWidth<T>);
    finish_logits<T>(logits, shown, visible, {in_.bias, rows_.batch, rows_.head, position, first},
                     {in_.mask, rows_.batch, rows_.head, position, first});
    fill(logits + shown, logits + padded, -std::numeric_limits<T>::infinity());
    V top = load<V>(logits);
    for (int64_t j = kWidth<T>; j < padded; j += kWidth<T>) top = max_or_second(load<V>(logits + j), top);
    T peak = largest<T>(top), before = peaks_[row];
    peak = peak > before ? peak : before;
    V sum{}, least = splat<V>(peak);
    for (int64_t j = 0; j < padded; j += kWidth<T>) {
      V weight = power(load<V>(logits + j) - least);
      store(logits + j, weight);
      sum += weight;
    }
    T scale = power(splat<V>(before - peak))[0];
    peaks_[row] = peak;
    sums_[row] = sums_[row] * scale + total<T>(sum);
    if (dropout_) {
      const uint32_t* bits = dropout_.draw(rows_.batch, rows_.head, position, first, count);
      T kept = static_cast<T>(shape_.kept);
      for (int64_t j = 0; j < count; ++j) logits[j] = bits[j] >= shape_.drop_below ? logits[j] * kept : T{};
    }
    return scale;
  }

  void finish(int64_t row) {
    T sum = sums_[row], peak = peaks_[row], log_sum = std::log(sum), factor = 1 / sum;
    T* y = y_ + row * shape_.heads * shape_.width;
    for (int64_t j = 0; j < shape_.width; ++j) y[j] *= factor;
    logs_[row] = peak + log_sum;
    rest_[row] = (peak - logs_[row]) + log_sum;
  }

  const AttentionShape& shape_;
  const AttentionInputs& in_;
  AttentionRows rows_;
  const T* packed_;
  T *logits_, *peaks_, *sums_;
  Dropout dropout_;
  int64_t tile_keys_;
  const T* q_;
  T *y_, *logs_, *rest_;
};

template <class T>
void forward(const AttentionShape& shape, const AttentionInputs& in, const AttentionResults& out, AttentionRows rows,
             const void* packed, void* workspace) {
  ForwardRows<T>(shape, in, out, rows, packed, workspace).run();
}

// ---- backward ------------------------------------------------------------------------------------------------------

template <class T>
int64_t backward_tile_keys(const AttentionShape&) {
  return kBackwardKeys;
}

// A tile holds the transposed keys and values, and the keys as they are.
template <class T>
int64_t backward_tile_size(const AttentionShape& shape) {
  return packed_size<T>(shape.depth + shape.width, kBackwardKeys) + packed_size<T>(kBackwardKeys, shape.depth);
}

template <class T>
int64_t backward_workspace(const AttentionShape& shape) {
  int64_t words = Dropout::words(kBackwardKeys) * static_cast<int64_t>(sizeof(uint32_t));
  return 2 * kBackwardRows * (kBackwardKeys + kPadding) + packed_size<T>(kBackwardRows, shape.depth) +
         packed_size<T>(kBackwardRows, shape.width) + words / static_cast<int64_t>(sizeof(T)) + 1;
}

template <class T>
void pack_backward(const AttentionShape& shape, const AttentionInputs& in, int64_t batch, int64_t group, int64_t tile,
                   void* packed) {
  int64_t first = tile * kBackwardKeys, keys = smaller(kBackwardKeys, shape.keys - first);
  const T* k = at<T>(in.k, offset(batch, first, group, shape.keys, shape.groups, shape.depth));
  const T* v = at<T>(in.v, offset(batch, first, group, shape.keys, shape.groups, shape.width));
  int64_t k_row = shape.groups * shape.depth, v_row = shape.groups * shape.width;
  T* to = static_cast<T*>(packed);
  T scale = static_cast<T>(shape.scale);
  pack<T>({k, 1, k_row}, shape.depth, keys, scale, to);
  pack<T>({v, 1, v_row}, shape.width, keys, 1, to + packed_size<T>(shape.depth, kBackwardKeys));
  pack<T>({k, k_row, 1}, keys, shape.depth, scale, to + packed_size<T>(shape.depth + shape.width, kBackwardKeys));
}

template <class T>
void deltas(const AttentionShape& shape, const void* g_data, const void* y_data, const void* g_logs, int64_t begin,
            int64_t end, void* deltas) {
  for (int64_t index = begin; index < end; ++index) {
    int64_t row = index % shape.rows, head = index / shape.rows % shape.heads, batch = index / shape.rows / shape.heads;
    int64_t place = offset(batch, row, head, shape.rows, shape.heads, shape.width);
    const T *g = at<T>(g_data, place), *y = at<T>(y_data, place);
    Vector<T> sum{};
    int64_t j = 0;
    for (; j + kWidth<T> <= shape.width; j += kWidth<T>) sum = fma(load<Vector<T>>(g + j), load<Vector<T>>(y + j), sum);
    T rest{};
    for (; j < shape.width; ++j) rest += g[j] * y[j];
    static_cast<T*>(deltas)[index] = total<T>(sum) + rest - static_cast<const T*>(g_logs)[index];
  }
}

template <class T>
class BackwardRows {
 public:
  BackwardRows(const AttentionShape& shape, const AttentionInputs& in, const AttentionGradients& gradients,
               AttentionRows rows, int64_t tile, const void* packed, void* workspace)
      : shape_(shape),
        in_(in),
        rows_(rows),
        group_(rows.head / shape.heads_of_group()),
        first_(tile * kBackwardKeys),
        keys_(smaller(kBackwardKeys, shape.keys - first_)),
        turned_keys_(static_cast<const T*>(packed)),
        turned_values_(turned_keys_ + packed_size<T>(shape.depth, kBackwardKeys)),
        plain_keys_(turned_values_ + packed_size<T>(shape.width, kBackwardKeys)),
        weights_(static_cast<T*>(workspace)),
        by_logits_(weights_ + kBackwardRows * kLine),
        packed_q_(by_logits_ + kBackwardRows * kLine),
        packed_g_(packed_q_ + packed_size<T>(kBackwardRows, shape.depth)),
        dropout_(shape, in, packed_g_ + packed_size<T>(kBackwardRows, shape.width)) {
    int64_t q_place = offset(rows.batch, rows.first, rows.head, shape.rows, shape.heads, shape.depth);
    int64_t row = (rows.batch * shape.heads + rows.head) * shape.rows + rows.first;
    q_ = at<T>(in.q, q_place);
    by_q_ = at<T>(gradients.by_q, q_place);
    g_ = at<T>(gradients.g, offset(rows.batch, rows.first, rows.head, shape.rows, shape.heads, shape.width));
    logs_ = at<T>(gradients.logs, row);
    rest_ = at<T>(gradients.rest, row);
    deltas_ = at<T>(gradients.deltas, row);
    by_k_ = at<T>(gradients.by_k, offset(rows.batch, first_, group_, shape.keys, shape.groups, shape.depth));
    by_v_ = at<T>(gradients.by_v, offset(rows.batch, first_, group_, shape.keys, shape.groups, shape.width));
    skip_ = shape.causal && !(in.mask.data && is_dead());
  }

  void run(bool by_q, bool by_kv) {
    if (skip_ && first_ >= rows_.first + rows_.count) return;
    gemm::for_row_tiles(rows_.count, kStripRows, [&](int64_t row, int64_t count) { weights(row, count, by_q); });
    if (by_kv) keys_and_values();
  }

 private:
  static constexpr int64_t kLine = kBackwardKeys + kPadding;

  bool is_dead() const {
    for (int64_t i = 0; i < rows_.count; ++i)
      if (logs_[i] <= masked_logit<T>() / 2) return true;
    return false;
  }

  // Weights and cotangents of the logits of rows [row, row + count), and what these give for the queries.
  void weights(int64_t row, int64_t count, bool by_q) {
    int64_t q_row = shape_.heads * shape_.depth, g_row = shape_.heads * shape_.width;
    int64_t visible = skip_ ? larger(smaller(keys_, rows_.first + row + count - first_), 0) : keys_;
    T *weights = weights_ + row * kLine, *by_logits = by_logits_ + row * kLine;
    if (visible > 0) {
      strip<T>(count, q_ + row * q_row, q_row, 1, {turned_keys_, keys_, visible, shape_.depth, 0, shape_.depth},
               weights, kLine, false, true);
      strip<T>(count, g_ + row * g_row, g_row, 1, {turned_values_, keys_, visible, shape_.width, 0, shape_.width},
               by_logits, kLine, false, true);
    }
    for (int64_t i = 0; i < count; ++i) row_of(row + i, weights + i * kLine, by_logits + i * kLine, visible);
    if (by_q && visible > 0)
      strip<T>(count, by_logits, kLine, 1, {plain_keys_, shape_.depth, shape_.depth, keys_, 0, visible},
               by_q_ + row * q_row, q_row, true, false);
  }

  // weights: q . k on entry, the weights as they were applied on return; by_logits: g . v on entry. `count` keys.
  void row_of(int64_t row, T* weights, T* by_logits, int64_t count) {
    using V = Vector<T>;
    int64_t position = rows_.first + row, visible = shape_.causal ? position + 1 - first_ : count;
    int64_t shown = skip_ ? larger(smaller(visible, count), 0) : count;
    Line<uint8_t> mask{in_.mask, rows_.batch, rows_.head, position, first_};
    finish_logits<T>(weights, shown, visible, {in_.bias, rows_.batch, rows_.head, position, first_}, mask);
    // Tiles of keys reach over the diagonal by less than a strip.
    int64_t end = smaller(round_up(count + kStripRows, kWidth<T>), kLine), padded = round_up(shown, kWidth<T>);
    fill(weights + shown, weights + end, -std::numeric_limits<T>::infinity());
    fill(by_logits + shown, by_logits + end, T{});
    V log = splat<V>(logs_[row]), rest = splat<V>(rest_[row]), delta = splat<V>(deltas_[row]);
    if (dropout_ && shown) {
      drop(row, weights, by_logits, shown);
    } else {
      for (int64_t j = 0; j < padded; j += kWidth<T>) {
        V weight = power((load<V>(weights + j) - log) - rest);
        store(weights + j, weight);
        store(by_logits + j, weight * (load<V>(by_logits + j) - delta));
      }
    }
    fill(weights + padded, weights + end, T{});
    // What was masked has no derivative; of a row that sees nothing, the weights are not 0.
    if (mask.data)
      for (int64_t j = 0; j < shown; ++j) by_logits[j] = mask.data[j * mask.step] ? by_logits[j] : T{};
    if (visible < shown) fill(by_logits + larger(visible, 0), by_logits + shown, T{});
  }

  void drop(int64_t row, T* weights, T* by_logits, int64_t count) {
    const uint32_t* bits = dropout_.draw(rows_.batch, rows_.head, rows_.first + row, first_, count);
    T log = logs_[row], rest = rest_[row], delta = deltas_[row], kept = static_cast<T>(shape_.kept);
    for (int64_t j = 0; j < round_up(count, kWidth<T>); j += kWidth<T>)
      store(weights + j, power((load<Vector<T>>(weights + j) - splat<Vector<T>>(log)) - splat<Vector<T>>(rest)));
    for (int64_t j = 0; j < count; ++j) {
      T factor = bits[j] >= shape_.drop_below ? kept : T{};
      by_logits[j] = weights[j] * (by_logits[j] * factor - delta);
      weights[j] *= factor;
    }
  }

  void keys_and_values() {
    int64_t q_row = shape_.heads * shape_.depth, g_row = shape_.heads * shape_.width;
    int64_t k_row = shape_.groups * shape_.depth, v_row = shape_.groups * shape_.width;
    pack<T>({q_, q_row, 1}, rows_.count, shape_.depth, static_cast<T>(shape_.scale), packed_q_);
    pack<T>({g_, g_row, 1}, rows_.count, shape_.width, 1, packed_g_);
    gemm::for_row_tiles(keys_, kStripRows, [&](int64_t key, int64_t count) {
      int64_t first = skip_ ? larger(0, first_ + key - rows_.first) : 0, depth = rows_.count - first;
      if (depth <= 0) return;
      strip<T>(count, weights_ + first * kLine + key, 1, kLine,
               {packed_g_, shape_.width, shape_.width, rows_.count, first, depth}, by_v_ + key * v_row, v_row, true,
               false);
      strip<T>(count, by_logits_ + first * kLine + key, 1, kLine,
               {packed_q_, shape_.depth, shape_.depth, rows_.count, first, depth}, by_k_ + key * k_row, k_row, true,
               false);
    });
  }

  const AttentionShape& shape_;
  const AttentionInputs& in_;
  AttentionRows rows_;
  int64_t group_, first_, keys_;
  const T *turned_keys_, *turned_values_, *plain_keys_;
  T *weights_, *by_logits_, *packed_q_, *packed_g_;
  Dropout dropout_;
  bool skip_;
  const T *q_, *g_, *logs_, *rest_, *deltas_;
  T *by_q_, *by_k_, *by_v_;
};

template <class T>
void backward(const AttentionShape& shape, const AttentionInputs& in, const AttentionGradients& gradients,
              AttentionRows rows, int64_t tile, const void* packed, bool by_q, bool by_kv, void* workspace) {
  BackwardRows<T>(shape, in, gradients, rows, tile, packed, workspace).run(by_q, by_kv);
}

template <class T>
constexpr AttentionFunctions make_functions() {
  return {forward_tile_keys<T>,
          forward_tile_size<T>,
          forward_workspace<T>,
          pack_forward<T>,
          forward<T>,
          backward_tile_keys<T>,
          backward_tile_size<T>,
          backward_workspace<T>,
          pack_backward<T>,
          deltas<T>,
          backward<T>};
}

}  // namespace

const AttentionFunctions& attention_functions(DType dtype) {
  static constexpr AttentionFunctions single = make_functions<float>(), twice = make_functions<double>();
  return dtype == DType::kFloat64 ? twice : single;
}

}  // namespace headwater::HW_ISA
