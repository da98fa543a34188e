// sort, argsort, top_k, searchsorted. NaN counts as the largest value (so it is last in ascending order, as in NumPy,
// and first in descending order and in top_k); equal elements keep their order.
#include <algorithm>
#include <array>
#include <cstring>

#include "../kernel.h"
#include "../thread_pool.h"
#include "index.h"
#include "shapes.h"
#include "sort_key.h"

namespace headwater {
namespace {

// Lines are shared among at most this many tasks: each needs working memory of its own.
constexpr int64_t kMaxTasks = 16;
constexpr int64_t kElementsPerTask = 4096;
// Shorter lines are sorted by comparison, longer ones by radix passes (measured crossing: 200 to 400).
constexpr int64_t kRadixLength = 320;

template <class Key>
struct Pair {
  Key key;
  uint32_t index;
  friend bool operator<(const Pair& a, const Pair& b) { return a.key < b.key || (a.key == b.key && a.index < b.index); }
};

template <class Key>
inline Key key_of(const Key& key) {
  return key;
}
template <class Key>
inline Key key_of(const Pair<Key>& pair) {
  return pair.key;
}

// Sorts by key, stably (pairs enter in order of their index). Least significant byte first; bytes that are equal in all
// keys cost only their count. Returns where the result lies: `items` or `spare`.
template <class Item>
Item* radix_sort(Item* items, Item* spare, int64_t count) {
  using Key = decltype(key_of(*items));
  constexpr int bytes = sizeof(Key);
  std::array<std::array<uint32_t, 256>, bytes> counts{};
  for (int64_t i = 0; i < count; ++i) {
    Key key = key_of(items[i]);
    for (int byte = 0; byte < bytes; ++byte) ++counts[byte][static_cast<uint8_t>(key >> (8 * byte))];
  }
  for (int byte = 0; byte < bytes; ++byte) {
    auto& starts = counts[byte];
    if (starts[static_cast<uint8_t>(key_of(items[0]) >> (8 * byte))] == count) continue;
    uint32_t total = 0;
    for (uint32_t& start : starts) total += std::exchange(start, total);
    for (int64_t i = 0; i < count; ++i)
      spare[starts[static_cast<uint8_t>(key_of(items[i]) >> (8 * byte))]++] = items[i];
    std::swap(items, spare);
  }
  return items;
}

template <class Item>
Item* sort_items(Item* items, Item* spare, int64_t count) {
  if (count >= kRadixLength) return radix_sort(items, spare, count);
  std::sort(items, items + count);
  return items;
}

// The lines of a tensor along an axis, shared among tasks that each have `bytes_each` of scratch.
struct Lines {
  AxisView view;
  int64_t chunk = 1;
  size_t bytes_each = 0;

  Lines() = default;
  Lines(AxisView axis, size_t scratch_for_line) : view(axis), bytes_each((scratch_for_line + 63) / 64 * 64) {
    int64_t lines = view.outer * view.inner;
    int64_t by_work = lines * view.size / kElementsPerTask;
    int64_t tasks = std::clamp<int64_t>(std::min(lines, by_work), 1, kMaxTasks);
    chunk = std::max<int64_t>(1, (lines + tasks - 1) / tasks);
  }
  size_t scratch_bytes() const {
    int64_t lines = view.outer * view.inner;
    return static_cast<size_t>((lines + chunk - 1) / chunk) * bytes_each;
  }
  // visit(first element of the line in x, that in an output with `out_size` along the axis, scratch)
  template <class Visit>
  void for_each(int64_t out_size, void* scratch, Visit&& visit) const {
    parallel_chunks(view.outer * view.inner, chunk, [&](int64_t task, int64_t begin, int64_t end) {
      char* own = static_cast<char*>(scratch) + static_cast<size_t>(task) * bytes_each;
      for (int64_t line = begin; line < end; ++line) {
        int64_t outer = line / view.inner, inner = line % view.inner;
        visit(outer * view.size * view.inner + inner, outer * out_size * view.inner + inner, own);
      }
    });
  }
};

template <class T>
class SortKernel final : public Kernel {
 public:
  using Key = SortKey<T>;
  SortKernel(AxisView view, bool descending)
      : lines_(view, 2 * sizeof(Key) * static_cast<size_t>(view.size)),
        flip_(descending ? static_cast<Key>(~Key{0}) : Key{0}) {}

  size_t scratch_bytes() const override { return lines_.scratch_bytes(); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    const T* x = static_cast<const T*>(in[0]);
    T* y = static_cast<T*>(out[0]);
    int64_t size = lines_.view.size, inner = lines_.view.inner;
    if (size == 0) return;
    lines_.for_each(size, scratch, [&](int64_t from, int64_t to, char* own) {
      Key* keys = reinterpret_cast<Key*>(own);
      for (int64_t i = 0; i < size; ++i) keys[i] = sort_key<false>(x[from + i * inner]) ^ flip_;
      keys = sort_items(keys, keys + size, size);
      for (int64_t i = 0; i < size; ++i) y[to + i * inner] = value_of_key<T>(keys[i] ^ flip_);
    });
  }

 private:
  Lines lines_;
  Key flip_;
};

template <class T>
class ArgsortKernel final : public Kernel {
 public:
  using Key = SortKey<T>;
  using Item = Pair<Key>;
  ArgsortKernel(AxisView view, bool descending, DType index_dtype)
      : lines_(view, 2 * sizeof(Item) * static_cast<size_t>(view.size)),
        flip_(descending ? static_cast<Key>(~Key{0}) : Key{0}),
        wide_(index_dtype == DType::kInt64) {}

  size_t scratch_bytes() const override { return lines_.scratch_bytes(); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    const T* x = static_cast<const T*>(in[0]);
    int64_t size = lines_.view.size, inner = lines_.view.inner;
    if (size == 0) return;
    lines_.for_each(size, scratch, [&](int64_t from, int64_t to, char* own) {
      Item* items = reinterpret_cast<Item*>(own);
      for (int64_t i = 0; i < size; ++i)
        items[i] = {static_cast<Key>(sort_key<true>(x[from + i * inner]) ^ flip_), static_cast<uint32_t>(i)};
      items = sort_items(items, items + size, size);
      for (int64_t i = 0; i < size; ++i) {
        if (wide_)
          static_cast<int64_t*>(out[0])[to + i * inner] = items[i].index;
        else
          static_cast<int32_t*>(out[0])[to + i * inner] = static_cast<int32_t>(items[i].index);
      }
    });
  }

 private:
  Lines lines_;
  Key flip_;
  bool wide_;
};

template <class T>
class TopKKernel final : public Kernel {
 public:
  using Key = SortKey<T>;
  using Item = Pair<Key>;
  TopKKernel(AxisView view, int64_t k, DType index_dtype)
      : lines_(view, sizeof(Item) * static_cast<size_t>(k)), k_(k), wide_(index_dtype == DType::kInt64) {}

  size_t scratch_bytes() const override { return lines_.scratch_bytes(); }

  void run(const void* const* in, void* const* out, void* scratch) const override {
    const T* x = static_cast<const T*>(in[0]);
    T* values = static_cast<T*>(out[0]);
    if (k_ == 0) return;
    lines_.for_each(k_, scratch, [&](int64_t from, int64_t to, char* own) {
      Item* best = reinterpret_cast<Item*>(own);
      select(x + from, best);
      for (int64_t i = 0; i < k_; ++i) {
        values[to + i] = x[from + best[i].index];
        if (wide_)
          static_cast<int64_t*>(out[1])[to + i] = best[i].index;
        else
          static_cast<int32_t*>(out[1])[to + i] = static_cast<int32_t>(best[i].index);
      }
    });
  }

 private:
  // The k best so far are a heap with the worst on top; most elements fail one comparison with it.
  void select(const T* x, Item* best) const {
    auto item = [x](int64_t i) { return Item{static_cast<Key>(~sort_key<true>(x[i])), static_cast<uint32_t>(i)}; };
    for (int64_t i = 0; i < k_; ++i) best[i] = item(i);
    std::make_heap(best, best + k_);
    for (int64_t i = k_; i < lines_.view.size; ++i) {
      Item candidate = item(i);
      if (!(candidate.key < best[0].key)) continue;
      std::pop_heap(best, best + k_);
      best[k_ - 1] = candidate;
      std::push_heap(best, best + k_);
    }
    std::sort_heap(best, best + k_);
  }

  Lines lines_;
  int64_t k_;
  bool wide_;
};

void require_line_length(const char* kernel, const AxisView& view) {
  require(view.size <= int64_t{INT32_MAX}, kernel, "lines longer than 2147483647 are not supported");
}

std::unique_ptr<Kernel> make_sort(const KernelSpec& spec) {
  require_arity("sort", spec, 1, 1);
  const TensorSpec& x = spec.inputs[0];
  require_same_spec("sort", x, spec.outputs[0]);
  AxisView view(x.shape, checked_axis("sort", spec.attrs.get_int("axis", -1), x.shape.rank()));
  require_line_length("sort", view);
  bool descending = spec.attrs.get_bool("descending", false);
  return visit_dtype(x.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<SortKernel<typename decltype(tag)::type>>(view, descending);
  });
}

std::unique_ptr<Kernel> make_argsort(const KernelSpec& spec) {
  require_arity("argsort", spec, 1, 1);
  const TensorSpec &x = spec.inputs[0], &y = spec.outputs[0];
  require_index_dtype("argsort", y);
  require(x.shape == y.shape, "argsort", "shapes " + x.shape.text() + " and " + y.shape.text() + " differ");
  AxisView view(x.shape, checked_axis("argsort", spec.attrs.get_int("axis", -1), x.shape.rank()));
  require_line_length("argsort", view);
  bool descending = spec.attrs.get_bool("descending", false);
  return visit_dtype(x.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ArgsortKernel<typename decltype(tag)::type>>(view, descending, y.dtype);
  });
}

// top_k: the k largest of each line of the last axis, largest first, and where they are; of equals the first.
std::unique_ptr<Kernel> make_top_k(const KernelSpec& spec) {
  require_arity("top_k", spec, 1, 2);
  const TensorSpec &x = spec.inputs[0], &values = spec.outputs[0], &indices = spec.outputs[1];
  require_same_dtype("top_k", x, values);
  require_index_dtype("top_k", indices);
  int axis = checked_axis("top_k", -1, x.shape.rank());
  AxisView view(x.shape, axis);
  require_line_length("top_k", view);
  int64_t k = spec.attrs.get_int("k");
  require(k >= 0 && k <= view.size, "top_k",
          "k = " + std::to_string(k) + " of an axis of " + std::to_string(view.size));
  Dims expected = x.shape;
  expected[axis] = k;
  require(values.shape == expected && indices.shape == expected, "top_k", "both outputs must be " + expected.text());
  return visit_dtype(x.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<TopKKernel<typename decltype(tag)::type>>(view, k, indices.dtype);
  });
}

// searchsorted: for each value, how many of the sorted elements are less (side left) or not greater (side right).
// sorted is (n,), or (..., n) with the same leading axes as values.
template <class T>
class SearchSortedKernel final : public Kernel {
 public:
  SearchSortedKernel(int64_t size, int64_t count, int64_t per_line, bool right, DType index_dtype)
      : size_(size), count_(count), per_line_(per_line), right_(right), wide_(index_dtype == DType::kInt64) {}

  void run(const void* const* in, void* const* out, void*) const override {
    const T* sorted = static_cast<const T*>(in[0]);
    const T* values = static_cast<const T*>(in[1]);
    parallel_for(count_, 2048, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t position = search(sorted + i / per_line_ * size_, sort_key<true>(values[i]));
        if (wide_)
          static_cast<int64_t*>(out[0])[i] = position;
        else
          static_cast<int32_t*>(out[0])[i] = static_cast<int32_t>(position);
      }
    });
  }

 private:
  int64_t search(const T* sorted, SortKey<T> key) const {
    int64_t first = 0, length = size_;
    while (length > 0) {
      int64_t half = length / 2;
      SortKey<T> probe = sort_key<true>(sorted[first + half]);
      bool before = right_ ? probe <= key : probe < key;
      first += before ? half + 1 : 0;
      length = before ? length - half - 1 : half;
    }
    return first;
  }

  int64_t size_, count_, per_line_;
  bool right_, wide_;
};

std::unique_ptr<Kernel> make_searchsorted(const KernelSpec& spec) {
  require_arity("searchsorted", spec, 2, 1);
  const TensorSpec &sorted = spec.inputs[0], &values = spec.inputs[1], &y = spec.outputs[0];
  require_same_dtype("searchsorted", sorted, values);
  require_index_dtype("searchsorted", y);
  require(values.shape == y.shape, "searchsorted",
          "the output must be " + values.shape.text() + ", not " + y.shape.text());
  require(!sorted.shape.empty(), "searchsorted", "the sorted sequence must have an axis");
  int64_t per_line = std::max<int64_t>(values.count(), 1);
  if (sorted.shape.rank() > 1) {
    bool fits = sorted.shape.rank() == values.shape.rank();
    for (int axis = 0; fits && axis < sorted.shape.rank() - 1; ++axis) fits = sorted.shape[axis] == values.shape[axis];
    require(fits, "searchsorted",
            sorted.shape.text() + " and values " + values.shape.text() + " must have the same leading axes");
    per_line = std::max<int64_t>(values.shape.back(), 1);
  }
  std::string side = spec.attrs.get_string("side", "left");
  require(side == "left" || side == "right", "searchsorted", "unknown side '" + side + "', expected left or right");
  return visit_dtype(sorted.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<SearchSortedKernel<typename decltype(tag)::type>>(sorted.shape.back(), values.count(),
                                                                              per_line, side == "right", y.dtype);
  });
}

HW_REGISTER_KERNEL("sort", make_sort)
HW_REGISTER_KERNEL("argsort", make_argsort)
HW_REGISTER_KERNEL("top_k", make_top_k)
HW_REGISTER_KERNEL("searchsorted", make_searchsorted)

}  // namespace
}  // namespace headwater
