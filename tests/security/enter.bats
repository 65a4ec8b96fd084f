#!/usr/bin/env bats
# Class: the host's program and its descriptors out of reach while it joins a container
# (CVE-2016-9962, CVE-2019-5736, CVE-2022-29162, CVE-2024-21626). `enter` and `explain` go into
# namespaces where hostile processes wait for them.
#
# Those who wait have all capabilities of the container's user namespace (they come by `enter`
# themselves): with the few that a container has they could not look at such a process at all. With
# the host's ids that would be the host's powers, so there it is the container's own process.

load ../integration/lib

setup_file() {
    prepare_store
    unset AMBIT_DATADIR # `base` has the shell that they need
}

lie_in_wait() { # CONTAINER SCRIPT: its output goes to $TEST_DIR/CONTAINER.caught
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" \
        enter "$1" sh -c "echo up; $2" >"$TEST_DIR/$1.caught" 2>&1 </dev/null 3>&- &
    await 5 grep -q up "$TEST_DIR/$1.caught"
}

# Looks, as often as it can, for a process whose program or descriptors it can reach: the host's
# ambit, before it has executed the container's program.
watcher='while :; do for p in /proc/[0-9]*; do
    l=$(readlink $p/exe) && case $l in */busybox) ;; *) echo "caught $p exe $l";; esac
    for f in $p/fd/*; do l=$(readlink $f) && case $l in /proc/*|*/st[ao]*) echo "caught $f $l";; esac; done
done 2>/dev/null; done'

# The container's own PATH keeps what enters searching, which gives the watcher time. The kernel copies
# it at each step, so that a slow machine takes as long for a shorter one.
slowness=${TEST_SLOWNESS:-1}
slow_path=/bin$(printf ':/no%.0s' $(seq $((20000 / slowness))))

enter_many() { # CONTAINER
    local i
    for i in 1 2 3 4 5; do
        try enter "$1" nosuchprogram
        expect_status 127
        try enter --pid --mount --userns "$1" nosuchprogram
        expect_status 127
    done
}

@test "what enters a container is never caught on the way in" {
    start watched -e PATH="$slow_path" base sh -c 'echo up; exec sleep 600'
    lie_in_wait watched "$watcher"
    enter_many watched
    stop watched
    run cat "$TEST_DIR/watched.caught"
    expect_output up
}

@test "nor with the host's ids" {
    start shared -e PATH="$slow_path" --userns host base sh -c "echo up; $watcher"
    enter_many shared
    run cat "$TEST_DIR/shared.out"
    stop shared
    expect_output up
}

@test "explain is never caught" {
    start seen base sh -c 'echo up; exec sleep 600'
    lie_in_wait seen "$watcher"
    for _ in $(seq $((100 / slowness))); do
        ambit explain seen >/dev/null
    done
    stop seen
    run cat "$TEST_DIR/seen.caught"
    expect_output up
}

# Opens the program of whoever executes it, waits until nobody does, and opens it for writing.
thief='while :; do for p in /proc/[0-9]*; do
    l=$(readlink $p/exe) || continue
    case $l in */busybox*) continue;; esac
    exec 7<$p/exe || continue
    sleep 0.7
    echo seen
    (: >>/proc/self/fd/7) && echo writable
    exec 7<&-
done 2>/dev/null; done'

@test "a container that makes the entering program its own gets a copy that cannot be written" {
    require test -z "${SANITIZED:-}" -- "sanitizers need a dynamic program"
    # "#!/proc/self/exe" makes the kernel execute the host's ambit again, inside and dumpable:
    # ambit --state /trap unshare --pid sleep 0.5.
    printf '#!/proc/self/exe --state\n' >"$TEST_DIR/trap"
    chmod 755 "$TEST_DIR/trap"
    cp -p "$PROGRAMS/ambit" "$TEST_DIR/ambit"
    start trapped --userns host -v "$TEST_DIR/trap:/trap:ro" base sh -c 'echo up; exec sleep 600'
    lie_in_wait trapped "$thief"
    local before
    before=$(sha256sum "$TEST_DIR/ambit")
    for _ in 1 2 3; do
        "$TEST_DIR/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" \
            enter trapped /trap unshare --pid sleep 0.5
    done
    sleep 1
    stop trapped
    run cat "$TEST_DIR/trapped.caught"
    expect_line seen
    expect_no_line writable
    [ "$(sha256sum "$TEST_DIR/ambit")" = "$before" ]
}
