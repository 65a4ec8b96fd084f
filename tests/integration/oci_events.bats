#!/usr/bin/env bats
# ambit-oci: events, in runc's form.

load lib

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/bundle/rootfs"
    make_rootfs "$TEST_DIR/bundle/rootfs"
    oci spec --bundle "$TEST_DIR/bundle"
    change '.process.terminal = false | .process.args = ["/init", "sleep", "1000"]
            | .linux.cgroupsPath = "/'"${TEST_DIR##*/}"'"
            | .linux.resources.memory.limit = 20971520 | .linux.resources.pids.limit = 20'
}

oci() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" "$@"
}

try_oci() {
    run --separate-stderr oci "$@"
    # shellcheck disable=SC2154
    errors=$stderr
}

change() { # JQ-FILTER
    jq "$1" "$TEST_DIR/bundle/config.json" >"$TEST_DIR/bundle/config.new"
    mv "$TEST_DIR/bundle/config.new" "$TEST_DIR/bundle/config.json"
}

start_box() { # ID
    oci run --detach --bundle "$TEST_DIR/bundle" "$1" </dev/null >/dev/null 2>&1 3>&-
}

teardown() {
    local id
    for id in $(oci list -q); do
        oci delete --force "$id"
    done
}

@test "--stats prints the numbers once" {
    start_box events-box
    try_oci events --stats events-box
    expect_status 0
    [ "$(wc -l <<<"$output")" -eq 1 ]
    [ "$(jq -r .type <<<"$output") $(jq -r .id <<<"$output")" = "stats events-box" ]
    [ "$(jq .data.memory.usage.limit <<<"$output")" = 20971520 ]
    [ "$(jq .data.pids.current <<<"$output")" = 1 ]
    [ "$(jq .data.pids.limit <<<"$output")" = 20 ]
    [ "$(jq '.data.cpu.usage.total > 0' <<<"$output")" = true ]
    [ "$(jq '.data.memory.usage.usage > 0' <<<"$output")" = true ]
    [ "$(jq '.data.memory.raw | length > 10' <<<"$output")" = true ]
    [ "$(jq '.data.memory | [.usage, .swap, .kernel, .kernelTCP] | all(has("failcnt") and has("limit"))' <<<"$output")" = true ]
    [ "$(jq -c '[.data | keys_unsorted[]]' <<<"$output")" = \
      '["cpu","cpuset","memory","pids","blkio","hugetlb","intel_rdt","network_interfaces"]' ]
}

@test "numbers come at each interval, kills when they happen, and the end is the container's" {
    local events begin count
    start_box events-box
    try_oci exec events-box /init hog 40 # before anybody watched: no news
    begin=$(date +%s%N)
    oci events --interval 100ms events-box >"$TEST_DIR/events" 2>&1 3>&- &
    events=$!
    await 10 eval '[ "$(grep -c "\"type\":\"stats\"" "$TEST_DIR/events")" -ge 2 ]'
    count=$(wc -l <"$TEST_DIR/events")
    [ $((count * 100000000)) -le $(($(date +%s%N) - begin)) ] # one each 100 ms, and no oom
    try_oci exec events-box /init hog 40
    [ "$status" -ne 0 ]
    await 10 grep -qx '{"type":"oom","id":"events-box"}' "$TEST_DIR/events"
    oci delete --force events-box
    wait "$events"
}

@test "what cannot be watched says why" {
    try_oci events --stats events-none
    expect_error 1 'container does not exist'
    start_box events-box
    try_oci events --interval 0s events-box
    expect_error 1 'duration interval must be greater than 0'
    try_oci events --interval soon events-box
    expect_error 1 "'soon' is not a duration"
    oci kill events-box KILL
    await 5 eval '[ "$(oci state events-box | jq -r .status)" = stopped ]'
    try_oci events --stats events-box
    expect_error 1 'container with id events-box is not running'
}
