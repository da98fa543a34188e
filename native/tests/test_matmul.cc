// The plan of a float matrix product on every instruction set, without Python: all transposes, odd sizes, and no byte
// written beyond the result.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "isa.h"
#include "matmul/gemm.h"
#include "tests/test.h"
#include "thread_pool.h"

namespace headwater {
namespace {

struct Case {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
  int64_t batch = 1;
  bool shared_b = false;
};

struct FreeAligned {
  void operator()(void* pointer) const { std::free(pointer); }
};

template <class T>
std::vector<T> numbers(int64_t count, uint32_t seed) {
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = T(static_cast<float>(static_cast<int32_t>(seed)) * 0x1p-31f);
  }
  return values;
}

template <class T>
std::vector<T> multiply(DType dtype, const Case& c, const std::vector<T>& a, const std::vector<T>& b) {
  Gemm gemm(dtype, c.m, c.n, c.k, c.transpose_a, c.transpose_b, c.batch, c.shared_b);
  std::unique_ptr<void, FreeAligned> scratch(std::aligned_alloc(64, (gemm.scratch_bytes() + 64) / 64 * 64));
  std::vector<T> result(static_cast<size_t>(c.batch * c.m * c.n + 1), T(-7.0f));
  std::vector<int64_t> seen(static_cast<size_t>(c.batch * c.m));
  SpanDone done{[](void* context, const Span& span) {
                  for (int64_t i = span.begin; i < span.end; ++i) static_cast<int64_t*>(context)[i] += span.columns;
                },
                seen.data()};
  gemm.run(a.data(), b.data(), result.data(), scratch.get(), done);
  CHECK_EQUAL(static_cast<float>(result.back()), -7.0f);
  if (c.n > 0)
    for (int64_t count : seen) CHECK_EQUAL(count, c.n);
  return result;
}

template <class T>
void check_product(DType dtype, const Case& c, double tolerance) {
  auto a = numbers<T>(c.batch * c.m * c.k, 1), b = numbers<T>((c.shared_b ? 1 : c.batch) * c.k * c.n, 2);
  std::vector<T> result = multiply(dtype, c, a, b);
  for (int64_t q = 0; q < c.batch; ++q)
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < c.k; ++p) {
          auto x = a[static_cast<size_t>(q * c.m * c.k + (c.transpose_a ? p * c.m + i : i * c.k + p))];
          auto y =
              b[static_cast<size_t>((c.shared_b ? 0 : q * c.k * c.n) + (c.transpose_b ? j * c.k + p : p * c.n + j))];
          sum += static_cast<double>(x) * static_cast<double>(y);
        }
        double actual = static_cast<double>(result[static_cast<size_t>((q * c.m + i) * c.n + j)]);
        CHECK_CLOSE(actual, sum, tolerance * (1 + std::sqrt(static_cast<double>(c.k))));
      }
}

template <class Visit>
void on_every_isa(Visit&& visit) {
  Isa best = current_isa();
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa > best) break;
    set_isa(isa);
    visit();
  }
  set_isa(best);
}

TEST(float_products_agree_with_double_sums) {
  on_every_isa([] {
    for (int64_t m : {1, 2, 6, 13, 65})
      for (int64_t n : {1, 3, 16, 31, 70})
        for (int64_t k : {0, 1, 5, 64, 260})
          for (int flags = 0; flags < 4; ++flags) {
            Case c{m, n, k, (flags & 1) != 0, (flags & 2) != 0};
            check_product<float>(DType::kFloat32, c, 1e-6);
            check_product<double>(DType::kFloat64, c, 1e-13);
            check_product<BFloat16>(DType::kBFloat16, c, 1e-2);
            check_product<Float16>(DType::kFloat16, c, 2e-3);
          }
    for (int flags = 0; flags < 4; ++flags)
      for (Case c : {Case{130, 260, 300, false, false}, Case{257, 300, 260, false, false}}) {
        c.transpose_a = (flags & 1) != 0, c.transpose_b = (flags & 2) != 0;
        check_product<float>(DType::kFloat32, c, 2e-6);
      }
  });
}

TEST(batches_of_products_agree_with_double_sums) {
  for (bool shared : {false, true})
    for (int flags = 0; flags < 4; ++flags) {
      Case c{9, 20, 33, (flags & 1) != 0, (flags & 2) != 0, 11, shared};
      check_product<float>(DType::kFloat32, c, 1e-6);
      check_product<BFloat16>(DType::kBFloat16, c, 1e-2);
    }
}

// The product of `multiply`, put together from the blocks that `done` sees.
std::vector<float> multiply_by_blocks(const Case& c, const std::vector<float>& a, const std::vector<float>& b) {
  Gemm gemm(DType::kFloat32, c.m, c.n, c.k, c.transpose_a, c.transpose_b, c.batch, c.shared_b);
  CHECK(gemm.makes_blocks());
  std::unique_ptr<void, FreeAligned> scratch(std::aligned_alloc(64, (gemm.scratch_bytes() + 64) / 64 * 64));
  std::vector<float> result(static_cast<size_t>(c.batch * c.m * c.n));
  struct Context {
    float* result;
    int64_t columns;
  } context{result.data(), c.n};
  constexpr size_t kOwn = 1 << 20;
  SpanDone done{[](void* pointer, const Span& span) {
                  auto& to = *static_cast<Context*>(pointer);
                  std::memset(span.workspace, -1, kOwn);  // does not touch the block, or B of other rows
                  for (int64_t i = span.begin; i < span.end; ++i)
                    std::memcpy(to.result + i * to.columns + span.column,
                                static_cast<float*>(span.block) + (i - span.begin) * span.block_row,
                                static_cast<size_t>(span.columns) * sizeof(float));
                },
                &context, kOwn};
  gemm.run(a.data(), b.data(), nullptr, scratch.get(), done);
  return result;
}

TEST(blocks_of_a_product_are_those_of_the_whole) {
  for (Case c : {Case{600, 700, 200, true, false}, Case{600, 2500, 130, false, true}, Case{3000, 40, 30, true, false},
                 Case{100, 300, 50, false, false, 3}, Case{5, 20, 9, false, true}}) {
    auto a = numbers<float>(c.batch * c.m * c.k, 5), b = numbers<float>(c.batch * c.k * c.n, 6);
    auto whole = multiply(DType::kFloat32, c, a, b);
    whole.pop_back();  // what must stay untouched
    CHECK(whole == multiply_by_blocks(c, a, b));
  }
}

TEST(large_products_have_the_same_bits_for_any_number_of_threads) {
  int before = num_threads();
  for (Case c : {Case{150, 700, 600, false, false}, Case{150, 700, 600, true, true}, Case{1, 5000, 300, false, false},
                 Case{12, 3000, 64, false, true}, Case{40, 2100, 300, false, false}, Case{513, 700, 300, false, false},
                 Case{300, 700, 300, false, true}}) {
    auto a = numbers<float>(c.m * c.k, 3), b = numbers<float>(c.k * c.n, 4);
    set_num_threads(1);
    auto one = multiply(DType::kFloat32, c, a, b);
    set_num_threads(5);
    CHECK(one == multiply(DType::kFloat32, c, a, b));
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace headwater
