#!/usr/bin/env bats
# podman with ambit-oci as its runtime: docs/podman.md.
# timeout: 400

load podman
load engine
# shellcheck disable=SC2034 # what engine.bash looks at
engine=podman engine_remove=(rm -f -t 0)

setup_file() {
    make_world
    make_image "$TEST_DIR/busybox.tar"
    configure_podman
    inside podman load -q -i "$TEST_DIR/busybox.tar"
    inside podman tag localhost/busybox:latest busybox
}

teardown_file() {
    podman_left_nothing
    end_world
}

podman() {
    at podman "$@"
}

# podman's `rm` and the `container cleanup` that conmon starts run into each other where a container
# has a user namespace: "userdata/shm: device or resource busy" in some of the tries, with runc too.
gone_at_last() { # NAME
    await 20 inside podman rm -f -t 0 "$1"
    at podman container exists "$1"
    expect_status 1
}

@test "info: the runtime, its path and its version" {
    only_ambit
    podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
    expect_match '^ambit-oci /usr/local/bin/ambit-oci ambit-oci version [0-9]'
}

@test "--runtime PATH" {
    at podman --runtime "$PEERS_RUNTIME" run --rm --net none busybox echo hello
    expect_output hello
}

@test "exit statuses: the program's, 127, 126, 128+n" {
    engine_exit_statuses
    once -w /nowhere busybox true
    expect_status 126
}

@test "--user, --group-add, --umask, --env, --workdir" {
    once --user bob --group-add 44 --umask 027 -e A=b -w /tmp busybox sh -c 'id; umask; echo $A $PWD'
    expect_line 'uid=1000(bob) gid=1000(bob) groups=44,1000(bob),2000(crew)'
    expect_line 0027
    expect_line 'b /tmp'
}

@test "capabilities, no-new-privileges, seccomp: default, own and none" {
    engine_rights
}

@test "--privileged, and devices" {
    once --privileged busybox sh -c 'mkdir /mnt; mount -t tmpfs x /mnt && echo mounted; ls /dev/null /dev/full'
    expect_line mounted
    once --device /dev/null:/dev/nought busybox sh -c 'echo x >/dev/nought && ls -l /dev/nought'
    expect_match '^crw.* 1, +3 .*/dev/nought$'
}

@test "limits, as the container sees them in its own cgroup" {
    engine_limits
    once --cgroupns private busybox cat /sys/fs/cgroup/pids/pids.max /proc/self/cgroup
    expect_match ':pids:/$'
}

@test "out of memory" { # that it is reported is up to conmon, and its 2.1.6 does not on v1
    once --memory 20m --memory-swap 20m busybox tail /dev/zero
    expect_status 137
}

@test "--ulimit, --sysctl, --hostname, --oom-score-adj, --shm-size" {
    once --ulimit nofile=100:200 --ulimit nproc=1024:1024 --sysctl kernel.msgmax=4000 --hostname hh --oom-score-adj 300 --shm-size 2m \
        busybox sh -c 'ulimit -n; ulimit -Hn; cat /proc/sys/kernel/msgmax; hostname; cat /proc/self/oom_score_adj
            df -k /dev/shm | tail -1'
    expect_match '^100$'
    expect_match '^200$'
    expect_match '^4000$'
    expect_match '^hh$'
    expect_match '^300$'
    expect_match '^shm +2048 '
}

@test "volumes: bind, read-only, named, tmpfs; --read-only" {
    engine_volumes
}

@test "standard input, and a terminal" {
    at sh -c 'echo piped | podman run --rm -i --net none busybox cat'
    expect_output piped
    on_terminal podman run --rm -it --net none busybox sh -c 'tty; ls -l /dev/console; sleep 0.5; exit 4'
    expect_status 4
    expect_match '/dev/pts/0$'
    expect_match 'crw.* 136, .*/dev/console$'
}

@test "--init, --pid host, --net host, --ipc host" {
    once --init busybox sh -c 'cat /proc/1/comm'
    expect_match 'catatonit|init'
    podman run --rm --pid host --net host --ipc host --uts host busybox sh -c 'hostname; test -d /proc/$PPID; echo $?'
    expect_output $'peers\n0'
}

@test "bridge network, a published port" {
    podman run -d --name web -p 8099:80 busybox httpd -f -h /etc
    expect_status 0
    await 5 inside wget -qO "$TEST_DIR/group" http://127.0.0.1:8099/group
    grep -q '^crew:' "$TEST_DIR/group"
    podman exec web ip address show eth0
    expect_match 'inet 10\.88\.'
    gone web
}

@test "exec: status, user, directory, environment, input, terminal, detached, privileged" {
    background c busybox sleep 1000
    podman exec c sh -c 'exit 9'
    expect_status 9
    podman exec c nothing
    expect_status 127
    podman exec c /etc/passwd
    expect_status 126
    podman exec -u bob -w /tmp -e A=b c sh -c 'id -un; id -G; pwd; echo $A'
    expect_output $'bob\n1000 2000\n/tmp\nb'
    at sh -c 'echo in | podman exec -i c cat'
    expect_output in
    on_terminal podman exec -it c sh -c 'test -t 1 && tty'
    expect_match '/dev/pts/0$'
    podman exec -d c touch /tmp/f
    await 5 inside podman exec c test -e /tmp/f
    podman exec --privileged c grep CapEff /proc/self/status
    expect_match '1fffeffffff|1ffffffffff'
    podman exec c cat /proc/self/status
    expect_match '^CapEff:.00000000800405fb$'
    expect_match '^Seccomp:.2$'
    gone c
}

@test "logs, top, stats, cp, commit, diff" {
    background c busybox sh -c 'echo up; exec sleep 1000'
    await 5 eval '[ "$(inside podman logs c)" = up ]'
    podman top c pid comm seccomp
    expect_match '^1 +sleep +filter'
    podman stats --no-stream --format '{{.Name}} {{.PIDs}}' c
    expect_output 'c 1'
    inside sh -c 'echo data >/tmp/data'
    podman cp /tmp/data c:/root/data
    podman exec c cat /root/data
    expect_output data
    podman commit -q c changed
    once changed cat /root/data
    expect_output data
    podman diff c
    expect_line 'A /root/data'
    podman rmi -f changed
    gone c
}

@test "pause, update, unpause; removing a paused one" {
    background c --cpus 1 busybox sleep 1000
    podman pause c
    podman inspect c --format '{{.State.Status}}'
    expect_output paused
    podman unpause c
    podman exec c true
    expect_status 0
    podman update --memory 50m --memory-swap 50m --cpus 0.3 c
    expect_status 0
    if [ -d /sys/fs/cgroup/memory ]; then
        podman exec c cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us
        expect_output $'52428800\n30000'
    fi
    podman pause c
    gone c
}

@test "signals, stop, wait, restart; an init that ignores TERM" {
    engine_signals
}

@test "build" {
    engine_build --isolation oci --pull=never
}

@test "attach, health checks, restart policy" {
    podman run -d --name a --net none -i busybox sh -c 'read x; echo got $x'
    at sh -c 'echo word | podman attach a'
    expect_output 'got word'
    gone a
    background h --health-cmd 'test -e /tmp/ok' --health-interval disable busybox sleep 1000
    podman healthcheck run h
    expect_status 1
    podman exec h touch /tmp/ok
    podman healthcheck run h
    expect_status 0
    gone h
    background r --restart on-failure:2 busybox sh -c 'echo try; exit 1'
    await 20 eval '[ "$(inside podman logs r | grep -c try)" = 3 ]'
    gone r
}

@test "user namespaces: mapped, automatic, joined; with the host's and with own networks" {
    once --userns auto:size=1000 busybox cat /proc/self/uid_map
    expect_match '^ +0 +[1-9][0-9]+ +1000$'
    podman run -d --name u --uidmap 0:100000:65536 busybox sleep 1000
    podman exec -u bob u sh -c 'id -u; cat /proc/self/uid_map; ip address show eth0'
    expect_match '^1000$'
    expect_match '^ +0 +100000 +65536$'
    expect_match 'inet 10\.88\.'
    podman run --rm --net container:u --pid container:u --ipc container:u --userns container:u busybox ps
    expect_match 'sleep 1000'
    gone_at_last u
    podman run -d --name h --net host --uidmap 0:100000:65536 busybox sleep 1000
    podman exec h id -u
    expect_output 0
    gone_at_last h
}

@test "pods share what they should" {
    podman pod create --name pod --share pid,net,ipc,uts
    podman run -d --pod pod --name m1 busybox sleep 1000
    podman run -d --pod pod --name m2 busybox sleep 1000
    podman exec m1 sh -c 'ps | grep -c "[s]leep 1000"; cat /proc/1/comm; hostname'
    expect_output $'2\ncatatonit\npod'
    podman pod pause pod
    podman pod ps --format '{{.Status}}'
    expect_output Paused
    podman pod unpause pod
    podman pod stop -t 0 pod
    podman pod rm -f pod
    expect_status 0
}

@test "play kube, generate kube" {
    write /tmp/pod.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: kp}
spec:
  restartPolicy: Never
  containers:
  - name: one
    image: localhost/busybox:latest
    command: [sh, -c, "id -u; exec sleep 1000"]
    securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    volumeMounts: [{name: v, mountPath: /v}]
  volumes:
  - name: v
    emptyDir: {}
END
    podman play kube /tmp/pod.yaml
    expect_status 0
    await 5 eval '[ "$(inside podman logs kp-one)" = 1000 ]'
    podman exec kp-one cat /proc/self/status
    expect_match '^CapBnd:.0000000000000000$'
    podman generate kube kp
    expect_match 'image: localhost/busybox'
    podman play kube --down /tmp/pod.yaml
    expect_status 0
    podman ps -aq
    expect_output ''
}

@test "200 MB through exec, 30 short execs, processes left behind, six at once" {
    background b busybox sleep 1000
    at sh -c 'podman exec b head -c 200000000 /dev/zero | wc -c'
    expect_output 200000000
    PATIENCE=120 at sh -c 'for i in $(seq 30); do podman exec b echo $i || exit 1; done | wc -l'
    expect_output 30
    podman exec b sh -c 'sleep 900 & sleep 900 & echo started'
    expect_output started
    podman exec b sh -c 'ps | grep -c "[s]leep 900"'
    expect_output 2
    gone b
    PATIENCE=120 at sh -c 'for i in 1 2 3 4 5 6; do podman run --rm --net none busybox echo $i & done | sort | tr -d "\n"; wait'
    expect_output 123456
}

@test "--rootfs, --pidfile, secrets" {
    inside sh -c 'mkdir -p /tmp/rf/bin && cp "$(command -v busybox)" /tmp/rf/bin/sh && echo s3 | podman secret create word -'
    podman run --rm --net none --rootfs /tmp/rf sh -c 'echo rootfs'
    expect_output rootfs
    once --secret word busybox cat /run/secrets/word
    expect_output s3
    background p --pidfile /tmp/pid busybox sleep 1000
    at sh -c 'tr "\0" " " </proc/$(cat /tmp/pid)/cmdline'
    expect_output 'sleep 1000 '
    gone p
}
