#!/usr/bin/env bats
# Class B: paths inside a hostile rootfs. Each place the engine mounts on, makes or opens is a link
# that leads out, in several manners; nothing on the host may be made, mounted over or written, and
# the container, if it starts, has its own.
# CVE-2019-16884, 2019-19921, 2021-30465, 2023-27561, 2024-45310, 2025-31133, 2025-52565, 2025-52881,
# CVE-2019-18837, 2026-47766, 2026-88264, 2026-88265.

load ../integration/lib

# A directory of the host that hostile links point at, watched for any change.
setup() {
    bait=$BATS_TEST_TMPDIR/bait
    mkdir -p "$bait/directory"
    echo untouched >"$bait/file"
    chmod -R a+rwX "$BATS_TEST_TMPDIR"
    rootfs=$BATS_TEST_TMPDIR/rootfs
    make_rootfs "$rootfs"
}

expect_untouched() {
    [ "$(cat "$bait/file")" = untouched ] || { echo "the host's file was changed"; return 1; }
    [ -z "$(ls -A "$bait/directory")" ] || { ls -lA "$bait/directory"; return 1; }
    [ "$(ls -A "$bait" | wc -l)" -eq 2 ] || { ls -lA "$bait"; return 1; }
    ! grep -qF "$bait" /proc/self/mountinfo
}

# run_with LINK TARGET [OPTION...]: LINK of the rootfs becomes a symbolic link; the container may
# start or be refused, but the host stays as it is.
run_with() {
    local link=$1 target=$2
    shift 2
    rm -rf "${rootfs:?}/$link"
    mkdir -p "$(dirname "$rootfs/$link")"
    ln -s "$target" "$rootfs/$link"
    try run --rm --rootfs "$rootfs" "$@" /init stat /dev/null , mounts
    [ "$status" -eq 0 ] || [ "$status" -eq 125 ] || { show; return 1; }
    expect_untouched
    if [ "$status" -eq 0 ]; then
        expect_match '^/dev/null type=char .* rdev=1:3 '
    fi
    rm -f "$rootfs/$link"
}

up=../../../../../../../../../../../../..

@test "/dev is a link: absolute, relative, dangling, to itself" {
    local target
    for target in "$bait/directory" "$up$bait/directory" "$bait/new" dev /proc/self/root/dev; do
        run_with dev "$target"
    done
}

@test "/proc and /sys are links" {
    local place target
    for place in proc sys; do
        for target in "$bait/directory" "$up$bait/directory" /tmp; do
            run_with "$place" "$target"
        done
        mkdir -p "$rootfs/$place"
    done
}

@test "/etc, or a file the engine puts there, is a link" {
    local place
    for place in etc etc/hosts etc/hostname etc/resolv.conf; do
        run_with "$place" "$bait/file"
        run_with "$place" "$up$bait/file"
        run_with "$place" "$bait/new"
    done
}

@test "the target of a volume goes through links" {
    mkdir -p "$BATS_TEST_TMPDIR/source"
    run_with data "$bait/directory" -v "$BATS_TEST_TMPDIR/source:/data/inner"
    run_with data "$up$bait" -v "$BATS_TEST_TMPDIR/source:/data/inner"
    run_with data "$bait" --tmpfs /data/inner
    run_with data "$bait/directory" -w /data/made
}

@test "a volume over /proc, /sys or /dev does not hide what must be the kernel's" {
    mkdir -p "$BATS_TEST_TMPDIR/fake/self/attr" "$BATS_TEST_TMPDIR/fake/sys"
    local place
    for place in /proc /proc/self /proc/sys; do
        try run --rm -v "$BATS_TEST_TMPDIR/fake:$place" "$IMAGE" /init status Pid
        [ "$status" -ne 0 ] || expect_match '^Pid:'
    done
}

@test "with a terminal: /dev/console and /dev/pts are links" {
    require command -v script -- "no script(1)"
    local place
    for place in dev/console dev/ptmx dev/pts; do
        rm -rf "${rootfs:?}/dev"
        mkdir "$rootfs/dev"
        ln -s "$bait/file" "$rootfs/$place"
        run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -it --rootfs '$rootfs' /init isatty" /dev/null
        expect_untouched
    done
}

@test "a link swapped for a directory while containers start leads nowhere" {
    mkdir "$rootfs/swapped"
    ln -s "$bait" "$rootfs/hostile"
    (
        while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
            mv -T --exchange "$rootfs/swapped" "$rootfs/hostile" 2>/dev/null || {
                mv "$rootfs/swapped" "$rootfs/aside" && mv "$rootfs/hostile" "$rootfs/swapped" &&
                    mv "$rootfs/swapped" "$rootfs/hostile" && mv "$rootfs/aside" "$rootfs/swapped"
            }
        done
    ) 3>&- &
    local racer=$! i
    mkdir "$BATS_TEST_TMPDIR/source"
    echo mark >"$BATS_TEST_TMPDIR/source/mark"
    for ((i = 0; i < 40; i++)); do
        ambit run --rm --rootfs "$rootfs" -v "$BATS_TEST_TMPDIR/source:/swapped/directory" --tmpfs /swapped/x \
            -w /swapped/y /init pid >/dev/null 2>&1 || true
    done
    touch "$BATS_TEST_TMPDIR/enough"
    wait $racer
    expect_untouched
}

@test "a masked path that the rootfs provides as a link masks nothing of the host" {
    run_with sys/firmware "$bait/directory"
    try run --rm --rootfs "$rootfs" --security-opt "mask=/data/secret" /init pid
    [ "$status" -eq 0 ] || [ "$status" -eq 125 ]
    expect_untouched
}

@test "the rootfs itself is not a door: .. of the container's root is its root" {
    try run --rm "$IMAGE" /init ls /../../../..
    expect_status 0
    expect_line init
    expect_no_line home
}
