#!/usr/bin/env bats
# timeout: 120
# Class D, for ambit-oci: who a process is, compared with its configuration (the CVEs are in
# hostile-identities).

load ../integration/lib

@test "ids, groups and capabilities are those of the configuration, and bad ids are refused" {
    run "$TOP/tests/security/hostile-identities" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR"
    expect_status 0
    expect_match ' 0 came through'
}

@test "--user of exec takes numbers, and not the one that means no change" {
    local user
    for user in 4294967295 0:4294967295 4294967296 -1 root 0x0 '' 1:2:3; do
        run --separate-stderr "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" exec --user "$user" none /init id
        [ "$status" -ne 0 ] && [[ $output != *uid=* ]] || { show; false; }
    done
}
