#!/usr/bin/env bats
# Class N: the kernel through what the default filter lets pass, asked call by call from a container, in
# 64 and 32 bits. CVE-2022-0185 (fsconfig), 2026-31431 (AF_ALG), 2026-123876.

load ../integration/lib
load bundle

teardown() {
    remove_all
}

what_passes() {
    sort -u <<<"$output" | paste -sd,
}

ordinary="end,socket 32 1,socket 32 10,socket 32 16,socket 32 2,socket 64 1,socket 64 10,socket 64 16,socket 64 2,socketpair 64 1"

@test "of all families and dangerous calls, unix, inet, inet6 and netlink pass, and nothing else" {
    require test "$(uname -m)" = x86_64 -- "the matrix is written for x86-64"
    try run --rm -v "$HOSTILE/matrix:/matrix:ro" "$IMAGE" /matrix
    expect_status 0
    [ "$(what_passes)" = "$ordinary" ] || { what_passes; false; }
}

@test "the matrix sees what passes where there is no filter" {
    require test "$(uname -m)" = x86_64 -- "the matrix is written for x86-64"
    try run --rm --privileged -v "$HOSTILE/matrix:/matrix:ro" "$IMAGE" /matrix
    expect_line 'socket 64 17'
    expect_line 'call unshare-user'
    expect_line 'call io_uring_setup'
    expect_line 'call perf_event_open' # bpf is refused by some kernels themselves
}

@test "a filter that a configuration gives holds in every mode of the processor" {
    require test "$(uname -m)" = x86_64 -- "the matrix is written for x86-64"
    make_bundle "$TEST_DIR/bundle" '.process.args = ["/matrix"] | .linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        syscalls: [
            {names: ["socket", "socketpair", "socketcall"], action: "SCMP_ACT_ERRNO", errnoRet: 1},
            {names: ["clone3", "unshare", "setns", "mount", "umount2", "fsopen", "fsconfig", "fsmount", "fspick",
                "open_tree", "move_mount", "mount_setattr", "io_uring_setup", "io_uring_enter", "io_uring_register",
                "keyctl", "add_key", "request_key", "bpf", "userfaultfd", "perf_event_open", "kexec_load",
                "init_module", "open_by_handle_at", "vm86", "getpid"], action: "SCMP_ACT_ERRNO", errnoRet: 1},
            {names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
                args: [{index: 0, value: 268435456, valueTwo: 268435456, op: "SCMP_CMP_MASKED_EQ"}]}]}'
    cp "$HOSTILE/matrix" "$TEST_DIR/bundle/rootfs/matrix"
    try_oci run --bundle "$TEST_DIR/bundle" box
    expect_output end
}
