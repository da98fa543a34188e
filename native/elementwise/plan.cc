#include "plan.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace headwater::elementwise {
namespace {

constexpr int64_t kTileElements = 2048;
constexpr int64_t kLongestTile = 8192;  // a row of up to this many elements is one tile, if it has row reductions
constexpr int64_t kShortRow = 384;      // rows below this are packed
constexpr double kTaskNanoseconds = 30000;

int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

double cost_of(Op op) {
  static constexpr int kCosts[] = {
#define HW_OP(name, arity, rule, cost) cost,
      HW_ELEMENTWISE_OPS(HW_OP)
#undef HW_OP
  };
  int index = static_cast<int>(op);
  return (index < static_cast<int>(sizeof(kCosts) / sizeof(kCosts[0])) ? kCosts[index] : 150) * 1e-3;
}

bool is_row_reduction(Op op) { return op >= Op::k_row_sum && op <= Op::k_row_prod; }

struct ChainCode {
  ChainOp plain, swapped;  // value op x, x op value
};
// The chain step of a binary or unary operation, if it has one.
bool chain_code(Op op, ChainCode& code) {
  switch (op) {
    case Op::k_add:
      code = {ChainOp::kAdd, ChainOp::kAdd};
      return true;
    case Op::k_subtract:
      code = {ChainOp::kSubtract, ChainOp::kSubtractFrom};
      return true;
    case Op::k_multiply:
      code = {ChainOp::kMultiply, ChainOp::kMultiply};
      return true;
    case Op::k_divide:
      code = {ChainOp::kDivide, ChainOp::kDivideInto};
      return true;
    case Op::k_maximum:
      code = {ChainOp::kMaximum, ChainOp::kMaximum};
      return true;
    case Op::k_minimum:
      code = {ChainOp::kMinimum, ChainOp::kMinimum};
      return true;
    case Op::k_negative:
      code = {ChainOp::kNegative, ChainOp::kNegative};
      return true;
    case Op::k_abs:
      code = {ChainOp::kAbs, ChainOp::kAbs};
      return true;
    case Op::k_square:
      code = {ChainOp::kSquare, ChainOp::kSquare};
      return true;
    case Op::k_sqrt:
      code = {ChainOp::kSqrt, ChainOp::kSqrt};
      return true;
    case Op::k_rsqrt:
      code = {ChainOp::kRsqrt, ChainOp::kRsqrt};
      return true;
    case Op::k_reciprocal:
      code = {ChainOp::kReciprocal, ChainOp::kReciprocal};
      return true;
    case Op::k_relu:
      code = {ChainOp::kRelu, ChainOp::kRelu};
      return true;
    case Op::k_floor:
      code = {ChainOp::kFloor, ChainOp::kFloor};
      return true;
    case Op::kRoundFloat16:
      code = {ChainOp::kRoundFloat16, ChainOp::kRoundFloat16};
      return true;
    case Op::kRoundBFloat16:
      code = {ChainOp::kRoundBFloat16, ChainOp::kRoundBFloat16};
      return true;
    default:
      return false;
  }
}
ChainOp where_code(Op comparison, bool swapped) {
  switch (comparison) {
    case Op::k_equal:
      return ChainOp::kWhereEqual;
    case Op::k_not_equal:
      return ChainOp::kWhereNotEqual;
    case Op::k_less:
      return swapped ? ChainOp::kWhereGreater : ChainOp::kWhereLess;
    case Op::k_less_equal:
      return swapped ? ChainOp::kWhereGreaterEqual : ChainOp::kWhereLessEqual;
    case Op::k_greater:
      return swapped ? ChainOp::kWhereLess : ChainOp::kWhereGreater;
    default:
      return swapped ? ChainOp::kWhereLessEqual : ChainOp::kWhereGreaterEqual;
  }
}

class Planner {
 public:
  explicit Planner(Tape tape) : plan_(std::make_unique<Plan>()), tape_(plan_->tape) { tape_ = std::move(tape); }

  std::unique_ptr<const Plan> build() {
    collapse();
    reduce_rows_directly();
    materialize_results();
    classify();
    choose_tiles();
    fuse_selections();
    bind_values();
    form_units();
    order_units();
    assign_registers();
    require(plan_->slots.size() <= 65535, "elementwise", "the program has too many values");
    plan_tasks();
    return std::move(plan_);
  }

 private:
  const Node& node(int index) const { return tape_.nodes[static_cast<size_t>(index)]; }
  Extent extent(int index) const { return extents_[static_cast<size_t>(index)]; }
  int stage(int index) const { return stages_[static_cast<size_t>(index)]; }

  // ---- iteration space -----------------------------------------------------------------------------------------

  Dims input_strides(int input) const {
    const Dims& from = tape_.inputs[static_cast<size_t>(input)].shape;
    Dims strides;
    strides.resize(tape_.shape.rank());
    int64_t stride = 1;
    for (int i = 0; i < from.rank(); ++i) {
      strides[tape_.shape.rank() - 1 - i] = from.back(i) == 1 ? 0 : stride;
      stride *= from.back(i);
    }
    return strides;
  }
  Dims iota_strides(int axis) const {
    Dims strides;
    strides.resize(tape_.shape.rank());
    strides[axis] = 1;
    return strides;
  }
  Dims reduced_strides(const Result& result) const {
    Dims strides;
    strides.resize(tape_.shape.rank());
    int64_t stride = 1;
    for (int axis = tape_.shape.rank() - 1; axis >= 0; --axis) {
      if (result.axes[static_cast<size_t>(axis)]) continue;
      strides[axis] = tape_.shape[axis] == 1 ? 0 : stride;
      stride *= tape_.shape[axis];
    }
    return strides;
  }

  void collapse() {
    std::vector<Dims> layouts;
    for (const Node& n : tape_.nodes) {
      if (n.op == Op::kInput) layouts.push_back(input_strides(n.input));
      if (n.op == Op::k_iota) layouts.push_back(iota_strides(n.axis));
    }
    for (const Result& result : tape_.results)
      if (result.reduced) layouts.push_back(reduced_strides(result));
    // Groups of axes, innermost first; each is described by its innermost axis.
    int last = tape_.shape.rank() - 1;
    for (int axis = last; axis >= 0; --axis) {
      int64_t size = tape_.shape[axis];
      bool inner_row = axis == last && tape_.has_row_reductions;
      if (size == 1 && !inner_row) continue;
      bool joined = !groups_.empty() && !(groups_.size() == 1 && tape_.has_row_reductions);
      if (joined) {
        const Group& inner = groups_.back();
        for (const Dims& layout : layouts) joined &= layout[axis] == layout[inner.axis] * inner.size;
      }
      if (joined) {
        groups_.back().size *= size;
      } else {
        groups_.push_back({axis, size});
      }
    }
    if (groups_.empty()) groups_.push_back({-1, 1});
    plan_->columns = groups_[0].size;
    plan_->rows = 1;
    for (size_t i = groups_.size(); i-- > 1;) {
      plan_->outer.push_back(groups_[i].size);
      plan_->rows *= groups_[i].size;
    }
  }
  Strides collapsed(const Dims& layout) const {
    Strides strides;
    size_t count = groups_.size();
    for (size_t i = 1; i < count; ++i) strides.outer[count - 1 - i] = layout[groups_[i].axis];
    strides.inner = groups_[0].axis < 0 ? 0 : layout[groups_[0].axis];
    return strides;
  }
  bool is_contiguous(const Strides& strides) const {
    int64_t expected = plan_->columns;
    if (strides.inner != 1 && plan_->columns != 1) return false;
    for (size_t i = plan_->outer.size(); i-- > 0;) {
      if (strides.outer[i] != expected) return false;
      expected *= plan_->outer[i];
    }
    return true;
  }
  bool counts_rows(const Strides& strides) const {  // element = number of the row
    int64_t expected = 1;
    for (size_t i = plan_->outer.size(); i-- > 0;) {
      if (strides.outer[i] != expected && plan_->outer[i] != 1) return false;
      expected *= plan_->outer[i];
    }
    return strides.inner == 0;
  }

  int add(Node n) {
    tape_.nodes.push_back(std::move(n));
    return static_cast<int>(tape_.nodes.size()) - 1;
  }
  int add_operation(Op op, Lane lane, int argument) {
    Node n;
    n.op = op;
    n.lane = lane;
    n.arg_lane = node(argument).lane;
    n.args = {argument};
    return add(std::move(n));
  }

  // A reduction of the innermost axes alone becomes a value per row, if there are rows enough to share out.
  void reduce_rows_directly() {
    for (Result& result : tape_.results) {
      if (!result.reduced || plan_->columns <= 1) continue;
      Strides strides = collapsed(reduced_strides(result));
      if (!counts_rows(strides) || (plan_->rows < 8 && plan_->rows * plan_->columns > 32768)) continue;
      Node n;
      n.op = Op::k_row_sum;  // the kind is in `reduce`
      n.reduce = result.kind;
      n.lane = n.arg_lane = node(result.node).lane;
      n.args = {result.node};
      int value = add(std::move(n));
      if (result.dtype == DType::kFloat16) value = add_operation(Op::kStoreFloat16, Lane::kU16, value);
      if (result.dtype == DType::kBFloat16) value = add_operation(Op::kStoreBFloat16, Lane::kU16, value);
      result.node = value;
      result.reduced = false;
      result.per_row = true;
    }
  }

  // Results need a loop of their own that writes them: inputs, and values that are used twice, are copied.
  void materialize_results() {
    std::vector<bool> taken(tape_.nodes.size(), false);
    for (Result& result : tape_.results) {
      if (result.reduced || result.per_row) continue;
      size_t index = static_cast<size_t>(result.node);
      if (index < taken.size() && !taken[index] && node(result.node).op != Op::kInput &&
          node(result.node).op != Op::k_iota) {
        taken[index] = true;
        continue;
      }
      result.node = add_operation(Op::kCopy, node(result.node).lane, result.node);
      forced_full_.push_back(result.node);
    }
  }

  void classify() {
    extents_.clear();
    stages_.clear();
    auto classify_node = [&](int index) {
      const Node& n = node(index);
      Extent result = Extent::kUniform;
      int result_stage = 0;
      if (n.op == Op::kInput || n.op == Op::k_iota) {
        Strides strides = collapsed(n.op == Op::kInput ? input_strides(n.input) : iota_strides(n.axis));
        bool varies = std::any_of(strides.outer, strides.outer + plan_->outer.size(), [](int64_t s) { return s != 0; });
        result = strides.inner != 0 ? Extent::kFull : varies ? Extent::kRow : Extent::kUniform;
      }
      for (int argument : n.args) {
        result = std::max(result, extent(argument));
        result_stage = std::max(result_stage, stage(argument));
      }
      if (is_row_reduction(n.op)) {
        result = Extent::kRow;
        ++result_stage;
      }
      if (std::find(forced_full_.begin(), forced_full_.end(), index) != forced_full_.end()) result = Extent::kFull;
      extents_.push_back(result);
      stages_.push_back(result_stage);
    };
    for (int i = 0; i < static_cast<int>(tape_.nodes.size()); ++i) classify_node(i);
    auto full_copy = [&](int value) {
      int copy = add_operation(Op::kCopy, node(value).lane, value);
      forced_full_.push_back(copy);
      classify_node(copy);
      return copy;
    };
    for (Result& result : tape_.results)
      if (!result.per_row && extent(result.node) != Extent::kFull) result.node = full_copy(result.node);
    for (int i = 0, count = static_cast<int>(tape_.nodes.size()); i < count; ++i) {
      if (!is_row_reduction(node(i).op) || extent(node(i).args[0]) == Extent::kFull) continue;
      // Insert the copy at the end; ids are not in order any more, which units do not need.
      int copy = full_copy(node(i).args[0]);
      tape_.nodes[static_cast<size_t>(i)].args[0] = copy;
    }
    for (int s : stages_) plan_->stages = std::max(plan_->stages, s + 1);
  }

  // ---- tiles ---------------------------------------------------------------------------------------------------

  void choose_tiles() {
    Plan& p = *plan_;
    int64_t widest = 1;
    for (const Node& n : tape_.nodes) widest = std::max<int64_t>(widest, lane_size(n.lane));
    int64_t elements = widest <= 4 ? kTileElements : kTileElements * 4 / widest;
    p.packed = p.rows > 1 && p.columns > 0 && p.columns < kShortRow;
    p.row_at_once = !p.packed && p.stages > 1;
    for (const Result& result : tape_.results) {
      if (!result.reduced) continue;
      Strides strides = collapsed(reduced_strides(result));
      for (size_t i = 0; i < p.outer.size(); ++i)
        if (strides.outer[i] == 0 && p.outer[i] != 1) kept_prefix_ = std::min(kept_prefix_, static_cast<int>(i));
    }
    kept_prefix_ = std::min(kept_prefix_, static_cast<int>(p.outer.size()));
    p.group_rows = 1;
    for (size_t i = static_cast<size_t>(kept_prefix_); i < p.outer.size(); ++i) p.group_rows *= p.outer[i];
    if (p.group_rows == 0) p.group_rows = 1;
    if (p.packed) {
      p.tile_rows = std::clamp<int64_t>(elements / p.columns, 1, p.rows);
      if (p.group_rows <= p.tile_rows) {
        p.tile_rows = p.tile_rows / p.group_rows * p.group_rows;
        group_aligned_ = true;
        p.group_rows = std::max<int64_t>(p.rows, 1);
      }
      p.tiles_per_group = (p.group_rows + p.tile_rows - 1) / p.tile_rows;
      tile_capacity_ = p.tile_rows * p.columns;
    } else {
      bool whole = p.row_at_once && p.columns <= kLongestTile;
      p.tile_columns = std::max<int64_t>(whole ? p.columns : std::min(elements, p.columns), 1);
      p.segments = (p.columns + p.tile_columns - 1) / p.tile_columns;
      p.long_rows = p.row_at_once && p.segments > 1;
      tile_capacity_ = p.tile_columns;
      p.tiles_per_group = p.group_rows * (p.row_at_once ? 1 : p.segments);
    }
    p.tiles = p.rows == 0 ? 0 : p.rows / p.group_rows * p.tiles_per_group;
    tile_capacity_ = (tile_capacity_ + 63) / 64 * 64;
  }

  void fuse_selections() {
    dead_.assign(tape_.nodes.size(), false);
    std::vector<int> uses(tape_.nodes.size(), 0);
    for (const Node& n : tape_.nodes)
      for (int argument : n.args) ++uses[static_cast<size_t>(argument)];
    for (const Result& result : tape_.results) ++uses[static_cast<size_t>(result.node)];
    comparisons_.assign(tape_.nodes.size(), Op::k_equal);
    for (size_t i = 0; i < tape_.nodes.size(); ++i) {
      Node& n = tape_.nodes[i];
      if (n.op != Op::k_select || !is_real_float(n.lane) || extents_[i] != Extent::kFull) continue;
      int mask_index = n.args[0];
      const Node& mask = node(mask_index);
      bool comparison = mask.op >= Op::k_equal && mask.op <= Op::k_greater_equal;
      if (!comparison || mask.arg_lane != n.lane || uses[static_cast<size_t>(mask_index)] != 1) continue;
      comparisons_[i] = mask.op;
      n.op = Op::kCompareSelect;
      n.args = {mask.args[0], mask.args[1], n.args[1], n.args[2]};
      dead_[static_cast<size_t>(mask_index)] = true;
    }
  }

  // ---- values --------------------------------------------------------------------------------------------------

  void bind_values() {
    Plan& p = *plan_;
    int count = static_cast<int>(tape_.nodes.size());
    p.slots.resize(static_cast<size_t>(count));
    p.constant_of_slot.assign(static_cast<size_t>(count), nullptr);
    expanded_.assign(static_cast<size_t>(count), -1);
    for (int i = 0; i < count; ++i) {
      const Node& n = node(i);
      SlotHome& home = p.slots[static_cast<size_t>(i)];
      home.item_size = lane_size(n.lane);
      if (dead_[static_cast<size_t>(i)]) continue;
      if (n.op == Op::k_const) {
        home.kind = SlotHome::Kind::kConstant;
        add_constant(i, constant_block(n));
      } else if (extent(i) == Extent::kUniform) {
        bind_uniform(i);
      } else if (n.op == Op::kInput || n.op == Op::k_iota) {
        bind_input(i);
      } else if (extent(i) == Extent::kRow) {
        home.kind = SlotHome::Kind::kThread;
        home.offset = thread_space(row_bytes(i));
      }
    }
  }
  int64_t row_bytes(int index) const {
    int64_t lanes = plan_->packed ? std::max<int64_t>(plan_->tile_rows, kBlockLanes) : kBlockLanes;
    return lanes * lane_size(node(index).lane);
  }
  int64_t thread_space(int64_t bytes) {
    int64_t offset = plan_->thread_bytes;
    plan_->thread_bytes += aligned(bytes);
    return offset;
  }
  void add_constant(int slot, const Block& block) {
    std::shared_ptr<Block[]> memory(new Block[1]);
    memory[0] = block;
    plan_->constant_of_slot[static_cast<size_t>(slot)] = memory.get();
    plan_->constants.push_back(std::move(memory));
  }
  static Block constant_block(const Node& n) {
    const Immediate& immediate = n.immediate;
    Block block{};
    auto fill = [&](auto value) {
      for (int i = 0; i < kBlockLanes; ++i) std::memcpy(block.bytes + i * sizeof(value), &value, sizeof(value));
    };
    double real = immediate.real;
    switch (n.dtype) {
      case DType::kFloat16:
        fill(static_cast<float>(Float16(static_cast<float>(real))));
        return block;
      case DType::kBFloat16:
        fill(static_cast<float>(BFloat16(static_cast<float>(real))));
        return block;
      case DType::kFloat32:
        fill(static_cast<float>(real));
        return block;
      case DType::kFloat64:
        fill(real);
        return block;
      case DType::kComplex64:
        fill(std::complex<float>(static_cast<float>(real), static_cast<float>(immediate.imaginary)));
        return block;
      case DType::kComplex128:
        fill(std::complex<double>(real, immediate.imaginary));
        return block;
      case DType::kBool:
        fill(static_cast<uint8_t>(immediate.kind == Immediate::Kind::kInt ? immediate.integer != 0 : real != 0));
        return block;
      default:
        break;
    }
    if (immediate.kind == Immediate::Kind::kInt) {
      for (int i = 0; i < kBlockLanes; ++i)  // little-endian: the low bytes are the wrapped value
        std::memcpy(block.bytes + i * lane_size(n.lane), &immediate.integer, static_cast<size_t>(lane_size(n.lane)));
      return block;
    }
    Block wide{};
    for (int i = 0; i < kBlockLanes; ++i) std::memcpy(wide.bytes + i * 8, &real, 8);
    const void* args[] = {wide.bytes};
    int64_t steps[] = {1};
    functions().casts[static_cast<int>(Lane::kF64)][static_cast<int>(n.lane)](block.bytes, args, steps, kBlockLanes);
    return block;
  }
  void bind_uniform(int index) {
    Plan& p = *plan_;
    const Node& n = node(index);
    SlotHome& home = p.slots[static_cast<size_t>(index)];
    bool constant = n.op != Op::kInput && n.op != Op::k_iota;
    for (int argument : n.args) constant &= p.slots[static_cast<size_t>(argument)].kind == SlotHome::Kind::kConstant;
    if (constant) {
      home.kind = SlotHome::Kind::kConstant;
      Block block{};
      const void* args[4];
      int64_t steps[4] = {1, 1, 1, 1};
      for (size_t i = 0; i < n.args.size(); ++i) args[i] = p.constant_of_slot[static_cast<size_t>(n.args[i])]->bytes;
      function_of(n)(block.bytes, args, steps, kBlockLanes);
      add_constant(index, block);
      return;
    }
    home.kind = SlotHome::Kind::kUniform;
    home.offset = p.scratch_bytes;
    p.scratch_bytes += aligned(int64_t{kBlockLanes} * lane_size(n.lane));
    if (n.op == Op::kInput) {
      p.uniform_inputs.push_back({n.input, index, lane_size(n.lane)});
    } else {
      p.uniform_units.push_back(operation(index));
    }
  }
  void bind_input(int index) {
    const Node& n = node(index);
    BoundInput bound;
    bound.input = n.op == Op::kInput ? n.input : -1;
    bound.slot = index;
    bound.lane = n.lane;
    bound.item_size = lane_size(n.lane);
    bound.strides = collapsed(n.op == Op::kInput ? input_strides(n.input) : iota_strides(n.axis));
    bound.contiguous = n.op == Op::kInput && is_contiguous(bound.strides);
    bound.constant_pattern = true;
    for (size_t i = 0; i < plan_->outer.size(); ++i) bound.constant_pattern &= bound.strides.outer[i] == 0;
    SlotHome& home = plan_->slots[static_cast<size_t>(index)];
    if (extent(index) == Extent::kRow) {
      home.kind = SlotHome::Kind::kThread;
      home.offset = thread_space(row_bytes(index));
      plan_->row_inputs.push_back(bound);
      return;
    }
    bool direct = n.op == Op::kInput && (bound.contiguous || !plan_->packed);
    if (!direct) {  // gathered into a tile
      home.kind = SlotHome::Kind::kThread;
      home.offset = thread_space(tile_capacity_ * bound.item_size);
    }
    plan_->full_inputs.push_back(bound);
  }

  OpFunction function_of(const Node& n) const {
    if (n.op == Op::k_cast) return functions().casts[static_cast<int>(n.arg_lane)][static_cast<int>(n.lane)];
    return functions().ops[static_cast<int>(n.op)][static_cast<int>(n.arg_lane)];
  }
  // The slot that a full loop reads, and whether it moves on: a row value in a packed tile is expanded first.
  int full_argument(int index, int64_t& step) {
    step = extent(index) == Extent::kFull ? 1 : 0;
    if (extent(index) != Extent::kRow || !plan_->packed) return index;
    step = 1;
    int& slot = expanded_[static_cast<size_t>(index)];
    if (slot < 0) {
      slot = static_cast<int>(plan_->slots.size());
      SlotHome home;
      home.kind = SlotHome::Kind::kThread;
      home.item_size = lane_size(node(index).lane);
      home.offset = thread_space(tile_capacity_ * home.item_size);
      plan_->slots.push_back(home);
      plan_->constant_of_slot.push_back(nullptr);
      pending_expansions_.push_back(index);
    }
    return slot;
  }
  Unit operation(int index) {
    const Node& n = node(index);
    Unit unit;
    unit.function = function_of(n);
    unit.result = index;
    unit.num_args = static_cast<int>(n.args.size());
    unit.item_size = lane_size(n.lane);
    for (size_t i = 0; i < n.args.size(); ++i) {
      int argument = n.args[i];
      unit.args[i] = argument;
      if (extent(index) == Extent::kFull) {
        unit.args[i] = full_argument(argument, unit.steps[i]);
      } else if (extent(index) == Extent::kRow && plan_->packed) {
        unit.steps[i] = extent(argument) == Extent::kRow ? 1 : 0;
      } else {
        unit.steps[i] = 1;  // blocks
      }
    }
    return unit;
  }

  // ---- units ---------------------------------------------------------------------------------------------------

  struct Group {
    int axis;
    int64_t size;
  };
  struct Draft {  // of a unit of full loops
    bool chain = false;
    std::vector<int> nodes;
    int stage = 0;
  };

  bool can_chain(int index) const {
    const Node& n = node(index);
    if (!is_real_float(n.lane) || extent(index) != Extent::kFull) return false;
    if (n.op == Op::kCompareSelect) return true;
    if (n.op == Op::k_select) return extent(n.args[0]) == Extent::kFull;
    ChainCode code;
    return chain_code(n.op, code) && n.arg_lane == n.lane;
  }
  // Arguments of a node that the chain's value may be.
  static std::vector<size_t> chain_positions(const Node& n) {
    if (n.op == Op::kCompareSelect) return {0, 1};
    if (n.op == Op::k_select) return {1, 2};
    if (n.args.size() == 2) return {0, 1};
    return {0};
  }
  int draft_of(int index) const { return draft_of_[static_cast<size_t>(index)]; }
  bool depends(int draft, int target) const {
    if (draft == target) return true;
    std::vector<char> seen(drafts_.size(), 0);
    std::vector<int> stack = {draft};
    while (!stack.empty()) {
      int current = stack.back();
      stack.pop_back();
      if (current == target) return true;
      if (seen[static_cast<size_t>(current)]) continue;
      seen[static_cast<size_t>(current)] = 1;
      for (int index : drafts_[static_cast<size_t>(current)].nodes)
        for (int argument : node(index).args)
          if (int next = draft_of(argument); next >= 0) stack.push_back(next);
    }
    return false;
  }
  // The position of the argument whose chain the node can continue, or -1.
  int continued(int index) const {
    const Node& n = node(index);
    int best = -1, best_uses = 0;
    for (size_t position : chain_positions(n)) {
      int argument = n.args[position];
      int draft = draft_of(argument);
      if (draft < 0) continue;
      const Draft& chain = drafts_[static_cast<size_t>(draft)];
      if (!chain.chain || chain.nodes.back() != argument || chain.stage != stage(index) ||
          node(argument).lane != n.lane)
        continue;
      if (chain.nodes.size() >= 64) continue;
      bool free = true;
      for (size_t i = 0; i < n.args.size(); ++i) {
        int other = n.args[i];
        if (i == position) continue;
        int other_draft = draft_of(other);
        if (other_draft >= 0 && other_draft != draft && depends(other_draft, draft)) free = false;
      }
      int uses = uses_[static_cast<size_t>(argument)];
      if (free && (best < 0 || uses < best_uses)) {
        best = static_cast<int>(position);
        best_uses = uses;
      }
    }
    return best;
  }

  void form_units() {
    size_t count = tape_.nodes.size();
    draft_of_.assign(count, -1);
    acc_position_.assign(count, -1);
    uses_.assign(count, 0);
    stored_.assign(count, false);
    for (size_t i = 0; i < count; ++i)
      if (!dead_[i])
        for (int argument : node(static_cast<int>(i)).args) ++uses_[static_cast<size_t>(argument)];
    for (const Result& result : tape_.results) {
      ++uses_[static_cast<size_t>(result.node)];
      stored_[static_cast<size_t>(result.node)] = true;
    }
    for (int index : topological()) {
      const Node& n = node(index);
      if (dead_[static_cast<size_t>(index)] || extent(index) != Extent::kFull || n.op == Op::kInput ||
          n.op == Op::k_iota)
        continue;
      bool chain = can_chain(index);
      int position = chain ? continued(index) : -1;
      if (position >= 0) {
        int draft = draft_of(n.args[static_cast<size_t>(position)]);
        drafts_[static_cast<size_t>(draft)].nodes.push_back(index);
        draft_of_[static_cast<size_t>(index)] = draft;
        acc_position_[static_cast<size_t>(index)] = position;
      } else {
        draft_of_[static_cast<size_t>(index)] = static_cast<int>(drafts_.size());
        drafts_.push_back({chain, {index}, stage(index)});
      }
    }
    // What has to be in memory: everything but a chain's value on its way to the next step.
    for (size_t i = 0; i < count; ++i) {
      if (dead_[i]) continue;
      const Node& n = node(static_cast<int>(i));
      for (size_t position = 0; position < n.args.size(); ++position) {
        bool in_register = acc_position_[i] == static_cast<int>(position);
        if (!in_register) stored_[static_cast<size_t>(n.args[position])] = true;
      }
    }
  }
  // Arguments before users; ids alone do not do, since copies were added at the end.
  std::vector<int> topological() const {
    std::vector<int> order;
    std::vector<char> state(tape_.nodes.size(), 0);
    std::function<void(int)> visit = [&](int index) {
      // Deep graphs: arguments of lower id first keeps the recursion shallow, as they are visited before.
      if (state[static_cast<size_t>(index)]) return;
      state[static_cast<size_t>(index)] = 1;
      for (int argument : node(index).args) visit(argument);
      order.push_back(index);
    };
    for (int i = 0; i < static_cast<int>(tape_.nodes.size()); ++i) visit(i);
    return order;
  }

  // Emits the units of all stages, in an order that respects their dependencies.
  void order_units() {
    Plan& p = *plan_;
    p.row_units.resize(static_cast<size_t>(p.stages));
    p.tile_units.resize(static_cast<size_t>(p.stages));
    emitted_.assign(drafts_.size(), false);
    create_accumulators();
    for (int current = 0; current < p.stages; ++current) {
      emit_rows(current);
      emit_reductions_of_inputs(current);
      for (size_t draft = 0; draft < drafts_.size(); ++draft)
        if (drafts_[draft].stage == current) emit_draft(static_cast<int>(draft));
    }
    // Values that could not be written in place at once.
    for (const Result& result : tape_.results) {
      if (result.reduced || result.per_row) continue;
      Unit unit;
      unit.kind = Unit::Kind::kCopyOut;
      unit.args[0] = result.node;
      unit.num_args = 1;
      unit.output = output_of(result);
      unit.item_size = lane_size(node(result.node).lane);
      emit(p.stages - 1, unit, {result.node});
    }
  }
  int output_of(const Result& result) const { return static_cast<int>(&result - tape_.results.data()); }

  void emit_rows(int current) {
    Plan& p = *plan_;
    auto& units = p.row_units[static_cast<size_t>(current)];
    for (int index : topological()) {
      const Node& n = node(index);
      if (dead_[static_cast<size_t>(index)] || extent(index) != Extent::kRow || stage(index) != current) continue;
      if (n.op == Op::kInput || n.op == Op::k_iota || is_row_reduction(n.op)) continue;
      units.push_back(operation(index));
    }
    for (const Result& result : tape_.results) {
      if (!result.per_row || stage(result.node) != current) continue;
      Unit unit;
      unit.kind = Unit::Kind::kStoreRows;
      unit.args[0] = result.node;
      unit.output = output_of(result);
      unit.item_size = lane_size(node(result.node).lane);
      // One number in all is read again for every row.
      unit.steps[0] = extent(result.node) == Extent::kRow && p.packed ? 1 : 0;
      units.push_back(unit);
    }
  }
  void emit(int at_stage, const Unit& unit, std::vector<int> reads) {
    emissions_.push_back(
        {at_stage, static_cast<int>(plan_->tile_units[static_cast<size_t>(at_stage)].size()), std::move(reads), {}});
    plan_->tile_units[static_cast<size_t>(at_stage)].push_back(unit);
  }
  void flush_expansions(int at_stage) {
    for (int index : pending_expansions_) {
      Unit unit;
      unit.kind = Unit::Kind::kExpand;
      unit.args[0] = index;
      unit.result = expanded_[static_cast<size_t>(index)];
      unit.item_size = lane_size(node(index).lane);
      emit(at_stage, unit, {});
    }
    pending_expansions_.clear();
  }
  void emit_draft(int draft) {
    if (emitted_[static_cast<size_t>(draft)]) return;
    emitted_[static_cast<size_t>(draft)] = true;
    const Draft& d = drafts_[static_cast<size_t>(draft)];
    std::vector<int> reads;
    for (int index : d.nodes)
      for (int argument : node(index).args) {
        int other = draft_of(argument);
        if (other >= 0 && other != draft) emit_draft(other);
        if (extent(argument) == Extent::kFull) reads.push_back(argument);
      }
    Unit unit = d.chain ? chain(d) : operation(d.nodes[0]);
    flush_expansions(d.stage);
    emit(d.stage, unit, reads);
    for (int index : d.nodes)
      if (stored_[static_cast<size_t>(index)]) emissions_.back().writes.push_back(index);
    for (int index : d.nodes) emit_reductions(index);
  }
  void emit_reductions_of_inputs(int current) {
    for (int i = 0; i < static_cast<int>(tape_.nodes.size()); ++i)
      if (extent(i) == Extent::kFull && stage(i) == current && (node(i).op == Op::kInput || node(i).op == Op::k_iota))
        emit_reductions(i);
  }
  // The reductions that read a value: of rows, and of results.
  void emit_reductions(int index) {
    const Functions& table = functions();
    for (int i = 0; i < static_cast<int>(tape_.nodes.size()); ++i) {
      const Node& n = node(i);
      if (!is_row_reduction(n.op) || n.args[0] != index || dead_[static_cast<size_t>(i)]) continue;
      Unit unit;
      unit.kind = Unit::Kind::kRowReduce;
      unit.args[0] = index;
      unit.result = i;
      unit.item_size = lane_size(n.lane);
      unit.reduce = &table.reduces[static_cast<int>(n.reduce)][static_cast<int>(n.lane)];
      unit.accumulator = static_cast<int>(thread_space(16));
      emit(stage(index), unit, {index});
    }
    for (size_t i = 0; i < plan_->accumulators.size(); ++i) {
      if (accumulated_[i] != index) continue;
      Unit unit;
      unit.kind = Unit::Kind::kAccumulate;
      unit.args[0] = index;
      unit.reduce = plan_->accumulators[i].reduce;
      unit.accumulator = static_cast<int>(i);
      unit.item_size = lane_size(node(index).lane);
      emit(stage(index), unit, {index});
    }
  }
  void create_accumulators() {
    for (const Result& result : tape_.results) {
      if (!result.reduced) continue;
      Accumulator a;
      a.lane = node(result.node).lane;
      a.dtype = result.dtype;
      a.reduce = &functions().reduces[static_cast<int>(result.kind)][static_cast<int>(a.lane)];
      a.output = output_of(result);
      a.strides = collapsed(reduced_strides(result));
      a.count = 1;
      for (int axis = 0; axis < tape_.shape.rank(); ++axis)
        if (!result.axes[static_cast<size_t>(axis)]) a.count *= tape_.shape[axis];
      plan_->accumulators.push_back(a);
      accumulated_.push_back(result.node);
    }
  }

  Unit chain(const Draft& draft) {
    Plan& p = *plan_;
    Unit unit;
    unit.kind = Unit::Kind::kChain;
    unit.chain = functions().chains[static_cast<int>(node(draft.nodes[0]).lane)];
    unit.first_step = static_cast<int>(p.steps.size());
    auto step = [&](ChainOp op, int slot) {
      ChainStep result{};
      result.op = op;
      result.slots[0] = static_cast<uint16_t>(slot);
      p.steps.push_back(result);
    };
    auto with_operand = [&](ChainOp op, int argument) {
      int64_t moves;
      int slot = full_argument(argument, moves);
      step(static_cast<ChainOp>(static_cast<int>(op) + (moves ? 0 : 1)), slot);
    };
    for (size_t i = 0; i < draft.nodes.size(); ++i) {
      int index = draft.nodes[i];
      const Node& n = node(index);
      int position = acc_position_[static_cast<size_t>(index)];
      if (i == 0) {
        position = first_position(n);
        with_operand(ChainOp::kLoad, n.args[static_cast<size_t>(position)]);
      }
      if (n.op == Op::kCompareSelect || n.op == Op::k_select) {
        selection(n, index, position);
      } else {
        ChainCode code;
        chain_code(n.op, code);
        ChainOp op = position == 0 ? code.plain : code.swapped;
        if (n.args.size() == 2) {
          with_operand(op, n.args[static_cast<size_t>(1 - position)]);
        } else {
          step(op, 0);
        }
      }
      if (stored_[static_cast<size_t>(index)] || i + 1 == draft.nodes.size()) step(ChainOp::kStore, index);
    }
    unit.num_steps = static_cast<int>(p.steps.size()) - unit.first_step;
    return unit;
  }
  // A chain starts with the argument that varies most, so that the others can be single values.
  int first_position(const Node& n) const {
    for (size_t position : chain_positions(n))
      if (extent(n.args[position]) == Extent::kFull) return static_cast<int>(position);
    return static_cast<int>(chain_positions(n)[0]);
  }
  void selection(const Node& n, int index, int position) {
    ChainStep result{};
    auto operand = [&](int place, int argument) {
      int64_t moves;
      result.slots[place] = static_cast<uint16_t>(full_argument(argument, moves));
      if (!moves) result.repeated = static_cast<uint8_t>(result.repeated | (1 << place));
    };
    if (n.op == Op::k_select) {
      result.op = position == 1 ? ChainOp::kSelectKeep : ChainOp::kSelectTake;
      operand(0, n.args[0]);
      operand(1, n.args[static_cast<size_t>(position == 1 ? 2 : 1)]);
    } else {
      result.op = where_code(comparisons_[static_cast<size_t>(index)], position == 1);
      operand(0, n.args[static_cast<size_t>(1 - position)]);
      operand(1, n.args[2]);
      operand(2, n.args[3]);
    }
    plan_->steps.push_back(result);
  }

  // ---- memory of a tile ----------------------------------------------------------------------------------------

  struct Emission {
    int stage, position;
    std::vector<int> reads, writes;
  };

  // Registers are shared between values that do not live at the same time. Emissions are in the order of the run.
  void assign_registers() {
    Plan& p = *plan_;
    std::stable_sort(emissions_.begin(), emissions_.end(),
                     [](const Emission& a, const Emission& b) { return a.stage < b.stage; });
    size_t count = tape_.nodes.size();
    std::vector<int> last_use(count, -1), write(count, -1), last_stage(count, 0);
    for (size_t i = 0; i < emissions_.size(); ++i) {
      for (int index : emissions_[i].reads) {
        last_use[static_cast<size_t>(index)] = static_cast<int>(i);
        last_stage[static_cast<size_t>(index)] = emissions_[i].stage;
      }
      for (int index : emissions_[i].writes) write[static_cast<size_t>(index)] = static_cast<int>(i);
    }
    // The last emissions copy results out, which they need only where an input shares the memory.
    for (const Result& result : tape_.results) {
      if (result.reduced || result.per_row) continue;
      DirectOutput output;
      output.output = output_of(result);
      output.slot = result.node;
      output.item_size = lane_size(node(result.node).lane);
      find_hazards(output, write[static_cast<size_t>(result.node)]);
      p.outputs.push_back(std::move(output));
    }
    std::vector<std::pair<int64_t, int64_t>> free;  // bytes, offset
    std::vector<std::vector<int>> ends(emissions_.size());
    std::vector<int64_t> offset_of(count, -1);
    auto allocate = [&](int64_t bytes) {
      for (size_t i = 0; i < free.size(); ++i) {
        if (free[i].first != bytes) continue;
        int64_t offset = free[i].second;
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
        return offset;
      }
      return thread_space(bytes);
    };
    for (size_t i = 0; i < emissions_.size(); ++i) {
      for (int index : emissions_[i].writes) {
        size_t at = static_cast<size_t>(index);
        DirectOutput* output = find_output(index);
        if (output && output->hazards.empty()) continue;  // always straight to its destination
        int64_t item = lane_size(node(index).lane);
        bool across = p.long_rows && last_stage[at] > stage(index);
        SlotHome& home = p.slots[at];
        if (across) {
          home.kind = SlotHome::Kind::kThreadLong;
          home.offset = thread_space((p.columns + 64) * item);
        } else {
          home.kind = SlotHome::Kind::kThread;
          home.offset = allocate(aligned(tile_capacity_ * item));
          if (last_use[at] >= 0) {
            ends[static_cast<size_t>(last_use[at])].push_back(index);
          } else {
            ends[i].push_back(index);
          }
          offset_of[at] = home.offset;
        }
        if (output) {
          output->register_offset = home.offset;
          output->long_register = across;
          home.kind = SlotHome::Kind::kBound;
        }
      }
      for (int index : ends[i])
        free.emplace_back(aligned(tile_capacity_ * lane_size(node(index).lane)), offset_of[static_cast<size_t>(index)]);
    }
    int64_t widest = 1;
    for (const Node& n : tape_.nodes) widest = std::max<int64_t>(widest, lane_size(n.lane));
    if (p.packed && !p.accumulators.empty()) {
      p.fold_offset = thread_space(tile_capacity_ * widest);
      p.rows_offset = thread_space((p.tile_rows + 16) * 16);
    }
    p.thread_bytes += 64;
    p.streaming_steps = p.steps;
    for (ChainStep& step : p.streaming_steps)
      if (step.op == ChainOp::kStore && find_output(step.slots[0]) && uses_[step.slots[0]] == 1)
        step.op = ChainOp::kStoreStreaming;
  }
  DirectOutput* find_output(int index) {
    for (DirectOutput& output : plan_->outputs)
      if (output.slot == index) return &output;
    return nullptr;
  }
  void find_hazards(DirectOutput& output, int written) {
    for (size_t i = static_cast<size_t>(std::max(written, 0)); i < emissions_.size(); ++i) {
      for (int index : emissions_[i].reads) {
        const Node& n = node(index);
        if (n.op != Op::kInput || lane_size(n.lane) != output.item_size) continue;
        bool same_unit = static_cast<int>(i) == written;
        if (same_unit && !read_after_store(output.slot, index)) continue;
        output.hazards.push_back(n.input);
      }
    }
    std::sort(output.hazards.begin(), output.hazards.end());
    output.hazards.erase(std::unique(output.hazards.begin(), output.hazards.end()), output.hazards.end());
  }
  // Within the unit that writes `result`: does a later step of the chain read `input`?
  bool read_after_store(int result, int input) const {
    const Draft& d = drafts_[static_cast<size_t>(draft_of(result))];
    bool stored = false;
    for (int index : d.nodes) {
      if (stored)
        for (int argument : node(index).args)
          if (argument == input) return true;
      stored |= index == result;
    }
    return false;
  }

  // ---- tasks ---------------------------------------------------------------------------------------------------

  void plan_tasks() {
    Plan& p = *plan_;
    int64_t total = p.rows * p.columns;
    double each = 0;
    int64_t data_bytes = 0;
    for (size_t i = 0; i < tape_.nodes.size(); ++i) {
      if (extents_[i] != Extent::kFull) continue;
      const Node& n = tape_.nodes[i];
      double size_factor = lane_size(n.lane) / 4.0;
      each += n.op == Op::kInput ? 0.1 * size_factor : cost_of(n.op) * std::max(size_factor, 0.5);
    }
    for (const TensorSpec& input : tape_.inputs) data_bytes += static_cast<int64_t>(input.bytes());
    for (const DirectOutput& output : p.outputs) p.output_bytes += total * output.item_size;
    each += 0.1 * static_cast<double>(p.outputs.size() + p.accumulators.size());
    p.nanoseconds = 100 + each * static_cast<double>(total);
    auto tasks_of = [&](double limit) {
      return std::clamp<int64_t>(static_cast<int64_t>(p.nanoseconds / kTaskNanoseconds), 1,
                                 static_cast<int64_t>(limit));
    };
    int64_t wanted = std::min<int64_t>(tasks_of(1024), std::max<int64_t>(p.tiles, 1));
    int64_t unit = 1;
    if (!p.accumulators.empty() && wanted > 1) {
      wanted = std::min<int64_t>(wanted, 64);
      int64_t groups = p.rows / p.group_rows;
      int64_t copy_bytes = 0;
      bool inner_kept = true;
      for (const Accumulator& a : p.accumulators) {
        copy_bytes += aligned(a.count * a.reduce->accumulator_size);
        inner_kept &= a.strides.inner != 0;
      }
      int64_t affordable = std::max<int64_t>(1 << 20, data_bytes / 8) / std::max<int64_t>(copy_bytes, 1);
      if (group_aligned_ && kept_prefix_ > 0) {
        unit = 1;
      } else if (groups >= 16) {
        unit = p.tiles_per_group;
      } else if (affordable >= 4 || !inner_kept || p.packed || p.row_at_once || p.columns < 1024) {
        wanted = std::clamp<int64_t>(affordable, 1, wanted);
        p.copies = wanted;
      } else {
        by_strips(wanted);
        unit = p.rows;
      }
    }
    int64_t units = (p.tiles + unit - 1) / unit;
    p.tiles_per_task = std::max<int64_t>((units + wanted - 1) / wanted, 1) * unit;
    p.tasks = p.tiles == 0 ? 0 : (p.tiles + p.tiles_per_task - 1) / p.tiles_per_task;
    if (p.copies > 1) p.copies = std::max<int64_t>(p.tasks, 1);
    for (Accumulator& a : p.accumulators) {
      a.offset = p.scratch_bytes;
      p.scratch_bytes += p.copies * aligned(a.count * a.reduce->accumulator_size);
    }
  }
  // Strips of columns, each walked over all rows by one task: no copies of wide accumulators.
  void by_strips(int64_t wanted) {
    Plan& p = *plan_;
    p.by_strips = true;
    int64_t width = std::min(p.tile_columns, (p.columns + wanted - 1) / wanted);
    p.tile_columns = std::max<int64_t>((width + 63) / 64 * 64, 256);
    p.segments = (p.columns + p.tile_columns - 1) / p.tile_columns;
    p.group_rows = p.rows;
    p.tiles = p.rows * p.segments;
    p.tiles_per_group = p.tiles;
  }

  std::unique_ptr<Plan> plan_;
  Tape& tape_;
  std::vector<Group> groups_;
  std::vector<int> forced_full_;
  std::vector<Extent> extents_;
  std::vector<int> stages_;
  std::vector<bool> dead_;
  std::vector<Op> comparisons_;
  std::vector<int> expanded_, pending_expansions_;
  std::vector<Draft> drafts_;
  std::vector<int> draft_of_, acc_position_, uses_;
  std::vector<bool> stored_, emitted_;
  std::vector<Emission> emissions_;
  std::vector<int> accumulated_;
  int kept_prefix_ = kMaxRank;
  bool group_aligned_ = false;
  int64_t tile_capacity_ = 64;
};

}  // namespace

std::unique_ptr<const Plan> make_plan(Tape tape) { return Planner(std::move(tape)).build(); }

}  // namespace headwater::elementwise
