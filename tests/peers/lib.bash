# What the tests of callers share, besides what ../integration/lib.bash has. Such a test file has
#
#     load lib
#     setup_file()     begins with make_world, then configures and starts its server
#     teardown_file()  end_world
#
# or, for servers that systemd starts (../systemd), use_machine in place of the two.
#
#     inside COMMAND...        in the file's sandbox (./sandbox), where ambit-oci is installed
#     at NAME COMMAND...       the same; sets $status, $output, $errors
#     on_terminal COMMAND...   the same with a terminal of its own
#     write FILE               standard input becomes FILE inside
#     make_image FILE          an OCI archive with busybox
#
# PEERS_RUNTIME=/usr/sbin/runc runs the same tests with another runtime: they must hold with it too,
# but for what is marked by `only_ambit`.

load ../integration/lib

export PEERS_RUNTIME=${PEERS_RUNTIME:-/usr/local/bin/ambit-oci}

make_world() {
    if [ -n "${AMBIT_TEST_DIR:-}" ]; then
        export TEST_DIR=$AMBIT_TEST_DIR
    else # bats was called by hand
        TEST_DIR=$(mktemp -d /var/tmp/ambit-test.XXXXXX)
        export TEST_DIR
    fi
    export SANDBOX=$TOP/tests/peers/sandbox
    "$SANDBOX" start "$TEST_DIR" 3>&-
    inside mkdir -p /usr/local/bin
    inside install "$PROGRAMS/ambit-oci" /usr/local/bin/ambit-oci
    # A tool of the same name there would be found before the packaged one.
    inside rm -f /usr/local/bin/{docker,podman,containerd,ctr,runc,crun,crictl}
}

use_machine() { # SERVER: whose configuration is changed, which only the VM forgets
    [ "${TEST_PLACE:-}" = vm ] || skip "configures the machine's $1: only in the VM"
    [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "for cgroup v2"
    export TEST_DIR=${AMBIT_TEST_DIR:-$(mktemp -d /var/tmp/ambit-test.XXXXXX)}
    install "$PROGRAMS/ambit-oci" /usr/local/bin/ambit-oci
    install -D "$PROGRAMS/ambit-systemd" /usr/local/libexec/ambit/ambit-systemd
}

end_world() {
    "$SANDBOX" stop "$TEST_DIR"
    rm -rf --one-file-system "${TEST_DIR:?}"/{over,lib}
    if [ -z "${AMBIT_TEST_DIR:-}" ]; then
        rm -rf --one-file-system "$TEST_DIR"
    fi
}

inside() {
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "$SANDBOX" run "$TEST_DIR" "$@" 3>&-
}

at() { # COMMAND...
    run --separate-stderr timeout -k 5 "${PATIENCE:-60}" \
        env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "$SANDBOX" run "$TEST_DIR" "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

on_terminal() { # COMMAND...: one word each, without quotes inside
    at script -qec "$(printf '%q ' "$@")" /dev/null
    output=${output//$'\r'/}
}

serve() { # NAME COMMAND...: a server, its messages in $TEST_DIR/NAME.log
    local name=$1
    shift
    inside setsid "$@" >"$TEST_DIR/$name.log" 2>&1 </dev/null &
}

write() { # FILE
    inside sh -c 'mkdir -p "$(dirname "$1")" && cat >"$1"' - "$1"
}

busybox_rootfs() { # DIR
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,run,root,var}
    chmod 1777 "$1/tmp"
    cp "$(command -v busybox)" "$1/bin/busybox"
    local name
    for name in $("$1/bin/busybox" --list); do
        [ "$name" = busybox ] || ln -s busybox "$1/bin/$name"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000:bob:/tmp:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\nbob:x:1000:\ncrew:x:2000:bob\n' >"$1/etc/group"
}

make_image() { # FILE
    busybox_rootfs "$TEST_DIR/busybox"
    "$ARCHIVE" --name busybox --cmd 'sh' --env PATH=/bin "$1" "$TEST_DIR/busybox"
    rm -rf "$TEST_DIR/busybox"
}

only_ambit() {
    [ "${PEERS_RUNTIME##*/}" = ambit-oci ] || skip "asks what only ambit-oci has"
}
