#!/usr/bin/env bats
# What callers of runc rely on without saying so: each of these was compared with runc 1.1.

load lib
load oci

setup() {
    mkdir -p "$BUNDLE/rootfs/private"
    chmod 700 "$BUNDLE/rootfs/private"
}

teardown() {
    delete_all
}

process_of() { # FILTER COMMAND
    jq -n --arg command "$2" '{cwd: "/", args: ("/init " + $command | split(" "))} | '"$1" \
        >"$TEST_DIR/process.json"
}

@test "a working directory that only root may enter is entered for other users too" {
    run_with '.process.cwd = "/private" | .process.user.uid = 1000' 'cwd , status CapPrm CapEff'
    expect_status 0
    expect_output $'/private\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000'
    run_with '.process.cwd = "/private" | .process.user.uid = 1000 |
        .process.noNewPrivileges = false | .linux.seccomp.defaultAction = "SCMP_ACT_ALLOW"' \
        'cwd , status CapPrm CapEff'
    expect_output $'/private\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000'
    start_with '.process.cwd = "/private"'
    try_oci exec --user 1000:1000 c /init cwd , open /private
    expect_match '^/private$'
    [ "$status" -ne 0 ] || { show; return 1; }
}

@test "one that only the user may enter is entered as well" {
    mkdir -p "$BUNDLE/rootfs/own"
    chmod 700 "$BUNDLE/rootfs/own"
    chown 1000 "$BUNDLE/rootfs/own"
    run_with '.process.cwd = "/own" | .process.user.uid = 1000 | .process.capabilities = {}' cwd
    expect_output /own
}

@test "a caller that ignores SIGCHLD gets its answers, and the program does not ignore it" {
    # shellcheck disable=SC2016 # for the inner shell
    configure . '.process.args = ["/init", "status", "SigIgn"]'
    try_oci_ignoring() {
        run --separate-stderr bash -c 'trap "" CHLD; exec "$@"' - "$PROGRAMS/ambit-oci" \
            --root "$TEST_DIR/oci" "$@" </dev/null
    }
    try_oci_ignoring run --bundle "$BUNDLE" c
    expect_status 0
    ((!(16#${output#*$'\t'} & 1 << 16))) # bit 16: signal 17
    start_with .
    try_oci_ignoring exec c /init exit 7
    expect_status 7
}

@test "without device rules all but the usual devices are denied" {
    mkdir -p "$BUNDLE/rootfs/nodes"
    local more
    for more in 'del(.linux.resources)' '.linux.resources.devices = []'; do
        run_with "$more | .root.readonly = false | (.process.capabilities[]) += [\"CAP_MKNOD\"] |
            del(.process.capabilities.ambient, .process.capabilities.inheritable)" \
            'mknod /nodes/mem c 1 1 , open /nodes/mem'
        grep -q 'open /nodes/mem: Operation not permitted' <<<"$errors"
        rm -f "$BUNDLE/rootfs/nodes/mem"
        run_with "$more" 'open /dev/null , open /dev/zero'
        expect_status 0
    done
}

@test "a created container ends by the signals that end a program" {
    local signal
    for signal in TERM INT HUP QUIT; do
        configure . '.process.args = ["/init", "status", "SigCgt"]'
        oci create --bundle "$BUNDLE" c </dev/null >"$TEST_DIR/out" 2>&1 3>&-
        oci kill c "$signal"
        await 5 eval "oci state c | jq -e '.status == \"stopped\"'"
        oci delete c
    done
    oci create --bundle "$BUNDLE" c </dev/null >"$TEST_DIR/out" 2>&1 3>&-
    oci start c
    await 5 grep -qx $'SigCgt:\t0000000000000000' "$TEST_DIR/out" # nothing of it reaches the program
}

@test "exec has the container's oomScoreAdj, not its caller's" {
    start_with '.process.oomScoreAdj = 500'
    try_oci exec c /init cat /proc/self/oom_score_adj
    expect_output 500
    process_of . 'cat /proc/self/oom_score_adj'
    try_oci exec --process "$TEST_DIR/process.json" c
    expect_output 500
    process_of '.oomScoreAdj = 600' 'cat /proc/self/oom_score_adj'
    try_oci exec --process "$TEST_DIR/process.json" c
    expect_output 600
}

@test "exec --process: capabilities and limits that are left out are the container's" {
    start_with '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 321, hard: 654}]'
    process_of . 'status CapBnd , limit nofile'
    try_oci exec --process "$TEST_DIR/process.json" c
    expect_line $'CapBnd:\t0000000020000420'
    expect_match '321.*654'
    process_of '.capabilities = {} | .rlimits = [{type: "RLIMIT_NOFILE", soft: 9, hard: 9}]' \
        'status CapBnd , limit nofile'
    try_oci exec --process "$TEST_DIR/process.json" c
    expect_line $'CapBnd:\t0000000000000000'
    expect_match '9.*9'
}

@test "an option with an empty value is an option that is not given" {
    start_with .
    try_oci exec --cwd '' --user '' --process '' --apparmor '' --process-label '' --pid-file '' \
        --console-socket '' c /init cwd
    expect_status 0
    expect_output /
    try_oci update --resources '' --cpuset-cpus '' --cpuset-mems '' c
    expect_status 0
    oci delete --force c
    configure . '.process.args = ["/init", "pid"]'
    try_oci run --bundle "$BUNDLE" --pid-file '' --console-socket '' c </dev/null
    expect_status 0
}

@test "HOME without a value is looked up like one that is missing" {
    mkdir -p "$BUNDLE/rootfs/etc"
    echo 'user:x:1000:1000::/home/user:/bin/sh' >"$BUNDLE/rootfs/etc/passwd"
    run_with '.process.user.uid = 1000 | .process.env = ["HOME="]' 'env HOME'
    expect_output /home/user
    run_with '.process.user.uid = 1000 | .process.env = ["HOME=/x"]' 'env HOME'
    expect_output /x
}

@test "a capability has the name of capabilities(7), or is not known" {
    run_with '.process.capabilities |= {bounding: ["kill", "KILL", "cap_kill", "CAP_CHOWN"]}' 'status CapBnd'
    expect_status 0
    expect_output $'CapBnd:\t0000000000000001'
    grep -q "unknown capability 'KILL'" <<<"$errors"
}

@test "options of a mount may stand in one text, be empty, or be runc's acl" {
    mkdir -p "$BUNDLE/rootfs/mnt"
    run_with '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs",
        options: ["size=1m,mode=700", "", "acl", "nodev,noexec"]}] | .linux.rootfsPropagation = ""' mounts
    expect_status 0
    expect_match ' /mnt .*noexec.*size=1024k,mode=700'
}

@test "a process that is killed before its program runs is an error of create" {
    configure '.linux.resources.memory = {limit: 20000}' '.process.args = ["/init", "pid"]'
    try_oci create --bundle "$BUNDLE" c </dev/null
    expect_error 1 'the process was killed before .is linux.resources.memory.limit too low'
    [ -z "$(oci list -q)" ]
}

@test "update: a limit of processes of 0 changes nothing" {
    local pids=/sys/fs/cgroup/pids
    [ -d "$pids" ] || pids=/sys/fs/cgroup
    start_with '.ociVersion = "1.0.2" | .linux.resources.pids = {limit: 20}'
    echo '{"pids": {"limit": 0}}' | oci update --resources - c
    [ "$(cat "$pids/${TEST_DIR##*/}/pids.max")" = 20 ]
}

@test "run passes each signal on, a third SIGINT and the watchdog's SIGABRT too" {
    configure . '.process.args = ("/init await TERM , await INT , await TERM , await ABRT , exit 3" | split(" "))'
    oci run --bundle "$BUNDLE" c </dev/null >"$TEST_DIR/out" 2>&1 3>&- &
    local runner=$! signal words=0 end=0
    for signal in TERM INT TERM ABRT; do
        words=$((words + 1))
        await 10 eval "[ \$(grep -c ready \"$TEST_DIR/out\") -eq $words ]"
        kill -s "$signal" "$(pgrep -P $runner -x ambit-oci || echo $runner)"
    done
    wait $runner || end=$?
    [ "$end" -eq 3 ] || { cat "$TEST_DIR/out"; false; }
    [ "$(grep got "$TEST_DIR/out")" = $'got TERM\ngot INT\ngot TERM\ngot ABRT' ]
}

@test "no keys leave a terminal: they are the program's" {
    configure '.process.terminal = true' '.process.args = ["/init", "cat", "/dev/stdin"]'
    run -0 timeout -s KILL 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c \
        < <(printf '\020\021x\n\004')
    expect_match $'\020x'
    start_with .
    run -0 timeout -s KILL 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec -t c /init cat /dev/stdin \
        < <(printf '\020\021x\n\004')
    expect_match $'\020x'
}
