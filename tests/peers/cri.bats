#!/usr/bin/env bats
# Pods, as kubelet asks containerd for them, with ambit-oci as a RuntimeClass: docs/kubernetes.md.
# timeout: 400

load lib
load pods

export SANDBOX_CONFIG='{"metadata": {"name": "pod", "uid": "u1", "namespace": "default"}, "hostname": "podhost",
    "log_directory": "/run/pods", "linux": {"cgroup_parent": "/kubepods/pod1",
    "security_context": {"namespace_options": {"network": 0, "pid": 1, "ipc": 0}}}}'

setup_file() {
    make_world
    busybox_image "$TEST_DIR/busybox.tar"
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
    await 5 inside grep -q 'stdout F said' /run/pods/one.log
    two=$(container two "$OWN_PIDS" '["sleep", "1000"]')
    call StopContainer "{\"container_id\": \"$two\", \"timeout\": 1}"
    await 1 is_status "$two" '.state == 2 and .exit_code == 137'
}

@test "a pod with the host's network, processes and ipc" {
    local one options='{"network": 2, "pid": 2, "ipc": 2}' kind
    # Without a hostname, as kubelet asks for it: there is no uts namespace of its own.
    other_pod "del(.hostname) | .linux.security_context.namespace_options = $options"
    one=$(container one "{\"security_context\": {\"namespace_options\": $options}}" '["sleep", "1000"]')
    for kind in net pid ipc; do
        execs "$one" "[\"readlink\", \"/proc/self/ns/$kind\"]" |
            jq -e --arg host "$(inside readlink /proc/self/ns/$kind)" '.stdout == $host + "\n"'
    done
    execs "$one" '["readlink", "/proc/self/ns/mnt"]' |
        jq -e --arg host "$(inside readlink /proc/self/ns/mnt)" '.stdout != $host + "\n"'
}

@test "a privileged container has the capabilities there are, no filter, devices, and /sys to write" {
    local one
    other_pod '.linux.security_context.privileged = true'
    one=$(container one '{"security_context": {"privileged": true, "namespace_options": {"pid": 1}}}' '["sleep", "1000"]')
    execs "$one" '["sh", "-c", "cat /proc/self/status; grep \" /sys \" /proc/mounts; test -e /dev/full && echo full"]' |
        jq -r .stdout >"$TEST_DIR/out"
    grep -qx "CapBnd:.$(inside sed -n 's/^CapBnd:.//p' /proc/self/status)" "$TEST_DIR/out"
    grep -q '^Seccomp:.0$' "$TEST_DIR/out"
    grep -q '^sysfs /sys sysfs rw' "$TEST_DIR/out"
    one=$(container two '{"security_context": {"namespace_options": {"pid": 1}}}' '["sleep", "1000"]')
    execs "$one" '["sh", "-c", "cat /proc/self/status; grep \" /sys \" /proc/mounts"]' | jq -r .stdout >"$TEST_DIR/out"
    ! grep -qx "CapBnd:.$(inside sed -n 's/^CapBnd:.//p' /proc/self/status)" "$TEST_DIR/out" || false
    grep -q '^sysfs /sys sysfs ro' "$TEST_DIR/out"
}

newer() { # than Debian 12's: tests/peers/release
    require eval "containerd --version | grep -q ' v*[2-9]\.'" -- "containerd 1 cannot"
}

@test "hostUsers: false: the pod's containers are in its user namespace, a volume has its ids" {
    local one two map='[{"host_id": 100000, "container_id": 0, "length": 65536}]' options
    newer
    call Status '{}' | jq -e '.runtime_handlers.features.user_namespaces == 1'
    inside sh -c 'mkdir -p /run/volume; echo secret >/run/volume/file; chmod 600 /run/volume/file'
    options="{\"network\": 0, \"pid\": 1, \"ipc\": 0, \"userns_options\": {\"mode\": 0, \"uids\": $map, \"gids\": $map}}"
    other_pod ".linux.security_context.namespace_options = $options"
    one=$(container one "{\"security_context\": {\"namespace_options\": $options}}" '["sleep", "1000"]' \
        ", \"mounts\": [{\"container_path\": \"/volume\", \"host_path\": \"/run/volume\", \"uidMappings\": $map, \"gidMappings\": $map}]")
    execs "$one" '["sh", "-c", "cat /proc/self/uid_map /volume/file; touch /volume/new; stat -c %u /bin /volume/file; hostname; readlink /proc/self/ns/user"]' |
        jq -r .stdout >"$TEST_DIR/out"
    grep -qE '^ +0 +100000 +65536$' "$TEST_DIR/out"
    [ "$(sed -n '2,5p' "$TEST_DIR/out" | tr '\n' ' ')" = "secret 0 0 podhost " ]
    [ "$(inside stat -c %u /run/volume/new)" = 0 ]
    two=$(container two "{\"security_context\": {\"run_as_user\": {\"value\": 1000}, \"namespace_options\": $options}}" '["sleep", "1000"]')
    execs "$two" '["sh", "-c", "id -u; readlink /proc/self/ns/user"]' | jq -r .stdout >"$TEST_DIR/two"
    [ "$(sed -n 1p "$TEST_DIR/two")" = 1000 ]
    [ "$(sed -n 2p "$TEST_DIR/two")" = "$(sed -n 6p "$TEST_DIR/out")" ]
    [ "$(sed -n 6p "$TEST_DIR/out")" != "$(inside readlink /proc/self/ns/user)" ]
}

@test "a read-only volume: what is mounted below it too, if it is asked for" {
    local one
    newer
    call Status '{}' | jq -e '.runtime_handlers.features.recursive_read_only_mounts == 1'
    inside sh -c 'mkdir -p /run/outer/inner; mount -t tmpfs inner /run/outer/inner'
    one=$(container one "$OWN_PIDS" '["sleep", "1000"]' ', "mounts": [
        {"container_path": "/all", "host_path": "/run/outer", "readonly": 1, "recursive_read_only": 1},
        {"container_path": "/top", "host_path": "/run/outer", "readonly": 1}]')
    execs "$one" '["sh", "-c", "touch /top/x; touch /all/inner/x; touch /top/inner/x && echo written"]' >"$TEST_DIR/out"
    jq -e '.stdout == "written\n" and (.stderr | split("\n")[:2] | map(contains("Read-only file system")) | all)' "$TEST_DIR/out"
}

@test "procMount: paths that are masked and read-only, and a container without" {
    local one look='["sh", "-c", "wc -c </proc/timer_list; echo /proc/sys >/proc/sys/kernel/domainname; cat /proc/mounts"]'
    one=$(container one '{"security_context": {"masked_paths": ["/proc/timer_list", "/proc/irq"],
        "readonly_paths": ["/proc/sys"], "namespace_options": {"pid": 1}}}' '["sleep", "1000"]')
    execs "$one" "$look" >"$TEST_DIR/out"
    jq -r .stdout "$TEST_DIR/out" | grep -qx 0
    jq -r .stderr "$TEST_DIR/out" | grep -q 'Read-only file system'
    jq -r .stdout "$TEST_DIR/out" | grep -q ' /proc/irq '
    one=$(container two "$OWN_PIDS" '["sleep", "1000"]')
    execs "$one" "$look" >"$TEST_DIR/out"
    ! jq -r .stderr "$TEST_DIR/out" | grep -q 'Read-only file system' || false
    ! jq -r .stdout "$TEST_DIR/out" | grep -qE ' /proc/(irq|sys|timer_list) ' || false
}

@test "seccomp: a profile of the node, and none" {
    local one
    write /run/profile.json <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 122}]}'
    one=$(container one '{"security_context": {"seccomp": {"profile_type": 2, "localhost_ref": "/run/profile.json"}}}' \
        '["sleep", "1000"]')
    execs "$one" '["mkdir", "/tmp/made"]' | jq -e '.exit_code == 1 and (.stderr | contains("quota exceeded"))'
    one=$(container two '{"security_context": {"seccomp": {"profile_type": 1}}}' '["sleep", "1000"]')
    execs "$one" '["sh", "-c", "mkdir /tmp/made; cat /proc/self/status"]' | jq -e '.stdout | contains("Seccomp:\t0\n")'
}

@test "ExecSync ends at its time limit, and what it ran with it" {
    local one
    one=$(container one "$OWN_PIDS" '["sleep", "1000"]')
    run inside "$BATS_TEST_DIRNAME/cri" ExecSync "{\"container_id\": \"$one\", \"cmd\": [\"sleep\", \"777\"], \"timeout\": 1}"
    [ "$status" -ne 0 ]
    [[ $output == *"timeout 1s exceeded"* ]] || { show; false; }
    execs "$one" '["ps"]' | jq -e '.stdout | (contains("sleep 1000") and (contains("sleep 777") | not))'
}

@test "statistics: processor time and memory" {
    local one
    one=$(container one '{}' '["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exec sleep 1000"]')
    has_used() {
        call ContainerStats "{\"container_id\": \"$one\"}" | jq -e '.stats |
            .cpu.usage_core_nano_seconds.value > 1000000 and .memory.working_set_bytes.value > 10000'
    }
    await 10 has_used
}

@test "volumes: read-only, and mounts that go into the container and out of it" {
    local one
    inside sh -c 'mkdir -p /run/vol/in /run/vol/out /run/fixed && mount --bind /run/vol /run/vol && mount --make-shared /run/vol'
    other_pod '.linux.security_context.privileged = true'
    one=$(container one '{"security_context": {"privileged": true}}' '["sleep", "1000"]' ', "mounts": [
        {"container_path": "/in", "host_path": "/run/vol", "propagation": 1},
        {"container_path": "/out", "host_path": "/run/vol", "propagation": 2},
        {"container_path": "/alone", "host_path": "/run/vol"},
        {"container_path": "/fixed", "host_path": "/run/fixed", "readonly": 1}]')
    inside mount -t tmpfs in /run/vol/in
    execs "$one" '["mount", "-t", "tmpfs", "out", "/out/out"]' | jq -e '.exit_code // 0 == 0'
    inside grep -q '^out /run/vol/out ' /proc/mounts
    execs "$one" '["sh", "-c", "cat /proc/mounts; touch /fixed/x"]' >"$TEST_DIR/out"
    jq -r .stderr "$TEST_DIR/out" | grep -q 'Read-only file system'
    jq -r .stdout "$TEST_DIR/out" | grep -q '^in /in/in '
    ! jq -r .stdout "$TEST_DIR/out" | grep -q ' /alone/' || false
    inside umount /run/vol/in /run/vol/out
    inside umount /run/vol
}

@test "a device, a terminal, and a sysctl of the pod" {
    local one
    other_pod '.linux.sysctls = [{key: "kernel.shm_rmid_forced", value: "1"}]'
    one=$(container one '{}' '["sh", "-c", "test -t 1 && echo a terminal; head -c 3 /dev/naught | wc -c; cat /proc/sys/kernel/shm_rmid_forced"]' \
        ', "tty": 1, "devices": [{"container_path": "/dev/naught", "host_path": "/dev/zero", "permissions": "r"}]')
    await 10 is_status "$one" '.state == 2'
    inside cat /run/pods/one.log >"$TEST_DIR/out"
    grep -q 'stdout F a terminal' "$TEST_DIR/out"
    grep -q 'stdout F 3' "$TEST_DIR/out"
    grep -q 'stdout F 1' "$TEST_DIR/out"
}

@test "streams of exec: output, errors, input, status; a terminal and its size" {
    local one
    one=$(container one "$OWN_PIDS" '["sleep", "1000"]')
    run --separate-stderr stream Exec "{\"container_id\": \"$one\", \"stdin\": 1, \"stdout\": 1, \"stderr\": 1,
        \"cmd\": [\"sh\", \"-c\", \"read word; echo out \$word; echo err >&2; exit 9\"]}" <<<word
    [ "$status" -eq 9 ]
    [ "$output" = "out word" ]
    [ "$stderr" = err ]
    run stream Exec "{\"container_id\": \"$one\", \"stdin\": 1, \"stdout\": 1, \"tty\": 1,
        \"cmd\": [\"sh\", \"-c\", \"read word; until stty size | grep .; do sleep 0.1; done; tty; exit 3\"]}" 91x37 <<<word
    [ "$status" -eq 3 ]
    [[ $output == *"37 91"*"/dev/pts/0"* ]] || { show; false; }
    execs "$one" '["ps"]' | jq -e '.stdout | contains("read word") | not'
}

@test "attach: the input and output of the program itself" {
    local one
    one=$(container one "$OWN_PIDS" '["sh", "-c", "read word; echo got $word; sleep 1; exit 4"]' ', "stdin": 1')
    run stream Attach "{\"container_id\": \"$one\", \"stdin\": 1, \"stdout\": 1, \"stderr\": 1}" <<<word
    [[ $output == "got word"* ]] || { show; false; }
    await 10 is_status "$one" '.state == 2 and .exit_code == 4'
    inside grep -q 'stdout F got word' /run/pods/one.log
}

@test "a port of the pod is forwarded, one where nobody listens is not" {
    local one
    one=$(container one '{}' '["nc", "-l", "-p", "80", "-e", "sh", "-c", "read word; echo $word from $(hostname)"]')
    await 10 eval 'execs "$one" "[\"netstat\", \"-lnt\"]" | grep -q :80'
    run stream PortForward "{\"pod_sandbox_id\": \"$pod\", \"port\": [80]}" 80 <<<hello
    [ "$output" = "hello from podhost" ] || { show; false; }
    [ "$status" -eq 0 ]
    run stream PortForward "{\"pod_sandbox_id\": \"$pod\", \"port\": [81]}" 81 <<<hello
    [[ $output == *"refused"* ]] || { show; false; }
}

@test "a pod whose containers share their processes, and one that sees those of another" {
    local one two three
    other_pod '.linux.security_context.namespace_options.pid = 0'
    one=$(container one '{"security_context": {"namespace_options": {"pid": 0}}}' '["sleep", "1001"]')
    two=$(container two '{"security_context": {"namespace_options": {"pid": 0}}}' '["sleep", "1002"]')
    execs "$two" '["ps"]' | jq -r .stdout >"$TEST_DIR/out"
    grep -q '^ *1 root .* sleep 100000$' "$TEST_DIR/out"
    grep -q 'sleep 1001$' "$TEST_DIR/out"
    call StopContainer "{\"container_id\": \"$one\", \"timeout\": 1}"
    execs "$two" '["ps"]' | jq -e '.stdout | (contains("sleep 1002") and (contains("sleep 1001") | not))'
    # As `kubectl debug --target`: an ephemeral container in a pod that runs already.
    other_pod '.linux.security_context.namespace_options.pid = 1'
    one=$(container one "$OWN_PIDS" '["sleep", "1001"]')
    three=$(container three "{\"security_context\": {\"namespace_options\": {\"pid\": 3, \"target_id\": \"$one\"}}}" \
        '["sleep", "1003"]')
    execs "$three" '["ps"]' | jq -r .stdout >"$TEST_DIR/out"
    grep -q '^ *1 root .* sleep 1001$' "$TEST_DIR/out"
    grep -q 'sleep 1003$' "$TEST_DIR/out"
}

@test "a log that was moved away goes on in a new file" {
    local one
    one=$(container moved "$OWN_PIDS" '["sh", "-c", "echo before; until [ -e /run/go ]; do sleep 0.1; done; echo after; sleep 1000"]')
    await 10 inside grep -q before /run/pods/moved.log
    inside mv /run/pods/moved.log /run/pods/moved.log.1
    call ReopenContainerLog "{\"container_id\": \"$one\"}"
    execs "$one" '["touch", "/run/go"]'
    await 10 inside grep -q 'stdout F after' /run/pods/moved.log
    ! inside grep -q after /run/pods/moved.log.1 || false
}

@test "containerd is started again: its pods run on, are used, stopped and removed" {
    local one
    one=$(container one "$OWN_PIDS" '["sh", "-c", "trap \"exit 6\" TERM; while :; do echo on; sleep 0.2; done"]')
    inside pkill -x containerd
    await 10 eval '! inside pgrep -x containerd'
    serve containerd containerd
    await 30 call Version '{}'
    is_status "$one" '.state == 1'
    execs "$one" '["echo", "here"]' | jq -e '.stdout == "here\n"'
    inside sh -c ': >/run/pods/one.log'
    await 10 inside grep -q 'stdout F on' /run/pods/one.log
    call StopContainer "{\"container_id\": \"$one\", \"timeout\": 10}"
    is_status "$one" '.state == 2 and .exit_code == 6'
}

@test "many pods at once" {
    local i count=${PODS:-10}
    many() { # NUMBER
        local pod SANDBOX_CONFIG=$SANDBOX_CONFIG id
        SANDBOX_CONFIG=$(jq -c ".metadata.uid = \"many$1\" | .metadata.name = \"many$1\" |
            .linux.cgroup_parent = \"/kubepods/many$1\"" <<<"$SANDBOX_CONFIG")
        make_pod
        id=$(container "many$1" "$OWN_PIDS" '["sleep", "1000"]')
        execs "$id" "[\"echo\", \"$1\"]" | jq -e ".stdout == \"$1\n\"" >/dev/null
        call StopContainer "{\"container_id\": \"$id\", \"timeout\": 0}"
        remove_pod
        touch "$TEST_DIR/many-$1"
    }
    for i in $(seq "$count"); do
        many "$i" >"$TEST_DIR/many.$i.log" 2>&1 3>&- &
    done
    wait
    for i in $(seq "$count"); do
        [ -e "$TEST_DIR/many-$i" ] || { cat "$TEST_DIR/many.$i.log"; false; }
    done
}
