// Strings, files and records for Python. As in bindings.cc, what comes in is checked here.
#include "host_bindings.h"

#include <nanobind/stl/vector.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "buffer.h"
#include "errors.h"
#include "host/crc32c.h"
#include "host/examples.h"
#include "host/files.h"
#include "host/records.h"
#include "host/string_rows.h"

namespace nb = nanobind;

namespace headwater {
namespace {

std::string_view to_bytes(PyObject* object) {
  if (!object || !PyBytes_Check(object))
    throw TypeError(std::string("strings must be bytes, got ") + (object ? Py_TYPE(object)->tp_name : "nothing"));
  return {PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object))};
}

// The bytes objects of a list, a tuple, or a contiguous NumPy array of objects.
class Strings {
 public:
  // With `keep`, the objects stay alive although other code may change the list while the GIL is released.
  Strings(nb::handle object, bool keep) {
    if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr())) {
      add(PySequence_Fast_ITEMS(object.ptr()), static_cast<size_t>(PySequence_Fast_GET_SIZE(object.ptr())), keep);
      return;
    }
    Py_buffer buffer;
    if (PyObject_GetBuffer(object.ptr(), &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
      PyErr_Clear();
      throw TypeError(std::string("expected strings in a list or an array of objects, got ") +
                      Py_TYPE(object.ptr())->tp_name);
    }
    bool objects = buffer.format && std::string_view(buffer.format) == "O";
    try {
      if (!objects) throw TypeError("expected an array of objects");
      add(static_cast<PyObject**>(buffer.buf), static_cast<size_t>(buffer.len) / sizeof(PyObject*), keep);
    } catch (...) {
      PyBuffer_Release(&buffer);
      throw;
    }
    PyBuffer_Release(&buffer);
  }

  const std::vector<std::string_view>& views() const { return views_; }

 private:
  void add(PyObject** items, size_t count, bool keep) {
    views_.reserve(count);
    if (keep) kept_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      views_.push_back(to_bytes(items[i]));
      if (keep) kept_.push_back(nb::borrow(items[i]));
    }
  }

  std::vector<std::string_view> views_;
  std::vector<nb::object> kept_;
};

nb::list from_views(const std::vector<std::string_view>& views) {
  PyObject* list = PyList_New(static_cast<Py_ssize_t>(views.size()));
  if (!list) throw nb::python_error();
  nb::list owned = nb::steal<nb::list>(list);
  for (size_t i = 0; i < views.size(); ++i) {
    PyObject* item = PyBytes_FromStringAndSize(views[i].data(), static_cast<Py_ssize_t>(views[i].size()));
    if (!item) throw nb::python_error();
    PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), item);
  }
  return owned;
}

template <class T>
Buffer from_vector(DType dtype, const std::vector<T>& values) {
  Buffer buffer(dtype, {static_cast<int64_t>(values.size())});
  if (!values.empty()) std::memcpy(buffer.data(), values.data(), buffer.bytes());
  return buffer;
}

// What a file holds; None for more than `most` bytes. A path is bytes.
nb::object read_small(nb::bytes path, size_t most) {
  std::string contents, name(path.c_str(), path.size());
  if (name.find('\0') != std::string::npos) throw std::invalid_argument("a path holds a zero byte");
  int error;
  {
    nb::gil_scoped_release unlocked;
    error = read_small_file(name.c_str(), most, contents);
  }
  if (error == EFBIG) return nb::none();
  if (error) {
    errno = error;
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path.ptr());
    throw nb::python_error();
  }
  return nb::bytes(contents.data(), contents.size());
}

nb::tuple scan(nb::bytes block) {
  RecordScan found;
  {
    std::string_view view(block.c_str(), block.size());
    nb::gil_scoped_release unlocked;
    found = scan_records(view);
  }
  return nb::make_tuple(from_views(found.records), found.end, static_cast<int>(found.damage));
}

nb::object frame(nb::handle records) {
  Strings strings(records, false);
  size_t total = 0;
  for (std::string_view record : strings.views()) total += record.size() + kFrameBytes;
  PyObject* framed = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(total));
  if (!framed) throw nb::python_error();
  frame_records(strings.views(), PyBytes_AS_STRING(framed));
  return nb::steal(framed);
}

nb::object values_of(const Column& column, FeatureKind kind) {
  if (kind == FeatureKind::kBytes) return from_views(column.bytes);
  if (kind == FeatureKind::kFloat) return nb::cast(from_vector(DType::kFloat32, column.floats));
  return nb::cast(from_vector(DType::kInt64, column.integers));
}

nb::object parse(nb::handle serialized, nb::handle names, const std::vector<int>& kinds) {
  Strings examples(serialized, true), wanted_names(names, false);
  if (kinds.size() != wanted_names.views().size()) throw std::invalid_argument("as many kinds as names are wanted");
  std::vector<WantedFeature> wanted;
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] < 1 || kinds[i] > 3) throw std::invalid_argument("a kind must be 1, 2 or 3");
    wanted.push_back({std::string(wanted_names.views()[i]), static_cast<FeatureKind>(kinds[i])});
  }
  std::vector<Column> columns;
  bool parsed;
  {
    nb::gil_scoped_release unlocked;
    parsed = parse_examples(examples.views(), wanted, columns);
  }
  if (!parsed) return nb::none();
  nb::list results;
  for (size_t i = 0; i < columns.size(); ++i)
    results.append(
        nb::make_tuple(values_of(columns[i], wanted[i].kind), from_vector(DType::kInt64, columns[i].counts)));
  return results;
}

Buffer find_rows(const StringRows& rows, nb::handle keys) {
  Strings strings(keys, false);
  Buffer found(DType::kInt64, {static_cast<int64_t>(strings.views().size())});
  rows.find(strings.views(), static_cast<int64_t*>(found.data()));
  return found;
}

}  // namespace

void bind_host(nb::module_& module) {
  module.def("crc32c", [](nb::bytes data) { return crc32c(data.c_str(), data.size()); }, nb::arg("data"));
  module.def("read_small_file", read_small, nb::arg("path"), nb::arg("most"));
  module.def("scan_records", scan, nb::arg("block"));
  module.def("frame_records", frame, nb::arg("records"));
  module.def("parse_examples", parse, nb::arg("serialized"), nb::arg("names"), nb::arg("kinds"));
  nb::class_<StringRows>(module, "StringRows", nb::is_final(), "Byte strings, and the row of each.")
      .def(
          "__init__", [](StringRows* self, nb::handle keys) { new (self) StringRows(Strings(keys, false).views()); },
          nb::arg("keys"))
      .def("find", find_rows, nb::arg("keys"))
      .def("__len__", &StringRows::size);
}

}  // namespace headwater
