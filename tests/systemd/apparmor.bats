#!/usr/bin/env bats
# process.apparmorProfile on a host with AppArmor.
# timeout: 60

load lib

profile=ambit-test-profile

setup_file() {
    require grep -qx Y /sys/module/apparmor/parameters/enabled -- "no AppArmor here"
    prepare_bundle
    cat >"$TEST_DIR/profile" <<EOT
profile $profile flags=(attach_disconnected,mediate_deleted) {
    file,
    capability,
    mount,
    signal,
    deny /tmp/forbidden w,
}
EOT
    apparmor_parser -r "$TEST_DIR/profile"
}

teardown_file() {
    [ ! -e "$TEST_DIR/profile" ] || apparmor_parser -R "$TEST_DIR/profile"
    discard_store
}

@test "the process and what is executed later run under the profile, and it holds" {
    change ".process.apparmorProfile = \"$profile\" | .root.readonly = false"
    oci run -d --bundle "$BUNDLE" armored </dev/null >"$TEST_DIR/out" 2>&1 3>&- || { cat "$TEST_DIR/out"; false; }
    [ "$(tr -d '\0' <"/proc/$(oci state armored | jq .pid)/attr/current")" = "$profile (enforce)" ]
    try_oci exec armored /init cat /proc/self/attr/current
    expect_line "$profile (enforce)"
    try_oci exec armored /init write /tmp/forbidden x
    [ "$status" -ne 0 ]
    oci exec armored /init write /tmp/allowed x
}

@test "a profile that is not loaded is one line" {
    change '.process.apparmorProfile = "no-such-profile"'
    try_oci run --bundle "$BUNDLE" bare
    expect_status 1
    [ "$(wc -l <<<"$errors")" -eq 1 ]
    grep -q 'process.apparmorProfile: .*no-such-profile' <<<"$errors"
}
