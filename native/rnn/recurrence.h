// Recurrences over time: what each instruction set computes of them. Rows of the batch do not know one another, so a
// task takes some of them through all of time and meets no other task on the way.
//
// Layouts are (batch, time, width), row-major; a state is (batch, units). Only float and double.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../dtype.h"
#include "../isa.h"

namespace headwater {

enum class Recurrence : int { kSimple = 0, kLstm = 1, kGru = 2 };

constexpr int64_t gates_of(Recurrence kind) {
  return kind == Recurrence::kSimple ? 1 : kind == Recurrence::kLstm ? 4 : 3;
}

struct RecurrenceShape {
  Recurrence kind = Recurrence::kSimple;
  int64_t batch = 0, length = 0, units = 0;
  bool reverse = false;  // time runs from the last step to the first
  bool packed = false;   // forward: whether the kernel was packed

  int64_t gates() const { return gates_of(kind); }
  int64_t width() const { return gates() * units; }
};

// Pointers are null where the kind has no such thing, or nobody asks for it.
struct RecurrenceInputs {
  const void* z;        // (batch, length, width)
  const void* kernel;   // (units, width), or packed
  const void* bias;     // (width)
  const void *h, *c;    // (batch, units)
  const uint8_t* mask;  // (batch, length)
};

struct RecurrenceResults {
  void* states;           // (batch, length, units)
  void *last_h, *last_c;  // (batch, units)
  void* cells;            // (batch, length, units)
  void* saved;            // (batch, length, 4 units)
};

struct RecurrenceCotangents {
  const void* by_states;       // (batch, length, units)
  const void *by_last, *by_c;  // (batch, units)
  const void *saved, *states;  // as the forward pass wrote them; `states` are the cells of an lstm
  const void* first;           // the state before the first step; of an lstm the cell
  const void* kernel;          // packed
  const uint8_t* mask;
};

struct RecurrenceGradients {
  void *by_z, *by_inner;        // (batch, length, width)
  void *by_first, *by_first_c;  // (batch, units)
};

// Sizes are in elements.
struct RecurrenceFunctions {
  int64_t (*packed_size)(const RecurrenceShape& shape, bool backward);
  void (*pack)(const RecurrenceShape& shape, const void* kernel, bool backward, void* packed);
  int64_t (*row_workspace)(const RecurrenceShape& shape, bool backward);
  // Rows [first, first + rows) through all of time. workspace: `rows` times row_workspace.
  void (*forward)(const RecurrenceShape& shape, const RecurrenceInputs& in, const RecurrenceResults& out, int64_t first,
                  int64_t rows, void* workspace);
  void (*backward)(const RecurrenceShape& shape, const RecurrenceCotangents& in, const RecurrenceGradients& out,
                   int64_t first, int64_t rows, void* workspace);
};

}  // namespace headwater

HW_DECLARE_ISAS(const RecurrenceFunctions& recurrence_functions(DType dtype))
