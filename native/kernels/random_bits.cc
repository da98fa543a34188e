// random_bits: uniformly random bits from a key and a position, by Philox4x32-10.
//
// Input: four uint32 words (key0, key1, counter_lo, counter_hi). The Philox key is (key0, key1) and the counter of
// block b is (b_lo, b_hi, counter_lo, counter_hi). Element i of a uint32 output is word i % 4 of block i / 4; element i
// of a uint64 output is words 2i (low half) and 2i + 1 of that sequence. So an element depends on the input and its
// position alone.
#include <cstring>

#include "../kernel.h"
#include "../thread_pool.h"
#include "philox.h"

namespace headwater {
namespace {

// 4096 blocks take some 20 us on one core.
constexpr int64_t kBlocksPerThread = 4096;

class RandomBitsKernel final : public Kernel {
 public:
  explicit RandomBitsKernel(int64_t words) : words_(words), blocks_(HW_SELECT_ISA(philox_blocks)) {}

  void run(const void* const* in, void* const* out, void*) const override {
    const uint32_t* key = static_cast<const uint32_t*>(in[0]);
    uint32_t* y = static_cast<uint32_t*>(out[0]);
    int64_t whole = words_ / 4;
    parallel_for(whole, kBlocksPerThread, [&](int64_t begin, int64_t end) {
      blocks_(key, static_cast<uint64_t>(begin), end - begin, y + 4 * begin);
    });
    if (words_ % 4 == 0) return;
    uint32_t last[4];
    blocks_(key, static_cast<uint64_t>(whole), 1, last);
    std::memcpy(y + 4 * whole, last, static_cast<size_t>(words_ % 4) * sizeof(uint32_t));
  }

 private:
  int64_t words_;
  void (*blocks_)(const uint32_t*, uint64_t, int64_t, uint32_t*);
};

std::unique_ptr<Kernel> make_random_bits(const KernelSpec& spec) {
  require_arity("random_bits", spec, 1, 1);
  const TensorSpec &key = spec.inputs[0], &y = spec.outputs[0];
  require(key.dtype == DType::kUInt32 && key.count() == 4, "random_bits", "the key must be four uint32 words");
  require(y.dtype == DType::kUInt32 || y.dtype == DType::kUInt64, "random_bits", "the output must be uint32 or uint64");
  return std::make_unique<RandomBitsKernel>(static_cast<int64_t>(y.bytes() / sizeof(uint32_t)));
}

HW_REGISTER_KERNEL("random_bits", make_random_bits)

}  // namespace
}  // namespace headwater
