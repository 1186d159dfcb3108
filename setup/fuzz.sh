#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzz each kernel, or one, through its bindings for some seconds:  fuzz.sh SECONDS [KERNEL]
# A find is kept in build-fuzz/ and named; give it as a file after the kernel to repeat it.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
command -v clang++ >/dev/null || {
    echo "gr-advphy: install clang and libclang-rt-dev (Debian 12: libclang-rt-14-dev)" >&2
    exit 2
}
setup/build_tools.sh
mkdir -p build-fuzz
setup/stage.sh "configure" build-fuzz/configure.log cmake -S . -B build-fuzz \
    -DCMAKE_CXX_COMPILER=clang++ -DADVPHY_SANITIZE=fuzzer-no-link,address,undefined \
    -DADVPHY_PYTHON="${ADVPHY_PYTHON:-/usr/bin/python3}" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g" || { cat build-fuzz/configure.log; exit 2; }
setup/stage.sh "compile for the fuzzer" build-fuzz/build.log \
    cmake --build build-fuzz --parallel "${JOBS:-1}" || { cat build-fuzz/build.log; exit 2; }
tools=$(echo "$PWD"/build-tools/lib/python3*/site-packages)
export PYTHONPATH="$PWD/build-fuzz/test_modules:$tools" ASAN_OPTIONS=detect_leaks=0
[ $# -gt 0 ] || set -- $(sed -n 's/^def \([a-z]*\)(take):/\1/p' tests/fuzz_kernels.py)
found=0
for kernel; do
    echo "fuzz $kernel"
    LD_PRELOAD="$tools/asan_with_fuzzer.so" "${ADVPHY_PYTHON:-/usr/bin/python3}" tests/fuzz_kernels.py "$kernel" \
        -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=60 \
        -artifact_prefix="build-fuzz/$kernel-" >"build-fuzz/$kernel.log" 2>&1 || found=1
    tail -n 3 "build-fuzz/$kernel.log"
done
exit $found
