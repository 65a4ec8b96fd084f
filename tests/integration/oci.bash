# For test files that drive ambit-oci with a configuration of their own; after `load lib`.
#
#     oci ARGUMENT...             the runtime, with a state directory of this file
#     try_oci ARGUMENT...         the same; sets $status, $output, $errors
#     configure FILTER [FILTER]   $BUNDLE/config.json: the one of `spec`, without a terminal, changed by
#                                 these jq filters
#     run_with FILTER COMMAND     `run` of a container configured by FILTER: `/init COMMAND`, in which
#                                 words are separated by blanks
#
# A file that starts containers in the background calls delete_all in its teardown.

oci() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

setup_file() {
    prepare_store
    export BUNDLE=$TEST_DIR/bundle
    mkdir -p "$BUNDLE/rootfs"
    make_rootfs "$BUNDLE/rootfs"
    oci spec --bundle "$BUNDLE"
    mv "$BUNDLE/config.json" "$TEST_DIR/config.json"
}

configure() {
    # A cgroup of this file's own: others may run at the same time, and name their containers alike.
    local filter=".process.terminal = false | .linux.cgroupsPath = \"/${TEST_DIR##*/}\"" more
    for more in "$@"; do
        filter="$filter | $more"
    done
    jq "$filter" "$TEST_DIR/config.json" >"$BUNDLE/config.json"
}

run_with() {
    configure "$1" ".process.args = (\"/init $2\" | split(\" \"))"
    try_oci run --bundle "$BUNDLE" c </dev/null
}

# One in the background, until delete_all: its first process sleeps.
start_with() { # FILTER
    configure "$1" '.process.args = ["/init", "sleep", "1000"]'
    oci run --detach --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
}

delete_all() {
    local id
    for id in $(oci list -q); do
        oci delete --force "$id"
    done
}
