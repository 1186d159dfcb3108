#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the Debian package of the last commit twice, in folders, languages, time zones and
# with umasks that differ, and compare the two bit for bit. Takes two builds' time.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP
git clone -q . "$folder/one"
(cd "$folder/one" && LC_ALL=C TZ=UTC make -s deb)
(umask 077 && git clone -q "$folder/one" "$folder/a second folder")
(cd "$folder/a second folder" && umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo make -s deb)
cmp "$folder"/*/build-deb/*.deb || {
    echo "gr-advphy: the two packages differ; diffoscope shows where" >&2
    trap - EXIT
    ls "$folder"/*/build-deb/*.deb >&2
    exit 1
}
sha256sum "$folder"/one/build-deb/*.deb | sed 's|/.*/||; s|^|the same twice: |'
