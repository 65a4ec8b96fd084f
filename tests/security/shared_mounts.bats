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
