// Which instruction set the kernels use. Files named isa_*.cc are compiled once per instruction set, with
//   HW_ISA = baseline | avx2 | avx512   (a namespace name: namespace headwater::HW_ISA { ... })
//   HW_ISA_LEVEL = 0 | 1 | 2            (for #if)
// and everything else for the baseline (x86-64-v2; HW_MULTI_ISA is 0 where only the baseline exists).
// In isa_*.cc keep everything inside namespace HW_ISA or static.
#pragma once

#include <string>

namespace headwater {

enum class Isa : int { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };

Isa detect_isa();       // the best that this machine and build have
Isa current_isa();      // detect_isa(), lowered by HEADWATER_ISA=baseline|avx2|avx512 or set_isa
void set_isa(Isa isa);  // for tests; affects kernels made later; throws std::invalid_argument if above detect_isa()
const char* isa_name(Isa isa);
Isa isa_from_name(const std::string& name);  // throws std::invalid_argument

// HW_SELECT_ISA(function): headwater::<isa>::function for the current instruction set. The function must be declared
// in all namespaces, for which HW_DECLARE_ISAS(declaration) serves.
#if HW_MULTI_ISA
#define HW_DECLARE_ISAS(declaration) \
  namespace headwater::baseline {    \
  declaration;                       \
  }                                  \
  namespace headwater::avx2 {        \
  declaration;                       \
  }                                  \
  namespace headwater::avx512 {      \
  declaration;                       \
  }
#define HW_SELECT_ISA(function)                                                             \
  (::headwater::current_isa() == ::headwater::Isa::kAvx512 ? &::headwater::avx512::function \
   : ::headwater::current_isa() == ::headwater::Isa::kAvx2 ? &::headwater::avx2::function   \
                                                           : &::headwater::baseline::function)
#else
#define HW_DECLARE_ISAS(declaration) \
  namespace headwater::baseline {    \
  declaration;                       \
  }
#define HW_SELECT_ISA(function) (&::headwater::baseline::function)
#endif

}  // namespace headwater
