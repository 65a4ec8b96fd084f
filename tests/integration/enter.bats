#!/usr/bin/env bats
# `ambit enter`: which namespaces are joined, as whom, and what does not leak through.

load lib

setup_file() {
    prepare_store
    start web --hostname webhost --memory 64m --cpus 0.5 -e FROM=container -w /tmp \
        "$IMAGE" /init say up , pause
}

teardown_file() {
    stop web
    discard_store
}

pid_of() {
    ambit explain --json "$1" | sed -n 's/^  "pid": \([0-9]*\),/\1/p'
}

same_namespace() { # PID TYPE EXPECTED-LINE
    expect_line "$(readlink "/proc/$1/ns/$2")"
}

@test "all namespaces: pid, ids, host name, root, working directory, environment" {
    try enter web /init pid , id , hostname , cwd , env FROM
    expect_status 0
    expect_match '^pid=[2-9]'
    expect_match 'uid=0'
    expect_line webhost
    expect_line /tmp
    expect_match '^(FROM=)?container$'
}

@test "chosen namespaces only" {
    local pid
    pid=$(pid_of web)
    try enter --uts web readlink /proc/self/ns/uts /proc/self/ns/net /proc/self/ns/mnt
    expect_status 0
    same_namespace "$pid" uts
    same_namespace self net
    same_namespace self mnt
    try enter --net web cat /proc/net/dev
    expect_status 0
    [ "$(grep -c : <<<"$output")" -eq 1 ] || { show; false; }
    try enter --mount web /init ls /
    expect_line init
}

@test "the exit status is the command's; 126 and 127 are told" {
    try enter --uts web bash -c 'exit 42'
    expect_status 42
    try enter web /init exit 43
    expect_status 43
    try enter web /init die KILL
    expect_status 137
    try enter web nosuchprogram
    expect_error 127 nosuchprogram
    try enter web /no/such
    expect_error 127 /no/such
    try enter web /tmp
    expect_error 126 /tmp
    try enter --uts web /tmp
    expect_error 126 /tmp
}

@test "no descriptor of the host comes along" {
    exec {leak}</etc
    try enter web /init fds
    exec {leak}<&-
    expect_status 0
    [[ $output != *etc* ]] || { show; false; }
    ! grep -qE '^([4-9]|[0-9]{2,})' <<<"$output" || { show; false; }
}

@test "--user and --workdir" {
    try enter --user 1000:1001 web /init id
    expect_match 'uid=1000'
    expect_match 'gid=1001'
    try enter --workdir /dev web /init cwd
    expect_output /dev
    try enter --workdir /no web /init cwd
    expect_error 125 'workdir'
    try enter --user root web /init id
    expect_error 125 "'root' is not UID"
}

@test "--cgroup: the container's limits hold" {
    local pid
    pid=$(pid_of web)
    run bash -c "grep memory /proc/$pid/cgroup || cat /proc/$pid/cgroup"
    local line=$output
    try enter --cgroup --uts web cat /proc/self/cgroup
    expect_line "$line"
    try enter --uts web cat /proc/self/cgroup
    expect_no_line "$line"
}

@test "the command dies with ambit" {
    background enter web /init sleep 61
    local pid=$!
    await 5 pgrep -f '^/init sleep 61$'
    kill -KILL "$pid"
    await 5 eval '! pgrep -f "^/init sleep 61$"'
}

@test "signals go to the command" {
    background enter web /init say ready , await TERM >"$TEST_DIR/signal.out"
    local pid=$! status=0
    await 5 test -s "$TEST_DIR/signal.out"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [ "$status" -eq 0 ] || { echo "status $status"; false; }
    grep -q TERM "$TEST_DIR/signal.out"
}

@test "a terminal of the caller is not given away" {
    require command -v script -- "script (bsdutils) is missing"
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' \
        enter web /init isatty" /dev/null
    expect_status 0
    expect_match '0'
    # A character it types goes to its own terminal; typed into the caller's, `read` would have it.
    # /dev/tty, which every program can open, is not the caller's either.
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' \
        enter --uts web sh -c ': </dev/tty' </dev/null 2>&1 | grep -c tty" /dev/null </dev/null
    expect_match '^1'
    # With output into a pipe it has the caller's as standard input, and may not type there.
    local pipe
    for pipe in '' '| cat'; do
        run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' \
            enter web /init tiocsti X $pipe; read -t 1 -n 1 c; echo \"got=\$c\"" /dev/null </dev/null
        expect_match 'got=[^X]*$'
    done
}

@test "a process without a container: its namespaces, by pid" {
    background unshare --uts --hostname aside sleep 62
    local pid=$!
    await 5 grep -qx sleep "/proc/$pid/comm"
    try enter "$pid" hostname
    kill "$pid"
    expect_output aside
}

@test "what is not there" {
    try enter nosuch true
    expect_error 125 "no such container: nosuch"
    try enter ns:/etc/passwd true
    expect_error 125 '/etc/passwd: this file is not a namespace'
    try enter ns:/no/such true
    expect_error 125 'No such file'
    try enter
    expect_error 125 'an argument is missing'
}
