#!/usr/bin/env bats
# timeout: 240
# Images from and to a registry: Debian's docker-registry, filled by skopeo and by us.

load lib
load registry_lib

setup_file() {
    prepare_store
    start_filled_registry
}

teardown_file() {
    stop_registries
    discard_store
}

@test "an image is pulled, is the same as elsewhere, and runs" {
    try pull "$REGISTRY_PLAIN/lib/base:1"
    expect_status 0
    local digest
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/lib/base:1")
    try image inspect "$REGISTRY_PLAIN/lib/base:1" --format '{{json .RepoDigests}}'
    expect_output "[\"$REGISTRY_PLAIN/lib/base@$digest\"]"
    try run --rm "$REGISTRY_PLAIN/lib/base:1" echo hello
    expect_output hello
    try pull -q "$REGISTRY_PLAIN/lib/base@$digest"
    expect_status 0
    try system check
    expect_match ' 0 findings'
}

@test "a name that the registry has not is an error that says so" {
    try pull "$REGISTRY_PLAIN/lib/base:none"
    expect_error 125 'lib/base:none: .*manifest none: not found'
    try pull "127.0.0.1:1/lib/base"
    expect_error 125 'Connection refused|connect'
    try pull "$REGISTRY_PLAIN/lib/base@sha256:12"
    expect_error 125 'digest'
}

@test "run fetches an image that is not stored, and not if it must not" {
    skopeo_copy --dest-tls-verify=false "docker://$REGISTRY_PLAIN/lib/base:1" \
        --src-tls-verify=false "docker://$REGISTRY_PLAIN/run/base:1"
    try run --rm --pull never "$REGISTRY_PLAIN/run/base:1" true
    expect_error 125 'run/base:1'
    try run --rm -q "$REGISTRY_PLAIN/run/base:1" echo fetched
    expect_status 0
    expect_output fetched
    try run --rm --pull always "$REGISTRY_PLAIN/run/none:1" true
    expect_error 125 'not found'
    ambit rmi "$REGISTRY_PLAIN/run/base:1"
}

@test "policies" {
    ambit pull -q --policy missing "$REGISTRY_PLAIN/lib/base:1"
    try pull -q --policy never "$REGISTRY_PLAIN/lib/none:1"
    expect_error 125 'none'
    ambit tag "$REGISTRY_PLAIN/lib/base:1" 127.0.0.1:1/gone:1
    try pull -q --policy newer 127.0.0.1:1/gone:1
    expect_status 0
    try pull -q --policy always 127.0.0.1:1/gone:1
    expect_error 125 '127.0.0.1:1'
    ambit rmi 127.0.0.1:1/gone:1
}

@test "what we push has the digest that it has here, and others pull it" {
    local digest
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/lib/base:1")
    ambit pull -q "$REGISTRY_PLAIN/lib/base:1"
    ambit save -o "$TEST_DIR/saved.tar" "$REGISTRY_PLAIN/lib/base:1"
    ambit rmi "$REGISTRY_PLAIN/lib/base:1"
    ambit load -q -i "$TEST_DIR/saved.tar"
    try push "$REGISTRY_PLAIN/lib/base:1" "$REGISTRY_PLAIN/pushed/base:2"
    expect_match "digest: $digest"
    try image push -q "$REGISTRY_PLAIN/lib/base:1" "$REGISTRY_PLAIN/pushed/base:2"
    expect_output "$REGISTRY_PLAIN/pushed/base:2"
    [ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/pushed/base:2")" = "$digest" ]
    mkdir "$TEST_DIR/by-skopeo"
    skopeo_copy --src-tls-verify=false "docker://$REGISTRY_PLAIN/pushed/base:2" "oci:$TEST_DIR/by-skopeo:x"
    # docker's schema 2, too, comes and goes as it is
    skopeo_copy --dest-tls-verify=false --format v2s2 "oci-archive:$TOP/build/base.tar" \
        "docker://$REGISTRY_PLAIN/schema2/base:1"
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/schema2/base:1")
    ambit pull -q "$REGISTRY_PLAIN/schema2/base:1"
    try push "$REGISTRY_PLAIN/schema2/base:1" "$REGISTRY_PLAIN/schema2/again:1"
    expect_match "digest: $digest"
    skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/schema2/again:1" |
        grep -q docker.distribution.manifest.v2
    # and survives an archive on the way
    ambit save -o "$TEST_DIR/saved.tar" "$REGISTRY_PLAIN/schema2/base:1"
    ambit rmi "$REGISTRY_PLAIN/schema2/base:1"
    ambit load -q -i "$TEST_DIR/saved.tar"
    try push "$REGISTRY_PLAIN/schema2/base:1" "$REGISTRY_PLAIN/schema2/loaded:1"
    expect_match "digest: $digest"
}

@test "a layer that another repository has is mounted, not sent" {
    local log=$TEST_DIR/registry-plain/log layer
    mkdir -p "$TEST_DIR/own"
    head -c 300000 /dev/urandom >"$TEST_DIR/own/data"
    tar -C "$TEST_DIR/own" -cf "$TEST_DIR/own.tar" .
    ambit image import "$TEST_DIR/own.tar" "$REGISTRY_PLAIN/mount/a:1"
    run --separate-stderr ambit push "$REGISTRY_PLAIN/mount/a:1"
    [[ "$stderr" == *pushed* ]]
    ambit tag "$REGISTRY_PLAIN/mount/a:1" "$REGISTRY_PLAIN/mount/b:1"
    run --separate-stderr ambit push "$REGISTRY_PLAIN/mount/b:1"
    [[ "$stderr" == *mounted* ]] || { echo "$stderr"; false; }
    layer=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/mount/b:1" | jq -r '.layers[0].digest')
    [ "$(grep -c "POST /v2/mount/b/blobs/uploads/?mount=${layer/:/%3A}&from=mount%2Fa HTTP/1.1\" 201" "$log")" -eq 1 ]
    run ! grep -E '"(PUT|PATCH) /v2/mount/b/blobs/' "$log" # not even the config
    run --separate-stderr ambit push "$REGISTRY_PLAIN/mount/b:1"
    [[ "$stderr" == *exists* ]] || { echo "$stderr"; false; }
    ambit rmi "$REGISTRY_PLAIN/mount/a:1" "$REGISTRY_PLAIN/mount/b:1"
}

@test "large blobs go in chunks; what broke off goes on where the registry says it was" {
    local log=$TEST_DIR/registry-plain/log host requests
    start_hostile
    host=$HOSTILE requests=$HOSTILE_FILE.requests
    mkdir -p "$TEST_DIR/large"
    head -c 70000000 /dev/urandom >"$TEST_DIR/large/data"
    tar -C "$TEST_DIR/large" -cf "$TEST_DIR/large.tar" .
    ambit image import "$TEST_DIR/large.tar" large:1
    ambit push -q large:1 "$REGISTRY_PLAIN/large:1"
    [ "$(grep -c '"PATCH /v2/large/blobs/uploads/.* 202' "$log")" -eq 1 ]
    [ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/large:1")" = \
        "$(ambit image inspect large:1 --format '{{.ManifestDigest}}')" ]
    # a registry may want larger ones
    ambit push -q large:1 "$host/chunks:1"
    run ! grep PATCH "$requests"
    ambit rmi large:1
    rm -r "$TEST_DIR/large" "$TEST_DIR/large.tar"

    mkdir -p "$TEST_DIR/own"
    head -c 2000000 /dev/urandom >"$TEST_DIR/own/data"
    tar -C "$TEST_DIR/own" -cf "$TEST_DIR/own.tar" .
    ambit image import "$TEST_DIR/own.tar" "$host/resumes:1"
    ambit push -q --retry-delay 10ms "$host/resumes:1"
    grep -E '^GET /v2/resumes/blobs/uploads/[0-9]+' "$requests"
    grep -E '^PUT /v2/resumes/blobs/uploads/.* 1000000-[0-9]+$' "$requests"
    ambit rmi "$host/resumes:1"
}

@test "what we push podman pulls, what podman pushes we pull" {
    local podman=(podman --root "$TEST_DIR/podman/root" --runroot "$TEST_DIR/podman/run" --storage-driver vfs --events-backend file) digest
    ambit push -q init "$REGISTRY_PLAIN/ours:1"
    digest=$(ambit image inspect init --format '{{.ManifestDigest}}')
    "${podman[@]}" pull -q --tls-verify=false "$REGISTRY_PLAIN/ours:1"
    [ "$("${podman[@]}" image inspect --format '{{.Digest}}' "$REGISTRY_PLAIN/ours:1")" = "$digest" ]
    "${podman[@]}" tag "$REGISTRY_PLAIN/ours:1" "$REGISTRY_PLAIN/theirs:1"
    "${podman[@]}" push -q --tls-verify=false "$REGISTRY_PLAIN/theirs:1"
    ambit pull -q "$REGISTRY_PLAIN/theirs:1"
    try run --rm "$REGISTRY_PLAIN/theirs:1" /init pid
    expect_match '^pid=1 '
    "${podman[@]}" rmi -a -f >/dev/null
    rm -rf "$TEST_DIR/podman"
    ambit rmi "$REGISTRY_PLAIN/theirs:1"
}

# An image whose manifest has a subject, as signatures and SBOMs do: from DIR, a layout that skopeo wrote.
make_referrer() { # LAYOUT SUBJECT TYPE NAME
    python3 - "$@" <<'END'
import hashlib, json, os, sys
layout, subject, kind, name = sys.argv[1:]
def path(digest): return f"{layout}/blobs/{digest.replace(':', '/')}"
index = json.load(open(layout + "/index.json"))
manifest = json.load(open(path(index["manifests"][0]["digest"])))
digest, size = subject.split(",")
manifest["subject"] = {"mediaType": manifest["mediaType"], "digest": digest, "size": int(size)}
manifest["artifactType"] = kind
manifest["annotations"] = {"org.opencontainers.image.created": "2026-01-02T03:04:05Z"}
text = json.dumps(manifest).encode()
digest = "sha256:" + hashlib.sha256(text).hexdigest()
open(path(digest), "wb").write(text)
index["manifests"] = [{"mediaType": manifest["mediaType"], "digest": digest, "size": len(text),
                       "annotations": {"org.opencontainers.image.ref.name": name}}]
json.dump(index, open(layout + "/index.json", "w"))
END
}

@test "referrers: by the API, and by a tag where the registry has none" {
    local subject digest host kind
    start_hostile
    digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_PLAIN/lib/base:1")
    subject=$digest,$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/lib/base:1" | wc -c)
    try manifest referrers "$REGISTRY_PLAIN/lib/base:1"
    expect_output 'DIGEST  TYPE  SIZE  CREATED'
    for kind in application/x.sbom application/x.signature; do
        skopeo_copy --src-tls-verify=false "docker://$REGISTRY_PLAIN/lib/base:1" "oci:$TEST_DIR/referrer:x"
        make_referrer "$TEST_DIR/referrer" "$subject" "$kind" "localhost/${kind##*.}:1"
        ambit load -q -i "$TEST_DIR/referrer"
        rm -r "$TEST_DIR/referrer"
    done
    host=$HOSTILE
    for where in "$REGISTRY_PLAIN/lib/base" "$host/refers"; do
        ambit push -q localhost/sbom:1 "$where:sbom"
        ambit push -q localhost/sbom:1 "$where:sbom"
        ambit push -q localhost/signature:1 "$where:signature"
        try manifest referrers "$where@$digest"
        expect_match '^sha256:[0-9a-f]{64} +application/x.sbom +[0-9.]+[KMi]*B +(-|2026-01-02T03:04:05Z)$'
        try manifest referrers --json "$where@$digest"
        [ "$(jq -r '.manifests | map(.artifactType) | unique | join(" ")' <<<"$output")" = 'application/x.sbom application/x.signature' ]
        try manifest referrers --json --artifact-type application/x.signature "$where@$digest"
        [ "$(jq -r '.manifests[].digest' <<<"$output")" = "$(ambit image inspect localhost/signature:1 --format '{{.ManifestDigest}}')" ]
    done
    # the tag is there for docker's, and has each of them once; the other has the API
    skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/lib/base:sha256-${digest#sha256:}" | jq -e '.manifests | length == 2'
    run ! grep "PUT /v2/refers/manifests/sha256-" "$HOSTILE_FILE.requests"
    ambit rmi localhost/sbom:1 localhost/signature:1
}

@test "an index gives the image of the platform that is asked for" {
    local host
    start_hostile
    host=$HOSTILE
    ambit pull -q "$host/multi:1"
    try image inspect "$host/multi:1" --format '{{.Architecture}}'
    expect_output amd64
    ambit pull -q --platform linux/arm64 "$host/multi:1"
    try image inspect "$host/multi:1" --format '{{.Architecture}}'
    expect_output arm64
    try pull -q --platform linux/s390x "$host/multi:1"
    expect_error 125 'no variant for linux/s390x'

    # The index's digest is a name as well, here and for docker and podman.
    local index
    ambit pull "$host/multi:1" >"$TEST_DIR/pulled" 2>/dev/null
    index=$(sed -n 's/^Digest: //p' "$TEST_DIR/pulled")
    [ "$(curl -s "http://$host/v2/multi/manifests/1" | sha256sum)" = "${index#sha256:}  -" ]
    try images --digests --format '{{.Repository}} {{.Digest}}'
    expect_line "$host/multi $index"
    try image inspect "$host/multi@$index" --format '{{json .RepoDigests}} {{.Architecture}}'
    expect_match "^\\[\"$host/multi@$index\",\"$host/multi@sha256:[0-9a-f]{64}\"\\] amd64$"
    ambit rmi "$host/multi:1" >/dev/null
    ambit pull -q "$host/multi@$index"
    try image inspect "$host/multi@$index" --format '{{json .RepoTags}} {{json .RepoDigests}}'
    expect_match "^\\[\\] \\[\"$host/multi@$index\","
    try run --rm --pull never "$host/multi@$index" /file
    expect_error 126 '/file' # found, and no program
    try image check --deep
    expect_output '0 findings, 0 repaired'
    ambit tag "$host/multi@$index" elsewhere:1
    ambit image prune -f >/dev/null
    [ -e "$TEST_ROOT/blobs/sha256/${index#sha256:}" ]
    try rmi "$host/multi@$index"
    expect_status 0
    [ ! -e "$TEST_ROOT/blobs/sha256/${index#sha256:}" ]
    ambit rmi elsewhere:1 >/dev/null
    try system check
    expect_match ' 0 findings'

    # "newer" asks for the digest alone while it is the same
    local requests=$HOSTILE_FILE.requests
    ambit pull -q "$host/multi:1"
    : >"$requests"
    ambit pull -q --policy newer "$host/multi:1"
    [ "$(cat "$requests")" = 'HEAD /v2/multi/manifests/1' ]
    ambit pull -q --policy newer --platform linux/arm64 "$host/multi:1"
    : >"$requests"
    try pull -q --policy newer "$host/multi:1" # which is now arm64's
    grep -q GET "$requests"
    try run --rm --pull newer "$host/multi:1" /file
    expect_error 126 '/file'
    ambit rmi "$host/multi:1"
}

@test "progress: bars with rates on a terminal, lines in a log, objects, nothing" {
    start_hostile
    local name id
    name=$HOSTILE/trickle:1
    TERM=xterm run script -qec "stty cols 100; '$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' pull $name" /dev/null
    expect_match '[0-9a-f]{12}  downloading +\[=+> *\] [0-9.]+[KM]iB/2.9MiB  [0-9.]+[KM]iB/s'
    expect_match '[0-9a-f]{12}  done +2.9MiB'
    id=$(ambit image inspect "$name" --format '{{.Id}}')
    ambit rmi "$name"
    try pull "$name"
    [[ "$errors" =~ ^[0-9a-f]{12}:\ downloading\ 2.9MiB ]] && [[ "$errors" == *': done 2.9MiB' ]]
    run ! grep -q $'[\e\r]' <<<"$errors"
    ambit rmi "$name"
    try pull --json "$name"
    [ "$(jq -s 'map(select(.state == "downloading" and .current > 0 and .current < .total)) | length > 2' <<<"$errors")" = true ]
    ambit rmi "$name"
    try pull --quiet "$name"
    expect_output "$id"
    [ -z "$errors" ]
    ambit rmi "$name"
}

@test "no lock is held while the network is slow" {
    start_hostile
    local name pid
    name=$HOSTILE/slow:1
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" pull -q "$name" >/dev/null 2>&1 3>&- &
    pid=$!
    await 10 eval '[ -n "$(find "$TEST_ROOT/partial" -size +500k)" ]'
    ambit tag init other:1
    ambit rmi other:1
    ambit load -q -i "$TEST_DIR/init.tar"
    ambit image prune -f
    [ "$(ambit images -q --filter reference="${name%:1}")" = "" ]
    kill -0 "$pid" # it waits all the while
    kill -TERM "$pid"
    wait "$pid" || true
    ambit image prune -f
}

@test "search, manifest inspect, tags" {
    try search "$REGISTRY_PLAIN/lib"
    expect_match '^lib/base'
    # a registry with Docker's search, and its escape sequences
    start_hostile
    try search --limit 4 --no-trunc "$HOSTILE/test"
    expect_match '^ambit/test +d{100}.* +7 *$'
    expect_match '^x0 +.* 1 +yes$'
    run ! grep -q $'\e' <<<"$output"
    grep -q '^GET /v1/search?q=test&n=4 *$' "$HOSTILE_FILE.requests"
    try manifest inspect "$REGISTRY_PLAIN/lib/base:1"
    expect_match '"schemaVersion": 2'
    try pull -q -a "$REGISTRY_PLAIN/pushed/base"
    expect_status 0
    try images
    expect_match 'pushed/base +2'
}

@test "a download that was interrupted goes on where it was" {
    mkdir -p "$TEST_DIR/big"
    head -c 12000000 /dev/urandom >"$TEST_DIR/big/data"
    tar -C "$TEST_DIR/big" -cf "$TEST_DIR/big.tar" .
    ambit image import "$TEST_DIR/big.tar" "$REGISTRY_PLAIN/big:1"
    ambit push -q "$REGISTRY_PLAIN/big:1"
    local blob hex
    blob=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/big:1" | jq -r '.layers[0].digest')
    hex=${blob#sha256:}
    mkdir -p "$TEST_ROOT/partial"
    head -c 7000000 "$TEST_ROOT/blobs/sha256/$hex" >"$TEST_DIR/begun"
    ambit rmi "$REGISTRY_PLAIN/big:1"
    cp "$TEST_DIR/begun" "$TEST_ROOT/partial/$hex"
    try pull --json "$REGISTRY_PLAIN/big:1"
    expect_status 0
    [[ "$errors" == *'"state":"done"'* ]]
    grep -qE "GET /v2/big/blobs/$blob HTTP[^ ]* 206 " "$TEST_DIR/registry-plain/log" # the rest only
    [ ! -e "$TEST_ROOT/partial/$hex" ]
    # garbage is noticed, and fetched anew
    cp "$TEST_ROOT/blobs/sha256/$hex" "$TEST_DIR/whole"
    ambit rmi "$REGISTRY_PLAIN/big:1"
    head -c 7000000 /dev/zero >"$TEST_ROOT/partial/$hex"
    ambit pull -q "$REGISTRY_PLAIN/big:1"
    try system check
    expect_match ' 0 findings'
    ambit rmi "$REGISTRY_PLAIN/big:1"
    # so is what a power cut leaves: the right length, and zeros where the last blocks were to come
    local length
    length=$(stat -c %s "$TEST_DIR/whole")
    for size in "$length" 9000000; do
        head -c 5000000 "$TEST_DIR/whole" >"$TEST_ROOT/partial/$hex"
        truncate -s "$size" "$TEST_ROOT/partial/$hex"
        ambit pull -q "$REGISTRY_PLAIN/big:1"
        cmp "$TEST_DIR/whole" "$TEST_ROOT/blobs/sha256/$hex"
        try image verify "$REGISTRY_PLAIN/big:1"
        expect_status 0
        ambit rmi "$REGISTRY_PLAIN/big:1"
    done
}

@test "what a wrong beginning of a download held is not in the layer" {
    local blob hex
    blob=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/big:1" | jq -r '.layers[0].digest')
    hex=${blob#sha256:}
    mkdir "$TEST_DIR/evil"
    head -c 3000000 /dev/zero >"$TEST_DIR/evil/evil"
    tar -C "$TEST_DIR/evil" -cf "$TEST_DIR/evil.tar" evil
    # An archive that goes on: its first file is unpacked before anybody can know better.
    head -c 3001344 "$TEST_DIR/evil.tar" >"$TEST_ROOT/partial/$hex"
    ambit pull -q "$REGISTRY_PLAIN/big:1"
    run ls "$(ambit image mount "$REGISTRY_PLAIN/big:1")"
    expect_output data
    ambit image unmount "$REGISTRY_PLAIN/big:1"
    try image verify "$REGISTRY_PLAIN/big:1"
    expect_status 0
    ambit rmi "$REGISTRY_PLAIN/big:1"
}

# How often the registry was asked for a blob, and from which byte at first.
asked_for() { # HEX
    grep -c "GET /v2/[^ ]*/blobs/sha256:$1" "$TEST_DIR/registry-plain/log" || true
}

@test "two pulls of one layer fetch it once" {
    local blob hex before
    blob=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY_PLAIN/big:1" | jq -r '.layers[0].digest')
    hex=${blob#sha256:}
    before=$(asked_for "$hex")
    [ "$before" -gt 0 ] # that requests are seen
    ambit pull -q "$REGISTRY_PLAIN/big:1" &
    ambit pull -q "$REGISTRY_PLAIN/big:1"
    wait $!
    [ "$(asked_for "$hex")" = $((before + 1)) ]
    try system check
    expect_match ' 0 findings'
    [ -z "$(ls "$TEST_ROOT/partial")" ]
    ambit rmi "$REGISTRY_PLAIN/big:1"
}

@test "killed at any moment, a pull leaves a store that is whole, and the next one finishes" {
    local i pid
    for i in 1 2 3 4 5 6 7 8; do
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" pull -q "$REGISTRY_PLAIN/big:1" \
            >/dev/null 2>&1 3>&- &
        pid=$!
        sleep "0.$((RANDOM % 50 + 10))"
        kill -KILL $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
    done
    await 10 eval '! pgrep -f "ambit-image pull.*$REGISTRY_PLAIN" >/dev/null'
    try system check --repair
    expect_status 0
    ambit pull -q "$REGISTRY_PLAIN/big:1"
    try image check --deep
    expect_output '0 findings, 0 repaired'
    ambit rmi "$REGISTRY_PLAIN/big:1"
    [ -z "$(ls "$TEST_ROOT/partial")" ]
    [ -z "$(find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*')" ]
}
