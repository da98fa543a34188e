// Block sizes that the plan and the kernels of a matrix product share.
#pragma once

#include <cstdint>

namespace headwater {

// Depth over which a register tile sums before it is added to C: 256 lines of a 16-column panel of float32 are 16 KB,
// half of a first-level cache. Part of the definition of the result's bits.
inline constexpr int64_t kGemmDepth = 256;
// Most rows of A packed at a time: with kGemmDepth float32, 128 KB of the second-level cache.
inline constexpr int64_t kGemmRows = 128;
// Most columns of C that a task computes where its sums need a block of their own.
inline constexpr int64_t kGemmColumns = 512;

// Most columns of B packed at a time, and most columns of C that are finished at a time while they are in the cache.
inline constexpr int64_t kGemmSpan = 2048;
// Bytes of C that a task computes before it finishes them: a share of the second-level cache.
inline constexpr int64_t kGemmFinished = 512 << 10;

}  // namespace headwater
