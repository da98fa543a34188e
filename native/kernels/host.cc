// host: calls a function of the host language. Attributes: function.
#include "host_function.h"

namespace headwater {
namespace {

class Host final : public Kernel {
 public:
  explicit Host(const KernelSpec& spec)
      : function_(spec.attrs.get_function("function")), inputs_(spec.inputs), outputs_(spec.outputs) {}

  void run(const void* const* in, void* const* out, void*) const override {
    function_->call(inputs_, outputs_, in, out);
  }
  double cost_hint() const override { return 20000; }
  bool calls_python() const override { return true; }

 private:
  std::shared_ptr<HostFunction> function_;
  std::vector<TensorSpec> inputs_, outputs_;
};

std::unique_ptr<Kernel> make_host(const KernelSpec& spec) { return std::make_unique<Host>(spec); }

}  // namespace

HW_REGISTER_KERNEL("host", make_host)

}  // namespace headwater
