#!/usr/bin/env bats
# containerd and its shim (containerd-shim-runc-v2) with ambit-oci as the binary: docs/containerd.md.
# timeout: 300

load lib

setup_file() {
    make_world
    make_image "$TEST_DIR/busybox.tar"
    serve containerd containerd --config /dev/null
    await 30 inside ctr version || { tail -20 "$TEST_DIR/containerd.log"; return 1; }
    inside ctr image import --base-name busybox "$TEST_DIR/busybox.tar" >/dev/null
    inside ctr image tag "$(inside ctr image ls -q | head -n 1)" "$BUSYBOX" >/dev/null
}

export BUSYBOX=docker.io/library/busybox:latest

teardown_file() {
    inside sh -c 'for id in $(ctr task ls -q); do ctr task rm -f $id; done >/dev/null 2>&1
        ls /run/containerd/runc/default 2>/dev/null
        find /sys/fs/cgroup -path "*/default/*" -type d
        ps ax | grep "[a]mbit-oci\|[c]ontainerd-shim"' >"$TEST_DIR/left" || true
    end_world
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

ctr() {
    at ctr "$@"
}

once() { # ID OPTION... -- COMMAND...
    local id=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    at ctr run --rm --runc-binary "$PEERS_RUNTIME" "${options[@]}" "$BUSYBOX" "$id" "$@"
}

background() { # ID COMMAND...
    at ctr run -d --runc-binary "$PEERS_RUNTIME" "$BUSYBOX" "$@"
    expect_status 0
}

task_status() { # ID
    inside ctr task ls | awk -v id="$1" '$1 == id { print $3 }'
}

gone() { # ID
    inside ctr task rm -f "$1" >/dev/null 2>&1 || true
    at ctr container rm "$1"
    expect_status 0
}

@test "run: output, exit status, what cannot be run" {
    once one -- sh -c 'echo hello; exit 7'
    expect_status 7
    expect_output hello
    once two -- /nothing
    expect_status 1
    grep -q 'no such file or directory' <<<"$errors"
    once three -- /etc/passwd
    grep -q 'permission denied' <<<"$errors"
    once four --null-io -- echo hello
    expect_output ''
}

@test "options: read-only, user's directory and environment, mounts, network, cgroup, seccomp" {
    once one --read-only -- touch /x
    expect_status 1
    once two --cwd /tmp --env A=b -- sh -c 'echo $PWD $A'
    expect_output '/tmp b'
    once three --mount type=bind,src=/etc,dst=/e,options=rbind:ro -- sh -c 'test -e /e/passwd && touch /e/x 2>&1'
    expect_output 'touch: /e/x: Read-only file system'
    once four --net-host -- sh -c 'ls /sys/class/net'
    expect_match 'lo'
    once five --cgroup /chosen/mine -- cat /proc/self/cgroup
    expect_match ':pids:/chosen/mine$|^0::/chosen/mine$'
    once six --seccomp -- cat /proc/self/status
    expect_match '^Seccomp:.2$'
    expect_match '^NoNewPrivs:.1$'
    once seven --device /dev/full -- sh -c 'echo x >/dev/full'
    grep -q 'No space left' <<<"$errors"
    once eight --with-ns network:/proc/1/ns/net -- readlink /proc/self/ns/net
    expect_output "$(inside readlink /proc/1/ns/net)"
}

@test "privileged: all that there is" {
    only_ambit
    once one --privileged -- sh -c 'mkdir /mnt; mount -t tmpfs x /mnt && echo mounted'
    expect_output mounted
}

@test "a terminal" {
    on_terminal ctr run --rm -t --runc-binary "$PEERS_RUNTIME" "$BUSYBOX" one sh -c 'tty; exit 3'
    expect_status 3
    expect_match '/dev/pts/0$'
}

@test "out of memory" {
    once one --memory-limit 20971520 -- tail /dev/zero
    expect_status 137
}

@test "task exec: status, user, directory, terminal; ps, metrics" {
    background web sleep 1000
    ctr task exec --exec-id a --user 1000 --cwd /tmp web sh -c 'id -u; pwd; exit 6'
    expect_status 6
    expect_output $'1000\n/tmp'
    on_terminal ctr task exec -t --exec-id b web sh -c 'tty; sleep 0.5'
    expect_match '/dev/pts/0$'
    ctr task exec --exec-id c web nothing
    expect_status 1
    grep -q 'executable file not found' <<<"$errors"
    ctr task ps web
    expect_match '^[0-9]+ '
    ctr task metrics web
    expect_match '^(memory.usage_in_bytes|memory.usage) +[1-9]'
    gone web
}

@test "pause, resume, signals, the status that is kept" {
    background web sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
    ctr task pause web
    [ "$(task_status web)" = PAUSED ]
    ctr task resume web
    [ "$(task_status web)" = RUNNING ]
    sleep 0.3
    ctr task kill -s TERM web
    await 10 eval '[ "$(task_status web)" = STOPPED ]'
    ctr task rm web
    grep -q 'exit code 5' <<<"$errors"
    gone web
}

@test "kill --all; deleting what is paused" {
    background web sh -c 'sleep 900 & sleep 900 & exec sleep 900'
    ctr task kill -s KILL --all web
    await 10 eval '[ "$(task_status web)" = STOPPED ]'
    gone web
    background web sleep 1000
    ctr task pause web
    ctr task rm -f web
    gone web
}

# The shim's delete is a new process that knows the container by its state directory alone.
@test "when the shim is killed, its successor cleans up" {
    background web sleep 1000
    local pid
    pid=$(inside ctr task ls | awk '$1 == "web" { print $2 }')
    inside sh -c 'kill -9 $(pgrep -f "[s]him-runc-v2.* -id web")'
    await 10 eval '[ -z "$(task_status web)" ]'
    at sh -c "test -d /proc/$pid"
    expect_status 1
    at ls /run/containerd/runc/default
    expect_output ''
    gone web
}

@test "200 MB through exec, 30 short execs, six at once" {
    background web sleep 1000
    at sh -c 'ctr task exec --exec-id b web head -c 200000000 /dev/zero | wc -c'
    expect_output 200000000
    PATIENCE=120 at sh -c 'for i in $(seq 30); do ctr task exec --exec-id x$i web echo $i || exit 1; done | wc -l'
    expect_output 30
    gone web
    PATIENCE=120 at sh -c 'for i in 1 2 3 4 5 6; do ctr run --rm --runc-binary "$1" "$2" many$i echo $i & done | sort | tr -d "\n"; wait' - \
        "$PEERS_RUNTIME" "$BUSYBOX"
    expect_output 123456
}
