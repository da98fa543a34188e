#include "isa.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace headwater {
namespace {

Isa detect() {
#if HW_MULTI_ISA
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#if HW_EMULATE_AVX512
  avx512 = avx2;
#endif
  if (avx512) return Isa::kAvx512;
  if (avx2) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

Isa initial() {
  Isa best = detect_isa();
  const char* wish = std::getenv("HEADWATER_ISA");
  if (!wish) return best;
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512})
    if (isa <= best && std::string(wish) == isa_name(isa)) return isa;
  return best;
}

std::atomic<Isa>& current() {
  static std::atomic<Isa> isa{initial()};
  return isa;
}

}  // namespace

Isa detect_isa() {
  static const Isa isa = detect();
  return isa;
}

Isa current_isa() { return current().load(std::memory_order_relaxed); }

void set_isa(Isa isa) {
  if (isa > detect_isa())
    throw std::invalid_argument(std::string("this machine has no ") + isa_name(isa) + ", its best is " +
                                isa_name(detect_isa()));
  current().store(isa, std::memory_order_relaxed);
}

const char* isa_name(Isa isa) {
  constexpr const char* names[] = {"baseline", "avx2", "avx512"};
  return names[static_cast<int>(isa)];
}

Isa isa_from_name(const std::string& name) {
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512})
    if (name == isa_name(isa)) return isa;
  throw std::invalid_argument("unknown instruction set '" + name + "', expected baseline, avx2 or avx512");
}

}  // namespace headwater
