// A function of the host language that a `host` instruction calls; bindings.cc implements it for Python callables.
#pragma once

#include <vector>

#include "kernel.h"

namespace headwater {

class HostFunction {
 public:
  virtual ~HostFunction() = default;
  // Reads `in`, writes `out`; throws what the host function raised. Takes whatever lock the host language needs.
  virtual void call(const std::vector<TensorSpec>& inputs, const std::vector<TensorSpec>& outputs,
                    const void* const* in, void* const* out) = 0;
};

}  // namespace headwater
