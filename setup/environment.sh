#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make .venv, which sees GNU Radio, with torch and the tools of the tests.
set -eu

fail() { echo "gr-advphy: $*" >&2; exit 2; }
cd "$(dirname "$0")/.."
python=${ADVPHY_PYTHON:-/usr/bin/python3}
wanted=$(cksum setup/requirements.txt | tr ' ' '-' | cut -d- -f1)
done=.venv/installed-$wanted
[ -e "$done" ] && exit 0

echo "gr-advphy: making .venv with torch and the test tools"
rm -rf .venv
"$python" -m venv --system-site-packages .venv ||
    fail "cannot make a virtual environment; install python3-venv"
numpy=$("$python" -c 'import numpy; print(numpy.__version__)')
echo "numpy==$numpy" >.venv/constraints.txt # the one that GNU Radio was built with
torch=
"$python" -c 'import torch; assert torch.__version__ >= "2"' 2>/dev/null || torch="torch==2.13.0"
# The second index has torch without CUDA, gigabytes smaller.
setup/stage.sh "torch and test tools, about 4 minutes" .venv/pip.log \
    .venv/bin/python -m pip install -q --disable-pip-version-check --retries 1 \
    --extra-index-url https://download.pytorch.org/whl/cpu \
    -c .venv/constraints.txt -r setup/requirements.txt $torch || {
    said=$(grep -m 1 '^ERROR' .venv/pip.log || tail -n 1 .venv/pip.log)
    fail "pip could not install torch and the test tools (is there a network?): $said"
}
touch "$done"
