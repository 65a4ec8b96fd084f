#!/usr/bin/env bats
# not sanitized: strace makes its calls fail
# One system call of ambit-oci that fails: one clear line, and nothing is left.

load lib
load oci

setup() {
    require command -v strace -- "strace is not installed"
    [ -z "${FAULT_LOG:-}" ] || skip "a script that keeps what is said stands between"
}

teardown() {
    delete_all
}

# As try_oci, with the Nth of these calls failing in each of its processes. strace is not the parent: it
# would wait for a container that stays.
faulty() { # CALL=ERROR N ARGUMENT...
    local fault=$1 nth=$2
    shift 2
    run --separate-stderr strace -D -f -o /dev/null -e "trace=${fault%=*}" \
        -e "inject=${fault%=*}:error=${fault#*=}:when=$nth" \
        "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
    errors=$(grep -v ^strace: <<<"$stderr" || true)
}

nothing_left() {
    local where
    [ -z "$(ls "$TEST_DIR/oci")" ] || { show; ls -R "$TEST_DIR/oci"; false; }
    for where in /sys/fs/cgroup{,/*}/"${TEST_DIR##*/}"; do
        [ ! -e "$where" ] || { show; echo "$where is left"; false; }
    done
}

@test "whichever file, directory, mount or socket run cannot make: one line, and nothing is left" {
    local fault nth failed=0 passed
    configure . '.process.args = ["/init", "pid"]'
    for fault in openat=ENOMEM openat2=EMFILE mkdirat=ENOSPC flock=ENOLCK fsopen=EMFILE fsmount=ENOMEM \
        open_tree=EMFILE move_mount=ENOMEM socketpair=EMFILE clone3=EAGAIN sendmsg=ETOOMANYREFS write=ENOSPC; do
        for ((nth = 1, passed = 0; passed < 3; nth++)); do
            faulty "$fault" "$nth" run --bundle "$BUNDLE" c
            passed=$((status == 0 ? passed + 1 : 0)) # it can do without, or has no more of them
            nothing_left
            [ "$status" -ne 0 ] || continue
            echo "$fault $nth: $errors"
            failed=$((failed + 1))
            [[ $fault = write=* ]] || expect_error 1 'ambit-oci run failed: .*: '
        done
    done
    [ "$failed" -ge 40 ]
}

@test "a list that cannot be read is an error, and no empty list" {
    oci list -q
    mkdir -p "$TEST_DIR/oci"
    faulty getdents64=EIO 1 list
    expect_error 1 '--root: .*: (I/O|Input/output) error'
}

@test "start says when it cannot make the notification socket" {
    configure . '.process.args = ["/init", "sleep", "1000"]'
    export NOTIFY_SOCKET=$TEST_DIR/notify
    oci create --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
    faulty bind=EPERM 1 start c
    expect_error 1 'notification socket: Operation not permitted'
    [ "$(oci state c | jq -r .status)" = created ]
}
