#!/usr/bin/env bats
# `ambit unshare`: each namespace alone, ids, a root, clocks, and namespaces that are joined.

load lib

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/small/bin"
    make_rootfs "$TEST_DIR/small"
}

links() { # of what the caller has
    readlink /proc/self/ns/{user,cgroup,ipc,uts,net,mnt}
}

@test "each switch changes its own namespace and no other" {
    local type switch expected=6
    while read -r switch type; do
        try unshare "--$switch" readlink /proc/self/ns/{user,cgroup,ipc,uts,net,mnt}
        expect_status 0
        [ "$(comm -12 <(links | sort) <(sort <<<"$output") | wc -l)" -eq $((expected - 1)) ] ||
            { show; echo "--$switch"; false; }
        expect_no_line "$(readlink "/proc/self/ns/$type")"
    done <<<"userns user
cgroupns cgroup
ipc ipc
uts uts
net net
mount mnt"
}

@test "the caller itself moves: no process between" {
    background unshare --uts sleep 63
    local pid=$!
    await 5 grep -q '^sleep' "/proc/$pid/cmdline"
    [ -z "$(pgrep -P "$pid")" ]
    kill "$pid"
}

@test "--pid: the command is process 1, and --mount-proc shows it so" {
    try unshare --pid bash -c 'echo $$'
    expect_output 1
    try unshare --pid --mount-proc bash -c 'echo /proc/[0-9]*; :'
    expect_output "/proc/1"
}

@test "--net: loopback is up, nothing else is there" {
    try unshare --net cat /proc/net/dev
    expect_match '^ *lo:'
    [ "$(grep -c : <<<"$output")" -eq 1 ]
    try unshare --net bash -c 'exec 3<>/dev/udp/127.0.0.1/9 && echo reachable'
    expect_output reachable
}

@test "--hostname stays inside" {
    local before
    before=$(hostname)
    try unshare --hostname inside hostname
    expect_output inside
    [ "$(hostname)" = "$before" ]
}

@test "--userns alone is nobody, --map-root root without being root" {
    try unshare --userns id -u
    expect_output 65534
    try unshare --map-root id -u
    expect_output 0
    try unshare --map-root cat /proc/self/uid_map /proc/self/setgroups
    expect_match '^ +0 +0 +1$'
    expect_line deny
}

@test "--map-auto: 65,536 ids that nobody else has, given back at the end" {
    try unshare --map-auto bash -c 'cat /proc/self/uid_map; id -u'
    expect_status 0
    expect_match '^ +0 +(18[7-9]|19|20|21)[0-9]+ +65536$'
    expect_line 0
    await 5 test -z "$(ls "$TEST_STATE/idranges")"

    # Two at once have two ranges, and the store's check finds nothing wrong with them.
    background unshare --map-auto sleep 64
    local pid=$!
    await 5 grep -q '^sleep' "/proc/$pid/cmdline"
    try unshare --map-auto cat /proc/self/uid_map
    expect_no_line "$(cat "/proc/$pid/uid_map")"
    try system check
    expect_status 0
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    await 5 eval "[ -z \"\$(ls '$TEST_STATE/idranges')\" ]"
}

@test "an ordinary user needs no rights for --map-root" {
    require command -v setpriv -- "setpriv (util-linux) is missing"
    reachable_ambit "$TEST_DIR/copy"
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$TEST_DIR/copy/ambit" \
        unshare --map-root --pid --mount-proc --net --hostname mine bash -c 'id -u; hostname; echo $$'
    expect_status 0
    expect_output $'0\nmine\n1'
}

@test "what an ordinary user may not do is said: other namespaces alone, containers" {
    require command -v setpriv -- "setpriv (util-linux) is missing"
    local ordinary=(run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${ordinary[@]}" "$TEST_DIR/copy/ambit" unshare --net id
    errors=$stderr
    expect_error 125 'only in a user namespace \(--userns, --map-root\)'
    "${ordinary[@]}" "$TEST_DIR/copy/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" ps
    errors=$stderr
    expect_error 125 '--root: .*not supported yet, run ambit as root'
    "${ordinary[@]}" "$TEST_DIR/copy/ambit" --root /tmp/ambit-nobody --state /tmp/ambit-nobody run base true
    errors=$stderr
    rm -rf /tmp/ambit-nobody
    expect_error 125 'ordinary users are not supported yet: run ambit as root'
}

@test "--root: another root, the old one is out of reach" {
    try unshare --root "$TEST_DIR/small" --pid --mount-proc /init ls / , pid , mounts
    expect_status 0
    expect_line init
    expect_no_line home
    expect_match '^pid=1'
    expect_match ' ?/proc'
    run awk '$1 ~ /^[0-9]+$/ { print $5 }' <<<"$output"
    expect_output $'/\n/proc'
    run grep -c " $TEST_DIR/small" /proc/self/mountinfo
    expect_output 0
}

@test "clocks" {
    require test -e /proc/self/ns/time -- "no time namespaces"
    try unshare --boottime-offset 30d bash -c 'read -r up _ </proc/uptime; echo "${up%.*}"'
    expect_status 0
    [ "$output" -ge $((30 * 86400)) ]
}

@test "joined namespaces: of a container and of a process" {
    start web --hostname webhost "$IMAGE" /init say up , pause
    try unshare --uts=container:web --ipc hostname
    expect_output webhost
    try unshare --net=container:web cat /proc/net/dev
    [ "$(grep -c : <<<"$output")" -eq 1 ]
    stop web
    try unshare --net="ns:/proc/self/ns/uts" true
    expect_error 125 'is a uts namespace, not a net namespace'
    try unshare --net=container:gone true
    expect_error 125 "no such container: gone"
}

@test "exit statuses" {
    try unshare --uts bash -c 'exit 9'
    expect_status 9
    try unshare --pid bash -c 'exit 9'
    expect_status 9
    try unshare --pid "$INIT" orphan 0 , die TERM
    try unshare --uts nosuchprogram
    expect_error 127 nosuchprogram
    try unshare --pid nosuchprogram
    expect_error 127 nosuchprogram
    try unshare --uts /etc/passwd
    expect_error 126 /etc/passwd
}

@test "the command dies with ambit" {
    background unshare --pid sleep 65
    local pid=$!
    await 5 pgrep -f '^sleep 65$'
    kill -KILL "$pid"
    await 5 eval '! pgrep -f "^sleep 65$"'
}

@test "what makes no sense" {
    try unshare true
    expect_error 125 'nothing to unshare'
    try unshare --net=bogus true
    expect_error 125 "'bogus'"
    try unshare --uts=host --hostname x true
    expect_error 125 'hostname needs a new uts namespace'
    try unshare --map-root --map-auto true
    expect_error 125 'exclude each other'
    try unshare --root /no/such true
    expect_error 125 '/no/such'
    try unshare --fork true
    expect_error 125 'where it is needed'
}

@test "a part of PATH where no program can be is passed over" {
    ln -sfn loop "$TEST_DIR/loop"
    touch "$TEST_DIR/file"
    PATH=$TEST_DIR/loop:$TEST_DIR/file:$TEST_DIR:$PATH try unshare --uts true
    expect_status 0
    PATH=$TEST_DIR/loop:$PATH try unshare --uts none
    expect_error 127 "'none': command not found"
}
