#include "index.h"

namespace headwater {

IndexMode index_mode(const char* kernel, const Attributes& attrs) {
  std::string mode = attrs.get_string("mode", "raise");
  if (mode == "raise") return IndexMode::kRaise;
  if (mode == "clip") return IndexMode::kClip;
  require(mode == "fill", kernel, "unknown mode '" + mode + "', expected raise, clip or fill");
  return IndexMode::kFill;
}

void require_index_dtype(const char* kernel, const TensorSpec& spec) {
  if (spec.dtype != DType::kInt32 && spec.dtype != DType::kInt64)
    throw TypeError(std::string(kernel) + ": indices must be int32 or int64, not " + dtype_name(spec.dtype));
}

void raise_index(const char* kernel, int64_t index, int64_t axis, int64_t size) {
  throw std::out_of_range(std::string(kernel) + ": index " + std::to_string(index) + " is out of bounds for axis " +
                          std::to_string(axis) + " of size " + std::to_string(size));
}

RowIndex::RowIndex(const char* kernel, const TensorSpec& x, const TensorSpec& indices, IndexMode mode)
    : kernel_(kernel), mode_(mode), dtype_(indices.dtype) {
  require_index_dtype(kernel, indices);
  require(!indices.shape.empty() && indices.shape.back() <= x.shape.rank(), kernel,
          "indices of shape " + indices.shape.text() + " name more axes than " + x.shape.text() + " has");
  int depth = static_cast<int>(indices.shape.back());
  sizes_ = Dims(x.shape.begin(), x.shape.begin() + depth);
  vectors_ = indices.shape.count(0, indices.shape.rank() - 1);
  row_size_ = x.shape.count(depth, x.shape.rank());
  result_shape_ = Dims(indices.shape.begin(), indices.shape.end() - 1);
  for (int axis = depth; axis < x.shape.rank(); ++axis) result_shape_.push_back(x.shape[axis]);
}

Combine combine_kind(const char* kernel, const Attributes& attrs, DType dtype) {
  std::string kind = attrs.get_string("kind", "set");
  if (kind == "set") return Combine::kSet;
  if (kind == "add") return Combine::kAdd;
  if (kind == "mul") return Combine::kMul;
  require(kind == "max" || kind == "min", kernel, "unknown kind '" + kind + "', expected set, add, max, min or mul");
  if (is_complex(dtype))
    throw TypeError(std::string(kernel) + ": complex numbers have no order for kind '" + kind + "'");
  return kind == "max" ? Combine::kMax : Combine::kMin;
}

}  // namespace headwater
