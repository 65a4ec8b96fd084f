#!/usr/bin/env bats
# timeout: 600
# crun's own test suite (Debian's source package crun 1.8.1), with ambit-oci as the runtime. What does
# not pass stands in crun.known, with the reason.

load lib

setup_file() {
    local source
    source=$("$TOP/tests/peers/fetch-source" crun 2>"$BATS_FILE_TMPDIR/fetch") ||
        { cat "$BATS_FILE_TMPDIR/fetch"; return 1; }
    make_world
    inside sh -c 'echo 40000 >/proc/sys/kernel/ns_last_pid' # a test looks for five digits
    cp -r "$source/tests" "$TEST_DIR/suite"
    ln -s . "$TEST_DIR/suite/tests" # one test looks for its program below there
    : >"$TEST_DIR/suite/config.h" # what its configure would find is not asked for
    gcc -w -static -O1 -D_GNU_SOURCE -I"$TEST_DIR/suite" -o "$TEST_DIR/suite/init" \
        "$TEST_DIR/suite/init.c"
}

teardown_file() {
    # shellcheck disable=SC2016 # expanded inside
    # A test of delete leaves a process in a frozen cgroup of its own making.
    inside sh -c 'for state in /sys/fs/cgroup/freezer/*/freezer.state; do
        [ ! -e "$state" ] || echo THAWED >"$state"; done'
    end_world
}

# The outcome of each test of one file, against the table. Some ask for a terminal.
suite() { # NAME
    local file=test_$1.py
    on_terminal env -C "$TEST_DIR/suite" OCI_RUNTIME="$PEERS_RUNTIME" INIT="$TEST_DIR/suite/init" \
        python3 "$file"
    grep -q '^1\.\.' <<<"$output" || { show; return 1; }
    { grep -E '^(not )?ok ' <<<"$output" || true; } |
        sed -E 's/ *#SKIP.*/ skip/; t named; s/$/ pass/; s/^(not ok .*) pass$/\1 fail/; :named
            s/^(not )?ok [0-9]+ - //' | sort >"$TEST_DIR/is"
    sed -nE "s/^$1 +([^ ]+) +([a-z]+) .*/\1 \2/p" "$TOP/tests/peers/crun.known" | sort >"$TEST_DIR/known"
    grep -v ' pass$' "$TEST_DIR/is" >"$TEST_DIR/not" || true
    diff "$TEST_DIR/known" "$TEST_DIR/not" || { show; return 1; }
}

@test "capabilities" { suite capabilities; }
@test "cwd" { suite cwd; }
@test "delete" { suite delete; }
@test "detach" { suite detach; }
@test "devices" { suite devices; }
@test "exec" { suite exec; }
@test "hooks" { suite hooks; }
@test "hostname" { suite hostname; }
@test "limits" { suite limits; }
@test "mounts" { suite mounts; }
@test "paths" { suite paths; }
@test "pid" { suite pid; }
@test "pid_file" { suite pid_file; }
@test "preserve_fds" { suite preserve_fds; }
@test "resources" { suite resources; }
@test "rlimits" { suite rlimits; }
@test "seccomp" { suite seccomp; }
@test "start" { suite start; }
@test "tty" { suite tty; }
@test "uid_gid" { suite uid_gid; }
@test "update" { suite update; }
@test "checkpoint_restore" { suite checkpoint_restore; }
