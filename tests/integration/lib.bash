# What integration and security tests share. A test file begins with
#
#     load lib          (tests/security: load ../integration/lib)
#
# and gets a store and state directory of its own per file, holding one image: a rootfs with one
# static file, /init (tests/init). tests/run checks after each file that nothing is left.
#
# $IMAGE is that image's name.
#
#     ambit ARGUMENT...             the program under test, on this file's store
#     try ARGUMENT...               the same; sets $status, $output, $errors (bats' `run`)
#     expect_status N, expect_output TEXT, expect_line TEXT, expect_match REGEX
#     expect_error STATUS REGEX     exit status, and one line of error that says this
#     start NAME ARGUMENT...        a container in the background, running when this returns
#     stop NAME                     ends it
#     require CONDITION... -- WHY   skips, with the reason, unless the command CONDITION succeeds
#
# bats runs every line under `set -e`; `[[ ]]` and `!` do not stop a test in older bash: use expect_*.

bats_require_minimum_version 1.5.0

top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export TOP=$top
export PROGRAMS=${PROGRAMS:-$top/build/bin}
export INIT=${INIT:-$top/build/core/tests/init/init}
export HOSTILE=$top/build/core/tests/security # programs that play the attacker
export ARCHIVE=$top/tests/integration/archive

setup_file() {
    prepare_store
}

teardown_file() {
    discard_store
}

# A file with a setup_file of its own calls these two.
prepare_store() {
    if [ -n "${AMBIT_TEST_DIR:-}" ]; then
        export TEST_DIR=$AMBIT_TEST_DIR
    else # bats was called by hand
        TEST_DIR=$(mktemp -d /var/tmp/ambit-test.XXXXXX)
        export TEST_DIR
        chmod 711 "$TEST_DIR"
    fi
    export TEST_ROOT=$TEST_DIR/store TEST_STATE=$TEST_DIR/state
    mkdir -p "$TEST_DIR/rootfs"
    make_rootfs "$TEST_DIR/rootfs"
    "$ARCHIVE" --name init --cmd '/init pid' "$TEST_DIR/init.tar" "$TEST_DIR/rootfs"
    if ambit load --help >/dev/null 2>&1; then
        export IMAGE=init
        ambit load -q -i "$TEST_DIR/init.tar"
    else # until `load` is there: the one image that needs none
        export IMAGE=base AMBIT_DATADIR=$TEST_DIR
        cp "$TEST_DIR/init.tar" "$TEST_DIR/base.tar"
    fi
}

discard_store() {
    if [ -z "${AMBIT_TEST_DIR:-}" ]; then
        rm -rf --one-file-system "$TEST_DIR"
    fi
}

make_rootfs() { # DIR: the static test program and the mount points every container needs
    mkdir -p "$1"/{proc,sys,dev,tmp,etc,run}
    chmod 1777 "$1/tmp"
    cp "$INIT" "$1/init"
}

ambit() {
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@"
}

# Not in a function's subshell: $! is ambit itself, which unshare turns into the command.
background() {
    [ -z "${FAULT_LOG:-}" ] || skip "a script that keeps what is said stands between"
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@" 3>&- &
}

# Sets what bats' own `run --separate-stderr` sets, with stderr named $errors as well.
try() {
    run --separate-stderr ambit "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

show() {
    printf 'status: %s\noutput: %s\nerrors: %s\n' "$status" "$output" "${stderr:-}"
}

expect_status() {
    [ "$status" -eq "$1" ] || { show; echo "expected status $1"; return 1; }
}

expect_output() {
    [ "$output" = "$1" ] || { show; echo "expected output: $1"; return 1; }
}

expect_line() {
    grep -qxF -- "$1" <<<"$output" || { show; echo "expected a line: $1"; return 1; }
}

expect_no_line() {
    ! grep -qxF -- "$1" <<<"$output" || { show; echo "did not expect a line: $1"; return 1; }
}

expect_match() {
    grep -qE -- "$1" <<<"$output" || { show; echo "expected a match of: $1"; return 1; }
}

# An error is one line, names the program, and says what the test asks for.
expect_error() { # STATUS REGEX
    expect_status "$1"
    [ "$(wc -l <<<"$errors")" -eq 1 ] || { show; echo "expected one line of error"; return 1; }
    # ambit-oci without --log writes what runc does.
    grep -qE '^(ambit[a-z -]*: |time="[^"]+" level=error msg=")' <<<"$errors" || { show; echo "expected 'ambit: ...'"; return 1; }
    grep -qE -- "$2" <<<"${errors//\\\"/\"}" || # quotes are escaped there
        { show; echo "expected an error matching: $2"; return 1; }
}

await() { # SECONDS COMMAND...: until the command succeeds
    local i tries=$(($1 * 20 * ${TEST_SLOWNESS:-1}))
    shift
    for ((i = 0; i < tries; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    echo "not within the time: $*"
    return 1
}

reachable_ambit() { # DIR: makes DIR/ambit, a copy that ordinary users reach; the build they may not
    install -d -m 755 "$1" "$1/real"
    install -m 755 "$PROGRAMS/ambit" "$1/ambit"
    if [ -n "${FAULT:-}" ]; then
        install -m 755 "$FAULT_PROGRAMS/ambit" "$1/real/ambit"
        install -m 755 "$FAULT_DENY" "$1/deny"
        export FAULT_PROGRAMS=$1/real FAULT_DENY=$1/deny
    fi
}

# A foreground `run` in the background, its output in $TEST_DIR/NAME.out and .err. Use a command
# that says something when it is up (await, say ready): the start waits for the first output.
start() { # NAME ARGUMENT... (of run, without --name)
    local name=$1
    shift
    : >"$TEST_DIR/$name.out" # or what an earlier one of this name said would be taken for ours
    # Not the function: its subshell would be what signals go to.
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --name "$name" "$@" \
        >"$TEST_DIR/$name.out" 2>"$TEST_DIR/$name.err" </dev/null 3>&- &
    echo $! >"$TEST_DIR/$name.pid"
    # Or it has ended without a word, which nobody has to wait for.
    await 10 eval "test -s '$TEST_DIR/$name.out' || ! kill -0 $!" && test -s "$TEST_DIR/$name.out" ||
        { cat "$TEST_DIR/$name.err"; return 1; }
}

stop() { # NAME: with KILL, because most commands of /init, being process 1, ignore the rest
    local pid
    pid=$(cat "$TEST_DIR/$1.pid")
    ambit kill --signal KILL "$1" >/dev/null 2>&1 || true
    await 15 eval "! kill -0 $pid" || kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
}

require() { # COMMAND... -- REASON
    local command=()
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    "${command[@]}" >/dev/null 2>&1 || skip "$2"
}
