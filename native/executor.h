// Runs a program from the top (run) or from within a kernel (NestedRun).
#pragma once

#include <cstdint>
#include <vector>

#include "program.h"

namespace headwater {

// One run, in three parts so that a caller can hold a lock (the GIL) for the first and last only.
class Run {
 public:
  // Checks the arguments (std::invalid_argument names the input) and allocates the outputs. The caller keeps the inputs
  // and cells alive; `hold` keeps the cells' values alive too, which others may change during the run.
  Run(const Program& program, const Buffer* const* inputs, size_t num_inputs, Cell* const* cells, size_t num_cells,
      bool hold);
  ~Run();
  Run(const Run&) = delete;

  void execute() { program_.run_steps(frame_->operands, frame_->arena); }
  void profile(int64_t* nanoseconds) { program_.profile_steps(frame_->operands, frame_->arena, nanoseconds); }
  Buffer output(int index);

 private:
  void place_inputs(size_t count);
  void place_cells(size_t count, bool hold);
  void place_outputs();

  const Program& program_;
  const Buffer* const* inputs_;
  Cell* const* cells_;
  Frame* frame_ = nullptr;
  std::vector<StoragePointer> held_;
  // The outputs' memory: in place where there are few, because an allocation shows in a run of half a microsecond.
  static constexpr int kFew = 4;
  StoragePointer few_[kFew];
  std::vector<StoragePointer> many_;
  StoragePointer* outputs_ = few_;
};

// A program without cells as part of a kernel: its arena lies in the kernel's scratch.
class Nested {
 public:
  // Throws std::invalid_argument if the program has cells.
  Nested(const char* kernel, std::shared_ptr<const Program> program);

  const Program& program() const { return *program_; }
  size_t scratch_bytes() const;
  // Refuses, in the name of `kernel`, a program with other inputs or outputs.
  void check(const char* kernel, const std::vector<TensorSpec>& inputs, const std::vector<TensorSpec>& outputs) const;

  // Once per use of a scratch area; then run as often as wanted. Outputs must not overlap inputs.
  void prepare(void* scratch) const;
  void run(void* scratch, const void* const* in, void* const* out) const;

 private:
  void** operands(void* scratch) const;

  std::shared_ptr<const Program> program_;
  std::vector<int> storage_output_;  // for each output storage the output whose memory it takes
};

// Lets a long loop notice an interrupt from the keyboard. The hook, set by bindings.cc, throws if there was one; it is
// called at most some times a second.
void set_interrupt_hook(void (*hook)());
void poll_interrupt();

}  // namespace headwater
