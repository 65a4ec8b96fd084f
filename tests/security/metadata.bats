#!/usr/bin/env bats
# Class F: an image's metadata is data. Labels, annotations and environment that other engines have
# taken for control input change nothing. CVE-2026-53488, 2026-94603, 2026-57231, 2024-3154.

load ../integration/lib

@test "variables of an image without = take nothing from the caller's environment" {
    "$ARCHIVE" --name envs --env SECRET --env '*' --env '=x' --env GOOD=1 "$BATS_TEST_TMPDIR/envs.tar" "$TEST_DIR/rootfs"
    try load -q -i "$BATS_TEST_TMPDIR/envs.tar"
    if [ "$status" -eq 0 ]; then
        SECRET=hunter2 try run --rm envs /init env
        [[ $output != *hunter2* ]] || { show; false; }
    fi
}

@test "an image's user, directory and command stay inside" {
    "$ARCHIVE" --name odd --user '0:0:0' --workdir '../../..' --cmd '../../bin/sh' "$BATS_TEST_TMPDIR/odd.tar" "$TEST_DIR/rootfs"
    try load -q -i "$BATS_TEST_TMPDIR/odd.tar"
    if [ "$status" -eq 0 ]; then
        try run --rm odd
        [ "$status" -ge 125 ] || { show; false; }
        try run --rm -u 0 odd /init cwd
        [ "$status" -ne 0 ] || expect_output /
    fi
}

@test "control characters in names and messages do not reach the terminal" {
    try run --rm $'no\e[2Jsuch' /init
    expect_status 125
    [[ $errors != *$'\e'* ]] || { show; false; }
    try run --rm "$IMAGE" $'/no\e]0;x\a'
    expect_status 127
    [[ $errors != *$'\e'* ]] || { show; false; }
}
