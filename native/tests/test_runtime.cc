// Buffers, cells, programs, control flow and rows.
#include <cstring>
#include <thread>

#include "executor.h"
#include "host_function.h"
#include "program.h"
#include "rows.h"
#include "tests/test.h"

namespace headwater {
namespace {

TensorSpec f32(Dims shape) { return {DType::kFloat32, shape}; }

Buffer floats(const std::vector<float>& values) {
  Buffer buffer(DType::kFloat32, {static_cast<int64_t>(values.size())});
  std::memcpy(buffer.data(), values.data(), values.size() * sizeof(float));
  return buffer;
}

const float* data(const Buffer& buffer) { return static_cast<const float*>(buffer.data()); }

// y = x + 1
class Increment final : public Kernel {
 public:
  explicit Increment(int64_t count) : count_(count) {}
  void run(const void* const* in, void* const* out, void*) const override {
    for (int64_t i = 0; i < count_; ++i) static_cast<float*>(out[0])[i] = static_cast<const float*>(in[0])[i] + 1;
  }

 private:
  int64_t count_;
};

std::unique_ptr<Kernel> make_increment(const KernelSpec& spec) {
  require_arity("test_increment", spec, 1, 1);
  return std::make_unique<Increment>(spec.inputs[0].count());
}
HW_REGISTER_KERNEL("test_increment", make_increment)

// y = x < limit, of the first element
class Below final : public Kernel {
 public:
  explicit Below(double limit) : limit_(limit) {}
  void run(const void* const* in, void* const* out, void*) const override {
    *static_cast<uint8_t*>(out[0]) = *static_cast<const float*>(in[0]) < limit_;
  }

 private:
  double limit_;
};

std::unique_ptr<Kernel> make_below(const KernelSpec& spec) {
  return std::make_unique<Below>(spec.attrs.get_double("limit"));
}
HW_REGISTER_KERNEL("test_below", make_below)

class Fail final : public Kernel {
 public:
  void run(const void* const*, void* const*, void*) const override { throw std::out_of_range("index 7 for 3 rows"); }
};

std::unique_ptr<Kernel> make_fail(const KernelSpec&) { return std::make_unique<Fail>(); }
HW_REGISTER_KERNEL("test_fail", make_fail)

std::shared_ptr<const Instruction> increment(Dims shape) {
  return std::make_shared<Instruction>("test_increment", KernelSpec{{f32(shape)}, {f32(shape)}, {}});
}

// x -> x + 1 + 1 by way of the arena
ProgramParts two_increments() {
  ProgramParts parts;
  parts.slots = {{f32({3}), SlotKind::kInput, 0}, {f32({3}), SlotKind::kArena, 0}, {f32({3}), SlotKind::kOutput, 0}};
  parts.steps = {{increment({3}), {0}, {1}, -1}, {increment({3}), {1}, {2}, -1}};
  parts.outputs = {2};
  parts.arena_bytes = 64;
  parts.num_inputs = 1;
  parts.labels = {"first", "second"};
  return parts;
}

std::shared_ptr<const Program> increment_program(Dims shape) {
  ProgramParts parts;
  parts.slots = {{f32(shape), SlotKind::kInput, 0}, {f32(shape), SlotKind::kOutput, 0}};
  parts.steps = {{increment(shape), {0}, {1}, -1}};
  parts.outputs = {1};
  parts.num_inputs = 1;
  return std::make_shared<Program>(std::move(parts));
}

// Runs one instruction with fresh outputs.
std::vector<Buffer> run_instruction(const Instruction& instruction, const std::vector<Buffer>& inputs) {
  std::vector<const void*> in;
  std::vector<void*> out;
  std::vector<Buffer> outputs;
  for (const Buffer& each : inputs) in.push_back(each.data());
  for (const TensorSpec& spec : instruction.outputs()) outputs.emplace_back(spec.dtype, spec.shape);
  for (const Buffer& each : outputs) out.push_back(each.data());
  Buffer scratch(DType::kUInt8, {static_cast<int64_t>(instruction.scratch_bytes())});
  instruction.kernel().run(in.data(), out.data(), scratch.data());
  return outputs;
}

}  // namespace

TEST(half_floats_round_to_nearest_even) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    auto half = static_cast<uint16_t>(bits);
    float value = half_bits_to_float(half);
    if (value == value) CHECK_EQUAL(float_to_half_bits(value), half);
  }
  CHECK_EQUAL(float_to_half_bits(65519.0f), 0x7bff);
  CHECK_EQUAL(float_to_half_bits(65520.0f), 0x7c00);
  CHECK_EQUAL(float_to_half_bits(1.0f + 0x1p-11f), 0x3c00);
  CHECK_EQUAL(float_to_half_bits(1.0f + 0x3p-11f), 0x3c02);
  CHECK_EQUAL(float_to_bfloat_bits(1.0f + 0x1p-8f), 0x3f80);
  CHECK_EQUAL(float_to_bfloat_bits(1.0f + 0x3p-8f), 0x3f82);
}

TEST(sizes_are_multiplied_with_checks) {
  CHECK_EQUAL(checked_bytes(Dims{3, 4}, DType::kFloat32), 48);
  CHECK_EQUAL(checked_bytes(Dims{0, 4}, DType::kFloat32), 0);
  CHECK_THROWS(std::invalid_argument, checked_bytes(Dims{-1}, DType::kFloat32));
  CHECK_THROWS(std::invalid_argument, checked_bytes(Dims{int64_t{1} << 62, 8}, DType::kFloat32));
  CHECK_THROWS(std::invalid_argument, checked_bytes(Dims{0, int64_t{1} << 62, 8}, DType::kFloat32));
  Dims dims;
  for (int i = 0; i < kMaxRank; ++i) dims.push_back(1);
  CHECK_THROWS(std::invalid_argument, dims.push_back(1));
}

TEST(buffers_are_aligned_and_share_on_reshape) {
  for (int64_t size : {0, 1, 7, 1000, 100000, 3000000}) {
    Buffer buffer(DType::kFloat32, {size});
    CHECK_EQUAL(reinterpret_cast<uintptr_t>(buffer.data()) % 64, uintptr_t{0});
    if (size > 0) std::memset(buffer.data(), 1, buffer.bytes());
  }
  Buffer buffer(DType::kFloat32, {2, 3});
  CHECK(buffer.reshape({6}).data() == buffer.data());
  CHECK_THROWS(std::invalid_argument, buffer.reshape({7}));
  CHECK(buffer.copy().data() != buffer.data());
}

TEST(kept_memory_never_exceeds_the_peak) {
  {
    Buffer big(DType::kUInt8, {50 << 20});
  }
  for (int64_t size = 1; size < 40; ++size) Buffer other(DType::kUInt8, {size << 20});
  MemoryUse use = memory_use();
  CHECK(use.live + use.kept <= use.peak_live + (int64_t{8} << 20));
  release_kept_memory();
  CHECK_EQUAL(memory_use().kept, 0);
}

TEST(a_program_runs_its_steps_in_order) {
  Program program(two_increments());
  Buffer x = floats({1, 2, 3});
  const Buffer* inputs[] = {&x};
  for (int repeat = 0; repeat < 3; ++repeat) {
    Run run(program, inputs, 1, nullptr, 0, false);
    run.execute();
    CHECK_EQUAL(data(run.output(0))[2], 5.0f);
  }
}

TEST(a_program_refuses_arguments_that_do_not_fit) {
  Program program(two_increments());
  Buffer wrong = floats({1, 2});
  const Buffer* inputs[] = {&wrong};
  CHECK_THROWS(std::invalid_argument, Run(program, inputs, 1, nullptr, 0, false));
  CHECK_THROWS(std::invalid_argument, Run(program, inputs, 0, nullptr, 0, false));
}

TEST(a_program_refuses_parts_that_do_not_fit) {
  auto broken = [](auto change) {
    ProgramParts parts = two_increments();
    change(parts);
    CHECK_THROWS(std::invalid_argument, Program(std::move(parts)));
  };
  broken([](ProgramParts& parts) { parts.slots[1].where = 32; });
  broken([](ProgramParts& parts) { parts.slots[1].where = 64; });
  broken([](ProgramParts& parts) { parts.slots[1].where = -64; });
  broken([](ProgramParts& parts) { parts.slots[0].where = 1; });
  broken([](ProgramParts& parts) { parts.slots[0].spec = f32({4}); });
  broken([](ProgramParts& parts) { parts.slots[1].kind = SlotKind::kInput; });
  broken([](ProgramParts& parts) { parts.slots[1].kind = static_cast<SlotKind>(9); });
  broken([](ProgramParts& parts) { parts.arena_bytes = -1; });
  broken([](ProgramParts& parts) { parts.steps[0].inputs = {0, 0}; });
  broken([](ProgramParts& parts) { parts.steps[0].inputs = {17}; });
  broken([](ProgramParts& parts) { parts.steps[1].outputs = {0}; });
  broken([](ProgramParts& parts) { parts.outputs = {1}; });
  broken([](ProgramParts& parts) { parts.outputs = {}; });
  broken([](ProgramParts& parts) { parts.labels = {"one"}; });
  broken([](ProgramParts& parts) { parts.num_inputs = -1; });
}

TEST(a_cell_is_updated_in_place_unless_shared) {
  ProgramParts parts;
  parts.slots = {{f32({3}), SlotKind::kCell, 0}};
  parts.steps = {{increment({3}), {0}, {0}, -1}};
  parts.outputs = {0};
  parts.num_cells = 1;
  Program program(std::move(parts));
  Cell cell(floats({1, 2, 3}));
  Cell* cells[] = {&cell};
  auto step = [&] {
    Run run(program, nullptr, 0, cells, 1, true);
    run.execute();
    return run.output(0);
  };
  const void* before = cell.get().data();
  Buffer result = step();
  CHECK(cell.get().data() == before);
  CHECK(result.data() != before);  // the next run would change it
  Buffer held = cell.get();
  step();
  CHECK(cell.get().data() != held.data());
  CHECK_EQUAL(data(held)[0], 2.0f);
  CHECK_EQUAL(data(cell.get())[0], 3.0f);
  CHECK_THROWS(TypeError, cell.set(Buffer(DType::kInt32, {3})));
  CHECK_THROWS(std::invalid_argument, cell.set(floats({1})));
}

TEST(a_cell_never_writes_borrowed_memory) {
  float outside[3] = {1, 2, 3};
  ProgramParts parts;
  parts.slots = {{f32({3}), SlotKind::kCell, 0}};
  parts.steps = {{increment({3}), {0}, {0}, -1}};
  parts.num_cells = 1;
  Program program(std::move(parts));
  static int released = 0;
  {
    Cell cell(
        Buffer(DType::kFloat32, {3}, StoragePointer(Storage::borrow(outside, [](void*) { ++released; }, nullptr))));
    Cell* cells[] = {&cell};
    Run run(program, nullptr, 0, cells, 1, false);
    run.execute();
    CHECK_EQUAL(data(cell.get())[0], 2.0f);
  }
  CHECK_EQUAL(outside[0], 1.0f);
  CHECK_EQUAL(released, 1);
}

TEST(an_exception_carries_the_label_of_its_step) {
  ProgramParts parts;
  parts.steps = {{std::make_shared<Instruction>("test_fail", KernelSpec{}), {}, {}, -1}};
  parts.labels = {"model > gather"};
  Program program(std::move(parts));
  Run run(program, nullptr, 0, nullptr, 0, false);
  try {
    run.execute();
    CHECK(false);
  } catch (const std::out_of_range& error) {
    CHECK_EQUAL(std::string(error.what()), "index 7 for 3 rows\n  in   model > gather");
  }
}

TEST(while_repeats_until_its_condition_fails) {
  ProgramParts parts;
  KernelSpec below{{f32({2})}, {{DType::kBool, {}}}, {}};
  below.attrs.set("limit", 10.0);
  parts.slots = {{f32({2}), SlotKind::kInput, 0}, {{DType::kBool, {}}, SlotKind::kOutput, 0}};
  parts.steps = {{std::make_shared<Instruction>("test_below", below), {0}, {1}, -1}};
  parts.outputs = {1};
  parts.num_inputs = 1;
  KernelSpec spec{{f32({2})}, {f32({2})}, {}};
  spec.attrs.set("condition", std::vector<std::shared_ptr<const Program>>{std::make_shared<Program>(std::move(parts))});
  spec.attrs.set("body", std::vector<std::shared_ptr<const Program>>{increment_program({2})});
  spec.attrs.set("num_carried", int64_t{1});
  Instruction instruction("while", spec);
  for (float start : {0.0f, 1.0f, 9.0f})
    CHECK_EQUAL(data(run_instruction(instruction, {floats({start, start})})[0])[1], 10.0f);
  CHECK_EQUAL(data(run_instruction(instruction, {floats({20, 5})})[0])[1], 5.0f);
}

TEST(scan_carries_and_stacks_in_both_directions) {
  // carried, x -> carried + 1, x + 1
  for (bool reverse : {false, true}) {
    ProgramParts parts;
    parts.slots = {{f32({2}), SlotKind::kInput, 0},
                   {f32({2}), SlotKind::kInput, 1},
                   {f32({2}), SlotKind::kOutput, 0},
                   {f32({2}), SlotKind::kOutput, 1}};
    parts.steps = {{increment({2}), {0}, {2}, -1}, {increment({2}), {0}, {3}, -1}};
    parts.outputs = {2, 3};
    parts.num_inputs = 2;
    KernelSpec spec{{f32({2}), f32({3, 2})}, {f32({2}), f32({3, 2})}, {}};
    spec.attrs.set("body", std::vector<std::shared_ptr<const Program>>{std::make_shared<Program>(std::move(parts))});
    spec.attrs.set("num_carried", int64_t{1});
    spec.attrs.set("num_scanned", int64_t{1});
    spec.attrs.set("length", int64_t{3});
    spec.attrs.set("reverse", int64_t{reverse});
    auto result =
        run_instruction(Instruction("scan", spec), {floats({0, 10}), floats({0, 0, 0, 0, 0, 0}).reshape({3, 2})});
    CHECK_EQUAL(data(result[0])[0], 3.0f);
    CHECK_EQUAL(data(result[1])[0], reverse ? 3.0f : 1.0f);
    CHECK_EQUAL(data(result[1])[5], reverse ? 11.0f : 13.0f);
  }
}

TEST(cond_takes_the_branch_that_the_predicate_numbers) {
  ProgramParts identity;
  identity.slots = {{f32({2}), SlotKind::kInput, 0}};
  identity.outputs = {0};
  identity.num_inputs = 1;
  KernelSpec spec{{{DType::kBool, {}}, f32({2})}, {f32({2})}, {}};
  spec.attrs.set("branches", std::vector<std::shared_ptr<const Program>>{std::make_shared<Program>(std::move(identity)),
                                                                         increment_program({2})});
  Instruction instruction("cond", spec);
  Buffer predicate(DType::kBool, {});
  for (uint8_t choice : {0, 1}) {
    *static_cast<uint8_t*>(predicate.data()) = choice;
    CHECK_EQUAL(data(run_instruction(instruction, {predicate, floats({4, 4})})[0])[0], 4.0f + choice);
  }
}

TEST(rows_are_gathered_with_bounds) {
  Buffer source = floats({0, 1, 2, 3, 4, 5}).reshape({3, 2});
  Buffer indices(DType::kInt64, {4});
  int64_t rows[] = {2, 0, 1, 3};
  std::memcpy(indices.data(), rows, sizeof rows);
  Buffer gathered = gather_rows({&source}, indices, 0, 3)[0];
  CHECK_EQUAL(data(gathered)[0], 4.0f);
  CHECK_EQUAL(data(gathered)[5], 3.0f);
  CHECK_THROWS(std::out_of_range, gather_rows({&source}, indices, 1, 3));
  CHECK_THROWS(std::invalid_argument, gather_rows({&source}, indices, 2, 3));
  CHECK_THROWS(std::invalid_argument, gather_rows({&source}, indices, -1, 1));
}

TEST(one_program_runs_on_many_threads) {
  Program program(two_increments());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      Buffer x = floats({float(t), 0, 0});
      const Buffer* inputs[] = {&x};
      for (int i = 0; i < 500; ++i) {
        Run run(program, inputs, 1, nullptr, 0, true);
        run.execute();
        if (data(run.output(0))[0] != float(t) + 2) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK_EQUAL(wrong.load(), 0);
}

}  // namespace headwater
