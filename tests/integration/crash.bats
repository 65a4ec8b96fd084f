# kill -9 of the engine's process at any moment leaves nothing that `ambit system check --repair`
# does not take away, and what it leaves does not run on.

load lib

killed() { # COMMAND ARGUMENT...: run, killed when the command has ended
    local command=$1
    shift
    # Not the function of lib.bash: its subshell would be what is killed.
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run "$@" \
        </dev/null >/dev/null 2>&1 3>&- &
    local pid=$!
    eval "$command"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

is_running() {
    await 5 eval '[ -n "$(ambit ps -q)" ]'
}

own_cgroups() {
    find /sys/fs/cgroup -maxdepth 2 -type d -name 'ambit-*' 2>/dev/null | grep -Ff "$TEST_DIR/ids" || true
}

# What was killed before it held its lock is left alone for a minute: let that be over.
minute_passes() {
    find "$TEST_STATE/containers" "$TEST_ROOT/containers" -mindepth 1 -maxdepth 1 \
        -exec touch -d '2 minutes ago' {} +
}

expect_nothing_left() {
    [ -z "$(ls "$TEST_STATE/containers" 2>/dev/null)" ] || { ls "$TEST_STATE/containers"; return 1; }
    [ -z "$(ls "$TEST_STATE/idranges" 2>/dev/null)" ] || { ls "$TEST_STATE/idranges"; return 1; }
    [ -z "$(ls "$TEST_STATE/names" 2>/dev/null)" ] || { ls "$TEST_STATE/names"; return 1; }
    [ -z "$(own_cgroups)" ] || { own_cgroups; return 1; }
    ! grep -q "$TEST_DIR" /proc/self/mountinfo
}

@test "50 kills at random moments of run --rm leave nothing after system check --repair" {
    local i
    for ((i = 0; i < 50; i++)); do
        killed "sleep 0.0$((RANDOM % 3))$((RANDOM % 10))" --rm init /init sleep 7.25
        ls "$TEST_STATE/containers" >>"$TEST_DIR/ids" 2>/dev/null || true
    done
    # The container dies with its engine process, also before anybody repairs.
    await 5 eval "! grep -l 'init.slee[p].7.25' /proc/[0-9]*/cmdline 2>/dev/null | grep -q ."
    minute_passes
    try system check --repair
    expect_status 0
    expect_nothing_left
    [ -z "$(ls "$TEST_ROOT/containers")" ]
    try system check
    expect_status 0
    expect_match '^0 containers, 0 findings'
}

@test "a container that was to be kept is recorded as ended by the kill" {
    killed is_running --name kept init /init sleep 1000
    ls "$TEST_STATE/containers" >>"$TEST_DIR/ids"
    # Its process is killed with the engine's, but does not die in the same instant.
    await 5 eval "ambit ps -a --format '{{.Names}} {{.State}}' | grep -qx 'kept dead'"
    try system check
    expect_status 1
    try system check --repair
    expect_status 0
    try ps -a --format '{{.Names}} {{.State}} {{.Status}}'
    expect_match '^kept exited Exited \(137\)'
    expect_nothing_left
    try rm kept
    expect_status 0
}

remove_parent() {
    find /sys/fs/cgroup -maxdepth 2 -type d -name "ambit-test-$$" -exec rmdir {} +
}

teardown() { # also of a test that failed
    remove_parent
}

@test "a kill with a cgroup parent of its own leaves no cgroup" {
    killed is_running --rm --cgroup-parent "/ambit-test-$$" init /init sleep 5
    try system check --repair
    expect_status 0
    [ -z "$(find /sys/fs/cgroup/*/ambit-test-$$ -mindepth 1 -type d 2>/dev/null)" ]
    remove_parent
    expect_nothing_left
}

@test "system check leaves alone what runs" {
    start alive init /init say ready , sleep 5
    try system check --repair
    expect_status 0
    try ps --format '{{.Names}} {{.State}}'
    expect_line 'alive running'
    stop alive
}
