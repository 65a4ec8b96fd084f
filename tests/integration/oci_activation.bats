#!/usr/bin/env bats
# What a service manager and its services tell each other by environment, through ambit-oci: readiness
# (sd_notify(3), NOTIFY_SOCKET) and sockets that are handed down (sd_listen_fds(3), LISTEN_FDS).

load lib
load oci

teardown() {
    delete_all
    [ -z "$manager" ] || kill "$manager" 2>/dev/null || true
}

manager='' # its pid

# What waits for a service's word, and without it would wait for ever.
waits() { # ARGUMENT... (of the runtime)
    timeout -k 1 $((20 * ${TEST_SLOWNESS:-1})) "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

# The manager: writes each message to a file and confirms barriers, as systemd does.
manager() { # SOCKET OUTPUT
    rm -f "$1" "$2" # of an earlier one: its word would be taken for this one's
    python3 - "$1" >"$2" 2>&1 3>&- <<'PYTHON' &
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
listener.settimeout(30)
print("listening", flush=True)
while True:
    text, ancillary, _, _ = listener.recvmsg(65536, socket.CMSG_SPACE(64))
    print(text.decode().strip(), flush=True)
    for _, _, data in ancillary:
        for fd in array.array("i", data[: len(data) // 4 * 4]):
            os.close(fd)
    if b"BARRIER" in text:
        break
PYTHON
    manager=$!
    await 10 grep -q listening "$2"
}

# With the host's own programs in it: the service is systemd-notify.
notifying='.mounts += [("/usr", "/lib", "/lib64") | {destination: ., source: ., type: "bind", options: ["rbind", "ro"]}] |
    .process.args = ["/usr/bin/sh", "-c", "
        systemd-notify --status=busy && systemd-notify MAINPID=666 && systemd-notify --ready --status=up;
        echo $NOTIFY_SOCKET; exec sleep 1000"]'

@test "NOTIFY_SOCKET: run waits until the service is ready and says its pid to the manager" {
    require test -x /usr/bin/systemd-notify -- "no systemd-notify"
    configure "$notifying"
    manager "$TEST_DIR/manager" "$TEST_DIR/told"
    NOTIFY_SOCKET=$TEST_DIR/manager waits run --detach --bundle "$BUNDLE" c </dev/null >"$TEST_DIR/said" 2>&1 3>&-
    await 10 grep -q BARRIER "$TEST_DIR/told"
    grep -qx READY=1 "$TEST_DIR/told"
    grep -qx "MAINPID=$(oci state c | jq .pid)" "$TEST_DIR/told"
    # What else the service says is its own affair: a manager must not be told a foreign pid.
    ! grep -E '666|STATUS' "$TEST_DIR/told" || false
    await 10 grep -qx /run/notify/notify.sock "$TEST_DIR/said"
}

@test "NOTIFY_SOCKET: a service may go on talking when it is ready" {
    require test -x /usr/bin/systemd-notify -- "no systemd-notify"
    configure "$notifying" '.process.args[2] = "systemd-notify --ready; i=0
        while [ $i -lt 30 ]; do systemd-notify --status=$i 2>/dev/null; i=$((i + 1)); done; echo $i"'
    manager "$TEST_DIR/manager" "$TEST_DIR/told"
    NOTIFY_SOCKET=$TEST_DIR/manager run -0 waits run --bundle "$BUNDLE" c </dev/null
    expect_output 30
}

@test "NOTIFY_SOCKET: for create and start it is start that waits; an end is no readiness" {
    require test -x /usr/bin/systemd-notify -- "no systemd-notify"
    configure "$notifying"
    manager "$TEST_DIR/manager" "$TEST_DIR/told"
    export NOTIFY_SOCKET=$TEST_DIR/manager
    oci create --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
    [ "$(cat "$TEST_DIR/told")" = listening ]
    waits start c 3>&-
    grep -qx "MAINPID=$(oci state c | jq .pid)" "$TEST_DIR/told"
    delete_all
    manager "$TEST_DIR/manager" "$TEST_DIR/told"
    configure . '.process.args = ["/init", "env", "NOTIFY_SOCKET"]'
    run --separate-stderr waits run --bundle "$BUNDLE" c </dev/null
    expect_status 0
    expect_output /run/notify/notify.sock
    [ "$(cat "$TEST_DIR/told")" = listening ]
}

listening() { # PID-OR-self OPTION...: run with one socket-like descriptor that is meant for PID
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'exec 3<"$1" 4<"$1"; pid=$2; [ "$pid" != self ] || pid=$$
        program=$3 root=$4 bundle=$5; shift 5
        LISTEN_FDS=1 LISTEN_PID=$pid exec "$program" --root "$root" run --bundle "$bundle" "$@" c' - \
        "$TEST_DIR/config.json" "$1" "$PROGRAMS/ambit-oci" "$TEST_DIR/oci" "$BUNDLE" "${@:2}" </dev/null
}

@test "LISTEN_FDS: descriptors that are meant for the runtime go on to the program" {
    configure . '.process.args = ["/init", "env", "LISTEN_FDS", "LISTEN_PID", ",", "fds"]'
    listening self
    expect_status 0
    expect_line 1 # both: one descriptor, and the program is process 1
    expect_match '^3 .*/config.json'
    ! grep -E '^4 ' <<<"$output" || false
    listening self --preserve-fds 1
    expect_status 0
    expect_match '^4 .*/config.json'
    # Somebody else's stay where they are.
    listening 1
    expect_status 1
    configure . '.process.args = ["/init", "fds"]'
    listening 1
    expect_status 0
    ! grep -E '^3 ' <<<"$output" || false
}
