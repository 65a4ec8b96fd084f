#!/usr/bin/env bats
# timeout: 300
# Class A: the runtime's own program and processes, attacked by the first process of a container.
# CVE-2016-9962, 2019-5736, 2022-29162. long.bats does it a thousand times.

load ../integration/lib
load bundle

setup_file() {
    prepare_store
}

teardown() {
    remove_all
}

@test "a process that lies in wait for exec gets hold of nothing" {
    # The directories of the program must bear hostile writers: a copy of it.
    cp "$PROGRAMS/ambit-oci" "$TEST_DIR/ambit-oci"
    run "$TOP/tests/security/hostile-execs" "$TEST_DIR/ambit-oci" "$HOSTILE/watcher" "$INIT" "$BATS_TEST_TMPDIR" 100
    expect_status 0
    expect_match ' 0 came through'
}

@test "the watcher sees what can be seen: a program of the host's that a container executes" {
    make_bundle "$TEST_DIR/seen" '.process.args = ["/watcher", "seen"] | .root.readonly = false'
    cp "$HOSTILE/watcher" "$TEST_DIR/seen/rootfs/watcher"
    cp "$INIT" "$TEST_DIR/seen/rootfs/other"
    up box "$TEST_DIR/seen"
    await 5 grep -q up "$TEST_DIR/box.out"
    oci exec --detach box /other sleep 1 </dev/null >/dev/null 2>&1 3>&-
    await 5 grep -q 'seen /other' "$TEST_DIR/box.out"
    await 5 grep -q 'attached [0-9]* /other' "$TEST_DIR/box.out"
    sleep 1.2 # nobody executes it any more
    touch "$TEST_DIR/seen/rootfs/tmp/enough"
    await 5 grep -q 'wrote /other' "$TEST_DIR/box.out"
}

@test "the process of create cannot be traced or looked into from exec" {
    local pid
    make_bundle "$TEST_DIR/waiting" '.process.args = ["/init", "pid"]'
    oci create --bundle "$TEST_DIR/waiting" box </dev/null >/dev/null 2>&1 3>&-
    pid=$(oci state box | jq .pid)
    # Not dumpable: its files belong to root of the host and its links need the power to trace it.
    try_oci exec box /init readlink /proc/1/exe , ls /proc/1/fd
    [ "$status" -ne 0 ] || { show; false; }
    run grep -c . "/proc/$pid/environ"
    oci start box
}

@test "ambit-init of a container with the host's users cannot be written" {
    local pid
    start first --init --userns host "$IMAGE" /init say up , pause
    pid=$(ambit inspect -f '{{.State.Pid}}' first)
    # Busy while it runs, so look at the mount that whoever keeps a handle would write through.
    run python3 -c 'import os, sys; print(os.statvfs(sys.argv[1]).f_flag & os.ST_RDONLY)' "/proc/$pid/exe"
    stop first
    expect_output 1
}
