#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Install the distribution's packages that are missing for GOAL: build, test, grc, deb or
# pictures.
set -eu

goal=$1
build="gnuradio cmake g++ make python3-dev pybind11-dev python3-numpy python3-scipy
       python3-matplotlib python3-pyqtgraph python3-tqdm python3-cryptography
       python3-fastjsonschema python3-pooch python3-zmq python3-shtab"
companion="gir1.2-gtk-3.0 python3-gi-cairo python3-pyqt5 adwaita-icon-theme fonts-dejavu-core"
case $goal in
build) wanted=$build ;;
# A stand-in radio, and the drivers that it is driven through; a screen for Companion; what
# a locale with decimal commas is made of.
test) wanted="$build $companion python3-venv libboost-dev libsoapysdr-dev gr-osmosdr xvfb
       locales" ;;
grc) wanted="$build $companion" ;;
deb) wanted="$build dpkg-dev file" ;;
pictures) wanted="$build $companion libsoapysdr-dev xvfb python3-pil python3-yaml" ;;
*) echo "setup/packages.sh: GOAL '$goal' is not build, test, grc, deb or pictures" >&2; exit 2 ;;
esac

fail() { echo "gr-advphy: $*" >&2; exit 2; }

if [ "${ADVPHY_PACKAGES:-install}" != skip ]; then
    command -v apt-get >/dev/null || fail "this is not Debian or Ubuntu: install the \
counterparts of '$(echo $wanted)' yourself, then give the same command with ADVPHY_PACKAGES=skip"
    # Debian 13 has torch 2; Debian 12, with torch 1, gets it from pip (environment.sh).
    if [ "$goal" = test ] && apt-cache show python3-torch 2>/dev/null | grep -q '^Version: 2'; then
        wanted="$wanted python3-torch"
    fi
    missing=
    for package in $wanted; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        as_root=
        if [ "$(id -u)" != 0 ]; then
            command -v sudo >/dev/null || fail "there is no sudo; ask an administrator for: \
apt-get install --no-install-recommends$missing"
            as_root=sudo
            echo "gr-advphy: using sudo to install:$missing"
        else
            echo "gr-advphy: installing:$missing"
        fi
        # Asks for the password before a line shows the stage.
        [ -z "$as_root" ] || sudo apt-get --version >/dev/null || fail "sudo refuses apt-get"
        log=$(mktemp)
        if ! "$(dirname "$0")/stage.sh" "packages, about a minute" "$log" sh -c '
               $0 apt-get update -q && $0 env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
               --no-install-recommends "$@"' "$as_root" $missing; then
            said=$(grep -m 1 -E '^(W|E):|sudo' "$log" || tail -n 1 "$log")
            rm -f "$log"
            fail "apt-get could not install$missing (is there a network?): $said"
        fi
        rm -f "$log"
    fi
fi

command -v c++ >/dev/null || fail "there is no C++ compiler; install g++"
command -v cmake >/dev/null || fail "there is no CMake; install cmake"
python=${ADVPHY_PYTHON:-/usr/bin/python3}
[ -x "$python" ] || fail "there is no $python; set ADVPHY_PYTHON to the Python of GNU Radio"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is older than Python 3.10; set ADVPHY_PYTHON to the Python of GNU Radio"
"$python" -c 'import gnuradio.gr' 2>/dev/null || fail "$python does not find GNU Radio; \
set ADVPHY_PYTHON to the Python that GNU Radio was installed for"
