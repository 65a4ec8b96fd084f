#!/usr/bin/env bats
# What the first notes on containers say of them, one test per statement, each by the commands that
# show it. The details have files of their own: boundary, joining, explain, ns, enter, unshare,
# limits, run.

load lib

setup_file() {
    prepare_store
    start web --hostname webhost --memory 48m --pids-limit 30 --cpus 0.5 \
        "$IMAGE" /init touch /dev/shm/mine , say up , pause
}

teardown_file() {
    stop web
    discard_store
}

host_pid() { # of web's first process
    ambit inspect --format '{{.State.Pid}}' web
}

every_link() { # the words that make /init print all its namespaces
    local kind
    printf 'say begin'
    for kind in pid net ipc uts user cgroup time mnt; do
        printf ' , readlink /proc/self/ns/%s' $kind
    done
}

expect_shared() { # PID KIND...: these namespaces in $output are PID's, the others of the eight not
    local pid=$1 kind
    shift
    for kind in pid net ipc uts user cgroup time mnt; do
        case " $* " in
        *" $kind "*) expect_line "$(readlink "/proc/$pid/ns/$kind")" ;;
        *) expect_no_line "$(readlink "/proc/$pid/ns/$kind")" ;;
        esac
    done
}

@test "a container is a special process: no daemon, visible in the host's ps" {
    local pid engine
    pid=$(host_pid)
    engine=$(cat "$TEST_DIR/web.pid")
    run ps -o args= -p "$pid"
    expect_match '^/init touch /dev/shm/mine'
    # Its parent is the `ambit run` that a shell started; between and beside them is nobody.
    run ps -o ppid= -p "$pid"
    expect_match "^ *$engine$"
    run ps -o pid= --ppid "$engine"
    expect_match "^ *$pid$"
    [ "$(wc -l <<<"$output")" -eq 1 ]
    # An ordinary process: the host's signals reach it, and its end is the end of the container.
    start brief "$IMAGE" /init say up , pause
    kill -KILL "$(ambit inspect --format '{{.State.Pid}}' brief)"
    await 5 eval "! kill -0 $(cat "$TEST_DIR/brief.pid")"
    stop brief
}

@test "PID namespace: itself 1, the host sees the real pid" {
    local pid
    pid=$(host_pid)
    [ "$pid" -gt 1 ]
    try exec web /init ls /proc
    expect_line 1
    expect_no_line "$pid"
    run awk '/^NSpid:/ { print $2, $3 }' "/proc/$pid/status"
    expect_output "$pid 1"
    try explain web
    expect_match "it is 1 inside, $pid outside"
}

@test "the eight namespaces are selectable" {
    local pid option kind links
    pid=$(host_pid)
    read -ra links <<<"$(every_link)"
    try run --rm "$IMAGE" /init "${links[@]}" # private
    expect_status 0
    expect_shared self
    for option in net:net ipc:ipc uts:uts cgroupns:cgroup timens:time; do
        kind=${option#*:} option=--${option%:*}
        try run --rm "$option" host "$IMAGE" /init "${links[@]}"
        expect_status 0
        expect_shared self "$kind"
        try run --rm "$option" container:web "$IMAGE" /init "${links[@]}"
        expect_status 0
        expect_line "$(readlink "/proc/$pid/ns/$kind")"
        try run --rm "$option" "ns:/proc/$pid/ns/$kind" "$IMAGE" /init "${links[@]}"
        expect_status 0
        expect_line "$(readlink "/proc/$pid/ns/$kind")"
    done
    try run --rm --userns host "$IMAGE" /init "${links[@]}"
    expect_shared self user
    try run --rm --userns host --pid host "$IMAGE" /init "${links[@]}"
    expect_shared self user pid
    try run --rm --userns container:web "$IMAGE" /init "${links[@]}"
    expect_shared "$pid" user
    try run --rm --pid container:web "$IMAGE" /init "${links[@]}"
    expect_shared "$pid" user pid # of the eighth, mounts, everybody has his own
}

@test "clone, setns, unshare: run, exec/enter, unshare" {
    local pid links process
    pid=$(host_pid)
    read -ra links <<<"$(every_link)"
    # clone: a new process in new namespaces
    try run --rm "$IMAGE" /init "${links[@]}"
    expect_shared "$pid"
    expect_shared self
    # setns: a new process in those that are there, bounded (exec) or not (enter)
    try exec web /init "${links[@]}"
    expect_shared "$pid" pid net ipc uts user cgroup time mnt
    try exec web /init status NoNewPrivs
    expect_match '1$'
    try enter web /init "${links[@]}"
    expect_shared "$pid" pid net ipc uts user cgroup time mnt
    try enter --net web readlink /proc/self/ns/net /proc/self/ns/uts
    expect_line "$(readlink "/proc/$pid/ns/net")"
    expect_line "$(readlink /proc/self/ns/uts)"
    # unshare: the caller itself moves, and stays the process it was
    background unshare --uts --hostname moved -- sleep 60
    process=$!
    await 5 eval "[ \"\$(readlink /proc/$process/ns/uts)\" != \"\$(readlink /proc/self/ns/uts)\" ] &&
        grep -q sleep /proc/$process/comm"
    [ "$(readlink "/proc/$process/ns/net")" = "$(readlink /proc/self/ns/net)" ]
    kill "$process"
}

@test "flags combine" {
    local pid links mask option options kinds i
    local all=(net:net ipc:ipc uts:uts cgroupns:cgroup)
    read -ra links <<<"$(every_link)"
    for ((mask = 0; mask < 16; mask++)); do # every subset of the four that are free of each other
        options=() kinds=()
        for i in 0 1 2 3; do
            [ $((mask >> i & 1)) -eq 1 ] || continue
            option=${all[i]}
            options+=("--${option%:*}" host)
            kinds+=("${option#*:}")
        done
        try run --rm "${options[@]}" "$IMAGE" /init "${links[@]}"
        expect_status 0
        expect_shared self "${kinds[@]}"
        # the same by unshare(2): what is not shared is new
        options=() kinds=(pid net ipc uts user cgroup time mnt)
        for i in 0 1 2 3; do
            [ $((mask >> i & 1)) -eq 1 ] || continue
            option=${all[i]}
            options+=("--${option%:*}")
            kinds=("${kinds[@]/#${option#*:}/}")
        done
        [ $mask -eq 0 ] || {
            try unshare "${options[@]}" -- "$INIT" "${links[@]}"
            expect_status 0
            expect_shared self "${kinds[@]}"
        }
    done
    # A pair that makes no sense is refused, with the names of both.
    try run --rm --pid container:web --userns private "$IMAGE"
    expect_error 125 '--pid=container:web.*user namespace'
    try run --rm --uts host --hostname x "$IMAGE"
    expect_error 125 '--hostname: cannot be used with --uts=host'
}

@test "/proc/PID/ns files: ambit ns" {
    local pid id file=$BATS_TEST_TMPDIR/net
    pid=$(host_pid)
    try ns
    expect_status 0
    local kind word
    for kind in user cgroup ipc uts net pid mnt; do
        word=${kind/mnt/mount}
        id=$(readlink "/proc/$pid/ns/$kind" | tr -dc 0-9)
        expect_match "^$word +$id +1 .* $pid +web "
    done
    # Held by a file it stays when its last process has gone, and can be joined by its path.
    start short "$IMAGE" /init say up , pause
    pid=$(ambit inspect --format '{{.State.Pid}}' short)
    id=$(readlink "/proc/$pid/ns/net")
    try ns keep short net "$file"
    stop short
    expect_status 0
    await 5 test ! -e "/proc/$pid"
    try run --rm --net "ns:$file" "$IMAGE" /init readlink /proc/self/ns/net
    local status_of_run=$status output_of_run=$output
    ambit ns drop "$file"
    [ "$status_of_run" -eq 0 ]
    [ "$output_of_run" = "$id" ]
}

@test "own root by pivot_root" {
    local pid
    pid=$(host_pid)
    try run --plan "$IMAGE"
    expect_match 'pivot-root'
    try exec web /init ls /
    expect_line init
    expect_no_line root
    # The old root is not hidden but gone: no mount of the host's is left to reach it by.
    [ "$(stat -Lc %d:%i "/proc/$pid/root")" != "$(stat -c %d:%i /)" ]
    run awk '$5 == "/" { print $9 }' "/proc/$pid/mountinfo"
    expect_output overlay
    # The type of the filesystem follows the "-" that ends the optional fields (proc(5)).
    run awk '{ type = $0; sub(/.* - /, "", type); sub(/ .*/, "", type) }
        $4 == "/" && type !~ /^(overlay|tmpfs|proc|sysfs|devpts|mqueue|cgroup2?)$/' "/proc/$pid/mountinfo"
    expect_output ""
    # The way out of a chroot ends at the container's root.
    try run --rm "$IMAGE" /init mkdir /cell , chroot /cell , ls ../../../../../..
    expect_status 0
    expect_line init
    expect_no_line root
}

@test "hostname, IPC, users" {
    local pid name
    pid=$(host_pid)
    name=$(hostname)
    try exec web /init hostname , ls /dev/shm , id
    expect_line webhost
    expect_line mine
    expect_match 'uid=0'
    [ "$(hostname)" = "$name" ]
    [ ! -e /dev/shm/mine ]
    # Its root is nobody special outside.
    [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" -ge 1879048192 ]
    # Another container has another name, no such file, other users.
    try run --rm "$IMAGE" /init hostname , ls /dev/shm , cat /proc/self/uid_map
    expect_no_line webhost
    expect_no_line mine
    expect_no_line "$(cat "/proc/$pid/uid_map")"
}

@test "cgroups constrain" {
    try run --rm -m 32m "$IMAGE" /init hog 100
    expect_status 137
    try run --rm --pids-limit 10 "$IMAGE" /init fork 50
    expect_status 0
    expect_output "made 9"
    try explain web
    expect_match '^  memory +.* of 48MiB'
    expect_match '^  processes +1 of 30$'
    expect_match 'at most 0\.50 of the host'
}

@test "TTY" {
    local answer
    answer=$(python3 - "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm -it \
        "$IMAGE" /init isatty , winsize , await WINCH , winsize <<'PYTHON'
import fcntl, os, pty, signal, struct, sys, termios
signal.alarm(30)
def size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    size(0, 31, 97)
    os.execv(sys.argv[1], sys.argv[1:])
seen, resized = b"", False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b"ready" in seen and not resized:
        resized = True
        size(fd, 40, 120)
print(seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
    ) || { echo "$answer"; return 1; }
    output=$answer
    expect_line "0 tty"
    expect_line "2 tty"
    expect_line "rows=31 columns=97"
    expect_line "rows=40 columns=120"
    try run --rm "$IMAGE" /init isatty
    expect_line "0 none"
}
