// Instruction: a kernel with checked specs. Program: instructions in order, with a place in memory for every value.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "kernel.h"

namespace headwater {

class Instruction {
 public:
  // Throws std::invalid_argument or TypeError for an unknown kernel or specs that the kernel refuses.
  Instruction(std::string kernel_name, KernelSpec spec);

  const std::string& kernel_name() const { return kernel_name_; }
  const std::vector<TensorSpec>& inputs() const { return inputs_; }
  const std::vector<TensorSpec>& outputs() const { return outputs_; }
  const Kernel& kernel() const { return *kernel_; }
  size_t scratch_bytes() const { return scratch_bytes_; }
  double nanoseconds() const { return nanoseconds_; }  // a rough guess of a run's time

 private:
  std::string kernel_name_;
  std::vector<TensorSpec> inputs_, outputs_;
  std::unique_ptr<Kernel> kernel_;
  size_t scratch_bytes_ = 0;
  double nanoseconds_ = 0;
};

enum class SlotKind : int { kInput = 0, kCell = 1, kConstant = 2, kOutput = 3, kArena = 4 };

struct Slot {
  TensorSpec spec;
  SlotKind kind = SlotKind::kInput;
  int64_t where = 0;  // index of the input, cell, constant or output; byte offset in the arena
};

struct Step {
  std::shared_ptr<const Instruction> instruction;
  std::vector<int> inputs, outputs;  // slot numbers
  int64_t scratch_offset = -1;       // in the arena; -1 for none
};

struct ProgramParts {
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::vector<int> outputs;  // slot numbers
  std::vector<Buffer> constants;
  int64_t arena_bytes = 0;
  int num_inputs = 0;
  int num_cells = 0;
  std::vector<std::string> labels;
};

// The memory of one run: an arena and the table of all operands' addresses.
struct Frame {
  Block block;
  char* arena = nullptr;
  void** operands = nullptr;
};

// Immutable; runs concurrently, each run in a frame of its own.
//
// The operands of all steps form one table of addresses (each step's inputs, then its outputs). What lies in the arena
// or is constant is filled in once per frame; inputs, cells and outputs are filled in for each run at the places that
// were listed when the program was made. So a run is: fill in, then call each kernel with pointers into the table.
class Program {
 public:
  // Throws std::invalid_argument unless the parts fit together; nothing is checked again at run time.
  explicit Program(ProgramParts parts);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int num_inputs() const { return parts_.num_inputs; }
  int num_cells() const { return parts_.num_cells; }
  int num_outputs() const { return static_cast<int>(parts_.outputs.size()); }
  int64_t arena_bytes() const { return parts_.arena_bytes; }
  // What one arena really takes: with the table of addresses behind it.
  int64_t measured_arena_bytes() const { return static_cast<int64_t>(operands_offset_ + operands_bytes()); }
  const std::vector<Step>& steps() const { return parts_.steps; }
  const std::string& label(size_t step) const;

  // Null where no slot names the input or cell, so that anything fits.
  const TensorSpec* input_spec(int index) const { return spec_or_null(input_specs_, index); }
  const TensorSpec* cell_spec(int index) const { return spec_or_null(cell_specs_, index); }
  bool writes_cell(int index) const { return writes_cell_[index]; }
  const Slot& output_slot(int index) const { return parts_.slots[parts_.outputs[index]]; }
  const Buffer& constant(int64_t index) const { return parts_.constants[index]; }
  // Memory that the program writes for outputs: output slots of equal `where` share one.
  int num_output_storages() const { return static_cast<int>(output_bytes_.size()); }
  size_t output_storage_bytes(int index) const { return output_bytes_[index]; }

  double nanoseconds() const { return nanoseconds_; }
  bool calls_python() const { return calls_python_; }
  bool returns_inputs() const { return returns_inputs_; }  // some output is an input as it came

  // ---- running, level by level (executor.h puts them together) ----
  Frame* take_frame() const;
  void return_frame(Frame* frame) const;
  size_t operands_bytes() const { return template_.size() * sizeof(void*); }
  // Fills a table for an arena at `arena`.
  void prepare(void** operands, char* arena) const;
  void place_input(void** operands, int index, void* data) const { place(operands, input_places_[index], data); }
  void place_cell(void** operands, int index, void* data) const { place(operands, cell_places_[index], data); }
  void place_output(void** operands, int storage, void* data) const { place(operands, output_places_[storage], data); }
  // Runs all steps; exceptions carry the step's label.
  void run_steps(void** operands, char* arena) const;
  void profile_steps(void** operands, char* arena, int64_t* nanoseconds) const;

 private:
  struct FlatStep {
    const Kernel* kernel;
    int inputs, outputs;  // positions in the table
    int64_t scratch;
  };

  static const TensorSpec* spec_or_null(const std::vector<const TensorSpec*>& specs, int index) { return specs[index]; }
  static void place(void** operands, const std::vector<int>& places, void* data) {
    for (int position : places) operands[position] = data;
  }

  void check_slots();
  void check_steps();
  void check_outputs();
  void flatten();
  void check_operands(size_t step, const std::vector<int>& slots, const std::vector<TensorSpec>& specs,
                      const char* role) const;
  std::string describe(size_t step) const;
  [[noreturn]] void rethrow(size_t step) const;

  ProgramParts parts_;
  std::vector<const TensorSpec*> input_specs_, cell_specs_;
  std::vector<char> writes_cell_;
  std::vector<size_t> output_bytes_;
  std::vector<FlatStep> flat_;
  std::vector<std::pair<bool, int64_t>> template_;  // (in the arena, offset) or (false, address or 0)
  std::vector<std::vector<int>> input_places_, cell_places_, output_places_;
  double nanoseconds_ = 0;
  bool calls_python_ = false;
  bool returns_inputs_ = false;
  size_t operands_offset_ = 0;

  static constexpr int kMostIdleFrames = 64;
  mutable std::atomic<Frame*> idle_[kMostIdleFrames] = {};
};

}  // namespace headwater
