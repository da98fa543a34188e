// Convolution of integers: plain loops, exact, and wrapping around as NumPy does.
#pragma once

#include <memory>

#include "conv_shape.h"

namespace headwater {

std::unique_ptr<Kernel> make_exact_convolution(const ConvShape& s);  // throws TypeError if it is not of integers

}  // namespace headwater
