# What the tests of ambit-oci's boundary share: bundles without a user namespace unless a test adds
# one, because root of the host is what an attacker wants to be. After `load ../integration/lib`:
#
#     oci ARGUMENT..., try_oci ARGUMENT...      ambit-oci on this file's state
#     make_bundle DIR [JQ-FILTER]               a bundle with /init; the filter changes config.json
#     change DIR JQ-FILTER
#     up ID DIR                                 a detached container that runs
#     remove_all                                for teardown

oci() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    errors=$stderr
}

make_bundle() {
    mkdir -p "$1/rootfs"
    make_rootfs "$1/rootfs"
    rm -f "$1/config.json"
    oci spec --bundle "$1"
    change "$1" ".process.terminal = false | .process.args = [\"/init\", \"pause\"] |
        .linux.cgroupsPath = \"/attack-$$-$RANDOM\" | ${2:-.}" # others may have a \"box\" as well
}

change() {
    jq "$2" "$1/config.json" >"$1/config.new"
    mv "$1/config.new" "$1/config.json"
}

up() {
    oci run --detach --bundle "$2" "$1" </dev/null >"$TEST_DIR/$1.out" 2>&1 3>&-
}

remove_all() {
    local id
    for id in $(oci list -q); do
        oci delete --force "$id"
    done
}
