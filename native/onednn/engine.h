// The one oneDNN engine of the process and a stream for each thread. All primitives take their scratchpad from the
// caller, so that memory is planned and a primitive may run on several threads at a time.
#pragma once

#include <dnnl.hpp>

namespace headwater::onednn {

const dnnl::engine& cpu_engine();
dnnl::stream& thread_stream();
// Attributes that say: the scratchpad comes with the arguments.
dnnl::primitive_attr user_scratchpad();

}  // namespace headwater::onednn
