// The strided copy, sorting keys and index checks without Python; the kernels themselves are tested from there.
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/index.h"
#include "kernels/philox.h"
#include "kernels/sort_key.h"
#include "kernels/strided_copy.h"
#include "tests/test.h"

namespace headwater {
namespace {

// Copies element by element, the definition.
template <class T>
std::vector<T> plain_copy(const std::vector<T>& from, const Dims& shape, const Dims& from_strides, int64_t from_offset,
                          const Dims& to_strides, int64_t to_offset, size_t to_size) {
  std::vector<T> to(to_size, T{77});
  int64_t count = shape.count();
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, source = from_offset, target = to_offset;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      source += rest % shape[axis] * from_strides[axis];
      target += rest % shape[axis] * to_strides[axis];
      rest /= shape[axis];
    }
    to[static_cast<size_t>(target)] = from[static_cast<size_t>(source)];
  }
  return to;
}

template <class T>
void check_copy(const Dims& shape, const Dims& from_strides, int64_t from_offset, size_t from_size,
                const Dims& to_strides, int64_t to_offset, size_t to_size) {
  std::vector<T> from(from_size);
  std::iota(from.begin(), from.end(), T{1});
  std::vector<T> to(to_size, T{77});
  StridedCopy(sizeof(T), shape, from_strides, to_strides, from_offset, to_offset).run(from.data(), to.data());
  CHECK(to == plain_copy(from, shape, from_strides, from_offset, to_strides, to_offset, to_size));
}

template <class T>
void check_all_copies() {
  check_copy<T>({}, {}, 0, 1, {}, 0, 1);
  check_copy<T>({5, 0}, {1, 1}, 0, 5, {1, 1}, 0, 5);
  check_copy<T>({30, 40}, {40, 1}, 0, 1200, {40, 1}, 0, 1200);         // one run
  check_copy<T>({30, 40}, {1, 30}, 0, 1200, {40, 1}, 0, 1200);         // transpose
  check_copy<T>({37, 45}, {1, 37}, 0, 1665, {50, 1}, 3, 2000);         // transpose into a wider array
  check_copy<T>({30, 40}, {0, 1}, 0, 40, {40, 1}, 0, 1200);            // repeated rows
  check_copy<T>({30, 40}, {1, 0}, 0, 30, {40, 1}, 0, 1200);            // repeated columns
  check_copy<T>({30, 40}, {-40, -1}, 1199, 1200, {40, 1}, 0, 1200);    // reversed
  check_copy<T>({10, 20, 2}, {2, 20, 1}, 0, 400, {40, 2, 1}, 0, 400);  // transpose of pairs
  check_copy<T>({3, 9, 7, 5}, {5, 15, 135, 1}, 0, 945, {315, 35, 5, 1}, 0, 945);
  check_copy<T>({3, 9, 7, 5}, {315, 1, 9, 63}, 0, 945, {315, 35, 5, 1}, 0, 945);
  check_copy<T>({10, 10}, {20, 2}, 1, 200, {30, 3}, 2, 300);          // both spread
  check_copy<T>({300, 301}, {1, 300}, 0, 90300, {301, 1}, 0, 90300);  // on several threads
}

TEST(strided_copy_equals_its_definition) {
  check_all_copies<uint8_t>();
  check_all_copies<uint16_t>();
  check_all_copies<uint32_t>();
  check_all_copies<uint64_t>();
}

template <class T>
void check_keys(const std::vector<T>& rising) {
  for (size_t i = 0; i < rising.size(); ++i) {
    T back = value_of_key<T>(sort_key<false>(rising[i]));
    CHECK(std::memcmp(&back, &rising[i], sizeof(T)) == 0);
    if (i) CHECK(sort_key<false>(rising[i - 1]) < sort_key<false>(rising[i]));
  }
}

TEST(sort_keys_rise_with_their_values) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  check_keys<double>({-infinity, -1e300, -1, -5e-324, -0.0, 0.0, 5e-324, 1, infinity});
  check_keys<float>({-1e30f, -1, -0.0f, 0.0f, 1e-45f, 1, 1e30f});
  check_keys<int8_t>({-128, -1, 0, 1, 127});
  check_keys<uint64_t>({0, 1, ~uint64_t{0}});
  check_keys<std::complex<float>>({{-1, 5}, {0, -1}, {0, 1}, {2, -9}});
  CHECK(sort_key<true>(-0.0) == sort_key<true>(0.0));
  CHECK(sort_key<true>(std::nan("")) > sort_key<true>(infinity));
  CHECK(sort_key<true>(-std::nan("")) == sort_key<true>(std::nan("")));
}

TEST(indices_are_resolved_by_their_mode) {
  CHECK_EQUAL(resolve_index("test", IndexMode::kRaise, 2, 0, 3), 2);
  CHECK_EQUAL(resolve_index("test", IndexMode::kRaise, -3, 0, 3), 0);
  CHECK_EQUAL(resolve_index("test", IndexMode::kClip, -3, 0, 3), 0);
  CHECK_EQUAL(resolve_index("test", IndexMode::kClip, INT64_MAX, 0, 3), 2);
  CHECK_EQUAL(resolve_index("test", IndexMode::kFill, -1, 0, 3), -1);
  CHECK_THROWS(std::out_of_range, resolve_index("test", IndexMode::kRaise, 3, 0, 3));
  CHECK_THROWS(std::out_of_range, resolve_index("test", IndexMode::kRaise, INT64_MIN, 0, 3));
  CHECK_THROWS(std::out_of_range, resolve_index("test", IndexMode::kClip, 0, 0, 0));
}

TEST(philox_gives_the_published_words) {
  uint32_t ones[4] = {~0u, ~0u, ~0u, ~0u}, words[4];
  (*HW_SELECT_ISA(philox_blocks))(ones, ~uint64_t{0}, 1, words);
  const uint32_t expected[4] = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
  CHECK(std::memcmp(words, expected, sizeof(words)) == 0);
}

}  // namespace
}  // namespace headwater
