#include "epilogue.h"

#include <optional>

namespace headwater {
namespace {

// How an operand is added to the product: as a row, as a whole matrix, or in no way that oneDNN has.
std::optional<PostOperation::Kind> addition_kind(const TensorSpec& operand, const TensorSpec& product) {
  if (operand.dtype != product.dtype) return std::nullopt;
  if (operand.shape == product.shape) return PostOperation::Kind::kAddMatrix;
  bool is_row = !operand.shape.empty() && operand.count() == operand.shape.back() && operand.shape.back() == product.shape.back();
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

}  // namespace

std::unique_ptr<Epilogue> make_epilogue(const KernelSpec& spec) {
  std::vector<CodeEntry> code = spec.attrs.get_code();
  require(!code.empty() || spec.inputs.size() == 2, "matmul", "more than two inputs need code that reads them");
  if (code.empty()) return nullptr;
  throw std::invalid_argument("matmul: epilogues wait for the element-wise engine");
}

bool post_operations(const KernelSpec& spec, std::vector<PostOperation>& post) {
  std::vector<CodeEntry> code = spec.attrs.get_code();
  std::vector<int64_t> results = spec.attrs.get_ints("results", {});
  int first = static_cast<int>(spec.inputs.size()) - 1;  // the id of the first entry: the product and the extras come before
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
