#!/bin/sh
# kernel-headers.sh DIR: fills DIR with links to the system's kernel headers (linux/, asm/, ...),
# and nothing of the system's libc, for a compiler wrapper that searches only its own libc.
set -eu
dir=$1
arch=$(gcc -print-multiarch)
mkdir -p "$dir"
for name in linux asm-generic mtd; do
    ln -sfn "/usr/include/$name" "$dir/$name"
done
if [ -d "/usr/include/$arch/asm" ]; then
    ln -sfn "/usr/include/$arch/asm" "$dir/asm"
else
    ln -sfn /usr/include/asm "$dir/asm"
fi
