#!/usr/bin/env bats
# Pods as the nodes of a Kubernetes cluster have them today: cgroup v2, containerd and kubelet with the
# systemd driver (SystemdCgroup = true), AppArmor. What does not depend on these is tests/peers/cri.bats.
# long: emulated, each test takes half a minute
# timeout: 120

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
    [ "${TEST_PLACE:-}" = vm ] || skip "configures the machine's containerd: only in the VM"
    [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "nodes with the systemd driver have cgroup v2"
    export TEST_DIR=${AMBIT_TEST_DIR:-$(mktemp -d /var/tmp/ambit-test.XXXXXX)}
    install "$PROGRAMS/ambit-oci" /usr/local/bin/ambit-oci
    install -D "$PROGRAMS/ambit-systemd" /usr/local/libexec/ambit/ambit-systemd
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
    systemctl list-units --plain --no-legend 'cri-containerd-*.scope' >"$TEST_DIR/left"
    find "$SLICE_PATH" -mindepth 1 -type d >>"$TEST_DIR/left"
    ps ax | grep "[a]mbit-oci\|[c]ontainerd-shim" >>"$TEST_DIR/left" || true
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
    execs "$one" '["sh", "-c", "cat /proc/self/cgroup /proc/self/oom_score_adj; grep cgroup /proc/mounts"]' |
        jq -r .stdout >"$TEST_DIR/out"
    grep -qx '0::/' "$TEST_DIR/out"
    grep -qx 900 "$TEST_DIR/out"
    grep -q '^cgroup /sys/fs/cgroup cgroup2 ro' "$TEST_DIR/out"
    call UpdateContainerResources "{\"container_id\": \"$one\", \"linux\": {\"memory_limit_in_bytes\": 134217728,
        \"cpu_period\": 100000, \"cpu_quota\": 25000, \"cpu_shares\": 1024}}"
    systemctl daemon-reload
    [ "$(scope "$one" MemoryMax)" = 134217728 ]
    [ "$(file "$one" memory.max)" = 134217728 ]
    [ "$(file "$one" cpu.max)" = "25000 100000" ]
    [ "$(file "$one" cpu.weight)" = 100 ]
}

@test "exec is in the container's scope, and statistics are read from it" {
    local one pid
    one=$(container one "{\"security_context\": {$OPTIONS}}" \
        '["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exec sleep 1000"]')
    run stream Exec "{\"container_id\": \"$one\", \"stdin\": 1, \"stdout\": 1, \"tty\": 1,
        \"cmd\": [\"sh\", \"-c\", \"read word; tty; echo got \$word; exit 3\"]}" <<<word
    [ "$status" -eq 3 ]
    [[ $output == *"/dev/pts/0"*"got word"* ]] || { show; false; }
    call ExecSync "{\"container_id\": \"$one\", \"cmd\": [\"sleep\", \"777\"], \"timeout\": 20}" >/dev/null 2>&1 3>&- &
    await 5 pgrep -fx 'sleep 777'
    pid=$(pgrep -fx 'sleep 777')
    grep -qx "0::${SLICE_PATH#/sys/fs/cgroup}/$(scope "$one")" "/proc/$pid/cgroup"
    kill -KILL "$pid"
    wait
    has_used() {
        call ContainerStats "{\"container_id\": \"$one\"}" | jq -e '.stats |
            .cpu.usage_core_nano_seconds.value > 1000000 and .memory.working_set_bytes.value > 10000'
    }
    await 10 has_used
}
