#!/usr/bin/env bats
# timeout: 300
# kill -9 at random moments of load, commit, rmi and pull: what was complete stays, nothing else does,
# and `system check` says so. AMBIT_KILLS: how many of each; image_crash_long.bats has 100.

load lib
load registry_lib

base_tar=$TOP/build/base.tar

setup_file() {
    prepare_store
    export KILLS=${AMBIT_KILLS:-5}
    mkdir -p "$TEST_DIR/many"
    python3 - "$TEST_DIR/many" <<'END'
import os, sys
for i in range(40):
    os.mkdir(f"{sys.argv[1]}/d{i}")
    for j in range(20):
        with open(f"{sys.argv[1]}/d{i}/f{j}", "wb") as f:
            f.write(os.urandom(3000))
END
    "$ARCHIVE" --name many:1 --cmd '/init pid' "$TEST_DIR/many.tar" "$TEST_DIR/rootfs" \
        "$TEST_DIR/many"
    ambit load -q -i "$base_tar"
    # shellcheck disable=SC2016 # for the shell inside
    ambit run --net none --name worked base sh -c \
        'for i in $(seq 300); do head -c 3000 /dev/urandom >/f$i; done; rm -rf /home'
    start_registry plain
    local packing
    for packing in gzip zstd; do
        "$TOP/tests/integration/scale-image" --compress $packing layers:5 "$TEST_DIR/$packing"
        skopeo_copy --dest-tls-verify=false "oci:$TEST_DIR/$packing:scale" "docker://$REGISTRY_PLAIN/$packing:1"
    done
    "$TOP/tests/integration/platform-image" --size 1000000 "$TEST_DIR/rootfs" "$TEST_DIR/multi"
    skopeo_copy --all --dest-tls-verify=false "oci:$TEST_DIR/multi" "docker://$REGISTRY_PLAIN/multi:1"
    usage >"$TEST_DIR/usage"
}

teardown_file() {
    stop_registries
    ambit rm -f worked
    discard_store
}

df_bytes() {
    ambit system df --format '{{.Bytes}}' | awk '{ sum += $1 } END { print sum }'
}

# Sizes of directories depend on what they once held: files only.
usage() {
    rmdir "$TEST_ROOT/partial" 2>/dev/null || true
    find "$TEST_ROOT"/{blobs,layers,containers} ! -type d -printf '%P %y %s %i\n' | sort
    ls -A "$TEST_ROOT"
}

# Starts it in a process group of its own, kills all of that or one process of it.
killed_at_random() { # MILLISECONDS ARGUMENT...
    local pid victim most=$1
    shift
    setsid "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@" \
        </dev/null >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$(printf '0.%03d' $((RANDOM % most)))"
    case $((RANDOM % 3)) in
    0) kill -KILL -- "-$pid" 2>/dev/null || true ;;
    1) kill -KILL "$pid" 2>/dev/null || true ;;
    2)
        victim=$(pgrep -g "$pid" | shuf -n 1)
        kill -KILL "${victim:-$pid}" 2>/dev/null || true
        ;;
    esac
    wait "$pid" 2>/dev/null || true
    await 10 eval "! pgrep -g $pid"
}

store_is_whole() {
    try system check --repair
    expect_status 0
    try system check
    expect_output '1 container, 0 findings, 0 repaired'
}

back_to_the_start() {
    usage | diff "$TEST_DIR/usage" - || { echo "disk use did not return: $1"; return 1; }
}

@test "kills at random moments of load" {
    local kill
    for kill in $(seq "$KILLS"); do
        killed_at_random 400 load -q -i "$TEST_DIR/many.tar"
        store_is_whole
        # there as a whole or not at all
        if ambit image inspect many:1 >/dev/null 2>&1; then
            ambit image verify many:1
            ambit rmi many:1 >/dev/null
        fi
        back_to_the_start "load $kill"
    done
    try image check --deep
    expect_status 0
}

@test "kills at random moments of commit" {
    local kill
    for kill in $(seq "$KILLS"); do
        killed_at_random 400 commit worked made:1
        store_is_whole
        if ambit image inspect made:1 >/dev/null 2>&1; then
            ambit image verify made:1
            ambit rmi made:1 >/dev/null
        fi
        back_to_the_start "commit $kill"
    done
}

@test "kills at random moments of rmi" {
    local kill
    for kill in $(seq "$KILLS"); do
        ambit load -q -i "$TEST_DIR/many.tar"
        killed_at_random 60 rmi many:1
        store_is_whole
        if ambit image inspect many:1 >/dev/null 2>&1; then
            ambit image verify many:1
            ambit rmi many:1 >/dev/null
        fi
        back_to_the_start "rmi $kill"
    done
    # what was there before is what it was
    try image verify base init
    expect_status 0
}

registry_bytes() { # HEX
    stat -c %s "$TEST_DIR/registry-plain/data/docker/registry/v2/blobs/sha256/${1:0:2}/$1/data"
}

# What the interrupted pull has left is not asked for again: nothing of a whole blob, the rest of another.
expect_continued() { # ARGUMENT...
    local file hex log=$TEST_DIR/registry-plain/log whole=() begun=()
    for file in "$TEST_ROOT"/partial/*; do
        [ -s "$file" ] || continue
        hex=${file##*/}
        if [ "$(stat -c %s "$file")" -eq "$(registry_bytes "$hex")" ]; then whole+=("$hex"); else begun+=("$hex"); fi
    done
    : >"$log"
    ambit "$@" >/dev/null
    for hex in "${whole[@]}"; do
        ! grep "GET /v2/.*/blobs/sha256:$hex" "$log" || { echo "fetched again: $hex"; return 1; }
    done
    for hex in "${begun[@]}"; do
        grep -qE "GET /v2/.*/blobs/sha256:${hex}[^\"]*\" 206 " "$log" || { echo "not continued: $hex"; return 1; }
    done
    echo "${#whole[@]} ${#begun[@]}" >>"$TEST_DIR/continued"
}

@test "kills at random moments of pull; the next one goes on" {
    local kill image before all
    : >"$TEST_DIR/continued"
    for kill in $(seq "$KILLS"); do
        all=()
        case $((kill % 3)) in
        0) image=$REGISTRY_PLAIN/gzip:1 ;;
        1) image=$REGISTRY_PLAIN/multi:1 all=(--all-platforms) ;;
        2) image=$REGISTRY_PLAIN/zstd:1 ;;
        esac
        killed_at_random 700 pull -q "${all[@]}" "$image"
        # What had come is kept for the next pull, and is all that is kept.
        before=$(cat "$TEST_ROOT"/partial/* 2>/dev/null | wc -c)
        store_is_whole
        [ "$(cat "$TEST_ROOT"/partial/* 2>/dev/null | wc -c)" = "$before" ]
        if [ $((kill % 5)) -eq 0 ]; then
            ambit image prune -f >/dev/null
        else
            expect_continued pull -q "${all[@]}" "$image"
            ambit image verify "$image"
            [ -z "$(ls "$TEST_ROOT/partial")" ]
            [ "$(df_bytes)" = "$(du -s -B 1 "$TEST_ROOT" | cut -f 1)" ]
        fi
        ambit rmi -f "$image" >/dev/null
        ambit image prune -f >/dev/null
        back_to_the_start "pull $kill"
    done
    try image check --deep
    expect_status 0
    # 0 of either may happen with few kills
    awk '{ whole += $1; begun += $2 } END { print "# kept " whole " whole downloads, continued " begun }' \
        "$TEST_DIR/continued" >&3
    [ "$KILLS" -lt 50 ] || awk '{ whole += $1; begun += $2 } END { exit !(whole && begun) }' "$TEST_DIR/continued"
}
