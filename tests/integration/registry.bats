#!/usr/bin/env bats
# timeout: 120
# Images from and to a registry: Debian's docker-registry, filled by skopeo and by us.

load lib
load registry_lib

setup_file() {
    prepare_store
    start_registry plain
    skopeo_copy --dest-tls-verify=false "oci-archive:$TOP/build/base.tar" \
        "docker://$REGISTRY_PLAIN/lib/base:1"
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
