#!/usr/bin/env bats
# timeout: 900
# The validation programs of the OCI runtime-tools, with ambit-oci as the runtime. What does not pass
# stands in runtime-tools/known, with the reason. VALIDATION_REPORT=FILE adds a line for each program to
# FILE, to compare runtimes with.

load lib

setup_file() {
    local tree device
    tree=$("$TOP/tests/peers/runtime-tools/build" 2>"$BATS_FILE_TMPDIR/build") ||
        { tail -n 20 "$BATS_FILE_TMPDIR/build"; return 1; }
    export VALIDATION=$tree/validation
    make_world
    # The sandbox's /etc is a mount; a program looks for a bind mount of a directory of that name.
    cp -a /etc "$TEST_DIR/lib/etc"
    inside mount --bind "$TEST_DIR/lib/etc" /etc
    # One program wants a second interface, and net_prio looks for its name on the host.
    device=$(ip -o link show | awk -F '[:@ ]+' 'NR == 2 { print $2 }')
    [ -z "$device" ] || inside ip link add test-veth type veth peer name "$device"
    add_network_controllers
}

teardown_file() {
    # What runtimes leave of a path they made; a hierarchy goes with its last mount if it is empty.
    inside sh -c 'cd /sys/fs/cgroup/net_cls,net_prio && find . -mindepth 1 -depth -type d -exec rmdir {} +' || true
    end_world
}

# Two controllers of v1 that nobody uses today, where the kernel has them and no hierarchy does.
add_network_controllers() {
    if [ -d /sys/fs/cgroup/net_cls,net_prio ] || [ -e /sys/fs/cgroup/cgroup.controllers ] ||
        [ "$(awk '($1 == "net_cls" || $1 == "net_prio") && $2 == 0' /proc/cgroups | wc -l)" -ne 2 ]; then
        return 0
    fi
    # A new hierarchy takes the first cgroup namespace: the sandbox's mounts only.
    nsenter --target "$(cat "$TEST_DIR/sandbox-pid")" --mount sh -c 'cd /sys/fs/cgroup && mkdir net_cls,net_prio && ln -s net_cls,net_prio net_cls &&
        ln -s net_cls,net_prio net_prio && mount -t cgroup -o net_cls,net_prio cgroup net_cls,net_prio'
}

# A program is clean if it ends well and no line of it says "not ok".
outcome() { # NAME: sets $output to "passes" or "fails"
    local file=$TEST_DIR/$1.tap
    if inside timeout -k 5 90 env -C "$VALIDATION/.." RUNTIME="$PEERS_RUNTIME" "$VALIDATION/$1/$1.t" \
        >"$file" 2>&1 </dev/null && ! grep -E '^not ok' "$file" | grep -qv '# TODO'; then
        output=passes
    else
        output=fails
    fi
    # What a program that failed has left.
    inside sh -c 'for id in $(ambit-oci list -q 2>/dev/null); do ambit-oci delete --force "$id"; done'
}

# All programs whose names begin with one of these.
validate() { # PREFIX...
    local prefix path name known wrong=0 count=0
    for prefix in "$@"; do
        for path in "$VALIDATION/$prefix"*/*.t; do
            name=$(basename "$path" .t)
            outcome "$name"
            count=$((count + 1))
            [ -z "${VALIDATION_REPORT:-}" ] || echo "$name $output" >>"$VALIDATION_REPORT"
            known=$(awk -v name="$name" '$1 == name { print $2 }' "$TOP/tests/peers/runtime-tools/known")
            case $known:$output in
            :passes | fails:fails | may:*) ;;
            *)
                echo "$name: $output, and runtime-tools/known says '${known:-passes}'"
                grep -A 8 -m 3 -E '^not ok' "$TEST_DIR/$name.tap" | cut -c 1-300
                wrong=1
                ;;
            esac
        done
    done
    echo "$count programs"
    [ "$wrong" -eq 0 ]
    [ "$count" -gt 0 ]
    [ "$(stat -c '%F %a %t:%T %u' /dev/null)" = 'character special file 666 1:3 0' ]
}

@test "state and life: create, start, state, kill, delete" { validate create start state kill delete pidfile; }
@test "hooks" { validate hooks poststart poststop prestart; }
@test "cgroups" { validate linux_cgroups; }
@test "files of the container: devices, mounts, paths, root" {
    validate linux_devices linux_masked linux_mount linux_readonly linux_rootfs mounts root_readonly
}
@test "namespaces, ids, names" { validate linux_ns linux_uid hostname; }
@test "the process" { validate linux_process process; }
@test "the rest" { validate config default linux_seccomp linux_sysctl misc; }
