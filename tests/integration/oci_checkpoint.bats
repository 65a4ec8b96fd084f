#!/usr/bin/env bats
# timeout: 180
# ambit-oci: checkpoint and restore, through criu. An archive brings processes, not rights.

load lib
load oci

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/bundle/rootfs/vol" "$TEST_DIR/vol"
    make_rootfs "$TEST_DIR/bundle/rootfs"
    oci spec --bundle "$TEST_DIR/bundle"
    jq '.process.terminal = false | .process.args = ["/init", "sleep", "1000"]
        | .linux.cgroupsPath = "/'"${TEST_DIR##*/}"'"
        | .mounts += [{"destination": "/vol", "type": "bind", "source": "'"$TEST_DIR"'/vol",
                       "options": ["bind"]}]
        | .process.noNewPrivileges = false
        | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
                            "syscalls": [{"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/config.json"
    cp "$TEST_DIR/config.json" "$TEST_DIR/bundle/config.json"
}

teardown() {
    delete_all
}

restore() { # ID: of the images that "an archive is made" left
    run --separate-stderr oci restore --detach --bundle "$TEST_DIR/bundle" \
        --image-path "$TEST_DIR/images" --pid-file "$TEST_DIR/pid" "$1" </dev/null 3>&-
    errors=$stderr
}

bundle_with() { # JQ-FILTER
    jq "$1" "$TEST_DIR/config.json" >"$TEST_DIR/bundle/config.json"
}

@test "without criu there is one line that says so" {
    oci run --detach --bundle "$TEST_DIR/bundle" kept </dev/null >/dev/null 2>&1 3>&-
    try_oci --criu /nonexistent/criu checkpoint --image-path "$TEST_DIR/none" kept
    expect_error 1 'checkpoint and restore need the program criu'
    [ "$(oci state kept | jq -r .status)" = running ]
    try_oci checkpoint --image-path "$TEST_DIR/none" --parent-path /abs kept
    expect_error 1 'parent-path must be relative'
    try_oci checkpoint --image-path "$TEST_DIR/none" --page-server nowhere kept
    expect_error 1 'ADDRESS:PORT'
}

@test "restore --tcp-close is criu's" {
    printf '#!/bin/sh\necho "$@" >%s\nexit 1\n' "$TEST_DIR/words" >"$TEST_DIR/criu"
    chmod +x "$TEST_DIR/criu"
    mkdir -p "$TEST_DIR/empty"
    try_oci --criu "$TEST_DIR/criu" restore --detach --tcp-close --bundle "$TEST_DIR/bundle" \
        --image-path "$TEST_DIR/empty" closed </dev/null
    expect_error 1 'criu restore failed'
    grep -q -- ' --tcp-close ' "$TEST_DIR/words"
    [ -z "$(oci list -q)" ]
}

@test "a container is written to files and comes back; what has more than configured does not run" {
    require criu check -- "criu does not work with this kernel"
    oci run --detach --bundle "$TEST_DIR/bundle" kept </dev/null >/dev/null 2>&1 3>&-
    oci checkpoint --image-path "$TEST_DIR/images" kept
    try_oci state kept
    expect_error 1 'does not exist'

    bundle_with '.process.capabilities = {}'
    restore greedy
    expect_error 1 'process.capabilities: process [0-9]+ of the archive has more than configured'
    bundle_with '.linux.seccomp.syscalls[0].names = ["mknodat"]'
    restore greedy
    expect_error 1 'linux.seccomp: process [0-9]+ of the archive has not the configured filter'
    [ -z "$(oci list -q)" ]

    bundle_with .
    restore back
    expect_status 0
    [ "$(oci state back | jq -r '"\(.status) \(.pid)"')" = "running $(cat "$TEST_DIR/pid")" ]
    try_oci exec back /init pid
    expect_status 0
}
