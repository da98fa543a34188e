// Runs the registered tests; see test.h.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "tests/test.h"

namespace headwater::testing {
namespace {

std::vector<std::pair<const char*, void (*)()>>& tests() {
  static std::vector<std::pair<const char*, void (*)()>> instance;
  return instance;
}

bool run_one(const char* name, void (*function)()) {
  try {
    function();
    return true;
  } catch (const std::exception& error) {
    std::printf("FAILED %s\n  %s\n", name, error.what());
  } catch (...) {
    std::printf("FAILED %s\n  unknown exception\n", name);
  }
  return false;
}

}  // namespace

Registration::Registration(const char* name, void (*function)()) { tests().emplace_back(name, function); }

int run_all(const char* word) {
  int run = 0, failed = 0;
  auto start = std::chrono::steady_clock::now();
  for (auto [name, function] : tests()) {
    if (!std::strstr(name, word)) continue;
    ++run;
    if (!run_one(name, function)) ++failed;
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%d tests, %d failed, %.2f s\n", run, failed, seconds);
  return failed || !run;
}

}  // namespace headwater::testing

int main(int argc, char** argv) { return headwater::testing::run_all(argc > 1 ? argv[1] : ""); }
