#!/usr/bin/env bats
# One more program in a container that runs: inside the same boundary in every respect.

load lib

setup_file() {
    prepare_store
    start box --memory 64m --pids-limit 40 -e OWN=1 -w /tmp "$IMAGE" /init say up , pause
}

teardown_file() {
    stop box
    discard_store
}

@test "exec is in the same eight namespaces, seen from inside" {
    local pid kind
    pid=$(ambit inspect --format '{{.State.Pid}}' box)
    for kind in pid net ipc uts user cgroup time mnt; do
        try exec box /init readlink "/proc/self/ns/$kind"
        expect_output "$(readlink "/proc/$pid/ns/$kind")"
    done
}

@test "exec is in the same namespaces and cgroups, seen from outside" {
    ambit exec -d box /init sleep 20
    local pid other kind
    pid=$(ambit inspect --format '{{.State.Pid}}' box)
    await 5 eval "grep -lxz sleep /proc/[0-9]*/cmdline | grep -q ."
    for other in $(grep -lxz /init /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
        [ "$(readlink "/proc/$other/ns/pid")" = "$(readlink "/proc/$pid/ns/pid")" ] || continue
        for kind in pid net ipc uts user cgroup time mnt; do
            [ "$(readlink "/proc/$other/ns/$kind")" = "$(readlink "/proc/$pid/ns/$kind")" ] || { echo "$other: $kind"; false; }
        done
        diff "/proc/$pid/cgroup" "/proc/$other/cgroup"
    done
}

@test "exec has the container's capabilities, filter and no_new_privs" {
    try run --rm "$IMAGE" /init status CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp
    local wanted=$output
    try exec box /init status CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp
    expect_output "$wanted"
    expect_match '^Seccomp:[[:space:]]2$'
}

@test "exec is counted and limited with the container" {
    try exec box /init fork 100
    expect_match "^made 3[678]$" # 40 without process 1, itself, and what other tests left there
    # On a slow machine they are not gone yet.
    await 5 ambit exec box /init exit 0
    try exec box /init hog 200
    expect_status 137
    try inspect --format '{{.State.Status}}' box
    expect_output running
}

@test "exec has no descriptor of the engine, and process 1 of the container has none either" {
    try exec box /init fds
    expect_match '^0 '
    [ "$(wc -l <<<"$output")" -eq 3 ] || { show; false; }
    run ls "/proc/$(ambit inspect --format '{{.State.Pid}}' box)/fd"
    expect_output $'0\n1\n2'
}

@test "exec: -e, -w, -u; the container's own environment and directory otherwise" {
    try exec -e B=2 -e OWN=changed box /init env B OWN
    expect_output $'2\nchanged'
    try exec box /init env OWN , cwd
    expect_output $'1\n/tmp'
    try exec -w /etc -u 7:8 box /init cwd , id
    expect_output $'/etc\nuid=7 euid=7 gid=8 egid=8 groups=8'
    MINE=yes try exec -e MINE box /init env MINE
    expect_output yes
    MINE=yes try exec box /init env MINE
    expect_status 1
    printf '# files first\nB=file\nC=file\n' >"$TEST_DIR/variables"
    try exec --env-file "$TEST_DIR/variables" -e B=word box /init env B C
    expect_output $'word\nfile'
    try exec --env-file "$TEST_DIR/none" box /init env
    expect_error 125 '--env-file: .*none'
    try exec -u nobody-here box /init env
    expect_error 125 "exec: --user: no user 'nobody-here'"
    try exec -w /nowhere box /init env
    expect_error 125 'exec: --workdir: .*/nowhere: No such file'
}

@test "exec: the status is the program's, 128 + a signal, 126, 127" {
    local wanted
    for wanted in 0 1 125 126 127 255; do
        try exec box /init exit "$wanted"
        expect_status "$wanted"
    done
    try exec box /init die TERM
    expect_status 143
    try exec box /no/such
    expect_error 127 /no/such
    try exec box nosuch
    expect_error 127 nosuch
    try exec box /etc
    expect_error 126 /etc
}

@test "exec: input with -i, none without; output and errors apart" {
    run --separate-stderr bash -c 'echo hello | "$0" "$@"' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" exec -i box /init echo
    expect_output "got hello"
    run --separate-stderr bash -c 'echo hello | "$0" "$@"' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" exec box /init echo
    expect_output ""
    try exec box /init say out , complain err
    expect_output out
    [ "$errors" = err ]
}

@test "exec -d comes back at once; the program goes on" {
    local begin=$SECONDS
    try exec -d box /init sleep 1 , write /tmp/done x
    expect_status 0
    [ $((SECONDS - begin)) -lt 5 ]
    await 10 ambit exec box /init stat /tmp/done
}

@test "exec -d of a program that is not there is an error at once" {
    try exec -d box /no/such
    expect_error 127 /no/such
}

@test "exec: a directory through a descriptor of the engine is refused" {
    local n
    for n in 3 4 5 6 7 8 9 10 11 12; do
        try exec -w "/proc/self/fd/$n" box /init ls ../../../../../../home
        [ "$status" -ne 0 ] || { show; false; }
        try exec -w "/proc/1/fd/$n" box /init say ran
        [ "$status" -ne 0 ] || { show; false; }
    done
}

@test "exec --privileged: all capabilities of the container's user namespace, and no more" {
    try exec --privileged box /init status CapEff Seccomp , readlink /proc/self/ns/user
    expect_status 0
    expect_match '^CapEff:[[:space:]]000001ffffffffff$'
    local around=0
    [ -z "${FAULT:-}" ] || around=2 # the fault lane's own filter, which stays
    expect_match "^Seccomp:[[:space:]]$around$"
    expect_line "$(readlink "/proc/$(ambit inspect --format '{{.State.Pid}}' box)/ns/user")"
}

@test "exec where nothing runs: one line" {
    ambit run --name ended "$IMAGE"
    try exec ended /init say ran
    ambit rm ended
    expect_error 125 'ended.*not running'
    try exec nobody /init say ran
    expect_error 125 nobody
    try exec box
    expect_error 125 'command|usage'
}

@test "ten at once" {
    local i pids=()
    start many "$IMAGE" /init say up , pause # without a limit on processes
    for i in 1 2 3 4 5 6 7 8 9 10; do
        ambit exec many /init say "$i" >"$BATS_TEST_TMPDIR/$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    for i in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = "$i" ]
    done
    stop many
}

@test "the end of the container ends exec, with 137" {
    start brief "$IMAGE" /init say up , pause
    ambit exec brief /init say up , pause >"$BATS_TEST_TMPDIR/out" 3>&- &
    local exec_pid=$! outcome=0
    await 10 test -s "$BATS_TEST_TMPDIR/out"
    ambit kill brief
    await 10 eval "! kill -0 $exec_pid"
    wait "$exec_pid" || outcome=$?
    stop brief
    [ "$outcome" -eq 137 ] || { echo "status $outcome"; false; }
}
