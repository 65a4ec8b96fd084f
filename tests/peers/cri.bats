#!/usr/bin/env bats
# Pods, as kubelet asks containerd for them, with ambit-oci as a RuntimeClass: docs/kubernetes.md.
# timeout: 300

load lib

export SANDBOX_CONFIG='{"metadata": {"name": "pod", "uid": "u1", "namespace": "default"}, "hostname": "podhost",
    "log_directory": "/run/pods", "linux": {"cgroup_parent": "/kubepods/pod1",
    "security_context": {"namespace_options": {"network": 0, "pid": 1, "ipc": 0}}}}'

export OWN_PIDS='{"security_context": {"namespace_options": {"network": 0, "pid": 1, "ipc": 0}}}'

setup_file() {
    make_world
    busybox_rootfs "$TEST_DIR/busybox"
    "$ARCHIVE" --name latest --cmd 'sleep 100000' --env PATH=/bin "$TEST_DIR/busybox.tar" "$TEST_DIR/busybox"
    rm -rf "$TEST_DIR/busybox"
    write /etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/busybox:latest"
  # A test machine may lack CAP_SYS_RESOURCE, which -998 for the sandbox takes.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ambit]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ambit.options]
    BinaryName = "$PEERS_RUNTIME"
END
    inside sh -c 'rm -f /etc/cni/net.d/*'
    write /etc/cni/net.d/10-test.conflist <<'END'
{"cniVersion": "0.4.0", "name": "test", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.99.0.0/24"}]]}}, {"type": "loopback"}]}
END
    serve containerd containerd
    await 30 inside ctr version || { tail -20 "$TEST_DIR/containerd.log"; return 1; }
    inside ctr -n k8s.io image import --base-name docker.io/library/busybox "$TEST_DIR/busybox.tar" >/dev/null
    await 1 inside "$BATS_TEST_DIRNAME/cri" Version '{}'
}

teardown_file() {
    inside sh -c 'ls /run/containerd/runc/k8s.io 2>/dev/null
        find /sys/fs/cgroup -path "*/kubepods/*/*" -type d
        ps ax | grep "[a]mbit-oci\|[c]ontainerd-shim"' >"$TEST_DIR/left" || true
    end_world
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

setup() {
    pod=$(call RunPodSandbox "{\"config\": $SANDBOX_CONFIG, \"runtime_handler\": \"ambit\"}" pod_sandbox_id)
}

teardown() {
    call StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
    call RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
}

call() { # METHOD JSON [MEMBER]
    inside "$BATS_TEST_DIRNAME/cri" "$@"
}

container() { # NAME LINUX COMMAND-AS-JSON: prints its id, started
    local id
    id=$(call CreateContainer "{\"pod_sandbox_id\": \"$pod\", \"sandbox_config\": $SANDBOX_CONFIG,
        \"config\": {\"metadata\": {\"name\": \"$1\"}, \"image\": {\"image\": \"docker.io/library/busybox:latest\"},
        \"command\": $3, \"log_path\": \"$1.log\", \"linux\": $2}}" container_id)
    call StartContainer "{\"container_id\": \"$id\"}" >/dev/null
    echo "$id"
}

execs() { # ID COMMAND-AS-JSON: what it prints
    call ExecSync "{\"container_id\": \"$1\", \"cmd\": $2, \"timeout\": 20}"
}

is_status() { # ID JQ
    call ContainerStatus "{\"container_id\": \"$1\"}" | jq -e ".status | $2"
}

@test "containers of a pod share network, ipc and hostname, not processes" {
    local one two
    one=$(container one "$OWN_PIDS" '["sleep", "1000"]')
    two=$(container two "$OWN_PIDS" '["sleep", "1000"]')
    for kind in net ipc uts; do
        [ "$(execs "$one" "[\"readlink\", \"/proc/self/ns/$kind\"]" | jq -r .stdout)" = \
            "$(execs "$two" "[\"readlink\", \"/proc/self/ns/$kind\"]" | jq -r .stdout)" ]
    done
    [ "$(execs "$one" '["readlink", "/proc/1/ns/pid"]')" != "$(execs "$two" '["readlink", "/proc/1/ns/pid"]')" ]
    execs "$one" '["sh", "-c", "hostname; ip address show eth0"]' | jq -r .stdout >"$TEST_DIR/out"
    grep -q podhost "$TEST_DIR/out"
    grep -q 'inet 10\.99\.0\.' "$TEST_DIR/out"
}

@test "ExecSync: output, errors, status" {
    local one
    one=$(container one '{}' '["sleep", "1000"]')
    execs "$one" '["sh", "-c", "echo out; echo err >&2; exit 7"]' >"$TEST_DIR/out"
    jq -e '.stdout == "out\n" and .stderr == "err\n" and .exit_code == 7' "$TEST_DIR/out"
}

@test "security context: user, groups, capabilities, seccomp, read-only root" {
    local one
    one=$(container one '{"security_context": {"run_as_user": {"value": 1000}, "run_as_group": {"value": 1000},
        "supplemental_groups": [44, 55], "readonly_rootfs": true, "no_new_privs": true,
        "capabilities": {"drop_capabilities": ["ALL"]}, "seccomp": {"profile_type": 0},
        "namespace_options": {"network": 0, "pid": 1}}}' '["sleep", "1000"]')
    execs "$one" '["sh", "-c", "id; cat /proc/self/status; touch /tmp/x"]' >"$TEST_DIR/out"
    jq -r .stdout "$TEST_DIR/out" | grep -q 'uid=1000(bob) gid=1000(bob) groups=44,55'
    jq -r .stdout "$TEST_DIR/out" | grep -q '^CapBnd:.0000000000000000$'
    jq -r .stdout "$TEST_DIR/out" | grep -q '^Seccomp:.2$'
    jq -r .stdout "$TEST_DIR/out" | grep -q '^NoNewPrivs:.1$'
    jq -r .stderr "$TEST_DIR/out" | grep -q 'Read-only file system'
}

@test "limits and their update; out of memory is reported as such" {
    local one two
    one=$(container one '{"resources": {"memory_limit_in_bytes": 67108864, "cpu_period": 100000,
        "cpu_quota": 50000, "cpu_shares": 512, "oom_score_adj": 500}}' '["sleep", "1000"]')
    execs "$one" '["cat", "/proc/self/oom_score_adj"]' | jq -e '.stdout == "500\n"'
    call UpdateContainerResources "{\"container_id\": \"$one\", \"linux\": {\"memory_limit_in_bytes\": 33554432}}"
    if [ -d /sys/fs/cgroup/memory ]; then
        inside sh -c "cat /sys/fs/cgroup/memory/kubepods/pod1/$one/memory.limit_in_bytes" | grep -qx 33554432
    fi
    two=$(container two '{"resources": {"memory_limit_in_bytes": 20971520}}' '["tail", "/dev/zero"]')
    await 1 is_status "$two" '.reason == "OOMKilled" and .exit_code == 137'
}

@test "the end of a program, its log, stopping one that ignores TERM" {
    local one two
    one=$(container one '{}' '["sh", "-c", "echo said; exit 5"]')
    await 1 is_status "$one" '.state == 2 and .exit_code == 5 and .reason == "Error"'
    inside grep -q 'stdout F said' /run/pods/one.log
    two=$(container two "$OWN_PIDS" '["sleep", "1000"]')
    call StopContainer "{\"container_id\": \"$two\", \"timeout\": 1}"
    await 1 is_status "$two" '.state == 2 and .exit_code == 137'
}
