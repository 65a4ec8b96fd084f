#!/usr/bin/env bats
# dockerd with ambit-oci as its default runtime: docs/docker.md.
# timeout: 400

load docker
load engine
# shellcheck disable=SC2034 # what engine.bash looks at
engine=docker engine_remove=(rm -f)

setup_file() {
    make_world
    start_docker
    busybox_rootfs "$TEST_DIR/busybox"
    tar -C "$TEST_DIR/busybox" -c . | inside docker import -c 'CMD ["sh"]' -c 'ENV PATH=/bin' - busybox
    rm -rf "$TEST_DIR/busybox"
}

teardown_file() {
    end_docker
}

docker() {
    at docker "$@"
}

@test "info names the runtime; --runtime chooses it" {
    docker info --format '{{.DefaultRuntime}} {{(index .Runtimes "ambit-oci").Path}}'
    expect_output "ambit-oci $PEERS_RUNTIME"
    once --runtime ambit-oci busybox echo hello
    expect_output hello
}

@test "exit statuses: the program's, 127, 126, 128+n" {
    engine_exit_statuses
}

@test "a file cannot be mounted on a directory, and docker says what to look at" {
    once -v /etc/passwd:/etc busybox true
    expect_status 125
    grep -q 'Are you trying to mount a directory onto a file' <<<"$errors"
}

@test "--user, --group-add, --env, --workdir that is made" {
    once --user bob --group-add 44 -e A=b -w /made/here busybox sh -c 'id; echo $A $PWD'
    expect_output $'uid=1000(bob) gid=1000(bob) groups=44,1000(bob),2000(crew)\nb /made/here'
}

@test "capabilities, no-new-privileges, seccomp: default, own and none" {
    engine_rights
}

# runc refuses where the machine lacks one of all capabilities; the specification says "should not".
@test "--privileged: all that there is" {
    only_ambit
    once --privileged busybox sh -c 'mkdir /mnt; mount -t tmpfs x /mnt && echo mounted'
    expect_output mounted
}

@test "devices, and what their cgroup allows" {
    once --device /dev/full:/dev/brimful busybox sh -c 'echo x >/dev/brimful'
    grep -q 'No space left' <<<"$errors"
    once --device /dev/fuse:/dev/fuzz:r busybox sh -c 'echo x >/dev/fuzz'
    grep -q 'not permitted' <<<"$errors"
}

@test "limits, as the container sees them in its own cgroup" {
    engine_limits
}

@test "out of memory is reported" {
    docker run --name oom --net none --memory 20m --memory-swap 20m busybox tail /dev/zero
    expect_status 137
    docker inspect oom --format '{{.State.OOMKilled}} {{.State.ExitCode}}'
    expect_output 'true 137'
    gone oom
}

@test "--ulimit, --sysctl, --hostname, --oom-score-adj, --shm-size" {
    once --ulimit nofile=100:200 --sysctl kernel.msgmax=4000 --hostname hh --oom-score-adj 300 --shm-size 2m \
        busybox sh -c 'ulimit -n; ulimit -Hn; cat /proc/sys/kernel/msgmax; hostname; cat /proc/self/oom_score_adj
            df -k /dev/shm | tail -1'
    expect_match '^100$'
    expect_match '^200$'
    expect_match '^4000$'
    expect_match '^hh$'
    expect_match '^300$'
    expect_match ' 2048 '
}

@test "volumes: bind, read-only, named, tmpfs; --read-only" {
    engine_volumes
}

@test "standard input, and a terminal" {
    at sh -c 'echo piped | docker run --rm -i --net none busybox cat'
    expect_output piped
    on_terminal docker run --rm -it --net none busybox sh -c 'tty; ls -l /dev/console; exit 4'
    expect_status 4
    expect_match '/dev/pts/0$'
    expect_match '/dev/console$'
}

@test "--init, --pid host, --net host" {
    once --init busybox cat /proc/1/comm
    expect_match 'docker-init|tini'
    docker run --rm --pid host --net host --uts host busybox sh -c 'hostname; pidof dockerd >/dev/null && echo seen'
    expect_output $'peers\nseen'
}

@test "bridge network, a published port, namespaces of another container" {
    docker run -d --name web --ipc shareable -p 8099:80 busybox httpd -f -h /etc
    expect_status 0
    await 5 inside wget -qO "$TEST_DIR/group" http://127.0.0.1:8099/group
    grep -q '^crew:' "$TEST_DIR/group"
    docker run --rm --net container:web --pid container:web --ipc container:web busybox sh -c \
        'wget -qO- http://127.0.0.1/group | grep -c crew; cat /proc/1/comm'
    expect_output $'1\nhttpd'
    gone web
}

@test "exec: status, user, directory, environment, input, terminal, detached, privileged" {
    background cc busybox sleep 1000
    docker exec cc sh -c 'exit 9'
    expect_status 9
    docker exec cc /etc/passwd
    expect_status 126
    docker exec -u bob -w /tmp -e A=b cc sh -c 'id -un; id -G; pwd; echo $A'
    expect_output $'bob\n1000 2000\n/tmp\nb'
    at sh -c 'echo in | docker exec -i cc cat'
    expect_output in
    on_terminal docker exec -it cc sh -c 'test -t 1 && tty'
    expect_match '/dev/pts/0$'
    docker exec -d cc touch /tmp/f
    await 5 inside docker exec cc test -e /tmp/f
    docker exec cc cat /proc/self/status
    expect_match '^CapEff:.00000000a80425fb$'
    expect_match '^Seccomp:.2$'
    gone cc
}

@test "logs, top, stats, cp, commit, diff" {
    background cc busybox sh -c 'echo up; exec sleep 1000'
    await 5 eval '[ "$(inside docker logs cc)" = up ]'
    docker top cc -o pid,comm
    expect_match 'sleep'
    docker stats --no-stream --format '{{.Name}} {{.PIDs}}' cc
    expect_output 'cc 1'
    inside sh -c 'echo data >/tmp/data'
    docker cp /tmp/data cc:/root/data
    docker exec cc cat /root/data
    expect_output data
    docker commit cc changed
    once --entrypoint cat changed /root/data
    expect_output data
    docker diff cc
    expect_line 'A /root/data'
    docker rmi -f changed
    gone cc
}

@test "pause, update, unpause; removing a paused one" {
    background cc --cpus 1 busybox sleep 1000
    docker pause cc
    docker inspect cc --format '{{.State.Status}}'
    expect_output paused
    docker unpause cc
    docker update --memory 50m --memory-swap 60m --cpus 0.3 --pids-limit 77 cc
    expect_status 0
    if [ -d /sys/fs/cgroup/memory ]; then
        docker exec cc sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max'
        expect_output $'52428800\n30000\n77'
    fi
    docker pause cc
    gone cc
}

@test "signals, stop, wait, restart; an init that ignores TERM" {
    engine_signals
}

@test "build" {
    engine_build
}

@test "attach, health checks, restart policy" {
    docker run -d --name aa --net none -i busybox sh -c 'read x; echo got $x; exit 4'
    at sh -c 'echo word | docker attach aa'
    docker wait aa
    expect_output 4
    docker logs aa
    expect_output 'got word'
    gone aa
    background hh --health-cmd 'test -e /tmp/ok' --health-interval 1s --health-retries 1 busybox sleep 1000
    await 20 eval '[ "$(inside docker inspect hh --format "{{.State.Health.Status}}")" = unhealthy ]'
    docker exec hh touch /tmp/ok
    await 20 eval '[ "$(inside docker inspect hh --format "{{.State.Health.Status}}")" = healthy ]'
    gone hh
    background rr --restart on-failure:2 busybox sh -c 'echo try; exit 1'
    await 20 eval '[ "$(inside docker logs rr | grep -c try)" = 3 ]'
    gone rr
}

@test "200 MB through exec, 30 short execs, processes left behind, six at once" {
    background bb busybox sleep 1000
    at sh -c 'docker exec bb head -c 200000000 /dev/zero | wc -c'
    expect_output 200000000
    PATIENCE=120 at sh -c 'for i in $(seq 30); do docker exec bb echo $i || exit 1; done | wc -l'
    expect_output 30
    docker exec bb sh -c 'sleep 900 & sleep 900 & echo started'
    expect_output started
    gone bb
    PATIENCE=120 at sh -c 'for i in 1 2 3 4 5 6; do docker run --rm --net none busybox echo $i & done | sort | tr -d "\n"; wait'
    expect_output 123456
}

@test "output of a terminal is whole at the end" {
    on_terminal docker run --rm -t --net none busybox sh -c 'seq 1 5000; exit 3'
    expect_status 3
    [ "$(grep -c '^[0-9]*$' <<<"$output")" -ge 5000 ]
    expect_line 5000
}
