#!/usr/bin/env bats
# ambit-oci on a container that runs: exec, ps, pause, update; and features, plan.

load lib
load oci

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/bundle/rootfs"
    make_rootfs "$TEST_DIR/bundle/rootfs"
    oci spec --bundle "$TEST_DIR/bundle"
    # A cgroup of this run's own: another one on this machine may have a "box" as well.
    jq --arg cgroup "/${TEST_DIR##*/}" '.process.terminal = false | .process.args = ["/init", "sleep", "1000"] |
        .linux.cgroupsPath = $cgroup' "$TEST_DIR/bundle/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/bundle/config.json"
}

setup() {
    oci run --detach --bundle "$TEST_DIR/bundle" box </dev/null >/dev/null 2>&1 3>&-
}

teardown() {
    delete_all
}

@test "exec is in the container, and its status comes back" {
    try_oci exec box /init readlink /proc/self/ns/pid
    expect_status 0
    expect_line "$(readlink "/proc/$(oci state box | jq .pid)/ns/pid")"
    try_oci exec box /init exit 9
    expect_status 9
    try_oci exec box /nothing
    expect_error 255 'exec: "/nothing": no such file or directory'
}

@test "exec takes a process from a file, and one as its options say" {
    jq '.process | .args = ["/init", "id"] | .user = {uid: 5, gid: 6}' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/process.json"
    try_oci exec --process "$TEST_DIR/process.json" box
    expect_status 0
    expect_match 'uid=5'
    try_oci exec --user 7:8 box /init id
    expect_match 'uid=7'
    jq '.args = 5' "$TEST_DIR/process.json" >"$TEST_DIR/bad.json"
    try_oci exec --process "$TEST_DIR/bad.json" box
    expect_error 255 'args: expected an array'
}

@test "exec --detach writes its pid" {
    oci exec --detach --pid-file "$TEST_DIR/pid" box /init sleep 1000 </dev/null >/dev/null 2>&1 3>&-
    [ -d "/proc/$(cat "$TEST_DIR/pid")" ]
    oci ps --format json box | jq -e "index($(cat "$TEST_DIR/pid")) != null"
    oci ps box | grep -q '/init sleep 1000'
    run env PATH=/nowhere "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" ps box # no ps(1): a table of our own
    expect_match '^UID +PID +PPID +CMD$'
    expect_match "^0 +$(cat "$TEST_DIR/pid") +[0-9]+ +/init sleep 1000$"
}

@test "exec: directory, groups, capabilities and no_new_privs as the options say, else the container's" {
    # shellcheck disable=SC2054 # commas are words of the program
    local look=(/init cwd , id , status CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs)
    try_oci exec box "${look[@]}"
    expect_output $'/
uid=0 euid=0 gid=0 egid=0 groups=
CapInh:\t0000000000000000
CapPrm:\t0000000020000420
CapEff:\t0000000020000420
CapBnd:\t0000000020000420
CapAmb:\t0000000000000000
NoNewPrivs:\t1'
    try_oci exec --cwd /tmp -g 7 -g 9 --user 0:5 --cap CAP_CHOWN --no-new-privs=false box "${look[@]}"
    expect_output $'/tmp
uid=0 euid=0 gid=5 egid=5 groups=7,9
CapInh:\t0000000000000000
CapPrm:\t0000000020000421
CapEff:\t0000000020000421
CapBnd:\t0000000020000421
CapAmb:\t0000000000000000
NoNewPrivs:\t0'
    try_oci exec --cap CAP_NOSUCH box /init pid # a warning, as with runc
    expect_status 0
    grep -q "level=warning .*ignoring unknown capability 'CAP_NOSUCH'" <<<"$errors"
    # What may be inherited is ambient too, or a user's program would not have it.
    oci delete --force box
    mkdir -p "$TEST_DIR/inheriting"
    ln -sfn "$TEST_DIR/bundle/rootfs" "$TEST_DIR/inheriting/rootfs"
    jq '.process.capabilities.inheritable = ["CAP_KILL"] | .process.consoleSize = {height: 5, width: 6}' "$TEST_DIR/bundle/config.json" >"$TEST_DIR/inheriting/config.json"
    oci run --detach --bundle "$TEST_DIR/inheriting" box </dev/null >/dev/null 2>&1 3>&-
    try_oci exec --cap CAP_CHOWN --user 1 box /init status CapInh CapEff CapAmb
    expect_output $'CapInh:\t0000000000000021\nCapEff:\t0000000000000001\nCapAmb:\t0000000000000001'
    # A terminal is as large as the caller's, not as that of the container's process.
    run script -qec "stty rows 33 columns 99; '$PROGRAMS/ambit-oci' --root '$TEST_DIR/oci' exec --tty box /init winsize" /dev/null
    expect_match 'rows=33 columns=99'
}

session_keyring='syscall 250 0 -3 0' # keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING) on x86-64

@test "exec has not the caller's session keyring, unless the container was given it" {
    local mine
    # shellcheck disable=SC2086 # words of the program
    mine=$("$INIT" $session_keyring)
    try_oci exec box /init $session_keyring
    expect_status 0
    expect_match '^[0-9]+$'
    expect_no_line "$mine"
    oci delete --force box
    oci run --detach --no-new-keyring --bundle "$TEST_DIR/bundle" box </dev/null >/dev/null 2>&1 3>&-
    try_oci exec box /init $session_keyring
    expect_output "$mine"
}

@test "exec whose pid nobody could be told leaves no process; --env wants a name and a value" {
    local before
    before=$(oci ps --format json box)
    try_oci exec --detach --pid-file "$TEST_DIR/nowhere/pid" box /init sleep 1000 </dev/null
    expect_error 255 '--pid-file: .*No such file'
    try_oci exec --tty --detach --console-socket "$TEST_DIR/nowhere" box /init sleep 1000 </dev/null
    expect_error 255 '--console-socket: .*No such file'
    [ "$(oci ps --format json box)" = "$before" ]
    local word
    for word in NAME =value; do
        try_oci exec --env "$word" box /init pid
        expect_error 255 "--env: '$word' is not NAME=VALUE"
    done
    try_oci exec --env EMPTY= box /init env EMPTY
    expect_status 0
    expect_output ""
}

@test "pause and resume" {
    oci pause box
    [ "$(oci state box | jq -r .status)" = paused ]
    try_oci exec box /init id
    expect_error 255 'cannot exec in a paused container'
    try_oci pause box
    expect_error 1 'container not running'
    try_oci start box
    expect_error 1 'cannot start a container in the paused state'
    timeout 30 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec --ignore-paused box /init say went on \
        </dev/null >"$TEST_DIR/said" 2>&1 3>&- &
    sleep 0.3
    [ ! -s "$TEST_DIR/said" ]
    oci resume box
    wait $!
    [ "$(cat "$TEST_DIR/said")" = "went on" ]
    [ "$(oci state box | jq -r .status)" = running ]
}

@test "a paused container can be killed; a number beyond the signals is none" {
    try_oci kill box 999
    expect_error 1 'unknown signal "999"'
    oci pause box
    oci kill box KILL
    await 10 eval '[ "$(oci state box | jq -r .status)" = stopped ]'
}

@test "kill KILL reaches all of a container that has the host's pid namespace" {
    mkdir -p "$TEST_DIR/open"
    ln -sfn "$TEST_DIR/bundle/rootfs" "$TEST_DIR/open/rootfs"
    jq '.linux.namespaces |= map(select(.type != "pid")) | .linux.cgroupsPath += "-open"' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/open/config.json"
    oci run --detach --bundle "$TEST_DIR/open" open </dev/null >/dev/null 2>&1 3>&-
    oci exec --detach --pid-file "$TEST_DIR/other" open /init sleep 1000 </dev/null >/dev/null 2>&1 3>&-
    oci kill open KILL
    await 10 test ! -e "/proc/$(cat "$TEST_DIR/other")/root/init"
    oci delete open
}

@test "a paused container is deleted by force" {
    oci pause box
    oci delete --force box
}

@test "pausing does not hold what was killed before" {
    local freezer=/sys/fs/cgroup/freezer/${TEST_DIR##*/} pid
    [ -e "$freezer/freezer.state" ] || skip "cgroup v2 kills what is frozen"
    pid=$(oci state box | jq .pid)
    # Further down it is frozen, and so still there with its signal when the pause comes.
    mkdir "$freezer/below"
    echo "$pid" >"$freezer/below/cgroup.procs"
    echo FROZEN >"$freezer/below/freezer.state"
    kill -KILL "$pid"
    try_oci pause box
    expect_error 1 'container not running: box'
    [ "$(cat "$freezer/freezer.self_freezing")" = 0 ]
    oci delete --force box
    [ ! -e "$freezer" ]
}

@test "update changes limits" {
    oci update --pids-limit 77 box
    grep -rqx 77 "/sys/fs/cgroup/pids/${TEST_DIR##*/}/pids.max" "/sys/fs/cgroup/${TEST_DIR##*/}/pids.max" 2>/dev/null
    echo '{"pids": {"limit": 78}}' | oci update --resources - box
    grep -rqx 78 "/sys/fs/cgroup/pids/${TEST_DIR##*/}/pids.max" "/sys/fs/cgroup/${TEST_DIR##*/}/pids.max" 2>/dev/null
    try_oci update --memory many box
    expect_error 1 "memory: 'many' is not a size"
}

@test "update reaches a v1 hierarchy that the container had no cgroup in" {
    local pid
    pid=$(oci state box | jq .pid)
    oci update --cpu-quota 50000 --cpu-period 100000 --cpuset-cpus 0 box
    grep -rqx 50000 /sys/fs/cgroup/cpu*/"${TEST_DIR##*/}"/cpu.cfs_quota_us 2>/dev/null ||
        grep -qx "50000 100000" "/sys/fs/cgroup/${TEST_DIR##*/}/cpu.max"
    try_oci exec box /init cat /proc/1/cgroup
    ! grep -E ':(cpu|cpuset)(,[a-z]+)*:/$' "/proc/$pid/cgroup" || false
    [ "$(grep Cpus_allowed_list "/proc/$pid/status")" = "Cpus_allowed_list:	0" ]
}

@test "exec --cgroup enters a cgroup below the container's" {
    local base=/sys/fs/cgroup option=sub where box=${TEST_DIR##*/}
    if [ ! -e $base/cgroup.controllers ]; then
        for where in "$base"/*/"$box"; do
            mkdir -p "$where/sub" # cpu and cpuacct may be one
        done
        mkdir "$base/pids/$box/only"
        try_oci exec --cgroup pids:sub box /init cat /proc/self/cgroup
        expect_status 0
        expect_match ':pids:/sub$'
        expect_match ':memory:/$'
        try_oci exec --cgroup pids,memory:sub box /init cat /proc/self/cgroup
        expect_match ':memory:/sub$'
        expect_match ':freezer:/$'
        try_oci exec --cgroup pids:only --cgroup memory:/sub box /init cat /proc/self/cgroup
        expect_match ':pids:/only$'
        expect_match ':memory:/sub$'
        try_oci exec --cgroup sub box /init cat /proc/self/cgroup # all of them
        expect_match ':pids:/sub$'
        expect_match ':freezer:/sub$'
        try_oci exec --cgroup pids,memory:only box /init pid
        expect_error 255 '/only: not there in every hierarchy'
        try_oci exec --cgroup pids:sub --cgroup sub box /init pid
        expect_error 255 '--cgroup: invalid argument sub: missing <controller>: prefix'
        option=pids:nowhere
    else
        mkdir "$base/$box/sub"
        try_oci exec --cgroup sub box /init cat /proc/self/cgroup
        expect_status 0
        expect_match '^0::/sub$'
        for where in pids:sub 'sub --cgroup sub'; do
            # shellcheck disable=SC2086 # several words
            try_oci exec --cgroup $where box /init pid
            expect_error 255 '--cgroup: invalid argument .*: cgroup v2 has one path'
        done
        option=nowhere
    fi
    try_oci exec --cgroup "$option" box /init pid
    expect_error 255 'there is no cgroup .*/nowhere'
    try_oci exec --cgroup nothing:sub box /init pid
    expect_error 255 "--cgroup: .*unknown controller 'nothing'"
    try_oci exec --cgroup ../box box /init pid
    expect_error 255 '--cgroup: bad sub cgroup path: ../box'
    oci --cgroup-manager disabled run --detach --bundle "$TEST_DIR/bundle" loose </dev/null >/dev/null 2>&1 3>&-
    try_oci exec --cgroup sub loose /init pid
    expect_error 255 '--cgroup: the container has no cgroup'
    for where in "$base"{,/*}/"$box"/{sub,only}; do
        [ ! -d "$where" ] || rmdir "$where"
    done
}

@test "features and plan" {
    [ "$(oci features | jq -r .ociVersionMax)" = 1.3.0 ]
    oci features | jq -e '.hooks | length == 6'
    oci plan --bundle "$TEST_DIR/bundle" | grep -q pivot-root
}

@test "plan shows each step with its origin, and makes nothing; --trace shows when each was done" {
    local before phase
    before=$(find "$TEST_DIR/oci" "$TEST_DIR/bundle" | sort)
    try_oci plan --bundle "$TEST_DIR/bundle"
    expect_status 0
    for phase in host supply enter root finish; do
        expect_match "^$phase: "
    done
    expect_match '^ +[0-9]+ +mount +proc on /proc +mounts\[0\]$'
    expect_match '^ +[0-9]+ +exec +/init sleep 1000 +process.args$'
    [ "$(find "$TEST_DIR/oci" "$TEST_DIR/bundle" | sort)" = "$before" ]
    local steps
    steps=$(awk '$1 ~ /^[0-9]+$/ { print $2 }' <<<"$output" | sort)
    jq '.process.args = ["/init", "pid"] | .linux.cgroupsPath += "-traced"' "$TEST_DIR/bundle/config.json" >"$TEST_DIR/traced.json"
    try_oci run --trace --config "$TEST_DIR/traced.json" --bundle "$TEST_DIR/bundle" traced </dev/null
    expect_status 0
    expect_match '^pid=1 '
    local name
    for name in $steps; do # what the plan says is what was done
        grep -qE "(^| )$name( |\$)" <<<"$errors" || { show; echo "no $name"; return 1; }
    done
    grep -qE '^ *[0-9.]+ .*pivot-root' <<<"$errors"
    mkdir -p "$TEST_DIR/planned"
    jq '.mounts += [{destination: "/x", source: "x"}]' "$TEST_DIR/bundle/config.json" >"$TEST_DIR/planned/config.json"
    try_oci plan --bundle "$TEST_DIR/planned"
    expect_error 1 'mounts\[[0-9]+\]\.type: missing, and it is no bind mount'
}

@test "limits by page size and by file are set, or refused with their path" {
    jq '.process.args = ["/init", "pid"] | .linux.cgroupsPath += "-huge" | .linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 4194304}]' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/config.new"
    mkdir -p "$TEST_DIR/huge"
    mv "$TEST_DIR/config.new" "$TEST_DIR/huge/config.json"
    ln -sfn "$TEST_DIR/bundle/rootfs" "$TEST_DIR/huge/rootfs"
    run --separate-stderr timeout 5 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$TEST_DIR/huge" huge
    errors=$stderr
    [ "$status" -eq 0 ] || expect_error 1 'linux.resources|linux.cgroupsPath'
    jq '.linux.cgroupsPath += "-huge" | .linux.resources.unified = {"cgroup.procs": "1"}' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/huge/config.json"
    try_oci run --bundle "$TEST_DIR/huge" unified
    expect_error 1 'linux.resources: unified: '
}
