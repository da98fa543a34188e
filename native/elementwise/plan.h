// How a tape runs: the iteration space cut into tiles, the order of the loops, and where every value lies.
//
// - A value is kUniform (one number in all), kRow (one per row of the innermost axis) or kFull.
// - Slots are pointers. Each value has one; a kRow value that full loops read element by element has a second,
// expanded.
// - Segmented tiles lie within one row; packed tiles hold several whole rows (for short rows).
// - A stage ends where numbers of a row reduction become known. A row that does not fit a tile is walked once per
// stage.
#pragma once

#include <memory>
#include <vector>

#include "functions.h"
#include "tape.h"

namespace headwater::elementwise {

enum class Extent : uint8_t { kUniform, kRow, kFull };

struct Unit {
  enum class Kind : uint8_t { kOperation, kChain, kRowReduce, kAccumulate, kExpand, kCopyOut, kStoreRows };
  Kind kind = Kind::kOperation;
  OpFunction function = nullptr;
  int result = -1;  // slot
  int num_args = 0;
  int args[4] = {0, 0, 0, 0};  // slots
  int64_t steps[4] = {0, 0, 0, 0};
  int first_step = 0, num_steps = 0;  // kChain
  ChainFunction chain = nullptr;
  const ReduceFunctions* reduce = nullptr;
  int accumulator = -1;  // kRowReduce: byte offset in the thread's scratch; kAccumulate: which
  int output = -1;       // kCopyOut, kStoreRows
  int item_size = 0;
};

// Strides in elements over the collapsed axes.
struct Strides {
  int64_t outer[kMaxRank] = {};
  int64_t inner = 0;
};

struct BoundInput {  // a kFull or kRow input (or iota) and its slot
  int input = -1;    // -1: iota
  int slot = 0;
  int item_size = 0;
  Lane lane = Lane::kF32;
  bool contiguous = false;        // laid out like the iteration space
  bool constant_pattern = false;  // packed: the same for all tiles
  Strides strides;
};

struct Accumulator {
  const ReduceFunctions* reduce = nullptr;
  Lane lane = Lane::kF32;
  DType dtype = DType::kFloat32;
  int output = 0;
  int64_t count = 0;   // of result elements
  int64_t offset = 0;  // of its first copy in the scratch
  Strides strides;     // in accumulators
};

struct DirectOutput {
  int output = 0;
  int slot = 0;
  int item_size = 0;
  std::vector<int> hazards;     // inputs that are read after the output was written; -1 where never a hazard
  int64_t register_offset = 0;  // where the value goes if an input is the same memory
  bool long_register = false;
};

struct SlotHome {
  enum class Kind : uint8_t { kBound, kThread, kThreadLong, kConstant, kUniform };
  Kind kind = Kind::kBound;
  int64_t offset = 0;  // bytes
  int item_size = 0;
};

struct alignas(64) Block {  // kBlockLanes copies of one value
  unsigned char bytes[kBlockLanes * 16];
};

struct UniformInput {
  int input = 0, slot = 0, item_size = 0;
};

struct Plan {
  Tape tape;
  // The iteration space: axes of one behaviour collapsed.
  std::vector<int64_t> outer;  // sizes
  int64_t rows = 1;            // their product
  int64_t columns = 1;
  bool packed = false;
  int64_t tile_rows = 1;     // packed
  int64_t tile_columns = 1;  // segmented
  int64_t segments = 1;
  int stages = 1;
  bool row_at_once = false;  // segmented, with stages: a task takes whole rows
  bool long_rows = false;    // ... which do not fit a tile

  // Tiles in groups whose accumulators are disjoint.
  int64_t group_rows = 1;
  int64_t tiles_per_group = 1;
  int64_t tiles = 0;
  bool by_strips = false;  // tile = strip * rows + row
  int64_t tiles_per_task = 1;
  int64_t tasks = 1;
  int64_t copies = 1;      // of the accumulators
  double nanoseconds = 0;  // estimate

  std::vector<SlotHome> slots;
  std::vector<std::shared_ptr<Block[]>> constants;
  std::vector<const Block*> constant_of_slot;
  std::vector<UniformInput> uniform_inputs;
  std::vector<Unit> uniform_units;
  std::vector<BoundInput> full_inputs, row_inputs;
  std::vector<std::vector<Unit>> row_units, tile_units;  // by stage
  std::vector<ChainStep> steps, streaming_steps;
  std::vector<DirectOutput> outputs;
  std::vector<Accumulator> accumulators;

  int64_t scratch_bytes = 0;                 // shared by the tasks: uniform values and accumulators
  int64_t thread_bytes = 0;                  // of each task
  int64_t fold_offset = 0, rows_offset = 0;  // in the thread's bytes
  int64_t output_bytes = 0;
};

std::unique_ptr<const Plan> make_plan(Tape tape);

}  // namespace headwater::elementwise
