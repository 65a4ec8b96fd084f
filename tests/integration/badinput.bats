#!/usr/bin/env bats
# What people and machines get wrong: every answer is one line that names what is wrong, the status
# is 125, nothing ran and nothing is left.

load lib

nothing_left() {
    local left
    left=$(ambit ps -aq; find "$TEST_ROOT/containers" "$TEST_STATE/containers" "$TEST_STATE/ids" \
        -mindepth 1 -not -name '.*' 2>/dev/null; grep -F "$TEST_DIR" /proc/self/mountinfo) || true
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

refused() { # REGEX ARGUMENT... of run
    local wanted=$1
    shift
    try run --rm "$@"
    expect_error 125 "$wanted" || { echo "arguments: $*"; return 1; }
    [[ $output != *ran* ]] || { echo "it ran: $*"; return 1; }
}

@test "images that are not there or are no names" {
    local name
    for name in nosuch nosuch:tag example.org/a/b:c "nosuch@sha256:$(printf '0%.0s' {1..64})" \
        UPPER a//b :tag a: a@b '' 'a b' ../../etc sha256:zz; do
        refused "${name:-empty}" "$name" /init say ran
    done
    nothing_left
}

@test "options that are none, without their value, with one too many" {
    refused no-such-option --no-such-option "$IMAGE" /init say ran
    refused memory --memory
    refused read-only --read-only=maybe "$IMAGE" /init say ran
    refused "'-Z'|-Z" -Z "$IMAGE" /init say ran
    refused image
    refused 'detach: not supported' -d "$IMAGE" /init say ran
    refused 'restart: not supported' --restart always "$IMAGE" /init say ran
    refused 'log-driver: not supported' --log-driver json-file "$IMAGE" /init say ran
    refused "isolation: 'hyperv' is for Windows" --isolation hyperv "$IMAGE" /init say ran
    try run --rm --detach=false --restart no --log-driver none --isolation default \
        --disable-content-trust "$IMAGE" /init say ran # what is so anyway
    expect_output ran
    nothing_left
}

@test "what only the kernel refuses is named by its option too, not by a place in the OCI spec" {
    local options
    while read -r options; do
        # shellcheck disable=SC2086
        refused "^ambit run: ${options%%[ =]*}[:=]" $options "$IMAGE" /init say ran
        [[ $errors != *mounts[\[]* && $errors != *linux.* && $errors != *process.* ]] ||
            { show; false; }
    done <<END
--net ns:/nope
--net ns:/etc/passwd
--network ns:/nope
--network container:nope
--dns-opt timeout:1 --net ns:/proc/self/ns/net
--pid container:nope
--volume /etc/passwd:/proc/x
--mount type=bind,source=/nope,target=/x
--tmpfs /proc/foo
--sysctl net.foo=1
--workdir /init
END
    nothing_left
}

@test "an option with two names is named as it was typed, also by what comes after parsing" {
    refused '^ambit run: --add-host: cannot be used with --network=ns:/proc/self/ns/net ' \
        --add-host a:10.0.0.1 --network ns:/proc/self/ns/net "$IMAGE"
    refused '^ambit run: --add-host: cannot be used with --net=ns:/proc/self/ns/net ' \
        --add-host a:10.0.0.1 --net ns:/proc/self/ns/net "$IMAGE"
}

@test "an option that is nearly right gets a hint" {
    refused 'memory' --memry 64m "$IMAGE" /init say ran
    try rnu
    expect_error 125 run
}

@test "malformed values: the option is named" {
    local options
    while read -r options; do
        # shellcheck disable=SC2086
        refused "${options%% *}" $options "$IMAGE" /init say ran
    done <<'END'
--add-host nocolon
--add-host a:b
--annotation =x
--blkio-weight-device x
--cap-add FLY
--cap-drop FLY
--cidfile /no/such/dir/file
--detach-keys ctrl-
--device /no/such/device
--device /dev/null:/x:q
--device /etc/hostname
--device-cgroup-rule x
--dns nowhere
--dns-search -x
--env =x
--env-file /no/such/file
--group-add :
--hostname a/b
--label =x
--label-file /no/such/file
--mount type=bind
--mount type=bind,source=/etc
--mount type=nosuch,target=/x
--mount type=tmpfs,target=/x,nonsense=1
--mount type=bind,source=relative,target=/x
--mount target=/x,target
--mount ,
--name -x
--net a/b
--platform nonsense/nowhere/x/y
--platform plan9/amd64
--pull sometimes
--rootfs /no/such/dir
--security-opt nonsense
--security-opt seccomp=/no/such/file
--security-opt no-new-privileges=maybe
--shm-size many
--stop-signal NOSUCH
--stop-timeout -5
--stop-timeout soon
--sysctl nokey
--sysctl kernel.panic=1
--sysctl net.ipv4.ip_forward
--sysctl net/../kernel/panic=1
--tmpfs relative
--tmpfs /x:nonsense
--user :
--userns nowhere
--volume :
--volume /a:/b:/c:/d
--volume /tmp:relative
--volume /tmp:/x:nonsense
--volume /tmp:/
--volume a/b:/x
--workdir relative
END
    nothing_left
}

@test "a seccomp profile that is none" {
    echo 'not json' >"$BATS_TEST_TMPDIR/profile"
    refused "$BATS_TEST_TMPDIR/profile" --security-opt "seccomp=$BATS_TEST_TMPDIR/profile" "$IMAGE" /init say ran
    echo '{"defaultAction":"SCMP_ACT_NONSENSE"}' >"$BATS_TEST_TMPDIR/profile"
    refused 'defaultAction|NONSENSE' --security-opt "seccomp=$BATS_TEST_TMPDIR/profile" "$IMAGE" /init say ran
    nothing_left
}

@test "a file of variables that is none" {
    printf 'GOOD=1\n=bad\n' >"$BATS_TEST_TMPDIR/env"
    refused "$BATS_TEST_TMPDIR/env.*2|2.*$BATS_TEST_TMPDIR/env" --env-file "$BATS_TEST_TMPDIR/env" "$IMAGE" /init say ran
    printf 'A=1\0B=2\n' >"$BATS_TEST_TMPDIR/env"
    refused "$BATS_TEST_TMPDIR/env" --env-file "$BATS_TEST_TMPDIR/env" "$IMAGE" /init say ran
    refused "env-file|directory" --env-file "$BATS_TEST_TMPDIR" "$IMAGE" /init say ran
}

@test "a source that is missing is refused and not made" {
    refused "$BATS_TEST_TMPDIR/missing" --mount "type=bind,source=$BATS_TEST_TMPDIR/missing,target=/x" "$IMAGE" /init say ran
    [ ! -e "$BATS_TEST_TMPDIR/missing" ]
    refused "--volume: source $BATS_TEST_TMPDIR/missing: no such file or directory" -v "$BATS_TEST_TMPDIR/missing:/x" "$IMAGE" /init say ran
    [ ! -e "$BATS_TEST_TMPDIR/missing" ]
    refused "$BATS_TEST_TMPDIR/file" --mount "type=bind,source=$BATS_TEST_TMPDIR/file/below,target=/x" "$IMAGE" /init say ran
    nothing_left
}

@test "a directory on a file and a file on a directory" {
    touch "$BATS_TEST_TMPDIR/file"
    local i
    for i in 1 2 3 4 5 6 7 8; do # a message of the failing child got lost now and then
        refused '/tmp' -v "$BATS_TEST_TMPDIR/file:/tmp" "$IMAGE" /init say ran
        refused '/init' -v "$BATS_TEST_TMPDIR:/init" "$IMAGE" /init say ran
    done
    nothing_left
}

@test "arguments of other commands" {
    local arguments
    while read -r arguments; do
        # shellcheck disable=SC2086
        try $arguments
        expect_error 125 . || { echo "arguments: $arguments"; return 1; }
    done <<'END'
inspect
inspect nobody
inspect --format {{.Nonsense} nobody
exec
exec nobody
exec nobody true
kill
kill nobody
stop
stop -t soon nobody
rm
rm nobody
rmi
rmi nosuch:image
tag nosuch new
tag
load -i /no/such/file
import /no/such/file
history nosuch
ps --filter nonsense
ps surplus
image nonsense
system nonsense
END
}

@test "somebody who may not: one line, no state half made" {
    local place=$BATS_TEST_TMPDIR/nobodys
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$IMAGE" /init say ran
    errors=$stderr
    expect_error 125 'ermission|denied|root|privilege'
    mkdir "$place"
    chown 65534:65534 "$place"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$PROGRAMS/ambit" --root "$place/store" --state "$place/state" run --rm --rootfs "$TEST_DIR/rootfs" /init say ran
    errors=$stderr
    [[ $output != *ran* ]] || skip "runs without root already"
    expect_error 125 'ermission|permitted|denied|root|privilege'
}

@test "a store on a full disk: one line, nothing is left, and it works when there is room again" {
    local disk=$BATS_TEST_TMPDIR/disk
    truncate -s 24M "$BATS_TEST_TMPDIR/disk.img"
    mkfs.ext4 -q -O ^has_journal "$BATS_TEST_TMPDIR/disk.img"
    mkdir "$disk"
    mount -o loop "$BATS_TEST_TMPDIR/disk.img" "$disk" || skip "no loop devices here"
    local small=("$PROGRAMS/ambit" --root "$disk/store" --state "$disk/state")
    "${small[@]}" load -q -i "$TEST_DIR/init.tar"
    head -c 100m /dev/zero >"$disk/filler" 2>/dev/null || true
    local i
    for ((i = 0; i < 9999; i++)); do # the last blocks, which a directory would take
        head -c 1 /dev/zero >"$disk/filler.$i" 2>/dev/null || break
        [ -s "$disk/filler.$i" ] || break
    done
    run --separate-stderr "${small[@]}" run --rm "$IMAGE" /init say ran
    local full_status=$status full_errors=$stderr
    rm -f "$disk"/filler*
    run --separate-stderr "${small[@]}" run --rm "$IMAGE" /init say ran
    local left
    left=$("${small[@]}" ps -aq)
    umount "$disk"
    expect_status 0
    expect_output ran
    [ -z "$left" ] || { echo "left: $left"; false; }
    status=$full_status errors=$full_errors
    expect_error 125 'space|full'
}

@test "a store that is read-only: one line" {
    local copy=$BATS_TEST_TMPDIR/store
    cp -a "$TEST_ROOT" "$copy"
    mount --bind "$copy" "$copy"
    mount -o remount,bind,ro "$copy"
    run --separate-stderr "$PROGRAMS/ambit" --root "$copy" --state "$TEST_STATE" run --rm "$IMAGE" /init say ran
    umount "$copy"
    errors=$stderr
    expect_error 125 'ead-only'
    nothing_left
}

@test "a store that is a file, a relative path, nothing" {
    touch "$BATS_TEST_TMPDIR/file"
    run --separate-stderr "$PROGRAMS/ambit" --root "$BATS_TEST_TMPDIR/file" --state "$TEST_STATE" run --rm "$IMAGE"
    errors=$stderr
    expect_error 125 "$BATS_TEST_TMPDIR/file"
    run --separate-stderr "$PROGRAMS/ambit" --root "" --state "$TEST_STATE" ps
    errors=$stderr
    expect_error 125 root
}

@test "a mistyped --root or --state: who only looks makes nothing" {
    [[ ${FAULT:-} != fsopen=* ]] || skip "a state directory that is nowhere needs fsopen"
    local place=$BATS_TEST_TMPDIR/mistyped words
    while read -ra words; do
        run --separate-stderr "$PROGRAMS/ambit" --root "$place/store" --state "$TEST_STATE" "${words[@]}"
        errors=$stderr
        expect_error 125 "--root: $place/store: no such directory"
        run --separate-stderr env AMBIT_ROOT="$TEST_ROOT" AMBIT_STATE="$place/state" \
            "$PROGRAMS/ambit" "${words[@]}"
        [ "$stderr" = "" ] || { errors=$stderr; expect_error 125 'no such container'; }
        [ ! -e "$place" ] || { echo "made by ${words[*]}"; false; }
    done <<END
ps -a
images
info
inspect $IMAGE
image inspect $IMAGE
history $IMAGE
system df
system check
image check
image mount
save -o /dev/null $IMAGE
diff nobody
export nobody
END
    run --separate-stderr "$PROGRAMS/ambit" --root "$place/store" --state "$place/state" rm nobody
    errors=$stderr
    expect_error 125 "no such directory"
    [ ! -e "$place" ]
}

@test "a --root that is somebody else's directory: nothing is made in it" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/etc"
    run --separate-stderr "$PROGRAMS/ambit" --root "$BATS_TEST_TMPDIR/etc" --state "$TEST_STATE" images
    errors=$stderr
    expect_error 125 'mode 0700'
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/etc")" ]
}

@test "a container whose record is damaged is listed as dead" {
    ambit run --name broken "$IMAGE"
    local file
    file=$(find "$TEST_ROOT/containers" -name container.json | head -1)
    [ -n "$file" ]
    cp "$file" "$BATS_TEST_TMPDIR/good"
    printf '{"id":' >"$file"
    try inspect --format '{{.State.Status}}' broken
    expect_output dead
    cp "$BATS_TEST_TMPDIR/good" "$file"
    ambit rm broken
    nothing_left
}
