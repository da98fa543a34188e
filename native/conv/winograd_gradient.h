// The gradient of a convolution by its kernel, by minimal filtering (winograd.h).
#pragma once

#include <memory>

#include "conv_shape.h"

namespace headwater {

// Null where other ways are better.
std::unique_ptr<Kernel> make_winograd_gradient(const ConvShape& s);

}  // namespace headwater
