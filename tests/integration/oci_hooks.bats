#!/usr/bin/env bats
# Hooks of ambit-oci: where each kind runs, in which order, and what a failure does.

load lib
load oci

setup_file() {
    prepare_store
    mkdir -p "$TEST_DIR/hooked/rootfs"
    make_rootfs "$TEST_DIR/hooked/rootfs"
    cat >"$TEST_DIR/note" <<'SCRIPT'
#!/bin/sh
# note FILE NAME [STATUS]: one line with the state's status and whether we see the host's pids
state=$(cat)
status=${state#*'"status":"'}
echo "$2 ${status%%'"'*} $(readlink /proc/self/ns/mnt)" >>"$1"
exit "${3:-0}"
SCRIPT
    chmod 755 "$TEST_DIR/note"
}

teardown() {
    delete_all
}

bundle() { # KIND[=STATUS]...: hooks of these kinds, which write to $TEST_DIR/notes
    local kind hooks='{}'
    rm -f "$TEST_DIR/hooked/config.json" "$TEST_DIR/notes"
    oci spec --bundle "$TEST_DIR/hooked"
    for kind in "$@"; do
        hooks=$(jq -c --arg kind "${kind%=*}" --arg path "$TEST_DIR/note" --arg to "$TEST_DIR/notes" \
            --arg status "$([ "$kind" = "${kind%=*}" ] && echo 0 || echo "${kind#*=}")" \
            '.[$kind] += [{path: $path, args: ["note", $to, $kind, $status],
                           env: ["PATH=/usr/bin:/bin"]}]' <<<"$hooks")
    done
    jq --argjson hooks "$hooks" --arg cgroup "/${TEST_DIR##*/}" \
        '.process.terminal = false | .process.args = ["/init", "sleep", "1000"] | .hooks = $hooks |
            .linux.cgroupsPath = $cgroup' \
        "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
}

create() {
    oci create --bundle "$TEST_DIR/hooked" "$1" </dev/null >/dev/null 2>&1 3>&-
}

kinds() {
    cut -d ' ' -f 1,2 "$TEST_DIR/notes" | tr '\n' ','
}

@test "hooks run in their order, with the state of the moment" {
    bundle prestart createRuntime createContainer poststart poststop
    create order
    [ "$(kinds)" = "prestart created,createRuntime created,createContainer created," ]
    oci start order
    oci delete --force order
    [ "$(kinds)" = "prestart created,createRuntime created,createContainer created,poststart running,poststop stopped," ]
    # The one in the container's mount namespace, the others in ours.
    [ "$(awk -v own="$(readlink /proc/self/ns/mnt)" '$3 != own { print $1 }' "$TEST_DIR/notes")" = createContainer ]
}

@test "a hook that fails before the start leaves no container" {
    local kind
    for kind in prestart createRuntime createContainer; do
        bundle "$kind=3" poststop
        try_oci create --bundle "$TEST_DIR/hooked" bad
        expect_error 1 "hooks.$kind\[0\]: .*/note: exit status 3"
        [ -z "$(oci list -q)" ]
    done
    bundle prestart
    sed -i "s#$TEST_DIR/note\"#/nowhere\"#" "$TEST_DIR/hooked/config.json"
    try_oci create --bundle "$TEST_DIR/hooked" bad
    expect_error 1 'hooks.prestart\[0\]: /nowhere: exit status 127: No such file or directory'
}

@test "a startContainer hook has the container's files" {
    bundle
    jq '.root.readonly = false | .hooks = {startContainer: [{path: "/init", args: ["init", "write", "/tmp/hook", "here"]}]}' \
        "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    create inside
    [ ! -e "$TEST_DIR/hooked/rootfs/tmp/hook" ]
    oci start inside
    grep -q here "$TEST_DIR/hooked/rootfs/tmp/hook"
}

# runtime.md#lifecycle, 7, 9, 12, 13: the container is destroyed, and what comes after that is run.
@test "a hook of the start that fails destroys the container; a poststop hook that does is a warning" {
    local pid
    bundle startContainer poststop
    create inside
    pid=$(oci state inside | jq .pid)
    try_oci start inside
    expect_error 1 'hooks.startContainer\[0\]: .*/note: exit status 127'
    [ "$(kinds)" = "poststop stopped," ]
    [ -z "$(oci list -q)" ]
    await 5 test ! -e "/proc/$pid" # until its new parent has asked
    bundle poststart=4 poststop=5
    create late
    pid=$(oci state late | jq .pid)
    try_oci start late
    expect_status 1
    grep -q 'level=error .*hooks.poststart\[0\]: .*/note: exit status 4' <<<"$errors"
    grep -q 'level=warning .*hooks.poststop\[0\]: .*/note: exit status 5' <<<"$errors"
    [ "$(kinds)" = "poststart running,poststop stopped," ]
    [ -z "$(oci list -q)" ]
    await 5 test ! -e "/proc/$pid" # until its new parent has asked
    try_oci run --bundle "$TEST_DIR/hooked" late </dev/null
    expect_status 1
    [ -z "$(oci list -q)" ]
}

@test "all poststop hooks run, whichever of them fails" {
    bundle poststop=5
    jq '.hooks.poststop += .hooks.poststop | .process.args = ["/init", "exit", "0"]' "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    try_oci run --bundle "$TEST_DIR/hooked" both </dev/null
    expect_status 0
    [ "$(kinds)" = "poststop stopped,poststop stopped," ]
    grep -q 'level=warning .*hooks.poststop\[0\]: .*exit status 5' <<<"$errors"
}

@test "a hook has its time" {
    bundle prestart
    jq '.hooks.prestart[0] = {path: "/bin/sleep", args: ["sleep", "100"], timeout: 1}' \
        "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    try_oci run --bundle "$TEST_DIR/hooked" slow
    expect_error 1 'hooks.prestart\[0\]: /bin/sleep: not done after 1 s'
}

hook() { # SCRIPT: the bundle's one prestart hook
    bundle prestart
    jq --arg script "$1" '.hooks.prestart[0] = {path: "/bin/sh", args: ["sh", "-c", $script], timeout: 20} |
        .process.args = ["/init", "say", "hello"]' "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    try_oci run --bundle "$TEST_DIR/hooked" talker
}

@test "what a hook says is told when it fails, and never the container's output" {
    hook 'echo ready; echo careful >&2'
    expect_output hello
    [ -z "$errors" ]
    hook 'echo ready; echo "no device" >&2; exit 3'
    expect_error 1 'hooks.prestart\[0\]: /bin/sh: exit status 3: ready; no device'
    hook 'head -c 1000000 /dev/zero | tr "\0" x; echo; printf "\033[31mthe end" >&2; exit 1'
    expect_error 1 'exit status 1: x+; \\+x1b\[31mthe end'
    [ ${#errors} -lt 1000 ]
    hook 'head -c 1000000 /dev/zero' # more than a pipe holds
    expect_output hello
    hook 'while :; do echo again; done & sleep 0.1; kill $!; exit 0'
    expect_output hello
}

@test "what a hook leaves running does not hold us, whatever of ours it holds" {
    local began=$SECONDS
    hook "sleep 30 & echo \$! >$TEST_DIR/left"
    expect_output hello
    kill "$(cat "$TEST_DIR/left")"
    [ $((SECONDS - began)) -lt 20 ]
}

hanging() { # KIND [PROGRAM]: the bundle's one hook, which notes its process id and hangs
    bundle
    jq --arg kind "$1" --arg script "echo \$\$ >$TEST_DIR/hanging; exec sleep 1000" --arg program "${2:-/bin/sh}" \
        '.hooks[$kind] = [{path: $program} |
            .args = if .path == "/init" then ["init", "sleep", "1000"] else ["sh", "-c", $script] end]' \
        "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    rm -f "$TEST_DIR/hanging"
}

nothing_left() { # ID
    local where
    [ ! -e "$TEST_DIR/oci/$1" ]
    for where in /sys/fs/cgroup{,/*}/"${TEST_DIR##*/}"; do
        [ ! -e "$where" ] || { echo "$where is left"; false; }
    done
}

@test "delete --force does not wait for a hook before the program, and neither does who made the container" {
    local kind maker
    for kind in prestart createRuntime createContainer; do
        hanging "$kind"
        oci create --bundle "$TEST_DIR/hooked" hung </dev/null >"$TEST_DIR/said" 2>&1 3>&- &
        maker=$!
        await 10 test -s "$TEST_DIR/hanging"
        timeout 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" delete --force hung
        status=0
        wait "$maker" || status=$?
        [ "$status" -eq 1 ]
        [ "$(wc -l <"$TEST_DIR/said")" -eq 1 ]
        # The last one's number is the container's.
        [ "$kind" = createContainer ] || [ ! -e "/proc/$(cat "$TEST_DIR/hanging")" ]
        nothing_left hung
    done
}

@test "delete --force does not wait for a hook of start" {
    local starter
    hanging startContainer /init
    create hung
    oci start hung >"$TEST_DIR/said" 2>&1 3>&- &
    starter=$!
    await 10 test "$(oci ps --format json hung | jq length)" -ge 1
    sleep 0.2
    timeout 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" delete --force hung
    wait "$starter" || true
    nothing_left hung
}

@test "delete --force does not wait for a poststart hook, which goes on" {
    local starter
    hanging poststart
    oci run --detach --bundle "$TEST_DIR/hooked" hung </dev/null >"$TEST_DIR/said" 2>&1 3>&- &
    starter=$!
    await 10 test -s "$TEST_DIR/hanging"
    [ "$(oci state hung | jq -r .status)" = running ]
    timeout 20 "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" delete --force hung
    nothing_left hung
    kill "$(cat "$TEST_DIR/hanging")"
    status=0
    wait "$starter" || status=$?
    [ "$status" -eq 1 ]
    grep -q 'hooks.poststart\[0\]: /bin/sh: killed by signal 15' "$TEST_DIR/said"
}

@test "a hook that outlives the container's process has a moment to come to its own end" {
    bundle
    jq --arg script "pid=\$(sed 's/.*\"pid\":\([0-9]*\).*/\1/'); kill -9 \$pid; sleep 0.3; echo done >$TEST_DIR/ended" \
        '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $script]}]' \
        "$TEST_DIR/hooked/config.json" >"$TEST_DIR/config.new"
    mv "$TEST_DIR/config.new" "$TEST_DIR/hooked/config.json"
    try_oci run --bundle "$TEST_DIR/hooked" early
    expect_error 1 'the process was killed before'
    [ "$(cat "$TEST_DIR/ended")" = "done" ]
    nothing_left early
}
