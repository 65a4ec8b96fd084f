#!/usr/bin/env bats
# systemd makes all mounts of a host shared, and so are clones of them: what is mounted on a clone
# appears on the host as well. Nothing of a container's tree may.

load ../integration/lib

DENY=${DENY:-$top/build/host/tests/deny/deny}

# A mount namespace like a host's under systemd; the test's command sees it as its host.
as_on_systemd() { # COMMAND...
    run unshare -m --propagation shared bash -c '
        before=$(cat /proc/self/mountinfo)
        "$@"
        status=$?
        diff <(echo "$before") /proc/self/mountinfo || echo "MOUNTS CHANGED"
        exit $status' - "$@"
    expect_status 0
    expect_no_line "MOUNTS CHANGED"
}

@test "an image is loaded" {
    as_on_systemd "$PROGRAMS/ambit" --root "$TEST_DIR/second" --state "$TEST_STATE" \
        load -q -i "$TEST_DIR/init.tar"
}

@test "layers, with each way of mounting an overlay" {
    local call
    for call in "" fsconfig/1:5=EINVAL fsconfig/1:5=EOPNOTSUPP; do
        # shellcheck disable=SC2086
        as_on_systemd ${call:+"$DENY" $call --} "$PROGRAMS/ambit" --root "$TEST_ROOT" \
            --state "$TEST_STATE" run --rm --tmpfs /tmp "$IMAGE" /init pid
        expect_match '^pid=1 '
    done
}

@test "a root directory and a volume, mounted on by a process that may" {
    mkdir -p "$TEST_DIR/volume/below"
    as_on_systemd "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --privileged \
        -v "$TEST_DIR/volume:/volume" --rootfs "$TEST_DIR/rootfs" \
        /init mount tmpfs tmpfs /volume/below , say mounted
    expect_line mounted
}

@test "ambit-oci: a bind mount that says nothing of propagation" {
    mkdir -p "$TEST_DIR/bundle" "$TEST_DIR/volume/below"
    "$PROGRAMS/ambit-oci" spec --bundle "$TEST_DIR/bundle"
    jq --arg dir "$TEST_DIR" '.process.terminal = false | .root.path = $dir + "/rootfs"
        | .process.args = ["/init", "mount", "tmpfs", "tmpfs", "/run/below", ",", "say", "mounted"]
        | .process.capabilities |= map_values(["CAP_SYS_ADMIN"])
        | .mounts += [{destination: "/run", source: ($dir + "/volume"), options: ["bind"]}]' \
        "$TEST_DIR/bundle/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/bundle/config.json"
    as_on_systemd "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run \
        --bundle "$TEST_DIR/bundle" "shared-$$"
    expect_line mounted
}

# Mounts of a configuration are laid over each other for a moment, to be numbered in its order. What
# lies on a volume there must not appear on the host's, nor may its own mounts go when that ends.
@test "ambit-oci: nothing is mounted on a volume but what is for it; mounts on it stay" {
    mkdir -p "$TEST_DIR/second" "$TEST_DIR/volume" "$TEST_DIR/rootfs/run"
    "$PROGRAMS/ambit-oci" spec --bundle "$TEST_DIR/second"
    jq --arg dir "$TEST_DIR" '.process.terminal = false | .root.path = $dir + "/rootfs"
        | .process.args = ["/init", "cat", "/run/below/file"]
        | .mounts = [{destination: "/run", source: ($dir + "/volume"), options: ["rbind", "rprivate"]}] + .mounts' \
        "$TEST_DIR/second/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/second/config.json"
    run unshare -m --propagation private bash -ec '
        mkdir -p "$1/volume/below"
        mount -t tmpfs volume "$1/volume"
        mkdir "$1/volume/below"
        mount -t tmpfs below "$1/volume/below"
        echo kept >"$1/volume/below/file"
        mount --make-rshared "$1/volume"
        before=$(cat /proc/self/mountinfo)
        "$2" --root "$1/oci" run --bundle "$1/second" "shared-$$"
        diff <(echo "$before") /proc/self/mountinfo || echo "MOUNTS CHANGED"
        cat "$1/volume/below/file"' - "$TEST_DIR" "$PROGRAMS/ambit-oci"
    expect_no_line "MOUNTS CHANGED"
    [ "$(grep -c kept <<<"$output")" = 2 ]
}
