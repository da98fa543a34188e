// The exceptions that cross into Python, beside those of <stdexcept>:
// std::invalid_argument -> ValueError, std::out_of_range -> IndexError, std::bad_alloc -> MemoryError,
// std::overflow_error -> OverflowError, TypeError -> TypeError.
#pragma once

#include <stdexcept>
#include <string>

namespace headwater {

class TypeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace headwater
