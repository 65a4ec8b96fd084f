#!/usr/bin/env bats
# timeout: 300
# Class I (archives that write where they should not, CVE-2018-15664, 2019-14271, 2021-32760,
# 2024-9676, 2025-11395, 2026-17106), K (digests, CVE-2021-41190, 2024-3727) and F (metadata as
# control input, CVE-2026-53488): hostile archives are refused with one line, or what they do stays
# inside their own layer. A folder with a canary stands for the host.

load ../integration/lib

setup_file() {
    export TEST_DIR=${AMBIT_TEST_DIR:-}
    if [ -z "$TEST_DIR" ]; then
        TEST_DIR=$(mktemp -d /var/tmp/ambit-test.XXXXXX)
    fi
    export TEST_ROOT=$TEST_DIR/store TEST_STATE=$TEST_DIR/state HOST=$TEST_DIR/host
    export CORPUS=$TEST_DIR/corpus
    mkdir "$HOST"
    printf alive >"$HOST/canary"
    chmod 600 "$HOST/canary"
    "$TOP/tests/security/hostile-archives" "$CORPUS" "$HOST/canary"
    "$ARCHIVE" --name neighbour "$TEST_DIR/neighbour.tar" "$HOST"
    ambit load -q -i "$TEST_DIR/neighbour.tar"
    fingerprint >"$TEST_DIR/before"
}

# The host's folder, and the other image in the store.
fingerprint() {
    local layer
    layer=$(ambit image inspect neighbour -f '{{json .LayerDirectories}}' | jq -r '.[0]')
    find "$HOST" "$TEST_ROOT/layers/$layer" -printf '%p %y %m %U %G %s %n %l %T@\n' | sort
    find "$HOST" "$TEST_ROOT/layers/$layer" -type f -exec sha256sum {} +
    ls -A / /etc
    stat -c '%a %u %g' / /tmp /etc /dev/null
}

host_is_untouched() {
    fingerprint | diff "$TEST_DIR/before" - || { echo "$1 reached outside"; return 1; }
}

clean_up() {
    find "$TEST_ROOT" -maxdepth 1 -name '.tmp-*' | grep . && return 1
    ambit images -q hostile | xargs -r -n 1 "$PROGRAMS/ambit" --root "$TEST_ROOT" \
        --state "$TEST_STATE" rmi -f >/dev/null
    try image check
    expect_output '0 findings, 0 repaired'
}

take() { # KIND FILE: as its name says
    local name
    name=$(basename "$2" .tar)
    case $1 in
    layers) try image import "$2" hostile:1 ;;
    images) try load -i "$2" ;;
    esac
    case $name in
    refuse-*) expect_error 125 . || { echo "$name"; return 1; } ;;
    contain-*) expect_status 0 || { echo "$name"; return 1; } ;;
    esac
    host_is_untouched "$name"
    clean_up || { echo "after $name"; return 1; }
}

@test "hostile layers" {
    local file count=0
    for file in "$CORPUS"/layers/*.tar; do
        take layers "$file"
        count=$((count + 1))
    done
    [ "$count" -gt 60 ]
}

@test "hostile images" {
    local file count=0
    for file in "$CORPUS"/images/*.tar; do
        take images "$file"
        count=$((count + 1))
    done
    [ "$count" -gt 35 ]
}

@test "the corpus can do harm: what is refused here, a naive reader obeys" {
    mkdir "$TEST_DIR/naive" "$TEST_DIR/naive-host"
    printf alive >"$TEST_DIR/naive-host/canary"
    "$TOP/tests/security/hostile-archives" "$TEST_DIR/naive-corpus" "$TEST_DIR/naive-host/canary"
    tar -C "$TEST_DIR/naive" -P -xf "$TEST_DIR/naive-corpus/layers/contain-absolute.tar"
    [ "$(cat "$TEST_DIR/naive-host/canary")" = dead ]
    rm -r "$TEST_DIR"/naive*
}

@test "a decompression bomb is stopped, in time and memory" {
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -t $((60 * ${TEST_SLOWNESS:-1})); exec /usr/bin/env time -f "%M" "$@"' - \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" image import "$CORPUS/bomb.gz"
    [ "$status" -eq 125 ]
    # shellcheck disable=SC2154
    grep -q 'decompression bomb' <<<"$stderr"
    # peak memory of the largest process, KiB
    [ "$(tail -n 1 <<<"$stderr")" -lt 65536 ]
    host_is_untouched bomb
    clean_up
}

@test "a name with control characters does not reach the terminal" {
    python3 - "$TEST_DIR/red.tar" <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as t:
    t.addfile(tarfile.TarInfo("x/\x1b[31m\nred/.."))
END
    try image import "$TEST_DIR/red.tar"
    expect_error 125 '\?\[31m\?red'
}

@test "devices of a layer cannot be opened where it lies" {
    local layer
    ambit image import "$CORPUS/layers/contain-devices.tar" hostile:1
    layer=$(ambit image inspect hostile:1 -f '{{json .LayerDirectories}}' | jq -r '.[0]')
    run setpriv --reuid 65534 --clear-groups cat "$TEST_ROOT/layers/$layer/kmem"
    [ "$status" -ne 0 ]
    clean_up
}

@test "the unpacking processes have no network, no host files, few capabilities, a filter" {
    [ -z "${FAULT_LOG:-}" ] || skip "a script that keeps what is said stands between"
    local reader pid facts fifo=$TEST_DIR/fifo
    mkfifo "$fifo"
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" image import "$fifo" hostile:1 \
        >/dev/null 2>&1 3>&- &
    reader=$!
    exec 8>"$fifo"
    # a whole entry, then silence: the writer waits for more
    head -c 1024 "$CORPUS/layers/contain-devices.tar" >&8
    await 5 pgrep -P "$reader" ambit-image
    helper=$(pgrep -P "$reader" ambit-image)
    await 5 pgrep -P "$helper"
    sleep 0.3 # it confines itself after it was made
    pid=$(pgrep -P "$helper" | head -n 1)
    facts=$(cat "/proc/$pid/status")
    for kind in net ipc uts mnt pid cgroup user; do
        [ "$(readlink "/proc/$pid/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ]
    done
    # CHOWN DAC_OVERRIDE FOWNER FSETID SETFCAP, over ids that nobody else has
    grep -q '^CapEff:	000000008000001b$' <<<"$facts"
    grep -q '^CapBnd:	000000008000001b$' <<<"$facts"
    grep -q '^CapPrm:	000000008000001b$' <<<"$facts"
    [ "$(xargs <"/proc/$pid/uid_map")" = '0 2147483648 2147483647' ]
    [ "$(stat -c %u "/proc/$pid/root/kmem")" = 0 ] || stat "/proc/$pid/root/kmem"
    grep -q '^NoNewPrivs:	1$' <<<"$facts"
    grep -q '^Seccomp:	2$' <<<"$facts"
    # its root is the layer and nothing else
    [ "$(find "/proc/$pid/root/" -mindepth 1 -printf '%f\n' | sort | xargs)" = "disk kmem" ]
    [ "$(wc -l <"/proc/$pid/mountinfo")" -eq 1 ]
    exec 8>&-
    wait "$reader" || true
    clean_up
}

@test "the unpacking processes are confined by Landlock too, where there is one" {
    require python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)' \
        -- "this kernel has no Landlock"
    strace -f -qq -e trace=landlock_restrict_self -o "$TEST_DIR/trace" \
        "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" \
        load -q -i <(gzip -c "$CORPUS/images/contain-plain.tar") >/dev/null
    # the archive's decompressor and writer, the layer's writer
    [ "$(grep -c 'landlock_restrict_self(.*) *= 0$' "$TEST_DIR/trace")" -eq 3 ] ||
        { cat "$TEST_DIR/trace"; false; }
    clean_up
}

plan_of() { # IMAGE: without what differs from run to run
    ambit run --plan --rm --net none "$1" | sed -E 's/[0-9a-f]{12,64}/ID/g; s/[0-9]{6,}/N/g'
}

@test "labels and annotations of an image change nothing of a container" {
    mkdir -p "$TEST_DIR/plain-root"
    make_rootfs "$TEST_DIR/plain-root"
    tar -C "$TEST_DIR/plain-root" -cf "$TEST_DIR/plain-root.tar" .
    ambit image import -c 'CMD ["/init", "pid"]' "$TEST_DIR/plain-root.tar" plain:1
    ambit image import -c 'CMD ["/init", "pid"]' \
        -c 'LABEL containerd.io/restart.loguri=binary:///bin/sh run.oci.hooks.stderr=/tmp/x' \
        -c 'LABEL io.podman.annotations.privileged=TRUE org.systemd.property.ExecStart=/bin/sh' \
        -c 'LABEL PODMAN_SYSTEMD_UNIT=ssh.service io.containers.autoupdate=registry' \
        "$TEST_DIR/plain-root.tar" labelled:1
    ambit run --help | grep -q -- --plan || skip "this program has no --plan"
    diff <(plan_of plain:1) <(plan_of labelled:1)
    ambit rmi plain:1 labelled:1
}

@test "malformed environment of an image does not take the caller's" { # CVE-2026-57231
    mkdir -p "$TEST_DIR/env-root"
    make_rootfs "$TEST_DIR/env-root"
    "$ARCHIVE" --name env:1 --env FOO --env '*' --env '=x' --cmd '/init env' "$TEST_DIR/env.tar" \
        "$TEST_DIR/env-root"
    ambit load -q -i "$TEST_DIR/env.tar"
    FOO=secret try run --rm --net none env:1
    expect_status 0
    [ "$(grep -cE 'secret|^FOO|^\*|^=' <<<"$output")" -eq 0 ] || { show; false; }
    ambit rmi env:1
}
