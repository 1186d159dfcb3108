#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run COMMAND, whose output goes to LOG. On a terminal, a line tells which STAGE runs, for
# how long, and how far CMake has come; it goes away after stages of less than 3 seconds.
#   stage.sh STAGE LOG COMMAND...
set -u

stage=$1 log=$2
shift 2
: >"$log"
if ! [ -t 1 ]; then
    "$@" >"$log" 2>&1
    exit
fi
begun=$(date +%s)
show() {
    printf '\r\033[Kgr-advphy: %s: %s %s s' "$stage" \
        "$(grep -o '^\[ *[0-9]*%\]' "$log" | tail -n 1)" $(($(date +%s) - begun))
}
while kill -0 $$ 2>/dev/null && show; do sleep 0.5; done &
trap 'kill $! 2>/dev/null' EXIT
trap 'echo; exit 130' INT TERM HUP
"$@" >"$log" 2>&1
code=$?
[ $(($(date +%s) - begun)) -lt 3 ] && printf '\r\033[K' || echo
exit $code
