# Many containers at once, and a runtime that is killed at random moments: nothing is left. storm_long.bats
# does more of it.
# timeout: 240

load lib

@test "ambit-oci: containers by 8 workers, quarrels over names, kill -9 at random moments" {
    run "$TOP/tests/integration/storm" "$PROGRAMS/ambit-oci" "$INIT" "$BATS_TEST_TMPDIR" 16 30
    expect_status 0
    expect_match ' 0 came through'
}

life() { # NUMBER: run, exec, stop and rm of one container, each must succeed
    local name=storm$1
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --name "$name" init /init say up , await TERM \
        >"$BATS_TEST_TMPDIR/$name" 2>&1 </dev/null &
    await 20 eval "grep -q up '$BATS_TEST_TMPDIR/$name' || ! kill -0 $!" &&
        grep -q up "$BATS_TEST_TMPDIR/$name" || { cat "$BATS_TEST_TMPDIR/$name"; return 1; }
    ambit exec "$name" /init pid >/dev/null || { echo "exec $name"; return 1; }
    ambit stop "$name" >/dev/null || { echo "stop $name"; return 1; }
    wait $!
    ambit rm "$name" >/dev/null || { echo "rm $name"; return 1; }
}

@test "ambit: containers by 8 workers" {
    local worker number
    local -a workers=()
    for worker in 0 1 2 3 4 5 6 7; do
        (
            for ((number = worker; number < ${STORM_CONTAINERS:-16}; number += 8)); do
                life $number || exit 1
            done
        ) 3>&- &
        workers+=($!)
    done
    for worker in "${workers[@]}"; do
        wait "$worker"
    done
    try system check
    expect_match '^0 containers, 0 findings'
    run find "$TEST_STATE/containers" "$TEST_ROOT/containers" -mindepth 1
    expect_output ""
}

# A plan takes a name too, and is quick enough for the moment that matters to be met; so is a shell
# that bats does not trace.
first_starts() ( # ROUNDS: each on a new state directory, four at once; says what failed
    set +eET
    trap - DEBUG ERR
    for ((round = 0; round < $1; round++)); do
        workers=()
        for worker in 0 1 2 3; do
            "$PROGRAMS/ambit" --root "$BATS_TEST_TMPDIR/$round/store" \
                --state "$BATS_TEST_TMPDIR/$round/state" run --rm --net none --plan \
                --rootfs "$TEST_DIR/rootfs" /init pid 2>&1 >"$BATS_TEST_TMPDIR/plan-$worker" 3>&- &
            workers+=($!)
        done
        wait "${workers[@]}"
    done
)

@test "ambit: the first starts of a new state directory come at once" {
    run first_starts 60
    expect_output ""
    grep -q 'exec ' "$BATS_TEST_TMPDIR/plan-3"
    run find "$BATS_TEST_TMPDIR"/*/*/containers "$BATS_TEST_TMPDIR"/*/*/names -mindepth 1
    expect_output ""
}

# Both look at the locks of containers in the making.
repair_until() { # FILE STOP: until the file STOP is there
    while [ ! -e "$2" ]; do
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" system check --quiet --repair
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" ps --all --quiet >/dev/null
    done >"$1" 2>&1 3>&-
}

starts_beside() ( # ROUNDS
    set +eET
    trap - DEBUG ERR
    repair_until "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/enough" &
    for ((round = 0; round < $1; round++)); do
        workers=()
        for worker in 0 1 2 3; do
            "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm --net none --plan \
                --rootfs "$TEST_DIR/rootfs" /init pid 2>&1 >/dev/null 3>&- &
            workers+=($!)
        done
        wait "${workers[@]}"
    done
    : >"$BATS_TEST_TMPDIR/enough"
    wait
    cat "$BATS_TEST_TMPDIR/said"
)

@test "ambit: who looks for leftovers takes nothing from those who are starting" {
    run starts_beside 40
    expect_output ""
}
