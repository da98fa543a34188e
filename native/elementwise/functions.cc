#include "functions.h"

#include "../isa.h"

HW_DECLARE_ISAS(void fill_math(elementwise::Functions& table))
HW_DECLARE_ISAS(void fill_simple(elementwise::Functions& table))
HW_DECLARE_ISAS(void fill_casts(elementwise::Functions& table))
HW_DECLARE_ISAS(void fill_reduces(elementwise::Functions& table))
HW_DECLARE_ISAS(void fill_chains(elementwise::Functions& table))

namespace headwater::elementwise {
namespace {

Functions make_table() {
  Functions table{};
  fill_scalars(table);
  fill_complex(table);
  HW_SELECT_ISA(fill_simple)(table);
  HW_SELECT_ISA(fill_casts)(table);
  HW_SELECT_ISA(fill_math)(table);
  HW_SELECT_ISA(fill_reduces)(table);
  HW_SELECT_ISA(fill_chains)(table);
  return table;
}

}  // namespace

const Functions& functions() {
  // One table per instruction set; a test may switch between them.
  switch (current_isa()) {
    case Isa::kAvx512: {
      static const Functions table = make_table();
      return table;
    }
    case Isa::kAvx2: {
      static const Functions table = make_table();
      return table;
    }
    default: {
      static const Functions table = make_table();
      return table;
    }
  }
}

}  // namespace headwater::elementwise
