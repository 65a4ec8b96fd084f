#!/usr/bin/env bats
# A container's file tree: its writable layer, binds, volumes, tmpfs, read-only roots, devices.

load lib

@test "what a container writes is its own" {
    try run --name writer "$IMAGE" /init write /tmp/x hello , cat /tmp/x
    expect_status 0
    expect_output hello
    ambit rm writer
    try run --rm "$IMAGE" /init cat /tmp/x
    expect_status 1
    [ ! -e "$TEST_DIR/rootfs/tmp/x" ]
}

@test "files of the image can be changed, renamed and removed in the container only" {
    echo original >"$TEST_DIR/rootfs/etc/file"
    "$ARCHIVE" --name changing "$BATS_TEST_TMPDIR/changing.tar" "$TEST_DIR/rootfs"
    rm "$TEST_DIR/rootfs/etc/file"
    ambit load -q -i "$BATS_TEST_TMPDIR/changing.tar"
    try run --rm changing /init append /etc/file more , cat /etc/file , rename /etc/file /etc/other , ls /etc , remove /etc/other , ls /etc
    expect_status 0
    expect_match 'original'
    expect_match 'more'
    try run --rm changing /init cat /etc/file
    expect_output original
}

@test "a directory of the host: written through, read-only when asked" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    chmod 777 "$BATS_TEST_TMPDIR/shared"
    echo from-host >"$BATS_TEST_TMPDIR/shared/a"
    try run --rm -v "$BATS_TEST_TMPDIR/shared:/data" "$IMAGE" /init cat /data/a , write /data/b from-inside
    expect_status 0
    expect_output from-host
    [ "$(cat "$BATS_TEST_TMPDIR/shared/b")" = from-inside ]
    try run --rm -v "$BATS_TEST_TMPDIR/shared:/data:ro" "$IMAGE" /init write /data/c x
    expect_status 1
    [[ $errors == *"Read-only file system"* ]] || { show; false; }
    try run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/shared,target=/data,readonly" "$IMAGE" /init write /data/c x
    expect_status 1
}

@test "a bind mount's files belong to the container's root, and stay root's on the host" {
    mkdir "$BATS_TEST_TMPDIR/owned"
    try run --rm -v "$BATS_TEST_TMPDIR/owned:/data" "$IMAGE" /init stat /data , write /data/new x
    expect_status 0
    expect_match '^/data type=directory .* uid=0 gid=0'
    [ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/owned/new")" = 0:0 ] || { stat "$BATS_TEST_TMPDIR/owned/new"; false; }
}

@test "read-only stays read-only for mounts below it" {
    mkdir -p "$BATS_TEST_TMPDIR/ro/below"
    mount -t tmpfs below "$BATS_TEST_TMPDIR/ro/below"
    try run --rm -v "$BATS_TEST_TMPDIR/ro:/data:ro" "$IMAGE" /init write /data/below/x x
    umount "$BATS_TEST_TMPDIR/ro/below"
    expect_status 1
}

@test "a source that is a link is resolved on the host, a target that is one inside" {
    mkdir "$BATS_TEST_TMPDIR/real"
    echo yes >"$BATS_TEST_TMPDIR/real/file"
    ln -s real "$BATS_TEST_TMPDIR/link"
    try run --rm -v "$BATS_TEST_TMPDIR/link:/data:ro" "$IMAGE" /init cat /data/file
    expect_output yes
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    ln -s /etc "$BATS_TEST_TMPDIR/rootfs/escape"
    try run --rm -v "$BATS_TEST_TMPDIR/real:/escape/inner:ro" --rootfs "$BATS_TEST_TMPDIR/rootfs" /init cat /etc/inner/file
    expect_output yes
    [ ! -e /etc/inner ]
}

@test "a named volume keeps its files between containers" {
    try run --rm -v stock:/data "$IMAGE" /init write /data/x kept
    expect_status 0
    try run --rm -v stock:/data "$IMAGE" /init cat /data/x
    expect_output kept
}

@test "tmpfs: there, empty, limited" {
    try run --rm --tmpfs /scratch:size=1m "$IMAGE" /init ls /scratch , write /scratch/x y , cat /scratch/x
    expect_output y
    try run --rm --tmpfs /scratch "$IMAGE" /init mounts
    expect_match ' /scratch .* - tmpfs '
}

@test "a read-only root: nothing can be written but tmpfs and volumes" {
    try run --rm --read-only --tmpfs /tmp "$IMAGE" /init write /tmp/x y , cat /tmp/x
    expect_output y
    try run --rm --read-only "$IMAGE" /init write /new x
    expect_status 1
    [[ $errors == *"Read-only file system"* ]] || { show; false; }
    # /dev is a tmpfs of its own; docker leaves it writable, so do we, but not beyond the container
    try run --rm --read-only "$IMAGE" /init hostname
    expect_status 0
}

@test "/dev has what programs need, with the right numbers" {
    try run --rm "$IMAGE" /init stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    expect_match '^/dev/null type=char mode=0666 .* rdev=1:3 '
    expect_match '^/dev/zero type=char mode=0666 .* rdev=1:5 '
    expect_match '^/dev/full type=char mode=0666 .* rdev=1:7 '
    expect_match '^/dev/urandom type=char mode=0666 .* rdev=1:9 '
    expect_match '^/dev/tty type=char mode=0666 .* rdev=5:0 '
    try run --rm "$IMAGE" /init write /dev/null x , open /dev/zero , readlink /dev/fd , readlink /dev/stdout , ls /dev
    expect_status 0
    expect_line /proc/self/fd
    expect_no_line console
    [[ $output != *vda* && $output != *kmsg* ]]
}

@test "a device that is given is there, and only as allowed" {
    require test -c /dev/fuse -- "the host has no /dev/fuse"
    try run --rm --device /dev/fuse "$IMAGE" /init stat /dev/fuse
    expect_status 0
    expect_match '^/dev/fuse type=char .* rdev=10:229'
}

@test "/dev/shm has the size that was asked for" {
    try run --rm --shm-size 2m "$IMAGE" /init mounts
    expect_match ' /dev/shm .*size=2048k'
}

@test "what was mounted for a container is gone from the host" {
    local before
    before=$(wc -l </proc/self/mountinfo)
    ambit run --rm -v "$BATS_TEST_TMPDIR:/data" --tmpfs /x "$IMAGE"
    [ "$(wc -l </proc/self/mountinfo)" -eq "$before" ]
}

@test "--upper memory and --read-only write nothing to the disk" {
    inodes() { find "$TEST_ROOT/containers" "$TEST_ROOT/spare" 2>/dev/null | wc -l; }
    start writes --upper memory init /init write /new text , say up , sleep 3
    find "$TEST_ROOT/containers" -name new | grep -q . && return 1
    try exec writes /init cat /new
    expect_output text
    stop writes
    try run --rm --read-only init /init touch /new
    expect_status 1
}

@test "what overlay made for a container goes while the next one runs" {
    worn() { find "$TEST_ROOT/spare" -maxdepth 1 -name 'worn-*' | wc -l; }
    local i
    for i in 1 2 3; do
        ambit run --rm "$IMAGE" /init pid
    done
    [ "$(worn)" -le 1 ]
    ambit system check --repair
    [ "$(worn)" -eq 0 ]
}
