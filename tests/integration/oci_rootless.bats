#!/usr/bin/env bats
# ambit-oci for an ordinary user: a user namespace in which he is root, no power over the host.

load lib

USER_ID=54321

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/home/run" "$TEST_DIR/home/bundle/rootfs"
    cp "$PROGRAMS/ambit-oci" "$TEST_DIR/home/"
    make_rootfs "$TEST_DIR/home/bundle/rootfs"
    chown -R $USER_ID:$USER_ID "$TEST_DIR/home"
    as_user ./ambit-oci spec --rootless --bundle bundle
    change '.process.terminal = false'
    cp "$TEST_DIR/home/bundle/config.json" "$TEST_DIR/plain.json"
}

setup() {
    cp "$TEST_DIR/plain.json" "$TEST_DIR/home/bundle/config.json"
}

teardown() {
    as_user ./ambit-oci delete --force c
}

as_user() {
    (cd "$TEST_DIR/home" && exec setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups \
        env XDG_RUNTIME_DIR="$TEST_DIR/home/run" "$@" 3>&-)
}

change() { # JQ-FILTER
    jq "$1" "$TEST_DIR/home/bundle/config.json" >"$TEST_DIR/config.new"
    cat "$TEST_DIR/config.new" >"$TEST_DIR/home/bundle/config.json"
}

command_is() { # WORD...
    change ".process.args = $(jq -nc '$ARGS.positional' --args -- "$@")"
}

oci() {
    as_user ./ambit-oci "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

@test "he is root inside, with devices, mounts and names of the container's own" {
    command_is /init id , hostname , write /dev/null x , pid , stat /sys/kernel , stat /dev/tty
    try_oci run --bundle bundle c
    expect_status 0
    expect_line "uid=0 euid=0 gid=0 egid=0 groups="
    expect_line ambit
    expect_match '^pid=1 '
    expect_match '^/dev/tty type=char .*rdev=5:0'
}

@test "nothing of it is the host's root" {
    command_is /init mknod /tmp/null c 1 3
    change '.root.readonly = false'
    try_oci run --bundle bundle c
    [ "$status" -ne 0 ]
    command_is /init write /file text
    oci run --bundle bundle c
    [ "$(stat -c %u "$TEST_DIR/home/bundle/rootfs/file")" -eq $USER_ID ]
}

@test "the state is below XDG_RUNTIME_DIR; a life in single steps, and exec" {
    command_is /init sleep 1000
    oci create --bundle bundle c </dev/null >/dev/null 2>&1
    [ -d "$TEST_DIR/home/run/ambit/oci/c" ]
    oci start c
    [ "$(oci state c | jq -r .status)" = running ]
    try_oci exec c /init id
    expect_line "uid=0 euid=0 gid=0 egid=0 groups="
    pid=$(oci state c | jq .pid)
    [ "$(stat -c %u "/proc/$pid")" -eq $USER_ID ]
    oci kill c KILL
    await 5 eval '[ "$(oci state c | jq -r .status)" = stopped ]'
    oci delete c
    [ -z "$(oci list -q)" ]
}

@test "without a user namespace there is no container, and one line says so" {
    change '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
    try_oci run --bundle bundle c
    expect_error 1 'linux.namespaces: without CAP_SYS_ADMIN a container needs a namespace of type user'
    [ -z "$(oci list -q)" ]
}

@test "a second container joins the namespaces of the first" {
    local pid
    command_is /init sleep 1000
    oci create --bundle bundle c </dev/null >/dev/null 2>&1
    oci start c
    pid=$(oci state c | jq .pid)
    command_is /init readlink /proc/self/ns/user , readlink /proc/self/ns/ipc , cat /proc/self/uid_map
    change "del(.hostname) | .linux.namespaces |= map(if .type == \"user\" or .type == \"ipc\" or .type == \"uts\"
        then .path = \"/proc/$pid/ns/\" + .type else . end)"
    try_oci run --bundle bundle second
    expect_status 0
    expect_line "$(readlink "/proc/$pid/ns/user")"
    expect_line "$(readlink "/proc/$pid/ns/ipc")"
    expect_match "^ *0 +$USER_ID +1$"
}

@test "a limit where he may make no cgroup is refused; without one no cgroup is all right" {
    command_is /init id
    change '.linux.resources.pids.limit = 10 | .linux.cgroupsPath = "/ambit-rootless"'
    try_oci run --bundle bundle c
    expect_status 1
    grep -qE 'linux.cgroupsPath: .*Permission denied' <<<"$errors"
    change 'del(.linux.resources) | del(.linux.cgroupsPath)'
    try_oci run --bundle bundle c
    expect_status 0
}

@test "ps without a cgroup: the processes of the pid namespace and of those inside it" {
    local pid
    command_is /init sleep 100
    change 'del(.linux.resources) | del(.linux.cgroupsPath)'
    oci run -d --pid-file pid --bundle bundle c >"$TEST_DIR/log" 2>&1 </dev/null
    pid=$(cat "$TEST_DIR/home/pid")
    oci exec -d c /init sleep 101 >"$TEST_DIR/log" 2>&1 </dev/null
    try_oci ps -f json c
    [ "$(jq length <<<"$output")" = 2 ]
    [ "$(jq '.[0]' <<<"$output")" = "$pid" ]
    try_oci ps c -o pid,args
    expect_match "^ *$pid /init sleep 100"
    expect_match 'sleep 101$'
    try_oci kill c KILL
    await 5 eval '! kill -0 "$pid" 2>/dev/null'
    try_oci ps c
    expect_error 1 'container not running'
    try_oci delete c
    expect_status 0
}

@test "ids that are not his need newuidmap, which says whether he may have them" {
    command_is /init id
    change '.linux.uidMappings[0].size = 2'
    run --separate-stderr as_user env PATH=/nowhere ./ambit-oci run --bundle bundle c
    expect_status 1
    grep -q 'linux.uidMappings: .* needs newuidmap' <<<"$stderr"
    require command -v newuidmap -- "newuidmap is not installed"
    try_oci run --bundle bundle c
    expect_status 1
    grep -q 'linux.uidMappings: newuidmap:' <<<"$errors"
}
