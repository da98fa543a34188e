// The Python module _native: the only file that knows Python, beside host_bindings.cc. Everything that comes in is
// checked here or in the constructors it calls; nothing is checked again while a program runs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <bit>
#include <complex>
#include <cstring>
#include <optional>

#include "alone.h"
#include "buffer.h"
#include "dlpack.h"
#include "executor.h"
#include "host_bindings.h"
#include "host_function.h"
#include "isa.h"
#include "program.h"
#include "rows.h"
#include "thread_pool.h"

namespace nb = nanobind;

namespace headwater {
namespace {

// A program that is expected to take less keeps the GIL: giving it up and taking it back costs some 100 ns, and much
// more when other threads wait for it.
constexpr double kReleaseGilFrom = 5000;

PyTypeObject* buffer_type = nullptr;
PyTypeObject* cell_type = nullptr;

// ---- from Python ---------------------------------------------------------------------------------------------------

// A list or tuple as it is, any other iterable as a list.
class Sequence {
 public:
  Sequence(nb::handle object, const char* what) {
    if (PyUnicode_Check(object.ptr()) || PyBytes_Check(object.ptr()) || PyDict_Check(object.ptr()))
      throw TypeError(std::string(what) + " must be a list or tuple");
    PyObject* fast = PySequence_Fast(object.ptr(), "expected a list or tuple");
    if (!fast) {
      if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw nb::python_error();
      PyErr_Clear();
      throw TypeError(std::string(what) + " must be a list or tuple, got " + Py_TYPE(object.ptr())->tp_name);
    }
    fast_ = nb::steal(fast);
  }
  size_t size() const { return static_cast<size_t>(PySequence_Fast_GET_SIZE(fast_.ptr())); }
  nb::handle operator[](size_t i) const { return PySequence_Fast_GET_ITEM(fast_.ptr(), static_cast<Py_ssize_t>(i)); }

 private:
  nb::object fast_;
};

int64_t to_int(nb::handle object, const char* what) {
  if (PyLong_CheckExact(object.ptr())) {
    int overflow = 0;
    long long value = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow == 0) return value;
    throw std::overflow_error(std::string(what) + " exceeds 64 bits");
  }
  if (!PyIndex_Check(object.ptr()))
    throw TypeError(std::string(what) + " must be an int, got " + Py_TYPE(object.ptr())->tp_name);
  PyObject* index = PyNumber_Index(object.ptr());
  if (!index) throw nb::python_error();
  nb::object owned = nb::steal(index);
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(index, &overflow);
  if (overflow != 0) throw std::overflow_error(std::string(what) + " exceeds 64 bits");
  return value;
}

int to_small_int(nb::handle object, const char* what) {
  int64_t value = to_int(object, what);
  if (value < INT32_MIN || value > INT32_MAX)
    throw std::invalid_argument(std::string(what) + " is " + std::to_string(value));
  return static_cast<int>(value);
}

std::string to_string(nb::handle object, const char* what) {
  Py_ssize_t size = 0;
  if (!PyUnicode_Check(object.ptr())) throw TypeError(std::string(what) + " must be a str");
  const char* text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (!text) throw nb::python_error();
  return {text, static_cast<size_t>(size)};
}

Dims to_dims(nb::handle object) {
  Sequence sizes(object, "a shape");
  if (sizes.size() > kMaxRank)
    throw std::invalid_argument("a shape may have at most 16 axes, got " + std::to_string(sizes.size()));
  Dims dims;
  for (size_t i = 0; i < sizes.size(); ++i) dims.push_back(to_int(sizes[i], "a size"));
  return dims;
}

TensorSpec to_spec(nb::handle dtype, nb::handle shape) {
  TensorSpec spec{dtype_from_code(to_int(dtype, "a dtype")), to_dims(shape)};
  checked_bytes(spec.shape, spec.dtype);
  return spec;
}

std::vector<TensorSpec> to_specs(nb::handle object, const char* what) {
  Sequence items(object, what);
  std::vector<TensorSpec> specs;
  for (size_t i = 0; i < items.size(); ++i) {
    Sequence pair(items[i], what);
    if (pair.size() != 2) throw std::invalid_argument(std::string(what) + " must hold pairs (dtype, shape)");
    specs.push_back(to_spec(pair[0], pair[1]));
  }
  return specs;
}

const Buffer& to_buffer(nb::handle object, const char* what, size_t index) {
  if (Py_TYPE(object.ptr()) == buffer_type) return *nb::inst_ptr<Buffer>(object);
  throw TypeError(std::string(what) + " " + std::to_string(index) + " must be a Buffer, got " +
                  Py_TYPE(object.ptr())->tp_name);
}

nb::object from_buffer(Buffer buffer) {
  nb::object object = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(buffer_type)));
  new (nb::inst_ptr<Buffer>(object)) Buffer(std::move(buffer));
  nb::inst_mark_ready(object);
  return object;
}

nb::tuple from_dims(const Dims& dims) {
  PyObject* tuple = PyTuple_New(dims.rank());
  if (!tuple) throw nb::python_error();
  for (int axis = 0; axis < dims.rank(); ++axis) PyTuple_SET_ITEM(tuple, axis, PyLong_FromLongLong(dims[axis]));
  return nb::steal<nb::tuple>(tuple);
}

// ---- the buffer protocol -------------------------------------------------------------------------------------------

const char* format_of(DType dtype) {
  constexpr const char* formats[kNumDTypes] = {
      "?", "B", "b", "H", "h",  "I", "i", sizeof(long) == 8 ? "L" : "Q", sizeof(long) == 8 ? "l" : "q",
      "e", "H", "f", "d", "Zf", "Zd"};
  return formats[static_cast<int>(dtype)];
}

// Whether elements described by a struct-module format may be taken as `dtype`.
bool format_fits(const char* format, DType dtype) {
  std::string code = format ? format : "B";
  if (!code.empty() && (code[0] == '@' || code[0] == '=' || code[0] == '^')) code.erase(0, 1);
  if (!code.empty() && (code[0] == '<' || code[0] == '>' || code[0] == '!')) {
    bool little = code[0] == '<';
    if (little != (std::endian::native == std::endian::little)) return false;
    code.erase(0, 1);
  }
  auto among = [&code](const char* list) { return code.size() == 1 && std::strchr(list, code[0]) != nullptr; };
  if (dtype == DType::kBool) return among("?Bbc");
  if (dtype == DType::kFloat16) return among("eH");
  if (dtype == DType::kBFloat16) return among("HhE");
  if (dtype == DType::kFloat32) return among("f");
  if (dtype == DType::kFloat64) return among("d");
  if (is_complex(dtype)) return code == (dtype == DType::kComplex64 ? "Zf" : "Zd");
  return is_unsigned(dtype) ? among("BHILQNc?") : among("bhilqn");
}

void release_view(void* context) {
  auto* view = static_cast<Py_buffer*>(context);
  if (nb::is_alive()) {
    nb::gil_scoped_acquire gil;
    PyBuffer_Release(view);
    delete view;
  }
}

struct ViewDeleter {
  void operator()(Py_buffer* view) const { release_view(view); }
};
using View = std::unique_ptr<Py_buffer, ViewDeleter>;

View open_view(nb::handle object, int flags) {
  auto* view = new Py_buffer;
  if (PyObject_GetBuffer(object.ptr(), view, flags) == 0) return View(view);
  delete view;
  nb::python_error error;
  if (error.matches(PyExc_BufferError)) throw std::invalid_argument(error.what());
  throw error;
}

void check_view(const Py_buffer& view, DType dtype) {
  if (static_cast<size_t>(view.itemsize) != item_size(dtype) || !format_fits(view.format, dtype))
    throw TypeError(std::string("elements of format '") + (view.format ? view.format : "B") + "' cannot be taken as " +
                    dtype_name(dtype));
  if (view.ndim > kMaxRank) throw std::invalid_argument("an array may have at most 16 axes");
}

// Kernels rely on a bool being 0 or 1.
bool all_zero_or_one(const uint8_t* data, size_t count) {
  uint8_t seen = 0;
  for (size_t i = 0; i < count; ++i) seen |= data[i];
  return seen <= 1;
}

Buffer normalised_bools(const Buffer& source) {
  Buffer result(DType::kBool, source.shape());
  auto* from = static_cast<const uint8_t*>(source.data());
  auto* to = static_cast<uint8_t*>(result.data());
  for (size_t i = 0; i < source.bytes(); ++i) to[i] = from[i] != 0;
  return result;
}

Buffer buffer_from_array(nb::handle array, nb::handle dtype_code, bool copy) {
  DType dtype = dtype_from_code(to_int(dtype_code, "a dtype"));
  View view = open_view(array, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT);
  check_view(*view, dtype);
  Dims shape(view->shape, view->shape + view->ndim);
  int64_t bytes = checked_bytes(shape, dtype);
  if (bytes != view->len) throw std::invalid_argument("the array's length does not fit its shape");
  bool aligned = reinterpret_cast<uintptr_t>(view->buf) % item_size(dtype) == 0;
  if (dtype == DType::kBool && !all_zero_or_one(static_cast<const uint8_t*>(view->buf), static_cast<size_t>(bytes))) {
    void* data = view->buf;
    Buffer borrowed(dtype, shape, StoragePointer(Storage::borrow(data, release_view, view.get())));
    (void)view.release();
    return normalised_bools(borrowed);
  }
  if (copy || !aligned || bytes == 0) {
    Buffer result(dtype, shape);
    if (bytes > 0) std::memcpy(result.data(), view->buf, static_cast<size_t>(bytes));
    return result;
  }
  void* data = view->buf;
  StoragePointer storage(Storage::borrow(data, release_view, view.get()));
  (void)view.release();
  return Buffer(dtype, shape, std::move(storage));
}

struct ExportedShape {
  Py_ssize_t shape[kMaxRank], strides[kMaxRank];
};

int export_buffer(PyObject* object, Py_buffer* view, int flags) {
  view->obj = nullptr;
  if (flags & PyBUF_WRITABLE) {
    PyErr_SetString(PyExc_BufferError, "a Buffer is read-only");
    return -1;
  }
  const Buffer& buffer = *nb::inst_ptr<Buffer>(nb::handle(object));
  auto* exported = new (std::nothrow) ExportedShape;
  if (!exported) {
    PyErr_NoMemory();
    return -1;
  }
  Dims strides = row_major_strides(buffer.shape());
  for (int axis = 0; axis < buffer.shape().rank(); ++axis) {
    exported->shape[axis] = static_cast<Py_ssize_t>(buffer.shape()[axis]);
    exported->strides[axis] =
        static_cast<Py_ssize_t>(strides[axis]) * static_cast<Py_ssize_t>(item_size(buffer.dtype()));
  }
  view->buf = buffer.data();
  view->len = static_cast<Py_ssize_t>(buffer.bytes());
  view->itemsize = static_cast<Py_ssize_t>(item_size(buffer.dtype()));
  view->readonly = 1;
  view->ndim = buffer.shape().rank();
  view->format = flags & PyBUF_FORMAT ? const_cast<char*>(format_of(buffer.dtype())) : nullptr;
  view->shape = flags & PyBUF_ND ? exported->shape : nullptr;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? exported->strides : nullptr;
  view->suboffsets = nullptr;
  view->internal = exported;
  view->obj = object;
  Py_INCREF(object);
  return 0;
}

void release_export(PyObject*, Py_buffer* view) { delete static_cast<ExportedShape*>(view->internal); }

// ---- DLPack --------------------------------------------------------------------------------------------------------

dlpack::DataType dlpack_type(DType dtype) {
  auto bits = static_cast<uint8_t>(item_size(dtype) * 8);
  if (dtype == DType::kBool) return {dlpack::kBool, bits, 1};
  if (dtype == DType::kBFloat16) return {dlpack::kBFloat, bits, 1};
  if (is_complex(dtype)) return {dlpack::kComplex, bits, 1};
  if (is_float(dtype)) return {dlpack::kFloat, bits, 1};
  return {is_unsigned(dtype) ? dlpack::kUInt : dlpack::kInt, bits, 1};
}

DType dtype_of_dlpack(dlpack::DataType type) {
  for (int code = 0; code < kNumDTypes; ++code) {
    auto known = dlpack_type(static_cast<DType>(code));
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) return static_cast<DType>(code);
  }
  throw TypeError("DLPack type code " + std::to_string(type.code) + " with " + std::to_string(type.bits) +
                  " bits is not supported");
}

template <class M>
struct Exported {
  M managed{};
  Buffer buffer;
  int64_t shape[kMaxRank], strides[kMaxRank];
  explicit Exported(const Buffer& source) : buffer(source) {}
};

template <class M>
nb::object dlpack_capsule(const Buffer& buffer, const char* name) {
  auto exported = std::make_unique<Exported<M>>(buffer);
  Dims strides = row_major_strides(buffer.shape());
  std::copy(buffer.shape().begin(), buffer.shape().end(), exported->shape);
  std::copy(strides.begin(), strides.end(), exported->strides);
  M& managed = exported->managed;
  managed.tensor = {buffer.data(),
                    {dlpack::kCpu, 0},
                    buffer.shape().rank(),
                    dlpack_type(buffer.dtype()),
                    exported->shape,
                    exported->strides,
                    0};
  managed.context = exported.get();
  managed.deleter = [](M* self) { delete static_cast<Exported<M>*>(self->context); };
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>) {
    managed.version = {1, 0};
    managed.flags = dlpack::kReadOnly;
  }
  PyObject* capsule = PyCapsule_New(&managed, name, [](PyObject* self) {
    // A consumer renames the capsule and then owns the tensor.
    for (const char* unused : {"dltensor", "dltensor_versioned"}) {
      if (!PyCapsule_IsValid(self, unused)) continue;
      auto* held = static_cast<M*>(PyCapsule_GetPointer(self, unused));
      held->deleter(held);
    }
  });
  if (!capsule) throw nb::python_error();
  (void)exported.release();
  return nb::steal(capsule);
}

nb::object to_dlpack(const Buffer& buffer, nb::handle max_version) {
  if (!max_version.is_none()) {
    Sequence version(max_version, "max_version");
    if (version.size() == 2 && to_int(version[0], "max_version") >= 1)
      return dlpack_capsule<dlpack::ManagedVersioned>(buffer, "dltensor_versioned");
  }
  return dlpack_capsule<dlpack::Managed>(buffer, "dltensor");
}

void copy_strided(const Buffer& target, const char* from, const int64_t* strides, int64_t item) {
  const Dims& shape = target.shape();
  auto* to = static_cast<char*>(target.data());
  int64_t count = target.count();
  Dims index;
  index.resize(shape.rank());
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) offset += index[axis] * strides[axis];
    std::memcpy(to + i * item, from + offset * item, static_cast<size_t>(item));
    for (int axis = shape.rank() - 1; axis >= 0 && ++index[axis] == shape[axis]; --axis) index[axis] = 0;
  }
}

template <class M>
Buffer take_dlpack(nb::handle capsule, const char* name, const char* used_name, bool copy) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (!managed) throw nb::python_error();
  const dlpack::Tensor& tensor = managed->tensor;
  if (tensor.device.type != dlpack::kCpu)
    throw std::invalid_argument("only DLPack tensors in CPU memory are supported");
  if (tensor.ndim < 0 || tensor.ndim > kMaxRank) throw std::invalid_argument("an array may have at most 16 axes");
  DType dtype = dtype_of_dlpack(tensor.dtype);
  Dims shape(tensor.shape, tensor.shape + tensor.ndim);
  int64_t bytes = checked_bytes(shape, dtype);
  Dims expected = row_major_strides(shape);
  bool contiguous = true;
  for (int axis = 0; tensor.strides && axis < tensor.ndim; ++axis)
    contiguous = contiguous && (shape[axis] == 1 || tensor.strides[axis] == expected[axis]);
  char* data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  bool aligned = reinterpret_cast<uintptr_t>(data) % item_size(dtype) == 0;
  bool bad_bools = dtype == DType::kBool && contiguous &&
                   !all_zero_or_one(reinterpret_cast<uint8_t*>(data), static_cast<size_t>(bytes));
  if (copy || !contiguous || !aligned || bytes == 0 || bad_bools) {
    Buffer result(dtype, shape);
    if (bytes > 0) {
      if (contiguous)
        std::memcpy(result.data(), data, static_cast<size_t>(bytes));
      else
        copy_strided(result, data, tensor.strides, static_cast<int64_t>(item_size(dtype)));
    }
    return dtype == DType::kBool ? normalised_bools(result) : result;
  }
  StoragePointer storage(Storage::borrow(
      data,
      [](void* context) {
        auto* held = static_cast<M*>(context);
        if (!held->deleter || !nb::is_alive()) return;
        nb::gil_scoped_acquire gil;
        held->deleter(held);
      },
      managed));
  PyCapsule_SetName(capsule.ptr(), used_name);
  return Buffer(dtype, shape, std::move(storage));
}

nb::object ask_for_capsule(nb::handle object) {
  nb::object method = object.attr("__dlpack__");
  try {
    return method(nb::arg("max_version") = nb::make_tuple(1, 0));
  } catch (nb::python_error& error) {
    if (error.matches(PyExc_BufferError)) throw std::invalid_argument(error.what());
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return method();  // a producer from before DLPack 1.0
}

Buffer buffer_from_dlpack(nb::handle object, bool copy) {
  nb::object capsule = nb::borrow(object);
  if (!PyCapsule_CheckExact(object.ptr())) {
    if (!nb::hasattr(object, "__dlpack__")) throw TypeError("expected a DLPack capsule or an object with __dlpack__");
    capsule = ask_for_capsule(object);
  }
  if (PyCapsule_IsValid(capsule.ptr(), "dltensor_versioned"))
    return take_dlpack<dlpack::ManagedVersioned>(capsule, "dltensor_versioned", "used_dltensor_versioned", copy);
  if (PyCapsule_IsValid(capsule.ptr(), "dltensor"))
    return take_dlpack<dlpack::Managed>(capsule, "dltensor", "used_dltensor", copy);
  throw std::invalid_argument("expected a DLPack capsule that has not been used");
}

// ---- Buffer's other methods ----------------------------------------------------------------------------------------

nb::object item(const Buffer& buffer) {
  if (buffer.count() != 1)
    throw std::invalid_argument("item() needs a buffer of one element, this one has shape " + buffer.shape().text());
  return visit_dtype(buffer.dtype(), [&buffer](auto tag) -> nb::object {
    using T = typename decltype(tag)::type;
    T value;
    std::memcpy(&value, buffer.data(), sizeof value);
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>)
      return nb::float_(static_cast<double>(static_cast<float>(value)));
    else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>)
      return nb::steal(PyComplex_FromDoubles(value.real(), value.imag()));
    else if constexpr (std::is_same_v<T, bool>)
      return nb::bool_(value);
    else if constexpr (std::is_floating_point_v<T>)
      return nb::float_(static_cast<double>(value));
    else
      return nb::int_(value);
  });
}

Buffer new_buffer(nb::handle dtype, nb::handle shape) {
  TensorSpec spec = to_spec(dtype, shape);
  Buffer buffer(spec.dtype, spec.shape);
  if (spec.dtype == DType::kBool) std::memset(buffer.data(), 0, buffer.bytes());
  return buffer;
}

// ---- host functions ------------------------------------------------------------------------------------------------

// Copies an array that a callable returned to `out`.
void copy_result(nb::handle array, const TensorSpec& spec, void* out, size_t index) {
  View view = open_view(array, PyBUF_STRIDES | PyBUF_FORMAT);
  check_view(*view, spec.dtype);
  Dims shape(view->shape, view->shape + view->ndim);
  if (!(shape == spec.shape))
    throw std::invalid_argument("host: result " + std::to_string(index) + " must have shape " + spec.shape.text() +
                                ", got " + shape.text());
  if (view->len > 0 && PyBuffer_ToContiguous(out, view.get(), view->len, 'C') != 0) throw nb::python_error();
  if (spec.dtype == DType::kBool) {
    auto* bytes = static_cast<uint8_t*>(out);
    for (size_t i = 0; i < spec.bytes(); ++i) bytes[i] = bytes[i] != 0;
  }
}

class PythonFunction final : public HostFunction {
 public:
  explicit PythonFunction(nb::handle callable) : callable_(nb::borrow(callable)) {}
  ~PythonFunction() override {
    if (!nb::is_alive()) {
      (void)callable_.release();
      return;
    }
    nb::gil_scoped_acquire gil;
    callable_.reset();
  }

  void call(const std::vector<TensorSpec>& inputs, const std::vector<TensorSpec>& outputs, const void* const* in,
            void* const* out) override {
    nb::gil_scoped_acquire gil;
    PyObject* arguments = PyTuple_New(static_cast<Py_ssize_t>(inputs.size()));
    if (!arguments) throw nb::python_error();
    nb::object owned = nb::steal(arguments);
    for (size_t i = 0; i < inputs.size(); ++i) {
      Buffer copy(inputs[i].dtype, inputs[i].shape);
      if (copy.bytes() > 0) std::memcpy(copy.data(), in[i], copy.bytes());
      PyTuple_SET_ITEM(arguments, static_cast<Py_ssize_t>(i), from_buffer(std::move(copy)).release().ptr());
    }
    PyObject* result = PyObject_CallObject(callable_.ptr(), arguments);
    if (!result) throw nb::python_error();
    nb::object held = nb::steal(result);
    Sequence results(held, "host: what the function returns");
    if (results.size() != outputs.size())
      throw std::invalid_argument("host: the function returned " + std::to_string(results.size()) + " arrays, wanted " +
                                  std::to_string(outputs.size()));
    for (size_t i = 0; i < outputs.size(); ++i) copy_result(results[i], outputs[i], out[i], i);
  }

 private:
  nb::object callable_;
};

// ---- attributes ----------------------------------------------------------------------------------------------------

Immediate to_immediate(nb::handle object) {
  Immediate immediate;
  if (object.is_none()) return immediate;
  if (PyFloat_Check(object.ptr())) {
    immediate.kind = Immediate::Kind::kFloat;
    immediate.real = PyFloat_AS_DOUBLE(object.ptr());
  } else if (PyComplex_Check(object.ptr())) {
    immediate.kind = Immediate::Kind::kComplex;
    immediate.real = PyComplex_RealAsDouble(object.ptr());
    immediate.imaginary = PyComplex_ImagAsDouble(object.ptr());
  } else if (PyLong_Check(object.ptr())) {
    immediate.kind = Immediate::Kind::kInt;
    int overflow = 0;
    immediate.integer = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    immediate.real = static_cast<double>(immediate.integer);
    if (overflow < 0) throw std::overflow_error("an immediate exceeds 64 bits");
    if (overflow > 0) {
      unsigned long long value = PyLong_AsUnsignedLongLong(object.ptr());
      if (PyErr_Occurred()) throw nb::python_error();
      immediate.integer = static_cast<int64_t>(value);
      immediate.real = static_cast<double>(value);
    }
  } else {
    throw TypeError("an immediate must be a number or None");
  }
  return immediate;
}

std::vector<int64_t> to_ints(nb::handle object, const char* what) {
  Sequence items(object, what);
  std::vector<int64_t> values;
  values.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) values.push_back(to_int(items[i], what));
  return values;
}

std::vector<int> to_small_ints(nb::handle object, const char* what) {
  Sequence items(object, what);
  std::vector<int> values;
  values.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) values.push_back(to_small_int(items[i], what));
  return values;
}

CodeEntry to_code_entry(nb::handle object) {
  Sequence parts(object, "a code entry");
  if (parts.size() != 4) throw std::invalid_argument("a code entry is (op, dtype, args, immediate)");
  return {to_string(parts[0], "an op"), dtype_from_code(to_int(parts[1], "a dtype")), to_small_ints(parts[2], "args"),
          to_immediate(parts[3])};
}

std::optional<Reduction> to_reduction(nb::handle object) {
  if (object.is_none()) return std::nullopt;
  Sequence parts(object, "a reduction");
  if (parts.size() != 2) throw std::invalid_argument("a reduction is None or (kind, axes)");
  return Reduction{to_string(parts[0], "a kind"), to_ints(parts[1], "axes")};
}

template <class T, class Convert>
std::vector<T> convert_all(const Sequence& items, Convert convert) {
  std::vector<T> values;
  values.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) values.push_back(convert(items[i]));
  return values;
}

bool is_program(nb::handle object) { return nb::isinstance<Program>(object); }

std::shared_ptr<const Program> to_program(nb::handle object) {
  if (!is_program(object)) throw TypeError("expected a Program");
  return nb::cast<std::shared_ptr<Program>>(object);
}

AttributeValue to_list_attribute(nb::handle object, const char* what) {
  Sequence items(object, what);
  if (items.size() == 0) return std::vector<int64_t>();
  bool any_float = false, any_none = false;
  for (size_t i = 0; i < items.size(); ++i) {
    any_float = any_float || PyFloat_Check(items[i].ptr());
    any_none = any_none || items[i].is_none();
  }
  nb::handle first = items[0];
  if (any_float)
    return convert_all<double>(items, [](nb::handle each) {
      double value = PyFloat_AsDouble(each.ptr());
      if (value == -1 && PyErr_Occurred()) throw nb::python_error();
      return value;
    });
  if (PyUnicode_Check(first.ptr()))
    return convert_all<std::string>(items, [](nb::handle each) { return to_string(each, "an attribute"); });
  if (is_program(first)) return convert_all<std::shared_ptr<const Program>>(items, to_program);
  if (any_none) return convert_all<std::optional<Reduction>>(items, to_reduction);
  if (PyTuple_Check(first.ptr()) || PyList_Check(first.ptr())) {
    if (PySequence_Size(first.ptr()) == 2) return convert_all<std::optional<Reduction>>(items, to_reduction);
    return convert_all<CodeEntry>(items, to_code_entry);
  }
  return convert_all<int64_t>(items, [what](nb::handle each) { return to_int(each, what); });
}

AttributeValue to_attribute(nb::handle object, const std::string& name) {
  if (PyFloat_Check(object.ptr())) return PyFloat_AS_DOUBLE(object.ptr());
  if (PyUnicode_Check(object.ptr())) return to_string(object, "an attribute");
  if (PyIndex_Check(object.ptr())) return to_int(object, "an attribute");
  if (is_program(object)) return std::vector<std::shared_ptr<const Program>>{to_program(object)};
  if (PyTuple_Check(object.ptr()) || PyList_Check(object.ptr())) return to_list_attribute(object, "an attribute");
  if (PyCallable_Check(object.ptr())) return std::shared_ptr<HostFunction>(std::make_shared<PythonFunction>(object));
  throw TypeError("attribute '" + name + "' has unsupported type " + Py_TYPE(object.ptr())->tp_name);
}

Attributes to_attributes(nb::handle object) {
  if (!PyDict_Check(object.ptr())) throw TypeError("attrs must be a dict");
  Attributes attributes;
  PyObject *key, *value;
  Py_ssize_t position = 0;
  while (PyDict_Next(object.ptr(), &position, &key, &value)) {
    std::string name = to_string(key, "the name of an attribute");
    if (value != Py_None) attributes.set(name, to_attribute(value, name));
  }
  return attributes;
}

// ---- instructions and programs -------------------------------------------------------------------------------------

Instruction new_instruction(const std::string& kernel, nb::handle inputs, nb::handle outputs, nb::handle attrs) {
  KernelSpec spec;
  spec.inputs = to_specs(inputs, "inputs");
  spec.outputs = to_specs(outputs, "outputs");
  spec.attrs = to_attributes(attrs);
  return Instruction(kernel, std::move(spec));
}

Slot to_slot(nb::handle object) {
  Sequence parts(object, "a slot");
  if (parts.size() != 4) throw std::invalid_argument("a slot is (dtype, shape, kind, where)");
  return {to_spec(parts[0], parts[1]), static_cast<SlotKind>(to_small_int(parts[2], "a kind")),
          to_int(parts[3], "a place")};
}

Step to_step(nb::handle object) {
  Sequence parts(object, "a step");
  if (parts.size() != 4) throw std::invalid_argument("a step is (instruction, in_slots, out_slots, scratch_offset)");
  if (!nb::isinstance<Instruction>(parts[0])) throw TypeError("a step must begin with an Instruction");
  Step step;
  step.instruction = nb::cast<std::shared_ptr<Instruction>>(parts[0]);
  step.inputs = to_small_ints(parts[1], "in_slots");
  step.outputs = to_small_ints(parts[2], "out_slots");
  step.scratch_offset = to_int(parts[3], "scratch_offset");
  return step;
}

std::vector<Buffer> to_buffers(nb::handle object, const char* what) {
  Sequence items(object, what);
  std::vector<Buffer> buffers;
  for (size_t i = 0; i < items.size(); ++i) buffers.push_back(to_buffer(items[i], what, i));
  return buffers;
}

ProgramParts to_parts(nb::handle slots, nb::handle steps, nb::handle outputs, nb::handle constants,
                      nb::handle arena_bytes, nb::handle num_inputs, nb::handle num_cells, nb::handle labels) {
  ProgramParts parts;
  parts.slots = convert_all<Slot>(Sequence(slots, "slots"), to_slot);
  parts.steps = convert_all<Step>(Sequence(steps, "steps"), to_step);
  parts.outputs = to_small_ints(outputs, "outputs");
  parts.constants = to_buffers(constants, "constants");
  parts.arena_bytes = to_int(arena_bytes, "arena_bytes");
  parts.num_inputs = to_small_int(num_inputs, "num_inputs");
  parts.num_cells = to_small_int(num_cells, "num_cells");
  parts.labels =
      convert_all<std::string>(Sequence(labels, "labels"), [](nb::handle each) { return to_string(each, "a label"); });
  return parts;
}

// A short array on the stack, a longer one on the heap.
template <class T>
class Pointers {
 public:
  explicit Pointers(size_t count) : data_(count <= kInline ? inline_ : (heap_ = std::make_unique<T[]>(count)).get()) {}
  T* data() { return data_; }
  T& operator[](size_t i) { return data_[i]; }

 private:
  static constexpr size_t kInline = 32;
  T inline_[kInline];
  std::unique_ptr<T[]> heap_;
  T* data_;
};

// The items of a tuple or list. With `keep`, a list's items as they are now: other code may change a list while the GIL
// is released.
class Arguments {
 public:
  Arguments(nb::handle object, const char* what, bool keep) {
    if (PyTuple_CheckExact(object.ptr())) {
      items_ = object.ptr();
    } else if (PyList_CheckExact(object.ptr())) {
      items_ = object.ptr();
      if (keep) {
        copy_ = nb::steal(PyList_AsTuple(object.ptr()));
        if (!copy_.is_valid()) throw nb::python_error();
        items_ = copy_.ptr();
      }
    } else {
      throw TypeError(std::string(what) + " must be a list or tuple, got " + Py_TYPE(object.ptr())->tp_name);
    }
  }
  size_t size() const { return static_cast<size_t>(PySequence_Fast_GET_SIZE(items_)); }
  nb::handle operator[](size_t i) const { return PySequence_Fast_GET_ITEM(items_, static_cast<Py_ssize_t>(i)); }

 private:
  PyObject* items_ = nullptr;  // borrowed: the caller of the function holds it
  nb::object copy_;
};

nb::object run_program(const Program& program, nb::handle input_list, nb::handle cell_list, int64_t* profile) {
  bool release = profile || program.nanoseconds() >= kReleaseGilFrom;
  bool keep = release || program.calls_python() || program.returns_inputs();
  Arguments inputs(input_list, "inputs", keep), cells(cell_list, "cells", keep);
  Pointers<const Buffer*> buffers(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) buffers[i] = &to_buffer(inputs[i], "input", i);
  Pointers<Cell*> held(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    if (Py_TYPE(cells[i].ptr()) != cell_type)
      throw TypeError("cell " + std::to_string(i) + " must be a Cell, got " + Py_TYPE(cells[i].ptr())->tp_name);
    held[i] = nb::inst_ptr<Cell>(cells[i]);
  }
  Run run(program, buffers.data(), inputs.size(), held.data(), cells.size(), keep);
  if (profile) {
    nb::gil_scoped_release unlocked;
    run.profile(profile);
  } else if (release) {
    nb::gil_scoped_release unlocked;
    run.execute();
  } else {
    run.execute();
  }
  PyObject* results = PyList_New(program.num_outputs());
  if (!results) throw nb::python_error();
  nb::object owned = nb::steal(results);
  for (int i = 0; i < program.num_outputs(); ++i)
    PyList_SET_ITEM(results, i, from_buffer(run.output(i)).release().ptr());
  return owned;
}

nb::object profile_program(const Program& program, nb::handle inputs, nb::handle cells) {
  std::vector<int64_t> nanoseconds(program.steps().size());
  nb::object outputs = run_program(program, inputs, cells, nanoseconds.data());
  nb::list times;
  for (int64_t each : nanoseconds) times.append(each);
  return nb::make_tuple(outputs, times);
}

nb::object gather(nb::handle source_list, nb::handle indices, nb::handle start, nb::handle count) {
  Arguments sources(source_list, "sources", true);
  std::vector<const Buffer*> buffers;
  for (size_t i = 0; i < sources.size(); ++i) buffers.push_back(&to_buffer(sources[i], "source", i));
  const Buffer& rows = to_buffer(indices, "indices", 0);
  int64_t first = to_int(start, "start"), number = to_int(count, "count");
  std::vector<Buffer> gathered;
  {
    nb::object hold = nb::borrow(indices);
    nb::gil_scoped_release unlocked;
    gathered = gather_rows(buffers, rows, first, number);
  }
  nb::list results;
  for (Buffer& each : gathered) results.append(from_buffer(std::move(each)));
  return results;
}

void raise_pending_interrupt() {
  if (!nb::is_alive()) return;
  nb::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

PyType_Slot buffer_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(export_buffer)},
                              {Py_bf_releasebuffer, reinterpret_cast<void*>(release_export)},
                              {0, nullptr}};

void bind_buffer(nb::module_& module) {
  nb::class_<Buffer> type(module, "Buffer", nb::type_slots(buffer_slots), nb::is_final(),
                          "An immutable tensor in memory: contiguous, row-major.");
  buffer_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  type.def(
          "__init__",
          [](Buffer* self, nb::handle dtype, nb::handle shape) { new (self) Buffer(new_buffer(dtype, shape)); },
          nb::arg("dtype"), nb::arg("shape"), "An uninitialised buffer.")
      .def_static(
          "from_array",
          [](nb::handle array, nb::handle dtype, bool copy) {
            return from_buffer(buffer_from_array(array, dtype, copy));
          },
          nb::arg("array"), nb::arg("dtype"), nb::arg("copy"),
          "Elements of a C-contiguous object of the buffer protocol; copy=False shares its memory where it can.")
      .def_static(
          "from_dlpack", [](nb::handle object, bool copy) { return from_buffer(buffer_from_dlpack(object, copy)); },
          nb::arg("object"), nb::arg("copy") = false, "Elements of a DLPack capsule, or of an object that makes one.")
      .def_prop_ro("dtype", [](const Buffer& self) { return static_cast<int>(self.dtype()); })
      .def_prop_ro("shape", [](const Buffer& self) { return from_dims(self.shape()); })
      .def_prop_ro("nbytes", [](const Buffer& self) { return self.bytes(); })
      .def_prop_ro("size", [](const Buffer& self) { return self.count(); })
      .def("reshape", [](const Buffer& self, nb::handle shape) { return from_buffer(self.reshape(to_dims(shape))); })
      .def("item", item)
      .def("copy", [](const Buffer& self) { return from_buffer(self.copy()); })
      .def("__dlpack_device__", [](const Buffer&) { return nb::make_tuple(dlpack::kCpu, 0); })
      .def(
          "__dlpack__",
          [](const Buffer& self, nb::handle, nb::handle max_version, nb::handle, nb::handle copy) {
            return to_dlpack(copy.ptr() == Py_True ? self.copy() : self, max_version);
          },
          nb::kw_only(), nb::arg("stream") = nb::none(), nb::arg("max_version") = nb::none(),
          nb::arg("dl_device") = nb::none(), nb::arg("copy") = nb::none());
}

void bind_cell(nb::module_& module) {
  nb::class_<Cell> type(module, "Cell", nb::is_final(), "The changeable place that a variable owns.");
  cell_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  type.def(
          "__init__", [](Cell* self, const Buffer& buffer) { new (self) Cell(buffer); }, nb::arg("buffer"))
      .def("get", [](const Cell& self) { return from_buffer(self.get()); })
      .def("set", [](Cell& self, const Buffer& buffer) { self.set(buffer); }, nb::arg("buffer"));
}

void bind_program(nb::module_& module) {
  nb::class_<Instruction>(module, "Instruction", nb::is_final(), "A kernel for given shapes, dtypes and attributes.")
      .def(
          "__init__",
          [](Instruction* self, nb::handle kernel, nb::handle inputs, nb::handle outputs, nb::handle attrs) {
            new (self) Instruction(new_instruction(to_string(kernel, "kernel"), inputs, outputs, attrs));
          },
          nb::arg("kernel"), nb::arg("inputs"), nb::arg("outputs"), nb::arg("attrs"))
      .def_prop_ro("kernel", [](const Instruction& self) { return self.kernel_name(); })
      .def_prop_ro("scratch_bytes", [](const Instruction& self) { return self.scratch_bytes(); });
  nb::class_<Program>(module, "Program", nb::is_final(),
                      "Instructions in order, with a place in memory for every value.")
      .def(
          "__init__",
          [](Program* self, nb::handle slots, nb::handle steps, nb::handle outputs, nb::handle constants,
             nb::handle arena_bytes, nb::handle num_inputs, nb::handle num_cells, nb::handle labels) {
            new (self) Program(to_parts(slots, steps, outputs, constants, arena_bytes, num_inputs, num_cells, labels));
          },
          nb::arg("slots"), nb::arg("steps"), nb::arg("outputs"), nb::arg("constants"), nb::arg("arena_bytes"),
          nb::arg("num_inputs"), nb::arg("num_cells"), nb::arg("labels"))
      .def("run", [](const Program& self, nb::handle inputs,
                     nb::handle cells) { return run_program(self, inputs, cells, nullptr); })
      .def("profile", profile_program, nb::arg("inputs"), nb::arg("cells"))
      .def_prop_ro("arena_bytes", &Program::arena_bytes)
      .def_prop_ro("measured_arena_bytes", &Program::measured_arena_bytes);
}

}  // namespace

NB_MODULE(_native, module) {
  nb::set_leak_warnings(false);  // programs kept in caches of modules live until the interpreter ends
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const TypeError& error) {
      PyErr_SetString(PyExc_TypeError, error.what());
    }
  });
  bind_buffer(module);
  bind_cell(module);
  bind_program(module);
  bind_host(module);
  module.def("gather_rows", gather, nb::arg("sources"), nb::arg("indices"), nb::arg("start"), nb::arg("count"));
  module.def("num_threads", num_threads);
  module.def("set_num_threads", [](nb::handle count) {
    int threads = to_small_int(count, "the number of threads");
    if (threads < 0 || threads > 256)
      throw std::invalid_argument("the number of threads must be 1 to 256, or 0 for the default");
    set_num_threads(threads);
  });
  module.def("set_alone", set_alone, nb::arg("alone"));
  module.def("isa", [] { return std::string(isa_name(current_isa())); });
  module.def("set_isa", [](nb::handle name) { set_isa(isa_from_name(to_string(name, "name"))); });
  module.def("kernel_names", [] {
    nb::list names;
    for (const std::string& name : kernel_names()) names.append(name);
    return names;
  });
  module.def("memory_use", [] {
    MemoryUse use = memory_use();
    nb::dict result;
    result["live"] = use.live;
    result["kept"] = use.kept;
    result["peak_live"] = use.peak_live;
    return result;
  });
  module.def("release_memory", release_kept_memory);
  module.def("version", [] { return std::string(HW_VERSION); });
  set_interrupt_hook(raise_pending_interrupt);
}

}  // namespace headwater
