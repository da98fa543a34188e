#include "epilogue.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "gemm_blocks.h"
#include "thread_workspace.h"

namespace headwater {
namespace {

// How an operand is added to the product: as a row, as a whole matrix, or in no way that oneDNN has.
std::optional<PostOperation::Kind> addition_kind(const TensorSpec& operand, const TensorSpec& product) {
  if (operand.dtype != product.dtype) return std::nullopt;
  if (operand.shape == product.shape) return PostOperation::Kind::kAddMatrix;
  bool is_row =
      !operand.shape.empty() && operand.count() == operand.shape.back() && operand.shape.back() == product.shape.back();
  if (is_row) return PostOperation::Kind::kAddRow;
  return std::nullopt;
}

std::optional<PostOperation> post_operation(const KernelSpec& spec, const CodeEntry& entry, int current) {
  if (entry.dtype != spec.outputs[0].dtype) return std::nullopt;
  int extras = static_cast<int>(spec.inputs.size()) - 2;
  if (entry.op == "add" && entry.args.size() == 2) {
    int other = entry.args[0] == current ? entry.args[1] : entry.args[0];
    if ((entry.args[0] != current && entry.args[1] != current) || other < 1 || other > extras) return std::nullopt;
    auto kind = addition_kind(spec.inputs[static_cast<size_t>(other) + 1], spec.outputs[0]);
    if (!kind) return std::nullopt;
    return PostOperation{*kind, other - 1};
  }
  if (entry.args.size() != 1 || entry.args[0] != current) return std::nullopt;
  if (entry.op == "relu") return PostOperation{PostOperation::Kind::kRelu};
  if (entry.op == "tanh") return PostOperation{PostOperation::Kind::kTanh};
  if (entry.op == "sigmoid") return PostOperation{PostOperation::Kind::kSigmoid};
  return std::nullopt;
}

// Smaller results stay in the second-level cache until the product is whole.
constexpr size_t kBlockedBytes = 256 << 10;
// Elements that a kernel of a block works on: some 32 KB.
constexpr int64_t kBlockElements = 8 << 10;

// The element-wise kernel of the epilogue's code for such specs.
std::unique_ptr<Kernel> make_kernel(const KernelSpec& spec, const TensorSpec& product,
                                    const std::vector<TensorSpec>& extras, const std::vector<TensorSpec>& results) {
  KernelSpec part;
  part.inputs.push_back(product);
  part.inputs.insert(part.inputs.end(), extras.begin(), extras.end());
  part.outputs = results;
  part.attrs.set("shape", std::vector<int64_t>(product.shape.begin(), product.shape.end()));
  part.attrs.set("code", spec.attrs.get_code());
  part.attrs.set("results", spec.attrs.get_ints("results"));
  part.attrs.set("reductions", OptionalReductions(results.size()));
  return find_kernel("elementwise")(part);
}

}  // namespace

std::unique_ptr<Epilogue> Epilogue::make(const KernelSpec& spec) {
  bool has_code = !spec.attrs.get_code().empty() || spec.attrs.has("results");
  require(has_code || spec.inputs.size() == 2, "matmul", "more than two inputs need code that reads them");
  require(has_code || spec.outputs.size() == 1, "matmul", "several results need code that makes them");
  if (!has_code) return nullptr;
  require(!spec.outputs.empty() && spec.outputs.size() <= Pointers::kMost && spec.inputs.size() - 1 <= Pointers::kMost,
          "matmul", "an epilogue has at most " + std::to_string(Pointers::kMost) + " inputs and as many results");
  for (const TensorSpec& result : spec.outputs)
    require(result.shape == spec.outputs[0].shape, "matmul", "the results of an epilogue have one shape");
  auto epilogue = std::make_unique<Epilogue>();
  TensorSpec product{spec.inputs[0].dtype, spec.outputs[0].shape};
  epilogue->in_place_ = spec.outputs.size() == 1 && product == spec.outputs[0];
  epilogue->inputs_.resize(spec.inputs.size() - 1);
  epilogue->outputs_.resize(spec.outputs.size());
  epilogue->whole_ = make_kernel(spec, product, {spec.inputs.begin() + 2, spec.inputs.end()}, spec.outputs);
  if ((epilogue->in_place_ || spec.outputs.size() > 1) && product.bytes() >= kBlockedBytes) epilogue->make_blocks(spec);
  return epilogue;
}

// Kernels for runs of rows, if every input is the same for all rows or has all of them.
void Epilogue::make_blocks(const KernelSpec& spec) {
  const Dims& shape = spec.outputs[0].shape;
  columns_ = shape.back();
  span_ = std::min(columns_, kGemmSpan);
  int64_t rows = shape.count(0, shape.rank() - 1);
  TensorSpec product{spec.inputs[0].dtype, shape};
  std::vector<TensorSpec> extras(spec.inputs.begin() + 2, spec.inputs.end());
  auto whole_steps = [&](DType dtype) {
    auto item = static_cast<int64_t>(item_size(dtype));
    return Steps{columns_ * item, item};
  };
  std::vector<int64_t> widths;  // of the extras
  for (size_t i = 0; i < extras.size(); ++i) {
    const TensorSpec& extra = extras[i];
    int64_t own_columns = extra.shape.empty() ? 1 : extra.shape.back(), own_rows = extra.count() / own_columns;
    auto item = static_cast<int64_t>(item_size(extra.dtype));
    if (own_rows != 1 && own_rows != rows) return;
    widths.push_back(own_columns);
    inputs_[i + 1] = {own_rows == 1 ? 0 : own_columns * item, own_columns == 1 ? 0 : item};
  }
  inputs_[0] = whole_steps(product.dtype);
  for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = whole_steps(spec.outputs[i].dtype);
  auto kernel = [&](int64_t size, int64_t width) {
    std::vector<TensorSpec> parts = extras, results = spec.outputs;
    for (size_t i = 0; i < parts.size(); ++i)
      parts[i].shape = {inputs_[i + 1].row ? size : 1, widths[i] == 1 ? 1 : width};
    for (TensorSpec& result : results) result.shape = {size, width};
    auto made = make_kernel(spec, {product.dtype, {size, width}}, parts, results);
    workspace_bytes_ = std::max(workspace_bytes_, made->scratch_bytes());
    return made;
  };
  int64_t most = span_ < columns_ ? 1 : std::clamp<int64_t>(kBlockElements / columns_, 1, 64);
  for (int64_t size = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(most))); size > 0; size /= 2)
    blocks_.push_back({size, kernel(size, span_)});
  if (columns_ % span_) rest_ = kernel(1, columns_ % span_);
}

void Epilogue::run_all(const void* product, const void* const* in, void* const* out, void* scratch) const {
  const void* inputs[Pointers::kMost] = {product};
  for (size_t i = 1; i < inputs_.size(); ++i) inputs[i] = in[i + 1];
  whole_->run(inputs, out, scratch);
}

void Epilogue::run_spans(const void* const* in, void* const* out, const Span& span) const {
  Pointers at;
  at.inputs[0] = span.block ? static_cast<const char*>(span.block)
                            : static_cast<const char*>(out[0]) + span.begin * inputs_[0].row;
  for (size_t i = 1; i < inputs_.size(); ++i) at.inputs[i] = static_cast<const char*>(in[i + 1]);
  for (size_t i = 0; i < outputs_.size(); ++i) at.outputs[i] = static_cast<char*>(out[i]);
  advance(at, 0, span.begin, 0);
  int64_t product_row = span.block ? span.block_row * inputs_[0].item : inputs_[0].row;
  if (span_ == columns_) return run_blocks(at, product_row, span.end - span.begin, span.workspace);
  // The block begins with the span's first column, the other arrays with the first of all.
  if (!span.block) at.inputs[0] += span.column * inputs_[0].item;
  for (int64_t row = span.begin; row < span.end; ++row) {
    Pointers part = at;
    advance(part, 0, 0, span.column);
    for (int64_t first = span.column; first < span.column + span.columns; first += span_) {
      run_kernel(columns_ - first < span_ ? *rest_ : *blocks_[0].kernel, part, span.workspace);
      advance(part, span_ * inputs_[0].item, 0, span_);
    }
    advance(at, product_row, 1, 0);
  }
}

void Epilogue::run_blocks(Pointers at, int64_t product_row, int64_t rows, void* workspace) const {
  for (const Block& block : blocks_) {
    for (; rows >= block.rows; rows -= block.rows) {
      run_kernel(*block.kernel, at, workspace);
      advance(at, block.rows * product_row, block.rows, 0);
    }
  }
}

void Epilogue::run_kernel(const Kernel& kernel, const Pointers& at, void* workspace) const {
  kernel.run(reinterpret_cast<const void* const*>(at.inputs), reinterpret_cast<void* const*>(at.outputs), workspace);
}

// Moves on by rows and columns of all arrays, and by bytes of the product.
void Epilogue::advance(Pointers& at, int64_t product_step, int64_t rows, int64_t columns) const {
  at.inputs[0] += product_step;
  for (size_t i = 1; i < inputs_.size(); ++i) at.inputs[i] += rows * inputs_[i].row + columns * inputs_[i].item;
  for (size_t i = 0; i < outputs_.size(); ++i) at.outputs[i] += rows * outputs_[i].row + columns * outputs_[i].item;
}

bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post) {
  std::vector<CodeEntry> code = spec.attrs.get_code();
  std::vector<int64_t> results = spec.attrs.get_ints("results", {});
  post.clear();
  if (spec.outputs.size() != 1) return false;
  if (spec.inputs[0].dtype != spec.outputs[0].dtype) return false;
  int first =
      static_cast<int>(spec.inputs.size()) - 1;  // the id of the first entry: the product and the extras come before
  int current = 0;
  post.clear();
  for (size_t i = 0; i < code.size(); ++i) {
    auto operation = post_operation(spec, code[i], current);
    if (!operation) {
      post.clear();
      return false;
    }
    post.push_back(*operation);
    current = first + static_cast<int>(i);
  }
  if (results.size() == 1 && results[0] == current) return true;
  post.clear();
  return false;
}

}  // namespace headwater
