// Whole files that are small.
#pragma once

#include <string>

namespace headwater {

// Makes `contents` what a file holds. Returns 0, EFBIG for a regular file of more than `most` bytes, or the errno of
// what went wrong.
int read_small_file(const char* path, size_t most, std::string& contents);

}  // namespace headwater
