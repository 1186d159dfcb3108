#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Remove the files that a MANIFEST of CMake lists, their bytecode and empty folders.
set -eu
folders=$(mktemp)
while IFS= read -r file || [ -n "$file" ]; do
    rm -f "$file"
    folder=$(dirname "$file")
    case $file in *.py) rm -f "$folder/__pycache__/$(basename "$file" .py)".*.pyc ;; esac
    printf '%s/__pycache__\n%s\n' "$folder" "$folder" >>"$folders"
done <"$1"
# The deepest first; a folder with files of somebody else stays.
sort -ru "$folders" | while IFS= read -r folder; do
    [ ! -d "$folder" ] || rmdir -p --ignore-fail-on-non-empty "$folder" 2>/dev/null || true
done
rm -f "$folders" "$1"
echo "gr-advphy: uninstalled"
