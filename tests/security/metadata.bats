#!/usr/bin/env bats
# Class F: an image's metadata is data. Labels, annotations and environment that other engines have
# taken for control input change nothing. CVE-2026-53488, 2026-94603, 2026-57231, 2024-3154.

load ../integration/lib

@test "variables of an image without = take nothing from the caller's environment" {
    "$ARCHIVE" --name envs --env SECRET --env '*' --env '=x' --env GOOD=1 "$BATS_TEST_TMPDIR/envs.tar" "$TEST_DIR/rootfs"
    try load -q -i "$BATS_TEST_TMPDIR/envs.tar"
    if [ "$status" -eq 0 ]; then
        SECRET=hunter2 try run --rm envs /init env
        [[ $output != *hunter2* ]] || { show; false; }
    fi
}

@test "an image's user, directory and command stay inside" {
    "$ARCHIVE" --name odd --user '0:0:0' --workdir '../../..' --cmd '../../bin/sh' "$BATS_TEST_TMPDIR/odd.tar" "$TEST_DIR/rootfs"
    try load -q -i "$BATS_TEST_TMPDIR/odd.tar"
    if [ "$status" -eq 0 ]; then
        try run --rm odd
        [ "$status" -ge 125 ] || { show; false; }
        try run --rm -u 0 odd /init cwd
        [ "$status" -ne 0 ] || expect_output /
    fi
}

# Every label, annotation and member of a configuration that some engine has taken as an order.
hostile_metadata() {
    jq -n '{
        "containerd.io/restart.status": "running", "containerd.io/restart.loguri": "binary:///bin/sh",
        "containerd.io/restart.policy": "always", "containerd.io/restart.explicitly-stopped": "false",
        "nerdctl/extraHosts": "x", "nerdctl/networks": "[\"host\"]", "nerdctl/mounts": "[{\"Source\":\"/\"}]",
        "nerdctl/log-uri": "binary:///bin/sh", "nerdctl/state-dir": "/", "nerdctl/healthcheck": "{}",
        "run.oci.hooks.stderr": "/tmp/x", "run.oci.hooks.stdout": "/tmp/x", "run.oci.handler": "krun",
        "run.oci.keep_original_groups": "1", "run.oci.seccomp_fail_unknown_syscall": "0",
        "run.oci.seccomp.receiver": "/tmp/s", "run.oci.seccomp_bpf_data": "BgAAAAAA/38=", "run.oci.systemd.subgroup": "x",
        "run.oci.delegate-cgroup": "../..", "run.oci.pidfd_receiver": "/tmp/s", "run.oci.mount_context_type": "context",
        "run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup", "org.criu.config": "/etc/criu",
        "io.podman.annotations.privileged": "TRUE", "io.podman.annotations.seccomp": "unconfined",
        "io.podman.annotations.apparmor": "unconfined", "io.podman.annotations.label": "disable",
        "io.podman.annotations.init": "TRUE", "io.podman.annotations.autoremove": "TRUE",
        "io.podman.annotations.volumes-from": "x", "io.podman.annotations.userns": "host",
        "io.podman.annotations.checkpoint": "TRUE", "io.podman.annotations.checkpoint.name": "x",
        "io.podman.annotations.checkpoint.rawImageName": "x", "io.podman.annotations.checkpoint.rootfsImageID": "x",
        "io.containers.autoupdate": "registry", "io.containers.capabilities": "SYS_ADMIN", "io.containers.type": "x",
        "PODMAN_SYSTEMD_UNIT": "ssh.service", "org.systemd.property.ExecStart": "/bin/sh",
        "org.systemd.property.DeviceAllow": "block-* rwm", "cdi.k8s.io/x": "vendor.com/class=all",
        "io.kubernetes.cri-o.TrySkipVolumeSELinuxLabel": "true", "io.kubernetes.cri-o.userns-mode": "host",
        "io.kubernetes.cri-o.Devices": "/dev/mem", "io.kubernetes.cri-o.UnifiedCgroup.x": "memory.max=max",
        "io.kubernetes.cri-o.umask": "0000", "io.kubernetes.cri.untrusted-workload": "true",
        "io.katacontainers.config.hypervisor.path": "/bin/sh", "com.docker.compose.project": "x",
        "security.alpha.kubernetes.io/seccomp/pod": "unconfined", "ambit.privileged": "true", "ambit.userns": "host",
        "org.opencontainers.image.ref.name": "other", "org.opencontainers.runtime": "/bin/sh"
    } as $words | {
        config: {Labels: $words, OnBuild: ["RUN x"], Shell: ["/bin/sh"], ArgsEscaped: true, Privileged: true,
            NetworkDisabled: false, CapAdd: ["ALL"], SecurityOpt: ["seccomp=unconfined"], Runtime: "/bin/sh",
            HostConfig: {Privileged: true, Binds: ["/:/host"], PidMode: "host", UsernsMode: "host", CapAdd: ["ALL"]},
            Mounts: [{source: "/", destination: "/host", type: "bind"}], Devices: ["/dev/mem"], Annotations: $words},
        image: {annotations: $words, hooks: {prestart: [{path: "/bin/sh"}]}, author: "$(id)", created: "2020-01-01T00:00:00Z",
            linux: {namespaces: []}, process: {user: {uid: 0}}, mounts: [{source: "/", destination: "/host"}]},
        manifest: {annotations: $words}, layer: {annotations: $words, urls: []}, entry: $words, index: {annotations: $words}}'
}

plan_of() { # IMAGE OPTION...: without what differs from run to run
    ambit run --plan --rm "${@:2}" "$1" | sed -E 's/[0-9a-f]{12,64}/ID/g; s/[0-9]{6,}/N/g'
}

@test "an image with every control word of every engine makes the same plan as a plain one" {
    "$ARCHIVE" --name plain --cmd '/init pid' "$BATS_TEST_TMPDIR/plain.tar" "$TEST_DIR/rootfs"
    "$ARCHIVE" --name ordering --cmd '/init pid' --more "$(hostile_metadata)" "$BATS_TEST_TMPDIR/ordering.tar" \
        "$TEST_DIR/rootfs"
    ambit load -q -i "$BATS_TEST_TMPDIR/plain.tar"
    ambit load -q -i "$BATS_TEST_TMPDIR/ordering.tar"
    # The words are there, and change nothing.
    try image inspect ordering
    expect_match 'containerd.io/restart.loguri'
    diff <(plan_of plain) <(plan_of ordering)
    diff <(plan_of plain --privileged --userns host) <(plan_of ordering --privileged --userns host)
    diff <(ambit run --rm plain /init status CapEff Seccomp NoNewPrivs , env | sed -E 's/[0-9a-f]{12}/ID/g') \
        <(ambit run --rm ordering /init status CapEff Seccomp NoNewPrivs , env | sed -E 's/[0-9a-f]{12}/ID/g')
}

@test "control characters in names and messages do not reach the terminal" {
    try run --rm $'no\e[2Jsuch' /init
    expect_status 125
    [[ $errors != *$'\e'* ]] || { show; false; }
    try run --rm "$IMAGE" $'/no\e]0;x\a'
    expect_status 127
    [[ $errors != *$'\e'* ]] || { show; false; }
}
