#!/usr/bin/env bats
# docs/from-a-process.md: every command it shows prints what it shows.

load lib

setup_file() {
    prepare_store
    unset AMBIT_DATADIR # the page uses the image that comes with the program
    export AMBIT_ROOT=$TEST_ROOT AMBIT_STATE=$TEST_STATE PATH=$PROGRAMS:$PATH
}

@test "the page does what it says" {
    require test -z "${FAULT:-}" -- "ps shows the program by another path"
    mkdir "$TEST_DIR/walk"
    cd "$TEST_DIR/walk"
    run "$TOP/tests/integration/walk" "$TOP/docs/from-a-process.md"
    expect_output ""
    expect_status 0
}

@test "the runner notices what is not so" {
    printf '%s\n' 'x' '```sh' '$ echo one; echo two' 'one' '$ echo three' 'th...e' '...' '$ f() {' \
        '> echo four; }' '$ f; false' 'four' '$ echo $?' '1' '```' '$ exit 9' >"$TEST_DIR/page.md"
    run "$TOP/tests/integration/walk" "$TEST_DIR/page.md"
    expect_status 1
    expect_line 'page.md:3: $ echo one; echo two'
    [ "$(grep -c '^page' <<<"$output")" -eq 1 ] || { show; false; }
}
