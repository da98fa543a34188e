// Kernel factories by name, filled by static registrations before main.
#include <algorithm>
#include <map>

#include "kernel.h"

namespace headwater {
namespace {

struct Table {
  std::map<std::string, Factory> factories;
  std::string duplicate;
};

Table& table() {
  static Table instance;
  return instance;
}

}  // namespace

KernelRegistration::KernelRegistration(const char* name, Factory factory) {
  if (!table().factories.emplace(name, factory).second) table().duplicate = name;
}

Factory find_kernel(const std::string& name) {
  if (!table().duplicate.empty()) throw std::logic_error("kernel '" + table().duplicate + "' is registered twice");
  auto found = table().factories.find(name);
  if (found == table().factories.end())
    throw std::invalid_argument("there is no kernel named '" + name.substr(0, 80) + "'");
  return found->second;
}

std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  for (const auto& entry : table().factories) names.push_back(entry.first);
  return names;
}

void require_arity(const char* kernel, const KernelSpec& spec, size_t inputs, size_t outputs) {
  require(spec.inputs.size() == inputs && spec.outputs.size() == outputs, kernel,
          "expected " + std::to_string(inputs) + " inputs and " + std::to_string(outputs) + " outputs, got " +
              std::to_string(spec.inputs.size()) + " and " + std::to_string(spec.outputs.size()));
}

}  // namespace headwater
