// The functions of recurrence.h for one instruction set. A step multiplies the states of a task's rows into the packed
// kernel, a block of units and all their gates at a time, and applies the gates while the block is in the first-level
// cache. Back in time, a step's cotangents are made for all units, then multiplied by the transposed kernel.
#include "../elementwise/math32.h"
#include "../matmul/gemm.h"
#include "../matmul/micro_kernel.h"
#include "recurrence.h"

namespace headwater::HW_ISA {
namespace {

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

template <class T>
const GemmFunctions& products() {
  return gemm_functions(sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64);
}

// Units whose gates are finished together: enough of them that many chains overlap, few enough that their products stay
// in the first-level cache. A multiple of every panel.
constexpr int64_t kBlock = 64;

// The distance between the gates in a tile of products, for `count` units of a block.
template <class T>
int64_t gate_distance(const RecurrenceShape& shape, int64_t count) {
  return shape.packed ? round_up(count, products<T>().direct_panel) : count;
}

// 1 / x for normal x with a normal inverse, within 2 units in the last place.
HW_INLINE F32 inverse(F32 x) {
#if HW_ISA_LEVEL == 2
  F32 r = (F32)_mm512_rcp14_ps((__m512)x);  // a division takes as long as ten multiplications
  return fma(r, fma(-x, r, splat<F32>(1.0f)), r);
#else
  return 1.0f / x;
#endif
}
// 1 / (1 + e^-x): as accurate as the general one wherever it exceeds 1e-37.
HW_INLINE F32 gate(F32 x) { return inverse(exp_normal(limit(-x, -87, 87)) + 1.0f); }
HW_INLINE F64 gate(F64 x) { return sigmoid(x); }
// -t / (t + 2) with t = e^(-2|x|) - 1, which is exact near 0.
HW_INLINE F32 squash(F32 x) {
  auto [k, tail] = exp_parts(max_or_second(splat<F32>(-20.0f), abs(x) * -2.0f));
  F32 power = exp2_of_integer(k);
  F32 t = fma(power, tail, power - 1.0f);
  return with_sign(abs(t * inverse(t + 2.0f)), x);
}
HW_INLINE F64 squash(F64 x) { return tanh(x); }

// Whole vectors of a line, or the first lanes of the last one.
template <class T>
struct Whole {
  HW_INLINE Vector<T> load(const T* from) const { return HW_ISA::load<Vector<T>>(from); }
  HW_INLINE void store(T* to, Vector<T> value) const { HW_ISA::store(to, value); }
};

// Calls visit(lanes, j) for each vector of 0 <= j < count.
template <class T, class Visit>
HW_INLINE void for_vectors(int64_t count, Visit&& visit) {
  constexpr int64_t width = kLanes<T>;
  int64_t j = 0;
  for (; j + width <= count; j += width) visit(Whole<T>{}, j);
  if (j < count) visit(gemm::Mask<T>(static_cast<int>(count - j)), j);
}

template <class T>
HW_INLINE Vector<T> zero() {
  return Vector<T>{};
}

// ---- packing -------------------------------------------------------------------------------------------------------

template <class T>
int64_t packed_size(const RecurrenceShape& shape, bool backward) {
  int64_t panel = products<T>().direct_panel;
  return backward ? shape.width() * round_up(shape.units, panel)
                  : shape.units * shape.gates() * round_up(shape.units, panel);
}

// Forward: for each block of units, panels for each gate. Backward: the transposed kernel.
template <class T>
void pack(const RecurrenceShape& shape, const void* kernel, bool backward, void* packed) {
  const GemmFunctions& gemm = products<T>();
  int64_t panel = gemm.direct_panel, units = shape.units, width = shape.width();
  T* to = static_cast<T*>(packed);
  if (backward) return gemm.pack_b({kernel, 1, width}, width, units, panel, to);
  for (int64_t first = 0; first < units; first += kBlock) {
    int64_t columns = units - first < kBlock ? units - first : kBlock;
    for (int64_t gate = 0; gate < shape.gates(); ++gate, to += units * round_up(columns, panel))
      gemm.pack_b({static_cast<const T*>(kernel) + gate * units + first, width, 1}, units, columns, panel, to);
  }
}

// ---- forward -------------------------------------------------------------------------------------------------------

// Where the numbers of one row at one step lie, for the units of a block.
template <class T>
struct Cell {
  int64_t units, block;  // between the gates of z and of what is saved; of the products
  const T *z, *bias, *h;
  T *tile, *c, *new_h, *state, *cell, *saved;  // tile: the products; cell, saved: may be null
  bool live;
};

// Gates work in two passes over a block, for all rows: `open` leaves in the tile what `close` goes on with. Each pass
// is many chains that do not wait for one another, where one pass would wait for its own first half.
struct SimpleGates {
  template <class T, class Lanes>
  static HW_INLINE void open(const Cell<T>&, Lanes, int64_t) {}
  template <class T, class Lanes>
  static HW_INLINE void close(const Cell<T>& at, Lanes lanes, int64_t j) {
    Vector<T> h = at.live ? squash(lanes.load(at.z + j) + lanes.load(at.tile + j)) : lanes.load(at.h + j);
    lanes.store(at.new_h + j, h);
    lanes.store(at.state + j, h);
  }
};

struct LstmGates {
  template <class T, class Lanes>
  static HW_INLINE void open(const Cell<T>& at, Lanes lanes, int64_t j) {
    auto sum = [&](int64_t number) HW_LAMBDA {
      return lanes.load(at.z + number * at.units + j) + lanes.load(at.tile + number * at.block + j);
    };
    Vector<T> i = gate(sum(0)), f = gate(sum(1)), g = squash(sum(2)), o = gate(sum(3));
    if (at.saved) {
      lanes.store(at.saved + j, i);
      lanes.store(at.saved + at.units + j, f);
      lanes.store(at.saved + 2 * at.units + j, g);
      lanes.store(at.saved + 3 * at.units + j, o);
    }
    Vector<T> c = lanes.load(at.c + j);
    if (at.live) c = fma(f, c, i * g);
    lanes.store(at.c + j, c);
    if (at.cell) lanes.store(at.cell + j, c);
    lanes.store(at.tile + j, o);
  }
  template <class T, class Lanes>
  static HW_INLINE void close(const Cell<T>& at, Lanes lanes, int64_t j) {
    Vector<T> h = at.live ? lanes.load(at.tile + j) * squash(lanes.load(at.c + j)) : lanes.load(at.h + j);
    lanes.store(at.new_h + j, h);
    lanes.store(at.state + j, h);
  }
};

struct GruGates {
  template <class T, class Lanes>
  static HW_INLINE void open(const Cell<T>& at, Lanes lanes, int64_t j) {
    auto outer = [&](int64_t number) HW_LAMBDA { return lanes.load(at.z + number * at.units + j); };
    auto inner = [&](int64_t number) HW_LAMBDA {
      return lanes.load(at.tile + number * at.block + j) + lanes.load(at.bias + number * at.units + j);
    };
    Vector<T> u = gate(outer(0) + inner(0)), r = gate(outer(1) + inner(1)), product = inner(2);
    if (at.saved) {
      lanes.store(at.saved + j, u);
      lanes.store(at.saved + at.units + j, r);
      lanes.store(at.saved + 3 * at.units + j, product);
    }
    lanes.store(at.tile + j, u);
    lanes.store(at.tile + at.block + j, fma(r, product, outer(2)));
  }
  template <class T, class Lanes>
  static HW_INLINE void close(const Cell<T>& at, Lanes lanes, int64_t j) {
    Vector<T> u = lanes.load(at.tile + j), n = squash(lanes.load(at.tile + at.block + j));
    if (at.saved) lanes.store(at.saved + 2 * at.units + j, n);
    Vector<T> h = lanes.load(at.h + j);
    if (at.live) h = fma(u, h, (static_cast<T>(1) - u) * n);
    lanes.store(at.new_h + j, h);
    lanes.store(at.state + j, h);
  }
};

// Per row: the state before a step and after it, the cell, and a tile of products.
template <class T>
int64_t forward_workspace(const RecurrenceShape& shape) {
  int64_t most = shape.packed ? kBlock : round_up(shape.units, kLanes<T>);
  return 3 * round_up(shape.units, kLanes<T>) + shape.gates() * most;
}

template <class T, class Gates>
void run_forward(const RecurrenceShape& shape, const RecurrenceInputs& in, const RecurrenceResults& out, int64_t first,
                 int64_t rows, void* workspace) {
  const GemmFunctions& gemm = products<T>();
  const int64_t units = shape.units, width = shape.width(), length = shape.length, gates = shape.gates();
  const int64_t most = shape.packed ? kBlock : units, size = rows * round_up(units, kLanes<T>);
  T* h = static_cast<T*>(workspace);
  T *next = h + size, *c = next + size, *tile = c + size;
  const int64_t state_bytes = rows * units * static_cast<int64_t>(sizeof(T));
  auto of_state = [&](const void* state) { return static_cast<const T*>(state) + first * units; };
  std::memcpy(h, of_state(in.h), static_cast<size_t>(state_bytes));
  if (in.c) std::memcpy(c, of_state(in.c), static_cast<size_t>(state_bytes));
  for (int64_t turn = 0; turn < length; ++turn) {
    const int64_t step = shape.reverse ? length - 1 - turn : turn;
    for (int64_t begin = 0; begin < units; begin += most) {
      const int64_t count = units - begin < most ? units - begin : most, block = gate_distance<T>(shape, count);
      if (shape.packed) {
        gemm.direct({h, units, 1}, static_cast<const T*>(in.kernel) + begin * gates * units, 0, true, rows,
                    gates * block, units, tile, gates * block);
      } else if (rows == 1) {
        gemm.rows_by_lines({h, units, 1}, in.kernel, width, 1, width, units, tile, width);
      } else {
        gemm.direct({h, units, 1}, in.kernel, width, false, rows, width, units, tile, width);
      }
      auto each_row = [&](auto&& visit) HW_LAMBDA {
        for (int64_t row = 0; row < rows; ++row) {
          const int64_t place = (first + row) * length + step, own = row * units + begin;
          auto at_place = [&](void* data, int64_t size) {
            return data ? static_cast<T*>(data) + place * size + begin : nullptr;
          };
          Cell<T> at{units,
                     block,
                     static_cast<const T*>(in.z) + place * width + begin,
                     in.bias ? static_cast<const T*>(in.bias) + begin : nullptr,
                     h + own,
                     tile + row * gates * block,
                     c + own,
                     next + own,
                     at_place(out.states, units),
                     at_place(out.cells, units),
                     at_place(out.saved, 4 * units),
                     !in.mask || in.mask[place]};
          for_vectors<T>(count, [&](auto lanes, int64_t j) HW_LAMBDA { visit(at, lanes, j); });
        }
      };
      each_row([](const Cell<T>& at, auto lanes, int64_t j) HW_LAMBDA { Gates::open(at, lanes, j); });
      each_row([](const Cell<T>& at, auto lanes, int64_t j) HW_LAMBDA { Gates::close(at, lanes, j); });
    }
    T* other = h;
    h = next;
    next = other;
  }
  std::memcpy(static_cast<T*>(out.last_h) + first * units, h, static_cast<size_t>(state_bytes));
  if (out.last_c) std::memcpy(static_cast<T*>(out.last_c) + first * units, c, static_cast<size_t>(state_bytes));
}

// ---- backward ------------------------------------------------------------------------------------------------------

// Where the numbers of one row at one step lie.
template <class T>
struct Slope {
  int64_t units;
  const T *by_state, *saved, *state, *before;  // by_state may be null
  const T* total;                              // the cotangent of the state after the step, but for by_state
  T *by_c, *rest, *by_z, *by_inner;            // rest: what of it passes the product by
  bool live;

  template <class Lanes>
  HW_INLINE Vector<T> cotangent(Lanes lanes, int64_t j) const {
    Vector<T> sum = lanes.load(total + j);
    return by_state ? sum + lanes.load(by_state + j) : sum;
  }
};

template <class V>
HW_INLINE V gate_slope(V y) {
  return y * (1 - y);
}
template <class V>
HW_INLINE V tanh_slope(V y) {
  return 1 - y * y;
}

struct SimpleSlopes {
  template <class T, class Lanes>
  static HW_INLINE void apply(const Slope<T>& at, Lanes lanes, int64_t j) {
    Vector<T> g = at.cotangent(lanes, j);
    lanes.store(at.by_z + j, at.live ? g * tanh_slope(lanes.load(at.state + j)) : zero<T>());
    lanes.store(at.rest + j, at.live ? zero<T>() : g);
  }
};

struct LstmSlopes {
  template <class T, class Lanes>
  static HW_INLINE void apply(const Slope<T>& at, Lanes lanes, int64_t j) {
    auto put = [&](int64_t number, Vector<T> value)
                   HW_LAMBDA { lanes.store(at.by_z + number * at.units + j, at.live ? value : zero<T>()); };
    Vector<T> by_h = at.cotangent(lanes, j), by_c = lanes.load(at.by_c + j);
    Vector<T> i = lanes.load(at.saved + j), f = lanes.load(at.saved + at.units + j);
    Vector<T> g = lanes.load(at.saved + 2 * at.units + j), o = lanes.load(at.saved + 3 * at.units + j);
    Vector<T> squashed = squash(lanes.load(at.state + j));
    Vector<T> total = fma(by_h * o, tanh_slope(squashed), by_c);
    put(0, total * g * gate_slope(i));
    put(1, total * lanes.load(at.before + j) * gate_slope(f));
    put(2, total * i * tanh_slope(g));
    put(3, by_h * squashed * gate_slope(o));
    lanes.store(at.by_c + j, at.live ? total * f : by_c);
    lanes.store(at.rest + j, at.live ? zero<T>() : by_h);
  }
};

struct GruSlopes {
  template <class T, class Lanes>
  static HW_INLINE void apply(const Slope<T>& at, Lanes lanes, int64_t j) {
    auto put = [&](T* to, int64_t number, Vector<T> value)
                   HW_LAMBDA { lanes.store(to + number * at.units + j, at.live ? value : zero<T>()); };
    Vector<T> total = at.cotangent(lanes, j);
    Vector<T> u = lanes.load(at.saved + j), r = lanes.load(at.saved + at.units + j);
    Vector<T> n = lanes.load(at.saved + 2 * at.units + j), product = lanes.load(at.saved + 3 * at.units + j);
    Vector<T> by_u = total * (lanes.load(at.before + j) - n) * gate_slope(u);
    Vector<T> by_n = total * (1 - u) * tanh_slope(n);
    Vector<T> by_r = by_n * product * gate_slope(r);
    put(at.by_z, 0, by_u);
    put(at.by_z, 1, by_r);
    put(at.by_z, 2, by_n);
    put(at.by_inner, 0, by_u);
    put(at.by_inner, 1, by_r);
    put(at.by_inner, 2, by_n * r);
    lanes.store(at.rest + j, at.live ? total * u : total);
  }
};

// Per row: the cotangent of the state, what passes the product by, and the cotangent of the cell.
template <class T>
int64_t backward_workspace(const RecurrenceShape& shape) {
  return 3 * round_up(shape.units, kLanes<T>);
}

template <class T, class Slopes>
void run_backward(const RecurrenceShape& shape, const RecurrenceCotangents& in, const RecurrenceGradients& out,
                  int64_t first, int64_t rows, void* workspace) {
  const GemmFunctions& gemm = products<T>();
  const int64_t units = shape.units, width = shape.width(), length = shape.length;
  const int64_t size = rows * round_up(units, kLanes<T>);
  T* total = static_cast<T*>(workspace);
  T *rest = total + size, *by_c = rest + size;
  const size_t state_bytes = static_cast<size_t>(rows * units) * sizeof(T);
  auto start = [&](T* to, const void* from) {
    if (from)
      std::memcpy(to, static_cast<const T*>(from) + first * units, state_bytes);
    else
      std::memset(to, 0, state_bytes);
  };
  start(total, in.by_last);
  start(by_c, in.by_c);
  T* multiplied = static_cast<T*>(out.by_inner ? out.by_inner : out.by_z);
  const bool passes = shape.kind == Recurrence::kGru || in.mask;  // something passes the product by
  for (int64_t turn = length - 1; turn >= 0; --turn) {
    const int64_t step = shape.reverse ? length - 1 - turn : turn, earlier = shape.reverse ? step + 1 : step - 1;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t place = (first + row) * length + step, own = row * units;
      auto at_place = [&](auto* data, int64_t size) { return data ? data + place * size : nullptr; };
      Slope<T> at{units,
                  at_place(static_cast<const T*>(in.by_states), units),
                  at_place(static_cast<const T*>(in.saved), 4 * units),
                  at_place(static_cast<const T*>(in.states), units),
                  turn == 0 ? static_cast<const T*>(in.first) + (first + row) * units
                            : static_cast<const T*>(in.states) + ((first + row) * length + earlier) * units,
                  total + own,
                  by_c + own,
                  rest + own,
                  at_place(static_cast<T*>(out.by_z), width),
                  at_place(static_cast<T*>(out.by_inner), width),
                  !in.mask || in.mask[place]};
      for_vectors<T>(units, [&](auto lanes, int64_t j) HW_LAMBDA { Slopes::apply(at, lanes, j); });
    }
    gemm.direct({multiplied + (first * length + step) * width, length * width, 1}, in.kernel, 0, true, rows, units,
                width, total, units);
    if (passes) {
      for_vectors<T>(rows * units, [&](auto lanes, int64_t j) HW_LAMBDA {
        lanes.store(total + j, lanes.load(total + j) + lanes.load(rest + j));
      });
    }
  }
  std::memcpy(static_cast<T*>(out.by_first) + first * units, total, state_bytes);
  if (out.by_first_c) std::memcpy(static_cast<T*>(out.by_first_c) + first * units, by_c, state_bytes);
}

// ---- the table -----------------------------------------------------------------------------------------------------

template <class T>
int64_t row_workspace(const RecurrenceShape& shape, bool backward) {
  return backward ? backward_workspace<T>(shape) : forward_workspace<T>(shape);
}

template <class T>
void forward(const RecurrenceShape& shape, const RecurrenceInputs& in, const RecurrenceResults& out, int64_t first,
             int64_t rows, void* workspace) {
  auto* run = shape.kind == Recurrence::kSimple ? run_forward<T, SimpleGates>
              : shape.kind == Recurrence::kLstm ? run_forward<T, LstmGates>
                                                : run_forward<T, GruGates>;
  run(shape, in, out, first, rows, workspace);
}

template <class T>
void backward(const RecurrenceShape& shape, const RecurrenceCotangents& in, const RecurrenceGradients& out,
              int64_t first, int64_t rows, void* workspace) {
  auto* run = shape.kind == Recurrence::kSimple ? run_backward<T, SimpleSlopes>
              : shape.kind == Recurrence::kLstm ? run_backward<T, LstmSlopes>
                                                : run_backward<T, GruSlopes>;
  run(shape, in, out, first, rows, workspace);
}

template <class T>
constexpr RecurrenceFunctions make_functions() {
  return {packed_size<T>, pack<T>, row_workspace<T>, forward<T>, backward<T>};
}

}  // namespace

const RecurrenceFunctions& recurrence_functions(DType dtype) {
  static constexpr RecurrenceFunctions single = make_functions<float>(), twice = make_functions<double>();
  return dtype == DType::kFloat64 ? twice : single;
}

}  // namespace headwater::HW_ISA
