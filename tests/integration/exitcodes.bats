#!/usr/bin/env bats
# How a container ends and what it leaves: exit statuses, signals that are passed on, stop, kill and
# rm, and what is known of a container that is kept.

load lib

field() { # CONTAINER TEMPLATE
    ambit inspect --format "$2" "$1"
}

keep() { # NAME ARGUMENT...: as `start`, but the container stays when it has ended
    local name=$1
    shift
    : >"$TEST_DIR/$name.out"
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --name "$name" "$@" \
        >"$TEST_DIR/$name.out" 2>"$TEST_DIR/$name.err" </dev/null 3>&- &
    echo $! >"$TEST_DIR/$name.pid"
    await 10 eval "test -s '$TEST_DIR/$name.out' || ! kill -0 $!" && test -s "$TEST_DIR/$name.out" ||
        { cat "$TEST_DIR/$name.err"; return 1; }
}

expect_end() { # NAME STATUS: of its `ambit run`, once that has ended
    local outcome=0 pid
    pid=$(cat "$TEST_DIR/$1.pid")
    await 20 eval "! kill -0 $pid" || kill -KILL "$pid"
    wait "$pid" || outcome=$?
    expect_equal "status of 'ambit run' of $1" "$outcome" "$2"
}

expect_equal() { # WHAT IS-THIS SHOULD-BE
    [ "$2" = "$3" ] || { echo "$1: '$2', expected '$3'"; return 1; }
}

nothing_left() {
    expect_equal containers "$(ambit ps -aq)" ""
    expect_equal directories "$(find "$TEST_ROOT/containers" "$TEST_STATE/containers" -mindepth 1 2>/dev/null)" ""
    ! grep -qF "$TEST_DIR" /proc/self/mountinfo || { grep -F "$TEST_DIR" /proc/self/mountinfo; false; }
}

@test "every exit status from 0 to 255 is a program's own to use" {
    local wanted got
    for wanted in 0 1 2 64 124 125 126 127 128 130 137 143 254 255; do
        got=0
        ambit run --rm "$IMAGE" /init exit "$wanted" || got=$?
        expect_equal "exit $wanted" "$got" "$wanted"
    done
    nothing_left
}

@test "a program that a signal ended gives 128 + the signal, and inspect says the same" {
    local signal number
    for signal in TERM:143 HUP:129 INT:130 KILL:137 SEGV:139 USR1:138; do
        number=${signal#*:}
        # With --init the program is not process 1, so that signals have their default effect.
        try run --name "died" --init "$IMAGE" /init die "${signal%:*}"
        expect_status "$number"
        expect_equal "inspect of $signal" "$(field died '{{.State.ExitCode}}')" "$number"
        ambit rm died
    done
}

@test "126: a directory, a file without x, a file that is no program, without x for this user" {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf 'data' >"$BATS_TEST_TMPDIR/bin/plain"
    printf 'data' >"$BATS_TEST_TMPDIR/bin/noformat"
    cp "$INIT" "$BATS_TEST_TMPDIR/bin/rootonly"
    chmod 644 "$BATS_TEST_TMPDIR/bin/plain"
    chmod 755 "$BATS_TEST_TMPDIR/bin/noformat"
    chmod 700 "$BATS_TEST_TMPDIR/bin/rootonly"
    local name
    for name in /tmp /b/plain /b/noformat; do
        try run --rm -v "$BATS_TEST_TMPDIR/bin:/b" "$IMAGE" "$name"
        expect_error 126 "$name"
    done
    try run --rm -u 1000 -v "$BATS_TEST_TMPDIR/bin:/b" "$IMAGE" /b/rootonly
    expect_error 126 /b/rootonly
    nothing_left
}

@test "127: missing by path, in PATH, behind a dangling link, with a missing interpreter" {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    ln -s /nowhere "$BATS_TEST_TMPDIR/bin/dangling"
    printf '#!/no/such/shell\n' >"$BATS_TEST_TMPDIR/bin/script"
    chmod 755 "$BATS_TEST_TMPDIR/bin/script"
    local name
    for name in /no/such nosuch /b/dangling /b/script; do
        try run --rm -v "$BATS_TEST_TMPDIR/bin:/b" "$IMAGE" "$name"
        expect_error 127 "$name"
    done
    nothing_left
}

@test "125: what the engine could not do, before any program ran" {
    try run --rm no-such-image /init
    expect_error 125 no-such-image
    try run --rm --mount type=bind,source=/no/such/source/anywhere,target=/x "$IMAGE" /init say ran
    expect_error 125 /no/such/source/anywhere
    try run --rm --cgroup-parent /a/../../b "$IMAGE" /init say ran
    expect_error 125 cgroup
    nothing_left
}

@test "TERM, INT, HUP, QUIT, USR1, USR2, CONT to the foreground process reach the program" {
    local signal
    for signal in TERM INT HUP QUIT USR1 USR2 CONT; do
        start passing "$IMAGE" /init await TERM INT HUP QUIT USR1 USR2 CONT
        kill "-$signal" "$(cat "$TEST_DIR/passing.pid")"
        expect_end passing 0
        grep -qx "got $signal" "$TEST_DIR/passing.out" || { cat "$TEST_DIR/passing.out"; false; }
    done
}

@test "--sig-proxy=false keeps the caller's signals from the program" {
    start deaf --sig-proxy=false "$IMAGE" /init await USR1 TERM
    kill -USR1 "$(cat "$TEST_DIR/deaf.pid")" || true
    sleep 0.3
    ! grep -q got "$TEST_DIR/deaf.out" || { cat "$TEST_DIR/deaf.out"; false; }
    stop deaf
}

@test "--init: orphans are reaped, the program's status is the container's" {
    try run --rm --init "$IMAGE" /init exit 77
    expect_status 77
    start reaping --init "$IMAGE" /init orphan 0.2 , say up , pause
    local pid
    pid=$(field reaping '{{.State.Pid}}')
    sleep 0.6
    # Process 1 and the program; a zombie would be a third.
    run bash -c "cat /proc/$pid/task/$pid/children | wc -w"
    stop reaping
    expect_output 1
}

@test "the end of process 1 ends everything in the container" {
    start whole "$IMAGE" /init orphan 300 , say up , await TERM
    local pid orphan
    pid=$(field whole '{{.State.Pid}}')
    orphan=$(cat "/proc/$pid/task/$pid/children")
    orphan=${orphan%% *}
    [ -n "$orphan" ] && [ -e "/proc/$orphan" ]
    kill -TERM "$(cat "$TEST_DIR/whole.pid")"
    expect_end whole 0
    [ ! -e "/proc/$orphan" ] || { echo "process $orphan is still there"; false; }
    nothing_left
}

@test "stop asks with TERM and is done when the program ends" {
    keep asked "$IMAGE" /init await TERM , exit 21
    try stop -t 30 asked
    expect_status 0
    expect_line asked
    expect_end asked 21
    expect_equal inspect "$(field asked '{{.State.Status}} {{.State.ExitCode}}')" "exited 21"
    ambit rm asked
}

@test "stop kills after the time: --stop-timeout of the container, -t of the command" {
    local begin=$SECONDS
    keep stubborn --stop-timeout 1 "$IMAGE" /init say up , pause
    try stop stubborn
    expect_status 0
    expect_end stubborn 137
    [ $((SECONDS - begin)) -le 6 ]
    ambit rm stubborn
    keep stubborn --stop-timeout 300 "$IMAGE" /init say up , pause
    begin=$SECONDS
    try stop -t 0 stubborn
    expect_status 0
    expect_end stubborn 137
    [ $((SECONDS - begin)) -le 4 ]
    ambit rm stubborn
}

@test "the stop signal: the option's, the image's, stop --signal's" {
    "$ARCHIVE" --name quitting --stop-signal SIGQUIT "$BATS_TEST_TMPDIR/quitting.tar" "$TEST_DIR/rootfs"
    ambit load -q -i "$BATS_TEST_TMPDIR/quitting.tar"
    start one --stop-signal USR1 "$IMAGE" /init await TERM USR1
    start two quitting /init await TERM QUIT
    start three "$IMAGE" /init await TERM HUP
    ambit stop -t 20 one two
    ambit stop -t 20 --signal HUP three
    local name
    for name in one two three; do
        expect_end $name 0
    done
    cat "$TEST_DIR/one.out" "$TEST_DIR/two.out" "$TEST_DIR/three.out" >"$BATS_TEST_TMPDIR/all"
    run grep got "$BATS_TEST_TMPDIR/all"
    expect_output $'got USR1\ngot QUIT\ngot HUP'
    try run --rm --stop-signal NOSUCH "$IMAGE"
    expect_error 125 'stop-signal.*NOSUCH'
}

@test "stop of several: the ones that are not there are named, the others are stopped" {
    start there "$IMAGE" /init await TERM
    try stop -t 20 nobody there
    expect_status 125
    [[ $errors == *nobody* ]] || { show; false; }
    expect_end there 0
}

@test "kill sends KILL, or what it is told, and refuses words that are no signals" {
    start victim "$IMAGE" /init await USR2 , say more , pause
    try kill --signal SIGUSR2 victim
    expect_status 0
    await 10 grep -qx more "$TEST_DIR/victim.out"
    try kill --signal nonsense victim
    expect_error 125 nonsense
    try kill --signal 0x99 victim
    expect_error 125 0x99
    try kill victim
    expect_status 0
    expect_end victim 137
}

@test "--rm leaves nothing, however the container ends" {
    try run --rm -v /data --tmpfs /t "$IMAGE" /init exit 3
    expect_status 3
    try run --rm -m 16m "$IMAGE" /init hog 64
    expect_status 137
    start killed -v /data "$IMAGE" /init say up , pause
    ambit kill killed
    expect_end killed 137
    nothing_left
    expect_equal volumes "$(find "$TEST_ROOT/volumes" -mindepth 1 -maxdepth 1 2>/dev/null)" ""
}

@test "a kept container: ps -a, inspect with times and status, its files, rm" {
    try run --name kept "$IMAGE" /init write /mark x , exit 9
    expect_status 9
    try ps
    [[ $output != *kept* ]]
    try ps -a --format '{{.Names}} {{.State}} {{.Status}}'
    expect_match '^kept exited Exited \(9\)'
    try ps -a --filter name=kept --format 'table {{.Names}}\t{{.RunningFor}}'
    expect_match '^NAMES  CREATED'
    expect_match '^kept   .* ago$'
    expect_equal state "$(field kept '{{.State.Status}} {{.State.Running}} {{.State.Pid}} {{.State.ExitCode}} {{.State.OOMKilled}}')" \
        "exited false 0 9 false"
    local started finished
    started=$(date -d "$(field kept '{{.State.StartedAt}}')" +%s)
    finished=$(date -d "$(field kept '{{.State.FinishedAt}}')" +%s)
    [ "$started" -le "$finished" ] && [ $(($(date +%s) - started)) -lt 60 ] || { echo "$started $finished"; false; }
    run find "$TEST_ROOT/containers" -name mark
    expect_match '/mark$'
    try run --name kept "$IMAGE"
    expect_error 125 kept
    try rm kept
    expect_status 0
    expect_output kept
    nothing_left
    try inspect kept
    expect_error 125 kept
}

@test "a container that could not start is not kept as if it had run" {
    try run --name nostart "$IMAGE" /no/such
    expect_status 127
    try ps -a --format '{{.Names}} {{.State}}'
    # docker keeps it as "created"; whichever, the name must be free again after rm -f
    [[ $output != *running* ]] || { show; false; }
    ambit rm -f nostart
    try run --rm --name nostart "$IMAGE"
    expect_status 0
    nothing_left
}

@test "rm: running ones are refused, -f kills, a missing one is an error but not with -f" {
    start busy "$IMAGE" /init say up , pause
    try rm busy
    expect_error 125 busy
    try rm -f busy
    expect_status 0
    expect_end busy 137
    try rm nobody
    expect_error 125 nobody
    try rm -f nobody
    expect_status 0
    expect_output ""
    nothing_left
}

@test "names: too long, empty, strange ones are refused; a free one can be used again at once" {
    local name
    for name in "" x - .hidden a/b 'a b' "$(printf 'x%.0s' {1..300})" $'new\nline' 'ü'; do
        try run --rm --name "$name" "$IMAGE" /init say ran
        expect_error 125 name
    done
    for name in aa A.b_c-1 00; do
        ambit run --rm --name "$name" "$IMAGE"
        ambit run --rm --name "$name" "$IMAGE"
    done
    nothing_left
}
