#!/bin/sh
# Builds and runs the C++ unit tests with warnings as errors. Arguments go to the runner: a word that test names contain.
# Where the processor has no AVX-512, its kernels run emulated on AVX2. Kernels are optimized little, to build sooner: the
# Python tests run them as users get them.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
PATH="$PWD/$bin:$PATH"
build=build/native-tests
mkdir -p build
emulate=ON
grep -qs avx512dq /proc/cpuinfo && emulate=OFF
cmake -G Ninja -S . -B "$build" -DPython_EXECUTABLE="$PWD/$bin/python" -DHEADWATER_TESTS=ON -DHEADWATER_WERROR=ON -DHEADWATER_EMULATE_AVX512=$emulate \
  -DHEADWATER_KERNEL_OPTIMIZATION=-O1 >"$build.log" 2>&1 || {
  cat "$build.log"
  exit 1
}
cmake --build "$build" --target native_tests -j "${JOBS:-2}" >"$build.log" 2>&1 || {
  tail -n 50 "$build.log"
  exit 1
}
"$build/native_tests" "$@"
