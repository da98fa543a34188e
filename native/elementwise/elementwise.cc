// The "elementwise" kernel: runs a plan over its tiles. Everything is decided in plan.cc; here are the loops.
#include <cstring>
#include <memory>
#include <new>

#include "../kernel.h"
#include "../thread_pool.h"
#include "plan.h"

namespace headwater::elementwise {
namespace {

constexpr int64_t kStreamingBytes = int64_t{16} << 20;
constexpr size_t kKeptScratch = size_t{1} << 20;
constexpr int kMostOutputs = 64;

// Registers of the tiles of one thread; kept between runs while small.
class ThreadScratch {
 public:
  explicit ThreadScratch(size_t bytes) : large_(bytes > kKeptScratch) {
    if (large_) {
      memory_ = allocate(bytes);
      return;
    }
    thread_local Kept kept;
    if (kept.bytes < bytes) {
      kept.memory = allocate(bytes);
      kept.bytes = bytes;
    }
    small_ = kept.memory.get();
  }
  char* get() const { return large_ ? memory_.get() : small_; }

 private:
  struct Free {
    void operator()(char* memory) const { ::operator delete(memory, std::align_val_t{64}); }
  };
  using Memory = std::unique_ptr<char, Free>;
  struct Kept {
    Memory memory;
    size_t bytes = 0;
  };
  static Memory allocate(size_t bytes) {
    return Memory(static_cast<char*>(::operator new(bytes, std::align_val_t{64})));
  }

  bool large_;
  Memory memory_;
  char* small_ = nullptr;
};

// `count` copies of one item.
void repeat_item(char* to, const char* item, int item_size, int64_t count) {
  switch (item_size) {
    case 1:
      std::memset(to, static_cast<unsigned char>(*item), static_cast<size_t>(count));
      return;
    case 2: {
      uint16_t value;
      std::memcpy(&value, item, 2);
      for (int64_t i = 0; i < count; ++i) std::memcpy(to + 2 * i, &value, 2);
      return;
    }
    case 4: {
      uint32_t value;
      std::memcpy(&value, item, 4);
      for (int64_t i = 0; i < count; ++i) std::memcpy(to + 4 * i, &value, 4);
      return;
    }
    case 8: {
      uint64_t value;
      std::memcpy(&value, item, 8);
      for (int64_t i = 0; i < count; ++i) std::memcpy(to + 8 * i, &value, 8);
      return;
    }
    default:
      for (int64_t i = 0; i < count; ++i) std::memcpy(to + item_size * i, item, static_cast<size_t>(item_size));
  }
}

class ElementwiseKernel : public Kernel {
 public:
  explicit ElementwiseKernel(std::unique_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  void run(const void* const* in, void* const* out, void* scratch) const override;
  size_t scratch_bytes() const override { return static_cast<size_t>(plan_->scratch_bytes); }
  double cost_hint() const override { return plan_->nanoseconds; }

 private:
  std::unique_ptr<const Plan> plan_;
};

// What all tasks of one run share.
struct Shared {
  const Plan& plan;
  const void* const* in;
  void* const* out;
  char* scratch;
  bool direct[kMostOutputs];  // outputs written where they belong at once
  const ChainStep* steps;
  bool streaming;

  Shared(const Plan& p, const void* const* inputs, void* const* outputs, char* memory)
      : plan(p), in(inputs), out(outputs), scratch(memory), steps(p.steps.data()), streaming(false) {
    bool aliased = false;
    for (size_t i = 0; i < p.outputs.size(); ++i) {
      const DirectOutput& output = p.outputs[i];
      direct[i] = true;
      for (int input : output.hazards) direct[i] &= in[input] != out[output.output];
    }
    if (p.output_bytes >= kStreamingBytes) {
      for (const DirectOutput& output : p.outputs) {
        aliased |= reinterpret_cast<uintptr_t>(out[output.output]) % 64 != 0;
        for (size_t j = 0; j < p.tape.inputs.size(); ++j) aliased |= in[j] == out[output.output];
      }
      int64_t tile = p.packed ? p.tile_rows * p.columns : p.rows == 1 ? 0 : p.columns;
      streaming = !aliased && tile % 64 == 0;
      if (streaming) steps = p.streaming_steps.data();
    }
  }
};

class Task {
 public:
  Task(const Shared& shared, int64_t task)
      : s_(shared), p_(shared.plan), scratch_(bytes_of(shared.plan)), copy_(p_.copies > 1 ? task : 0) {
    slots_ = reinterpret_cast<char**>(scratch_.get());
    base_ = scratch_.get() + slot_bytes(p_);
    for (size_t i = 0; i < p_.slots.size(); ++i) {
      const SlotHome& home = p_.slots[i];
      switch (home.kind) {
        case SlotHome::Kind::kConstant:
          slots_[i] = reinterpret_cast<char*>(const_cast<unsigned char*>(p_.constant_of_slot[i]->bytes));
          break;
        case SlotHome::Kind::kUniform:
          slots_[i] = s_.scratch + home.offset;
          break;
        default:
          slots_[i] = base_ + home.offset;
      }
    }
    if (p_.copies > 1)
      for (const Accumulator& a : p_.accumulators) a.reduce->initialize(accumulators(a), a.count);
  }

  void run(int64_t begin, int64_t end) {
    if (p_.packed) {
      for (int64_t tile = begin; tile < end; ++tile) packed_tile(tile);
    } else if (p_.row_at_once) {
      for (int64_t row = begin; row < end; ++row) whole_row(row);
    } else {
      for (int64_t tile = begin; tile < end; ++tile) segment_tile(tile);
    }
#if defined(__x86_64__)
    if (s_.streaming) __builtin_ia32_sfence();
#endif
  }

  static size_t slot_bytes(const Plan& p) { return (p.slots.size() * sizeof(char*) + 63) / 64 * 64; }
  static size_t bytes_of(const Plan& p) { return slot_bytes(p) + static_cast<size_t>(p.thread_bytes) + 64; }

 private:
  char* accumulators(const Accumulator& a) const {
    int64_t bytes = (a.count * a.reduce->accumulator_size + 63) / 64 * 64;
    return s_.scratch + a.offset + copy_ * bytes;
  }
  const char* input(int index) const { return static_cast<const char*>(s_.in[index]); }
  char* output(int index) const { return static_cast<char*>(s_.out[index]); }

  int64_t offset_of(const Strides& strides, int64_t row) const {
    size_t count = p_.outer.size();
    if (count == 0) return 0;
    if (count == 1) return row * strides.outer[0];
    int64_t offset = 0;
    for (size_t i = count; i-- > 1;) {
      int64_t next = row / p_.outer[i];
      offset += (row - next * p_.outer[i]) * strides.outer[i];
      row = next;
    }
    return offset + row * strides.outer[0];
  }

  // ---- tiles within a row
  void segment_tile(int64_t tile) {
    int64_t row, segment;
    if (p_.by_strips) {
      segment = tile / p_.rows;
      row = tile - segment * p_.rows;
    } else if (p_.segments == 1) {
      segment = 0;
      row = tile;
    } else {
      row = tile / p_.segments;
      segment = tile - row * p_.segments;
    }
    if (row != row_) start_row(row);
    int64_t first = segment * p_.tile_columns;
    run_segment(0, first, std::min(p_.tile_columns, p_.columns - first));
  }
  void start_row(int64_t row) {
    row_ = row;
    for (const BoundInput& bound : p_.row_inputs) row_value(bound, row);
    run_rows(0, 1);
  }
  void row_value(const BoundInput& bound, int64_t row) {
    int64_t offset = offset_of(bound.strides, row);
    char* to = slots_[bound.slot];
    if (bound.input < 0) {
      functions().iota[static_cast<int>(bound.lane)](to, offset, 0, kBlockLanes);
    } else {
      repeat_item(to, input(bound.input) + offset * bound.item_size, bound.item_size, kBlockLanes);
    }
  }
  void whole_row(int64_t row) {
    row_ = row;
    for (const BoundInput& bound : p_.row_inputs) row_value(bound, row);
    for (int stage = 0; stage < p_.stages; ++stage) {
      run_rows(stage, 1);
      const auto& units = p_.tile_units[static_cast<size_t>(stage)];
      for (const Unit& unit : units)
        if (unit.kind == Unit::Kind::kRowReduce) unit.reduce->initialize(base_ + unit.accumulator, 1);
      for (int64_t segment = 0; segment < p_.segments; ++segment) {
        int64_t first = segment * p_.tile_columns;
        run_segment(stage, first, std::min(p_.tile_columns, p_.columns - first));
      }
      for (const Unit& unit : units) {
        if (unit.kind != Unit::Kind::kRowReduce) continue;
        alignas(16) char value[16];
        unit.reduce->finish(value, base_ + unit.accumulator, 1);
        repeat_item(slots_[unit.result], value, unit.item_size, kBlockLanes);
      }
    }
  }
  void run_segment(int stage, int64_t first, int64_t n) {
    first_ = first;
    for (const BoundInput& bound : p_.full_inputs) {
      int64_t offset = offset_of(bound.strides, row_) + first;
      if (bound.input < 0) {
        functions().iota[static_cast<int>(bound.lane)](slots_[bound.slot], offset, 1, n);
      } else {
        slots_[bound.slot] = const_cast<char*>(input(bound.input)) + offset * bound.item_size;
      }
    }
    bind_outputs(row_ * p_.columns + first, first);
    if (p_.long_rows)
      for (size_t i = 0; i < p_.slots.size(); ++i)
        if (p_.slots[i].kind == SlotHome::Kind::kThreadLong)
          slots_[i] = base_ + p_.slots[i].offset + first * p_.slots[i].item_size;
    run_units(stage, n);
  }
  void bind_outputs(int64_t element, int64_t first) {
    for (size_t i = 0; i < p_.outputs.size(); ++i) {
      const DirectOutput& out = p_.outputs[i];
      slots_[out.slot] = s_.direct[i] ? output(out.output) + element * out.item_size
                                      : base_ + out.register_offset + (out.long_register ? first * out.item_size : 0);
    }
    element_ = element;
  }

  // ---- tiles of whole rows
  void packed_tile(int64_t tile) {
    int64_t group = tile / p_.tiles_per_group;
    int64_t within = (tile - group * p_.tiles_per_group) * p_.tile_rows;
    row_ = group * p_.group_rows + within;
    tile_rows_ = std::min({p_.tile_rows, p_.group_rows - within, p_.rows - row_});
    int64_t n = tile_rows_ * p_.columns;
    for (const BoundInput& bound : p_.full_inputs) {
      if (bound.contiguous) {
        slots_[bound.slot] = const_cast<char*>(input(bound.input)) + row_ * p_.columns * bound.item_size;
      } else if (!bound.constant_pattern) {
        gather(bound, row_, tile_rows_);
      } else if (!patterns_made_) {
        gather(bound, row_, p_.tile_rows);
      }
    }
    patterns_made_ = true;
    for (const BoundInput& bound : p_.row_inputs) gather_row_values(bound);
    bind_outputs(row_ * p_.columns, 0);
    for (int stage = 0; stage < p_.stages; ++stage) {
      run_rows(stage, tile_rows_);
      run_units(stage, n);
    }
  }
  // Calls visit(first row within the tile, rows, offset of the first, stride) for runs of rows at even distances.
  template <class Visit>
  void visit_rows(const Strides& strides, int64_t first, int64_t rows, Visit visit) const {
    size_t last = p_.outer.size() - 1;
    int64_t size = p_.outer[last];
    for (int64_t done = 0; done < rows;) {
      int64_t row = first + done;
      int64_t run = std::min(rows - done, size - row % size);
      visit(done, run, offset_of(strides, row), strides.outer[last]);
      done += run;
    }
  }
  void gather(const BoundInput& bound, int64_t first, int64_t rows) {
    char* to = slots_[bound.slot];
    int64_t row_bytes = p_.columns * bound.item_size;
    visit_rows(bound.strides, first, rows, [&](int64_t at, int64_t count, int64_t offset, int64_t stride) {
      char* target = to + at * row_bytes;
      for (int64_t r = 0; r < count; ++r, target += row_bytes, offset += stride) {
        if (bound.input < 0) {
          functions().iota[static_cast<int>(bound.lane)](target, offset, 1, p_.columns);
        } else if (stride == 0 && r > 0) {
          std::memcpy(target, target - row_bytes, static_cast<size_t>(row_bytes));
        } else {
          std::memcpy(target, input(bound.input) + offset * bound.item_size, static_cast<size_t>(row_bytes));
        }
      }
    });
  }
  void gather_row_values(const BoundInput& bound) {
    char* to = slots_[bound.slot];
    visit_rows(bound.strides, row_, tile_rows_, [&](int64_t at, int64_t count, int64_t offset, int64_t stride) {
      char* target = to + at * bound.item_size;
      if (bound.input < 0) {
        functions().iota[static_cast<int>(bound.lane)](target, offset, stride, count);
        return;
      }
      const char* from = input(bound.input) + offset * bound.item_size;
      if (stride == 1) {
        std::memcpy(target, from, static_cast<size_t>(count * bound.item_size));
      } else {
        for (int64_t r = 0; r < count; ++r)
          std::memcpy(target + r * bound.item_size, from + r * stride * bound.item_size,
                      static_cast<size_t>(bound.item_size));
      }
    });
  }

  // ---- units
  void run_rows(int stage, int64_t rows) {
    for (const Unit& unit : p_.row_units[static_cast<size_t>(stage)]) {
      if (unit.kind == Unit::Kind::kStoreRows) {
        char* to = output(unit.output) + row_ * unit.item_size;
        if (unit.steps[0]) {
          std::memcpy(to, slots_[unit.args[0]], static_cast<size_t>(rows * unit.item_size));
        } else {
          repeat_item(to, slots_[unit.args[0]], unit.item_size, rows);
        }
        continue;
      }
      operate(unit, p_.packed ? rows : kBlockLanes);
    }
  }
  void operate(const Unit& unit, int64_t n) const {
    const void* args[4];
    for (int i = 0; i < unit.num_args; ++i) args[i] = slots_[unit.args[i]];
    unit.function(slots_[unit.result], args, unit.steps, n);
  }
  void run_units(int stage, int64_t n) {
    for (const Unit& unit : p_.tile_units[static_cast<size_t>(stage)]) {
      switch (unit.kind) {
        case Unit::Kind::kChain:
          unit.chain(s_.steps + unit.first_step, unit.num_steps, slots_, n);
          break;
        case Unit::Kind::kOperation:
          operate(unit, n);
          break;
        case Unit::Kind::kRowReduce:
          row_reduce(unit, n);
          break;
        case Unit::Kind::kAccumulate:
          accumulate(unit, n);
          break;
        case Unit::Kind::kExpand:
          expand(unit);
          break;
        case Unit::Kind::kCopyOut:
          copy_out(unit, n);
          break;
        case Unit::Kind::kStoreRows:
          break;
      }
    }
  }
  void row_reduce(const Unit& unit, int64_t n) const {
    if (p_.packed) {
      unit.reduce->rows(slots_[unit.result], slots_[unit.args[0]], tile_rows_, p_.columns);
    } else {
      unit.reduce->segment(base_ + unit.accumulator, slots_[unit.args[0]], n);
    }
  }
  void expand(const Unit& unit) const {
    const char* from = slots_[unit.args[0]];
    char* to = slots_[unit.result];
    if (unit.item_size == 4) {  // the frequent one, without a call per row
      for (int64_t r = 0; r < tile_rows_; ++r) {
        uint32_t value;
        std::memcpy(&value, from + r * 4, 4);
        for (int64_t c = 0; c < p_.columns; ++c, to += 4) std::memcpy(to, &value, 4);
      }
      return;
    }
    for (int64_t r = 0; r < tile_rows_; ++r)
      repeat_item(to + r * p_.columns * unit.item_size, from + r * unit.item_size, unit.item_size, p_.columns);
  }
  void copy_out(const Unit& unit, int64_t n) const {
    for (size_t i = 0; i < p_.outputs.size(); ++i) {
      const DirectOutput& out = p_.outputs[i];
      if (out.slot != unit.args[0] || s_.direct[i]) continue;
      std::memcpy(output(out.output) + element_ * out.item_size, slots_[out.slot],
                  static_cast<size_t>(n * out.item_size));
    }
  }
  void accumulate(const Unit& unit, int64_t n) {
    const Accumulator& a = p_.accumulators[static_cast<size_t>(unit.accumulator)];
    char* to = accumulators(a);
    int size = a.reduce->accumulator_size;
    const char* from = slots_[unit.args[0]];
    if (!p_.packed) {
      int64_t offset = offset_of(a.strides, row_);
      if (a.strides.inner == 0) {
        a.reduce->segment(to + offset * size, from, n);
      } else {
        a.reduce->vector(to + (offset + first_) * size, from, n);
      }
      return;
    }
    int64_t columns = p_.columns;
    int64_t row_bytes = columns * unit.item_size;
    visit_rows(a.strides, row_, tile_rows_, [&](int64_t at, int64_t count, int64_t offset, int64_t stride) {
      const char* rows = from + at * row_bytes;
      char* target = to + offset * size;
      if (a.strides.inner == 0 && stride == 0) {
        a.reduce->segment(target, rows, count * columns);
      } else if (a.strides.inner == 0) {
        char* sums = base_ + p_.rows_offset;
        a.reduce->rows(sums, rows, count, columns);
        if (stride == 1) {
          a.reduce->vector(target, sums, count);
        } else {
          for (int64_t r = 0; r < count; ++r)
            a.reduce->vector(target + r * stride * size, sums + r * unit.item_size, 1);
        }
      } else if (stride == 0) {
        a.reduce->vector(target, fold(a, rows, count, unit.item_size), columns);
      } else if (stride == columns) {
        a.reduce->vector(target, rows, count * columns);
      } else {
        for (int64_t r = 0; r < count; ++r) a.reduce->vector(target + r * stride * size, rows + r * row_bytes, columns);
      }
    });
  }
  // Rows added in pairs, then pairs of pairs: few roundings, and long loops however short a row is.
  const char* fold(const Accumulator& a, const char* rows, int64_t count, int item_size) const {
    char* to = base_ + p_.fold_offset;
    int64_t row_bytes = p_.columns * item_size;
    const char* from = rows;
    while (count > 1) {
      int64_t half = count / 2;
      int64_t rest = count - half;
      a.reduce->fold(to, from, from + rest * row_bytes, half * p_.columns);
      if (rest > half && from != to)
        std::memcpy(to + half * row_bytes, from + half * row_bytes, static_cast<size_t>(row_bytes));
      from = to;
      count = rest;
    }
    return from;
  }

  const Shared& s_;
  const Plan& p_;
  ThreadScratch scratch_;
  int64_t copy_;
  char** slots_;
  char* base_;
  int64_t row_ = -1, tile_rows_ = 1, first_ = 0, element_ = 0;
  bool patterns_made_ = false;
};

void run_uniform_part(const Plan& p, const void* const* in, char* scratch) {
  auto pointer = [&](int slot) -> char* {
    const SlotHome& home = p.slots[static_cast<size_t>(slot)];
    if (home.kind == SlotHome::Kind::kUniform) return scratch + home.offset;
    return reinterpret_cast<char*>(const_cast<unsigned char*>(p.constant_of_slot[static_cast<size_t>(slot)]->bytes));
  };
  for (const UniformInput& uniform : p.uniform_inputs)
    repeat_item(pointer(uniform.slot), static_cast<const char*>(in[uniform.input]), uniform.item_size, kBlockLanes);
  for (const Unit& unit : p.uniform_units) {
    const void* args[4];
    for (int i = 0; i < unit.num_args; ++i) args[i] = pointer(unit.args[i]);
    unit.function(pointer(unit.result), args, unit.steps, kBlockLanes);
  }
}

void finish(const Plan& p, const Accumulator& a, char* scratch, void* out) {
  int64_t bytes = (a.count * a.reduce->accumulator_size + 63) / 64 * 64;
  int size = a.reduce->accumulator_size;
  int item = lane_size(a.lane);
  bool half = a.dtype == DType::kFloat16 || a.dtype == DType::kBFloat16;
  parallel_for(a.count, 32768, [&](int64_t begin, int64_t end) {
    char* first = scratch + a.offset + begin * size;
    for (int64_t copy = 1; copy < p.copies; ++copy) a.reduce->merge(first, first + copy * bytes, end - begin);
    if (!half) {
      a.reduce->finish(static_cast<char*>(out) + begin * item, first, end - begin);
      return;
    }
    Op op = a.dtype == DType::kFloat16 ? Op::kStoreFloat16 : Op::kStoreBFloat16;
    OpFunction store = functions().ops[static_cast<int>(op)][static_cast<int>(Lane::kF32)];
    for (int64_t i = begin; i < end; i += 256) {
      float values[256];
      int64_t n = std::min<int64_t>(256, end - i);
      a.reduce->finish(values, scratch + a.offset + i * size, n);
      const void* args[] = {values};
      int64_t step = 1;
      store(static_cast<char*>(out) + i * 2, args, &step, n);
    }
  });
}

void ElementwiseKernel::run(const void* const* in, void* const* out, void* scratch_memory) const {
  const Plan& p = *plan_;
  char* scratch = static_cast<char*>(scratch_memory);
  if (p.tiles > 0) run_uniform_part(p, in, scratch);
  if (p.copies == 1)
    for (const Accumulator& a : p.accumulators) a.reduce->initialize(scratch + a.offset, a.count);
  Shared shared(p, in, out, scratch);
  if (p.tasks <= 1) {
    if (p.tiles > 0 || p.copies > 1) Task(shared, 0).run(0, p.tiles);
  } else {
    parallel_chunks(p.tiles, p.tiles_per_task,
                    [&](int64_t task, int64_t begin, int64_t end) { Task(shared, task).run(begin, end); });
  }
  for (const Accumulator& a : p.accumulators) finish(p, a, scratch, out[a.output]);
}

std::unique_ptr<Kernel> make_elementwise(const KernelSpec& spec) {
  require(spec.outputs.size() <= kMostOutputs, "elementwise", "at most 64 outputs");
  return std::make_unique<ElementwiseKernel>(make_plan(read_tape(spec)));
}

}  // namespace

HW_REGISTER_KERNEL("elementwise", make_elementwise)

}  // namespace headwater::elementwise
