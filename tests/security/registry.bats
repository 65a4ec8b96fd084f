#!/usr/bin/env bats
# timeout: 300
# Class K of docs/security.md: what a registry must not be able to do. Every case ends in one line of
# error, nothing of it in the store and nothing of ours elsewhere.

load ../integration/lib
load ../integration/registry_lib

setup_file() {
    prepare_store
    start_hostile
    export REGISTRY=$HOSTILE HOME=$TEST_DIR/home
    store_state >"$TEST_DIR/before"
}

teardown_file() {
    stop_registries
    discard_store
}

store_state() { # what is visible: names, blobs, layers
    cat "$TEST_ROOT/index.json"
    ls "$TEST_ROOT/blobs/sha256" "$TEST_ROOT/layers"
    find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*'
}

expect_refused() { # REPOSITORY REGEX
    try pull -q --retry-delay 50ms "$REGISTRY/$1:1"
    expect_error 125 "$2"
    store_state >"$TEST_DIR/after"
    cmp "$TEST_DIR/before" "$TEST_DIR/after"
}

@test "content that is not what its digest or size says" {
    expect_refused wrong 'digest is sha256:[0-9a-f]{64} instead of'
    expect_refused wrongconfig 'sent sha256:[0-9a-f]{64} when asked for'
    expect_refused shorter 'longer than|more than the'
    expect_refused endless 'longer than|more than the'
    [ -z "$(find "$TEST_ROOT/partial" -size +10M)" ]
}

@test "bodies that end too early" {
    expect_refused truncated 'transfer closed|end of response|bytes remaining'
    expect_refused longer 'bytes of sha256|less than|instead of'
}

@test "documents with two meanings, or of endless size" {
    expect_refused both 'manifest'
    expect_refused othertype 'ambiguous'
    expect_refused huge 'more than the 4194304|larger than 4194304'
    expect_refused headers '127.0.0.1'
}

@test "digests and sizes that are none" {
    expect_refused path 'layers\[0\].digest'
    expect_refused algorithm 'layers\[0\].digest'
    expect_refused negative 'layers\[0\].size'
}

@test "addresses of a stranger are not followed" {
    expect_refused foreign 'address elsewhere'
    [ ! -e "$HOSTILE_FILE.log" ]
    expect_refused loop 'redirects'
    expect_refused scheme 'TLS|redirects'
    expect_refused plain 'without TLS'
}

expect_whole_refused() { # REPOSITORY REGEX
    try pull -q --all-platforms --retry-delay 50ms "$REGISTRY/$1:1"
    expect_error 125 "$2"
    store_state >"$TEST_DIR/after"
    cmp "$TEST_DIR/before" "$TEST_DIR/after"
}

@test "an index that is wanted whole and is not what it says, or never ends" {
    expect_whole_refused whole-many 'manifests: more than 2000|2000'
    expect_whole_refused whole-parts 'more than 4096 parts'
    expect_whole_refused whole-sizes 'two sizes'
    expect_whole_refused whole-sparse 'entry 2 of the index \(linux/arm64\): .*not found'
    expect_whole_refused whole-liar 'entry 2 of the index .* bytes instead of'
    expect_whole_refused whole-blob 'not found'
    expect_whole_refused whole-type 'entry 2 of the index .*vnd.example.thing'
    expect_whole_refused whole-kind 'ambiguous'
    expect_whole_refused whole-deep 'too deep'
    # The one platform is there all the same, for who wants no more.
    ambit pull -q "$REGISTRY/whole-sparse:1"
    ambit rmi "$REGISTRY/whole-sparse:1"
}

@test "an index that is odd, and right" {
    local repository
    for repository in whole-twice whole-nested whole-foreign; do
        ambit pull -q --all-platforms "$REGISTRY/$repository:1"
        try image verify "$REGISTRY/$repository:1"
        expect_status 0
        ambit save -o "$TEST_DIR/odd.tar" "$REGISTRY/$repository:1"
        ambit push -q "$REGISTRY/$repository:1" "$REGISTRY/odd:1"
        ambit rmi "$REGISTRY/$repository:1"
        ambit load -q -i "$TEST_DIR/odd.tar"
        [ "$(ambit image inspect "$REGISTRY/$repository:1" --format '{{json .Platforms}}' | jq -c .)" = '["linux/amd64","linux/arm64"]' ]
        ambit rmi "$REGISTRY/$repository:1"
    done
    ambit image prune -f
    store_state >"$TEST_DIR/after"
    cmp "$TEST_DIR/before" "$TEST_DIR/after"
}

@test "credentials go to their registry alone" {
    try pull -q --creds 'me:secret' "$REGISTRY/redirect:1"
    expect_status 0
    [ "$(wc -l <"$HOSTILE_FILE.log")" -eq 1 ]
    grep -q ' -$' "$HOSTILE_FILE.log"
    ambit rmi "$REGISTRY/redirect:1"
    try pull -q --creds 'me:secret' "$REGISTRY/realm:1"
    expect_error 125 'no place with TLS'
}

@test "an archive cannot say that it is what a digest of a registry means" {
    local digest
    digest=sha256:$(printf '0%.0s' {1..64})
    mkdir "$TEST_DIR/layout"
    tar -C "$TEST_DIR/layout" -xf "$TEST_DIR/init.tar"
    python3 - "$TEST_DIR/layout/index.json" "$digest" <<'END'
import json, sys
index = json.load(open(sys.argv[1]))
index["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": "trusted.example/x:1",
                                        "ambit.image.origin": sys.argv[2]}
json.dump(index, open(sys.argv[1], "w"))
END
    ambit load -q -i "$TEST_DIR/layout"
    try image inspect trusted.example/x:1 --format '{{json .RepoDigests}}'
    expect_status 0
    run ! grep -q "$digest" <<<"$output"
    try run --rm --pull never "trusted.example/x@$digest" /init pid
    expect_error 125 'no such image'
    ambit rmi trusted.example/x:1
    rm -r "$TEST_DIR/layout"
}

@test "an error text of a registry cannot touch the terminal" {
    try pull -q "$REGISTRY/refused:1"
    expect_error 125 'access is denied'
    ! grep -q $'\033' <<<"$errors"
}

@test "what passes is tried again: limits of rate, broken transfers, Range ignored" {
    local begin=$EPOCHREALTIME
    ambit pull -q --retry-delay 1ms "$REGISTRY/limited:1"
    # the registry's word, two times one second, counts more than ours
    ((${EPOCHREALTIME/./} - ${begin/./} >= 2000000))
    ambit pull -q --retry-delay 50ms "$REGISTRY/flaky:1"
    try pull -q --retry 1 --retry-delay 50ms "$REGISTRY/busy:1"
    expect_error 125 'status 503'
    [ "$(grep -c '/v2/busy/' "$HOSTILE_FILE.requests")" -eq 2 ]
    try pull -q "$REGISTRY/patience:1"
    expect_error 125 'limits the rate \(slow down; try again in 3600 s\)'
    [ "$(grep -c '/v2/patience/' "$HOSTILE_FILE.requests")" -eq 1 ]
    ambit pull -q "$REGISTRY/ignores:1"
    ambit rmi "$REGISTRY/limited:1" "$REGISTRY/flaky:1" "$REGISTRY/ignores:1"
    try pull -a "$REGISTRY/x"
    expect_error 125 'does not end'
}

@test "whoever asked is killed as soon as the network is spoken to: nobody goes on for him" {
    local round ambit pid
    for round in 1 2 3 4 5 6 7 8 9 10; do
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" pull -q "$REGISTRY/slow:1" >/dev/null 2>&1 3>&- &
        ambit=$!
        await 10 eval "pid=\$(pgrep -P $ambit ambit-registry)"
        await 10 grep -q '^Seccomp:.*2' "/proc/$pid/status"
        kill -KILL $ambit
        wait $ambit 2>/dev/null || true
        await 5 eval "! kill -0 $pid" || { echo "round $round"; kill -KILL $pid; false; }
    done
    try system check --repair
    expect_status 0
}

@test "the process that speaks to the network has nothing" {
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" pull -q "$REGISTRY/slow:1" >/dev/null 2>&1 3>&- &
    local ambit=$! pid
    await 10 eval "pgrep -P $ambit ambit-registry"
    pid=$(pgrep -P $ambit ambit-registry)
    await 10 grep -q '^Seccomp:.*2' "/proc/$pid/status"
    grep -q '^CapEff:.*0000000000000000$' "/proc/$pid/status"
    grep -q '^CapBnd:.*0000000000000000$' "/proc/$pid/status"
    grep -q '^NoNewPrivs:.*1' "/proc/$pid/status"
    grep -q '^Uid:.65534' "/proc/$pid/status"
    [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ]
    [ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
    [ "$(cd "/proc/$pid/root" && find . -type f | sort | tr '\n' ' ')" = "./etc/hosts ./etc/nsswitch.conf ./etc/resolv.conf " ]
    kill -KILL $ambit
    wait $ambit 2>/dev/null || true
    await 10 eval "! kill -0 $pid"
    try system check --repair
    expect_status 0
}
