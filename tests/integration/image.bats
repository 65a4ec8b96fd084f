#!/usr/bin/env bats
# timeout: 300
# Images: what comes in from archives of others, file by file; names; removal; crashes.

load lib

base_tar=$TOP/build/base.tar

layer_dir() { # IMAGE: the directory of its topmost layer
    echo "$TEST_ROOT/layers/$(ambit image inspect "$1" --format '{{json .LayerDirectories}}' |
        jq -r '.[0]')"
}

skopeo_copy() {
    skopeo --insecure-policy copy --quiet "$@"
}

# A tree with everything that a tar can carry.
make_tree() { # DIR
    mkdir -p "$1"/{bin,etc,dev,tmp,deep/a/b/c/d,"with blank",empty}
    chmod 1777 "$1/tmp"
    printf '#!/bin/sh\n' >"$1/bin/tool"
    chmod 4755 "$1/bin/tool"
    printf group >"$1/bin/grouped"
    chown 7:8 "$1/bin/grouped"
    chmod 2751 "$1/bin/grouped"
    chown 1000:1001 "$1/deep/a"
    chmod 2770 "$1/deep/a"
    printf x >"$1/deep/a/inherits-not"
    chown 0:0 "$1/deep/a/inherits-not"
    printf 'many names' >"$1/etc/one"
    ln "$1/etc/one" "$1/etc/two"
    ln "$1/etc/one" "$1/deep/a/b/three"
    ln -s ../etc/one "$1/bin/link"
    ln -s /absolute/nowhere "$1/bin/dangling"
    ln "$1/bin/link" "$1/bin/link-again"
    chown -h 5:6 "$1/bin/link"
    mkfifo -m 640 "$1/dev/fifo"
    mknod -m 666 "$1/dev/null" c 1 3
    mknod -m 660 "$1/dev/disk" b 8 1
    truncate -s 20M "$1/sparse"
    printf middle | dd of="$1/sparse" bs=1 seek=10000000 conv=notrunc status=none
    printf '' >"$1/with blank/$(printf 'gr\303\274n')"
    printf '' >"$1/with blank/$(printf 'l%.0s' {1..200})"
    python3 - "$1" <<'END'
import os, sys
top = sys.argv[1]
os.setxattr(f"{top}/bin/tool", "security.capability", bytes([1, 0, 0, 2, 0, 4] + [0] * 14))
os.setxattr(f"{top}/etc/one", "user.note", b"a\0b")
os.setxattr(f"{top}/empty", "user.dir", b"d")
END
    # rights of single users and groups, what new files inherit (which is not for the layer's own)
    mkdir "$1/acl"
    printf x >"$1/acl/file"
    setfacl -m u:4201:r,g:4202:rw "$1/acl/file"
    setfacl -m u:4203:rwx,d:u:4204:r "$1/acl"
    printf y >"$1/acl/zlast"
    setfacl -b "$1/acl/zlast"
    find "$1" -exec touch -h -d '2021-02-03T04:05:06.123456789' {} +
}

pack_tree() { # DIR TAR: as pax, with attributes and nanoseconds
    tar -C "$1" --format=posix --sort=name --numeric-owner --sparse \
        --xattrs --xattrs-include='*' --acls -cf "$2" .
}

setup_file() {
    prepare_store
    make_tree "$TEST_DIR/tree"
    pack_tree "$TEST_DIR/tree" "$TEST_DIR/tree.tar"
    ambit image import "$TEST_DIR/tree.tar" tree
}

@test "a tree survives import file by file" {
    run "$TOP/tests/integration/compare-trees" "$TEST_DIR/tree" "$(layer_dir tree)" \
        --ignore-xattr trusted.ambit.bytes
    [ "$status" -eq 0 ] || { show; false; }
    # sparse stays sparse
    [ "$(stat -c %b "$(layer_dir tree)/sparse")" -lt 100 ]
}

@test "every packing of a tar is understood, and makes the same layer" {
    local packing
    for packing in "gzip -9" "zstd -q" "xz -0" "bzip2 -1"; do
        $packing -c "$TEST_DIR/tree.tar" >"$TEST_DIR/packed"
        ambit image import "$TEST_DIR/packed" "packed:${packing%% *}"
        [ "$(layer_dir "packed:${packing%% *}")" = "$(layer_dir tree)" ]
    done
    try image check --deep
    expect_status 0
    ambit rmi packed:gzip packed:zstd packed:xz packed:bzip2
    try image check
    expect_output '0 findings, 0 repaired'
}

@test "streams of several members and frames are one layer" { # pigz, zstd:chunked, pzstd
    python3 - "$TEST_DIR" <<'END'
import gzip, struct, subprocess, sys
top = sys.argv[1]
tar = open(f"{top}/tree.tar", "rb").read()
skip = struct.pack("<II", 0x184D2A50, 100) + b"x" * 100
zstd = lambda data: subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True).stdout
half = len(tar) // 2
for name, data in (
        ("gzip", gzip.compress(tar[:half]) + gzip.compress(b"") + gzip.compress(tar[half:])),
        ("first", skip + zstd(tar)), ("last", zstd(tar) + skip),
        ("between", zstd(tar[:half]) + skip + zstd(tar[half:]))):
    open(f"{top}/{name}.packed", "wb").write(data)
END
    local name
    for name in gzip first last between; do
        ambit image import "$TEST_DIR/$name.packed" "frames:$name"
        [ "$(layer_dir "frames:$name")" = "$(layer_dir tree)" ]
        ambit rmi "frames:$name"
    done
}

@test "import sets the config that is asked for" {
    try image import -c 'CMD ["sh", "-c", "a b"]' -c 'ENV A="1 2" B=3' -c 'WORKDIR /w' \
        -c 'USER 7' -c 'EXPOSE 80' -c 'LABEL a=b' -m 'by hand' "$TEST_DIR/tree.tar" changed:1
    expect_status 0
    expect_match '^sha256:[0-9a-f]{64}$'
    try image inspect changed:1 --format '{{json .Config}}'
    expect_output '{"User":"7","ExposedPorts":{"80/tcp":{}},"Env":["A=1 2","B=3"],"Entrypoint":[],"Cmd":["sh","-c","a b"],"Volumes":{},"WorkingDir":"/w","OnBuild":[],"Labels":{"a":"b"},"StopSignal":"","Shell":[]}'
    try history changed:1
    expect_match 'by hand'
    ambit rmi changed:1
}

@test "import refuses what is no root filesystem" {
    try image import /etc/passwd
    expect_error 125 'tar archive'
    try image import /dev/null
    expect_error 125 'empty'
    try image import "$TEST_DIR/missing"
    expect_error 125 'No such file'
    try image import -c 'RUN x' "$TEST_DIR/tree.tar"
    expect_error 125 'change'
    try image import "$TEST_DIR/tree.tar" Upper/Case
    expect_error 125 'lower case'
}

@test "skopeo's archives and directories are loaded, and are one image" {
    local oci=$TEST_DIR/layout id
    mkdir -p "$oci"
    id=$(ambit load -q -i "$base_tar")
    skopeo_copy "oci-archive:$base_tar" "oci:$oci:quay.io/x/from-layout:1"
    skopeo_copy "oci-archive:$base_tar" "oci-archive:$TEST_DIR/a.tar:from-archive:2"
    skopeo_copy "oci-archive:$base_tar" \
        "docker-archive:$TEST_DIR/d.tar:docker.io/me/from-docker:3" --additional-tag me/more:4

    try load -i "$oci"
    expect_output 'Loaded image: quay.io/x/from-layout:1'
    try load -i "$TEST_DIR/a.tar"
    expect_output 'Loaded image: from-archive:2'
    try load -i "$TEST_DIR/d.tar"
    expect_line 'Loaded image: me/from-docker:3'
    expect_line 'Loaded image: me/more:4'
    for name in quay.io/x/from-layout:1 from-archive:2; do
        [ "$(ambit image inspect "$name" -f '{{.Id}}')" = "$id" ]
    done
    # docker's config is another document, but the layer is the same
    [ "$(layer_dir me/more:4)" = "$(layer_dir base)" ]
    try image check --deep
    expect_status 0
    try run --rm --net none me/from-docker:3 echo it runs
    expect_output 'it runs'
}

@test "archives come packed, on standard input, without seeking" {
    local packing
    for packing in cat gzip "zstd -q" xz; do
        try load -t "piped:1" < <($packing -c <"$base_tar" 2>/dev/null || $packing <"$base_tar")
        expect_output 'Loaded image: piped:1'
    done
    ambit rmi piped:1
}

@test "zstd layers are loaded" {
    mkdir -p "$TEST_DIR/zlayout"
    skopeo_copy --dest-compress-format zstd --dest-compress "oci-archive:$base_tar" \
        "oci:$TEST_DIR/zlayout:zstd:1" || skip "skopeo cannot write zstd"
    grep -q zstd "$TEST_DIR"/zlayout/blobs/sha256/* || skip "skopeo wrote no zstd"
    try load -i "$TEST_DIR/zlayout"
    expect_output 'Loaded image: zstd:1'
    ambit rmi zstd:1
}

@test "one image of several is taken by --only" {
    "$ARCHIVE" --name one:1 --cmd '/init pid' "$TEST_DIR/one.tar" "$TEST_DIR/rootfs"
    mkdir -p "$TEST_DIR/both"
    skopeo_copy "oci-archive:$TEST_DIR/one.tar" "oci:$TEST_DIR/both:one:1"
    skopeo_copy "oci-archive:$base_tar" "oci:$TEST_DIR/both:two:2"
    try load -i "$TEST_DIR/both" --only two:2
    expect_output 'Loaded image: two:2'
    try load -i "$TEST_DIR/both" --only three:3
    expect_error 125 'no such image'
    try load -i "$TEST_DIR/both" -t name:1
    expect_error 125 '2 images'
    try load -i "$TEST_DIR/both"
    expect_line 'Loaded image: one:1'
    expect_line 'Loaded image: two:2'
    ambit rmi one:1 two:2
}

@test "the image base comes with the program" {
    ambit rmi -f base
    try run --rm --net none base id -u
    expect_output 0
    try images --format '{{.Repository}}:{{.Tag}}' base
    expect_output 'base:latest'
}

@test "a layer that does not describe its directories gets them from the layers below" {
    local low=$TEST_DIR/low high=$TEST_DIR/high dir
    mkdir -p "$low"/{tmp,usr/lib,srv/private} "$high"/{tmp,lib,srv/private,opt/new}
    make_rootfs "$low"
    chmod 1777 "$low/tmp"
    chmod 711 "$low/srv/private"
    ln -s usr/lib "$low/lib"
    touch -d '2020-01-01' "$low/srv/private"
    printf x >"$high/tmp/x"
    printf x >"$high/lib/libx"
    printf x >"$high/srv/private/x"
    printf x >"$high/opt/new/x"
    tar -C "$high" --numeric-owner -cf "$TEST_DIR/high.tar" tmp/x lib/libx srv/private/x opt/new/x
    "$ARCHIVE" --name implicit:1 "$TEST_DIR/implicit.tar" "$low" "$TEST_DIR/high.tar"
    ambit load -q -i "$TEST_DIR/implicit.tar"
    dir=$(layer_dir implicit:1)
    # its name says that it is this image's own
    [[ ${dir##*/} =~ ^[0-9a-f]{64}\.[0-9a-f]{32}$ ]] || { echo "$dir"; false; }
    [ "$(stat -c '%a %u' "$dir/tmp")" = '1777 0' ]
    [ "$(stat -c '%a' "$dir/srv/private")" = 711 ]
    [ "$(stat -c '%a' "$dir/opt/new")" = 755 ]
    [ -f "$dir/usr/lib/libx" ]
    [ ! -e "$dir/lib" ]
    try run --rm --net none implicit:1 /init stat /lib/libx
    expect_status 0
    try image check --deep
    expect_output '0 findings, 0 repaired'

    # The same layer on another base: unpacked for that one.
    mkdir -p "$TEST_DIR/bare"
    make_rootfs "$TEST_DIR/bare"
    chmod 700 "$TEST_DIR/bare/tmp"
    "$ARCHIVE" --name implicit:2 "$TEST_DIR/implicit2.tar" "$TEST_DIR/bare" "$TEST_DIR/high.tar"
    ambit load -q -i "$TEST_DIR/implicit2.tar"
    [ "$(stat -c %a "$(layer_dir implicit:2)/tmp")" = 700 ]
    [ -f "$(layer_dir implicit:2)/lib/libx" ]
    ambit rmi implicit:1
    [ ! -e "$dir" ]
    [ -f "$(layer_dir implicit:2)/lib/libx" ]
    # ... and comes back by itself if it is lost
    rm -rf "$(layer_dir implicit:2)"
    try image check --repair
    expect_match repaired
    [ -f "$(layer_dir implicit:2)/lib/libx" ]
    ambit rmi implicit:2
}

@test "whiteouts of layers hide what is below" {
    local one=$TEST_DIR/w1 two=$TEST_DIR/w2
    mkdir -p "$one"/{dir,opaque} "$two"/{dir,opaque}
    make_rootfs "$one"
    touch "$one/dir/gone" "$one/dir/stays" "$one/opaque/gone" "$one/file"
    touch "$two/dir/.wh.gone" "$two/opaque/.wh..wh..opq" "$two/opaque/new" "$two/.wh.file"
    "$ARCHIVE" --name white:1 "$TEST_DIR/white.tar" "$one" "$two"
    ambit load -q -i "$TEST_DIR/white.tar"
    try run --rm --net none white:1 /init stat /dir/stays
    expect_status 0
    try run --rm --net none white:1 /init stat /opaque/new
    expect_status 0
    for path in /dir/gone /opaque/gone /file; do
        try run --rm --net none white:1 /init stat "$path"
        [ "$status" -ne 0 ] || { echo "$path is visible"; false; }
    done
    ambit rmi white:1
}

@test "saved images are loaded by ambit and by skopeo, and are the same" {
    local id other=$TEST_DIR/other
    ambit load -q -t base -i "$base_tar"
    ambit tag base saved:1
    id=$(ambit image inspect saved:1 -f '{{.Id}}')
    ambit save -o "$TEST_DIR/saved.tar" saved:1 tree init
    (ulimit -n 32 && ambit save saved:1 tree init) | cmp - "$TEST_DIR/saved.tar" # not all open at once
    ambit save saved:1 tree init | cmp - "$TEST_DIR/saved.tar" # the same bytes again
    "$PROGRAMS/ambit" --root "$other" --state "$TEST_STATE" load -i "$TEST_DIR/saved.tar"
    [ "$("$PROGRAMS/ambit" --root "$other" --state "$TEST_STATE" image inspect saved:1 \
        -f '{{.Id}}')" = "$id" ]
    "$PROGRAMS/ambit" --root "$other" --state "$TEST_STATE" images --format '{{.Repository}}' |
        sort | xargs >"$TEST_DIR/names"
    [ "$(cat "$TEST_DIR/names")" = 'init saved tree' ]
    skopeo --insecure-policy inspect --config \
        "oci-archive:$TEST_DIR/saved.tar:docker.io/library/saved:1" | jq -e '.config.Cmd[0] == "/bin/boundary"'
    skopeo --insecure-policy inspect --config "docker-archive:$TEST_DIR/saved.tar:saved:1" |
        jq -e '.config.Cmd[0] == "/bin/boundary"'
    mkdir -p "$TEST_DIR/as-dir"
    skopeo_copy "docker-archive:$TEST_DIR/saved.tar:saved:1" "oci:$TEST_DIR/as-dir:x:1"
    run bash -c "ulimit -f 100; '$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' \
        save -o '$TEST_DIR/cut.tar' saved:1"
    [ "$status" -ne 0 ]
    try save -o /dev/full saved:1
    expect_error 125 'No space left'
    [ -c /dev/full ] # half an archive is removed, a device is not
    try save nothing
    expect_error 125 'no such image'
    rm -rf "$other" "$TEST_DIR/saved.tar"
    ambit rmi saved:1
}

@test "names: tag, rmi by name and by id" {
    local id
    ambit load -q -i "$base_tar"
    id=$(ambit images -q base)
    ambit tag base other:1
    ambit tag "$id" quay.io/deep/name
    try images --format '{{.Repository}}:{{.Tag}}' --filter reference='quay.io/deep/*'
    expect_output 'quay.io/deep/name:latest'
    try rmi "$id"
    expect_error 125 'has .* names'
    try rmi other:1
    expect_output 'Untagged: other:1'
    try rmi -f "$id"
    expect_line 'Untagged: base:latest'
    expect_match '^Deleted: sha256:'
    try rmi nothing
    expect_error 125 'no such image'
    try rmi -f nothing
    expect_status 0
}

@test "image ls: filters and formats" {
    local day
    for day in 1 2 3; do
        tar -C "$TEST_DIR/rootfs" -cf "$TEST_DIR/day.tar" --transform "s,^,$day/," etc
        ambit image import -q "$TEST_DIR/day.tar" --change "LABEL day=$day" "day:$day" >/dev/null
        sleep 1.1 # images are as old as they say, in seconds
    done
    try images --filter reference='day' --filter since=day:1 --format '{{.Tag}}'
    expect_output $'3\n2'
    try images --filter reference='day:*' --filter before=day:3 --format '{{.Tag}}'
    expect_output $'2\n1'
    try images --filter label=day=2 --format '{{.Repository}}:{{.Tag}}'
    expect_output 'day:2'
    try images --filter label=day -q
    [ "$(wc -l <<<"$output")" -eq 3 ]
    try images --filter label=day=2 --format json
    [ "$(jq -r '.Repository + .Tag + .ID' <<<"$output")" = "day2$(ambit images -q day:2)" ]
    try images --filter dangling=true -q
    expect_output ''
    ambit tag day:2 day:3 # whose image has no name now
    try images --filter dangling=true -q
    [ "$(wc -l <<<"$output")" -eq 1 ]
    try images --no-trunc -q --filter dangling=true
    expect_match '^sha256:[0-9a-f]{64}$'
    try images --filter nothing=1
    expect_error 125 "filter: 'nothing=1'"
    try images --filter before=none:1
    expect_error 125 'none:1'
    ambit rmi day:1 day:2 day:3
    ambit image prune -f >/dev/null
}

@test "image mount: read-only, in use while it lasts, told without a name" {
    local place id
    ambit tag init mounted:1
    place=$(ambit image mount mounted:1)
    [ -x "$place/init" ]
    run ! touch "$place/new"
    [ "$(ambit image mount mounted:1)" = "$place" ]
    id=$(ambit image inspect mounted:1 --format '{{.Id}}')
    try image mount
    expect_output "$id $place"
    ambit rmi mounted:1 # a name
    try rmi init
    expect_error 125 'used by a container or mounted'
    try image prune --all --force
    [ -x "$place/init" ]
    ambit image unmount init
    [ ! -e "$place" ]
    try image unmount init
    expect_error 125 'not mounted'
}

@test "an image with a container is not removed" {
    start keeper --net none init /init say up , pause
    try rmi init
    expect_error 125 'used by a container'
    stop keeper
}

@test "two loads of one image at once both succeed" {
    ambit rmi -f tree base
    local pids=() i
    for i in 1 2 3 4; do
        ambit image import "$TEST_DIR/tree.tar" "race:$i" >"$TEST_DIR/race.$i" 2>&1 3>&- &
        pids+=($!)
        ambit load -q -i "$base_tar" >/dev/null 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || { cat "$TEST_DIR"/race.*; false; }
    done
    try image check --deep
    expect_output '0 findings, 0 repaired'
    ambit rmi race:1 race:2 race:3 race:4
    ambit image import "$TEST_DIR/tree.tar" tree
}

@test "a load that is killed at any moment leaves a store that is whole" {
    local i pid
    for i in $(seq 1 25); do
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" \
            image import "$TEST_DIR/tree.tar" killed:1 >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.0$(printf %02d $((RANDOM % 60)))"
        # the helper, not the program that waits for it
        pkill -KILL -P "$pid" ambit-image || true
        wait "$pid" || true
        try image check --repair --quiet
        expect_status 0
        try image check --deep
        expect_output '0 findings, 0 repaired'
        [ -z "$(find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*')" ]
        ambit rmi -f killed:1
    done
}

@test "an interrupted import leaves nothing, and says so" {
    local pid
    mkfifo "$TEST_DIR/endless"
    # as from a terminal: the signal goes to the whole group
    setsid "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" \
        image import "$TEST_DIR/endless" cut:1 >"$TEST_DIR/cut.out" 2>&1 3>&- &
    pid=$!
    exec 8>"$TEST_DIR/endless"
    head -c 100000 "$TEST_DIR/tree.tar" >&8
    await 5 pgrep -g "$pid" ambit-image
    await 5 find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*'
    kill -INT -- "-$pid"
    status=0
    wait "$pid" || status=$?
    exec 8>&-
    [ "$status" -eq 125 ]
    grep -q 'Interrupt' "$TEST_DIR/cut.out"
    [ -z "$(find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*')" ]
    try image check
    expect_output '0 findings, 0 repaired'
}

@test "the image base is never asked of a registry" {
    ambit load -q -t base -i "$base_tar"
    # Whatever answers to library/base out there is not it: nobody is asked.
    try run --rm --pull always --net none base echo own
    expect_status 0
    expect_output own
    try pull -q base
    expect_status 0
    ambit rmi -f base
}

@test "where the image base is not beside the program, the places it was looked for in are named" {
    [ -z "${FAULT:-}" ] || skip "the program has another place"
    mkdir -p "$TEST_DIR/elsewhere/bin"
    cp "$PROGRAMS/ambit" "$TEST_DIR/elsewhere/bin/"
    PROGRAMS=$TEST_DIR/elsewhere/bin AMBIT_DATADIR=$TEST_DIR/none try run --rm base true
    expect_error 125 'the image base comes with the program, in one of .*/none/base.tar, .*/elsewhere/bin/../share/ambit/base.tar'
}

@test "a name of fewer than four digits is no image's id" {
    local id
    ambit load -q -t base -i "$base_tar"
    id=$(ambit images -q --no-trunc base)
    id=${id#sha256:}
    try tag "${id:0:3}" other
    expect_error 125 'no such image'
    try rmi -f "${id:0:3}"
    expect_status 0
    try image inspect "${id:0:3}"
    expect_error 125 'no such image'
    ambit tag "${id:0:4}" other
    [ "$(ambit images -q --no-trunc other)" = "sha256:$id" ]
    ambit rmi other
}

@test "a layer that got lost is unpacked again" {
    ambit load -q -t base -i "$base_tar"
    rm -rf "$(layer_dir base)"
    try run --rm base true
    expect_error 125 'missing from the image store'
    try system check
    expect_status 1
    expect_match 'unpacked layer .* is missing'
    # A blob of the right size and another content: the layer cannot come from it.
    local blob
    blob=$(find "$TEST_ROOT/blobs/sha256" -type f -size +500k | head -n 1)
    cp "$blob" "$TEST_DIR/kept"
    truncate -s 0 "$blob"
    truncate -s "$(stat -c %s "$TEST_DIR/kept")" "$blob"
    try system check --repair
    expect_status 1
    expect_match 'unpacked layer .* is missing \(not repaired: layer 1: .+\)$'
    cat "$TEST_DIR/kept" >"$blob"
    try system check --repair
    expect_status 0
    expect_match 'repaired'
    try run --rm --net none base echo back
    expect_output back
}

@test "a damaged blob is found by a deep check" {
    local blob
    ambit load -q -i "$base_tar"
    blob=$(find "$TEST_ROOT/blobs/sha256" -type f -size +500k | head -n 1)
    printf X | dd of="$blob" bs=1 seek=1000 conv=notrunc status=none
    try image check
    expect_status 0
    try image check --deep
    expect_status 1
    expect_match 'is damaged'
    ambit rmi -f base
}

@test "the store is closed to others" {
    [ "$(stat -c %a "$TEST_ROOT")" = 700 ]
    [ "$(stat -c %a "$TEST_ROOT/layers")" = 700 ]
    chmod 755 "$TEST_ROOT"
    try images
    chmod 700 "$TEST_ROOT"
    expect_error 125 'mode 0700'
}
