#!/usr/bin/env bats
# timeout: 300
# What a container changed, three ways: `diff` lists it, `commit` makes an image of it, `export` gives
# the whole root.

load lib

base_tar=$TOP/build/base.tar

setup_file() {
    prepare_store
    ambit load -q -i "$base_tar"
    # every kind of change, with owners of inside
    ambit run --net none --name changed base sh -c '
        mkdir -p /new/deep; echo hi >/new/deep/file; chown 12:34 /new/deep/file
        chmod 4755 /new/deep/file; ln /new/deep/file /new/again; ln -s deep/file /new/link
        chown -h 56:78 /new/link; mkfifo -m 620 /new/fifo; mkdir -m 1777 /new/shared
        truncate -s 64M /new/sparse; printf end >>/new/sparse
        touch -d "2021-02-03 04:05:06" /new/deep/file
        rm /bin/boundary; rm -rf /home; rm -rf /usr; mkdir /usr; echo other >/usr/only
        echo added >>/etc/passwd; mv /var /moved'
}

teardown_file() {
    ambit image unmount --all || true
    ambit rm -f changed same
    discard_store
}

@test "history through a template, and with bytes" {
    ambit run --name writes "$IMAGE" /init write /new text
    ambit commit writes made:history
    try history --format '{{.ID}} {{.Size}}' made:history
    expect_match "^$(ambit image inspect -f '{{slice .Id 7 19}}' made:history) [1-9]"
    expect_match '^<missing> '
    try history --human=false --format 'table {{.Size}}\t{{.CreatedAt}}' made:history
    expect_match '^SIZE +CREATED AT$'
    expect_match '^[0-9]+ +20[0-9]+-'
    [ "$(ambit history --format json made:history | jq -s length)" -eq 2 ]
    ambit rm writes
    ambit rmi made:history
}

@test "diff lists what was added, changed and deleted, as docker does" {
    try diff changed
    expect_status 0
    for line in 'A /new' 'A /new/deep/file' 'A /new/link' 'C /etc' 'C /etc/passwd' 'C /bin' \
        'D /bin/boundary' 'D /home' 'C /usr' 'A /usr/only' 'D /usr/bin' 'D /var' 'A /moved/run'; do
        expect_line "$line"
    done
    expect_no_line 'A /proc'
    [ "$(sort -k 2 <<<"$output" | LC_ALL=C sort -c -k 2 2>&1)" = "" ]
    ambit run --net none --name same base true
    try diff same
    expect_output ''
    ambit rm same
}

@test "commit makes an image with a layer more; its containers see the same" {
    local id
    id=$(ambit commit -a 'A. Uthor' -m 'by hand' -c 'ENV ADDED=1' -c 'LABEL made=yes' changed made:1)
    [ "$(ambit image inspect made:1 -f '{{.Id}}')" = "$id" ]
    try image inspect made:1 -f '{{.Author}} {{json .Config.Labels}}'
    expect_output 'A. Uthor {"made":"yes"}'
    [ "$(ambit image inspect made:1 -f '{{json .RootFS.Layers}}' | jq length)" = 2 ]
    ambit image inspect made:1 -f '{{json .Config.Env}}' | jq -e 'index("ADDED=1")'
    # the command of the container is the image's
    ambit image inspect made:1 -f '{{json .Config.Cmd}}' | jq -e '.[0] == "sh"'
    try history made:1
    expect_match 'by hand'

    try run --rm --net none made:1 sh -c 'cat /new/deep/file /usr/only; stat -c "%a %u:%g %h" /new/deep/file;
        stat -c "%u:%g %N" /new/link; stat -c "%a %F" /new/fifo; ls / /usr; tail -n 1 /etc/passwd;
        stat -c %Y /new/deep/file; stat -c %b /new/sparse; tail -c 3 /new/sparse; ls /bin/boundary'
    expect_line hi
    expect_line other
    expect_line '4755 12:34 2'
    expect_match '^56:78 .*/new/link'
    expect_line '620 fifo'
    expect_line added
    expect_line moved
    expect_line 1612325106
    expect_line end
    expect_no_line home
    expect_no_line var
    # shellcheck disable=SC2154
    grep -q 'boundary: No such file' <<<"$errors"
    [ "$(awk '/^1612325106$/ { getline; print }' <<<"$output")" -lt 100 ] # holes are holes
    try image verify made:1
    expect_status 0
    try image check --deep
    expect_output '0 findings, 0 repaired'
}

@test "what commit makes, skopeo and umoci read, and umoci unpacks the same tree" {
    local mounted=$TEST_DIR/mounted
    require command -v umoci -- "umoci is not installed"
    ambit image inspect made:1 >/dev/null
    mkdir -p "$TEST_DIR/layout"
    ambit save made:1 | tar -C "$TEST_DIR/layout" -xf -
    skopeo --insecure-policy copy --quiet "oci:$TEST_DIR/layout:docker.io/library/made:1" \
        "oci:$TEST_DIR/copy:made"
    umoci raw unpack --image "$TEST_DIR/copy:made" "$TEST_DIR/unpacked"
    mounted=$(ambit image mount made:1)
    # umoci keeps no sub-second times of symlinks' directories apart: compared as it is
    run "$TOP/tests/integration/compare-trees" "$mounted" "$TEST_DIR/unpacked" \
        --ignore-xattr user.umoci.rootless
    ambit image unmount made:1
    # the root directory itself is nobody's entry
    output=$(grep -v "^b'\.': " <<<"$output" || true)
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "export is the whole root as a tar archive, and comes back as one layer" {
    ambit export -o "$TEST_DIR/root.tar" changed
    ambit export changed | cmp - "$TEST_DIR/root.tar"
    tar -tvf "$TEST_DIR/root.tar" >"$TEST_DIR/list"
    grep -q '^-rwsr-xr-x 12/34 .* new/' "$TEST_DIR/list"
    grep -q ' bin/busybox' "$TEST_DIR/list"
    ! grep -qE ' (home/|bin/boundary)' "$TEST_DIR/list" || false
    ambit import "$TEST_DIR/root.tar" flat:1
    try run --rm --net none flat:1 cat /new/deep/file
    expect_output hi
    [ "$(ambit image inspect flat:1 -f '{{json .RootFS.Layers}}' | jq length)" = 1 ]
    ambit rmi flat:1
    try export -o /dev/full changed
    expect_error 125 'No space left'
    [ -c /dev/full ]
}

@test "what a container was started with becomes the image's" {
    ambit run --net none --name settings --env A=1 --env 'B=two words' --env PATH=/bin:/mine --user 12:34 \
        --workdir /tmp --label one=1 base true
    ambit commit --change 'ENV A=2' settings settings:1
    try run --rm --net none settings:1 sh -c 'echo "$A,$B,$PATH,$(id -u):$(id -g),$PWD"'
    expect_output '2,two words,/bin:/mine,12:34,/tmp'
    [ "$(ambit image inspect settings:1 -f '{{json .Config.Labels}}' | jq -r .one)" = 1 ]
    ambit rm settings
    ambit rmi settings:1
}

@test "a running container is frozen while it is committed, and goes on" {
    start busy --net none init /init say ready , pause
    try commit busy busy:1
    expect_status 0
    try commit --pause=false busy busy:2
    expect_status 0
    try commit --pause=maybe busy busy:3
    expect_error 125 'pause'
    [ "$(ambit ps --filter name=busy --format '{{.State}}')" = running ]
    stop busy
    ambit rmi busy:1 busy:2
}

@test "a container whose commit was killed is not left frozen" {
    local pid
    start frozen --net none base sh -c 'head -c 200000000 /dev/zero >/big; echo up; sleep 60'
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" commit frozen frozen:1 \
        >/dev/null 2>&1 3>&- &
    pid=$!
    sleep 0.2
    kill -KILL "$pid" || true
    wait "$pid" || true
    await 5 eval "! find /sys/fs/cgroup -maxdepth 2 -name 'ambit-freeze-*' | grep -q ."
    try exec frozen echo alive
    expect_output alive
    stop frozen
    # The helper writes the image to its end, or dies with what it was told by.
    await 30 eval '! pgrep -f "^ambit-image commit .*--name frozen:1" >/dev/null'
    ambit rmi -f frozen:1
    ambit image check --repair -q
}

@test "what has no layer of changes is refused with the reason" {
    try commit nothing x:1
    expect_error 125 "no such container"
    start inmem --net none --read-only init /init say ready , pause
    try commit inmem x:1
    expect_error 125 'in memory'
    try diff inmem
    expect_error 125 'in memory'
    stop inmem
}
