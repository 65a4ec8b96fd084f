#!/usr/bin/env bats
# Containers that run, seen and handled from outside: ps, inspect, exec, kill, stop, rm.

load lib

@test "ps lists what runs; -a also what ended; -q ids only" {
    start shown -l color=blue "$IMAGE" /init say up , pause
    ambit run --name ended "$IMAGE" /init exit 4 || true
    try ps
    expect_match 'shown'
    [[ $output != *ended* ]] || { show; false; }
    try ps -a
    expect_match 'shown'
    expect_match 'ended'
    try ps -q
    expect_match '^[0-9a-f]{12}$'
    try ps --filter label=color=blue -q
    [ "$(wc -l <<<"$output")" -eq 1 ]
    stop shown
    ambit rm ended
    try ps -a -q
    expect_output ""
}

@test "ps: the newest, names as patterns, exit statuses, volumes; what docker's templates ask for" {
    ambit run --name web "$IMAGE" /init exit 3 || true
    ambit run --name web-old -v kept:/kept -l a=b -l c=d "$IMAGE" /init exit 0
    try ps -l --format '{{.Names}}'
    expect_output web-old
    try ps -n 1 --filter exited=3 --format '{{.Names}}'
    expect_output web
    try ps -aq --filter name=web
    [ "$(wc -l <<<"$output")" -eq 2 ]
    local pattern
    for pattern in '^web$' '^/web$' '^/?w.b$'; do
        try ps -a --filter "name=$pattern" --format '{{.Names}}'
        expect_output web
    done
    try ps -a --filter volume=kept --format '{{.Names}} {{.Labels}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}}'
    expect_output 'web-old a=b,c=d kept none 1'
    try ps -a --filter 'name=('
    expect_error 125 'not a regular expression'
    try ps -a --filter exited=soon
    expect_error 125 "exited 'soon' is not a number"
    ambit rm web web-old
    rm -r "$TEST_ROOT/volumes/kept"
}

@test "ps: filters of one key are alternatives, labels are not; an image by any of its names" {
    local image_id
    image_id=$(ambit image inspect "$IMAGE" -f '{{slice .Id 7 19}}')
    ambit run --name one -l a -l b "$IMAGE" /init exit 0
    ambit run --name two -l a "$IMAGE" /init exit 0
    try ps -a --filter name=one --filter name=two --filter label=a --format '{{.Names}}'
    expect_output "two
one"
    try ps -a --filter label=a --filter label=b --format '{{.Names}}'
    expect_output one
    local name
    for name in "$IMAGE:latest" "docker.io/library/$IMAGE" "$image_id"; do
        try ps -aq --filter "ancestor=$name"
        [ "$(wc -l <<<"$output")" -eq 2 ]
    done
    try ps -aq --filter ancestor="${IMAGE}x" --filter network=none
    expect_output ""
    ambit rm one two
}

@test "rm, stop, kill: --all, --cidfile, --ignore" {
    start runs "$IMAGE" /init say up , pause
    ambit run --name ended --cidfile "$TEST_DIR/cid" "$IMAGE" /init exit 0
    try rm
    expect_error 125 'an argument is missing \(usage: ambit rm .*--all'
    try rm --all ended
    expect_error 125 '--all: there are names besides \(ended\)'
    try rm nobody
    expect_error 125 'no such container: nobody'
    try rm --ignore nobody --cidfile "$TEST_DIR/none"
    expect_status 0
    expect_output ""
    try rm --cidfile "$TEST_DIR/cid"
    expect_output "$(<"$TEST_DIR/cid")"
    try rm --all
    expect_error 125 'runs'
    try stop --all --timeout 0
    expect_status 0
    [ "$(wc -l <<<"$output")" -eq 1 ]
    try kill --all
    expect_status 0
    expect_output ""
    try rm --all --force
    expect_status 0
    try ps -aq
    expect_output ""
    rm "$TEST_DIR/cid"
}

@test "inspect prints what it finds, also if something else is not there" {
    ambit run --name there "$IMAGE" /init exit 0
    try inspect nobody there none -f '{{.Name}}'
    expect_status 125
    expect_output there
    [ "$(wc -l <<<"$errors")" -eq 2 ]
    try inspect there nobody
    [ "$(jq length <<<"$output")" -eq 1 ]
    [ "$(ambit inspect -f json there | jq -r .Name)" = there ]
    ambit rm there
}

@test "inspect tells as JSON, or by a template" {
    start looked "$IMAGE" /init say up , pause
    try inspect looked
    expect_status 0
    python3 -c 'import json, sys; json.loads(sys.argv[1])' "$output"
    try inspect --format '{{.State.Status}} {{.Name}}' looked
    expect_match '^running /?looked$'
    stop looked
    try inspect looked
    expect_error 125 'looked'
}

@test "a container is found by the beginning of its id" {
    start found "$IMAGE" /init say up , pause
    local id
    id=$(ambit ps -q)
    try inspect --format '{{.Name}}' "${id:0:6}"
    stop found
    expect_match 'found'
}

@test "exec runs in the same boundary" {
    start host -e A=1 "$IMAGE" /init say up , pause
    try exec host /init readlink /proc/self/ns/pid , readlink /proc/self/ns/net , env A , id
    local pid out=$output
    pid=$(ambit inspect --format '{{.State.Pid}}' host)
    local pid_ns net_ns
    pid_ns=$(readlink "/proc/$pid/ns/pid")
    net_ns=$(readlink "/proc/$pid/ns/net")
    stop host
    output=$out
    expect_status 0
    expect_line "$pid_ns"
    expect_line "$net_ns"
    expect_line 1
    expect_match '^uid=0 '
}

@test "exec: status, user, directory, environment, input, missing command" {
    start target "$IMAGE" /init say up , pause
    try exec target /init exit 9
    expect_status 9
    try exec -u 5:6 -w /tmp -e B=2 target /init id , cwd , env B
    expect_status 0
    expect_line "uid=5 euid=5 gid=6 egid=6 groups=6"
    expect_line /tmp
    expect_line 2
    try exec target /no/such
    expect_error 127 '/no/such'
    run bash -c 'echo in | "$0" "$@"' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" exec -i target /init echo
    expect_output "got in"
    stop target
    try exec target /init
    expect_error 125 'target'
}

@test "what exec may do is what the container may do" {
    start fenced --memory 64m "$IMAGE" /init say up , pause
    try exec fenced /init status CapEff NoNewPrivs Seccomp
    local from_exec=$output
    try exec fenced /init hog 200
    local hogged=$status
    stop fenced
    [ "$hogged" -eq 137 ] || { echo "the memory limit did not hold for exec: $hogged"; false; }
    try run --rm "$IMAGE" /init status CapEff NoNewPrivs Seccomp
    [ "$from_exec" = "$output" ] || { echo "exec: $from_exec"; show; false; }
}

@test "kill sends a signal by name or number" {
    start signalled "$IMAGE" /init await USR1 USR2 , pause
    try kill --signal USR1 signalled
    expect_status 0
    await 10 grep -q 'got USR1' "$TEST_DIR/signalled.out"
    try kill -s 9 signalled
    expect_status 0
    stop signalled
    try kill signalled
    expect_error 125 'signalled'
}

@test "stop: the stop signal first, KILL after the time" {
    start polite "$IMAGE" /init await TERM
    try stop -t 5 polite
    expect_status 0
    await 5 grep -q 'got TERM' "$TEST_DIR/polite.out"
    stop polite
    start stubborn "$IMAGE" /init say up , pause
    local begin=$SECONDS
    try stop -t 1 stubborn
    expect_status 0
    [ $((SECONDS - begin)) -lt 8 ]
    stop stubborn
}

@test "rm refuses what runs, unless it is forced" {
    start running "$IMAGE" /init say up , pause
    try rm running
    expect_error 125 'running'
    try rm -f running
    expect_status 0
    stop running
    try rm nosuch
    expect_error 125 'nosuch'
}

@test "the engine killed: the container ends with it, check cleans up" {
    start orphaned "$IMAGE" /init say up , pause
    local engine pid
    engine=$(cat "$TEST_DIR/orphaned.pid")
    pid=$(ambit inspect --format '{{.State.Pid}}' orphaned)
    kill -KILL "$engine"
    await 5 test ! -e "/proc/$pid/root/init" # its root goes a moment before the process does
    await 5 eval '[[ $(ambit ps) != *orphaned* ]]'
    try system check
    try system check --repair
    try rm -f orphaned
    try ps -a -q
    expect_output ""
}
