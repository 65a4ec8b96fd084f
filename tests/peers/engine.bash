# What docker and podman are both asked, in the same words. A test file of one of them has
#
#     load engine
#     engine=docker
#     engine_remove=(rm -f)       how it removes what runs, at once
#
# and names the test before it calls one of the functions at the end.

load lib

once() { # ARGUMENT...: a container that is gone afterwards
    at "$engine" run --rm --net none "$@"
}

background() { # NAME ARGUMENT...
    local name=$1
    shift
    at "$engine" run -d --name "$name" --net none "$@"
    expect_status 0
}

gone() { # NAME...
    at "$engine" "${engine_remove[@]}" "$@"
    expect_status 0
}

engine_exit_statuses() {
    once busybox sh -c 'exit 7'
    expect_status 7
    once busybox /nothing
    expect_status 127
    once busybox nothing
    expect_status 127
    once busybox /etc
    expect_status 126
    once busybox /etc/passwd
    expect_status 126
    once --pid host busybox sh -c 'kill -9 $$'
    expect_status 137
}

engine_rights() {
    once --cap-drop all --cap-add net_raw --security-opt no-new-privileges busybox cat /proc/self/status
    expect_match '^CapEff:.0000000000002000$'
    expect_match '^NoNewPrivs:.1$'
    expect_match '^Seccomp:.2$'
    once --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
    expect_match '0$'
    write /tmp/profile.json <<'END'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["chmod", "fchmodat", "fchmodat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
END
    once --security-opt seccomp=/tmp/profile.json busybox chmod 700 /tmp
    expect_status 1
    grep -q 'No space left' <<<"$errors"
}

engine_limits() {
    local none
    [ -d /sys/fs/cgroup/memory ] || skip "cgroup v1 shows other files"
    once --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 50 --cpuset-cpus 0 busybox sh -c \
        'cd /sys/fs/cgroup && cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus'
    expect_output $'67108864\n50000\n50\n0'
    for none in 0 -1; do
        once --pids-limit "$none" busybox sh -c '(cat /sys/fs/cgroup/pids/pids.max)'
        expect_output max
    done
}

engine_volumes() {
    inside sh -c 'mkdir -p /tmp/vol && echo hi >/tmp/vol/f'
    once -v /tmp/vol:/a:ro -v /tmp/vol:/b -v named:/c --tmpfs /d:size=1m busybox sh -c \
        'cat /a/f; touch /a/g 2>&1; echo b >/b/g; cat /a/g; touch /c/h && echo named; df -k /d | tail -1'
    expect_line hi
    expect_line 'touch: /a/g: Read-only file system'
    expect_line b
    expect_line named
    expect_match '^tmpfs +1024 '
    at "$engine" volume rm named
    expect_status 0
    once --read-only --tmpfs /tmp busybox sh -c 'touch /x 2>&1; touch /tmp/y && echo written'
    expect_output $'touch: /x: Read-only file system\nwritten'
}

engine_signals() {
    background trap busybox sh -c 'trap "echo term; exit 5" TERM; trap "echo usr" USR1; echo up; while :; do sleep 0.1; done'
    await 5 eval 'inside "$engine" logs trap | grep -q up'
    at "$engine" kill -s USR1 trap
    await 5 eval 'inside "$engine" logs trap | grep -q usr'
    at "$engine" stop trap
    at "$engine" wait trap
    expect_output 5
    at "$engine" restart trap
    at "$engine" inspect trap --format '{{.State.Status}}'
    expect_output running
    gone trap
    background deaf busybox sleep 1000
    at "$engine" stop -t 1 deaf
    at "$engine" wait deaf
    expect_output 137
    gone deaf
}

# Each RUN is a container; docker's builder without buildkit, buildah's in podman.
engine_build() { # ARGUMENT... of build
    write /tmp/context/Dockerfile <<'END'
FROM busybox AS first
ARG WORD=none
RUN echo "$WORD $(id -u)" >/made && mkdir /kept && chown 1000:1000 /kept
RUN test "$(cat /proc/1/comm)" != systemd && ! touch /sys/x 2>/dev/null
FROM busybox
COPY --from=first /made /made
COPY --from=first --chown=1000:1000 /kept /kept
USER 1000
WORKDIR /kept
RUN echo mine >own
CMD ["sh", "-c", "cat /made own; ls -n /kept"]
END
    inside cp /bin/busybox /tmp/context/file
    at env DOCKER_BUILDKIT=0 "$engine" build "$@" --network none --build-arg WORD=built -t made /tmp/context
    expect_status 0
    once made
    expect_line 'built 0'
    expect_line mine
    expect_match '1000 +1000 .*own$'
    printf 'FROM busybox\nRUN exit 7\n' | write /tmp/context/Dockerfile
    at env DOCKER_BUILDKIT=0 "$engine" build "$@" --network none -t broken /tmp/context
    [ "$status" -ne 0 ]
    grep -E 'exit(ed|ing)?.*(code|status).*7|returned a non-zero code: 7' <<<"$output$errors"
}
