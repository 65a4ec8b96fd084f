# Images at scale (scale-image), and what peers unpack from them. Loaded after lib and registry_lib;
# starts the registry `plain` for the file.
#
#     scale_image NAME KIND[:N]       makes it and has it in the registry as scale/NAME:1
#     compare_with_podman NAME, compare_with_umoci NAME, compare_with_peers NAME
#     expect_memory MIB ARGUMENT...   ambit's processes together stay below; sets $status

setup_file() {
    prepare_store
    start_registry plain
}

teardown_file() {
    stop_registries
    discard_store
}

scale_image() { # NAME KIND
    [ ! -e "$TEST_DIR/layout-$1" ] || return 0
    "$TOP/tests/integration/scale-image" "$2" "$TEST_DIR/layout-$1"
    skopeo_copy --dest-tls-verify=false "oci:$TEST_DIR/layout-$1:scale" \
        "docker://$REGISTRY_PLAIN/scale/$1:1"
}

# The root directory is nobody's entry; podman's overlay and umoci leave marks of their own.
same_trees() { # A B
    run "$TOP/tests/integration/compare-trees" "$1" "$2" --ignore-xattr user.umoci.rootless \
        --ignore-xattr trusted.overlay.opaque --ignore-xattr trusted.overlay.origin
    output=$(grep -v "^b'\.': " <<<"$output" || true)
    [ -z "$output" ] || { head -40 <<<"$output"; return 1; }
}

pull_and_mount() { # NAME: prints where it is
    ambit pull -q "$REGISTRY_PLAIN/scale/$1:1" >/dev/null
    ambit image mount "$REGISTRY_PLAIN/scale/$1:1"
}

compare_with_umoci() { # NAME
    local mounted unpacked=$TEST_DIR/umoci
    require command -v umoci -- "umoci is not installed"
    mounted=$(pull_and_mount "$1")
    umoci raw unpack --image "$TEST_DIR/layout-$1:scale" "$unpacked"
    same_trees "$mounted" "$unpacked"
    ambit image unmount "$REGISTRY_PLAIN/scale/$1:1"
    rm -rf "$unpacked"
}

podman_here() {
    podman --root "$TEST_DIR/podman/root" --runroot "$TEST_DIR/podman/run" \
        --tmpdir "$TEST_DIR/podman/tmp" --storage-driver overlay --cgroup-manager cgroupfs \
        --events-backend none "$@"
}

compare_with_podman() { # NAME
    local mounted theirs image=$REGISTRY_PLAIN/scale/$1:1 same=0
    require command -v podman -- "podman is not installed"
    mounted=$(pull_and_mount "$1")
    podman_here pull -q --tls-verify=false "$image"
    theirs=$(podman_here image mount "$image")
    same_trees "$mounted" "$theirs" || same=1
    podman_here image unmount "$image"
    podman_here rmi "$image"
    umount "$TEST_DIR/podman/root/overlay" || true
    rm -rf "$TEST_DIR/podman"
    ambit image unmount "$image"
    return $same
}

compare_with_peers() { # NAME
    compare_with_podman "$1"
    compare_with_umoci "$1"
}

expect_memory() { # MIB ARGUMENT...
    local limit=$1 peak
    shift
    ambit rmi "${*: -1}" >/dev/null 2>&1 || true
    status=0
    "$TOP/tests/integration/peak-memory" "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@" \
        >/dev/null 2>"$TEST_DIR/memory" || status=$?
    cat "$TEST_DIR/memory"
    peak=$(tail -n 1 "$TEST_DIR/memory" | jq .together_kib)
    [ "$peak" -gt 2000 ] # it was seen
    [ "$peak" -lt $((limit * 1024)) ] || exit 1
    return $status
}
