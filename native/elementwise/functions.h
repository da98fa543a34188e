// The compiled loops of the instruction set in use.
#pragma once

#include "ops.h"

namespace headwater::elementwise {

// For the instruction set that is current at the call; valid for the life of the process.
const Functions& functions();

// Loops that are the same for every instruction set.
void fill_scalars(Functions& table);
void fill_complex(Functions& table);

}  // namespace headwater::elementwise
