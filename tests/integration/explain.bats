#!/usr/bin/env bats
# `ambit explain`: what is said of a container, of a plain process, and of hostile ones.

load lib

setup_file() {
    prepare_store
    start web --memory 64m --pids-limit 50 --cpus 0.5 --ulimit nofile=333 --hostname webhost \
        -v "$TEST_DIR:/data:ro" "$IMAGE" /init say up , pause
}

teardown_file() {
    stop web
    discard_store
}

json() { # KEY: a number or word of the explanation, by its first appearance
    sed -n "s/^ *\"$1\": \"\?\([^\",]*\)\"\?,\?\$/\1/p" <<<"$output" | head -n 1
}

host_link() { # PID TYPE: the id behind /proc/PID/ns/TYPE
    readlink "/proc/$1/ns/$2" | tr -dc 0-9
}

@test "a container: pid inside and outside, ids, files, limits" {
    try explain web
    expect_status 0
    expect_match '^web: container [0-9a-f]{12} of '
    expect_match 'boundary around it: [78] of its [78] namespaces'
    expect_match '^  pid .* it is 1 inside, [0-9]+ outside$'
    expect_match 'uid 0 inside is [0-9]+ outside; uid 1000 inside is [0-9]+'
    expect_match "it is on 'webhost'"
    expect_match '^  root +overlay: [0-9]+ read-only layer'
    expect_match '^  /data +.* its '
    expect_match '^  capabilities +[0-9]+ of root.s [0-9]+ powers'
    expect_match 'load kernel modules \(sys_module\)'
    expect_match 'no_new_privs'
    expect_match '^  system calls  filtered'
    expect_match '^  memory +.* of 64MiB'
    expect_match '^  processes +1 of 50$'
    expect_match 'at most 0\.50 of the host'
    expect_match '^  ulimit nofile 333 '
    [[ $output != *$'\033'* ]] || { echo "colours without a terminal"; false; }
}

@test "the ids said are the kernel's" {
    try explain --json web
    expect_status 0
    local pid
    pid=$(json pid)
    [ "$(json insidePid)" = 1 ]
    for type in user cgroup ipc uts net pid mnt; do
        expect_match "\"id\": $(host_link "$pid" "$type"),"
        expect_match "\"hostId\": $(host_link self "$type"),"
    done
    python3 - "$pid" <<PYTHON
import json, sys
told = json.loads('''$output''')
uid_map = open(f"/proc/{sys.argv[1]}/uid_map").read().split()
assert told["uidMap"] == [dict(zip(("inside", "outside", "count"), map(int, uid_map)))], told["uidMap"]
assert told["insideUid"] == 0 and told["uid"] == int(uid_map[1])
mounts = open(f"/proc/{sys.argv[1]}/mountinfo").read().splitlines()
assert len(told["mounts"]) == len(mounts)
assert told["cgroup"]["memoryLimitBytes"] == 64 << 20
assert told["cgroup"]["pidsLimit"] == 50
assert "sys_admin" in told["capabilities"]["missing"]
assert told["noNewPrivs"] is True
PYTHON
}

@test "the container is told from its pid too, and by the beginning of its id" {
    try explain --json web
    local pid id
    pid=$(json pid) id=$(json id)
    try explain "$pid"
    expect_match '^web: container '
    try explain "pid:$pid"
    expect_match '^web: container '
    try explain "${id:0:9}"
    expect_match '^web: container '
}

@test "a plain process has no boundary of its own, and that is said" {
    sleep 60 3>&- &
    local pid=$!
    try explain "$pid"
    kill "$pid"
    expect_status 0
    expect_match '^process '
    expect_match '^sleep 60$'
    [ "$(grep -c ' shared  ' <<<"$output")" -ge 7 ] || { show; false; }
    expect_match 'no boundary of its own|What bounds it is'
    expect_match 'The host|the host'
}

@test "without an argument it is about the caller" {
    run bash -c "'$PROGRAMS/ambit' explain; true"
    expect_status 0
    expect_match '^bash -c '
}

@test "--all lists every mount" {
    try explain --all web
    expect_match '^  /proc  '
    expect_match '^  /dev/pts  '
    try explain web
    ! grep -q '^  /dev/pts ' <<<"$output" || { show; false; }
}

@test "hostile names do not reach the terminal" {
    local name=$'evil\033]0;gotcha\007'
    cp "$INIT" "$BATS_TEST_TMPDIR/$name"
    "$BATS_TEST_TMPDIR/$name" sleep 60 $'arg\033[2J\u202e' 3>&- &
    local pid=$!
    try explain "$pid"
    kill "$pid"
    expect_status 0
    expect_match 'arg\\x1b\[2J\\u\{202e\}'
    [[ $output != *[$'\033\007']* ]] || { echo "control characters"; false; }
}

@test "what is not there: one line, status 125" {
    try explain no-such-container
    expect_error 125 "no such container: no-such-container"
    try explain pid:4194399
    expect_error 125 'no process 4194399'
    try explain pid:x
    expect_error 125 "'x' is not a process id"
    try explain 0
    expect_error 125 "not a process id"
}

@test "an ordinary user can explain his own processes and those of others in part" {
    require getent passwd nobody -- "no user nobody"
    require command -v setpriv -- "setpriv (util-linux) is missing"
    reachable_ambit "$TEST_DIR/copy"
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$TEST_DIR/copy/ambit" explain
    expect_status 0
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$TEST_DIR/copy/ambit" explain $$
    expect_status 0
    expect_match 'Not readable from here'
}
