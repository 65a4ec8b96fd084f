#!/usr/bin/env bats
# What a container sees of the machine: its namespaces, each private by default and selectable, its
# names, clocks and network.

load lib

ns() { # KIND: the caller's namespace
    readlink "/proc/self/ns/$1"
}

inside() { # OPTION... : prints the container's namespaces, one a line
    ambit run --rm "$@" "$IMAGE" /init \
        readlink /proc/self/ns/pid , readlink /proc/self/ns/net , readlink /proc/self/ns/ipc , \
        readlink /proc/self/ns/uts , readlink /proc/self/ns/user , readlink /proc/self/ns/cgroup , \
        readlink /proc/self/ns/time , readlink /proc/self/ns/mnt
}

@test "every namespace is the container's own" {
    run inside
    expect_status 0
    local kind
    for kind in pid net ipc uts user cgroup time mnt; do
        expect_match "^$kind:"
        expect_no_line "$(ns $kind)"
    done
}

@test "a namespace can be the host's" {
    local option kind
    for option in net:net ipc:ipc uts:uts cgroupns:cgroup; do
        kind=${option#*:}
        run inside "--${option%:*}" host
        expect_status 0
        expect_line "$(ns "$kind")"
    done
    run inside --userns host --pid host
    expect_status 0
    expect_line "$(ns pid)"
    expect_line "$(ns user)"
}

@test "namespaces of a running container are joined" {
    start first "$IMAGE" /init say up , pause
    local pid net
    pid=$(ambit inspect --format '{{.State.Pid}}' first)
    net=$(readlink "/proc/$pid/ns/net")
    run inside --net container:first
    expect_status 0
    expect_line "$net"
    run inside --net "ns:/proc/$pid/ns/net"
    stop first
    expect_status 0
    expect_line "$net"
}

@test "a container that is not there cannot be joined" {
    try run --rm --net container:nobody "$IMAGE"
    expect_error 125 'nobody'
}

@test "the first process is 1 and nobody else is there" {
    try run --rm "$IMAGE" /init pid , ls /proc
    expect_line "pid=1 ppid=0 pgid=1 sid=1"
    expect_line 1
    expect_no_line 2
    expect_no_line "$$"
}

@test "root inside is nobody special outside" {
    start mapped "$IMAGE" /init say up , pause
    local pid uid
    pid=$(ambit inspect --format '{{.State.Pid}}' mapped)
    uid=$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")
    stop mapped
    [ "$uid" -ge 65536 ] || { echo "uid $uid"; false; }
}

@test "two containers have different id ranges" {
    start one "$IMAGE" /init say up , pause
    start two "$IMAGE" /init say up , pause
    local a b
    a=$(cat "/proc/$(ambit inspect --format '{{.State.Pid}}' one)/uid_map")
    b=$(cat "/proc/$(ambit inspect --format '{{.State.Pid}}' two)/uid_map")
    stop one
    stop two
    [ -n "$a" ] && [ "$a" != "$b" ] || { echo "$a / $b"; false; }
}

@test "the network has a loopback that is up, and nothing else" {
    try run --rm "$IMAGE" /init cat /proc/net/dev
    expect_status 0
    [ "$(grep -c : <<<"$output")" -eq 1 ] || { show; false; }
    expect_match '^ *lo:'
    try run --rm "$IMAGE" /init cat /proc/net/if_inet6
    expect_match ' lo$'
}

@test "the host name is the id's first digits, or the one given" {
    try run --rm --cidfile "$BATS_TEST_TMPDIR/id" "$IMAGE" /init hostname
    expect_output "$(head -c 12 "$BATS_TEST_TMPDIR/id")"
    try run --rm -h inner.example "$IMAGE" /init hostname , cat /etc/hostname , cat /etc/hosts
    expect_line inner.example
    expect_match '^127\.0\.0\.1[[:space:]].*localhost'
    expect_match 'inner\.example$|inner\.example[[:space:]]'
}

@test "changing the host name inside changes nothing outside" {
    local before
    before=$(hostname)
    try run --rm --cap-add SYS_ADMIN "$IMAGE" /init hostname elsewhere
    expect_output elsewhere
    [ "$(hostname)" = "$before" ]
}

@test "clocks can be moved" {
    try run --rm --boottime-offset 30d "$IMAGE" /init clock boottime
    expect_status 0
    local now
    now=$(cut -d. -f1 /proc/uptime)
    [ "$output" -ge $((now + 30 * 86400 - 5)) ] || { show; false; }
}

@test "the container's cgroup is the root of what it sees" {
    try run --rm "$IMAGE" /init cat /proc/self/cgroup
    expect_status 0
    run grep -E '(pids|memory|^0):' <<<"$output"
    [[ $output != *ambit* ]] || { show; false; }
}

@test "--add-host and --dns reach the container's files" {
    try run --rm --add-host box:192.0.2.7 --dns 192.0.2.53 --dns-search example.org "$IMAGE" /init cat /etc/hosts /etc/resolv.conf
    expect_match '^192\.0\.2\.7[[:space:]]+box$'
    expect_line 'nameserver 192.0.2.53'
    expect_line 'search example.org'
}

@test "System V memory is apart" {
    require command -v ipcs -- "no ipcs(1)"
    local before
    before=$(ipcs -m | wc -l)
    # shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) is system call 29 on x86-64
    require test "$(uname -m)" = x86_64 -- "system call numbers are x86-64's"
    try run --rm "$IMAGE" /init syscall 29 0 4096 01600 , cat /proc/sysvipc/shm
    expect_status 0
    [ "$(ipcs -m | wc -l)" -eq "$before" ]
}
