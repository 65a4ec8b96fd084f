#!/usr/bin/env bats
# Pods as the nodes of a Kubernetes cluster have them today: cgroup v2, containerd and kubelet with the
# systemd driver (SystemdCgroup = true), AppArmor. What does not depend on these is tests/peers/cri.bats.
# long: emulated, each test takes half a minute
# timeout: 240

load ../peers/lib
load ../peers/pods

export SLICE=kubepods-burstable-pod1234.slice
export SLICE_PATH=/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/$SLICE
# On the host's network: no CNI plugin is needed, and that has its tests elsewhere.
export SANDBOX_CONFIG="{\"metadata\": {\"name\": \"pod\", \"uid\": \"1234\", \"namespace\": \"default\"},
    \"log_directory\": \"/run/pods\", \"linux\": {\"cgroup_parent\": \"$SLICE\",
    \"security_context\": {\"namespace_options\": {\"network\": 2, \"pid\": 1}}}}"
export OPTIONS='"namespace_options": {"network": 2, "pid": 1}'

setup_file() {
    use_machine containerd
    mkdir -p /etc/containerd
    cat >/etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/busybox:latest"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ambit]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ambit.options]
    BinaryName = "/usr/local/bin/ambit-oci"
    SystemdCgroup = true
END
    # As kubelet does before it asks for the pod.
    systemctl start "$SLICE"
    systemctl set-property --runtime "$SLICE" MemoryMax=300M CPUWeight=50
    systemctl start containerd
    busybox_image "$TEST_DIR/busybox.tar"
    ctr -n k8s.io image import --base-name docker.io/library/busybox "$TEST_DIR/busybox.tar" >/dev/null
}

teardown_file() {
    left_of cri-containerd- >"$TEST_DIR/left"
    ps ax | grep "[a]mbit-oci\|[c]ontainerd-shim" >>"$TEST_DIR/left" || true
    find /run/containerd/{runc,io.containerd.runtime.v2.task}/k8s.io -mindepth 1 -maxdepth 1 >>"$TEST_DIR/left"
    systemctl stop containerd "$SLICE"
    discard_store
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

inside() {
    "$@" 3>&-
}

scope() { # ID [PROPERTY]: its unit's name, or what systemd says of it
    if [ $# = 1 ]; then
        echo "cri-containerd-$1.scope"
    else
        systemctl show --value -p "$2" "cri-containerd-$1.scope"
    fi
}

file() { # ID NAME: of its cgroup
    cat "$SLICE_PATH/$(scope "$1")/$2"
}

# Mounts, cgroups, states, units and processes that have WORD in their names.
left_of() { # WORD
    grep -e "$1" /proc/mounts || true
    find "$SLICE_PATH" /run/containerd -name "*$1*"
    systemctl list-units --all --plain --no-legend "*$1*"
    pgrep -fa -e "$1" || true
}

has_died() { # ID STATUS
    await 10 is_status "$1" ".state == 2 and .exit_code == $2"
}

in_shell() { # ID SCRIPT: what it says
    execs "$1" "$(jq -nc --arg script "$2" '["sh", "-c", $script]')" | jq -j .stdout
}

@test "a container is a scope in the pod's slice, with its limits; an update stays through daemon-reload" {
    local one
    one=$(container one '{"resources": {"memory_limit_in_bytes": 67108864, "cpu_period": 100000,
        "cpu_quota": 50000, "cpu_shares": 512, "oom_score_adj": 900, "unified": {"key": "memory.high", "value": "60000000"}},
        "security_context": {'"$OPTIONS"'}}' '["sleep", "1000"]')
    [ "$(scope "$one" ActiveState)" = active ]
    [ "$(scope "$one" Slice)" = "$SLICE" ]
    [ "$(scope "$pod" Slice)" = "$SLICE" ]
    [ "$(scope "$one" MemoryMax)" = 67108864 ]
    [ "$(scope "$one" CPUWeight)" = 59 ]
    [ "$(file "$one" memory.max)" = 67108864 ]
    [ "$(file "$one" memory.high)" = 59998208 ] # whole pages
    [ "$(file "$one" cpu.max)" = "50000 100000" ]
    in_shell "$one" 'cat /proc/self/cgroup /proc/self/oom_score_adj; grep cgroup /proc/mounts' >"$TEST_DIR/out"
    grep -qx '0::/' "$TEST_DIR/out"
    grep -qx 900 "$TEST_DIR/out"
    grep -q '^cgroup /sys/fs/cgroup cgroup2 ro' "$TEST_DIR/out"
    call UpdateContainerResources "{\"container_id\": \"$one\", \"linux\": {\"memory_limit_in_bytes\": 134217728,
        \"cpu_period\": 100000, \"cpu_quota\": 25000, \"cpu_shares\": 1024, \"cpuset_cpus\": \"0\",
        \"unified\": {\"key\": \"memory.high\", \"value\": \"90000000\"}}}"
    systemctl daemon-reload
    [ "$(scope "$one" MemoryMax)" = 134217728 ]
    [ "$(file "$one" memory.max)" = 134217728 ]
    [ "$(file "$one" cpu.max)" = "25000 100000" ]
    [ "$(file "$one" cpu.weight)" = 100 ]
    [ "$(file "$one" cpuset.cpus)" = 0 ]
    [ "$(file "$one" memory.high)" = 89997312 ]
}

@test "exec is in the container's scope, and statistics are read from it" {
    local one
    one=$(container one "{\"security_context\": {$OPTIONS}}" \
        '["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exec sleep 1000"]')
    run stream Exec "{\"container_id\": \"$one\", \"stdin\": 1, \"stdout\": 1, \"tty\": 1,
        \"cmd\": [\"sh\", \"-c\", \"read word; tty; echo got \$word; exit 3\"]}" <<<word
    [ "$status" -eq 3 ]
    [[ $output == *"/dev/pts/0"*"got word"* ]] || { show; false; }
    # A probe that takes too long; its end is seen from outside.
    call ExecSync "{\"container_id\": \"$one\", \"cmd\": [\"sleep\", \"777\"], \"timeout\": 15}" >"$TEST_DIR/out" 2>&1 3>&- &
    await 10 pgrep -fx 'sleep 777'
    grep -qx "0::${SLICE_PATH#/sys/fs/cgroup}/$(scope "$one")" "/proc/$(pgrep -fx 'sleep 777')/cgroup"
    ! wait $! || false
    grep -q 'timeout 15s exceeded' "$TEST_DIR/out"
    ! pgrep -fx 'sleep 777' || false
    has_used() {
        call ContainerStats "{\"container_id\": \"$one\"}" | jq -e '.stats |
            .cpu.usage_core_nano_seconds.value > 1000000 and .memory.working_set_bytes.value > 10000'
    }
    await 10 has_used
}

@test "out of memory: a process of it, then, with memory.oom.group set by an update, all of it" {
    local one hog='["tail", "/dev/zero"]'
    one=$(container one '{"resources": {"memory_limit_in_bytes": 20971520}, "security_context": {'"$OPTIONS"'}}' \
        '["sleep", "1000"]')
    execs "$one" "$hog" | jq -e '.exit_code == 137'
    is_status "$one" '.state == 1'
    call UpdateContainerResources "{\"container_id\": \"$one\",
        \"linux\": {\"unified\": {\"key\": \"memory.oom.group\", \"value\": \"1\"}}}"
    execs "$one" "$hog" || true
    has_died "$one" 137
    is_status "$one" '.reason == "OOMKilled"'
    [ "$(scope "$one" LoadState)" = not-found ]
}

@test "stopped within its time or killed after it, and removed: nothing is left" {
    local one two id shared='{"security_context": {"namespace_options": {"network": 2, "pid": 0}}}'
    other_pod '.linux.security_context.namespace_options.pid = 0'
    one=$(container one "$shared" '["sh", "-c", "trap \"exit 6\" TERM; while :; do sleep 0.2; done"]')
    two=$(container two "$shared" '["sh", "-c", "trap \"\" TERM; (setsid sleep 901 &); sleep 1000"]')
    await 10 pgrep -fx 'sleep 901'
    call StopContainer "{\"container_id\": \"$one\", \"timeout\": 60}"
    has_died "$one" 6
    call StopContainer "{\"container_id\": \"$two\", \"timeout\": 1}"
    has_died "$two" 137
    ! pgrep -fx 'sleep 901' || false
    for id in "$one" "$two"; do
        call RemoveContainer "{\"container_id\": \"$id\"}"
        left_of "$id" >"$TEST_DIR/out"
        [ ! -s "$TEST_DIR/out" ] || { cat "$TEST_DIR/out"; false; }
    done
}

@test "AppArmor: containerd's profile, and one of the node" {
    local one kind profile
    printf 'profile of-the-node flags=(attach_disconnected) {\n file,\n signal,\n capability,\n deny /tmp/** w,\n}\n' |
        apparmor_parser -r
    for kind in '0 cri-containerd.apparmor.d (enforce)' '2 of-the-node (enforce)'; do
        profile="\"profile_type\": ${kind%% *}"
        [ "${kind%% *}" != 2 ] || profile+=', "localhost_ref": "of-the-node"'
        one=$(container "one-${kind%% *}" "{\"security_context\": {$OPTIONS, \"apparmor\": {$profile},
            \"capabilities\": {\"add_capabilities\": [\"SYS_ADMIN\"]}}}" '["sleep", "1000"]')
        in_shell "$one" 'cat /proc/1/attr/current /proc/self/attr/current
            touch /tmp/x && echo touched; mount -t tmpfs none /var && echo mounted' >"$TEST_DIR/out"
        cat "$TEST_DIR/out"
        [ "$(grep -cx "${kind#* }" "$TEST_DIR/out")" = 2 ]
        case $kind in
        0*) [ "$(tail -n +3 "$TEST_DIR/out")" = touched ] ;;
        2*) [ "$(wc -l <"$TEST_DIR/out")" = 2 ] ;;
        esac
    done
    apparmor_parser -R <<<'profile of-the-node { }'
}

@test "a privileged container: no profile, the host's cgroups, which it may write" {
    local one
    other_pod '.linux.security_context.privileged = true'
    one=$(container one "{\"security_context\": {\"privileged\": 1, $OPTIONS}}" '["sleep", "1000"]')
    in_shell "$one" 'cat /proc/self/cgroup /proc/self/attr/current /proc/mounts /proc/self/status
        mkdir /sys/fs/cgroup/made && rmdir /sys/fs/cgroup/made && echo made; ls /dev' >"$TEST_DIR/out"
    grep -qx "0::${SLICE_PATH#/sys/fs/cgroup}/$(scope "$one")" "$TEST_DIR/out"
    grep -qx unconfined "$TEST_DIR/out"
    grep -q '^cgroup /sys/fs/cgroup cgroup2 rw' "$TEST_DIR/out"
    grep -qx "CapEff:.$(sed -n 's/^CapBnd:.//p' /proc/self/status)" "$TEST_DIR/out"
    grep -qx made "$TEST_DIR/out"
    grep -qx vda "$TEST_DIR/out"
}

@test "containerd and systemd are started again under a running pod; what ends meanwhile is noticed" {
    local one two
    one=$(container one "{\"resources\": {\"memory_limit_in_bytes\": 67108864}, \"security_context\": {$OPTIONS}}" \
        '["sleep", "1000"]')
    two=$(container two "{\"security_context\": {$OPTIONS}}" '["sleep", "1000"]')
    systemctl stop containerd
    systemctl daemon-reexec
    kill -KILL "$(file "$two" cgroup.procs)"
    systemctl start containerd
    await 10 call Version '{}'
    has_died "$two" 137
    is_status "$one" '.state == 1'
    execs "$one" '["echo", "here"]' | jq -e '.stdout == "here\n"'
    [ "$(scope "$one" MemoryMax)" = 67108864 ]
    [ "$(file "$one" memory.max)" = 67108864 ]
}
