#include "attributes.h"

namespace headwater {
namespace {

bool is_empty_list(const AttributeValue& value) {
  auto* list = std::get_if<std::vector<int64_t>>(&value);
  return list && list->empty();
}

template <class T>
const T& as(const AttributeValue& value, const std::string& name, const char* type) {
  if (auto* held = std::get_if<T>(&value)) return *held;
  throw TypeError("attribute '" + name + "' must be " + type);
}

// For lists: the empty Python sequence arrives as an empty list of ints.
template <class T>
T as_list(const AttributeValue& value, const std::string& name, const char* type) {
  if (is_empty_list(value)) return T();
  return as<T>(value, name, type);
}

double as_double(const AttributeValue& value, const std::string& name) {
  if (auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return as<double>(value, name, "a number");
}

}  // namespace

void Attributes::set(std::string name, AttributeValue value) {
  values_.emplace_back(std::move(name), std::move(value));
}

const AttributeValue* Attributes::find(const std::string& name) const {
  for (const auto& entry : values_)
    if (entry.first == name) return &entry.second;
  return nullptr;
}

const AttributeValue& Attributes::need(const std::string& name) const {
  if (auto* value = find(name)) return *value;
  throw std::invalid_argument("attribute '" + name + "' is missing");
}

int64_t Attributes::get_int(const std::string& name) const { return as<int64_t>(need(name), name, "an int"); }

int64_t Attributes::get_int(const std::string& name, int64_t fallback) const {
  return has(name) ? get_int(name) : fallback;
}

double Attributes::get_double(const std::string& name) const { return as_double(need(name), name); }

double Attributes::get_double(const std::string& name, double fallback) const {
  return has(name) ? get_double(name) : fallback;
}

std::string Attributes::get_string(const std::string& name) const { return as<std::string>(need(name), name, "a str"); }

std::string Attributes::get_string(const std::string& name, const std::string& fallback) const {
  return has(name) ? get_string(name) : fallback;
}

std::vector<int64_t> Attributes::get_ints(const std::string& name) const {
  return as<std::vector<int64_t>>(need(name), name, "a sequence of int");
}

std::vector<int64_t> Attributes::get_ints(const std::string& name, std::vector<int64_t> fallback) const {
  return has(name) ? get_ints(name) : fallback;
}

Dims Attributes::get_dims(const std::string& name) const {
  const auto& values = as<std::vector<int64_t>>(need(name), name, "a sequence of int");
  return Dims(values.begin(), values.end());
}

std::vector<double> Attributes::get_doubles(const std::string& name) const {
  const AttributeValue& value = need(name);
  if (auto* integers = std::get_if<std::vector<int64_t>>(&value)) return {integers->begin(), integers->end()};
  return as<std::vector<double>>(value, name, "a sequence of float");
}

std::vector<std::string> Attributes::get_strings(const std::string& name) const {
  return as_list<std::vector<std::string>>(need(name), name, "a sequence of str");
}

std::vector<CodeEntry> Attributes::get_code(const std::string& name) const {
  if (!has(name)) return {};
  return as_list<std::vector<CodeEntry>>(need(name), name, "a sequence of (op, dtype, args, immediate)");
}

OptionalReductions Attributes::get_reductions(const std::string& name) const {
  if (!has(name)) return {};
  return as_list<OptionalReductions>(need(name), name, "a sequence of None or (kind, axes)");
}

std::shared_ptr<const Program> Attributes::get_program(const std::string& name) const {
  auto programs = get_programs(name);
  if (programs.size() != 1) throw TypeError("attribute '" + name + "' must be one Program");
  return programs[0];
}

std::vector<std::shared_ptr<const Program>> Attributes::get_programs(const std::string& name) const {
  return as_list<std::vector<std::shared_ptr<const Program>>>(need(name), name, "a Program or a sequence of Program");
}

std::shared_ptr<HostFunction> Attributes::get_function(const std::string& name) const {
  return as<std::shared_ptr<HostFunction>>(need(name), name, "a callable");
}

}  // namespace headwater
