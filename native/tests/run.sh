#!/bin/sh
# Builds and runs the C++ unit tests with warnings as errors. Arguments go to the runner: a word that test names contain.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
PATH="$PWD/$bin:$PATH"
build=build/native-tests
mkdir -p build
cmake -G Ninja -S . -B "$build" -DPython_EXECUTABLE="$PWD/$bin/python" -DHEADWATER_TESTS=ON -DHEADWATER_WERROR=ON >"$build.log" 2>&1 || {
  cat "$build.log"
  exit 1
}
cmake --build "$build" --target native_tests -j "${JOBS:-2}" >"$build.log" 2>&1 || {
  tail -n 50 "$build.log"
  exit 1
}
"$build/native_tests" "$@"
