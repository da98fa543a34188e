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

constexpr size_t kMostInputs = 64;
// Smaller results stay in the second-level cache until the product is whole.
constexpr size_t kBlockedBytes = 256 << 10;
// Elements that a kernel of a block works on: some 32 KB.
constexpr int64_t kBlockElements = 8 << 10;

// The element-wise kernel of the epilogue's code for such specs.
std::unique_ptr<Kernel> make_kernel(const KernelSpec& spec, const TensorSpec& product,
                                    const std::vector<TensorSpec>& extras, const TensorSpec& result) {
  KernelSpec part;
  part.inputs.push_back(product);
  part.inputs.insert(part.inputs.end(), extras.begin(), extras.end());
  part.outputs.push_back(result);
  part.attrs.set("shape", std::vector<int64_t>(product.shape.begin(), product.shape.end()));
  part.attrs.set("code", spec.attrs.get_code());
  part.attrs.set("results", spec.attrs.get_ints("results"));
  part.attrs.set("reductions", OptionalReductions(1));
  return find_kernel("elementwise")(part);
}

}  // namespace

std::unique_ptr<Epilogue> Epilogue::make(const KernelSpec& spec) {
  bool has_code = !spec.attrs.get_code().empty() || spec.attrs.has("results");
  require(has_code || spec.inputs.size() == 2, "matmul", "more than two inputs need code that reads them");
  if (!has_code) return nullptr;
  require(spec.outputs.size() == 1 && spec.inputs.size() - 1 <= kMostInputs, "matmul",
          "an epilogue has one result and at most " + std::to_string(kMostInputs - 1) + " inputs of its own");
  auto epilogue = std::make_unique<Epilogue>();
  TensorSpec product{spec.inputs[0].dtype, spec.outputs[0].shape};
  epilogue->in_place_ = product == spec.outputs[0];
  epilogue->inputs_ = spec.inputs.size() - 1;
  epilogue->whole_ = make_kernel(spec, product, {spec.inputs.begin() + 2, spec.inputs.end()}, spec.outputs[0]);
  if (epilogue->in_place_ && product.bytes() >= kBlockedBytes) epilogue->make_blocks(spec);
  return epilogue;
}

// Kernels for runs of rows, if every input is the same for all rows or has all of them.
void Epilogue::make_blocks(const KernelSpec& spec) {
  const Dims& shape = spec.outputs[0].shape;
  DType dtype = spec.outputs[0].dtype;
  columns_ = shape.back();
  span_ = std::min(columns_, kGemmSpan);
  int64_t rows = shape.count(0, shape.rank() - 1), item = static_cast<int64_t>(item_size(dtype));
  std::vector<TensorSpec> extras(spec.inputs.begin() + 2, spec.inputs.end());
  std::vector<int64_t> widths;  // of the extras
  row_bytes_.push_back(columns_ * item);
  item_bytes_.push_back(item);
  for (const TensorSpec& extra : extras) {
    int64_t own_columns = extra.shape.empty() ? 1 : extra.shape.back(), own_rows = extra.count() / own_columns;
    int64_t own_item = static_cast<int64_t>(item_size(extra.dtype));
    if (own_rows != 1 && own_rows != rows) return;
    widths.push_back(own_columns);
    row_bytes_.push_back(own_rows == 1 ? 0 : own_columns * own_item);
    item_bytes_.push_back(own_columns == 1 ? 0 : own_item);
  }
  auto kernel = [&](int64_t size, int64_t width) {
    std::vector<TensorSpec> parts = extras;
    for (size_t i = 0; i < parts.size(); ++i)
      parts[i].shape = {row_bytes_[i + 1] ? size : 1, widths[i] == 1 ? 1 : width};
    TensorSpec block{dtype, {size, width}};
    return make_kernel(spec, block, parts, block);
  };
  int64_t most = span_ < columns_ ? 1 : std::clamp<int64_t>(kBlockElements / columns_, 1, 64);
  for (int64_t size = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(most))); size > 0; size /= 2)
    blocks_.push_back({size, kernel(size, span_)});
  if (columns_ % span_) rest_ = kernel(1, columns_ % span_);
}

void Epilogue::run_all(const void* product, const void* const* in, void* const* out, void* scratch) const {
  const void* inputs[kMostInputs] = {product};
  for (size_t i = 1; i < inputs_; ++i) inputs[i] = in[i + 1];
  whole_->run(inputs, out, scratch);
}

void Epilogue::run_spans(const void* const* in, void* out, int64_t begin, int64_t end, int64_t column,
                         int64_t columns) const {
  const void* inputs[kMostInputs];
  char* result = static_cast<char*>(out) + begin * row_bytes_[0];
  for (size_t i = 1; i < inputs_; ++i) inputs[i] = static_cast<const char*>(in[i + 1]) + begin * row_bytes_[i];
  if (span_ == columns_) return run_blocks(inputs, result, end - begin);
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t first = column; first < column + columns; first += span_) {
      const Kernel& kernel = columns_ - first < span_ ? *rest_ : *blocks_[0].kernel;
      const void* parts[kMostInputs];
      void* target = result + first * item_bytes_[0];
      parts[0] = target;
      for (size_t i = 1; i < inputs_; ++i) parts[i] = static_cast<const char*>(inputs[i]) + first * item_bytes_[i];
      kernel.run(parts, &target, thread_workspace(kernel.scratch_bytes()));
    }
    result += row_bytes_[0];
    for (size_t i = 1; i < inputs_; ++i) inputs[i] = static_cast<const char*>(inputs[i]) + row_bytes_[i];
  }
}

void Epilogue::run_blocks(const void** inputs, char* result, int64_t rows) const {
  for (const Block& block : blocks_) {
    for (; rows >= block.rows; rows -= block.rows) {
      inputs[0] = result;
      void* outputs[] = {result};
      block.kernel->run(inputs, outputs, thread_workspace(block.kernel->scratch_bytes()));
      result += block.rows * row_bytes_[0];
      for (size_t i = 1; i < inputs_; ++i) inputs[i] = static_cast<const char*>(inputs[i]) + block.rows * row_bytes_[i];
    }
  }
}

bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post) {
  std::vector<CodeEntry> code = spec.attrs.get_code();
  std::vector<int64_t> results = spec.attrs.get_ints("results", {});
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
