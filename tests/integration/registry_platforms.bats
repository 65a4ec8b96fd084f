#!/usr/bin/env bats
# timeout: 240
# Multi-platform images as a whole: from a registry, to another one, through archives, in the store.

load lib
load registry_lib

setup_file() {
    prepare_store
    start_registry plain
    "$TOP/tests/integration/platform-image" "$TEST_DIR/rootfs" "$TEST_DIR/layout"
    skopeo_copy --all --dest-tls-verify=false "oci:$TEST_DIR/layout" "docker://$REGISTRY_PLAIN/multi:1"
    export MULTI=$REGISTRY_PLAIN/multi:1
    INDEX=$(jq -r '.manifests[0].digest' "$TEST_DIR/layout/index.json")
    OTHER=$(case $(uname -m) in x86_64) echo arm64 ;; *) echo amd64 ;; esac)
    export INDEX OTHER
}

teardown_file() {
    stop_registries
    discard_store
}

raw() { # REFERENCE: the manifest or index as the registry has it
    skopeo inspect --raw --tls-verify=false "docker://$1"
}

blobs() { # of the test's store
    ls "$TEST_ROOT/blobs/sha256"
}

layers() {
    ls "$TEST_ROOT/layers"
}

df_bytes() {
    ambit system df --format '{{.Bytes}}' | awk '{ sum += $1 } END { print sum }'
}

store_is_whole() {
    try image check --deep
    expect_output '0 findings, 0 repaired'
    [ "$(df_bytes)" = "$(du -s -B 1 "$TEST_ROOT" | cut -f 1)" ]
}

@test "all platforms are fetched, this machine's is unpacked; a plain pull fetches it alone" {
    [ "$(raw "$MULTI" | sha256sum)" = "${INDEX#sha256:}  -" ]
    blobs >"$TEST_DIR/before"
    layers >"$TEST_DIR/layers-before"
    ambit pull -q "$MULTI"
    # index, manifest, config, three layers
    [ "$(blobs | grep -vxFc -f "$TEST_DIR/before")" -eq 6 ]
    ambit rmi "$MULTI"
    try pull --all-platforms "$MULTI"
    expect_line "Digest: $INDEX"
    # every blob of the layout
    [ "$(blobs | grep -vxF -f "$TEST_DIR/before" | sort)" = "$(ls "$TEST_DIR/layout/blobs/sha256" | sort)" ]
    [ "$(layers | grep -vxFc -f "$TEST_DIR/layers-before")" -eq 3 ]
    store_is_whole
    local other
    other=$(raw "$MULTI" | jq -r ".manifests[] | select(.platform.architecture == \"$OTHER\").digest")
    other=$(raw "${MULTI%:1}@$other" | jq -r .config.digest)
    try image inspect "$other"
    expect_error 125 "image $other is for linux/$OTHER.* and not unpacked yet .*--platform linux/$OTHER"
    try image inspect "$MULTI" --format '{{json .Platforms}} {{json .RepoDigests}}'
    expect_match "\"linux/$OTHER"
    expect_match "multi@$INDEX"
    try run --rm "$MULTI"
    expect_match '^pid=1 '
    try image verify "$MULTI"
    expect_status 0
    try history "$MULTI"
    expect_status 0
    # what is there is asked for by digest and not fetched
    : >"$TEST_DIR/registry-plain/log"
    ambit pull -q --all-platforms "$MULTI"
    run ! grep -q '/blobs/' <(grep -v "$(jq -r .config.digest <<<"$(raw "$MULTI@$(raw "$MULTI" | jq -r '.manifests[0].digest')")")" "$TEST_DIR/registry-plain/log")
    [ "$(grep -c '"GET /v2/multi/manifests/' "$TEST_DIR/registry-plain/log")" -le 4 ]
    # a plain pull of the same takes nothing away
    ambit pull -q "$MULTI"
    ambit image prune -f
    [ "$(blobs | grep -vxF -f "$TEST_DIR/before" | sort)" = "$(ls "$TEST_DIR/layout/blobs/sha256" | sort)" ]
}

@test "policies: what is stored for one platform is not all" {
    ambit rmi "$MULTI"
    ambit pull -q "$MULTI"
    ambit pull -q --all-platforms --policy missing "$MULTI"
    store_is_whole
    [ "$(ambit image inspect "$MULTI" --format '{{json .Platforms}}' | jq length)" -eq 2 ]
    ambit rmi "$MULTI"
    ambit pull -q "$MULTI"
    ambit pull -q --all-platforms --policy newer "$MULTI"
    [ "$(ambit image inspect "$MULTI" --format '{{json .Platforms}}' | jq length)" -eq 2 ]
    : >"$TEST_DIR/registry-plain/log"
    ambit pull -q --all-platforms --policy newer "$MULTI"
    run ! grep -q '"GET /v2/multi/' "$TEST_DIR/registry-plain/log"
}

@test "push sends all of it, byte for byte, under another name too" {
    ambit tag "$MULTI" "$REGISTRY_PLAIN/elsewhere/multi:2"
    try push "$REGISTRY_PLAIN/elsewhere/multi:2"
    expect_match "digest: $INDEX"
    cmp <(raw "$MULTI") <(raw "$REGISTRY_PLAIN/elsewhere/multi:2")
    skopeo_copy --all --src-tls-verify=false "docker://$REGISTRY_PLAIN/elsewhere/multi:2" "oci:$TEST_DIR/back:multi"
    [ "$(ls "$TEST_DIR/back/blobs/sha256")" = "$(ls "$TEST_DIR/layout/blobs/sha256")" ]
    rm -r "$TEST_DIR/back"
    # by its id an image is meant alone
    ambit push -q "$(ambit image inspect "$MULTI" --format '{{.Id}}')" "$REGISTRY_PLAIN/alone:1"
    [ "$(raw "$REGISTRY_PLAIN/alone:1" | jq -r .config.digest)" = "$(ambit image inspect "$MULTI" --format '{{.Id}}')" ]
    ambit rmi "$REGISTRY_PLAIN/elsewhere/multi:2"
    store_is_whole
}

@test "save and load keep all of it; skopeo reads what we save, and we what skopeo saves" {
    ambit save -o "$TEST_DIR/saved.tar" "$MULTI"
    skopeo_copy --all "oci-archive:$TEST_DIR/saved.tar" "oci:$TEST_DIR/read:multi"
    [ "$(ls "$TEST_DIR/read/blobs/sha256")" = "$(ls "$TEST_DIR/layout/blobs/sha256")" ]
    local podman=(podman --root "$TEST_DIR/podman/root" --runroot "$TEST_DIR/podman/run" --storage-driver vfs --events-backend file)
    "${podman[@]}" load -q -i "$TEST_DIR/saved.tar"
    [ "$("${podman[@]}" image inspect --format '{{.ID}}' "$MULTI")" = "$(ambit image inspect "$MULTI" --format '{{.Id}}' | cut -d : -f 2)" ]
    rm -rf "$TEST_DIR/podman"
    ambit rmi "$MULTI"
    ambit load -q -i "$TEST_DIR/saved.tar"
    try push "$MULTI" "$REGISTRY_PLAIN/loaded:1"
    expect_match "digest: $INDEX"
    store_is_whole
    ambit rmi "$MULTI"
    # a layout's directory, and as an archive in a pipe
    ambit load -q -i "$TEST_DIR/layout" -t "$MULTI"
    try push "$MULTI" "$REGISTRY_PLAIN/loaded:2"
    expect_match "digest: $INDEX"
    ambit rmi "$MULTI"
    skopeo_copy --all "oci:$TEST_DIR/layout" "oci-archive:$TEST_DIR/by-skopeo.tar"
    ambit load -q -t "$MULTI" <"$TEST_DIR/by-skopeo.tar"
    try push "$MULTI" "$REGISTRY_PLAIN/loaded:3"
    expect_match "digest: $INDEX"
    ambit rmi "$MULTI"
    # one platform, when that is asked for
    ambit load -q --platform "linux/$OTHER" -i "$TEST_DIR/layout" -t "$MULTI"
    try image inspect "$MULTI" --format '{{.Architecture}} {{json .Platforms}}'
    expect_match "^$OTHER (null|\[\])?$"
    ambit rmi "$MULTI"
    # an archive with a part of it, as docker writes them, is this machine's
    cp -r "$TEST_DIR/layout" "$TEST_DIR/sparse"
    local child
    child=$(jq -r '.manifests[1].digest' "$TEST_DIR/sparse/blobs/sha256/${INDEX#sha256:}")
    rm "$TEST_DIR/sparse/blobs/sha256/${child#sha256:}"
    ambit load -q -i "$TEST_DIR/sparse" -t "$MULTI"
    try run --rm "$MULTI"
    expect_match '^pid=1 '
    store_is_whole
    ambit rmi "$MULTI"
    rm -r "$TEST_DIR/sparse"
}

@test "run --platform takes a sibling from the store, unpacks it, and rmi knows of it" {
    ambit pull -q --all-platforms "$MULTI"
    local before
    before=$(layers | wc -l)
    try run --name other --pull never --platform "linux/$OTHER" "$MULTI"
    expect_match '^pid=1 ' # the rootfs is the same here
    [ "$(layers | wc -l)" -eq $((before + 1)) ]
    try run --rm --pull never --platform linux/s390x "$MULTI"
    expect_error 125 'linux/s390x'
    try image inspect "$(ambit inspect other --format '{{.Image}}')" --format '{{.Architecture}}'
    expect_output "$OTHER"
    try rmi "$MULTI"
    expect_error 125 'used by a container'
    ambit image prune -a -f >/dev/null
    ambit system prune -f --filter label=none >/dev/null
    try system check
    expect_match ' 0 findings'
    ambit commit other "$REGISTRY_PLAIN/committed:1"
    ambit rm other
    ambit rmi "$REGISTRY_PLAIN/committed:1" "$MULTI"
    try system check
    expect_match ' 0 findings'
}

@test "without this machine's, --platform says which one is unpacked" {
    "$TOP/tests/integration/platform-image" --elsewhere "$TEST_DIR/rootfs" "$TEST_DIR/elsewhere"
    skopeo_copy --all --dest-tls-verify=false "oci:$TEST_DIR/elsewhere" "docker://$REGISTRY_PLAIN/elsewhere:1"
    try pull -q --all-platforms "$REGISTRY_PLAIN/elsewhere:1"
    expect_error 125 'no variant for linux/[a-z0-9]+; --platform says'
    ambit pull -q --all-platforms --platform "linux/$OTHER" "$REGISTRY_PLAIN/elsewhere:1"
    try push "$REGISTRY_PLAIN/elsewhere:1" "$REGISTRY_PLAIN/there:1"
    expect_match "digest: $(jq -r '.manifests[0].digest' "$TEST_DIR/elsewhere/index.json")"
    ambit rmi "$REGISTRY_PLAIN/elsewhere:1"
}

@test "a part that is lost is found, and the image still runs" {
    ambit pull -q --all-platforms "$MULTI"
    local child=$TEST_ROOT/blobs/sha256 blob
    blob=$(jq -r '.manifests[1].digest' "$child/${INDEX#sha256:}")
    cp "$child/${blob#sha256:}" "$TEST_DIR/child"
    rm "$child/${blob#sha256:}"
    try image check
    expect_match "$MULTI: .*another platform"
    try run --rm "$MULTI"
    expect_match '^pid=1 '
    try push -q "$MULTI" "$REGISTRY_PLAIN/broken:1"
    expect_error 125 "$blob"
    local layer # of the part that is there: nothing of it was sent
    layer=$(jq -r '.manifests[0].digest' "$child/${INDEX#sha256:}")
    layer=$(jq -r '.layers[0].digest' "$child/${layer#sha256:}")
    run curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY_PLAIN/v2/broken/blobs/$layer"
    expect_output 404
    try image verify "$MULTI"
    expect_status 1
    # the next pull brings it back
    ambit pull -q --all-platforms "$MULTI"
    cmp "$child/${blob#sha256:}" "$TEST_DIR/child"
    store_is_whole
    ambit rmi "$MULTI"
}
