#!/usr/bin/env bats
# timeout: 300
# Class B, for ambit-oci: paths inside a hostile root (the CVEs are in hostile-roots). paths.bats is
# the same for ambit; long.bats tries every combination.

load ../integration/lib
load bundle

setup_file() {
    prepare_store
}

teardown() {
    remove_all
}

@test "links in the place of every mount, device, hidden, locked and opened path lead nowhere" {
    run "$TOP/tests/security/hostile-roots" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR" 2
    expect_status 0
    expect_match ' 0 came through'
}

@test "/proc and /sys must be directories" {
    local place
    make_bundle "$TEST_DIR/bundle" '.process.args = ["/init", "pid"]'
    for place in proc sys; do
        rmdir "$TEST_DIR/bundle/rootfs/$place"
        ln -s tmp "$TEST_DIR/bundle/rootfs/$place"
        try_oci run --bundle "$TEST_DIR/bundle" box
        expect_error 1 "/$place of the root is a symbolic link"
        rm "$TEST_DIR/bundle/rootfs/$place"
        mkdir "$TEST_DIR/bundle/rootfs/$place"
    done
}

@test "what hides files is the null device itself, not what the root calls so" {
    make_bundle "$TEST_DIR/fake" '.process.args = ["/init", "pid"] | .mounts |= map(select(.destination == "/proc")) |
        .mounts += [{destination: "/dev", type: "bind", source: "fake", options: ["rbind"]}] |
        .linux.maskedPaths = ["/proc/version"]'
    mkdir -p "$TEST_DIR/fake/fake"
    echo fake >"$TEST_DIR/fake/fake/null"
    try_oci run --bundle "$TEST_DIR/fake" box
    expect_error 1 'null'
}
