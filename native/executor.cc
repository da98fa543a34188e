#include "executor.h"

#include <chrono>
#include <cstring>

namespace headwater {
namespace {

[[noreturn]] void refuse_count(const char* what, size_t given, int wanted) {
  throw std::invalid_argument("the program takes " + std::to_string(wanted) + " " + what + ", got " +
                              std::to_string(given));
}

[[noreturn]] void refuse_spec(const char* what, int index, const TensorSpec& wanted, const TensorSpec& given) {
  throw std::invalid_argument(std::string(what) + " " + std::to_string(index) + " must be " + wanted.text() + ", got " +
                              given.text());
}

size_t round_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::atomic<void (*)()> interrupt_hook{nullptr};

}  // namespace

Run::Run(const Program& program, const Buffer* const* inputs, size_t num_inputs, Cell* const* cells, size_t num_cells,
         bool hold)
    : program_(program), inputs_(inputs), cells_(cells) {
  if (num_inputs != static_cast<size_t>(program.num_inputs())) refuse_count("inputs", num_inputs, program.num_inputs());
  if (num_cells != static_cast<size_t>(program.num_cells())) refuse_count("cells", num_cells, program.num_cells());
  if (hold) held_.reserve(num_cells);
  if (program.num_output_storages() > kFew) {
    many_.resize(program.num_output_storages());
    outputs_ = many_.data();
  }
  frame_ = program.take_frame();
  try {
    place_inputs(num_inputs);
    place_cells(num_cells, hold);
    place_outputs();
  } catch (...) {
    program_.return_frame(frame_);
    throw;
  }
}

Run::~Run() { program_.return_frame(frame_); }

void Run::place_inputs(size_t count) {
  for (int i = 0; i < static_cast<int>(count); ++i) {
    const TensorSpec* wanted = program_.input_spec(i);
    if (wanted && !(inputs_[i]->spec() == *wanted)) refuse_spec("input", i, *wanted, inputs_[i]->spec());
    program_.place_input(frame_->operands, i, inputs_[i]->data());
  }
}

void Run::place_cells(size_t count, bool hold) {
  // All copies before any address is taken: one cell may stand at two places.
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < static_cast<int>(count); ++i) {
      const TensorSpec* wanted = program_.cell_spec(i);
      bool write = program_.writes_cell(i);
      if (!wanted || (pass == 0 && !write)) continue;
      StoragePointer storage;
      void* data = cells_[i]->peek(pass == 0, *wanted, pass == 1 && hold ? &storage : nullptr);
      if (!data) refuse_spec("cell", i, *wanted, cells_[i]->get().spec());
      if (pass == 0) continue;
      program_.place_cell(frame_->operands, i, data);
      if (hold) held_.push_back(std::move(storage));
    }
  }
}

void Run::place_outputs() {
  for (int i = 0; i < program_.num_output_storages(); ++i) {
    outputs_[i] = StoragePointer(Storage::make(program_.output_storage_bytes(i)));
    program_.place_output(frame_->operands, i, outputs_[i]->data());
  }
}

Buffer Run::output(int index) {
  const Slot& slot = program_.output_slot(index);
  switch (slot.kind) {
    case SlotKind::kInput:
      return Buffer(slot.spec.dtype, slot.spec.shape, inputs_[slot.where]->storage());
    case SlotKind::kConstant:
      return Buffer(slot.spec.dtype, slot.spec.shape, program_.constant(slot.where).storage());
    case SlotKind::kCell: {
      Buffer held = cells_[slot.where]->get();
      if (program_.writes_cell(static_cast<int>(slot.where))) held = held.copy();
      return Buffer(slot.spec.dtype, slot.spec.shape, held.storage());
    }
    default:
      return Buffer(slot.spec.dtype, slot.spec.shape, outputs_[slot.where]);
  }
}

Nested::Nested(const char* kernel, std::shared_ptr<const Program> program) : program_(std::move(program)) {
  require(program_ != nullptr, kernel, "a sub-program is missing");
  require(program_->num_cells() == 0, kernel, "a sub-program must not have cells");
  storage_output_.assign(program_->num_output_storages(), -1);
  for (int i = 0; i < program_->num_outputs(); ++i) {
    const Slot& slot = program_->output_slot(i);
    if (slot.kind != SlotKind::kOutput) continue;
    int& owner = storage_output_[slot.where];
    if (owner < 0) owner = i;
    require(slot.spec.bytes() == program_->output_storage_bytes(static_cast<int>(slot.where)), kernel,
            "outputs of a sub-program that share memory must have the same size");
  }
}

size_t Nested::scratch_bytes() const {
  return round_up(static_cast<size_t>(program_->arena_bytes())) + round_up(program_->operands_bytes());
}

void Nested::check(const char* kernel, const std::vector<TensorSpec>& inputs,
                   const std::vector<TensorSpec>& outputs) const {
  require(program_->num_inputs() == static_cast<int>(inputs.size()), kernel,
          "the sub-program takes " + std::to_string(program_->num_inputs()) + " inputs, got " +
              std::to_string(inputs.size()));
  require(program_->num_outputs() == static_cast<int>(outputs.size()), kernel,
          "the sub-program has " + std::to_string(program_->num_outputs()) + " outputs, wanted " +
              std::to_string(outputs.size()));
  for (int i = 0; i < program_->num_inputs(); ++i) {
    const TensorSpec* wanted = program_->input_spec(i);
    require(!wanted || *wanted == inputs[i], kernel,
            "input " + std::to_string(i) + " of the sub-program is " + (wanted ? wanted->text() : "") + ", got " +
                inputs[i].text());
  }
  for (int i = 0; i < program_->num_outputs(); ++i) {
    const TensorSpec& given = program_->output_slot(i).spec;
    require(given == outputs[i], kernel,
            "output " + std::to_string(i) + " of the sub-program is " + given.text() + ", wanted " + outputs[i].text());
  }
}

void** Nested::operands(void* scratch) const {
  return reinterpret_cast<void**>(static_cast<char*>(scratch) + round_up(static_cast<size_t>(program_->arena_bytes())));
}

void Nested::prepare(void* scratch) const { program_->prepare(operands(scratch), static_cast<char*>(scratch)); }

void Nested::run(void* scratch, const void* const* in, void* const* out) const {
  void** table = operands(scratch);
  for (int i = 0; i < program_->num_inputs(); ++i) program_->place_input(table, i, const_cast<void*>(in[i]));
  for (int i = 0; i < program_->num_output_storages(); ++i) program_->place_output(table, i, out[storage_output_[i]]);
  program_->run_steps(table, static_cast<char*>(scratch));
  for (int i = 0; i < program_->num_outputs(); ++i) {
    const Slot& slot = program_->output_slot(i);
    const void* source = nullptr;
    if (slot.kind == SlotKind::kInput) source = in[slot.where];
    if (slot.kind == SlotKind::kConstant) source = program_->constant(slot.where).data();
    if (slot.kind == SlotKind::kOutput) source = out[storage_output_[slot.where]];
    if (source && source != out[i] && slot.spec.bytes() > 0) std::memmove(out[i], source, slot.spec.bytes());
  }
}

void set_interrupt_hook(void (*hook)()) { interrupt_hook.store(hook); }

void poll_interrupt() {
  using Clock = std::chrono::steady_clock;
  static thread_local Clock::time_point next = Clock::now() + std::chrono::milliseconds(100);
  auto now = Clock::now();
  if (now < next) return;
  next = now + std::chrono::milliseconds(100);
  if (auto* hook = interrupt_hook.load()) hook();
}

}  // namespace headwater
