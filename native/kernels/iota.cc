// iota: the index along an axis, as a number of any type.
#include <algorithm>

#include "../kernel.h"
#include "../thread_pool.h"
#include "arithmetic.h"
#include "shapes.h"

namespace headwater {
namespace {

constexpr int64_t kElementsPerThread = 32 << 10;

template <class T>
inline T index_number(int64_t index) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(index);
  else
    return number<T>(static_cast<double>(index));
}

template <class T>
class IotaKernel final : public Kernel {
 public:
  explicit IotaKernel(AxisView view) : view_(view) {}

  void run(const void* const*, void* const* out, void*) const override {
    T* y = static_cast<T*>(out[0]);
    int64_t inner = view_.inner;
    if (inner == 0) return;
    parallel_for(view_.outer * view_.size, std::max<int64_t>(1, kElementsPerThread / inner),
                 [&](int64_t begin, int64_t end) {
                   int64_t index = begin % view_.size;
                   for (int64_t row = begin; row < end; ++row) {
                     std::fill_n(y + row * inner, inner, index_number<T>(index));
                     if (++index == view_.size) index = 0;
                   }
                 });
  }

 private:
  AxisView view_;
};

std::unique_ptr<Kernel> make_iota(const KernelSpec& spec) {
  require_arity("iota", spec, 0, 1);
  const TensorSpec& y = spec.outputs[0];
  AxisView view(y.shape, checked_axis("iota", spec.attrs.get_int("axis"), y.shape.rank()));
  return visit_dtype(y.dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<IotaKernel<typename decltype(tag)::type>>(view);
  });
}

HW_REGISTER_KERNEL("iota", make_iota)

}  // namespace
}  // namespace headwater
