#!/bin/sh
# Builds with AddressSanitizer and UndefinedBehaviorSanitizer, then runs the C++ tests and the tests of the bindings.
# Needs g++ alone. Arguments replace the list of Python tests.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
PATH="$PWD/$bin:$PATH"
build=build/sanitize
mkdir -p build
cmake -G Ninja -S . -B "$build" -DPython_EXECUTABLE="$PWD/$bin/python" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DHEADWATER_TESTS=ON -DHEADWATER_SANITIZE=ON
cmake --build "$build" -j "${JOBS:-2}"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
ASAN_OPTIONS=detect_leaks=1 "$build/native_tests"

# Python itself leaks at exit, so leaks are looked for in the C++ tests only. The tests load the module from the build.
[ $# -gt 0 ] || set -- tests/native/test_buffer.py tests/native/test_program.py tests/native/test_fuzz_bindings.py
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $(g++ -print-file-name=libstdc++.so)" \
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=8192 \
  HEADWATER_TEST_NATIVE="$PWD/$build" PYTHONMALLOC=malloc \
  "$bin/python" -m pytest -q -p no:cacheprovider "$@"
