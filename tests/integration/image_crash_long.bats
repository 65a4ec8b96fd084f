# long
# timeout: 7200
# image_crash.bats with 100 kills of each command.

load lib

@test "load, commit, rmi and pull, killed 100 times each" {
    AMBIT_KILLS=100 AMBIT_TEST_DIR="" run bats "$TOP/tests/integration/image_crash.bats"
    expect_status 0
}
