#!/usr/bin/env bats
# Who a container's users are: inside, outside, in files and in groups.

load lib

setup_file() {
    prepare_store
    local tree=$TEST_DIR/people
    make_rootfs "$tree"
    mkdir -p "$tree/home/anna"
    cat >"$tree/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
anna:x:1234:77:Anna:/home/anna:/bin/sh
other:x:1235:78::/:
toor:x:0:0:second root:/toor:/bin/sh
77:x:4444:4444:a name of digits:/digits:/bin/sh
broken
huge:x:4294967296:0::/:
negative:x:-1:0::/:
homeless:x:1300:1300:::
END
    cat >"$tree/etc/group" <<'END'
root:x:0:
people:x:77:
friends:x:88:anna,other
club:x:99:other,anna
notannas:x:100:annabel,hanna
END
    "$ARCHIVE" --name people --cmd '/init id' "$TEST_DIR/people.tar" "$tree"
    ambit load -q -i "$TEST_DIR/people.tar"
    "$ARCHIVE" --name annas --user anna --cmd '/init id' "$TEST_DIR/annas.tar" "$tree"
    ambit load -q -i "$TEST_DIR/annas.tar"
    "$ARCHIVE" --name strangers --user nosuch --cmd '/init id' "$TEST_DIR/strangers.tar" "$tree"
    ambit load -q -i "$TEST_DIR/strangers.tar"
    "$ARCHIVE" --name overflow --user 4294967296 --cmd '/init id' "$TEST_DIR/overflow.tar" "$tree"
    ambit load -q -i "$TEST_DIR/overflow.tar"
}

teardown() {
    local name
    for name in first second; do
        [ ! -e "$TEST_DIR/$name.pid" ] || stop "$name"
        rm -f "$TEST_DIR/$name.pid"
    done
}

pid_of() {
    ambit inspect --format '{{.State.Pid}}' "$1"
}

owner() { # FILE on the host
    stat -c %u:%g "$1"
}

@test "root inside is nobody special outside: other ids, and none of the host's files" {
    start first people /init say up , pause
    local pid
    pid=$(pid_of first)
    run awk '/^[UG]id:/ { print ($2 >= 65536 && $2 == $3 && $3 == $4 && $4 == $5) }' "/proc/$pid/status"
    expect_output $'1\n1'
    echo secret >"$BATS_TEST_TMPDIR/secret"
    chmod 600 "$BATS_TEST_TMPDIR/secret"
    # Even through a mount without mapped ids root is the host's nobody.
    run nsenter -t "$pid" -U --preserve-credentials cat "$BATS_TEST_TMPDIR/secret"
    [ "$status" -eq 0 ] # this is the host's root, to show that the next line can fail
    local uid
    uid=$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")
    run setpriv --reuid "$uid" --clear-groups cat "$BATS_TEST_TMPDIR/secret"
    [ "$status" -ne 0 ]
}

@test "two containers at once have id ranges that do not touch" {
    start first people /init say up , pause
    start second people /init say up , pause
    local a b size_a size_b map
    for map in uid_map gid_map; do
        read -r _ a size_a <"/proc/$(pid_of first)/$map"
        read -r _ b size_b <"/proc/$(pid_of second)/$map"
        [ "$size_a" -eq 65536 ] && [ "$size_b" -eq 65536 ]
        [ $((a + size_a)) -le "$b" ] || [ $((b + size_b)) -le "$a" ] || { echo "$map: $a $b"; false; }
    done
    # One container's root may not signal the other one's.
    try exec first /init kill TERM "$(pid_of second)"
    [ "$status" -ne 0 ]
}

@test "-u by number: user, group, both; the highest there is" {
    try run --rm -u 1000 "$IMAGE" /init id
    expect_output "uid=1000 euid=1000 gid=0 egid=0 groups=0"
    try run --rm -u 1000:2000 "$IMAGE" /init id
    expect_output "uid=1000 euid=1000 gid=2000 egid=2000 groups=2000"
    try run --rm -u 65535:65535 "$IMAGE" /init id
    expect_output "uid=65535 euid=65535 gid=65535 egid=65535 groups=65535"
}

@test "-u by name: ids, groups and HOME come from the image's files" {
    try run --rm -u anna people /init id , env HOME
    expect_output $'uid=1234 euid=1234 gid=77 egid=77 groups=77,88,99\n/home/anna'
    try run --rm -u anna:friends people /init id
    expect_match '^uid=1234 euid=1234 gid=88 egid=88'
    try run --rm -u 1235:people people /init id
    expect_match '^uid=1235 euid=1235 gid=77 egid=77'
    try run --rm -u root people /init id , env HOME
    expect_output $'uid=0 euid=0 gid=0 egid=0 groups=0\n/root'
    try run --rm -u toor people /init id
    expect_match '^uid=0 '
}

@test "a number is a number, also when there is a user of that name" {
    try run --rm -u 77 people /init id
    expect_match '^uid=77 euid=77 '
    try run --rm -u 1234 people /init id , env HOME
    expect_match '^uid=1234 euid=1234 gid=77 egid=77'
    expect_line /home/anna
}

@test "the image's user, its groups and HOME; -u overrules it" {
    try run --rm annas
    expect_output "uid=1234 euid=1234 gid=77 egid=77 groups=77,88,99"
    try run --rm annas /init env HOME
    expect_output /home/anna
    try run --rm -u 0 annas /init id
    expect_match '^uid=0 euid=0 gid=0'
    try run --rm -u other annas /init id
    expect_output "uid=1235 euid=1235 gid=78 egid=78 groups=78,88,99"
    try run --rm -u '' annas /init id , env HOME
    expect_output $'uid=1234 euid=1234 gid=77 egid=77 groups=77,88,99\n/home/anna'
    start theirs annas /init say up , pause
    try exec -u '' theirs /init id
    expect_output "uid=1234 euid=1234 gid=77 egid=77 groups=77,88,99"
    ambit rm -f theirs
}

@test "HOME: what is given wins, / where there is none" {
    try run --rm -u anna -e HOME=/mine people /init env HOME
    expect_output /mine
    try run --rm -u homeless people /init env HOME
    expect_output /
    try run --rm -u 4321 people /init env HOME
    expect_output /
}

@test "users that are none: 125, the word is named, nothing ran" {
    local user
    while read -r user; do
        try run --rm -u "$user" people /init say ran
        expect_error 125 user
        [[ $output != *ran* ]] || { show; false; }
    done <<'END'
nosuch
nosuch:0
0:nosuch
-1
4294967295
4294967296
18446744073709551616
2147483648
65536
0:65536
:
1:
:1
1:2:3
a b
huge
negative
broken
0x10
+1
END
    try run --rm strangers
    expect_error 125 nosuch
    try run --rm overflow
    expect_error 125 4294967296
}

@test "--group-add: numbers and names, together with the user's own" {
    try run --rm -u 5:6 --group-add 7 --group-add 8 "$IMAGE" /init id
    expect_output "uid=5 euid=5 gid=6 egid=6 groups=6,7,8"
    try run --rm -u anna --group-add people --group-add 500 people /init id
    expect_match 'groups='
    local group
    for group in 77 88 99 500; do
        expect_match "[=,]$group(,|\$)"
    done
    try run --rm --group-add nosuch people /init say ran
    expect_error 125 nosuch
    try run --rm --group-add 65536 people /init say ran
    expect_error 125 65536
}

@test "nothing of the caller's groups gets inside" {
    run setpriv --groups 4,27,100 "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --rm "$IMAGE" /init status Groups
    expect_status 0
    expect_match '^Groups:[[:space:]]*0 *$'
}

@test "files in a bound directory: root's are the host's root's, N's are N's" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    chmod 777 "$BATS_TEST_TMPDIR/shared"
    try run --rm -v "$BATS_TEST_TMPDIR/shared:/data" people /init write /data/roots x
    expect_status 0
    try run --rm -u anna -v "$BATS_TEST_TMPDIR/shared:/data" people /init write /data/annas x
    expect_status 0
    try run --rm -v "$BATS_TEST_TMPDIR/shared:/data" people /init write /data/given x , chown 5 6 /data/given , stat /data/given
    expect_match 'uid=5 gid=6'
    [ "$(owner "$BATS_TEST_TMPDIR/shared/roots")" = 0:0 ]
    [ "$(owner "$BATS_TEST_TMPDIR/shared/annas")" = 1234:77 ]
    [ "$(owner "$BATS_TEST_TMPDIR/shared/given")" = 5:6 ]
}

@test "files of the host in a bound directory have their owners inside, and their rights" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    echo text >"$BATS_TEST_TMPDIR/shared/annas"
    echo text >"$BATS_TEST_TMPDIR/shared/roots"
    chown 1234:77 "$BATS_TEST_TMPDIR/shared/annas"
    chmod 600 "$BATS_TEST_TMPDIR"/shared/*
    try run --rm -u anna -v "$BATS_TEST_TMPDIR/shared:/data" people /init stat /data/annas , cat /data/annas
    expect_status 0
    expect_match 'uid=1234 gid=77'
    try run --rm -u anna -v "$BATS_TEST_TMPDIR/shared:/data" people /init cat /data/roots
    expect_status 1
    [[ $errors == *"Permission denied"* ]] || { show; false; }
}

@test "files in a named volume: one container's N is the next one's N, whatever its range" {
    start first people /init say up , pause # takes a range, so that the others get different ones
    try run --rm -v owned:/data people /init write /data/file x , chown 1234 77 /data/file
    expect_status 0
    try run --rm -v owned:/data people /init stat /data/file
    expect_match 'uid=1234 gid=77'
    [ "$(owner "$(find "$TEST_ROOT/volumes/owned" -name file)")" = 1234:77 ]
}

@test "a user who is not root: no capabilities, cannot become root, cannot read root's files" {
    try run --rm -u anna people /init status CapPrm CapEff CapInh CapAmb
    expect_output $'CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000'
    try run --rm -u anna people /init setuid 0
    expect_status 1
    try run --rm -u anna --cap-add NET_RAW people /init status CapEff CapAmb
    expect_output $'CapEff:\t0000000000002000\nCapAmb:\t0000000000002000'
}

@test "--userns host: ids are the host's, said aloud and only then" {
    try run --rm --userns host people /init cat /proc/self/uid_map , readlink /proc/self/ns/user
    expect_status 0
    expect_match '^ *0 +0 +4294967295$'
    expect_line "$(readlink /proc/self/ns/user)"
    start first --userns host -u anna people /init say up , pause
    run awk '/^Uid:/ { print $2 }' "/proc/$(pid_of first)/status"
    expect_output 1234
    try run --rm --userns host -u 70000 people /init id
    expect_match '^uid=70000 '
}

@test "--userns host --privileged: all capabilities that the caller has" {
    try run --rm --userns host --privileged people /init status CapEff
    expect_status 0
    expect_output "$(grep CapEff /proc/self/status)"
    if ! capsh --has-p=cap_sys_resource 2>/dev/null; then # a host whose root does not have all
        try run --rm --userns host --cap-add SYS_RESOURCE people /init say ran
        expect_error 125 'cap-add.*SYS_RESOURCE'
    fi
    try run --rm --privileged people /init status CapEff
    expect_output $'CapEff:\t000001ffffffffff'
}

@test "exec: -u by name, number, group; the default is the container's user" {
    start first -u anna people /init say up , pause
    try exec first /init id
    expect_output "uid=1234 euid=1234 gid=77 egid=77 groups=77,88,99"
    try exec -u 0 first /init id
    expect_match '^uid=0 euid=0 gid=0'
    try exec -u other first /init id
    expect_output "uid=1235 euid=1235 gid=78 egid=78 groups=78,88,99"
    try exec -u 9:10 first /init id
    expect_match '^uid=9 euid=9 gid=10 egid=10'
    try exec -u nosuch first /init id
    expect_error 125 nosuch
    try exec -u 65536 first /init id
    expect_error 125 65536
}
