// The attributes of an instruction: a few named, typed values, read once when a kernel is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dims.h"
#include "dtype.h"

namespace headwater {

class Program;
class HostFunction;  // host_function.h: a Python callable behind an interface without Python

// The immediate of a code entry: nothing, an integer, a float, or a complex number.
struct Immediate {
  enum class Kind : uint8_t { kNone, kInt, kFloat, kComplex };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  // kInt: the value; from 2^63 on, the bits of the unsigned value
  double real = 0;      // kFloat, kComplex; and the value again for kInt
  double imaginary = 0;
};

// One entry of an element-wise program in single-assignment form.
struct CodeEntry {
  std::string op;
  DType dtype = DType::kFloat32;  // of the result
  std::vector<int> args;          // ids of earlier values: not yet checked against the number of inputs
  Immediate immediate;
};

struct Reduction {
  std::string kind;
  std::vector<int64_t> axes;
};
using OptionalReductions = std::vector<std::optional<Reduction>>;

using AttributeValue = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                                    std::vector<std::string>, std::vector<CodeEntry>, OptionalReductions,
                                    std::vector<std::shared_ptr<const Program>>, std::shared_ptr<HostFunction>>;

// Getters without a default throw std::invalid_argument if the attribute is absent; all throw TypeError if it is of
// another type. An empty Python sequence reads as empty whatever its getter.
class Attributes {
 public:
  void set(std::string name, AttributeValue value);
  bool has(const std::string& name) const { return find(name) != nullptr; }

  int64_t get_int(const std::string& name) const;
  int64_t get_int(const std::string& name, int64_t fallback) const;
  bool get_bool(const std::string& name, bool fallback) const { return get_int(name, fallback) != 0; }
  double get_double(const std::string& name) const;
  double get_double(const std::string& name, double fallback) const;
  std::string get_string(const std::string& name) const;
  std::string get_string(const std::string& name, const std::string& fallback) const;
  std::vector<int64_t> get_ints(const std::string& name) const;
  std::vector<int64_t> get_ints(const std::string& name, std::vector<int64_t> fallback) const;
  Dims get_dims(const std::string& name) const;
  std::vector<double> get_doubles(const std::string& name) const;
  std::vector<std::string> get_strings(const std::string& name) const;
  std::vector<CodeEntry> get_code(const std::string& name = "code") const;          // absent: empty
  OptionalReductions get_reductions(const std::string& name = "reductions") const;  // absent: empty
  std::shared_ptr<const Program> get_program(const std::string& name) const;
  std::vector<std::shared_ptr<const Program>> get_programs(const std::string& name) const;
  std::shared_ptr<HostFunction> get_function(const std::string& name) const;

 private:
  const AttributeValue* find(const std::string& name) const;
  const AttributeValue& need(const std::string& name) const;

  std::vector<std::pair<std::string, AttributeValue>> values_;
};

}  // namespace headwater
