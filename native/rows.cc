#include "rows.h"

#include "thread_pool.h"

namespace headwater {
namespace {

constexpr int64_t kGrainBytes = 128 << 10;

void check_indices(const int64_t* indices, int64_t count, int64_t rows) {
  for (int64_t i = 0; i < count; ++i)
    if (indices[i] < 0 || indices[i] >= rows)
      throw std::out_of_range("gather_rows: index " + std::to_string(indices[i]) + " for " + std::to_string(rows) +
                              " rows");
}

Buffer gather(const Buffer& source, const int64_t* indices, int64_t count) {
  Dims shape = source.shape();
  auto row = static_cast<int64_t>(shape[0] > 0 ? source.bytes() / static_cast<size_t>(shape[0]) : 0);
  shape[0] = count;
  Buffer result(source.dtype(), shape);
  if (row == 0 || count == 0) return result;
  auto* from = static_cast<const char*>(source.data());
  auto* to = static_cast<char*>(result.data());
  parallel_for(count, kGrainBytes / row + 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::memcpy(to + i * row, from + indices[i] * row, static_cast<size_t>(row));
  });
  return result;
}

}  // namespace

std::vector<Buffer> gather_rows(const std::vector<const Buffer*>& sources, const Buffer& indices, int64_t start,
                                int64_t count) {
  if (indices.dtype() != DType::kInt64 || indices.shape().rank() != 1)
    throw std::invalid_argument("gather_rows: indices must be an int64 vector, got " + indices.spec().text());
  if (start < 0 || count < 0 || start > indices.count() - count)
    throw std::invalid_argument("gather_rows: rows " + std::to_string(start) + " and " + std::to_string(count) +
                                " further of " + std::to_string(indices.count()) + " indices");
  const int64_t* rows = static_cast<const int64_t*>(indices.data()) + start;
  std::vector<Buffer> results;
  results.reserve(sources.size());
  for (const Buffer* source : sources) {
    if (source->shape().empty()) throw std::invalid_argument("gather_rows: a scalar has no rows");
    check_indices(rows, count, source->shape()[0]);
    results.push_back(gather(*source, rows, count));
  }
  return results;
}

}  // namespace headwater
