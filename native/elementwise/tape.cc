#include "tape.h"

#include <algorithm>
#include <map>
#include <string>

#include "functions.h"

namespace headwater::elementwise {
namespace {

struct OpRecord {
  const char* name;
  Op op;
  int arity;
  Rule rule;
};
constexpr OpRecord kOps[] = {
#define HW_OP(name, arity, rule, cost) {#name, Op::k_##name, arity, Rule::rule},
    HW_ELEMENTWISE_OPS(HW_OP)
#undef HW_OP
};

const OpRecord* find_op(const std::string& name) {
  static const std::map<std::string, const OpRecord*> table = [] {
    std::map<std::string, const OpRecord*> result;
    for (const OpRecord& record : kOps) result[record.name] = &record;
    return result;
  }();
  auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

bool is_16_bit_float(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }
DType real_part(DType dtype) {
  return dtype == DType::kComplex64 ? DType::kFloat32 : dtype == DType::kComplex128 ? DType::kFloat64 : dtype;
}
DType complex_of(DType dtype) { return dtype == DType::kFloat64 ? DType::kComplex128 : DType::kComplex64; }

Reduce reduce_of_row_op(Op op) {
  return op == Op::k_row_max    ? Reduce::kMax
         : op == Op::k_row_min  ? Reduce::kMin
         : op == Op::k_row_prod ? Reduce::kProd
                                : Reduce::kSum;
}

// Translates entries into nodes. A value of a 16-bit float type is kept as a kF32 node that holds rounded numbers.
class Builder {
 public:
  explicit Builder(const KernelSpec& spec) : spec_(spec) {}

  Tape build() {
    tape_.shape = spec_.attrs.get_dims("shape");
    checked_bytes(tape_.shape, size_t{16});
    tape_.inputs = spec_.inputs;
    for (size_t i = 0; i < spec_.inputs.size(); ++i) add_input(static_cast<int>(i));
    std::vector<CodeEntry> code = spec_.attrs.get_code();
    check(code.size() <= 4096, "a program of " + std::to_string(code.size()) + " entries is too long, at most 4096");
    for (size_t i = 0; i < code.size(); ++i) {
      where_ = "entry " + std::to_string(i) + " (" + code[i].op.substr(0, 40) + "): ";
      add_entry(code[i]);
    }
    where_.clear();
    add_results();
    drop_unused();
    return std::move(tape_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw std::invalid_argument("elementwise: " + where_ + message);
  }
  void check(bool condition, const std::string& message) const {
    if (!condition) fail(message);
  }

  // ---- nodes
  int add(Node node) {
    tape_.nodes.push_back(std::move(node));
    return static_cast<int>(tape_.nodes.size()) - 1;
  }
  const Node& node(int index) const { return tape_.nodes[static_cast<size_t>(index)]; }
  int operation(Op op, Lane lane, std::vector<int> args) {
    Node result;
    result.op = op;
    result.lane = lane;
    result.arg_lane = node(op == Op::k_select ? args[1] : args[0]).lane;
    result.args = std::move(args);
    if (op != Op::k_cast) {
      bool exists = functions().ops[static_cast<int>(op)][static_cast<int>(result.arg_lane)] != nullptr;
      if (!exists) throw TypeError("elementwise: " + where_ + "not defined for " + dtype_name(argument_dtype_));
    }
    return add(std::move(result));
  }
  int constant(DType dtype, Immediate immediate) {
    Node result;
    result.op = Op::k_const;
    result.lane = lane_of(dtype);
    result.dtype = dtype;
    result.immediate = immediate;
    return add(std::move(result));
  }
  int constant(DType dtype, double value) {
    Immediate immediate;
    immediate.kind = Immediate::Kind::kFloat;
    immediate.real = value;
    return constant(dtype, immediate);
  }
  // A kF32 node rounded to a 16-bit type, or the node itself.
  int rounded(int value, DType dtype) {
    if (!is_16_bit_float(dtype)) return value;
    return operation(dtype == DType::kFloat16 ? Op::kRoundFloat16 : Op::kRoundBFloat16, Lane::kF32, {value});
  }
  int bits_of(int value, DType dtype) {  // of a 16-bit float: kU16
    Op op = node(value).op;
    if (op == Op::kRoundFloat16 || op == Op::kRoundBFloat16) value = node(value).args[0];  // storing rounds as well
    return operation(dtype == DType::kFloat16 ? Op::kStoreFloat16 : Op::kStoreBFloat16, Lane::kU16, {value});
  }
  int from_bits(int bits, DType dtype) {
    return operation(dtype == DType::kFloat16 ? Op::kLoadFloat16 : Op::kLoadBFloat16, Lane::kF32, {bits});
  }
  int cast(int value, DType from, DType to) {
    if (from == to) return value;
    Lane lane = node(value).lane;
    if (is_16_bit_float(to)) {
      if (is_complex_lane(lane)) {
        value = cast_lane(value, lane == Lane::kC64 ? Lane::kF32 : Lane::kF64);
        lane = node(value).lane;
      }
      // Numbers that a float32 may not hold go by way of a double cut to an odd last bit: rounded once in effect.
      if (lane == Lane::kI32 || lane == Lane::kU32 || lane == Lane::kI64 || lane == Lane::kU64) {
        value = cast_lane(value, Lane::kF64);
        lane = Lane::kF64;
      }
      value = lane == Lane::kF64 ? operation(Op::kCastToOdd, Lane::kF32, {value}) : cast_lane(value, Lane::kF32);
      return rounded(value, to);
    }
    return cast_lane(value, lane_of(to));
  }
  int cast_lane(int value, Lane to) { return node(value).lane == to ? value : operation(Op::k_cast, to, {value}); }
  int bitcast(int value, DType from, DType to) {
    check(item_size(from) == item_size(to),
          std::string("cannot see ") + dtype_name(from) + " as " + dtype_name(to) + ": their sizes differ");
    if (from == to) return value;
    if (is_16_bit_float(from)) value = bits_of(value, from);
    if (to == DType::kBool) return cast_lane(value, Lane::kBool);
    if (is_16_bit_float(to)) return from_bits(relabel(value, Lane::kU16), to);
    return relabel(value, lane_of(to));
  }
  int relabel(int value, Lane lane) {
    if (node(value).lane == lane) return value;
    Node result;
    result.op = Op::kCopy;
    result.lane = lane;
    result.arg_lane = node(value).lane;
    result.args = {value};
    return add(std::move(result));
  }

  // ---- values
  struct Value {
    int node;
    DType dtype;
    bool per_row;  // comes from a reduction of rows, and so has one number per row
    bool uniform;  // one number per row or in all, but not from a reduction
  };
  void add_input(int index) {
    const TensorSpec& input = spec_.inputs[static_cast<size_t>(index)];
    where_ = "input " + std::to_string(index) + ": ";
    check_broadcast(input.shape);
    Node result;
    result.op = Op::kInput;
    result.lane = is_16_bit_float(input.dtype) ? Lane::kU16 : lane_of(input.dtype);
    result.input = index;
    int value = add(std::move(result));
    if (is_16_bit_float(input.dtype)) value = from_bits(value, input.dtype);
    values_.push_back({value, input.dtype, false, input.shape.empty() || input.shape.back() == 1});
    where_.clear();
  }
  void check_broadcast(const Dims& from) const {
    const Dims& to = tape_.shape;
    bool fits = from.rank() <= to.rank();
    for (int i = 0; fits && i < from.rank(); ++i) fits = from.back(i) == 1 || from.back(i) == to.back(i);
    check(fits, "shape " + from.text() + " does not broadcast to " + to.text());
  }
  const Value& argument(const CodeEntry& entry, size_t index) const {
    int id = entry.args[index];
    check(id >= 0 && static_cast<size_t>(id) < values_.size(),
          "argument " + std::to_string(id) + " is not an earlier value, there are " + std::to_string(values_.size()));
    return values_[static_cast<size_t>(id)];
  }
  void require_dtype(const char* what, DType got, DType want) const {
    if (got != want)
      throw TypeError("elementwise: " + where_ + what + " has dtype " + dtype_name(got) + ", expected " +
                      dtype_name(want));
  }

  void add_entry(const CodeEntry& entry) {
    const OpRecord* record = find_op(entry.op);
    check(record != nullptr, "there is no such operation");
    check(static_cast<int>(entry.args.size()) == record->arity,
          "expected " + std::to_string(record->arity) + " arguments, got " + std::to_string(entry.args.size()));
    std::vector<Value> args;
    for (size_t i = 0; i < entry.args.size(); ++i) args.push_back(argument(entry, i));
    argument_dtype_ = args.empty() ? entry.dtype : args[0].dtype;
    Value result{0, entry.dtype, record->rule == Rule::kRow, true};
    if (!result.per_row) {
      for (const Value& value : args) result.per_row |= value.per_row;
      for (const Value& value : args) result.per_row &= value.per_row || value.uniform;
      for (const Value& value : args) result.uniform &= value.uniform;
    }
    result.uniform &= !result.per_row;
    if (record->op == Op::k_iota) result.uniform = entry.immediate.integer != tape_.shape.rank() - 1;
    result.node = lower(*record, entry, args);
    values_.push_back(result);
  }

  int lower(const OpRecord& record, const CodeEntry& entry, std::vector<Value>& args) {
    switch (record.rule) {
      case Rule::kSource:
        return lower_source(record, entry);
      case Rule::kCast:
        return cast(args[0].node, args[0].dtype, entry.dtype);
      case Rule::kBits:
        return bitcast(args[0].node, args[0].dtype, entry.dtype);
      case Rule::kRow:
        return lower_row(record, entry, args[0]);
      case Rule::kSelect:
        return lower_select(entry, args);
      case Rule::kPart:
        return lower_part(record, entry, args[0]);
      case Rule::kComplex:
        require_dtype("the second part", args[1].dtype, args[0].dtype);
        check(args[0].dtype == DType::kFloat32 || args[0].dtype == DType::kFloat64, "parts must be float32 or float64");
        require_dtype("the result", entry.dtype, complex_of(args[0].dtype));
        return operation(Op::k_complex, lane_of(entry.dtype), {args[0].node, args[1].node});
      case Rule::kScaled: {
        require_dtype("the result", entry.dtype, args[0].dtype);
        if (!is_integer(args[1].dtype))
          throw TypeError("elementwise: " + where_ + "the second argument must be an integer");
        int exponent =
            args[1].dtype == DType::kInt64 || args[1].dtype == DType::kUInt64 || args[1].dtype == DType::kUInt32
                ? clamped_exponent(args[1])
                : cast_lane(args[1].node, Lane::kI32);
        return rounded(operation(record.op, lane_of(entry.dtype), {args[0].node, exponent}), entry.dtype);
      }
      case Rule::kPredicate:
      case Rule::kLogical:
      case Rule::kSame:
        break;
    }
    for (size_t i = 1; i < args.size(); ++i) require_dtype("a later argument", args[i].dtype, args[0].dtype);
    if (record.rule == Rule::kSame) return lower_same(record, entry, args);
    require_dtype("the result", entry.dtype, DType::kBool);
    return lower_predicate(record, args);
  }
  // There are loops for half of the comparisons, for logic on bools, and for special numbers where there are some.
  int lower_predicate(const OpRecord& record, const std::vector<Value>& args) {
    std::vector<int> nodes = nodes_of(args);
    Op op = record.op;
    DType dtype = args[0].dtype;
    if (record.rule == Rule::kLogical) {
      for (int& value : nodes) value = cast(value, dtype, DType::kBool);
    } else if (op == Op::k_greater || op == Op::k_greater_equal) {
      op = op == Op::k_greater ? Op::k_less : Op::k_less_equal;
      std::swap(nodes[0], nodes[1]);
    } else if (nodes.size() == 1 && !is_float(dtype) && !is_complex(dtype)) {
      if (op != Op::k_signbit || is_unsigned(dtype) || dtype == DType::kBool)
        return constant(DType::kBool, op == Op::k_isfinite ? 1.0 : 0.0);
      op = Op::k_less;
      nodes.push_back(constant(dtype, 0.0));
    }
    return operation(op, Lane::kBool, nodes);
  }
  static std::vector<int> nodes_of(const std::vector<Value>& args) {
    std::vector<int> nodes;
    for (const Value& value : args) nodes.push_back(value.node);
    return nodes;
  }
  int clamped_exponent(const Value& value) {
    Lane lane = lane_of(value.dtype);
    int high = constant(value.dtype, 1e6);
    int limited = operation(Op::k_minimum, lane, {value.node, high});
    if (!is_unsigned(value.dtype)) limited = operation(Op::k_maximum, lane, {limited, constant(value.dtype, -1e6)});
    return cast_lane(limited, Lane::kI32);
  }

  int lower_source(const OpRecord& record, const CodeEntry& entry) {
    if (record.op == Op::k_const) {
      check(entry.immediate.kind != Immediate::Kind::kNone, "a constant needs an immediate");
      if (entry.immediate.kind == Immediate::Kind::kComplex && !is_complex(entry.dtype))
        throw TypeError("elementwise: " + where_ + "a complex number cannot be a constant of dtype " +
                        dtype_name(entry.dtype));
      return constant(entry.dtype, entry.immediate);
    }
    check(entry.immediate.kind == Immediate::Kind::kInt, "iota needs an axis as its immediate");
    int64_t axis = entry.immediate.integer;
    check(axis >= 0 && axis < tape_.shape.rank(),
          "axis " + std::to_string(axis) + " is out of range for shape " + tape_.shape.text());
    if (tape_.shape[static_cast<int>(axis)] == 1) return constant(entry.dtype, 0.0);
    Node result;
    result.op = Op::k_iota;
    result.axis = static_cast<int>(axis);
    // 16-bit floats: counted exactly, then rounded.
    result.lane = lane_of(entry.dtype);
    return rounded(add(std::move(result)), entry.dtype);
  }
  int lower_row(const OpRecord& record, const CodeEntry& entry, const Value& arg) {
    require_dtype("the result", entry.dtype, arg.dtype);
    check(tape_.shape.rank() > 0, "a reduction of rows needs at least one axis");
    Node result;
    result.op = record.op;
    result.lane = result.arg_lane = node(arg.node).lane;
    result.reduce = reduce_of_row_op(record.op);
    if (!functions().reduces[static_cast<int>(result.reduce)][static_cast<int>(result.lane)].segment)
      throw TypeError("elementwise: " + where_ + "not defined for " + dtype_name(arg.dtype));
    result.args = {arg.node};
    tape_.has_row_reductions = true;
    return rounded(add(std::move(result)), entry.dtype);
  }
  int lower_select(const CodeEntry& entry, const std::vector<Value>& args) {
    require_dtype("the condition", args[0].dtype, DType::kBool);
    require_dtype("the second argument", args[1].dtype, entry.dtype);
    require_dtype("the third argument", args[2].dtype, entry.dtype);
    return operation(Op::k_select, lane_of(entry.dtype), nodes_of(args));
  }
  int lower_part(const OpRecord& record, const CodeEntry& entry, const Value& arg) {
    require_dtype("the result", entry.dtype, real_part(arg.dtype));
    if (!is_complex(arg.dtype)) {
      if (record.op == Op::k_real) return arg.node;
      if (record.op == Op::k_imag) return constant(entry.dtype, 0.0);
    }
    return rounded(operation(record.op, lane_of(entry.dtype), {arg.node}), entry.dtype);
  }

  int lower_same(const OpRecord& record, const CodeEntry& entry, std::vector<Value>& args) {
    Op op = record.op;
    DType dtype = args[0].dtype;
    if (op == Op::k_divide && (is_integer(dtype) || dtype == DType::kBool) &&
        (is_float(entry.dtype) || is_complex(entry.dtype))) {
      for (Value& value : args)
        value = {cast(value.node, dtype, entry.dtype), entry.dtype, value.per_row, value.uniform};
      dtype = entry.dtype;
    }
    require_dtype("the result", entry.dtype, dtype);
    Lane lane = lane_of(dtype);
    std::vector<int> nodes = nodes_of(args);
    bool complex = is_complex(dtype);
    if (op == Op::k_conj && !complex) return nodes[0];
    if (op == Op::k_nextafter && is_16_bit_float(dtype)) return next_after_16_bit(nodes, dtype);
    if (op == Op::k_power) op = simplify_power(nodes, lane);
    if (op == Op::k_multiply && nodes.size() == 2 && nodes[0] == nodes[1] && is_real_float(lane)) {
      op = Op::k_square;
      nodes.pop_back();
    }
    if (op == Op::kCopy) return nodes[0];
    return rounded(composed(op, lane, nodes), dtype);
  }
  // Operations made of others; the rounding to 16 bits comes after the last.
  int composed(Op op, Lane lane, const std::vector<int>& nodes) {
    if (op == Op::k_clamp)
      return operation(Op::k_minimum, lane, {operation(Op::k_maximum, lane, {nodes[0], nodes[1]}), nodes[2]});
    if (op == Op::k_silu)
      return operation(Op::k_multiply, lane, {nodes[0], operation(Op::k_sigmoid, lane, {nodes[0]})});
    return operation(op, lane, nodes);
  }
  // Exponents for which a product or a root is as good and much cheaper.
  Op simplify_power(std::vector<int>& nodes, Lane lane) const {
    const Node& exponent = node(nodes[1]);
    if (!is_real_float(lane) || exponent.op != Op::k_const || exponent.immediate.kind == Immediate::Kind::kNone)
      return Op::k_power;
    double value = exponent.immediate.real;
    Op op = value == 2     ? Op::k_square
            : value == 1   ? Op::kCopy
            : value == -1  ? Op::k_reciprocal
            : value == 0.5 ? Op::k_sqrt
                           : Op::k_power;
    if (op != Op::k_power) nodes.pop_back();
    return op;
  }
  int next_after_16_bit(const std::vector<int>& nodes, DType dtype) {
    std::vector<int> bits;
    for (int value : nodes) {
      int stored = bits_of(value, dtype);
      bits.push_back(dtype == DType::kFloat16 ? stored : relabel(stored, Lane::kI16));
    }
    int next = operation(Op::k_nextafter, dtype == DType::kFloat16 ? Lane::kU16 : Lane::kI16, bits);
    return from_bits(relabel(next, Lane::kU16), dtype);
  }

  // ---- results
  void add_results() {
    std::vector<int64_t> ids = spec_.attrs.get_ints("results");
    OptionalReductions reductions = spec_.attrs.get_reductions();
    check(ids.size() == spec_.outputs.size(), "there are " + std::to_string(ids.size()) + " results for " +
                                                  std::to_string(spec_.outputs.size()) + " outputs");
    check(!ids.empty(), "there must be at least one result");
    check(reductions.empty() || reductions.size() == ids.size(), "there must be one reduction (or None) per result");
    for (size_t i = 0; i < ids.size(); ++i) {
      where_ = "result " + std::to_string(i) + ": ";
      check(ids[i] >= 0 && static_cast<size_t>(ids[i]) < values_.size(),
            "value " + std::to_string(ids[i]) + " does not exist, there are " + std::to_string(values_.size()));
      const Value& value = values_[static_cast<size_t>(ids[i])];
      const TensorSpec& output = spec_.outputs[i];
      require_dtype("the output", output.dtype, value.dtype);
      if (!reductions.empty() && reductions[i]) {
        add_reduced(value, output, *reductions[i]);
      } else {
        add_plain(value, output);
      }
    }
    where_.clear();
  }
  void add_plain(const Value& value, const TensorSpec& output) {
    Result result;
    result.dtype = output.dtype;
    argument_dtype_ = output.dtype;
    if (output.shape == tape_.shape) {
      result.per_row = false;
    } else {
      Dims rows = tape_.shape;
      if (value.per_row) rows.resize(rows.rank() - 1);
      Dims kept = rows;
      if (value.per_row) kept.push_back(1);
      check(value.per_row && (output.shape == rows || output.shape == kept),
            "the output has shape " + output.shape.text() + ", expected " +
                (value.per_row ? kept.text() : tape_.shape.text()));
      result.per_row = true;
    }
    result.node = is_16_bit_float(output.dtype) ? bits_of(value.node, output.dtype) : value.node;
    tape_.results.push_back(result);
  }
  void add_reduced(const Value& value, const TensorSpec& output, const Reduction& reduction) {
    static const std::map<std::string, Reduce> kinds = {{"sum", Reduce::kSum}, {"prod", Reduce::kProd},
                                                        {"max", Reduce::kMax}, {"min", Reduce::kMin},
                                                        {"any", Reduce::kAny}, {"all", Reduce::kAll}};
    auto kind = kinds.find(reduction.kind);
    check(kind != kinds.end(),
          "there is no reduction '" + reduction.kind.substr(0, 40) + "', expected sum prod max min any all");
    Result result;
    result.reduced = true;
    result.kind = kind->second;
    result.dtype = output.dtype;
    result.axes.assign(static_cast<size_t>(tape_.shape.rank()), false);
    for (int64_t axis : reduction.axes) {
      check(axis >= 0 && axis < tape_.shape.rank(),
            "axis " + std::to_string(axis) + " is out of range for shape " + tape_.shape.text());
      check(!result.axes[static_cast<size_t>(axis)], "axis " + std::to_string(axis) + " is given twice");
      result.axes[static_cast<size_t>(axis)] = true;
    }
    Dims kept;
    for (int axis = 0; axis < tape_.shape.rank(); ++axis)
      if (!result.axes[static_cast<size_t>(axis)]) kept.push_back(tape_.shape[axis]);
    check(output.shape == kept, "the output has shape " + output.shape.text() + ", expected " + kept.text());
    result.node = value.node;
    Lane lane = node(value.node).lane;
    if (!functions().reduces[static_cast<int>(result.kind)][static_cast<int>(lane)].segment)
      throw TypeError("elementwise: " + where_ + reduction.kind + " is not defined for " + dtype_name(value.dtype));
    tape_.results.push_back(std::move(result));
  }

  // ---- cleaning
  void drop_unused() {
    std::vector<bool> used(tape_.nodes.size(), false);
    for (const Result& result : tape_.results) used[static_cast<size_t>(result.node)] = true;
    for (size_t i = tape_.nodes.size(); i-- > 0;)
      if (used[i])
        for (int argument : tape_.nodes[i].args) used[static_cast<size_t>(argument)] = true;
    std::vector<int> renamed(tape_.nodes.size(), -1);
    std::vector<Node> kept;
    for (size_t i = 0; i < tape_.nodes.size(); ++i) {
      if (!used[i]) continue;
      renamed[i] = static_cast<int>(kept.size());
      for (int& argument : tape_.nodes[i].args) argument = renamed[static_cast<size_t>(argument)];
      kept.push_back(std::move(tape_.nodes[i]));
    }
    tape_.nodes = std::move(kept);
    for (Result& result : tape_.results) result.node = renamed[static_cast<size_t>(result.node)];
    tape_.has_row_reductions = std::any_of(tape_.nodes.begin(), tape_.nodes.end(), [](const Node& n) {
      return n.op >= Op::k_row_sum && n.op <= Op::k_row_prod;
    });
  }

  const KernelSpec& spec_;
  Tape tape_;
  std::vector<Value> values_;
  std::string where_;
  DType argument_dtype_ = DType::kFloat32;
};

}  // namespace

Tape read_tape(const KernelSpec& spec) { return Builder(spec).build(); }

}  // namespace headwater::elementwise
