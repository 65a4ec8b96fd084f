#!/usr/bin/env bats
# ambit-oci: a container's life in single steps, from bundle to delete, with runc's command line.

load lib

setup_file() {
    prepare_store
    make_bundle "$TEST_DIR/bundle" '"/init", "pid", ",", "sleep", "1000"'
}

oci() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

make_bundle() { # DIR ARGS [JQ-FILTER]
    mkdir -p "$1/rootfs"
    make_rootfs "$1/rootfs"
    rm -f "$1/config.json"
    oci spec --bundle "$1"
    # A cgroup of this run's own: others on this machine may name their containers alike.
    change "$1" ".process.terminal = false | .process.args = [$2] |
        .linux.cgroupsPath = \"/${TEST_DIR##*/}-${1##*/}\" | ${3:-.}"
}

change() { # DIR JQ-FILTER
    jq "$2" "$1/config.json" >"$1/config.new"
    mv "$1/config.new" "$1/config.json"
}

status_of() {
    oci state "$1" | jq -r .status
}

teardown() {
    local id
    for id in $(oci list -q); do
        oci delete --force "$id"
    done
}

# Its standard streams are the container's: not ours, or bats waits for them.
create() { # ID OPTION...
    oci create --bundle "$TEST_DIR/bundle" "${@:2}" "$1" </dev/null >"$TEST_DIR/out" 2>&1 3>&-
}

@test "create, start, kill, delete" {
    create one --pid-file "$TEST_DIR/pid"
    [ "$(status_of one)" = created ]
    [ "$(oci state one | jq .pid)" = "$(cat "$TEST_DIR/pid")" ]
    [ ! -s "$TEST_DIR/out" ]
    oci start one
    await 5 grep -q '^pid=1 ' "$TEST_DIR/out"
    [ "$(status_of one)" = running ]
    try_oci delete one
    expect_error 1 'not stopped: running'
    oci kill one KILL
    await 5 test "$(status_of one)" = stopped || await 5 eval '[ "$(status_of one)" = stopped ]'
    try_oci kill one TERM
    expect_error 1 'container not running'
    oci delete one
    try_oci state one
    expect_error 1 'container does not exist'
}

@test "a created container is deleted without start" {
    create never
    oci delete never
    [ -z "$(oci list -q)" ]
}

@test "a container is started once" {
    create once
    oci start once
    try_oci start once
    expect_error 1 'cannot start an already running container'
}

@test "an id is used once, and is no path" {
    create twice
    try_oci create --bundle "$TEST_DIR/bundle" twice
    expect_error 1 'already exists'
    try_oci create --bundle "$TEST_DIR/bundle" ../x
    expect_error 1 'invalid container ID format'
    try_oci state ..
    expect_error 1 'invalid container ID format'
}

@test "a cgroup that is there already is taken while it is empty" {
    local at=/ambit-test-taken-$$ tree
    [ -d /sys/fs/cgroup/pids ] && tree=/sys/fs/cgroup/pids$at || tree=/sys/fs/cgroup$at
    make_bundle "$TEST_DIR/taken" '"/init", "pid"' \
        ".linux.cgroupsPath = \"$at\" | .linux.resources.pids.limit = 20"
    mkdir "$tree"
    try_oci run --bundle "$TEST_DIR/taken" taken
    expect_status 0
    [ ! -e "$tree" ]
    mkdir "$tree"
    sleep 60 3>&- &
    echo $! >"$tree/cgroup.procs"
    try_oci run --bundle "$TEST_DIR/taken" taken
    kill $!
    wait $! || true
    rmdir "$tree"
    expect_error 1 'is not empty: 1 process'
}

@test "what cannot be started is not created: no such program, no program" {
    make_bundle "$TEST_DIR/missing" '"/nothing"'
    try_oci create --bundle "$TEST_DIR/missing" unstartable
    expect_error 1 'exec: "/nothing": no such file or directory'
    make_bundle "$TEST_DIR/missing" '"nothing"'
    try_oci create --bundle "$TEST_DIR/missing" unstartable
    expect_error 1 'exec: "nothing": executable file not found in .PATH'
    make_bundle "$TEST_DIR/missing" '"/etc/file"'
    touch "$TEST_DIR/missing/rootfs/etc/file"
    try_oci create --bundle "$TEST_DIR/missing" unstartable
    expect_error 1 'exec: "/etc/file": permission denied'
    # The words that callers look for stay where the command is longer than a message; a word that is
    # empty is no command that could be found.
    make_bundle "$TEST_DIR/missing" "\"$(printf '%05000d' 0)\""
    try_oci create --bundle "$TEST_DIR/missing" unstartable
    expect_error 1 '^.{1,600}0\.\.\.": executable file not found in .PATH'
    make_bundle "$TEST_DIR/missing" '""'
    try_oci create --bundle "$TEST_DIR/missing" unstartable
    expect_error 1 'exec: "": executable file not found in .PATH'
    [ -z "$(oci list -q)" ]
}

@test "a part of PATH where no program can be is passed over" {
    make_bundle "$TEST_DIR/path" '"init", "pid"' '.process.env = ["PATH=/loops:/init:/"]'
    mkdir "$TEST_DIR/path/rootfs/loops"
    ln -s init "$TEST_DIR/path/rootfs/loops/init"
    try_oci run --bundle "$TEST_DIR/path" passed </dev/null
    expect_status 0
    expect_match '^pid=1 '
}

# Hooks may still make it, and the working directory is entered later.
@test "a program with a relative path is looked for when it starts" {
    make_bundle "$TEST_DIR/relative" '"./nothing"' '.process.cwd = "/tmp"'
    oci create --bundle "$TEST_DIR/relative" relative </dev/null >/dev/null 2>&1 3>&-
    try_oci start relative
    expect_error 1 'exec: "./nothing": no such file'
    oci delete relative
    change "$TEST_DIR/relative" '.process.args = ["./init", "pid"] | .process.cwd = "/"'
    oci create --bundle "$TEST_DIR/relative" relative </dev/null >"$TEST_DIR/out" 2>&1 3>&-
    oci start relative
    await 5 grep -q '^pid=1 ' "$TEST_DIR/out"
    oci delete --force relative
}

@test "run waits, gives the status and leaves nothing" {
    make_bundle "$TEST_DIR/exit" '"/init", "exit", "7"'
    try_oci run --bundle "$TEST_DIR/exit" seven
    expect_status 7
    [ -z "$(oci list -q)" ]
    try_oci run --keep --bundle "$TEST_DIR/exit" seven
    expect_status 7
    [ "$(status_of seven)" = stopped ]
}

@test "run --detach returns at once" {
    oci run --detach --bundle "$TEST_DIR/bundle" away </dev/null >/dev/null 2>&1 3>&-
    [ "$(status_of away)" = running ]
    [ "$(oci list --format json | jq -r '.[0].id')" = away ]
}

@test "delete --force ends what runs, and what is not there is no error" {
    oci run --detach --bundle "$TEST_DIR/bundle" away </dev/null >/dev/null 2>&1 3>&-
    oci delete --force away
    oci delete --force away
    [ -z "$(oci list -q)" ]
    [ "$(oci list --format json)" = null ]
}

@test "the version has a line for the build, where that is known, and one for the specification" {
    try_oci --version
    expect_match '^ambit-oci version [0-9.]+$'
    expect_line 'spec: 1.3.0'
    local commit
    commit=$("$TOP/build-aux/revision")
    [ "$(grep -c '^commit: ' <<<"$output")" -eq "$([ -z "$commit" ] && echo 0 || echo 1)" ]
}

@test "a bad config.json gives one line with the path in it" {
    make_bundle "$TEST_DIR/bad" '"/init"' '.linux.resources.memory.limit = "x"'
    try_oci run --bundle "$TEST_DIR/bad" bad
    expect_error 1 'config.json: linux.resources.memory.limit: expected an integer'
    [ -z "$(oci list -q)" ]
}

@test "an error is in the log as JSON" {
    try_oci --log "$TEST_DIR/log" --log-format json state none
    expect_status 1
    [ "$(jq -r .level "$TEST_DIR/log")" = error ]
    jq -r .msg "$TEST_DIR/log" | grep -q 'container does not exist: none'
}

@test "delete --force takes away what a crash left: an empty directory, a state that cannot be read" {
    make_bundle "$TEST_DIR/damaged" '"/init", "sleep", "1000"'
    mkdir -p "$TEST_DIR/oci/damaged"
    try_oci create --bundle "$TEST_DIR/damaged" damaged
    expect_error 1 'container with given ID already exists'
    oci delete --force damaged
    oci run --detach --bundle "$TEST_DIR/damaged" damaged </dev/null >/dev/null 2>&1 3>&-
    local pid where
    pid=$(oci state damaged | jq .pid)
    echo '{' >"$TEST_DIR/oci/damaged/state.json"
    try_oci delete damaged
    [ "$status" -eq 1 ]
    [ -e "/proc/$pid/root/init" ]
    oci delete --force damaged
    await 5 test ! -e "/proc/$pid/root/init"
    [ ! -e "$TEST_DIR/oci/damaged" ]
    for where in /sys/fs/cgroup{,/*}/"${TEST_DIR##*/}-damaged"; do
        [ ! -e "$where" ] || { echo "$where is left"; false; }
    done
}

# One message of the program to a socket in the place of syslog's or the journal's, as Python writes it.
logged_to() { # SOCKET LOG
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal || exit 9
        touch /run/null && mount --bind /dev/null /run/null || exit 9
        mount -t tmpfs tmpfs /dev && touch /dev/null && mount --bind /run/null /dev/null || exit 9
        exec "$@"' - python3 - "$1" "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" --log "$2" state none <<'PYTHON'
import socket, subprocess, sys
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind(sys.argv[1])
end.settimeout(10)
subprocess.run(sys.argv[2:], check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(end.recv(4096))
PYTHON
}

@test "--log: crun's file:, syslog: and journald:; --log-level" {
    try_oci --log "file:$TEST_DIR/filed" state none
    expect_status 1
    grep -q 'level=error msg="ambit-oci state: container does not exist: none"' "$TEST_DIR/filed"
    run logged_to /dev/log syslog:box
    expect_match '<11>.* box\[[0-9]+\]: ambit-oci state: container does not exist: none'
    run logged_to /run/systemd/journal/socket journald:box
    expect_match "PRIORITY=3.nSYSLOG_IDENTIFIER=box.nMESSAGE.n.*x00ambit-oci state: container does not exist: none.n'"
    run logged_to /run/systemd/journal/socket journald:
    expect_match 'SYSLOG_IDENTIFIER=ambit-oci'
    try_oci --log syslog:box state none # where nobody listens
    [ -S /dev/log ] || expect_error 1 '--log: /dev/log: No such file'
    local level
    mkdir "$TEST_DIR/leveled"
    jq --arg root "$TEST_DIR/bundle/rootfs" '.root.path = $root | .process.capabilities.bounding = ["CAP_UNHEARD"]' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/leveled/config.json"
    for level in error warning debug; do
        oci --log "$TEST_DIR/level" --log-level "$level" run --detach --bundle "$TEST_DIR/leveled" leveled </dev/null 3>&-
        oci delete --force leveled
        cut -d ' ' -f 2 "$TEST_DIR/level" | sort -u >"$TEST_DIR/$level"
        rm "$TEST_DIR/level"
    done
    [ "$(cat "$TEST_DIR/error")" = '' ]
    [ "$(cat "$TEST_DIR/warning")" = level=warning ]
    [ "$(cat "$TEST_DIR/debug")" = $'level=debug\nlevel=warning' ]
}

@test "standard input from the host's null device is from the container's" {
    make_bundle "$TEST_DIR/nulled" '"/init", "cat", "/proc/self/fdinfo/0", "/proc/self/mountinfo"'
    try_oci run --bundle "$TEST_DIR/nulled" nulled </dev/null
    expect_status 0
    expect_match "^$(awk '$1 == "mnt_id:" { print $2; exit }' <<<"$output") " # one of its own mounts
}

@test "the log is there from the beginning, or the call fails before it does anything" {
    make_bundle "$TEST_DIR/logged" '"/init", "pid"'
    local format
    for format in text json; do
        try_oci --log "$TEST_DIR/nowhere/log" --log-format "$format" run --bundle "$TEST_DIR/logged" logged
        expect_status 1
        expect_output ""
        grep -qE '^(time=|\{"level":"error",).*--log: .*/nowhere/log: No such file' <<<"$errors"
        [ "$(wc -l <<<"$errors")" -eq 1 ]
    done
    try_oci --log "$TEST_DIR/nowhere/log" exec none /init # no exit status of a process
    expect_status 1
    oci --log "$TEST_DIR/quiet" list
    [ -f "$TEST_DIR/quiet" ]
    [ ! -s "$TEST_DIR/quiet" ]
    mkfifo "$TEST_DIR/unread" # nobody has to read it
    timeout 10 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" --log "$TEST_DIR/unread" list
}

@test "the terminal is sent to the console socket" {
    make_bundle "$TEST_DIR/tty" '"/init", "pid"' '.process.terminal = true'
    try_oci create --bundle "$TEST_DIR/tty" tty
    expect_error 1 'cannot allocate tty .* without setting console socket'
    python3 - "$TEST_DIR/console" >"$TEST_DIR/tty.out" 3>&- <<'PYTHON' &
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
listener.settimeout(5) # a create that fails does not leave us behind
end, _ = listener.accept()
_, ancillary, _, _ = end.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", ancillary[0][2])[0]
text = b""
try:
    while part := os.read(fd, 1000):
        text += part
except OSError:
    pass
print(text.decode())
PYTHON
    local reader=$!
    await 5 test -S "$TEST_DIR/console"
    oci create --bundle "$TEST_DIR/tty" --console-socket "$TEST_DIR/console" tty </dev/null 3>&-
    oci start tty
    wait $reader
    grep -q '^pid=1 ' "$TEST_DIR/tty.out"
}

@test "descriptors are passed on only when asked for" {
    make_bundle "$TEST_DIR/fds" '"/init", "fds"'
    run oci run --bundle "$TEST_DIR/fds" fds 3</dev/null 4</dev/null
    expect_status 0
    expect_no_line '3 /dev/null'
    local without=$output
    run oci run --preserve-fds 2 --bundle "$TEST_DIR/fds" fds 3</dev/null 4</dev/null
    expect_status 0
    [ "$(wc -l <<<"$output")" -eq "$(($(wc -l <<<"$without") + 2))" ]
}

@test "without pivot_root the root is the same" {
    make_bundle "$TEST_DIR/plain" '"/init", "ls", "/"'
    run oci run --bundle "$TEST_DIR/plain" plain
    local with=$output
    run oci run --no-pivot --bundle "$TEST_DIR/plain" plain
    expect_status 0
    expect_output "$with"
}

@test "what is refused says why" {
    change "$TEST_DIR/bundle" '.linux.cgroupsPath = "system.slice:ambit:x"'
    try_oci create --bundle "$TEST_DIR/bundle" x
    expect_error 1 'linux.cgroupsPath: .* use --systemd-cgroup'
    change "$TEST_DIR/bundle" '.linux.cgroupsPath = "/a/b"'
    try_oci --systemd-cgroup create --bundle "$TEST_DIR/bundle" x
    expect_error 1 "linux.cgroupsPath: .* is not 'slice:prefix:name'"
    change "$TEST_DIR/bundle" 'del(.linux.cgroupsPath)'
}

@test "where no systemd runs, a cgroup of its making is refused in one line" {
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    try_oci --systemd-cgroup run --bundle "$TEST_DIR/bundle" x
    expect_error 1 "linux.cgroupsPath: no bus of the system's systemd"
    try_oci --systemd-cgroup --rootless true run --bundle "$TEST_DIR/bundle" x
    expect_error 1 "linux.cgroupsPath: .*(bus of the user|systemd of the user)"
    [ -z "$(oci list -q)" ]
}

@test "a state file that was cut or edited is an error that says so" {
    oci run --detach --bundle "$TEST_DIR/bundle" whole </dev/null >/dev/null 2>&1 3>&-
    local file=$TEST_DIR/oci/whole/state.json command filter word
    cp "$file" "$TEST_DIR/state.json"
    head -c 100 "$TEST_DIR/state.json" >"$file"
    for command in state delete pause ps; do
        try_oci "$command" whole
        expect_error 1 'container whole: state.json: '
    done
    while read -r filter word; do
        jq -c "$filter" "$TEST_DIR/state.json" >"$file"
        try_oci kill whole KILL
        expect_error 1 "container whole: state.json: $word"
        try_oci delete whole
        expect_error 1 "container whole: state.json: $word"
    done <<'ROWS'
.id="other" id: it is another container's
.pid=-1 pid: -1 is no container's process
.pid=1 pid: 1 is no container's process
.pid="x" pid: expected an integer
.cgroupPath="/a/../.." cgroupPath: it has '..' in it
del(.bundle) .*bundle
ROWS
    [ -z "$(oci list -q)" ]
    cp "$TEST_DIR/state.json" "$file"
    [ "$(status_of whole)" = running ]
    local pid
    pid=$(oci state whole | jq .pid)
    : >"$file" # the configuration beside it says where its processes are
    oci delete --force whole
    [ ! -e "$TEST_DIR/oci/whole" ]
    await 10 test ! -e "/proc/$pid"
}

@test "a state that cannot be made says why, and leaves nothing" {
    local small=$TEST_DIR/small
    mkdir -p "$small"
    mount -t tmpfs -o nr_inodes=3,size=64k small "$small" # its root, one directory, one file
    touch "$small/taken"
    run --separate-stderr "$PROGRAMS/ambit-oci" --root "$small" run --bundle "$TEST_DIR/bundle" none
    errors=$stderr
    ls "$small" >"$TEST_DIR/left"
    mount -o remount,ro "$small"
    run --separate-stderr "$PROGRAMS/ambit-oci" --root "$small" run --bundle "$TEST_DIR/bundle" none
    umount "$small"
    [ "$(cat "$TEST_DIR/left")" = taken ]
    expect_status 1
    grep -q 'No space left on device' <<<"$errors"
    errors=$stderr
    expect_error 1 "make $small/none: Read-only file system"
}

@test "spec on a full disk leaves no file" {
    local small=$TEST_DIR/small
    mkdir -p "$small"
    mount -t tmpfs -o size=4k small "$small"
    head -c 4096 /dev/zero >"$small/taken"
    try_oci spec --bundle "$small"
    ls "$small" >"$TEST_DIR/left"
    umount "$small"
    expect_error 1 "config.json: No space left on device"
    [ "$(cat "$TEST_DIR/left")" = taken ]
}

@test "ps is bounded: what ps(1) says beyond that is not waited for" {
    mkdir -p "$TEST_DIR/wordy"
    printf '#!/bin/sh\necho PID\nexec head -c 17000000 /dev/zero\n' >"$TEST_DIR/wordy/ps"
    chmod 755 "$TEST_DIR/wordy/ps"
    oci run --detach --bundle "$TEST_DIR/bundle" wordy </dev/null >/dev/null 2>&1 3>&-
    PATH=$TEST_DIR/wordy:$PATH run --separate-stderr timeout 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" ps wordy
    errors=$stderr
    expect_error 1 'output of ps: File too large'
}

@test "cgroups nested deep in a container's, frozen and with a process, do not keep it" {
    local top=/sys/fs/cgroup/freezer deep stray
    [ -d "$top" ] || top=/sys/fs/cgroup
    make_bundle "$TEST_DIR/nesting" '"/init", "sleep", "1000"'
    oci run --detach --bundle "$TEST_DIR/nesting" nested </dev/null >/dev/null 2>&1 3>&-
    top=$top/${TEST_DIR##*/}-nesting
    deep=$top$(printf '/d%.0s' {1..300})
    mkdir -p "$deep"
    sleep 1000 3>&- &
    stray=$!
    echo "$stray" >"$deep/cgroup.procs"
    [ ! -e "$deep/../freezer.state" ] || echo FROZEN >"$deep/../freezer.state"
    oci delete --force nested
    await 5 test ! -e "/proc/$stray/exe"
    [ ! -e "$top" ]
}
