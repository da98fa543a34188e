#include "program.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "thread_pool.h"

namespace headwater {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument("Program: " + message); }

void check_spec(const TensorSpec& spec) { checked_bytes(spec.shape, spec.dtype); }

size_t total_bytes(const std::vector<TensorSpec>& specs) {
  size_t total = 0;
  for (const TensorSpec& spec : specs) total += spec.bytes();
  return total;
}

size_t round_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

Instruction::Instruction(std::string kernel_name, KernelSpec spec) : kernel_name_(std::move(kernel_name)) {
  for (const TensorSpec& each : spec.inputs) check_spec(each);
  for (const TensorSpec& each : spec.outputs) check_spec(each);
  kernel_ = find_kernel(kernel_name_)(spec);
  inputs_ = std::move(spec.inputs);
  outputs_ = std::move(spec.outputs);
  scratch_bytes_ = kernel_->scratch_bytes();
  nanoseconds_ = kernel_->cost_hint();
  if (nanoseconds_ < 0) nanoseconds_ = 100 + 0.1 * static_cast<double>(total_bytes(inputs_) + total_bytes(outputs_));
}

Program::Program(ProgramParts parts) : parts_(std::move(parts)) {
  if (parts_.num_inputs < 0 || parts_.num_cells < 0) refuse("num_inputs and num_cells must not be negative");
  if (parts_.num_inputs > 1 << 20 || parts_.num_cells > 1 << 20) refuse("too many inputs or cells");
  if (parts_.arena_bytes < 0 || parts_.arena_bytes > kMaxBytes)
    refuse("arena_bytes is " + std::to_string(parts_.arena_bytes));
  if (!parts_.labels.empty() && parts_.labels.size() != parts_.steps.size())
    refuse(std::to_string(parts_.labels.size()) + " labels for " + std::to_string(parts_.steps.size()) + " steps");
  check_slots();
  check_steps();
  check_outputs();
  flatten();
}

Program::~Program() {
  for (auto& idle : idle_) {
    if (Frame* frame = idle.load()) {
      free_block(frame->block);
      delete frame;
    }
  }
}

const std::string& Program::label(size_t step) const {
  static const std::string none;
  return parts_.labels.empty() ? none : parts_.labels[step];
}

void Program::check_slots() {
  input_specs_.resize(parts_.num_inputs);
  cell_specs_.resize(parts_.num_cells);
  // The first slot of an input or cell says what it must be; further ones are views of the same size.
  auto take_spec = [](std::vector<const TensorSpec*>& specs, const Slot& slot, size_t number, const char* kind) {
    if (slot.where < 0 || slot.where >= static_cast<int64_t>(specs.size()))
      refuse("slot " + std::to_string(number) + " names " + kind + " " + std::to_string(slot.where) + " of " +
             std::to_string(specs.size()));
    const TensorSpec*& first = specs[slot.where];
    if (!first) first = &slot.spec;
    if (first->bytes() != slot.spec.bytes())
      refuse("slot " + std::to_string(number) + ", " + slot.spec.text() + ", is no view of " + kind + " " +
             std::to_string(slot.where) + ", " + first->text());
  };
  std::vector<const TensorSpec*> constant_specs;
  for (const Buffer& constant : parts_.constants) constant_specs.push_back(&constant.spec());
  for (size_t number = 0; number < parts_.slots.size(); ++number) {
    const Slot& slot = parts_.slots[number];
    check_spec(slot.spec);
    switch (slot.kind) {
      case SlotKind::kInput:
        take_spec(input_specs_, slot, number, "input");
        break;
      case SlotKind::kCell:
        take_spec(cell_specs_, slot, number, "cell");
        break;
      case SlotKind::kConstant:
        take_spec(constant_specs, slot, number, "constant");
        break;
      case SlotKind::kOutput:
        if (slot.where < 0 || slot.where >= static_cast<int64_t>(parts_.slots.size()))
          refuse("slot " + std::to_string(number) + " names output " + std::to_string(slot.where));
        if (slot.where >= static_cast<int64_t>(output_bytes_.size())) output_bytes_.resize(slot.where + 1);
        output_bytes_[slot.where] = std::max(output_bytes_[slot.where], slot.spec.bytes());
        break;
      case SlotKind::kArena:
        if (slot.where < 0 || slot.where % static_cast<int64_t>(kAlignment) != 0)
          refuse("slot " + std::to_string(number) + " lies at arena offset " + std::to_string(slot.where) +
                 ", which is no multiple of 64");
        if (slot.where > parts_.arena_bytes - static_cast<int64_t>(slot.spec.bytes()))
          refuse("slot " + std::to_string(number) + ", " + slot.spec.text() + ", at offset " +
                 std::to_string(slot.where) + " exceeds the arena of " + std::to_string(parts_.arena_bytes) + " bytes");
        break;
      default:
        refuse("slot " + std::to_string(number) + " has unknown kind " + std::to_string(static_cast<int>(slot.kind)));
    }
  }
}

std::string Program::describe(size_t step) const {
  return "step " + std::to_string(step) + " (" + parts_.steps[step].instruction->kernel_name() + ")";
}

void Program::check_operands(size_t step, const std::vector<int>& slots, const std::vector<TensorSpec>& specs,
                             const char* role) const {
  if (slots.size() != specs.size())
    refuse(describe(step) + " has " + std::to_string(slots.size()) + " " + role + " slots for " +
           std::to_string(specs.size()) + " " + role + "s");
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i] < 0 || slots[i] >= static_cast<int>(parts_.slots.size()))
      refuse(describe(step) + ": there is no slot " + std::to_string(slots[i]));
    const TensorSpec& given = parts_.slots[slots[i]].spec;
    if (!(given == specs[i]))
      refuse(describe(step) + ": " + role + " " + std::to_string(i) + " is " + specs[i].text() + ", slot " +
             std::to_string(slots[i]) + " is " + given.text());
  }
}

void Program::check_steps() {
  writes_cell_.assign(parts_.num_cells, 0);
  for (size_t step = 0; step < parts_.steps.size(); ++step) {
    const Step& each = parts_.steps[step];
    if (!each.instruction) refuse("step " + std::to_string(step) + " has no instruction");
    check_operands(step, each.inputs, each.instruction->inputs(), "input");
    check_operands(step, each.outputs, each.instruction->outputs(), "output");
    for (int number : each.outputs) {
      const Slot& slot = parts_.slots[number];
      if (slot.kind == SlotKind::kInput || slot.kind == SlotKind::kConstant)
        refuse(describe(step) + " writes slot " + std::to_string(number) + ", which is an input or a constant");
      if (slot.kind == SlotKind::kCell) writes_cell_[slot.where] = 1;
    }
    auto scratch = static_cast<int64_t>(each.instruction->scratch_bytes());
    if (scratch > 0 && (each.scratch_offset < 0 || each.scratch_offset % static_cast<int64_t>(kAlignment) != 0 ||
                        each.scratch_offset > parts_.arena_bytes - scratch))
      refuse(describe(step) + " needs " + std::to_string(scratch) + " bytes of scratch, which do not fit at offset " +
             std::to_string(each.scratch_offset) + " of an arena of " + std::to_string(parts_.arena_bytes) + " bytes");
    nanoseconds_ += each.instruction->nanoseconds();
    calls_python_ = calls_python_ || each.instruction->kernel().calls_python();
  }
}

void Program::check_outputs() {
  std::vector<char> listed(output_bytes_.size(), 0);
  for (size_t i = 0; i < parts_.outputs.size(); ++i) {
    int number = parts_.outputs[i];
    if (number < 0 || number >= static_cast<int>(parts_.slots.size()))
      refuse("output " + std::to_string(i) + " names slot " + std::to_string(number) + " of " +
             std::to_string(parts_.slots.size()));
    const Slot& slot = parts_.slots[number];
    if (slot.kind == SlotKind::kArena) refuse("output " + std::to_string(i) + " lies in the arena");
    if (slot.kind == SlotKind::kOutput) listed[slot.where] = 1;
    if (slot.kind == SlotKind::kInput || slot.kind == SlotKind::kCell) returns_inputs_ = true;
  }
  for (size_t where = 0; where < listed.size(); ++where)
    if (!listed[where]) refuse("output memory " + std::to_string(where) + " is not among the outputs");
}

void Program::flatten() {
  input_places_.resize(parts_.num_inputs);
  cell_places_.resize(parts_.num_cells);
  output_places_.resize(output_bytes_.size());
  auto add = [this](int number) {
    const Slot& slot = parts_.slots[number];
    int position = static_cast<int>(template_.size());
    template_.emplace_back(false, 0);
    switch (slot.kind) {
      case SlotKind::kInput:
        input_places_[slot.where].push_back(position);
        break;
      case SlotKind::kCell:
        cell_places_[slot.where].push_back(position);
        break;
      case SlotKind::kOutput:
        output_places_[slot.where].push_back(position);
        break;
      case SlotKind::kConstant:
        template_.back() = {false, reinterpret_cast<int64_t>(parts_.constants[slot.where].data())};
        break;
      case SlotKind::kArena:
        template_.back() = {true, slot.where};
        break;
    }
  };
  for (const Step& step : parts_.steps) {
    FlatStep flat{&step.instruction->kernel(), static_cast<int>(template_.size()), 0, step.scratch_offset};
    if (step.instruction->scratch_bytes() == 0) flat.scratch = -1;
    for (int number : step.inputs) add(number);
    flat.outputs = static_cast<int>(template_.size());
    for (int number : step.outputs) add(number);
    flat_.push_back(flat);
  }
  operands_offset_ = round_up(static_cast<size_t>(parts_.arena_bytes));
}

void Program::prepare(void** operands, char* arena) const {
  for (size_t i = 0; i < template_.size(); ++i) {
    auto [in_arena, value] = template_[i];
    operands[i] = in_arena ? arena + value : reinterpret_cast<void*>(value);
  }
}

Frame* Program::take_frame() const {
  for (auto& idle : idle_) {
    if (!idle.load(std::memory_order_relaxed)) continue;
    if (Frame* frame = idle.exchange(nullptr, std::memory_order_acq_rel)) return frame;
  }
  auto frame = std::make_unique<Frame>();
  frame->block = allocate_block(operands_offset_ + operands_bytes());
  frame->arena = static_cast<char*>(frame->block.data);
  frame->operands = reinterpret_cast<void**>(frame->arena + operands_offset_);
  prepare(frame->operands, frame->arena);
  return frame.release();
}

void Program::return_frame(Frame* frame) const {
  int most = std::min(kMostIdleFrames, default_num_threads());
  for (int i = 0; i < most; ++i) {
    Frame* expected = nullptr;
    if (idle_[i].compare_exchange_strong(expected, frame, std::memory_order_acq_rel)) return;
  }
  free_block(frame->block);
  delete frame;
}

void Program::run_steps(void** operands, char* arena) const {
  size_t step = 0;
  try {
    for (; step < flat_.size(); ++step) {
      const FlatStep& flat = flat_[step];
      flat.kernel->run(operands + flat.inputs, operands + flat.outputs,
                       flat.scratch < 0 ? nullptr : arena + flat.scratch);
    }
  } catch (...) {
    rethrow(step);
  }
}

void Program::profile_steps(void** operands, char* arena, int64_t* nanoseconds) const {
  using Clock = std::chrono::steady_clock;
  size_t step = 0;
  try {
    auto start = Clock::now();
    for (; step < flat_.size(); ++step) {
      const FlatStep& flat = flat_[step];
      flat.kernel->run(operands + flat.inputs, operands + flat.outputs,
                       flat.scratch < 0 ? nullptr : arena + flat.scratch);
      auto end = Clock::now();
      nanoseconds[step] = std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count();
      start = end;
    }
  } catch (...) {
    rethrow(step);
  }
}

// The exception in flight again, with the step's label; an inner program's label, if there is one, stays alone.
void Program::rethrow(size_t step) const {
  const std::string& where = label(step);
  auto labelled = [&where](const std::exception& error) {
    std::string message = error.what();
    if (where.empty() || message.find("\n  in   ") != std::string::npos) return message;
    return message + "\n  in   " + where;
  };
  try {
    throw;
  } catch (const std::out_of_range& error) {
    throw std::out_of_range(labelled(error));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(labelled(error));
  } catch (const std::overflow_error& error) {
    throw std::overflow_error(labelled(error));
  } catch (const TypeError& error) {
    throw TypeError(labelled(error));
  }  // all others, among them those of Python, pass as they are
}

}  // namespace headwater
