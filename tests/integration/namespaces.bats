#!/usr/bin/env bats
# Every namespace in every mode, seen from inside and from outside; and the pairs that make no sense.

load lib

kinds="pid net ipc uts user cgroup time mnt"

option_of() { # KIND
    case $1 in
    user) echo --userns ;;
    cgroup) echo --cgroupns ;;
    time) echo --timens ;;
    *) echo "--$1" ;;
    esac
}

pid_of() { # CONTAINER: its first process as the host sees it
    ambit inspect --format '{{.State.Pid}}' "$1"
}

ns_of() { # PID KIND
    readlink "/proc/$1/ns/$2"
}

expect_same() { # WHAT A B
    [ "$2" = "$3" ] || { echo "$1: $2 and $3 should be the same"; return 1; }
}

expect_different() { # WHAT A B
    [ -n "$2" ] && [ -n "$3" ] && [ "$2" != "$3" ] ||
        { echo "$1: $2 and $3 should be different"; return 1; }
}

up() { # NAME OPTION...: a container that does nothing
    start "$1" "${@:2}" "$IMAGE" /init say up , pause
}


teardown() {
    local name
    for name in first second third; do
        [ ! -e "$TEST_DIR/$name.pid" ] || stop "$name"
        rm -f "$TEST_DIR/$name.pid"
    done
}

@test "the process is 1 inside and an ordinary process of the host outside" {
    up first
    local pid
    pid=$(pid_of first)
    [ "$pid" -gt 1 ] && [ -d "/proc/$pid" ]
    run awk '/^NSpid:/ { print $2, $3, $4 }' "/proc/$pid/status"
    expect_output "$pid 1 "
    expect_same parent "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")" "$(cat "$TEST_DIR/first.pid")"
    run tr '\0' ' ' <"/proc/$pid/cmdline"
    expect_output "/init say up , pause "
}

@test "private: all eight are the container's own, seen from outside, and differ between two" {
    up first
    up second
    local a b kind
    a=$(pid_of first)
    b=$(pid_of second)
    for kind in $kinds; do
        expect_different "$kind and the host" "$(ns_of "$a" "$kind")" "$(ns_of self "$kind")"
        expect_different "$kind of two" "$(ns_of "$a" "$kind")" "$(ns_of "$b" "$kind")"
    done
}

@test "host: the one named is the host's, the others stay private" {
    local host kind pid
    for host in net ipc uts cgroup time; do
        up first "$(option_of $host)" host
        pid=$(pid_of first)
        for kind in $kinds; do
            if [ "$kind" = "$host" ]; then
                expect_same "$kind" "$(ns_of "$pid" "$kind")" "$(ns_of self "$kind")"
            else
                expect_different "$kind with $host of the host" "$(ns_of "$pid" "$kind")" "$(ns_of self "$kind")"
            fi
        done
        stop first
    done
}

@test "host: every process and every user of the host, said aloud with --userns host" {
    up first --userns host --pid host
    local pid
    pid=$(pid_of first)
    expect_same pid "$(ns_of "$pid" pid)" "$(ns_of self pid)"
    expect_same user "$(ns_of "$pid" user)" "$(ns_of self user)"
    expect_different mnt "$(ns_of "$pid" mnt)" "$(ns_of self mnt)"
    try exec first /init stat "/proc/$$"
    expect_status 0
}

@test "container:C: the one named is C's, and the user namespace follows where it must" {
    up first
    local first kind pid
    first=$(pid_of first)
    for kind in pid net ipc; do
        up second "--$kind" container:first
        pid=$(pid_of second)
        expect_same "$kind" "$(ns_of "$pid" $kind)" "$(ns_of "$first" $kind)"
        expect_same "user with $kind" "$(ns_of "$pid" user)" "$(ns_of "$first" user)"
        expect_different mnt "$(ns_of "$pid" mnt)" "$(ns_of "$first" mnt)"
        expect_different uts "$(ns_of "$pid" uts)" "$(ns_of "$first" uts)"
        stop second
    done
}

@test "container:C for several at once" {
    up first
    up second --pid container:first --net container:first --ipc container:first --uts container:first \
        --userns container:first --cgroupns container:first --timens container:first
    local a b kind
    a=$(pid_of first)
    b=$(pid_of second)
    for kind in pid net ipc uts user cgroup time; do
        expect_same $kind "$(ns_of "$b" $kind)" "$(ns_of "$a" $kind)"
    done
    expect_different mnt "$(ns_of "$b" mnt)" "$(ns_of "$a" mnt)"
    # One sees the other's process, as process 1.
    try exec second /init stat /proc/1 /proc/2
    expect_status 0
}

@test "ns:PATH: a namespace is joined by its file" {
    up first
    local pid kind other
    pid=$(pid_of first)
    for kind in net ipc uts; do
        up second --userns "ns:/proc/$pid/ns/user" "--$kind" "ns:/proc/$pid/ns/$kind"
        other=$(pid_of second)
        expect_same $kind "$(ns_of "$other" $kind)" "$(ns_of "$pid" $kind)"
        expect_same user "$(ns_of "$other" user)" "$(ns_of "$pid" user)"
        stop second
    done
}

@test "ns:PATH: a file that was kept open outlives its processes" {
    touch "$BATS_TEST_TMPDIR/kept"
    unshare --uts="$BATS_TEST_TMPDIR/kept" hostname kept-open
    try run --rm --userns host --uts "ns:$BATS_TEST_TMPDIR/kept" "$IMAGE" /init hostname
    umount "$BATS_TEST_TMPDIR/kept"
    expect_status 0
    expect_output kept-open
}

@test "ns:PATH of another kind, of no namespace, of nothing: refused, the option is named" {
    local path
    for path in /proc/self/ns/net /etc/hostname /no/such /proc/self/ns; do
        try run --rm --uts "ns:$path" "$IMAGE" /init say ran
        expect_error 125 "$path"
        [[ $output != *ran* ]]
    done
    try run --rm --uts ns:relative "$IMAGE"
    expect_error 125 'uts.*absolute'
}

@test "modes that are none: refused, the option and the word are named" {
    local option
    for option in --pid --net --ipc --uts --userns --cgroupns --timens; do
        try run --rm "$option" nonsense! "$IMAGE"
        expect_error 125 "$option.*nonsense!"
        try run --rm "$option" container: "$IMAGE"
        expect_error 125 "$option.*container:"
        try run --rm "$option" container:nobody "$IMAGE"
        expect_error 125 "nobody"
        try run --rm "$option" "" "$IMAGE"
        expect_error 125 "$option"
    done
}

@test "a container that has ended cannot be joined" {
    ambit run --name ended "$IMAGE"
    try run --rm --net container:ended "$IMAGE" /init say ran
    ambit rm ended
    expect_error 125 'ended.*not running|not running.*ended'
}

@test "pairs that make no sense are refused, both options are named" {
    local options
    while read -r options; do
        # shellcheck disable=SC2086
        try run --rm $options "$IMAGE" /init say ran
        expect_error 125 "${options%% *}"
        [[ $output != *ran* ]] || { echo "$options"; show; false; }
    done <<'END'
--hostname box --uts host
--domainname box --uts host
--shm-size 1m --ipc host
--monotonic-offset 5 --timens host
--boottime-offset 5 --timens host
END
}

@test "private UTS: host and domain name are set, and changing them stays inside" {
    local host
    host=$(uname -n)
    try run --rm --hostname box --domainname example.org "$IMAGE" /init hostname , cat /proc/sys/kernel/domainname
    expect_status 0
    expect_output $'box\nexample.org'
    expect_same hostname "$(uname -n)" "$host"
    local name
    for name in '' -x 'a b' "$(printf 'x%.0s' {1..65})" $'a\nb'; do
        try run --rm --hostname "$name" "$IMAGE" /init say ran
        expect_error 125 hostname
    done
}

@test "private IPC: System V objects of the host are not there, and the other way round" {
    require command -v ipcmk -- "no ipcmk(1)"
    local id
    id=$(ipcmk -M 4096 | grep -o '[0-9]*$')
    try run --rm "$IMAGE" /init cat /proc/sysvipc/shm
    local private=$output
    try run --rm --ipc host --userns host "$IMAGE" /init cat /proc/sysvipc/shm
    ipcrm -m "$id"
    expect_match " $id "
    [ "$(wc -l <<<"$private")" -eq 1 ] || { echo "$private"; false; }
}

@test "private IPC: POSIX message queues are the container's own and shared by those who join" {
    up first
    # Made by open(2); a write(2) of nothing is no message and is refused.
    try exec first /init touch /dev/mqueue/queue
    try run --rm --ipc container:first "$IMAGE" /init ls /dev/mqueue
    expect_output queue
    try run --rm "$IMAGE" /init ls /dev/mqueue
    expect_output ""
}

@test "private IPC: /dev/shm is the container's own and shared by those who join" {
    up first --shm-size 1m
    try exec first /init write /dev/shm/file text
    expect_status 0
    try run --rm --ipc container:first "$IMAGE" /init cat /dev/shm/file
    expect_output text
    try run --rm "$IMAGE" /init ls /dev/shm
    expect_output ""
    try run --rm --ipc container:first --shm-size 2m "$IMAGE" /init say ran
    expect_error 125 shm-size
}

@test "time: both clocks are moved, forth and back, and inspect of the host's shows no change" {
    local uptime
    uptime=$(cut -d. -f1 /proc/uptime)
    try run --rm --boottime-offset 2h --monotonic-offset 1d "$IMAGE" /init clock boottime , clock monotonic
    expect_status 0
    local boottime=${lines[0]} monotonic=${lines[1]}
    [ "$boottime" -ge $((uptime + 7195)) ] && [ "$boottime" -le $((uptime + 7260)) ] || { show; false; }
    [ "$monotonic" -ge $((86400)) ] || { show; false; }
    try run --rm --boottime-offset=-60 "$IMAGE" /init clock boottime
    expect_status 0
    [ "$output" -lt $((uptime - 50)) ] || { echo "uptime $uptime"; show; false; }
    local value
    for value in x 1y '' 99999999999999999999 1..2; do
        try run --rm --boottime-offset="$value" "$IMAGE" /init say ran
        expect_error 125 boottime-offset
    done
    # Before the boot of the host there is no time.
    try run --rm --boottime-offset=-36500d "$IMAGE" /init say ran
    expect_error 125 'boottime|offset'
}

@test "network: a loopback that is up and answers; the host's interfaces are not there" {
    up first
    local pid
    pid=$(pid_of first)
    run nsenter -t "$pid" -n ip -br link
    expect_match '^lo .*UP'
    [ "$(wc -l <<<"$output")" -eq 1 ] || { show; false; }
    run nsenter -t "$pid" -n bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' # refused, not unreachable
    [[ $output == *refused* ]] || { show; false; }
    try run --rm --net host "$IMAGE" /init ls /sys/class/net
    expect_output "$(ls /sys/class/net)"
    try run --rm --net host "$IMAGE" /init hostname
    expect_output "$(uname -n)"
    try run --rm --net host --hostname own "$IMAGE" /init hostname
    expect_output own
}

@test "network: two containers that share one see each other's sockets" {
    up first
    try run --rm --net container:first "$IMAGE" /init readlink /proc/self/ns/net
    expect_output "$(ns_of "$(pid_of first)" net)"
    # It has the first one's name servers and hosts, and may not have others.
    try run --rm --net container:first --dns 192.0.2.1 "$IMAGE" /init say ran
    expect_error 125 dns
}

@test "cgroup: private shows the container's own as root, host shows the whole path" {
    up first
    local pid outside
    pid=$(pid_of first)
    outside=$(grep -c ambit "/proc/$pid/cgroup")
    [ "$outside" -ge 1 ] || { cat "/proc/$pid/cgroup"; false; }
    try exec first /init cat /proc/self/cgroup
    [[ $output != *ambit* ]] || { show; false; }
    try run --rm --cgroupns host "$IMAGE" /init cat /proc/self/cgroup
    expect_match ambit
}

@test "the end of one container leaves another that shares its namespaces as it was" {
    up first
    up second --net container:first
    local net
    net=$(ns_of "$(pid_of first)" net)
    stop first
    expect_same net "$(ns_of "$(pid_of second)" net)" "$net"
    try exec second /init readlink /proc/self/ns/net
    expect_output "$net"
}

@test "the end of the process tree's owner ends those who joined it" {
    up first
    start second --pid container:first "$IMAGE" /init say up , pause
    ambit kill first
    local outcome=0
    await 15 eval "! kill -0 $(cat "$TEST_DIR/second.pid")"
    wait "$(cat "$TEST_DIR/second.pid")" || outcome=$?
    expect_same status "$outcome" 137
}
