#!/usr/bin/env bats
# The harness itself: what it counts, and that it sees what a test leaves behind.

setup() {
    runner=$BATS_TEST_DIRNAME/../run
    file=$BATS_TEST_TMPDIR/sample.bats
    unset AMBIT_TEST_DIR CI
    export TEST_PATIENCE_S=0.3
}

sample() { # HEAD BODY...: a test file of one test
    printf '%s\n@test "sample" {\n' "$1" >"$file"
    shift
    printf '    %s\n' "$@" >>"$file"
    echo '}' >>"$file"
}

harness() {
    run timeout 60 "$runner" "$file"
}

ends_with() {
    [ "${lines[-1]}" = "$1" ] || { echo "$output"; false; }
}

tells() {
    [[ $output == *"$1"* ]] || { echo "$output"; false; }
}

@test "a passing file counts its tests and the leak check" {
    sample "" "true"
    harness
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    ends_with "2 passed, 0 failed, 0 skipped"
}

@test "a failing test is named and makes the exit status 1" {
    sample "" "echo reason" "false"
    harness
    [ "$status" -eq 1 ]
    tells "reason"
    ends_with "1 passed, 1 failed, 0 skipped"
}

@test "a skip says why; where CI=true an unexpected one is a failure" {
    sample "" 'skip "no such thing"'
    harness
    tells "sample: no such thing  [not in tests/skips.list"
    ends_with "1 passed, 0 failed, 1 skipped"
    export CI=true
    harness
    [ "$status" -eq 1 ]
    ends_with "1 passed, 1 failed, 0 skipped"
}

@test "a file that does not end is ended" {
    sample "# timeout: 1" "sleep 30"
    harness
    [ "$status" -eq 1 ]
    tells "not after 1 s"
}

@test "a file that cannot be read as tests is a failure" {
    echo 'nonsense (' >"$file"
    harness
    [ "$status" -eq 1 ]
}

@test "a process that is left, whatever session it made" {
    sample "" "setsid -f sleep 20 3>&- >/dev/null 2>&1"
    harness
    [ "$status" -eq 1 ]
    tells "process: "
    tells "sleep 20"
    ends_with "1 passed, 1 failed, 0 skipped"
}

@test "a container's directory and a half-written file that are left" {
    sample "" 'mkdir -p "$AMBIT_TEST_DIR/store/containers/x"' 'touch "$AMBIT_TEST_DIR/.tmp-1"'
    harness
    [ "$status" -eq 1 ]
    tells "store/containers/x"
    tells "/.tmp-1"
}

@test "a mount that is left" {
    [ "$(id -u)" = 0 ] || skip "mounting needs root"
    sample "" 'mkdir "$AMBIT_TEST_DIR/m"' 'mount -t tmpfs left "$AMBIT_TEST_DIR/m"'
    harness
    [ "$status" -eq 1 ]
    tells "mount: "
    local place
    place=$(sed -n 's/^ *mount: //p' <<<"$output") # others run this test as well
    ! grep -F " $place " /proc/self/mountinfo
}

@test "a cgroup and a network interface that are left" {
    [ "$(id -u)" = 0 ] || skip "needs root"
    [ -d /sys/fs/cgroup/pids ] || [ -f /sys/fs/cgroup/cgroup.procs ] || skip "no cgroup to make one in"
    local parent=/sys/fs/cgroup
    [ ! -d /sys/fs/cgroup/pids ] || parent=/sys/fs/cgroup/pids
    local id
    id=ambit-$(printf '%064x' $$)
    sample "" "mkdir $parent/$id" "ip link add amb-left-$$ type dummy || ip link add amb-left-$$ type veth peer name amb-peer-$$"
    harness
    ip link del "amb-left-$$" || true
    [ "$status" -eq 1 ]
    tells "cgroup: $parent/$id"
    tells "interface: amb-left-$$"
    [ ! -d "$parent/$id" ]
}

refused() { # CALL LINE...: with CALL refused a test says these lines and fails
    local call=$1
    shift
    sample "" "printf '%s\\n' $(printf '"%s" ' "$@") >\"\$FAULT_LOG/\$BATS_TEST_NUMBER.1\"" false
    run timeout 60 "$runner" --fault "$call=EPERM" "$file"
}

@test "the fault lane takes a failure for good that names the call" {
    refused fsopen "ambit run: rootfs: fsopen proc: Operation not permitted"
    tells "of the passed, 1 were refused in words"
    ends_with "2 passed, 0 failed, 0 skipped"
}

@test "the fault lane does not count tests whose setup_file was refused" {
    sample 'setup_file() { echo "ambit: fsopen: refused" >"$FAULT_LOG/0.1"; false; }' true
    printf '@test "another" {\n    true\n}\n' >>"$file"
    run timeout 60 "$runner" --fault fsopen=EPERM "$file"
    [ "$status" -eq 0 ]
    tells "of the passed, 1 were refused in words"
    ends_with "2 passed, 0 failed, 0 skipped"
}

@test "the fault lane does not take one without a name, or with one of two" {
    refused fsopen "ambit run: rootfs: mount proc: Operation not permitted"
    ends_with "1 passed, 1 failed, 0 skipped"
    refused fsopen "ambit run: fsopen: Operation not permitted" "ambit exec: Operation not permitted"
    tells "unclear: ambit exec"
    ends_with "1 passed, 1 failed, 0 skipped"
}

@test "the fault lane does not take words for calls that have another way, or for what does not end" {
    sample "" 'echo "output: ambit: openat2: refused"' false
    run timeout 60 "$runner" --fault openat2=EPERM "$file"
    ends_with "1 passed, 1 failed, 0 skipped"
    sample "# timeout: 1" 'echo "ambit: fsopen: refused" >"$FAULT_LOG/1.1"' "sleep 30"
    run timeout 60 "$runner" --fault fsopen=EPERM "$file"
    [ "$status" -eq 1 ]
}
