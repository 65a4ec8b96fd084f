#!/usr/bin/env bats
# podman as most users have it: cgroup v2, systemd as process 1 and as the manager of cgroups, the
# journal for logs. What does not depend on these is tests/peers/podman.bats.
# long: emulated, each test takes half a minute
# timeout: 240

load ../peers/lib

setup_file() {
    use_machine podman
    # The page's lines, nothing else: podman's own defaults are what is tested.
    sed -n 's/^    //p' "$TOP/docs/podman.md" >/etc/containers/containers.conf
    make_image "$TEST_DIR/busybox.tar"
    podman load -q -i "$TEST_DIR/busybox.tar"
    podman tag localhost/busybox:latest busybox
}

teardown_file() {
    podman rm -f -t 0 -a >/dev/null 2>&1 || true
    {
        ls /run/ambit/oci
        find /sys/fs/cgroup -type d -name '*libpod-*'
        systemctl list-units --all --plain --no-legend '*libpod-*'
        grep overlay-containers /proc/mounts
    } >"$TEST_DIR/left" 2>/dev/null || true
    podman rmi -a -f >/dev/null 2>&1 || true
    discard_store
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

teardown() {
    podman rm -f -t 0 -a >/dev/null 2>&1 || true
}

background() { # NAME ARGUMENT... of run
    podman run -d --name "$1" --net none "${@:2}" >/dev/null 3>&-
}

look() { # NAME TEMPLATE
    podman inspect --format "$2" "$1"
}

scope() { # NAME PROPERTY: what systemd says of its unit
    systemctl show --value -p "$2" "libpod-$(look "$1" '{{.Id}}').scope"
}

file() { # NAME NAME: of its cgroup
    cat "/sys/fs/cgroup$(look "$1" '{{.State.CgroupPath}}')/$2"
}

has_limits() { # NAME MEMORY QUOTA: bytes, microseconds of 100 ms
    [ "$(scope "$1" MemoryMax)" = "$2" ]
    [ "$(file "$1" memory.max)" = "$2" ]
    [ "$(file "$1" cpu.max)" = "$3 100000" ]
    [ "$(file "$1" pids.max)" = 50 ]
}

@test "a container is a scope in machine.slice, with its limits; an update stays through daemon-reload" {
    background one --memory 64m --cpus 0.5 --pids-limit 50 busybox sleep 1000
    [ "$(scope one Slice)" = machine.slice ]
    [ "$(scope one TasksMax)" = 50 ]
    has_limits one 67108864 50000
    run podman exec one sh -c 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max; touch /sys/fs/cgroup/x 2>&1'
    expect_output $'0::/\n67108864\ntouch: /sys/fs/cgroup/x: Read-only file system'
    podman update --memory 80m --cpus 0.25 one
    systemctl daemon-reload
    has_limits one 83886080 25000
    podman pause one
    [ "$(file one cgroup.freeze)" = 1 ]
    podman unpause one
    [ "$(podman stats --no-stream --format '{{.PIDS}}' one)" = 1 ]
}

@test "--cgroup-parent is a slice; --cgroups split: in the unit that calls; the host's cgroups are shown" {
    run podman run --rm --net none --cgroupns host --cgroup-parent ambit-one.slice busybox cat /proc/self/cgroup
    expect_match '^0::/ambit.slice/ambit-one.slice/libpod-[0-9a-f]+.scope$'
    run systemd-run -q --wait --pipe -p Delegate=yes --unit ambit-split \
        podman run --rm --net none --cgroups split --cgroupns host --pids-limit 44 busybox \
        sh -c 'cat /proc/self/cgroup; cat "/sys/fs/cgroup$(sed s/0::// /proc/self/cgroup)/pids.max"'
    expect_match '^0::/system.slice/ambit-split.service/libpod-payload-[0-9a-f]+$'
    expect_line 44
    systemctl stop ambit.slice
}

@test "systemd as the container's process 1 manages cgroups of its own; stop ends it" {
    local name root=$TEST_DIR/rootfs
    mkdir -p "$root"/{usr,etc/systemd/system,proc,sys,dev,run,tmp,var/log}
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$root/$name"
    done
    cp -a /etc/passwd /etc/group /etc/ld.so.cache "$root/etc"
    : >"$root/etc/machine-id"
    printf '[Service]\nExecStart=sleep 1000\nMemoryMax=30M\n' >"$root/etc/systemd/system/ours.service"
    background machine --systemd always -v /usr:/usr:ro --rootfs "$root" /usr/lib/systemd/systemd --unit=basic.target
    await 30 podman exec machine systemctl start ours.service
    [ "$(file machine system.slice/ours.service/memory.max)" = 31457280 ]
    run podman exec machine cat /proc/self/cgroup
    expect_output 0::/init.scope
    podman stop -t 60 machine
    [ "$(look machine '{{.State.ExitCode}}')" = 0 ]
}

@test "a unit with Type=notify: ready when the container says so, and stopped" {
    cat >/run/systemd/system/ambit-notify.service <<'END'
[Service]
Type=notify
NotifyAccess=all
KillMode=mixed
ExecStart=podman run --rm --name notify --net none --sdnotify container --cgroups no-conmon -v /usr:/usr:ro \
    -v /lib64:/lib64:ro -v /lib:/lib:ro busybox sh -c 'sleep 2; /usr/bin/systemd-notify --ready && touch /ready; exec sleep 1000'
ExecStop=podman stop -t 0 notify
SuccessExitStatus=137
END
    systemctl daemon-reload
    systemctl start ambit-notify
    podman exec notify test -e /ready
    systemctl stop ambit-notify
    [ "$(systemctl show --value -p Result ambit-notify)" = success ]
    ! podman container exists notify || false
    rm /run/systemd/system/ambit-notify.service
    systemctl daemon-reload
}

@test "health checks by a timer of systemd's, logs in the journal" {
    background well --health-cmd 'test -e /ok' --health-interval 2s --health-retries 1 busybox \
        sh -c 'echo said; exec sleep 1000'
    await 30 eval '[ "$(look well "{{.State.Health.Status}}")" = unhealthy ]'
    podman exec well touch /ok
    await 30 eval '[ "$(look well "{{.State.Health.Status}}")" = healthy ]'
    [ "$(podman logs well)" = said ]
}

@test "a checkpoint restored is in its scope, with its limits" {
    background kept --memory 64m --cpus 0.5 --pids-limit 50 busybox sh -c \
        'while :; do i=$((i + 1)); echo $i >/count; sleep 0.2; done'
    local before
    await 30 podman exec kept test -s /count
    before=$(podman exec kept cat /count)
    podman container checkpoint kept
    [ "$(look kept '{{.State.Status}}')" = exited ]
    podman container restore kept
    [ "$(scope kept Slice)" = machine.slice ]
    has_limits kept 67108864 50000
    counts() { [ "$(podman exec kept cat /count)" -gt "$before" ]; }
    await 10 counts
}
