// The interface of every CPU kernel. A kernel is made once from checked specs (all validation happens in its factory),
// is immutable afterwards and may run on several threads at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "attributes.h"
#include "dims.h"
#include "dtype.h"

namespace headwater {

// Shapes in a spec are checked before a factory sees them: rank <= 16, no negative size, byte size <= kMaxBytes.
struct TensorSpec {
  DType dtype = DType::kFloat32;
  Dims shape;

  int64_t count() const { return shape.count(); }
  size_t bytes() const { return static_cast<size_t>(shape.count()) * item_size(dtype); }
  std::string text() const { return std::string(dtype_name(dtype)) + shape.text(); }
  friend bool operator==(const TensorSpec& a, const TensorSpec& b) { return a.dtype == b.dtype && a.shape == b.shape; }
};

struct KernelSpec {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  Attributes attrs;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // in, out: one pointer per spec, to contiguous row-major memory aligned at least to the item size (usually 64 bytes).
  // The pointer of an empty tensor may be anything. scratch: scratch_bytes() bytes, aligned to 64; contents arbitrary.
  virtual void run(const void* const* in, void* const* out, void* scratch) const = 0;
  virtual size_t scratch_bytes() const { return 0; }
  // About how many nanoseconds a run takes; the executor keeps the GIL for programs that take a few microseconds.
  // The default counts the bytes touched.
  virtual double cost_hint() const { return -1; }
  // True for kernels that call Python.
  virtual bool calls_python() const { return false; }
};

using Factory = std::unique_ptr<Kernel> (*)(const KernelSpec&);

// registry.cc. Names are unique; registering a name twice ends in an error when it is first looked up.
struct KernelRegistration {
  KernelRegistration(const char* name, Factory factory);
};
Factory find_kernel(const std::string& name);  // throws std::invalid_argument
std::vector<std::string> kernel_names();       // sorted

// Throws std::invalid_argument unless spec has that many inputs and outputs.
void require_arity(const char* kernel, const KernelSpec& spec, size_t inputs, size_t outputs);
// Throws std::invalid_argument("<kernel>: <message>") unless condition holds.
inline void require(bool condition, const char* kernel, const std::string& message) {
  if (!condition) throw std::invalid_argument(std::string(kernel) + ": " + message);
}

#define HW_CONCAT_(a, b) a##b
#define HW_CONCAT(a, b) HW_CONCAT_(a, b)
// At namespace scope of a .cc file: HW_REGISTER_KERNEL("gather", make_gather)
#define HW_REGISTER_KERNEL(name, factory) \
  static const ::headwater::KernelRegistration HW_CONCAT(kernel_registration_, __LINE__){name, factory};

}  // namespace headwater
