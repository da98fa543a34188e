#!/bin/sh
# Builds with a sanitizer, then runs tests. `sanitize.sh` looks for wrong addresses and undefined behaviour, over the C++
# tests, those of the bindings, and each primitive's native program of the table; `sanitize.sh thread` looks for data
# races, over the C++ tests. Needs g++. The build is kept in build/; it optimizes little and leaves AVX-512 out, so that
# it takes minutes. Further arguments replace the list of Python tests, or go to the C++ tests for `thread`.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
PATH="$PWD/$bin:$PATH"
kind=address
case "${1:-}" in
  address | thread) kind=$1 && shift ;;
esac
build=build/sanitize-$kind
mkdir -p build
case $kind in
  address) options="-DHEADWATER_SANITIZE=ON -DHEADWATER_AVX512=OFF" target=all ;;
  # oneDNN is not built with the sanitizer, which would take its locks for none; races do not hang on instruction sets.
  thread) options="-DHEADWATER_TSAN=ON -DHEADWATER_ONEDNN=OFF -DHEADWATER_HAS_AVX512=OFF" target=native_tests ;;
esac
quietly() {
  "$@" >"$build.log" 2>&1 || {
    tail -n 50 "$build.log"
    exit 1
  }
}
# shellcheck disable=SC2086
quietly cmake -G Ninja -S . -B "$build" -DPython_EXECUTABLE="$PWD/$bin/python" -DHEADWATER_TESTS=ON $options \
  -DHEADWATER_KERNEL_OPTIMIZATION=-O1 -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1"
quietly cmake --build "$build" --target $target -j "${JOBS:-2}"
if [ $kind = thread ]; then
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0 exec "$build/native_tests" "$@"
fi
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
ASAN_OPTIONS=detect_leaks=1 "$build/native_tests"

# Python itself leaks at exit, so leaks are looked for in the C++ tests only. The plug-in puts the module of the build in
# place of the installed one.
[ $# -gt 0 ] || set -- tests/native/test_buffer.py tests/native/test_program.py tests/native/test_fuzz_bindings.py \
  tests/primitives/test_primitives.py::test_native_programs_agree_with_the_reference
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $(g++ -print-file-name=libstdc++.so)" \
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=8192 \
  HEADWATER_TEST_NATIVE="$PWD/$build" PYTHONMALLOC=malloc \
  "$bin/python" -m pytest -q -p no:cacheprovider -p tests.native.sanitized "$@"
