// A small runner: TEST(name_that_is_a_true_sentence) { CHECK(...); CHECK_THROWS(std::invalid_argument, ...); }
// `native_tests` runs all, `native_tests word` those whose name contains the word.
#pragma once

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace headwater::testing {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Registration {
  Registration(const char* name, void (*function)());
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& message) {
  throw Failure(std::string(file) + ":" + std::to_string(line) + ": " + message);
}

template <class A, class B>
void check_equal(const A& a, const B& b, const char* text, const char* file, int line) {
  if (a == b) return;
  std::ostringstream message;
  message << text << ": " << a << " differs from " << b;
  fail(file, line, message.str());
}

inline void check_close(double a, double b, double tolerance, const char* text, const char* file, int line) {
  if (std::abs(a - b) <= tolerance || (std::isnan(a) && std::isnan(b)) || a == b) return;
  std::ostringstream message;
  message.precision(17);
  message << text << ": " << a << " differs from " << b << " by more than " << tolerance;
  fail(file, line, message.str());
}

}  // namespace headwater::testing

#define TEST(name)                                                                       \
  static void test_##name();                                                             \
  static const headwater::testing::Registration registration_##name{#name, test_##name}; \
  static void test_##name()

#define CHECK(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) headwater::testing::fail(__FILE__, __LINE__, #condition " is false"); \
  } while (false)
#define CHECK_EQUAL(a, b) headwater::testing::check_equal((a), (b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_CLOSE(a, b, tolerance) \
  headwater::testing::check_close((a), (b), (tolerance), #a " ~ " #b, __FILE__, __LINE__)
#define CHECK_THROWS(type, ...)                                                                       \
  do {                                                                                                \
    bool thrown = false;                                                                              \
    try {                                                                                             \
      __VA_ARGS__;                                                                                    \
    } catch (const type&) {                                                                           \
      thrown = true;                                                                                  \
    }                                                                                                 \
    if (!thrown) headwater::testing::fail(__FILE__, __LINE__, #__VA_ARGS__ " does not throw " #type); \
  } while (false)
