#include "onednn_product.h"

#include <stdexcept>

#if HW_HAVE_ONEDNN

#include <unordered_map>

#include "../onednn/engine.h"

namespace headwater {
namespace {

using dnnl::memory;

memory::data_type data_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return memory::data_type::f16;
    case DType::kBFloat16:
      return memory::data_type::bf16;
    default:
      return memory::data_type::f32;
  }
}

// (batch, rows, columns) of a row-major matrix, or of the transpose of one.
memory::desc matrix(DType dtype, int64_t batch, int64_t rows, int64_t columns, bool transposed) {
  memory::dims strides = transposed ? memory::dims{rows * columns, 1, rows} : memory::dims{rows * columns, columns, 1};
  return memory::desc({batch, rows, columns}, data_type(dtype), strides);
}

}  // namespace

struct OnednnProduct::State {
  memory::desc a, b, c, row;
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
  std::vector<std::pair<int, PostOperation>> binaries;  // position among the post-operations
};

OnednnProduct::OnednnProduct(DType dtype, int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b,
                             int64_t batch, bool shared_b, const std::vector<PostOperation>& post)
    : state_(std::make_unique<State>()) {
  if (shared_b && !transpose_a) {
    m *= batch;
    batch = 1;
  }
  State& state = *state_;
  state.a = matrix(dtype, batch, m, k, transpose_a);
  state.b = matrix(dtype, shared_b ? 1 : batch, k, n, transpose_b);
  state.c = matrix(dtype, batch, m, n, false);
  state.row = matrix(dtype, 1, 1, n, false);
  dnnl::primitive_attr attributes = onednn::user_scratchpad();
  dnnl::post_ops operations;
  for (const PostOperation& operation : post) {
    switch (operation.kind) {
      case PostOperation::Kind::kAddRow:
      case PostOperation::Kind::kAddMatrix:
        state.binaries.emplace_back(operations.len(), operation);
        operations.append_binary(dnnl::algorithm::binary_add,
                                 operation.kind == PostOperation::Kind::kAddRow ? state.row : state.c);
        break;
      case PostOperation::Kind::kRelu:
        operations.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
        break;
      case PostOperation::Kind::kTanh:
        operations.append_eltwise(dnnl::algorithm::eltwise_tanh, 0, 0);
        break;
      case PostOperation::Kind::kSigmoid:
        operations.append_eltwise(dnnl::algorithm::eltwise_logistic, 0, 0);
        break;
    }
  }
  attributes.set_post_ops(operations);
  try {
    state.description = dnnl::matmul::primitive_desc(onednn::cpu_engine(), state.a, state.b, state.c, attributes);
    state.primitive = dnnl::matmul(state.description);
  } catch (const dnnl::error& error) {
    throw std::runtime_error(std::string("oneDNN refuses this product: ") + error.what());
  }
}

OnednnProduct::~OnednnProduct() = default;

size_t OnednnProduct::scratch_bytes() const { return state_->description.scratchpad_desc().get_size(); }

void OnednnProduct::run(const void* a, const void* b, void* c, const void* const* extras, void* scratch) const {
  const State& state = *state_;
  const dnnl::engine& engine = onednn::cpu_engine();
  auto wrap = [&](const memory::desc& description, const void* data) {
    return memory(description, engine, const_cast<void*>(data));
  };
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(state.a, a)},
                                            {DNNL_ARG_WEIGHTS, wrap(state.b, b)},
                                            {DNNL_ARG_DST, wrap(state.c, c)},
                                            {DNNL_ARG_SCRATCHPAD, wrap(state.description.scratchpad_desc(), scratch)}};
  for (const auto& [position, operation] : state.binaries)
    arguments.insert(
        {DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1,
         wrap(operation.kind == PostOperation::Kind::kAddRow ? state.row : state.c, extras[operation.input])});
  state.primitive.execute(onednn::thread_stream(), arguments);
}

bool onednn_has_product(DType dtype) {
  return dtype == DType::kFloat32 || (dtype == DType::kBFloat16 && onednn_fast_bfloat16());
}

bool onednn_fast_bfloat16() {
  static const bool fast = [] {
    auto has = [isa = static_cast<int>(dnnl::get_effective_cpu_isa())](dnnl::cpu_isa needed) {
      return (isa & static_cast<int>(needed)) == static_cast<int>(needed);
    };
    bool is_amd = false;
#if defined(__x86_64__)
    __builtin_cpu_init();
    is_amd = __builtin_cpu_is("amd");
#endif
    return has(dnnl::cpu_isa::avx512_core_amx) || (is_amd && has(dnnl::cpu_isa::avx512_core_bf16));
  }();
  return fast;
}

}  // namespace headwater

#else

namespace headwater {

struct OnednnProduct::State {};

OnednnProduct::OnednnProduct(DType, int64_t, int64_t, int64_t, bool, bool, int64_t, bool,
                             const std::vector<PostOperation>&) {
  throw std::runtime_error("this build has no oneDNN");
}
OnednnProduct::~OnednnProduct() = default;
size_t OnednnProduct::scratch_bytes() const { return 0; }
void OnednnProduct::run(const void*, const void*, void*, const void* const*, void*) const {}
bool onednn_has_product(DType) { return false; }
bool onednn_fast_bfloat16() { return false; }

}  // namespace headwater

#endif
