#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make build-tools, a virtual environment with what build_tools.txt locks.
set -eu
cd "$(dirname "$0")/.."
done=build-tools/installed-$(cksum <setup/build_tools.txt | cut -d' ' -f1)
[ -e "$done" ] && exit 0
"${ADVPHY_PYTHON:-/usr/bin/python3}" -m venv --clear build-tools
build-tools/bin/python -m pip install -qq --disable-pip-version-check --only-binary :all: \
    --require-hashes -r setup/build_tools.txt
touch "$done"
