#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run the kernels' tests, and those of blocks that use them, under sanitizers:
#     setup/sanitize.sh address,undefined|thread TEST.py...
# Only our own code is watched: Python and GNU Radio are the distribution's.
set -eu
cd "$(dirname "$0")/.."
kind=$1
shift
build=build-sanitize-${kind%%,*}
mkdir -p "$build"
setup/stage.sh "configure" "$build/configure.log" cmake -S . -B "$build" -DADVPHY_TESTS=ON \
    -DADVPHY_PYTHON="${ADVPHY_PYTHON:-/usr/bin/python3}" -DADVPHY_SANITIZE="$kind" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g" || { cat "$build/configure.log"; exit 2; }
setup/stage.sh "compile under $kind" "$build/build.log" \
    cmake --build "$build" --parallel "${JOBS:-1}" || { cat "$build/build.log"; exit 2; }
setarch -R ctest --test-dir "$build" --output-on-failure -LE python
# Python keeps what it has at its end, and locks that no sanitizer knows.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1
runtime=$(c++ -print-file-name="lib$(echo "${kind%%,*}" | cut -c1)san.so")
export LD_PRELOAD="$runtime $(c++ -print-file-name=libstdc++.so)"
export ADVPHY_BUILD="$build" PYTHONPATH="$PWD/$build/test_modules" GRC_BLOCKS_PATH="$PWD/grc"
export QT_QPA_PLATFORM=offscreen
exec setarch -R .venv/bin/python -m pytest -p no:cacheprovider -m "not slow" \
    -o faulthandler_timeout=3600 "$@"
