// Philox4x32-10: a counter-based generator of random bits.
// Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
#pragma once

#include <cstdint>

#include "../isa.h"

// Writes blocks first .. first + count - 1 of four words each. The Philox key is (key[0], key[1]); the counter of block
// b is (low word of b, high word of b, key[2], key[3]).
HW_DECLARE_ISAS(void philox_blocks(const uint32_t* key, uint64_t first, int64_t count, uint32_t* out))
