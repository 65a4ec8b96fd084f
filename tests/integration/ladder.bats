# Older kernels and outer filters lack system calls. Each is taken away in turn (tests/deny): the
# container comes up by another way, or the error says in one line what is missing.

load lib

DENY=${DENY:-$top/build/host/tests/deny/deny}

denied() { # CALL=ERRNO ARGUMENT...: of `ambit run`
    local call=$1
    shift
    run --separate-stderr "$DENY" "$call" -- "$PROGRAMS/ambit" --root "$TEST_ROOT" \
        --state "$TEST_STATE" run --rm "$@"
    errors=$stderr
}

@test "on a filesystem that cannot be idmapped the root is a copy, and inspect says so" {
    # ramfs has no idmapped mounts; in a mount namespace of this test's own.
    cat >"$TEST_DIR/on-ramfs" <<'EOF'
set -e
mkdir -p "$TEST_DIR/ramfs"
mount -t ramfs -o mode=700 ramfs "$TEST_DIR/ramfs"
ambit() { "$PROGRAMS/ambit" --root "$TEST_DIR/ramfs" --state "$TEST_STATE" "$@"; }
ambit load -q -i "$TEST_DIR/init.tar" >/dev/null
ambit run --name copied init /init write /new text , stat /new
ambit inspect -f '{{.Rung}}' copied
id=$(ambit inspect -f '{{.Id}}' copied)
owner=$(stat -c %u "$TEST_DIR/ramfs/containers/$id/rootfs/new")
[ "$owner" -ge 1879048192 ] && echo "owner outside is shifted"
ambit rm copied
EOF
    run unshare -m --propagation private bash "$TEST_DIR/on-ramfs"
    expect_status 0
    expect_match '^/new type=file .*uid=0'
    expect_line copied
    expect_line "owner outside is shifted"
}

@test "a volume on a filesystem that cannot be idmapped is there, with a word about its owners" {
    cat >"$TEST_DIR/volume" <<'EOF'
mkdir -p "$TEST_DIR/plain"
mount -t ramfs -o mode=755 ramfs "$TEST_DIR/plain"
"$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$@" init /init stat /v
EOF
    run --separate-stderr unshare -m --propagation private bash "$TEST_DIR/volume" -v "$TEST_DIR/plain:/v"
    expect_status 0
    expect_match 'uid=65534'
    [[ $stderr == "ambit run: warning: --volume: $TEST_DIR/plain: its filesystem cannot map ids"* ]] || { show; false; }
    run --separate-stderr unshare -m --propagation private bash "$TEST_DIR/volume" \
        --mount "type=bind,src=$TEST_DIR/plain,dst=/v" --userns host
    expect_match 'uid=0'
    [ -z "$stderr" ] || { show; false; }
}

@test "with idmapped mounts nothing is copied" {
    ambit run --name mapped init /init write /new text
    try inspect -f '{{.Rung}}' mapped
    expect_output idmapped
    [ "$(stat -c %u "$TEST_ROOT/containers/$(ambit inspect -f '{{.Id}}' mapped)/upper/new")" -eq 0 ]
    ambit rm mapped
}

@test "a missing call has a second rung" {
    local call
    for call in openat2=ENOSYS clone3=ENOSYS clone3=EPERM pidfd_open=ENOSYS close_range=ENOSYS \
        fsconfig/1:5=EINVAL fsconfig/1:5=EOPNOTSUPP; do
        denied "$call" init /init pid
        expect_status 0
        expect_match '^pid=1 '
    done
}

@test "what has no second rung is said in one line, and nothing is left" {
    local call
    [ -z "${FAULT_LOG:-}" ] || skip "a call without a second rung is missing already"
    for call in fsopen open_tree move_mount; do
        denied "$call=ENOSYS" init /init pid
        expect_error 125 "this kernel has no $call .Linux 5.2., or a filter hides it"
        denied "$call=EPERM" init /init pid
        expect_error 125 "$call: Operation not permitted"
    done
    try system check
    expect_match '^0 containers, 0 findings'
}
