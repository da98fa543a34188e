// simple_rnn, lstm, gru and their gradients; the primitives of the same names say what they compute.
// Inputs of the forward kernels: z, kernel, [bias of gru], first states, [mask]; attrs reverse, and save but for
// simple_rnn. Of the gradients: the cotangents of states, last state and last cell that attr `given` says are there;
// [what was saved], states (of lstm: cells), kernel, [first state; of lstm: cell], [mask]; attrs reverse, given.
#include <algorithm>

#include "../kernel.h"
#include "../thread_pool.h"
#include "recurrence.h"

namespace headwater {
namespace {

// Rows that one task takes through time. More rows use a kernel in the second-level cache better, until their own
// numbers crowd it out.
constexpr int64_t kMostRows = 48;
// With so few rows, packing the kernel saves nothing: each of its lines is used once a step.
constexpr int64_t kUnpackedRows = 6;
// Multiply-adds that a task should have at least.
constexpr int64_t kWorkPerTask = 96 << 10;

int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

// The specs of a kernel, taken one after another.
class Reader {
 public:
  Reader(const char* name, const std::vector<TensorSpec>& specs) : name_(name), specs_(specs) {}

  size_t take(const Dims& shape, DType dtype, const char* role) {
    require(next_ < specs_.size(), name_, std::string(role) + " is missing");
    const TensorSpec& spec = specs_[next_];
    require(spec.shape == shape && spec.dtype == dtype, name_,
            std::string(role) + " must be " + TensorSpec{dtype, shape}.text() + ", not " + spec.text());
    return next_++;
  }
  bool more() const { return next_ < specs_.size(); }
  const TensorSpec& peek(const char* role) const {
    require(more(), name_, std::string(role) + " is missing");
    return specs_[next_];
  }
  void finish() const { require(!more(), name_, "too many inputs or outputs"); }

 private:
  const char* name_;
  const std::vector<TensorSpec>& specs_;
  size_t next_ = 0;
};

constexpr size_t kNone = static_cast<size_t>(-1);
const void* pick(const void* const* in, size_t place) { return place == kNone ? nullptr : in[place]; }
void* pick(void* const* out, size_t place) { return place == kNone ? nullptr : out[place]; }

const char* name_of(Recurrence kind, bool backward) {
  static const char* const names[2][3] = {{"simple_rnn", "lstm", "gru"},
                                          {"simple_rnn_gradient", "lstm_gradient", "gru_gradient"}};
  return names[backward][static_cast<int>(kind)];
}

// What both directions have in common: the shape, tasks, and memory.
class Recurrent : public Kernel {
 public:
  Recurrent(Recurrence kind, bool backward, const KernelSpec& spec)
      : name_(name_of(kind, backward)), backward_(backward) {
    shape_.kind = kind;
    shape_.reverse = spec.attrs.get_bool("reverse", false);
  }

  size_t scratch_bytes() const final {
    int64_t packed = shape_.packed ? functions_->packed_size(shape_, backward_) : 0;
    return static_cast<size_t>(packed + shape_.batch * functions_->row_workspace(shape_, backward_)) * item_ + 64;
  }
  double cost_hint() const final { return 100 + work() / 15; }

 protected:
  // From (batch, length, width) and its dtype; factor: how often `units` fits the width.
  void take_shape(const TensorSpec& spec, int64_t factor) {
    require(spec.dtype == DType::kFloat32 || spec.dtype == DType::kFloat64, name_,
            std::string("computes in float32 or float64, not ") + dtype_name(spec.dtype));
    require(spec.shape.rank() == 3 && spec.shape[2] % factor == 0, name_,
            spec.text() + " must be (batch, time, " + std::to_string(factor) + " units)");
    shape_.batch = spec.shape[0];
    shape_.length = spec.shape[1];
    shape_.units = spec.shape[2] / factor;
    dtype_ = spec.dtype;
    item_ = item_size(dtype_);
    functions_ = &(*HW_SELECT_ISA(recurrence_functions))(dtype_);
    shape_.packed = backward_ || rows_of_task() > kUnpackedRows;
  }
  // Rows of a task: as many tasks for each thread as keep it below the limit.
  int64_t rows_of_task() const {
    int64_t least = 1 + static_cast<int64_t>(kWorkPerTask * static_cast<double>(shape_.batch) / (work() + 1));
    int64_t threads = num_threads(), tasks = threads * divide_up(divide_up(shape_.batch, threads), kMostRows);
    return std::min(kMostRows, std::max(least, divide_up(shape_.batch, std::max<int64_t>(1, tasks))));
  }
  double work() const {
    return static_cast<double>(shape_.batch * shape_.length) * static_cast<double>(shape_.units * shape_.width());
  }
  Dims sequence(int64_t width) const { return {shape_.batch, shape_.length, width}; }
  Dims state() const { return {shape_.batch, shape_.units}; }
  bool empty() const { return shape_.batch == 0 || shape_.units == 0; }

  // The kernel as the tasks read it.
  const void* prepared(const void* kernel, void* scratch) const {
    if (!shape_.packed) return kernel;
    functions_->pack(shape_, kernel, backward_, scratch);
    return scratch;
  }
  // run(first, rows, workspace) for all rows.
  template <class Run>
  void run_tasks(void* scratch, Run&& run) const {
    int64_t item = static_cast<int64_t>(item_), own = functions_->row_workspace(shape_, backward_);
    int64_t packed = shape_.packed ? functions_->packed_size(shape_, backward_) : 0;
    char* memory = static_cast<char*>(scratch) + (packed * item + 63) / 64 * 64;
    parallel_chunks(shape_.batch, rows_of_task(),
                    [&](int64_t, int64_t begin, int64_t end) { run(begin, end - begin, memory + begin * own * item); });
  }

  const char* name_;
  RecurrenceShape shape_;
  bool backward_;
  DType dtype_ = DType::kFloat32;
  size_t item_ = 4;
  const RecurrenceFunctions* functions_ = nullptr;
};

class Forward final : public Recurrent {
 public:
  Forward(Recurrence kind, const KernelSpec& spec) : Recurrent(kind, false, spec) {
    Reader in(name_, spec.inputs), out(name_, spec.outputs);
    take_shape(in.peek("z"), gates_of(kind));
    in.take(sequence(shape_.width()), dtype_, "z");
    kernel_ = in.take({shape_.units, shape_.width()}, dtype_, "the kernel");
    if (kind == Recurrence::kGru) bias_ = in.take({shape_.width()}, dtype_, "the bias");
    h_ = in.take(state(), dtype_, "the first state");
    if (kind == Recurrence::kLstm) c_ = in.take(state(), dtype_, "the first cell");
    if (in.more()) mask_ = in.take({shape_.batch, shape_.length}, DType::kBool, "the mask");
    in.finish();
    out.take(sequence(shape_.units), dtype_, "the states");
    out.take(state(), dtype_, "the last state");
    if (kind == Recurrence::kLstm) last_c_ = out.take(state(), dtype_, "the last cell");
    if (out.more()) {
      if (kind == Recurrence::kLstm) cells_ = out.take(sequence(shape_.units), dtype_, "the cells");
      saved_ = out.take(sequence(4 * shape_.units), dtype_, "the gates");
      require(kind != Recurrence::kSimple, name_, "saves nothing");
    }
    out.finish();
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    if (empty()) return;
    RecurrenceInputs inputs{in[0],           prepared(in[kernel_], scratch),
                            pick(in, bias_), in[h_],
                            pick(in, c_),    static_cast<const uint8_t*>(pick(in, mask_))};
    RecurrenceResults results{out[0], out[1], pick(out, last_c_), pick(out, cells_), pick(out, saved_)};
    run_tasks(scratch, [&](int64_t first, int64_t rows, void* workspace) {
      functions_->forward(shape_, inputs, results, first, rows, workspace);
    });
  }

 private:
  size_t kernel_ = kNone, bias_ = kNone, h_ = kNone, c_ = kNone, mask_ = kNone;
  size_t last_c_ = kNone, cells_ = kNone, saved_ = kNone;
};

class Backward final : public Recurrent {
 public:
  Backward(Recurrence kind, const KernelSpec& spec) : Recurrent(kind, true, spec) {
    std::vector<int64_t> given = spec.attrs.get_ints("given");
    bool is_lstm = kind == Recurrence::kLstm, is_simple = kind == Recurrence::kSimple;
    require(given.size() == (is_lstm ? 3u : 2u), name_, "`given` has a flag for each result of the forward pass");
    size_t count =
        static_cast<size_t>(std::count_if(given.begin(), given.end(), [](int64_t flag) { return flag != 0; }));
    require(spec.inputs.size() > count, name_, "inputs are missing");
    take_shape(spec.inputs[count], is_simple ? 1 : 4);
    Reader in(name_, spec.inputs), out(name_, spec.outputs);
    if (given[0]) by_states_ = in.take(sequence(shape_.units), dtype_, "the cotangent of the states");
    if (given[1]) by_last_ = in.take(state(), dtype_, "the cotangent of the last state");
    if (is_lstm && given[2]) by_c_ = in.take(state(), dtype_, "the cotangent of the last cell");
    if (!is_simple) saved_ = in.take(sequence(4 * shape_.units), dtype_, "what was saved");
    states_ = in.take(sequence(shape_.units), dtype_, "the states");
    kernel_ = in.take({shape_.units, shape_.width()}, dtype_, "the kernel");
    if (!is_simple) first_ = in.take(state(), dtype_, "the first state");
    if (in.more()) mask_ = in.take({shape_.batch, shape_.length}, DType::kBool, "the mask");
    in.finish();
    out.take(sequence(shape_.width()), dtype_, "the cotangent of z");
    if (kind == Recurrence::kGru)
      by_inner_ = out.take(sequence(shape_.width()), dtype_, "the cotangent of the products");
    by_first_ = out.take(state(), dtype_, "the cotangent of the first state");
    if (is_lstm) by_first_c_ = out.take(state(), dtype_, "the cotangent of the first cell");
    out.finish();
  }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    if (empty()) return;
    // The simple recurrence reads no state before a step, but the pointer is computed.
    const void* first = first_ == kNone ? in[states_] : in[first_];
    RecurrenceCotangents inputs{pick(in, by_states_),
                                pick(in, by_last_),
                                pick(in, by_c_),
                                pick(in, saved_),
                                in[states_],
                                first,
                                prepared(in[kernel_], scratch),
                                static_cast<const uint8_t*>(pick(in, mask_))};
    RecurrenceGradients results{out[0], pick(out, by_inner_), out[by_first_], pick(out, by_first_c_)};
    run_tasks(scratch, [&](int64_t row, int64_t rows, void* workspace) {
      functions_->backward(shape_, inputs, results, row, rows, workspace);
    });
  }

 private:
  size_t by_states_ = kNone, by_last_ = kNone, by_c_ = kNone, saved_ = kNone, states_ = kNone, kernel_ = kNone;
  size_t first_ = kNone, mask_ = kNone, by_inner_ = kNone, by_first_ = kNone, by_first_c_ = kNone;
};

template <Recurrence kind>
std::unique_ptr<Kernel> make_forward(const KernelSpec& spec) {
  return std::make_unique<Forward>(kind, spec);
}
template <Recurrence kind>
std::unique_ptr<Kernel> make_backward(const KernelSpec& spec) {
  return std::make_unique<Backward>(kind, spec);
}

HW_REGISTER_KERNEL("simple_rnn", make_forward<Recurrence::kSimple>)
HW_REGISTER_KERNEL("lstm", make_forward<Recurrence::kLstm>)
HW_REGISTER_KERNEL("gru", make_forward<Recurrence::kGru>)
HW_REGISTER_KERNEL("simple_rnn_gradient", make_backward<Recurrence::kSimple>)
HW_REGISTER_KERNEL("lstm_gradient", make_backward<Recurrence::kLstm>)
HW_REGISTER_KERNEL("gru_gradient", make_backward<Recurrence::kGru>)

}  // namespace
}  // namespace headwater
