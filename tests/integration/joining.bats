#!/usr/bin/env bats
# Namespaces shared between containers: who sees what of whom, and who owns what.

load lib

# A container `first` that is up, and what is asked of it.
up() { # OPTION...
    start first "$@" "$IMAGE" /init touch /dev/shm/mine , say up , pause
}

@test "with its processes comes its user namespace" {
    up
    try run --rm --pid container:first "$IMAGE" /init ls /proc , readlink /proc/self/ns/user
    local user
    user=$(ambit exec first /init readlink /proc/self/ns/user)
    stop first
    expect_status 0
    expect_line 1
    expect_line "$user"
}

@test "its processes cannot be shown to another user namespace" {
    up
    try run --rm --pid container:first --userns private "$IMAGE"
    stop first
    expect_error 125 "--pid=container:first: cannot be used with a user namespace of its own"
}

@test "with its IPC comes its /dev/shm" {
    up
    try run --rm --ipc container:first "$IMAGE" /init ls /dev/shm , touch /dev/shm/yours
    run ambit exec first /init ls /dev/shm
    stop first
    expect_status 0
    expect_line mine
    expect_line yours
    try run --rm "$IMAGE" /init ls /dev/shm
    expect_no_line mine
}

@test "with its network come its names" {
    up --add-host db:10.0.0.5
    try run --rm --net container:first "$IMAGE" /init cat /etc/hosts
    stop first
    expect_status 0
    expect_match '^10\.0\.0\.5[[:space:]]db$'
}

@test "a network can be shared without sharing the user namespace" {
    up
    local net
    net=$(ambit exec first /init readlink /proc/self/ns/net)
    try run --rm --net container:first --userns private "$IMAGE" \
        /init readlink /proc/self/ns/net , readlink /proc/self/ns/user
    local user
    user=$(ambit exec first /init readlink /proc/self/ns/user)
    stop first
    expect_line "$net"
    expect_no_line "$user"
}

@test "names, clocks and cgroups can be shared, with and without the user namespace" {
    up
    local kind option
    for option in uts:uts timens:time cgroupns:cgroup; do
        kind=${option#*:} option=${option%:*}
        local theirs
        theirs=$(ambit exec first /init readlink "/proc/self/ns/$kind")
        for user in private container:first; do
            try run --rm "--$option" container:first --userns $user "$IMAGE" \
                /init readlink "/proc/self/ns/$kind"
            expect_status 0
            expect_line "$theirs"
        done
    done
    stop first
}

@test "a symlink in the place of /dev/shm leads nowhere" {
    start first --privileged "$IMAGE" /init umount /dev/shm , remove /dev/shm , \
        symlink / /dev/shm , say up , pause
    try run --rm --ipc container:first "$IMAGE" /init ls /dev/shm
    stop first
    expect_error 125 'dev/shm'
}

@test "following never ends in the host's user namespace" {
    start first --userns host "$IMAGE" /init say up , pause
    local host
    host=$(readlink /proc/self/ns/user)
    try run --rm --net container:first "$IMAGE" /init readlink /proc/self/ns/user
    stop first
    expect_status 0
    expect_no_line "$host"
}

@test "names and their options need a namespace of one's own" {
    up
    try run --rm --uts container:first --hostname x "$IMAGE"
    expect_error 125 '--hostname: cannot be used with --uts=container:first'
    try run --rm --net container:first --dns 1.1.1.1 "$IMAGE"
    expect_error 125 '--dns: cannot be used with --net=container:first'
    stop first
}

@test "a container that ends before its namespace is opened is named" {
    require command -v strace -- "strace is not installed"
    local pid joiner outcome=0
    up
    pid=$(ambit inspect --format '{{.State.Pid}}' first)
    strace -f -o "$BATS_TEST_TMPDIR/trace" -P "/proc/$pid/ns/net" -e trace=open,openat \
        -e inject=open,openat:delay_enter=2500000 \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --net container:first \
        "$IMAGE" /init pid >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    joiner=$!
    sleep 0.7
    stop first
    wait "$joiner" || outcome=$?
    cat "$BATS_TEST_TMPDIR/out"
    [ "$outcome" -eq 125 ]
    grep -q 'container first is not running' "$BATS_TEST_TMPDIR/out"
}

# With the number of a container that ends just then another process would be joined: here the host's.
@test "a container that ends while it is joined is not mistaken for who gets its process id" {
    require test -w /proc/sys/kernel/ns_last_pid -- "process ids cannot be chosen here"
    local pid joiner heir='' i last=/proc/sys/kernel/ns_last_pid
    up
    pid=$(ambit inspect --format '{{.State.Pid}}' first)
    strace -f -o "$BATS_TEST_TMPDIR/trace" -P "/proc/$pid/ns/net" -e trace=open,openat \
        -e inject=open,openat:delay_enter=2500000 \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --net container:first \
        "$IMAGE" /init readlink /proc/self/ns/net >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    joiner=$!
    sleep 0.7
    stop first
    for ((i = 0; i < 200; i++)); do
        echo $((pid - 1)) >"$last"
        sleep 20 3>&- &
        heir=$!
        [ "$heir" -eq "$pid" ] && break
        kill "$heir"
        wait "$heir" || true
    done
    local outcome=0
    wait "$joiner" || outcome=$?
    kill "$heir"
    require test "$heir" -eq "$pid" -- "the process id was not to be had"
    cat "$BATS_TEST_TMPDIR/out"
    [ "$outcome" -eq 125 ]
    grep -q 'container first is not running' "$BATS_TEST_TMPDIR/out"
}
