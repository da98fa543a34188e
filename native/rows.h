// Rows of several buffers at once: the minibatch of a training step.
#pragma once

#include <vector>

#include "buffer.h"

namespace headwater {

// Rows indices[start .. start+count-1] of each source. Throws std::out_of_range for an index outside a source, and
// std::invalid_argument unless `indices` is an int64 vector that has the range and each source has an axis of rows.
std::vector<Buffer> gather_rows(const std::vector<const Buffer*>& sources, const Buffer& indices, int64_t start,
                                int64_t count);

}  // namespace headwater
