#!/usr/bin/env bats
# `ambit run` in the foreground: the process, what it is given, how it ends.

load lib

@test "output, errors and status 0 pass through" {
    try run --rm "$IMAGE" /init say out , complain err
    expect_status 0
    expect_output out
    [ "$errors" = err ]
}

@test "the image's own command runs when none is given" {
    try run --rm "$IMAGE"
    expect_status 0
    expect_output "pid=1 ppid=0 pgid=1 sid=1"
}

@test "the exit status is the command's" {
    for status_wanted in 1 42 125 126 127 255; do
        try run --rm "$IMAGE" /init exit "$status_wanted"
        expect_status "$status_wanted"
        [ -z "$errors" ] || { show; false; }
    done
}

@test "a command ended by a signal gives 128 + its number" {
    # Process 1 ignores what it does not handle, so the signals come from outside.
    start dying "$IMAGE" /init say up , pause
    ambit kill --signal KILL dying
    local pid outcome=0
    pid=$(cat "$TEST_DIR/dying.pid")
    wait "$pid" || outcome=$?
    [ "$outcome" -eq 137 ] || { echo "status $outcome"; false; }
}

@test "a command that is not there: 127, one line that names it" {
    try run --rm "$IMAGE" /no/such/program
    expect_error 127 '/no/such/program'
    try run --rm "$IMAGE" nosuchprogram
    expect_error 127 'nosuchprogram'
}

@test "a command that cannot be executed: 126, one line that names it" {
    try run --rm "$IMAGE" /tmp
    expect_error 126 '/tmp'
    try run --rm -v "$TEST_DIR/init.tar:/notexec:ro" "$IMAGE" /notexec
    expect_error 126 '/notexec'
}

@test "an image that is not there: 125" {
    try run --rm no-such-image:1 /init
    expect_error 125 'no-such-image'
}

@test "an image for another platform than is asked for does not run" {
    try run --rm --pull never --platform linux/s390x "$IMAGE" /init
    expect_error 125 '--platform: .* is here for linux/amd64, not for linux/s390x'
    try run --rm --pull never --platform linux/amd64 "$IMAGE" /init say fits
    expect_output fits
}

@test "errors in the options: 125, the option is named, nothing is left" {
    try run --rm --user nobody-here "$IMAGE" /init
    expect_error 125 "^ambit run: --user: no user 'nobody-here'"
    try run --rm --group-add nobody-here "$IMAGE" /init
    expect_error 125 "^ambit run: --group-add: no group 'nobody-here'"
    try run --rm --memory lots "$IMAGE"
    expect_error 125 'memory'
    try run --rm --cpus -1 "$IMAGE"
    expect_error 125 'cpus'
    try run --rm --pid nonsense "$IMAGE"
    expect_error 125 'pid'
    try run --rm --user nosuchuser "$IMAGE" /init id
    expect_error 125 'nosuchuser'
    try run --rm -v relative/path:/x "$IMAGE" /init
    [ "$status" -eq 125 ] || [ "$status" -eq 0 ] || { show; false; } # a volume's name or refused
    try ps -a -q
    expect_output ""
}

@test "arguments arrive as they are" {
    try run --rm "$IMAGE" /init args 'a b' '' '$HOME' '*' $'two\nlines' -x --rm
    expect_status 0
    expect_output $'[a b]\n[]\n[$HOME]\n[*]\n[two\nlines]\n[-x]\n[--rm]'
}

@test "the environment is the image's, the options' and nothing of the caller's" {
    SECRET=1 try run --rm -e A=1 -e "B=x y" -e C= "$IMAGE" /init env
    expect_status 0
    expect_line A=1
    expect_line "B=x y"
    expect_line C=
    expect_match '^PATH=/:/bin$'
    expect_match '^HOME='
    expect_match '^HOSTNAME='
    [[ $output != *SECRET* ]]
    SECRET=1 try run --rm -e SECRET "$IMAGE" /init env SECRET
    expect_output 1
}

@test "variables from a file" {
    printf '# comment\nONE=1\n\nTWO=2 with spaces\n' >"$BATS_TEST_TMPDIR/env"
    try run --rm --env-file "$BATS_TEST_TMPDIR/env" "$IMAGE" /init env ONE TWO
    expect_output $'1\n2 with spaces'
}

@test "working directory: given, made when missing, not outside" {
    try run --rm -w /tmp "$IMAGE" /init cwd
    expect_output /tmp
    try run --rm -w /new/dir "$IMAGE" /init cwd
    expect_output /new/dir
    try run --rm -w relative "$IMAGE" /init cwd
    [ "$status" -eq 125 ] || [ "$output" = /relative ] || { show; false; }
}

@test "users and groups by number" {
    try run --rm -u 1000:2000 --group-add 3000 "$IMAGE" /init id
    expect_output "uid=1000 euid=1000 gid=2000 egid=2000 groups=2000,3000"
}

@test "users and groups by name come from the image's own files" {
    mkdir -p "$BATS_TEST_TMPDIR/etc"
    printf 'root:x:0:0::/root:/bin/sh\nanna:x:1234:77::/home/anna:/bin/sh\n' >"$BATS_TEST_TMPDIR/etc/passwd"
    printf 'root:x:0:\npeople:x:77:\nfriends:x:88:anna\n' >"$BATS_TEST_TMPDIR/etc/group"
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    cp "$BATS_TEST_TMPDIR"/etc/* "$BATS_TEST_TMPDIR/rootfs/etc/"
    try run --rm -u anna --rootfs "$BATS_TEST_TMPDIR/rootfs" /init id , env HOME
    expect_status 0
    expect_line "uid=1234 euid=1234 gid=77 egid=77 groups=77,88"
    expect_line "/home/anna"
}

@test "standard input: nothing without -i, passed on with it" {
    run --separate-stderr bash -c 'echo hello | "$0" "$@"' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$IMAGE" /init echo
    expect_status 0
    expect_output ""
    run --separate-stderr bash -c 'echo hello | "$0" "$@"' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -i "$IMAGE" /init echo
    expect_status 0
    expect_output "got hello"
}

@test "a large output through a pipe is whole" {
    head -c 3000000 /dev/zero | tr '\0' x >"$TEST_DIR/rootfs/large"
    run bash -c '"$0" "$@" | wc -c' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --rootfs "$TEST_DIR/rootfs" /init cat /large
    rm "$TEST_DIR/rootfs/large"
    expect_output 3000000
}

@test "/dev/stdout can be opened again: a pipe or a file of the caller's, root or another user inside" {
    local who
    for who in 0 1000; do
        try run --rm -u "$who" "$IMAGE" /init write /dev/stdout "again" , write /proc/self/fd/2 "errors"
        expect_status 0
        expect_match again
        [[ $errors == *errors* ]] || { show; false; }
        ambit run --rm -u "$who" "$IMAGE" /init write /dev/stdout "again" >"$TEST_DIR/written"
        grep -q again "$TEST_DIR/written"
    done
}

@test "input from a file, output to a file and to a full disk" {
    seq 1 50000 >"$TEST_DIR/numbers"
    ambit run --rm -i --entrypoint /init "$IMAGE" cat /dev/stdin <"$TEST_DIR/numbers" >"$TEST_DIR/copied"
    cmp "$TEST_DIR/numbers" "$TEST_DIR/copied"
    run bash -c "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm '$IMAGE' /init cat /init 2>&1 >/dev/full"
    expect_status 125
    expect_match 'standard output: .*No space left'
}

@test "no terminal without -t, one with it, of the caller's size" {
    try run --rm "$IMAGE" /init isatty
    expect_output $'0 none\n1 none\n2 none'
    require command -v script -- "no script(1)"
    run script -qec "stty rows 31 columns 97; '$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -it '$IMAGE' /init isatty , winsize" /dev/null
    output=${output//$'\r'/}
    output=${output//'^@'/} # the echo of what script(1) types when its own input has ended
    expect_match '0 tty$'
    expect_line "2 tty"
    expect_line "rows=31 columns=97"
}

@test "signals of the caller are passed on" {
    start signalled "$IMAGE" /init await TERM USR1
    kill -USR1 "$(cat "$TEST_DIR/signalled.pid")"
    await 10 grep -q 'got USR1' "$TEST_DIR/signalled.out"
    stop signalled
}

@test "--init reaps orphans and passes signals on" {
    try run --rm --init "$IMAGE" /init pid
    expect_status 0
    expect_match '^pid=[2-9]'
    start inited --init "$IMAGE" /init await TERM
    kill -TERM "$(cat "$TEST_DIR/inited.pid")"
    await 10 grep -q 'got TERM' "$TEST_DIR/inited.out"
    stop inited
}

@test "names: given ones are unique while they are used" {
    start taken "$IMAGE" /init say up , pause
    try run --rm --name taken "$IMAGE"
    expect_error 125 'taken'
    ambit kill --signal KILL taken
    stop taken
    try run --rm --name taken "$IMAGE"
    expect_status 0
    try run --rm --name '../evil' "$IMAGE"
    expect_error 125 'evil'
}

@test "without --rm the container stays until it is removed" {
    try run --name kept "$IMAGE" /init exit 3
    expect_status 3
    try ps -a
    expect_match 'kept'
    try rm kept
    expect_status 0
    try ps -a -q
    expect_output ""
}

@test "--cidfile gets the id and is not overwritten" {
    try run --rm --cidfile "$BATS_TEST_TMPDIR/cid" "$IMAGE"
    expect_status 0
    run cat "$BATS_TEST_TMPDIR/cid"
    expect_match '^[0-9a-f]{64}$'
    try run --rm --cidfile "$BATS_TEST_TMPDIR/cid" "$IMAGE"
    expect_error 125 'cid'
}

@test "--plan shows steps and makes nothing" {
    try run --plan "$IMAGE"
    expect_status 0
    expect_match 'pivot|root'
    try ps -a -q
    expect_output ""
}

@test "output to a full disk or a closed pipe does not hang" {
    run timeout 20 bash -c '"$0" "$@" >/dev/full' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$IMAGE" /init say x
    [ "$status" -ne 124 ]
    run timeout 20 bash -c '"$0" "$@" | true' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$IMAGE" /init ls /
    [ "$status" -ne 124 ]
}

@test "twenty containers one after another, ten at once" {
    local i
    for i in $(seq 20); do
        ambit run --rm "$IMAGE" /init exit 0
    done
    for i in $(seq 10); do
        ambit run --rm "$IMAGE" /init say "$i" >"$BATS_TEST_TMPDIR/$i" &
    done
    wait
    for i in $(seq 10); do
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = "$i" ] || { echo "container $i"; false; }
    done
}

@test "podman's --umask and --unsetenv, docker's --attach" {
    try run --rm "$IMAGE" /init umask
    expect_output 0022
    try run --rm --umask 027 -a stdin -a STDOUT -a stderr "$IMAGE" /init umask
    expect_output 0027
    try run --umask 1777 "$IMAGE"
    expect_error 125 "--umask: '1777' is not a mask"
    try run --rm -e ONE=1 --unsetenv ONE "$IMAGE" /init env ONE
    [ "$status" -ne 0 ]
    expect_output ""
    try run -a stdout "$IMAGE"
    expect_error 125 '--attach: not supported yet without stdout and stderr both'
    try run --attach in "$IMAGE"
    expect_error 125 "--attach: 'in' is not one of"
}
