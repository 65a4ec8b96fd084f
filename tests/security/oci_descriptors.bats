#!/usr/bin/env bats
# Class C, for ambit-oci: descriptors and working directories that leak in. CVE-2024-21626 (a working
# directory, or the program itself, by way of /proc/self/fd/N), CVE-2015-3627, CVE-2016-9962.

load ../integration/lib
load bundle

setup_file() {
    prepare_store
    make_bundle "$TEST_DIR/bundle"
    make_bundle "$TEST_DIR/held"
}

teardown() {
    remove_all
}

numbers() { # of the lines of `fds`
    cut -d' ' -f1 <<<"$output" | paste -sd' '
}

@test "a program has three descriptors, and those that --preserve-fds names" {
    change "$TEST_DIR/bundle" '.process.args = ["/init", "fds"]'
    run --separate-stderr oci run --bundle "$TEST_DIR/bundle" box 5</etc/passwd 6</ 7</
    [ "$(numbers)" = "0 1 2" ] || { show; false; }
    run --separate-stderr oci run --preserve-fds 2 --bundle "$TEST_DIR/bundle" box 3</etc/passwd 4</
    [ "$(numbers)" = "0 1 2 3 4" ] || { show; false; }
    # More than there are: what is ours at those numbers is not taken for the caller's.
    run --separate-stderr oci run --preserve-fds 30 --bundle "$TEST_DIR/bundle" box 3>&- 4>&-
    [ "$status" -ne 0 ] || [ "$(numbers)" = "0 1 2" ] || { show; false; }
}

closed() { # COMMAND...: without standard streams; bats' run keeps its own
    "$@" 0<&- 1>&- 2>&-
}

@test "a closed standard stream of the caller's is no way out" {
    local fd
    up box "$TEST_DIR/held"
    for fd in 0 1 2; do
        change "$TEST_DIR/bundle" ".process.args = [\"/proc/self/fd/$fd/../../../../../../../..$TEST_DIR/rootfs/init\", \"exit\", \"33\"]"
        run closed oci run --bundle "$TEST_DIR/bundle" closed
        [ "$status" -ne 33 ] || { echo "run: a program of the host's by way of $fd"; false; }
        run closed oci exec box "/proc/self/fd/$fd/../../../../../../../..$TEST_DIR/rootfs/init" exit 33
        [ "$status" -ne 33 ] || { echo "exec: a program of the host's by way of $fd"; false; }
    done
}

@test "so has exec" {
    up box "$TEST_DIR/held"
    exec 5</etc/passwd 6</
    try_oci exec box /init fds
    exec 5<&- 6<&-
    [ "$(numbers)" = "0 1 2" ] || { show; false; }
    run --separate-stderr oci exec --preserve-fds 30 box /init fds 3>&- 4>&-
    [ "$status" -ne 0 ] || [ "$(numbers)" = "0 1 2" ] || { show; false; }
}

@test "no working directory and no program of the host's by way of /proc/self/fd/N" {
    run "$TOP/tests/security/hostile-descriptors" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR"
    expect_status 0
    expect_match ' 0 came through'
}

@test "the process of create holds nothing of the host's while it waits" {
    local pid
    change "$TEST_DIR/bundle" '.process.args = ["/init", "pid"]'
    exec 9</
    oci create --bundle "$TEST_DIR/bundle" box </dev/null >/dev/null 2>&1 3>&-
    exec 9<&-
    pid=$(oci state box | jq .pid)
    run ls -l "/proc/$pid/fd"
    # Streams, its socket to the maker, the one it listens on, and its root.
    [ "$(grep -c ' -> ' <<<"$output")" -le 6 ] || { show; false; }
    ! grep -E ' -> /(run|var|sys|proc|etc|home)' <<<"$output" || { show; false; }
}
