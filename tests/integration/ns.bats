#!/usr/bin/env bats
# `ambit ns`: lists of namespaces and their processes; namespaces that outlive theirs.

load lib

setup_file() {
    prepare_store
    start web "$IMAGE" /init say up , pause
}

teardown_file() {
    stop web
    discard_store
}

id_of() { # PID TYPE
    readlink "/proc/$1/ns/$2" | tr -dc 0-9
}

pid_of() { # CONTAINER
    ambit explain --json "$1" | sed -n 's/^  "pid": \([0-9]*\),/\1/p'
}

@test "the host's namespaces and the container's are listed" {
    local pid
    pid=$(pid_of web)
    try ns
    expect_status 0
    expect_match '^TYPE +ID +PROCESSES +OWNER +PID +OF +COMMAND +KEPT AT$'
    expect_match "^net +$(id_of self net) +[0-9]+ +.* host "
    expect_match "^net +$(id_of "$pid" net) +1 +$(id_of "$pid" user) +$pid +web +/init say"
    expect_match "^mount +$(id_of "$pid" mnt) +1 +$(id_of "$pid" user) +$pid +web "
    expect_match "^user +$(id_of "$pid" user) +1 +$(id_of self user) +$pid +web "
}

@test "--type, -q and --json" {
    local pid
    pid=$(pid_of web)
    try ns --type net -q
    expect_line "$(id_of self net)"
    expect_line "$(id_of "$pid" net)"
    expect_no_line "$(id_of "$pid" uts)"
    try ns --type uts --json
    python3 - "$pid" "$(id_of "$pid" uts)" <<PYTHON
import json, sys
entries = {e["id"]: e for e in json.loads('''$output''')}
assert all(e["type"] == "uts" for e in entries.values())
entry = entries[int(sys.argv[2])]
assert entry["containers"] == ["web"] and entry["pid"] == int(sys.argv[1]), entry
assert entry["processes"] == 1 and not entry["host"], entry
PYTHON
    try ns --type nets
    expect_error 125 "'nets' is not one of"
}

@test "the processes of one namespace" {
    local pid id
    pid=$(pid_of web) id=$(id_of "$pid" pid)
    try ns "$id"
    expect_status 0
    expect_match "^$pid +1 +[0-9]+ +web +/init say up , pause$"
    [ "$(wc -l <<<"$output")" -eq 2 ]
    try ns -q "pid:[$id]"
    expect_output "$pid"
    try ns 17
    expect_error 125 'no process is in a namespace 17'
    try ns web
    expect_error 125 "'web' is not the id of a namespace"
}

@test "a namespace is kept, listed, entered, dropped" {
    local pid id copy file=$TEST_DIR/kept-uts
    background unshare --uts --hostname kept sleep 60
    pid=$!
    await 5 grep -qx sleep "/proc/$pid/comm" # it has executed: its namespaces are made
    id=$(id_of "$pid" uts)
    ambit ns keep "$pid" uts "$file"
    kill "$pid"
    wait "$pid" 2>/dev/null || true

    unshare --mount --fork sleep 60 & # it has a copy of the mount, under the same name
    copy=$!
    await 5 pgrep -P "$copy" -x sleep
    try ns
    expect_match "^uts +$id +0 +- +- +- +- +$file$"
    pkill -P "$copy"
    wait "$copy" || true
    try enter "ns:$file" hostname
    expect_status 0
    expect_output kept
    try unshare --uts="ns:$file" --net hostname
    expect_output kept

    try ns keep web net "$file"
    expect_error 125 'a namespace is kept there already'
    ambit ns drop "$file"
    [ ! -e "$file" ]
    try ns
    # The number itself may be another's by now.
    ! grep -E "^uts +$id +0 |$file" <<<"$output" || { show; false; }
}

@test "a container's network outlives it" {
    local file=$TEST_DIR/kept-net
    start short "$IMAGE" /init say up , pause
    ambit ns keep short net "$file"
    stop short
    try enter "ns:$file" cat /proc/net/dev
    expect_status 0
    expect_match '^ *lo:'
    try run --rm --net "ns:$file" "$IMAGE" /init say joined
    expect_output joined
    ambit ns drop "$file"
}

@test "errors of keep and drop" {
    local file=$BATS_TEST_TMPDIR/full
    echo text >"$file"
    try ns keep web net "$file"
    expect_error 125 'exists, and is not an empty file'
    try ns keep web net /no/such/dir/file
    expect_error 125 'No such file'
    try ns keep web nets "$BATS_TEST_TMPDIR/new"
    expect_error 125 "'nets' is not one of"
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
    try ns drop "$file"
    expect_error 125 'no namespace is kept there'
    [ "$(cat "$file")" = text ]
    ln -s "$file" "$BATS_TEST_TMPDIR/link"
    try ns drop "$BATS_TEST_TMPDIR/link"
    expect_error 125 'no namespace is kept there'
}
