#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make .venv, which sees GNU Radio, with torch and the tools of the tests.
set -eu

fail() { echo "gr-advphy: $*" >&2; exit 2; }
cd "$(dirname "$0")/.."
python=${ADVPHY_PYTHON:-/usr/bin/python3}
wanted=$(cat setup/requirements.txt setup/torch.txt | cksum | cut -d' ' -f1)
done=.venv/installed-$wanted
[ -e "$done" ] && exit 0

echo "gr-advphy: making .venv with torch and the test tools"
rm -rf .venv
"$python" -m venv --system-site-packages .venv ||
    fail "cannot make a virtual environment; install python3-venv"
# The distribution's numpy, and whatever else requirements.txt does not lock, stay as they are:
# pip refuses a package without a hash, and builds none from source.
install() {
    stage=$1
    shift
    setup/stage.sh "$stage" .venv/pip.log .venv/bin/python -m pip install -q --retries 1 \
        --disable-pip-version-check --only-binary :all: --require-hashes "$@" || {
        said=$(grep -m 1 '^ERROR' .venv/pip.log || tail -n 1 .venv/pip.log)
        fail "pip could not install $stage (is there a network?): $said"
    }
}
theirs= # what comes with the distribution's torch
if "$python" -c 'import torch; assert torch.__version__ >= "2"' 2>/dev/null; then
    theirs=" filelock fsspec jinja2 mpmath networkx packaging psutil sortedcontainers sympy \
typing-extensions "
else
    # Without CUDA, gigabytes smaller; needs nothing but what requirements.txt locks.
    install "torch, about 2 minutes" --no-deps \
        --index-url https://download.pytorch.org/whl/cpu -r setup/torch.txt
fi
awk -v theirs="$theirs" '/^[^ ]/ {split($0, entry, "="); kept = !index(theirs, " " entry[1] " ")}
    kept' setup/requirements.txt >.venv/requirements.txt
install "test tools, about 2 minutes" -r .venv/requirements.txt
touch "$done"
