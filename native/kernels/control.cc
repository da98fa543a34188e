// Control flow: call, cond, while, scan. Sub-programs run inside the instruction's scratch.
#include <algorithm>
#include <cstring>

#include "executor.h"

namespace headwater {
namespace {

size_t round_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::vector<TensorSpec> slice_of(const std::vector<TensorSpec>& specs, size_t first, size_t count) {
  return {specs.begin() + static_cast<std::ptrdiff_t>(first),
          specs.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

std::vector<TensorSpec> join(std::vector<TensorSpec> a, const std::vector<TensorSpec>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

size_t count_attribute(const char* kernel, const KernelSpec& spec, const std::string& name, size_t most) {
  int64_t count = spec.attrs.get_int(name);
  require(count >= 0 && static_cast<size_t>(count) <= most, kernel, name + " is " + std::to_string(count));
  return static_cast<size_t>(count);
}

void copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0 && to != from) std::memmove(to, from, bytes);
}

// call: y... = program(x...)
class Call final : public Kernel {
 public:
  explicit Call(const KernelSpec& spec) : body_("call", spec.attrs.get_program("program")) {
    body_.check("call", spec.inputs, spec.outputs);
  }
  void run(const void* const* in, void* const* out, void* scratch) const override {
    body_.prepare(scratch);
    body_.run(scratch, in, out);
  }
  size_t scratch_bytes() const override { return body_.scratch_bytes(); }
  double cost_hint() const override { return 100 + body_.program().nanoseconds(); }
  bool calls_python() const override { return body_.program().calls_python(); }

 private:
  Nested body_;
};

// cond: inputs predicate (), x...; y... = branches[predicate](x...). A bool predicate counts as 0 or 1, so false takes
// the first branch; an integer is clamped to the branches there are.
class Cond final : public Kernel {
 public:
  explicit Cond(const KernelSpec& spec) {
    require(!spec.inputs.empty(), "cond", "the predicate is missing");
    const TensorSpec& predicate = spec.inputs[0];
    require(predicate.count() == 1 && (predicate.dtype == DType::kBool || predicate.dtype == DType::kInt32), "cond",
            "the predicate must be a bool or int32 scalar, got " + predicate.text());
    is_bool_ = predicate.dtype == DType::kBool;
    auto operands = slice_of(spec.inputs, 1, spec.inputs.size() - 1);
    for (auto& program : spec.attrs.get_programs("branches")) {
      branches_.emplace_back("cond", program);
      branches_.back().check("cond", operands, spec.outputs);
      scratch_ = std::max(scratch_, branches_.back().scratch_bytes());
      nanoseconds_ = std::max(nanoseconds_, program->nanoseconds());
      calls_python_ = calls_python_ || program->calls_python();
    }
    require(!branches_.empty(), "cond", "there are no branches");
  }
  void run(const void* const* in, void* const* out, void* scratch) const override {
    int64_t index = is_bool_ ? *static_cast<const uint8_t*>(in[0]) != 0 : *static_cast<const int32_t*>(in[0]);
    index = std::clamp<int64_t>(index, 0, static_cast<int64_t>(branches_.size()) - 1);
    const Nested& branch = branches_[static_cast<size_t>(index)];
    branch.prepare(scratch);
    branch.run(scratch, in + 1, out);
  }
  size_t scratch_bytes() const override { return scratch_; }
  double cost_hint() const override { return 100 + nanoseconds_; }
  bool calls_python() const override { return calls_python_; }

 private:
  std::vector<Nested> branches_;
  size_t scratch_ = 0;
  double nanoseconds_ = 0;
  bool is_bool_ = false;
  bool calls_python_ = false;
};

// The values that a loop carries, twice: one copy is read while the other is written.
class Carried {
 public:
  explicit Carried(std::vector<TensorSpec> specs) : specs_(std::move(specs)) {
    for (const TensorSpec& spec : specs_) {
      offsets_.push_back(one_copy_);
      one_copy_ += round_up(std::max<size_t>(spec.bytes(), 1));
    }
  }
  size_t count() const { return specs_.size(); }
  size_t bytes() const { return 2 * one_copy_; }
  void* place(char* memory, size_t index, int64_t turn) const {
    return memory + (turn % 2 ? one_copy_ : 0) + offsets_[index];
  }
  // Points `to` at the copy that turn `turn` writes.
  void aim(char* memory, int64_t turn, void** to) const {
    for (size_t i = 0; i < count(); ++i) to[i] = place(memory, i, turn);
  }
  void copy_out(const void* const* from, void* const* to) const {
    for (size_t i = 0; i < count(); ++i) copy(to[i], from[i], specs_[i].bytes());
  }

 private:
  std::vector<TensorSpec> specs_;
  std::vector<size_t> offsets_;
  size_t one_copy_ = 0;
};

// Hands out parts of a scratch area; with a null start it only counts.
class Layout {
 public:
  explicit Layout(void* start) : start_(static_cast<char*>(start)) {}
  char* take(size_t bytes) {
    char* part = start_ ? start_ + used_ : nullptr;
    used_ += round_up(bytes);
    return part;
  }
  template <class T>
  T* take_array(size_t count) {
    return reinterpret_cast<T*>(take(count * sizeof(T)));
  }
  size_t used() const { return used_; }

 private:
  char* start_;
  size_t used_ = 0;
};

// while: inputs carried..., constants...; while condition(carried..., constants...): carried = body(the same).
class While final : public Kernel {
 public:
  explicit While(const KernelSpec& spec)
      : num_carried_(count_attribute("while", spec, "num_carried", spec.inputs.size())),
        num_inputs_(spec.inputs.size()),
        carried_(slice_of(spec.inputs, 0, num_carried_)),
        condition_("while", spec.attrs.get_program("condition")),
        body_("while", spec.attrs.get_program("body")) {
    auto carried = slice_of(spec.inputs, 0, num_carried_);
    require(spec.outputs == carried, "while", "the outputs must be like the carried values");
    condition_.check("while", spec.inputs, {TensorSpec{DType::kBool, Dims{}}});
    body_.check("while", spec.inputs, carried);
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    Parts parts = lay_out(scratch);
    condition_.prepare(parts.condition);
    body_.prepare(parts.body);
    std::copy(in, in + num_inputs_, parts.in);
    void* go_on = parts.predicate;
    for (int64_t turn = 0;; ++turn) {
      condition_.run(parts.condition, parts.in, &go_on);
      if (*static_cast<uint8_t*>(go_on) == 0) break;
      carried_.aim(parts.carried, turn, parts.out);
      body_.run(parts.body, parts.in, parts.out);
      std::copy(parts.out, parts.out + num_carried_, parts.in);
      if (turn % 64 == 63) poll_interrupt();
    }
    carried_.copy_out(parts.in, out);
  }
  size_t scratch_bytes() const override { return lay_out(nullptr).bytes; }
  double cost_hint() const override { return 1e6; }
  bool calls_python() const override { return condition_.program().calls_python() || body_.program().calls_python(); }

 private:
  struct Parts {
    char *predicate, *carried, *condition, *body;
    const void** in;
    void** out;
    size_t bytes;
  };
  Parts lay_out(void* scratch) const {
    Layout layout(scratch);
    Parts parts{};
    parts.predicate = layout.take(1);
    parts.carried = layout.take(carried_.bytes());
    parts.condition = layout.take(condition_.scratch_bytes());
    parts.body = layout.take(body_.scratch_bytes());
    parts.in = layout.take_array<const void*>(num_inputs_);
    parts.out = layout.take_array<void*>(num_carried_);
    parts.bytes = layout.used();
    return parts;
  }

  size_t num_carried_, num_inputs_;
  Carried carried_;
  Nested condition_, body_;
};

// scan: inputs carried..., scanned (length, ...)..., constants...; for each t (from the end if reverse):
// carried..., y[t]... = body(carried..., scanned[t]..., constants...); outputs carried..., y (length, ...)...
class Scan final : public Kernel {
 public:
  explicit Scan(const KernelSpec& spec)
      : num_carried_(count_attribute("scan", spec, "num_carried", std::min(spec.inputs.size(), spec.outputs.size()))),
        num_scanned_(count_attribute("scan", spec, "num_scanned", spec.inputs.size() - num_carried_)),
        num_inputs_(spec.inputs.size()),
        num_outputs_(spec.outputs.size()),
        length_(spec.attrs.get_int("length")),
        reverse_(spec.attrs.get_bool("reverse", false)),
        carried_(slice_of(spec.inputs, 0, num_carried_)),
        body_("scan", spec.attrs.get_program("body")) {
    require(length_ >= 0, "scan", "length is " + std::to_string(length_));
    auto carried = slice_of(spec.inputs, 0, num_carried_);
    require(slice_of(spec.outputs, 0, num_carried_) == carried, "scan",
            "the first outputs must be like the carried values");
    auto constants = slice_of(spec.inputs, num_carried_ + num_scanned_, num_inputs_ - num_carried_ - num_scanned_);
    auto scanned = rows_of(slice_of(spec.inputs, num_carried_, num_scanned_), scanned_bytes_);
    auto stacked = rows_of(slice_of(spec.outputs, num_carried_, num_outputs_ - num_carried_), stacked_bytes_);
    body_.check("scan", join(join(carried, scanned), constants), join(carried, stacked));
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    Parts parts = lay_out(scratch);
    body_.prepare(parts.body);
    std::copy(in, in + num_inputs_, parts.in);
    for (int64_t turn = 0; turn < length_; ++turn) {
      auto row = static_cast<size_t>(reverse_ ? length_ - 1 - turn : turn);
      for (size_t i = 0; i < num_scanned_; ++i)
        parts.in[num_carried_ + i] = static_cast<const char*>(in[num_carried_ + i]) + row * scanned_bytes_[i];
      carried_.aim(parts.carried, turn, parts.out);
      for (size_t i = 0; i < stacked_bytes_.size(); ++i)
        parts.out[num_carried_ + i] = static_cast<char*>(out[num_carried_ + i]) + row * stacked_bytes_[i];
      body_.run(parts.body, parts.in, parts.out);
      std::copy(parts.out, parts.out + num_carried_, parts.in);
      if (turn % 64 == 63) poll_interrupt();
    }
    carried_.copy_out(parts.in, out);
  }
  size_t scratch_bytes() const override { return lay_out(nullptr).bytes; }
  double cost_hint() const override {
    return 100 + static_cast<double>(length_) * (50 + body_.program().nanoseconds());
  }
  bool calls_python() const override { return body_.program().calls_python(); }

 private:
  struct Parts {
    char *carried, *body;
    const void** in;
    void** out;
    size_t bytes;
  };
  Parts lay_out(void* scratch) const {
    Layout layout(scratch);
    Parts parts{};
    parts.carried = layout.take(carried_.bytes());
    parts.body = layout.take(body_.scratch_bytes());
    parts.in = layout.take_array<const void*>(num_inputs_);
    parts.out = layout.take_array<void*>(num_outputs_);
    parts.bytes = layout.used();
    return parts;
  }
  // The specs without their leading axis, which must be `length`.
  std::vector<TensorSpec> rows_of(std::vector<TensorSpec> specs, std::vector<size_t>& bytes) const {
    for (TensorSpec& spec : specs) {
      require(!spec.shape.empty() && spec.shape[0] == length_, "scan",
              spec.text() + " must have a leading axis of " + std::to_string(length_));
      spec.shape = Dims(spec.shape.begin() + 1, spec.shape.end());
      bytes.push_back(spec.bytes());
    }
    return specs;
  }

  size_t num_carried_, num_scanned_, num_inputs_, num_outputs_;
  int64_t length_;
  bool reverse_;
  Carried carried_;
  Nested body_;
  std::vector<size_t> scanned_bytes_, stacked_bytes_;
};

template <class K>
std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return std::make_unique<K>(spec);
}

}  // namespace

HW_REGISTER_KERNEL("call", make<Call>)
HW_REGISTER_KERNEL("cond", make<Cond>)
HW_REGISTER_KERNEL("while", make<While>)
HW_REGISTER_KERNEL("scan", make<Scan>)

}  // namespace headwater
