#!/usr/bin/env bats
# not sanitized: strace delays its calls
# Two commands at a time, the slower one held at the moment that matters.

load lib

setup() {
    require command -v strace -- "strace is not installed"
}

# In the background, with a system call that comes a second late, each time or as strace's when= says.
# With $LATE_AT only calls on that file or directory.
late() { # CALL[:when=N] ARGUMENT...
    local call=$1
    shift
    strace -f -o /dev/null ${LATE_AT:+-P "$LATE_AT"} -e trace="${call%%:*}" \
        -e inject="${call%%:*}:delay_enter=1000000${call#"${call%%:*}"}" \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@" \
        >"$TEST_DIR/late.out" 2>"$TEST_DIR/late.err" 3>&- &
    late=$!
    sleep 0.5
}

@test "an image is not removed under a container that starts meanwhile" {
    tar -C "$TEST_DIR/rootfs" -c . | ambit import - passing
    late flock rmi passing
    start user --net none passing /init say up , pause
    status=0
    wait "$late" || status=$?
    expect_status 125
    grep -q 'used by a container' "$TEST_DIR/late.err"
    ambit exec user /init pid
    stop user
    ambit rmi passing
}

@test "a slow reader of save keeps nobody waiting, and gets all of what is removed meanwhile" {
    ambit load -q -i "$TOP/build/base.tar" -t slow
    ambit save -o "$TEST_DIR/whole.tar" slow
    mkfifo "$TEST_DIR/pipe"
    ambit save slow 3>&- >"$TEST_DIR/pipe" &
    local save=$! reader
    exec {reader}<"$TEST_DIR/pipe"
    head -c 512 <&"$reader" >"$TEST_DIR/read.tar"
    timeout 20 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" rmi slow
    timeout 20 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" image prune -f
    kill -0 "$save"
    cat <&"$reader" >>"$TEST_DIR/read.tar"
    exec {reader}<&-
    wait "$save"
    cmp "$TEST_DIR/read.tar" "$TEST_DIR/whole.tar"
    rm "$TEST_DIR/pipe" "$TEST_DIR/read.tar" "$TEST_DIR/whole.tar"
}

@test "an image that two mount at once is mounted once" {
    late move_mount image mount "$IMAGE"
    ambit image mount "$IMAGE"
    wait "$late"
    ambit image unmount "$IMAGE"
    try image mount
    expect_output ""
}

@test "a volume does not begin with what a killed command of the same number left" {
    mkdir -p "$TEST_ROOT/volumes"
    (
        mkdir -p "$TEST_ROOT/volumes/.tmp-$BASHPID/data"
        touch "$TEST_ROOT/volumes/.tmp-$BASHPID/data/stray"
        exec "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --net none \
            -v new:/tmp "$IMAGE" /init ls /tmp
    ) >"$TEST_DIR/list"
    [ ! -s "$TEST_DIR/list" ]
    [ ! -e "$TEST_ROOT/volumes/new/data/stray" ]
}

@test "who cleans up does not take the directory of one who has just made it" {
    # One has made its directory and locks it late; the other finds it unlocked and removes it late.
    late flock load -i "$TOP/build/base.tar" -t first
    first=$late
    late unlinkat:when=1 load -i "$TEST_DIR/init.tar" -t second
    wait "$late"
    wait "$first"
    ambit run --rm --net none first true
}

@test "an image that is removed while it is looked up is fetched, or saved whole" {
    tar -C "$TEST_DIR/rootfs" -c . | ambit import - passing
    late flock run --rm --net none --pull never passing /init pid
    ambit rmi passing
    status=0
    wait "$late" || status=$?
    expect_status 125
    grep -q 'no such image: passing' "$TEST_DIR/late.err"
}

@test "a container that has just ended is removed when its engine process has put it away" {
    LATE_AT=$TEST_STATE late unlinkat run --net none --name ended "$IMAGE" /init pid
    await 10 eval 'ambit ps --all --filter status=exited | grep ended'
    ambit rm ended
    wait "$late"
}

@test "what a container gives back while it is looked for is no leftover" {
    start passing "$IMAGE" /init say up , await TERM
    late faccessat system check
    stop passing
    wait "$late" || true
    grep -q ' 0 findings' "$TEST_DIR/late.out" || { cat "$TEST_DIR/late.out"; false; }
}

@test "a credential program that does not read what it is told is not our end" {
    export HOME=$TEST_DIR/home
    mkdir -p "$HOME/.docker" "$TEST_DIR/path"
    printf '#!/bin/sh\nexit 3\n' >"$TEST_DIR/path/docker-credential-deaf"
    chmod 755 "$TEST_DIR/path/docker-credential-deaf"
    echo '{"credHelpers": {"registry.example": "deaf"}}' >"$HOME/.docker/config.json"
    PATH=$TEST_DIR/path:$PATH late write logout registry.example
    status=0
    wait "$late" || status=$?
    [ "$status" -eq 125 ]
    grep -q "ambit logout: " "$TEST_DIR/late.err"
}
