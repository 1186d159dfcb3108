#!/bin/sh
# Run a command in this project on an emulated Debian 12 for aarch64, as root:
#     sudo setup/arm64_root.sh FOLDER [COMMAND]
# FOLDER holds the root (10 GiB) and is used again; COMMAND is "make test" if it is left
# out. Emulation takes ten to twenty times as long; its speeds mean nothing.
set -eu
[ $# -gt 0 ] || { sed -n '3,6s/^# *//p' "$0" >&2; exit 1; }
root=$1 command=${2:-make test}
project=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
for tool in debootstrap qemu-aarch64-static update-binfmts; do
    command -v $tool >/dev/null || {
        echo "$tool is missing: apt install debootstrap qemu-user-static binfmt-support" >&2
        exit 1
    }
done
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64
[ -e "$root/made" ] || {
    [ -z "$(ls -A "$root" 2>/dev/null)" ] || {
        echo "$root has files, but not a finished root: remove it, or name another folder" >&2
        exit 1
    }
    debootstrap --arch=arm64 --variant=minbase --include=git,make,sudo,ca-certificates \
        bookworm "$root" http://deb.debian.org/debian
    touch "$root/made"
}
trap 'umount "$root/proc"; umount "$root/dev"' EXIT
trap 'exit 130' INT TERM HUP
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/"
rm -rf "$root/srv/project"
git clone -q "$project" "$root/srv/project"
chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive sh -c "cd /srv/project && $command"
