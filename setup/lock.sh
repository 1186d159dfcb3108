#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Write requirements.txt and build_tools.txt: each package by version and hash, for all platforms.
# What is locked stays while its .in file allows it; `setup/lock.sh --upgrade` renews all.
set -eu
cd "$(dirname "$0")"
./build_tools.sh
# Both Debians have these; pip takes the distribution's or refuses.
ours="numpy scipy pillow pyyaml markupsafe click attrs jsonschema jsonschema-specifications
      referencing rpds-py requests urllib3 idna certifi charset-normalizer"
lock() {
    name=$1
    shift
    ../build-tools/bin/uv pip compile -q --universal --python-version 3.11 --only-binary :all: \
        --generate-hashes --no-annotate --custom-compile-command setup/lock.sh \
        "$@" "$name.in" -o "$name.txt"
}
lock requirements "$@" $(printf -- '--no-emit-package %s ' $ours)
lock tools "$@"
