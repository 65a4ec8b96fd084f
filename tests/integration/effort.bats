#!/usr/bin/env bats
# not faulty: another way costs more
# not sanitized: it counts system calls
# What a start costs, in things that can be counted on a busy machine: system calls, processes,
# programs. The bounds have room for other kernels and cgroup layouts; whoever goes over one has put
# work into the path of every start, and says here why it is worth it (docs/performance.md).

load lib

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/bundle/rootfs"
    make_rootfs "$TEST_DIR/bundle/rootfs"
    "$PROGRAMS/ambit-oci" spec --bundle "$TEST_DIR/bundle"
    jq '.process.terminal = false | .process.args = ["/init"]' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/bundle/config.json"
}

setup() {
    require test -z "${FAULT:-}" -- "another way costs more"
}

# Runs a command under strace; `calls NAME` then counts one system call, `calls ''` all of them. A
# signal that its caller ignores would take one more each.
trace() { # COMMAND...
    require command -v strace -- "strace is not installed"
    env --default-signal strace -f -o "$TEST_DIR/trace" "$@" </dev/null >/dev/null
}

calls() { # REGEX
    grep -v resumed "$TEST_DIR/trace" | grep -cE "^[0-9]+ +($1)\\(" || true
}

expect_at_most() { # BOUND REGEX WHAT
    local count
    count=$(calls "$2")
    [ "$count" -le "$1" ] || {
        echo "$3: $count, at most $1"
        awk '{ sub(/\(.*/, "", $2); print $2 }' "$TEST_DIR/trace" | sort | uniq -c | sort -rn | head -20
        return 1
    }
}

# Overlay takes layers in a detached mount since Linux 6.15; before, a child mounts it.
mounter() {
    local release
    IFS=.- read -ra release < <(uname -r)
    ((release[0] * 1000 + release[1] >= 6015)) && echo 0 || echo 1
}

@test "ambit-oci run" {
    trace "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$TEST_DIR/bundle" effort
    expect_at_most 575 '[a-z0-9_]+' "system calls"
    expect_at_most 1 'clone3?|v?fork' "processes"
    expect_at_most 3 'execve|execveat' "programs: ambit-oci, the same sealed, the container's"
    expect_at_most 8 'munmap|madvise' "memory given back"
    expect_at_most 4 'renameat2?|rename' "files replaced"
}

@test "ambit run" {
    ambit run --rm --net none "$IMAGE" /init # what only the first one makes
    trace "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --net none \
        "$IMAGE" /init
    # 15 of them look after the caller's standard streams, which are the container's way out.
    expect_at_most $((730 + 60 * $(mounter))) '[a-z0-9_]+' "system calls"
    expect_at_most $((1 + $(mounter))) 'clone3?|v?fork' "processes"
    expect_at_most 2 'execve|execveat' "programs: ambit and the container's"
    expect_at_most 10 'munmap|madvise' "memory given back"
}
