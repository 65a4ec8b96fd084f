#!/usr/bin/env bats
# Every way to give a container files, with every option; and what of the kernel's files it can see.

load lib

setup_file() {
    prepare_store
    local tree=$TEST_DIR/tree
    make_rootfs "$tree"
    mkdir -p "$tree/data/sub" "$tree/run/nodes"
    echo first >"$tree/data/file"
    ln "$tree/data/file" "$tree/data/sub/again"
    chmod 750 "$tree/data/sub"
    mknod "$tree/run/nodes/zero" c 1 5
    mknod "$tree/run/nodes/disk" b 7 0
    chmod 666 "$tree/run/nodes"/*
    "$ARCHIVE" --name tree --entrypoint /init --cmd 'say from-cmd' "$TEST_DIR/tree.tar" "$tree"
    ambit load -q -i "$TEST_DIR/tree.tar"
}

volumes() {
    ls "$TEST_ROOT/volumes" 2>/dev/null || true
}

@test "a new volume has the image's files first, with owners and modes; a used one keeps its own" {
    try run --rm -v fresh:/data tree cat /data/file , stat /data/sub , write /data/file second
    expect_status 0
    expect_line first
    expect_match 'mode=0750'
    local volume=$TEST_ROOT/volumes/fresh/data # names of one file are names of one file
    [ "$volume/file" -ef "$volume/sub/again" ]
    try run --rm -v fresh:/data tree cat /data/file
    expect_output second
    try run --rm -v other:/data tree cat /data/file
    expect_output first
    try run --rm -v empty:/data:nocopy tree ls /data
    expect_output ""
}

@test "a volume in two containers at once is one" {
    start holder -v both:/v "$IMAGE" /init say up , pause
    ambit run --rm -v both:/w "$IMAGE" /init write /w/x text
    try exec holder /init cat /v/x
    stop holder
    expect_output text
}

@test "an anonymous volume goes with its container, by --rm and by rm" {
    local before
    before=$(volumes)
    try run --rm -v /data tree cat /data/file
    expect_output first
    [ "$(volumes)" = "$before" ]
    ambit run --name kept -v /data tree say
    [ "$(volumes)" != "$before" ]
    ambit rm kept
    [ "$(volumes)" = "$before" ]
}

@test "--mount: bind, volume and tmpfs, their words and options" {
    mkdir -p "$BATS_TEST_TMPDIR/dir"
    echo here >"$BATS_TEST_TMPDIR/dir/file"
    local words
    for words in "type=bind,source=$BATS_TEST_TMPDIR/dir,target=/m" "type=bind,src=$BATS_TEST_TMPDIR/dir,dst=/m,readonly" \
        "type=bind,src=$BATS_TEST_TMPDIR/dir,destination=/m,ro=true"; do
        try run --rm --mount "$words" "$IMAGE" /init cat /m/file
        expect_output here
    done
    try run --rm --mount "type=volume,source=named,target=/data" tree cat /data/file
    expect_output first
    try run --rm --mount "type=tmpfs,target=/m,tmpfs-size=1m,tmpfs-mode=700" "$IMAGE" /init stat /m , mounts
    expect_match '^/m type=directory mode=0700'
    expect_match ' /m .*size=1024k'
}

@test "--tmpfs: size, mode and flags hold" {
    try run --rm --tmpfs /t:size=64k,mode=711,noexec "$IMAGE" /init stat /t , mounts
    expect_status 0
    expect_match '^/t type=directory mode=0711'
    expect_match ' /t [^-]*nosuid.*size=64k'
    expect_match ' /t [^-]*noexec'
    try run --rm --tmpfs /t:size=64k "$IMAGE" /init write /t/x "$(printf 'x%.0s' {1..100000})"
    expect_status 1
    try run --rm --tmpfs /t:size=1m "$IMAGE" /init write /t/x "$(printf 'x%.0s' {1..100000})"
    expect_status 0
}

@test "a volume inside a read-only root can be written, the root, /etc and tmpfs ones as asked" {
    try run --rm --read-only -v data:/data --tmpfs /t tree write /data/x y , write /t/x y , cat /t/x
    expect_output y
    local path
    for path in /new /etc/new /init; do
        try run --rm --read-only tree write "$path" x
        expect_status 1
    done
}

@test "-v: ro for one and rw for another part of the same tree; files too" {
    mkdir -p "$BATS_TEST_TMPDIR/a/b"
    echo file >"$BATS_TEST_TMPDIR/a/file"
    try run --rm -v "$BATS_TEST_TMPDIR/a:/a:ro" -v "$BATS_TEST_TMPDIR/a/b:/a/b" "$IMAGE" /init write /a/b/x ok , write /a/x no
    expect_status 1
    [ "$(cat "$BATS_TEST_TMPDIR/a/b/x")" = ok ]
    try run --rm -v "$BATS_TEST_TMPDIR/a/file:/one:ro" "$IMAGE" /init cat /one , write /one x
    expect_status 1
    expect_output file
}

@test "device nodes of an image cannot be opened, wherever they are" {
    local node
    for node in zero disk; do
        try run --rm tree open "/run/nodes/$node"
        expect_status 1
        [[ $errors == *"Permission denied"* ]] || { show; false; }
    done
    try run --rm -v nodes:/run/nodes tree open /run/nodes/zero
    expect_status 1
    try run --rm --cap-add MKNOD tree mknod /tmp/zero c 1 5
    expect_status 1
}

@test "--device: there under the name that is asked for, and only as allowed" {
    try run --rm --device /dev/zero:/dev/other "$IMAGE" /init stat /dev/other , open /dev/other
    expect_status 0
    expect_match '^/dev/other type=char .* rdev=1:5'
    try run --rm --device /dev/zero:/dev/other:r "$IMAGE" /init open /dev/other
    expect_status 0
}

@test "the kernel's files: what is hidden is empty, what is dangerous is read-only" {
    try run --rm "$IMAGE" /init cat /proc/keys /proc/timer_list /proc/interrupts
    expect_status 0
    expect_output ""
    try run --rm "$IMAGE" /init ls /sys/firmware , ls /proc/acpi
    expect_output ""
    local path
    for path in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/sys/kernel/core_pattern /sys/kernel/uevent_helper; do
        try run --rm "$IMAGE" /init set "$path" x
        expect_status 1
    done
    try run --rm "$IMAGE" /init stat /proc/kcore
    [ "$status" -ne 0 ] || [[ $output == *"rdev=1:3"* ]] || [[ $output == *"size=0"* ]] || { show; false; }
}

@test "--security-opt mask= and unmask=" {
    try run --rm --security-opt mask=/data tree ls /data
    expect_output ""
    try run --rm --security-opt unmask=/proc/timer_list "$IMAGE" /init stat /proc/timer_list
    expect_match 'type=file'
}

@test "another /dev without what the engine needs there: the option is named" {
    mkdir -p "$TEST_DIR/dev"
    try run --rm -v "$TEST_DIR/dev:/dev" tree true
    expect_error 125 '^ambit run: --volume: .*/dev/null'
    try run --rm --mount "type=bind,source=$TEST_DIR/dev,target=/dev" tree true
    expect_error 125 '^ambit run: --mount: .*/dev/null'
}

@test "--sysctl: of the container's namespaces, the host's is unchanged" {
    local before
    before=$(cat /proc/sys/net/ipv4/ip_default_ttl)
    try run --rm --sysctl net.ipv4.ip_default_ttl=33 "$IMAGE" /init cat /proc/sys/net/ipv4/ip_default_ttl
    expect_output 33
    try run --rm --sysctl net/ipv4/ip_default_ttl=34 "$IMAGE" /init cat /proc/sys/net/ipv4/ip_default_ttl
    expect_output 34
    [ "$(cat /proc/sys/net/ipv4/ip_default_ttl)" = "$before" ]
    try run --rm --net host --sysctl net.ipv4.ip_default_ttl=33 "$IMAGE" /init say ran
    expect_error 125 sysctl
    try run --rm --sysctl net.core.nothing=1 "$IMAGE" /init say ran
    expect_error 125 'sysctl net.core.nothing: this kernel has none such or hides it from user namespaces'
}

@test "entrypoint and command: the image's, the option's, none" {
    try run --rm tree
    expect_output from-cmd
    try run --rm tree say given
    expect_output given
    try run --rm --entrypoint /init tree args a
    expect_output '[a]'
    try run --rm --entrypoint /init tree
    [[ $output != *from-cmd* ]] || { show; false; }
}

@test "-w: through a link inside, on a file, through a descriptor" {
    try run --rm -w /proc/self/root/data tree cwd
    [ "$status" -eq 125 ] || [[ $output == /* ]] || { show; false; }
    try run --rm -w /init "$IMAGE" /init cwd
    expect_error 125 '/init'
    local n
    for n in 3 4 5 6 7 8 9 10 11 12; do
        try run --rm -w "/proc/self/fd/$n" "$IMAGE" /init say ran
        expect_status 125
    done
}
