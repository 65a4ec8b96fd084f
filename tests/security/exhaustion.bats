#!/usr/bin/env bats
# not sanitized: it bounds memory, of which sanitizers reserve terabytes
# timeout: 120
# Class L: what is read from a container or a file of a stranger's is bounded in memory and in time.
# CVE-2022-31030, 2022-1708, 2026-47262 (group), 2024-9676 (FIFO), 2025-64329.

load ../integration/lib
load bundle

setup_file() {
    prepare_store
    make_bundle "$TEST_DIR/bundle"
    cp "$HOSTILE/flood" "$TEST_DIR/bundle/rootfs/flood"
}

teardown() {
    remove_all
}

peak() { # PID: the most it held, in KiB
    awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

@test "a GiB of output that nobody reads is kept by nobody" {
    local pid
    up box "$TEST_DIR/bundle"
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 8<>"$BATS_TEST_TMPDIR/pipe"
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec box /flood >&8 2>/dev/null </dev/null 3>&- &
    pid=$!
    sleep 0.5
    [ "$(peak $pid)" -lt 8192 ] || { peak $pid; false; }
    oci kill box KILL
    wait $pid || true
    exec 8>&-
}

@test "nor through a terminal" {
    local pid
    require command -v script -- "no script(1)"
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 8<>"$BATS_TEST_TMPDIR/pipe"
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --name flooding -t \
        -v "$HOSTILE/flood:/flood:ro" "$IMAGE" /flood >&8 2>/dev/null </dev/null 3>&- &
    pid=$!
    await 10 ambit inspect flooding
    sleep 0.5
    [ "$(peak $pid)" -lt 8192 ] || { peak $pid; false; }
    ambit kill -s KILL flooding
    timeout 20 cat <&8 >/dev/null 3>&- & # what is on its way is still delivered
    local reader=$!
    wait $pid || true
    kill $reader
    exec 8>&-
}

quick() { # COMMAND...: ends within seconds, in little memory
    # bash's limit is in KiB of address space
    run bash -c 'ulimit -v 262144; exec timeout 10 "$@"' quick "$@"
    [ "$status" -ne 124 ] && { [ "$status" -lt 128 ] || [ "$status" -eq 255 ]; } || { show; return 1; }
}

@test "passwd and group are enormous, endless or pipes" {
    local file root=$BATS_TEST_TMPDIR/rootfs
    cp -r "$TEST_DIR/rootfs" "$root"
    for file in passwd group; do
        truncate -s 100M "$root/etc/$file"
        quick "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna:staff --rootfs "$root" /init id
        expect_status 125
        yes "anna:x:5:5::/:/x" | head -c 5000000 >"$root/etc/$file"
        quick "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna:staff --rootfs "$root" /init id
        expect_status 125
        rm "$root/etc/$file"
        mkfifo "$root/etc/$file"
        quick "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna:staff --rootfs "$root" /init id
        expect_status 125
        rm "$root/etc/$file"
        ln -s /dev/zero "$root/etc/$file"
        quick "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -u anna:staff --rootfs "$root" /init id
        expect_status 125
        rm "$root/etc/$file"
    done
}

@test "a state file that was damaged is refused, and the container can be removed" {
    local file=$TEST_DIR/oci/box/state.json damage
    for damage in 'truncate -s 2G' 'truncate -s 0' 'truncate -s 20'; do
        up box "$TEST_DIR/bundle"
        $damage "$file"
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" state box
        expect_status 1
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" list
        expect_status 0
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" delete --force box
        expect_status 0
        [ ! -e "$TEST_DIR/oci/box" ] || { ls "$TEST_DIR/oci/box"; false; }
    done
}

@test "config.json, process.json, resources that are huge, endless, deep or pipes" {
    local file=$BATS_TEST_TMPDIR/input bad
    up box "$TEST_DIR/bundle"
    mkdir -p "$BATS_TEST_TMPDIR/bad/rootfs"
    for bad in 'truncate -s 2G' 'ln -s /dev/zero' 'mkfifo' 'deep' 'wide'; do
        rm -f "$file" "$BATS_TEST_TMPDIR/bad/config.json"
        case $bad in
        deep) python3 -c 'print("[" * 5000000)' >"$file" ;;
        wide) python3 -c 'print("{\"a\":[" + "0," * 5000000 + "0]}")' >"$file" ;;
        *) $bad "$file" ;;
        esac
        mv "$file" "$BATS_TEST_TMPDIR/bad/config.json"
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BATS_TEST_TMPDIR/bad" other
        expect_status 1
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec --process "$BATS_TEST_TMPDIR/bad/config.json" box
        expect_status 255
        quick "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" update --resources "$BATS_TEST_TMPDIR/bad/config.json" box
        expect_status 1
    done
}

# An image asks for a volume by itself, and what it has there is copied.
@test "a hole of 256 MiB in a volume of an image's is none on the disk" {
    local root=$BATS_TEST_TMPDIR/rootfs volumes
    cp -r "$TEST_DIR/rootfs" "$root"
    mkdir "$root/data"
    printf begin >"$root/data/hole"
    truncate -s 256M "$root/data/hole"
    printf end >>"$root/data/hole"
    tar -C "$root" -S -cf "$BATS_TEST_TMPDIR/sparse.tar" .
    ambit import --change 'VOLUME /data' "$BATS_TEST_TMPDIR/sparse.tar" sparse:1
    ambit run --name holed sparse:1 /init stat /data/hole
    volumes=$(du -sm "$TEST_ROOT/volumes" | cut -f 1)
    cmp "$root/data/hole" "$(find "$TEST_ROOT/volumes" -name hole)"
    ambit rm holed
    ambit rmi sparse:1
    [ "$volumes" -le 2 ] || { echo "$volumes MiB"; false; }
}

# As `mkdir d; cd d` without end does inside. Each directory was held open while what is below it went.
@test "directories nested deeper than descriptors can be open are removed, and stop nobody who counts" {
    local id
    ambit run --name nested "$IMAGE" /init touch /tmp/file
    id=$(ambit inspect -f '{{.Id}}' nested)
    python3 -c 'import os, sys
os.chdir(sys.argv[1])
for i in range(1300):
    os.mkdir("d")
    os.chdir("d")' "$TEST_ROOT/containers/$id/upper/tmp"
    mkdir "$TEST_ROOT/containers/$id/upper/.deep-0"
    touch "$TEST_ROOT/containers/$id/upper/.deep-0/taken"
    few() { bash -c 'ulimit -Sn 1024; exec "$@"' few "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@"; }
    few system df >/dev/null
    few rm nested
    [ ! -e "$TEST_ROOT/containers/$id" ]
}
