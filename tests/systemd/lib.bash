# What the files here share: a bundle, and ambit-oci on it. They need systemd as process 1:
#
#     tests/vm/run tests/systemd/scope.bats           as root
#     tests/vm/run --user tests/systemd/user.bats     as an ordinary user with a systemd of his own
#
#     oci ARGUMENT...           ambit-oci, with the state of this file
#     try_oci ARGUMENT...       the same; sets $status, $output, $errors
#     change JQ-FILTER          config.json of the bundle
#     start_container ID OPTION...  a container with the systemd manager that sleeps
#     property UNIT NAME        as systemctl tells it
#     cgroup_of ID CONTROLLER   a container's directory in /sys/fs/cgroup
#     limit_of ID FILE          what the file in it says
#
# $CGROUP is v2, or v1 where the controllers are v1's (beside a v2 tree or not).

load ../integration/lib

export SCOPE=system USER_FLAG=--system
export CGROUP=v1
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || CGROUP=v2
[ "$(id -u)" -eq 0 ] || export SCOPE=user USER_FLAG=--user

prepare_bundle() {
    export TEST_DIR=${AMBIT_TEST_DIR:-$(mktemp -d /var/tmp/ambit-test.XXXXXX)}
    export BUNDLE=$TEST_DIR/bundle
    mkdir -p "$BUNDLE/rootfs"
    make_rootfs "$BUNDLE/rootfs"
    local rootless=()
    [ "$SCOPE" = system ] || rootless=(--rootless)
    oci spec "${rootless[@]}" --bundle "$BUNDLE"
    change '.process.terminal = false | .process.args = ["/init", "sleep", "1000"]'
    cp "$BUNDLE/config.json" "$TEST_DIR/plain.json"
}

setup_file() {
    [ -d /run/systemd/system ] || skip "systemd is not process 1 here"
    prepare_bundle
}

setup() {
    cp "$TEST_DIR/plain.json" "$BUNDLE/config.json"
}

teardown() {
    local id
    for id in $(oci list -q); do
        oci delete --force "$id"
    done
}

teardown_file() {
    discard_store
}

oci() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

change() {
    jq "$1" "$BUNDLE/config.json" >"$BUNDLE/config.new"
    mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

start_container() {
    oci --systemd-cgroup run -d --bundle "$BUNDLE" "${@:2}" "$1" </dev/null >"$TEST_DIR/out" 2>&1 3>&- ||
        { cat "$TEST_DIR/out"; return 1; }
}

property() {
    systemctl "$USER_FLAG" show --value -p "$2" "$1"
}

cgroup_of() { # ID CONTROLLER: its directory; v2 has one for all controllers
    local cgroups
    cgroups=/proc/$(oci state "$1" | jq .pid)/cgroup
    if [ "$CGROUP" = v2 ]; then
        echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "$cgroups")"
    else
        echo "/sys/fs/cgroup/$2$(sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?://p" "$cgroups")"
    fi
}

limit_of() { # ID FILE: what its cgroup's file says
    cat "$(cgroup_of "$1" "${2%%.*}")/$2"
}
