#!/usr/bin/env bats
# timeout: 300
# A full disk, a read-only filesystem, a power cut: one clear error, and nothing is lost that was
# complete.

load lib
load registry_lib

base_tar=$TOP/build/base.tar

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/many"
    head -c 2000000 /dev/urandom >"$TEST_DIR/many/file"
    "$ARCHIVE" --name many:1 --cmd '/init pid' "$TEST_DIR/many.tar" "$TEST_DIR/rootfs" \
        "$TEST_DIR/many"
    ambit load -q -i "$base_tar"
}

teardown() {
    if mountpoint -q "$TEST_DIR/small"; then
        umount "$TEST_DIR/small"
    fi
}

teardown_file() {
    stop_registries
    discard_store
}

small() {
    "$PROGRAMS/ambit" --root "$TEST_DIR/small/store" --state "$TEST_DIR/small-state" "$@"
}

try_small() {
    run --separate-stderr small "$@"
    # shellcheck disable=SC2154,SC2034 # what expect_error looks at
    errors=$stderr
}

mount_small() {
    mkdir -p "$TEST_DIR/small"
    [ -e "$TEST_DIR/disk" ] || {
        truncate -s 20M "$TEST_DIR/disk"
        mkfs.ext4 -q "$TEST_DIR/disk"
    }
    mount -o "loop${1:+,$1}" "$TEST_DIR/disk" "$TEST_DIR/small" || skip "no loop devices here"
    mkdir -m 700 "$TEST_DIR/small/store" 2>/dev/null || true
}

@test "a full disk is one clear error, and takes nothing with it" {
    local used
    mount_small
    small load -q -i "$base_tar"
    used=$(du -s --apparent-size "$TEST_DIR/small/store/blobs" | cut -f 1)
    head -c 30000000 /dev/urandom >"$TEST_DIR/random"
    tar -C "$TEST_DIR" -cf "$TEST_DIR/random.tar" random
    gzip -1 <"$TEST_DIR/random.tar" >"$TEST_DIR/random.tar.gz"
    for file in random.tar random.tar.gz; do
        try_small image import "$TEST_DIR/$file" big:1
        expect_error 125 'No space left'
        try_small system check
        expect_output '0 containers, 0 findings, 0 repaired'
    done
    [ "$(du -s --apparent-size "$TEST_DIR/small/store/blobs" | cut -f 1)" = "$used" ]
    try_small image check --deep
    expect_status 0
    # full before it begins
    head -c 100000000 /dev/zero >"$TEST_DIR/small/filler" 2>/dev/null || true
    try_small load -i "$TEST_DIR/many.tar"
    expect_error 125 'No space left'
    rm "$TEST_DIR/small/filler"
    try_small system check
    expect_output '0 containers, 0 findings, 0 repaired'
    small load -q -i "$TEST_DIR/many.tar"
    try_small image verify many:1 base
    expect_status 0
}

@test "a full disk ends a pull, which goes on when there is room" {
    mount_small
    start_registry plain
    local name=$REGISTRY_PLAIN/full:1
    mkdir -p "$TEST_DIR/full"
    head -c 4000000 /dev/urandom >"$TEST_DIR/full/file"
    "$ARCHIVE" --name full:1 --cmd '/init pid' "$TEST_DIR/full.tar" "$TEST_DIR/rootfs" "$TEST_DIR/full"
    skopeo_copy --dest-tls-verify=false "oci-archive:$TEST_DIR/full.tar" "docker://$name"
    small load -q -i "$base_tar"
    head -c 100000000 /dev/zero >"$TEST_DIR/small/filler" 2>/dev/null || true
    truncate -s -3M "$TEST_DIR/small/filler" # enough to begin
    try_small pull -q "$name"
    expect_error 125 'No space left'
    try_small system check
    expect_output '0 containers, 0 findings, 0 repaired'
    try_small image check --deep
    expect_output '0 findings, 0 repaired'
    rm "$TEST_DIR/small/filler"
    small pull -q "$name"
    try_small image check --deep
    expect_output '0 findings, 0 repaired'
    # what had come was not asked for again
    grep -qE 'GET /v2/full/blobs/[^"]*" 206 ' "$TEST_DIR/registry-plain/log"
    small rmi "$name"
    stop_registries
}

@test "a store on a read-only filesystem can be looked at, and says why it cannot be changed" {
    [ -e "$TEST_DIR/disk" ] || skip "no small filesystem"
    mount_small ro
    try_small images --format '{{.Repository}}'
    expect_line base
    try_small image check --deep
    expect_output '0 findings, 0 repaired'
    try_small system check
    expect_status 0
    [ "$(small save base | tar -tf - | grep -c blobs)" -ge 3 ]
    for command in 'rmi base' 'tag base other' "load -i $base_tar" 'image prune --all -f'; do
        # shellcheck disable=SC2086
        try_small $command
        expect_error 125 'Read-only file system'
    done
}

df_bytes() {
    ambit system df --format '{{.Bytes}}' | awk '{ sum += $1 } END { print sum }'
}

@test "system df says what du says, downloads that were interrupted among it" {
    local before partial=$TEST_ROOT/partial hex
    hex=$(printf '%064d' 7)
    ambit load -q -i "$TEST_DIR/many.tar"
    ambit run --net none --name worked base sh -c 'head -c 300000 /dev/urandom >/file; ln /file /again'
    ambit run --net none -v kept:/v --name other base sh -c 'head -c 70000 /dev/urandom >/v/file'
    [ "$(df_bytes)" = "$(du -s -B 1 "$TEST_ROOT" | cut -f 1)" ]
    before=$(df_bytes)
    mkdir -p "$partial"
    head -c 500000 /dev/urandom >"$partial/$hex"
    [ "$(df_bytes)" = "$(du -s -B 1 "$TEST_ROOT" | cut -f 1)" ]
    [ "$(df_bytes)" -ge $((before + 500000)) ]
    # another pull may want it; after a week nobody does
    try system check
    expect_match ' 0 findings'
    touch -d '8 days ago' "$partial/$hex"
    try system check
    expect_line 'image partial: 1 downloads that nobody has continued for a week'
    try system check --repair
    expect_match ' 1 finding, 1 repaired'
    [ ! -e "$partial/$hex" ]
    # prune takes a young one too, but not one that is being downloaded
    head -c 500000 /dev/urandom >"$partial/$hex"
    cp "$partial/$hex" "$partial/${hex/7/8}"
    exec 7<"$partial/${hex/7/8}"
    flock 7
    ambit system prune -f
    [ ! -e "$partial/$hex" ] && [ -e "$partial/${hex/7/8}" ]
    exec 7<&-
    ambit image prune -f
    [ ! -e "$partial/${hex/7/8}" ]
    [ "$(df_bytes)" = "$(du -s -B 1 "$TEST_ROOT" | cut -f 1)" ]
}

@test "prune asks a person first, and takes nothing unasked" {
    local prune
    ambit run --net none --name ended base true
    for prune in 'system prune' 'container prune' 'image prune --all'; do
        # shellcheck disable=SC2086
        try $prune </dev/null
        expect_error 125 "^ambit $(cut -d ' ' -f 1-2 <<<"$prune"): there is no terminal to ask on"
    done
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' container prune" /dev/null <<<no
    expect_match 'removes all containers that have ended. Go on\?'
    ambit inspect ended --format '{{.Id}}'
    run script -qec "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' container prune" /dev/null <<<y
    expect_match 'Deleted: '
    try inspect ended
    expect_error 125 ended
    ambit run --net none --name ended --label keep=yes base true
    ambit container prune --force --filter 'label!=keep'
    ambit container inspect ended --format '{{.Id}}'
    ambit container rm ended
}

du_of() { # PATH... below the store
    (cd "$TEST_ROOT" && du -c -s -B 1 "$@" | tail -n 1 | cut -f 1)
}

# The nth size of an image's row, in bytes as du says and as a person reads them.
expect_sizes() { # NAME SHARED UNIQUE
    local row
    row=$(ambit system df -v | grep -E "^$1 ")
    [[ "$row" =~ \ $(human $(($2 + $3)))\ +$(human "$2")\ +$(human "$3")\ +[0-9]+$ ]] ||
        { echo "$row: expected $(human $(($2 + $3))) $(human "$2") $(human "$3")"; return 1; }
}

human() { # as `images` prints sizes
    awk -v size="$1" 'BEGIN {
        split("B KiB MiB GiB", units)
        for (unit = 1; size >= 1024; unit++) size /= 1024
        printf(size - int(size) < 0.05 ? "%.0f%s" : "%.1f%s", size, units[unit])
    }'
}

@test "system df -v: what each image shares with others, containers, volumes" {
    ambit load -q -i "$TEST_DIR/many.tar"
    ambit run --net none -v sized:/v --name sized init /init pid >/dev/null
    # `many` is `init` with a layer more
    local manifest below above
    manifest=$(ambit image inspect many:1 --format '{{.ManifestDigest}}')
    manifest=$TEST_ROOT/blobs/sha256/${manifest#sha256:}
    below=$(du_of "blobs/sha256/$(jq -r '.layers[0].digest[7:]' "$manifest")" \
        "layers/$(jq -r '.rootfs.diff_ids[0][7:]' "$TEST_ROOT/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")")")
    above=$(du_of "blobs/sha256/$(jq -r '.layers[1].digest[7:]' "$manifest")" \
        "blobs/sha256/${manifest##*/}" "blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")" \
        "layers/$(jq -r '.rootfs.diff_ids[1][7:]' "$TEST_ROOT/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")")")
    expect_sizes many "$below" "$above"
    # another name shares nothing with itself
    ambit tag many:1 again:1
    expect_sizes again "$below" "$above"
    try system df -v
    expect_match '^init +latest .* 1$'
    expect_match '^many +1 .* 0$'
    expect_match "^[0-9a-f]{12} +init +$(human "$(du_of "containers/$(ambit inspect sized --format '{{.Id}}')")") .* sized$"
    expect_match "^sized +$(human "$(du_of volumes/sized)")$"
    try system df -v --format json
    expect_error 125 'tables only'
    ambit rmi again:1
    ambit rm sized
}

@test "system prune takes what its filters say" {
    ambit run --net none --name young --label keep=no base true
    ambit run --net none --name kept --label keep=yes base true
    tar -C "$TEST_DIR/rootfs" -cf "$TEST_DIR/spare.tar" .
    ambit import "$TEST_DIR/spare.tar" spare:1
    try system prune -f --all --filter until=24h
    expect_status 0
    ambit inspect young --format '{{.Id}}'
    ambit image inspect spare:1 --format '{{.Id}}'
    try system prune -f --filter 'label!=keep=yes'
    expect_match '^Deleted: '
    try inspect young
    expect_error 125 'young'
    ambit inspect kept --format '{{.Id}}'
    try system prune -f --all --filter label=keep=yes
    try inspect kept
    expect_error 125 'kept'
    ambit image inspect spare:1 --format '{{.Id}}' # it has no such label
    try system prune -f --all
    try image inspect spare:1
    expect_error 125 'no such image'
    try system prune -f --filter nothing=1
    expect_error 125 'nothing'
    ambit load -q -i "$base_tar"
}

@test "a record that a power cut has emptied is found and repaired at once" {
    local id file
    ambit run --net none --name cut base true
    id=$(ambit inspect cut --format '{{.Id}}')
    file=$TEST_ROOT/containers/$id/container.json
    [ -s "$file" ]
    : >"$file"
    try system check
    expect_status 1
    try system check --repair
    expect_status 0
    try system check
    expect_output '0 containers, 0 findings, 0 repaired'
}
