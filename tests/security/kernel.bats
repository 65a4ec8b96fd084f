#!/usr/bin/env bats
# Class E: what of the kernel can be seen and written in /proc, /sys and cgroups. Class N: what can
# be asked of it. CVE-2022-0185, 2022-0492, 2023-25809, GHSA-7ww5-4wqc-m92c.

load ../integration/lib

refused() { # COMMAND...: of /init, in a default container
    try run --rm "$IMAGE" /init "$@"
    [ "$status" -eq 1 ] || { show; echo "not refused: $*"; return 1; }
}

@test "kernel settings cannot be written" {
    local file
    for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom \
        /proc/sysrq-trigger /proc/sys/fs/binfmt_misc/register; do
        refused set $file x
    done
}

@test "neither by a container's root with more power" {
    try run --rm --cap-add ALL "$IMAGE" /init set /proc/sys/kernel/core_pattern '|/x'
    expect_status 1
    [ "$(cat /proc/sys/kernel/core_pattern)" != '|/x' ]
}

@test "what tells about the machine is masked" {
    local file
    for file in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do
        try run --rm "$IMAGE" /init cat $file
        [ "$status" -ne 0 ] || [ -z "$output" ] || { show; echo "$file is readable"; false; }
    done
    try run --rm "$IMAGE" /init ls /sys/firmware
    [ -z "$output" ] || [ "$status" -ne 0 ] || { show; false; }
}

@test "masks cannot be taken off" {
    refused umount /proc/kcore
    try run --rm --cap-add SYS_ADMIN "$IMAGE" /init umount /proc/kcore
    [ "$status" -ne 0 ] || {
        try run --rm --cap-add SYS_ADMIN "$IMAGE" /init umount /proc/kcore , cat /proc/kcore
        expect_status 1
    }
}

@test "cgroups are read-only, and the host's are not to be seen" {
    try run --rm "$IMAGE" /init mounts
    run grep ' /sys/fs/cgroup' <<<"$output"
    [[ -z $output || $output == *" ro,"* ]] || { show; false; }
    if [ -d /sys/fs/cgroup/memory ]; then
        refused write /sys/fs/cgroup/memory/release_agent x
        refused mkdir /sys/fs/cgroup/memory/deeper
    else
        refused mkdir /sys/fs/cgroup/deeper
    fi
}

@test "mounting, namespaces and device nodes are refused" {
    refused mount tmpfs none /tmp
    refused mount bind /etc /tmp
    refused mount proc proc /tmp
    refused mknod /tmp/disk b 254 0
    refused unshare mount
    refused unshare net
    refused setns /proc/1/ns/net
}

@test "a new user namespace is refused by the filter" {
    refused unshare user
}

@test "device nodes of an image do not work" {
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    mknod "$BATS_TEST_TMPDIR/rootfs/mem" c 1 1
    mknod "$BATS_TEST_TMPDIR/rootfs/zero" c 1 5
    chmod 666 "$BATS_TEST_TMPDIR/rootfs/zero"
    try run --rm --rootfs "$BATS_TEST_TMPDIR/rootfs" /init open /zero
    expect_status 1
    try run --rm --rootfs "$BATS_TEST_TMPDIR/rootfs" /init open /mem
    expect_status 1
}

@test "nor once a container with power over its mounts has taken nodev away: there are device rules" {
    local option
    cp -r "$TEST_DIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    mknod -m 666 "$BATS_TEST_TMPDIR/rootfs/kmsg" c 1 11
    mknod -m 666 "$BATS_TEST_TMPDIR/rootfs/zero" c 1 5
    for option in --privileged --cap-add=SYS_ADMIN; do
        background run --rm --name mighty "$option" --rootfs "$BATS_TEST_TMPDIR/rootfs" /init pause
        await 10 ambit exec mighty /init remount /
        ambit exec mighty /init open /zero
        try exec mighty /init open /kmsg
        ambit kill -s KILL mighty
        wait $! || true
        expect_status 1
        [ "$errors" = 'open /kmsg: Operation not permitted' ] || { show; false; }
    done
}

@test "system calls that the default filter keeps back" {
    require test "$(uname -m)" = x86_64 -- "system call numbers are x86-64's"
    # keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup kexec_load init_module
    # open_by_handle_at reboot swapon mount pivot_root
    local number
    for number in 250 248 249 321 298 323 425 246 175 304 169 167 165 155; do
        refused syscall $number 0 0 0 0 0 0
        [[ $errors == *"not permitted"* || $errors == *"not implemented"* ]] || { show; echo "$number"; false; }
    done
    refused syscall 9999
    [[ $errors == *"not implemented"* ]] || { show; false; }
}

@test "socket families: the ordinary ones work, the dangerous ones do not" {
    try run --rm "$IMAGE" /init socket unix , socket inet , socket inet6 , socket netlink
    expect_status 0
    refused socket alg
    refused socket vsock
    refused socket packet
}

@test "the filter can be left out, and only aloud" {
    local around # filters that we run under ourselves, and that of the fault lane
    around=$(awk '$1 == "Seccomp_filters:" { print $2 }' /proc/self/status)
    [ -z "${FAULT:-}" ] || around=$((around + 1))
    try run --rm --security-opt seccomp=unconfined "$IMAGE" /init status Seccomp_filters
    expect_output $'Seccomp_filters:\t'"$around"
    try run --rm "$IMAGE" /init status Seccomp Seccomp_filters
    expect_output $'Seccomp:\t2\nSeccomp_filters:\t'$((around + 1))
}

@test "sysctls of namespaces the container does not own are refused" {
    local key
    for key in kernel.core_pattern vm.overcommit_memory fs.file-max kernel.shm_rmid_forced+x=1 kernel/../../x; do
        try run --rm --sysctl "$key=1" "$IMAGE"
        expect_status 125
    done
    try run --rm --net host --sysctl net.ipv4.ip_forward=1 "$IMAGE"
    expect_status 125
    try run --rm --sysctl net.ipv4.conf.all.forwarding=1 "$IMAGE" /init cat /proc/sys/net/ipv4/conf/all/forwarding
    expect_output 1
}

@test "processes of the host cannot be seen or signalled" {
    sleep 30 3>&- &
    local host=$! outcome=0
    refused kill KILL $host || outcome=$?
    kill $host # it is there
    [ $outcome -eq 0 ]
    try run --rm "$IMAGE" /init ls /proc
    expect_no_line "$host"
}

@test "a fork bomb leaves the host its processes" {
    try run --rm --pids-limit 50 "$IMAGE" /init fork 1000
    expect_status 0
    expect_output "made 49"
}
