#!/usr/bin/env bats
# What ambit-oci does with network devices, seccomp agents and resctrl, and what it says it can
# (runtime-spec config-linux.md#network-devices, #seccomp, #intelrdt, features.md).

load lib
load oci

IDMAP='.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'

teardown() {
    delete_all
}

# The rest of the test in a network namespace of its own, with a veth pair.
with_veth() { # COMMAND...
    unshare -n bash -c '
        ip link set lo up
        ip link add outside type veth peer name peer || exit 9
        ip addr add 10.9.8.7/24 dev outside && ip link set outside mtu 1400 up
        "$@"' - "$@"
}

@test "netDevices: a device is moved, renamed, up, with its address" {
    require with_veth true -- "no veth devices"
    local filter
    for filter in . "$IDMAP"; do
        configure "$filter" '.linux.netDevices = {outside: {name: "eth7"}}' \
            '.process.args = ["/init", "cat", "/proc/net/dev", "/proc/net/fib_trie", "/sys/class/net/eth7/mtu",
                "/sys/class/net/eth7/flags"]'
        run with_veth "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c </dev/null
        expect_status 0
        expect_match 'eth7:'
        expect_match '10\.9\.8\.7'
        expect_line 1400
        grep -qE '^0x[0-9a-f]*[13579bdf]$' <<<"$output" # IFF_UP
    done
}

@test "netDevices: a container that fails gives the device back as it was" {
    require with_veth true -- "no veth devices"
    configure . '.linux.netDevices = {outside: {name: "eth7"}}' '.process.args = ["/init", "pid"]' \
        '.hooks.createRuntime = [{path: "/bin/false"}]'
    # shellcheck disable=SC2016
    run with_veth bash -c '"$@" && exit 9; ip addr show outside' - \
        "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c </dev/null
    expect_status 0
    expect_match 'hooks.createRuntime\[0\]'
    expect_match 'outside@peer: .*[<,]UP.* mtu 1400 '
    expect_match 'inet 10\.9\.8\.7/24 '
}

@test "netDevices: names" {
    require with_veth true -- "no veth devices"
    configure '.linux.netDevices = {outside: {}}' '.process.args = ["/init", "cat", "/proc/net/dev"]'
    run with_veth "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c </dev/null
    expect_match 'outside:'
    configure '.linux.netDevices = {outside: {name: "net%d"}}' \
        '.process.args = ["/init", "cat", "/proc/net/dev"]'
    run with_veth "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c </dev/null
    expect_status 0
    expect_match 'net0:'
    configure '.linux.netDevices = {outside: {name: "lo"}}'
    run --separate-stderr with_veth "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c </dev/null
    errors=$stderr
    expect_error 1 'linux.netDevices.outside: the container has a network interface lo already'
    run_with '.linux.netDevices = {nowhere: {}}' pid
    expect_error 1 'linux.netDevices.nowhere: .*no network interface nowhere'
    run_with '.linux.netDevices = {"a/b": {}}' pid
    expect_error 1 'linux.netDevices'
    run_with '.linux.netDevices = {a: {}} | .linux.namespaces |= map(select(.type != "network"))' pid
    expect_error 1 'linux.netDevices: needs a namespace of type network'
}

# An agent that takes one listener, says what came with it, and answers calls of getpgid with 4711.
agent() { # SOCKET OUTPUT
    rm -f "$1"
    python3 - "$1" >"$2" 2>&1 3>&- <<'PYTHON' &
import array, fcntl, json, os, select, socket, struct, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
listener.settimeout(20)
end, _ = listener.accept()
text, ancillary, _, _ = end.recvmsg(65536, socket.CMSG_SPACE(8))
fds = array.array("i", ancillary[0][2])
state = json.loads(text)
print("fds", state["fds"], len(fds), "end", end.recv(10) == b"", flush=True)
print("version", state["ociVersion"] == state["state"]["ociVersion"], state["state"]["status"],
      state["state"]["id"], state.get("metadata"), flush=True)
print("pid", os.path.exists("/proc/%d" % state["pid"]), flush=True)
RECV, SEND = 0xc0502100, 0xc0182101
calls = select.poll()
calls.register(fds[0], select.POLLIN)
# Before Linux 6.11 the ioctl itself waits on when nobody is left who could ask.
while not calls.poll()[0][1] & select.POLLHUP:
    request = bytearray(80)
    try:
        fcntl.ioctl(fds[0], RECV, request)
    except OSError:
        break
    ident = struct.unpack_from("Q", request)[0]
    try:
        fcntl.ioctl(fds[0], SEND, struct.pack("QqiI", ident, 4711, 0, 0))
    except OSError:
        pass
PYTHON
    agent=$!
    await 10 test -S "$1"
}

GETPGID=121
asks() { # SYSCALL-NAMES-AS-JSON
    echo ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$TEST_DIR/agent\",
        listenerMetadata: \"some data\", syscalls: [{names: $1, action: \"SCMP_ACT_NOTIFY\"}]}"
}

@test "seccomp: an agent gets the listener and answers" {
    local filter
    for filter in . '.process.noNewPrivileges = false' "$IDMAP"; do
        agent "$TEST_DIR/agent" "$TEST_DIR/agent.out"
        run_with "$filter | $(asks '["getpgid"]')" "syscall $GETPGID 0"
        expect_status 0
        expect_output 4711
        wait $agent
        grep -qx "fds \['seccompFd'\] 1 end True" "$TEST_DIR/agent.out"
        grep -qx 'version True creating c some data' "$TEST_DIR/agent.out"
        grep -qx 'pid True' "$TEST_DIR/agent.out"
    done
}

@test "seccomp: the filter may ask about the very calls that hand it over" {
    agent "$TEST_DIR/agent" "$TEST_DIR/agent.out"
    # Answered with 4711 without being done: nothing that needs them can follow but exit.
    run_with "$(asks '["sendmsg", "futex", "close", "nanosleep", "getpgid"]')" "syscall $GETPGID 0"
    expect_output 4711
    wait $agent
}

@test "seccomp: exec has an agent of its own" {
    agent "$TEST_DIR/agent" "$TEST_DIR/agent.out"
    start_with "$(asks '["getpgid"]')"
    local first=$agent
    agent "$TEST_DIR/agent" "$TEST_DIR/second.out"
    try_oci exec c /init syscall $GETPGID 0
    expect_output 4711
    wait $agent
    grep -qx 'version True running c some data' "$TEST_DIR/second.out"
    delete_all
    wait "$first"
}

@test "seccomp: without an agent there is no container" {
    rm -f "$TEST_DIR/agent"
    run_with "$(asks '["getpgid"]')" pid
    expect_error 1 'linux.seccomp.listenerPath: .*/agent: No such file'
    # One that nobody needs is not looked for.
    run_with "$(asks '["getpgid"]') | .linux.seccomp.syscalls[0].action = \"SCMP_ACT_ALLOW\"" pid
    expect_status 0
    run_with "$(asks '["getpgid"]') | del(.linux.seccomp.listenerPath)" pid
    expect_error 1 'linux.seccomp.listenerPath: needed for SCMP_ACT_NOTIFY'
    run_with "$(asks '["getpgid"]') | .linux.seccomp.defaultAction = \"SCMP_ACT_NOTIFY\"" pid
    expect_error 1 'linux.seccomp.defaultAction: cannot be SCMP_ACT_NOTIFY'
}

# crun(1), "Extensions to OCI".
@test "annotations: the agent's socket, as crun takes it; names of calls that nobody knows" {
    local filter
    filter="$(asks '["getpgid"]') | del(.linux.seccomp.listenerPath)"
    agent "$TEST_DIR/agent" "$TEST_DIR/agent.out"
    run_with "$filter | .annotations[\"run.oci.seccomp.receiver\"] = \"$TEST_DIR/agent\"" "syscall $GETPGID 0"
    expect_output 4711
    wait $agent
    agent "$TEST_DIR/agent" "$TEST_DIR/agent.out"
    RUN_OCI_SECCOMP_RECEIVER=$TEST_DIR/agent run_with "$filter" "syscall $GETPGID 0"
    expect_output 4711
    wait $agent
    filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["nocall"], action: "SCMP_ACT_ERRNO"}]} |
        .annotations["run.oci.seccomp_fail_unknown_syscall"] ='
    run_with "$filter \"1\"" pid
    expect_error 1 'annotations.run.oci.seccomp_fail_unknown_syscall: .* not known: nocall'
    run_with "$filter \"0\"" pid
    expect_status 0
}

@test "annotations: what would leave the container a weaker boundary is refused, the rest does nothing" {
    local key
    for key in handler seccomp.plugins seccomp_bpf_data; do
        run_with ".annotations[\"run.oci.$key\"] = \"krun\"" pid
        expect_error 1 "annotations.run.oci.$key: 'krun': "
    done
    run_with ".annotations = {\"run.oci.hooks.stdout\": \"$TEST_DIR/said\", \"run.oci.handler\": \"\",
        \"run.oci.systemd.subgroup\": \"x\", \"run.oci.unheard\": \"1\"} |
        .hooks.createRuntime = [{path: \"/bin/echo\", args: [\"echo\", \"said\"]}]" pid
    expect_status 0
    [ ! -e "$TEST_DIR/said" ]
}

@test "seccomp: a program that cannot be executed is an error, whatever the filter forbids" {
    local names filter
    # With "write" the reason cannot be told, the fact is.
    for names in '"sendmsg", "sendto"' '"sendmsg", "sendto", "write", "writev"'; do
        filter=".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [$names], action: \"SCMP_ACT_ERRNO\"}]} |
            .process.user.uid = 7"
        install -m 700 "$INIT" "$BUNDLE/rootfs/private"
        configure "$filter" '.process.args = ["/private"]'
        try_oci run --bundle "$BUNDLE" c </dev/null
        expect_error 1 'process.args: (exec: "/private": permission denied|not executed, and linux.seccomp forbids to say why)'
        oci create --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
        try_oci start c
        expect_error 1 'process.args: (exec: "/private": permission denied|not executed, and linux.seccomp forbids to say why)'
        delete_all
        start_with "$filter"
        try_oci exec c /private
        expect_error 255 'process.args: (exec: "/private": permission denied|not executed, and linux.seccomp forbids to say why)'
        try_oci exec c /init exit 3 # which says nothing
        expect_status 3
        delete_all
    done
    rm -f "$BUNDLE/rootfs/private"
}

@test "seccomp: a filter that forbids all, exit too, ends what it is for" {
    configure '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO"}' '.process.args = ["/init", "pid"]'
    try_oci run --bundle "$BUNDLE" c </dev/null
    expect_error 1 'process.args: not executed, and linux.seccomp forbids to say why'
    oci create --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
    try_oci start c
    expect_error 1 'process.args: not executed, and linux.seccomp forbids to say why'
    await 5 eval '[ "$(oci state c | jq -r .status)" = stopped ]'
    delete_all
}

@test "intelRdt without resctrl" {
    require test ! -e /sys/fs/resctrl/schemata -- "resctrl is mounted"
    run_with '.linux.intelRdt = {closID: "group", schemata: ["L3:0=f"]}' pid
    expect_error 1 'linux.intelRdt: no resctrl filesystem is mounted'
    run_with '.linux.intelRdt = {closID: "../x"}' pid
    expect_error 1 'linux.intelRdt.closID: expected the name of a resctrl group, found '
}

@test "features: complete, and only words that config.json takes" {
    try_oci features
    expect_status 0
    [ "$(jq -r '[.ociVersionMin, .ociVersionMax] | join(" ")' <<<"$output")" = '1.0.0 1.3.0' ]
    [ "$(jq -c .hooks <<<"$output")" = \
        '["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]' ]
    [ "$(jq '.linux | [.seccomp.enabled, .apparmor.enabled, .selinux.enabled, .intelRdt.enabled,
        .intelRdt.schemata, .intelRdt.monitoring, .mountExtensions.idmap.enabled, .netDevices.enabled,
        .cgroup.v1, .cgroup.v2] | all' <<<"$output")" = true ]
    [ "$(jq '.linux | [.namespaces, .capabilities, .seccomp.actions, .seccomp.operators, .seccomp.archs,
        .seccomp.knownFlags, .memoryPolicy.modes, .memoryPolicy.flags] | map(length) | tostring' <<<"$output")" = \
        '"[8,41,9,7,23,4,7,3]"' ]
    local features=$output word
    [ "$(jq '[.mountOptions | index("rro", "idmap", "tmpcopyup", "bind")] | all' <<<"$features")" = true ]
    [ "$(jq '.potentiallyUnsafeConfigAnnotations | [index("org.systemd.property.", "run.oci.handler")] | all' \
        <<<"$features")" = true ]
    [ "$(jq '.linux.cgroup | [.systemd, .systemdUser, .rdma] | all' <<<"$features")" = true ]
    [ "$(jq '.linux.seccomp | .supportedFlags == .knownFlags' <<<"$features")" = true ]
    [ "$(jq '.annotations | type' <<<"$features")" = '"object"' ]
    for word in $(jq -r '.linux.memoryPolicy.modes[]' <<<"$features"); do
        run_with ".linux.memoryPolicy = {mode: \"$word\", nodes: \"0\"}" pid
        expect_known "$word"
    done
    for word in $(jq -r '.linux.seccomp.archs[]' <<<"$features"); do
        echo "$word"
    done >"$TEST_DIR/archs"
    run_with ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(jq -R . "$TEST_DIR/archs" | jq -s -c .)}" pid
    expect_status 0
}

expect_known() { # WORD: the kernel may refuse it, the configuration may not be called malformed
    case $errors in *'expected one of'*) show; return 1 ;; esac
}

@test "a limit that this kernel or version of cgroups has not is a warning" {
    run_with '.linux.resources.memory = {"kernel": 67108864}' pid
    expect_status 0
    grep -q 'level=warning msg="linux.resources.memory.kernel: ignored: ' <<<"$errors"
}
