// What of the Python module works on strings and records, on the host: no program runs it.
#pragma once

#include <nanobind/nanobind.h>

namespace headwater {

void bind_host(nanobind::module_& module);

}  // namespace headwater
