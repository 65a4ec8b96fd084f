# long
# timeout: 1800
# storm.bats with 200 containers and 400 kills.

load lib

@test "ambit-oci: 200 containers by 8 workers, 1,000 quarrels over names, 400 kills" {
    run "$TOP/tests/integration/storm" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR" 200 400
    expect_status 0
    expect_match ' 0 came through'
}
