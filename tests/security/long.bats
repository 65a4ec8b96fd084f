#!/usr/bin/env bats
# long
# timeout: 1800
# The attacks of the other files in full: a thousand hostile execs, every link in every manner, a
# minute of races.

load ../integration/lib

@test "a thousand execs while the container's first process lies in wait (class A)" {
    cp "$PROGRAMS/ambit-oci" "$TEST_DIR/ambit-oci"
    run "$TOP/tests/security/hostile-execs" "$TEST_DIR/ambit-oci" "$HOSTILE/watcher" "$INIT" "$BATS_TEST_TMPDIR" 1000
    expect_status 0
    expect_match ' 0 came through'
}

@test "every link in every manner, and a minute of races (class B)" {
    run "$TOP/tests/security/hostile-roots" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR" 60 all
    expect_status 0
    expect_match ' 0 came through'
}
