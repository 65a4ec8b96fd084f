#!/usr/bin/env bats
# timeout: 120
# Class D, for ambit-oci: who a process is, compared with its configuration (the CVEs are in
# hostile-identities).

load ../integration/lib
load bundle

setup_file() {
    prepare_store
}

teardown() {
    remove_all
}

@test "ids, groups and capabilities are those of the configuration, and bad ids are refused" {
    run "$TOP/tests/security/hostile-identities" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR"
    expect_status 0
    expect_match ' 0 came through'
}

@test "--user of exec takes numbers, and not the one that means no change" {
    local user
    for user in 4294967295 0:4294967295 4294967296 -1 root 0x0 '' 1:2:3; do
        run --separate-stderr "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec --user "$user" none /init id
        [ "$status" -ne 0 ] && [[ $output != *uid=* ]] || { show; false; }
    done
}

# Its program is a file of the container's, so the image's: runc and crun run it as the program too.
@test "a startContainer hook may do what the program may" {
    make_bundle "$TEST_DIR/hooked" '.root.readonly = false | .process.args = ["/init", "cat", "/tmp/status"] |
        .process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = true | .process.capabilities = {} |
        .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["symlink", "symlinkat"], action: "SCMP_ACT_ERRNO"}]}'
    chmod 1777 "$TEST_DIR/hooked/rootfs/tmp"
    hook 'mknod /tmp/device b 8 0'
    try_oci run --bundle "$TEST_DIR/hooked" box </dev/null
    expect_error 1 'hooks.startContainer\[0\]: .*mknod /tmp/device: Operation not permitted'
    hook 'symlink away /tmp/link'
    try_oci run --bundle "$TEST_DIR/hooked" box </dev/null
    expect_error 1 'hooks.startContainer\[0\]: .*symlink .*: Operation not permitted'
    hook 'env PATH SECRET'
    SECRET=told try_oci run --bundle "$TEST_DIR/hooked" box </dev/null
    expect_error 1 'hooks.startContainer\[0\]: .*: /usr.*; env SECRET: No such file or directory'
    hook 'write /tmp/status hooked'
    try_oci run --bundle "$TEST_DIR/hooked" box </dev/null
    expect_status 0
    [ "$output" = hooked ]
    [ "$(stat -c %u "$TEST_DIR/hooked/rootfs/tmp/status")" = 1000 ]
}

hook() { # WORDS for /init
    change "$TEST_DIR/hooked" ".hooks.startContainer = [{path: \"/init\", args: (\"init $1\" | split(\" \"))}]"
}
