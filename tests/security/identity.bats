#!/usr/bin/env bats
# Class D: who a container's process is. Capabilities, groups, how users are parsed. CVE-2022-24769,
# 2022-29162, 2022-36109, 2024-40635, 2026-30892, 2026-46680.

load ../integration/lib

bit() { # NUMBER: that capability's bit, set in the first mask of $output?
    local mask
    mask=$(awk '/^CapEff/ { print $2 }' <<<"$output")
    [ $((0x$mask >> $1 & 1)) -eq 1 ]
}

@test "inheritable and ambient capabilities are empty" {
    try run --rm "$IMAGE" /init status CapInh CapAmb
    expect_match '^CapInh:[[:space:]]0+$'
    expect_match '^CapAmb:[[:space:]]0+$'
    try run --rm -u 1000 "$IMAGE" /init status CapInh CapAmb CapEff CapPrm
    expect_match '^CapEff:[[:space:]]0+$'
    expect_match '^CapPrm:[[:space:]]0+$'
    expect_match '^CapAmb:[[:space:]]0+$'
}

@test "what is powerful is not there by default" {
    try run --rm "$IMAGE" /init status CapEff CapBnd
    local capability
    for capability in 12 16 17 19 21 22 24 25 34 39; do # net_admin sys_module rawio ptrace admin boot resource time syslog bpf
        ! bit $capability || { echo "capability $capability"; show; false; }
    done
}

@test "capabilities are dropped and added by name" {
    try run --rm --cap-drop ALL "$IMAGE" /init status CapEff CapBnd
    expect_match '^CapEff:[[:space:]]0+$'
    expect_match '^CapBnd:[[:space:]]0+$'
    try run --rm --cap-drop ALL --cap-add NET_ADMIN "$IMAGE" /init status CapEff
    bit 12
    try run --rm --cap-add NO_SUCH "$IMAGE"
    expect_error 125 'NO_SUCH'
}

@test "no program gains rights by exec" {
    try run --rm "$IMAGE" /init status NoNewPrivs
    expect_output $'NoNewPrivs:\t1'
}

@test "groups are the user's and no others, also in exec" {
    try run --rm -u 1000:1000 "$IMAGE" /init id
    expect_output "uid=1000 euid=1000 gid=1000 egid=1000 groups=1000"
    start grouped -u 1000:1000 "$IMAGE" /init say up , pause
    try exec grouped /init id
    local first=$output
    try exec -u 1 grouped /init id
    local second=$output
    stop grouped
    [ "$first" = "uid=1000 euid=1000 gid=1000 egid=1000 groups=1000" ] || { echo "$first"; false; }
    [[ $second == "uid=1 euid=1 "* ]] || { echo "$second"; false; }
}

@test "numbers are numbers: out of range is refused, a name that looks like one is not found" {
    local user
    for user in 4294967295 4294967296 2147483648 18446744073709551616 -1 0x10 1e3; do
        try run --rm -u "$user" "$IMAGE" /init id
        expect_status 125
        [[ $output != *uid=* ]]
    done
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    printf '4294967296:x:0:0::/:/x\n2147483648:x:0:0::/:/x\n1234:x:0:0::/:/x\n' >"$BATS_TEST_TMPDIR/rootfs/etc/passwd"
    for user in 4294967296 2147483648; do
        try run --rm -u "$user" --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
        expect_status 125
    done
    try run --rm -u 1234 --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
    expect_match '^uid=1234 '
}

@test "a user outside the container's range is refused" {
    try run --rm -u 70000 "$IMAGE" /init id
    expect_status 125
}

@test "passwd is a pipe, a directory, enormous, or a link out" {
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    local passwd=$BATS_TEST_TMPDIR/rootfs/etc/passwd
    mkfifo "$passwd"
    run timeout 10 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
    expect_status 125
    rm "$passwd"
    mkdir "$passwd"
    try run --rm -u anna --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
    expect_status 125
    rmdir "$passwd"
    truncate -s 100M "$passwd"
    run timeout 10 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
    expect_status 125
    rm "$passwd"
    ln -s /etc/passwd "$passwd"
    try run --rm -u daemon --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id
    expect_status 125
}

@test "HOME with a line break from a hostile passwd does not add variables" {
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    printf 'anna:x:5:5::/x\rEVIL=1:/x\n' >"$BATS_TEST_TMPDIR/rootfs/etc/passwd"
    try run --rm -u anna --rootfs "$BATS_TEST_TMPDIR/rootfs" /init env
    [ "$status" -ne 0 ] || expect_no_line EVIL=1
}

@test "root inside cannot touch a file of the host's root that it can reach" {
    mkdir "$BATS_TEST_TMPDIR/outside"
    echo secret >"$BATS_TEST_TMPDIR/outside/secret"
    chmod 600 "$BATS_TEST_TMPDIR/outside/secret"
    start reached "$IMAGE" /init say up , pause
    local pid
    pid=$(ambit inspect --format '{{.State.Pid}}' reached)
    # In its namespaces but with the host's tree: what an escape of the mount namespace would have.
    run nsenter -t "$pid" -U --setuid 0 --setgid 0 cat "$BATS_TEST_TMPDIR/outside/secret"
    stop reached
    [ "$status" -ne 0 ] || { show; false; }
}

@test "set-user-id files of a container mean nothing on the host" {
    mkdir "$BATS_TEST_TMPDIR/data"
    try run --rm "$IMAGE" /init write /tmp/tool x , chmod 4755 /tmp/tool , stat /tmp/tool
    expect_match 'mode=4755 uid=0'
    run find "$TEST_ROOT" -uid 0 -perm -4000 -type f
    expect_output ""
    [ "$(stat -c %a "$TEST_ROOT")" = 700 ] || { stat "$TEST_ROOT"; false; }
}
