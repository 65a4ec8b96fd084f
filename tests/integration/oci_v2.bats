#!/usr/bin/env bats
# ambit-oci and ambit where the cgroup v2 tree is alone (v2-view), on whatever host this is: where
# processes are put, with and without clone3, and what works on a cgroup as a whole.

load lib
load oci

USER_ID=54321

setup_file() {
    prepare_store
    tree=/sys/fs/cgroup
    [ -e $tree/cgroup.controllers ] || tree=/sys/fs/cgroup/unified
    export tree NAME=${TEST_DIR##*/} DENY=$TOP/build/host/tests/deny/deny
    [ -e $tree/cgroup.controllers ] || return 0
    mkdir -p "$tree/$NAME/caller" "$TEST_DIR/home/bundle/rootfs"
    cp "$PROGRAMS/ambit-oci" "$TEST_DIR/home/"
    make_rootfs "$TEST_DIR/home/bundle/rootfs"
    oci spec --bundle "$TEST_DIR/home/bundle"
    jq '.process.terminal = false | .process.args = ["/init", "sleep", "1000"]' \
        "$TEST_DIR/home/bundle/config.json" >"$TEST_DIR/plain.json"
}

setup() {
    require test -e $tree/cgroup.controllers -- "no cgroup v2 tree"
    BUNDLE=$TEST_DIR/home/bundle
    jq --arg path "/$NAME/box" '.linux.cgroupsPath = $path' "$TEST_DIR/plain.json" >"$BUNDLE/config.json"
}

teardown() {
    delete_all
    ambit kill inside 2>/dev/null || true
}

teardown_file() {
    rmdir "$tree/$NAME/caller" "$tree/$NAME" 2>/dev/null || true
    if [ -e "$TEST_DIR/passed-on" ]; then # another one may use it by now
        echo "-$(cat "$TEST_DIR/passed-on")" 2>/dev/null >"$tree/cgroup.subtree_control" || true
    fi
    discard_store
}

v2() { # COMMAND...
    "$TOP/tests/integration/v2-view" "$NAME/caller" "$@"
}

v2_oci() {
    v2 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

start_box() { # COMMAND...: in between, as deny is
    v2 "$@" "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --detach --bundle "$BUNDLE" box \
        </dev/null >"$TEST_DIR/box.out" 2>&1 3>&- || { cat "$TEST_DIR/box.out"; return 1; }
}

start_exec() { # COMMAND...: in between; $newcomer is its pid
    v2 "$@" "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec --detach --pid-file "$TEST_DIR/pid" \
        box /init sleep 1000 </dev/null >"$TEST_DIR/exec.out" 2>&1 3>&- ||
        { cat "$TEST_DIR/exec.out"; return 1; }
    newcomer=$(cat "$TEST_DIR/pid")
}

place_of() { # PID
    sed -n 's/^0:://p' "/proc/$1/cgroup"
}

placed_by() { # COMMAND...
    start_box "$@"
    [ "$(place_of "$(oci state box | jq .pid)")" = "/$NAME/box" ]
    start_exec "$@"
    [ "$(place_of "$newcomer")" = "/$NAME/box" ]
    v2_oci exec box /init cat /proc/self/cgroup >"$TEST_DIR/exec.out"
    grep -qx '0::/' "$TEST_DIR/exec.out"
    v2_oci delete --force box
    [ ! -e "$tree/$NAME/box" ]
}

@test "a container and who joins it are in its cgroup, which goes with it" {
    placed_by env
}

@test "so they are where no process can be made in a cgroup" {
    require test -x "$DENY" -- "the program deny is not built"
    placed_by "$DENY" clone3=ENOSYS --
    placed_by "$DENY" clone3=EPERM --
}

@test "an ordinary user's is beside his own cgroup" {
    local home=$TEST_DIR/home place
    jq --arg id $USER_ID '.linux.namespaces |= (map(select(.type != "network")) + [{type: "user"}]) |
        .linux.uidMappings = [{containerID: 0, hostID: ($id | tonumber), size: 1}] |
        .linux.gidMappings = .linux.uidMappings | del(.process.user.additionalGids) |
        .mounts |= map(select(.destination | IN("/sys", "/sys/fs/cgroup", "/dev/pts") | not))' \
        "$TEST_DIR/plain.json" >"$BUNDLE/config.json"
    mkdir -p "$home/run"
    chown -R $USER_ID:$USER_ID "$home" "$tree/$NAME"
    as_user() {
        (cd "$home" && v2 setpriv --reuid=$USER_ID --regid=$USER_ID --clear-groups \
            env XDG_RUNTIME_DIR="$home/run" "$@" </dev/null 3>&-)
    }
    as_user ./ambit-oci run --detach --bundle bundle mine >"$TEST_DIR/mine.out" 2>&1 ||
        { cat "$TEST_DIR/mine.out"; false; }
    place=$(place_of "$(as_user ./ambit-oci state mine | jq .pid)")
    as_user ./ambit-oci delete --force mine
    chown -R 0:0 "$tree/$NAME"
    [ "$place" = "/$NAME/mine" ]
    [ ! -e "$tree/$NAME/mine" ]
}

@test "who joins one that passes controllers on goes where its first process is" {
    local pid controller
    start_box
    pid=$(oci state box | jq .pid)
    controller=$(cut -d' ' -f1 "$tree/cgroup.controllers")
    require test -n "$controller" -- "the v2 tree has no controller"
    if ! grep -qw "$controller" "$tree/cgroup.subtree_control"; then
        echo "+$controller" >"$tree/cgroup.subtree_control"
        echo "$controller" >"$TEST_DIR/passed-on"
    fi
    echo "+$controller" >"$tree/$NAME/cgroup.subtree_control"
    mkdir "$tree/$NAME/box/inner"
    echo "$pid" >"$tree/$NAME/box/inner/cgroup.procs"
    echo "+$controller" >"$tree/$NAME/box/cgroup.subtree_control"
    start_exec
    [ "$(place_of "$newcomer")" = "/$NAME/box/inner" ]
    v2_oci delete --force box
    [ ! -e "$tree/$NAME/box" ]
}

@test "a container is paused, resumed and killed as a whole" {
    start_box
    start_exec
    v2_oci pause box
    [ "$(v2_oci state box | jq -r .status)" = paused ]
    grep -qx 'frozen 1' "$tree/$NAME/box/cgroup.events"
    v2_oci resume box
    grep -qx 'frozen 0' "$tree/$NAME/box/cgroup.events"
    [ "$(v2_oci ps --format json box | jq length)" -eq 2 ]
    v2_oci pause box
    v2_oci kill --all box KILL
    await 5 eval '[ "$(v2_oci state box | jq -r .status)" = stopped ]'
    [ ! -d "/proc/$newcomer" ]
    v2_oci delete box
}

v2_ambit() {
    v2 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" "$@"
}

@test "the engine's containers are run, joined and entered in their cgroup" {
    local place
    v2_ambit run --rm --name inside "$IMAGE" /init say up , pause >"$TEST_DIR/inside.out" 2>&1 </dev/null 3>&- &
    await 10 grep -q up "$TEST_DIR/inside.out"
    place=$(place_of "$(ambit inspect --format '{{.State.Pid}}' inside)")
    [ "$place" != "/$NAME/caller" ]
    run v2_ambit enter --cgroup --uts inside cat /proc/self/cgroup
    expect_line "0::$place"
    run v2_ambit exec inside /init cat /proc/self/cgroup
    expect_line "0::/"
    v2_ambit kill inside
    wait $! || true # 137
    [ ! -e "$tree$place" ]
}
