#!/usr/bin/env bats
# Class A: the host's program and the engine's own processes, seen from a container. Class C:
# descriptors and working directories that leak in. CVE-2016-9962, 2019-5736, 2024-21626.

load ../integration/lib

@test "a container has three descriptors" {
    exec 7</etc/passwd 8</
    try run --rm "$IMAGE" /init fds
    exec 7<&- 8<&-
    expect_status 0
    [ "$(wc -l <<<"$output")" -eq 3 ] || { show; false; }
    run cut -d' ' -f1 <<<"$output"
    expect_output $'0\n1\n2'
}

@test "so has an exec" {
    start fds "$IMAGE" /init say up , pause
    exec 7</etc/passwd 8</
    try exec fds /init fds
    exec 7<&- 8<&-
    local seen=$output
    stop fds
    run cut -d' ' -f1 <<<"$seen"
    expect_output $'0\n1\n2'
}

# Where a descriptor of the engine's is a directory of the container, so be it.
inside_or_refused() {
    [ "$status" -ne 0 ] || { grep -qx init <<<"$output" && ! grep -qx home <<<"$output"; } || { show; return 1; }
}

@test "no working directory leads out: /proc/self/fd/N" {
    local fd
    start held "$IMAGE" /init say up , pause
    for fd in $(seq 3 40); do
        try run --rm -w "/proc/self/fd/$fd" "$IMAGE" /init ls ../../../..
        inside_or_refused || { stop held; false; }
        try exec -w "/proc/self/fd/$fd" held /init ls ../../../..
        inside_or_refused || { stop held; false; }
    done
    stop held
}

@test "a working directory that is a link to /proc/self/fd leads nowhere either" {
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    local fd
    for fd in $(seq 3 20); do
        ln -sfn "/proc/self/fd/$fd" "$BATS_TEST_TMPDIR/rootfs/door"
        try run --rm --rootfs "$BATS_TEST_TMPDIR/rootfs" -w /door /init ls ../../../..
        inside_or_refused
    done
}

@test "the host's program cannot be reached through /proc/PID/exe" {
    local before
    before=$(sha256sum "$PROGRAMS/ambit")
    # Process 1's program is the container's; the engine has no process in here.
    try run --rm "$IMAGE" /init readlink /proc/1/exe , readlink /proc/self/exe
    expect_output $'/init\n/init'
    # A command that is the runtime's own program, by the magic link: it must be the container's.
    try run --rm "$IMAGE" /proc/self/exe say hello
    [[ "$output" != *"Usage: ambit"* ]] || { show; false; }
    start shared "$IMAGE" /init say up , pause
    try exec shared /proc/self/exe say hello
    [[ "$output" != *"Usage: ambit"* ]] || { show; stop shared; false; }
    stop shared
    [ "$(sha256sum "$PROGRAMS/ambit")" = "$before" ]
}

@test "the engine's process in the container's namespaces cannot be looked into during exec" {
    # A process of the container with the power to ptrace tries the program of everything that comes.
    start spied --cap-add SYS_PTRACE -v "$HOSTILE/spy:/spy:ro" "$IMAGE" /spy
    local i
    for ((i = 0; i < 100; i++)); do
        ambit exec spied /init pid >/dev/null || true
    done
    await 10 grep -q "done" "$TEST_DIR/spied.out"
    stop spied
    ! grep saw "$TEST_DIR/spied.out" || { sort "$TEST_DIR/spied.out" | uniq -c; false; }
}

# The spy needs luck for a moment that short, and a change of ids makes a process dumpable only where
# fs.suid_dumpable is 1: so the order of the calls is looked at.
joins_hidden() { # ARGUMENT...: of ambit
    local trace=$BATS_TEST_TMPDIR/trace
    strace -f -qq -o "$trace" -e trace=prctl,setns,clone,clone3,setresuid,setresgid \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@" >/dev/null
    awk '
        / prctl\(PR_SET_DUMPABLE, SUID_DUMP_DISABLE/ { hidden[$1] = 1 }
        / setres[ug]id\(/ { hidden[$1] = 0 }
        / setns\(/ { joined[$1] = 1; joins++ }
        / (setns|clone3?)\(/ && joined[$1] && !hidden[$1] { print "can be looked into: " $0; bad = 1 }
        END { if (!joins) print "nothing was joined"; exit bad || !joins }' "$trace" ||
        { cat "$trace"; return 1; }
}

@test "whoever joins namespaces is hidden before, and again after a change of ids" {
    require command -v strace -- "strace is not installed"
    start joined "$IMAGE" /init say up , pause
    joins_hidden exec joined /init pid
    joins_hidden run --rm --net container:joined "$IMAGE" /init pid
    joins_hidden enter joined /init pid
    stop joined
}

closed() { # COMMAND...: without standard streams; bats' run keeps its own
    "$@" 0<&- 1>&- 2>&-
}

@test "a closed standard stream of the caller's is no way out: nothing of the host's takes its place" {
    local fd up=/../../../../../../../..
    start held --userns host "$IMAGE" /init say up , pause
    for fd in 0 1 2; do
        run closed ambit run --rm -i --userns host "$IMAGE" "/proc/self/fd/$fd$up$TEST_DIR/rootfs/init" exit 33
        [ "$status" -ne 33 ] || { echo "run: a program of the host's by way of $fd"; stop held; false; }
        run closed ambit exec -i held "/proc/self/fd/$fd$up$TEST_DIR/rootfs/init" exit 33
        [ "$status" -ne 33 ] || { echo "exec: a program of the host's by way of $fd"; stop held; false; }
    done
    stop held
    # and they are there
    run closed ambit run --rm -i --userns host "$IMAGE" /init exit 33
    [ "$status" -eq 33 ] || { show; false; }
}

@test "a terminal or file of the caller's is not in the container's hands" {
    require command -v script -- "no script(1)"
    # What is typed next would be read by a container in the background: 1 and 2 are open for reading.
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -i '$IMAGE' /init isatty , fds" /dev/null
    output=${output//$'\r'/}
    expect_line "0 none"
    expect_line "1 none"
    expect_line "2 none"
    [ "$(grep -cE '^[012] pipe:' <<<"$output")" -eq 3 ] || { show; false; }
    # A log that is appended to could be truncated.
    ambit run --rm "$IMAGE" /init fds >"$BATS_TEST_TMPDIR/log" 2>&1
    [ "$(grep -cE '^[12] pipe:' "$BATS_TEST_TMPDIR/log")" -eq 2 ] || { cat "$BATS_TEST_TMPDIR/log"; false; }
    start typed "$IMAGE" /init say up , pause
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' exec -i typed /init isatty" /dev/null
    stop typed
    output=${output//$'\r'/}
    expect_line "0 none"
    expect_line "2 none"
}

@test "input cannot be pushed into the caller's terminal" {
    require command -v script -- "no script(1)"
    # TIOCSTI (CVE-2016-10124): the container's terminal is another one than the caller's
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -it '$IMAGE' /init tiocsti x; read -t 1 -r line; echo \"read:<\$line>\"" /dev/null
    [[ $output == *"read:<>"* ]] || { echo "$output"; false; }
}
