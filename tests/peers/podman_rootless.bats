#!/usr/bin/env bats
# An ordinary user's podman with ambit-oci: no power over the host, no cgroup of his own. With a
# systemd of the user's: tests/systemd/user.bats.
# timeout: 200

load lib
load podman

USER_ID=54400
HOME_DIR=/run/pod # where an ordinary user can go, and gone with the sandbox

setup_file() {
    make_world
    make_image "$TEST_DIR/busybox.tar"
    configure_podman
    inside sh -c "echo pod:x:$USER_ID:$USER_ID::$HOME_DIR:/bin/sh >>/etc/passwd
        echo pod:x:$USER_ID: >>/etc/group; echo crew:x:2000:pod >>/etc/group
        echo pod:1300000:65536 | tee -a /etc/subuid >>/etc/subgid
        install -d -o pod -g pod -m 700 $HOME_DIR /run/user/$USER_ID"
    as_user podman load -q <"$TEST_DIR/busybox.tar"
    as_user podman tag localhost/busybox:latest busybox
}

teardown_file() {
    as_user sh -c "podman rm -f -t 0 -a >/dev/null 2>&1; ls /run/user/$USER_ID/ambit/oci 2>/dev/null" >"$TEST_DIR/left" || true
    end_world
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

user_command() {
    user_is=(setpriv "--reuid=$USER_ID" "--regid=$USER_ID" --init-groups env "HOME=$HOME_DIR" USER=pod "XDG_RUNTIME_DIR=/run/user/$USER_ID"
        STORAGE_DRIVER=vfs sh -c 'cd; exec "$@"' -)
}

as_user() {
    user_command
    inside "${user_is[@]}" "$@"
}

podman() {
    user_command
    at "${user_is[@]}" podman "$@"
}

once() {
    podman run --rm --net none "$@"
}

@test "users and groups: root inside, others of his ids, his own groups" {
    once busybox sh -c 'id; cat /proc/self/uid_map; touch /x && ls -ln /dev/null'
    expect_line 'uid=0(root) gid=0(root)'
    expect_match " 0 +$USER_ID +1\$"
    expect_match '^crw-rw-rw-'
    once --user bob busybox sh -c 'id; echo word >/dev/stdout'
    expect_output $'uid=1000(bob) gid=1000(bob) groups=1000(bob),2000(crew)\nword'
}

@test "--userns: kept, none of his own, a range" {
    once --userns keep-id busybox sh -c 'id -u; touch /tmp/x; stat -c %u /tmp/x; grep CapEff /proc/self/status'
    expect_match "^$USER_ID\$"
    expect_match '^CapEff:.0+$'
    once --userns nomap busybox sh -c 'id -u; cat /proc/self/uid_map'
    expect_match '^ +0 +1 +65536$'
    once --uidmap 0:1:100 --gidmap 0:1:100 busybox cat /proc/self/uid_map
    expect_match '^ +0 +1 +100$'
}

@test "exec, copies, signals, a terminal, an end" {
    podman run -d --name c --net none busybox sleep 1000
    expect_status 0
    podman exec -u bob c sh -c 'id -un; exit 6'
    expect_status 6
    expect_output bob
    podman cp /etc/group c:/copy
    podman exec c grep crew /copy
    expect_output crew:x:2000:pod
    user_command
    on_terminal "${user_is[@]}" podman exec -it c tty
    expect_match '/dev/pts/0$'
    podman run --rm --net none --pid container:c --ipc container:c --uts container:c busybox ps -o comm
    expect_line sleep
    podman kill c
    podman wait c
    expect_output 137
    podman rm c
    expect_status 0
}

# Its users are not those whom the processes belong to; the host's /proc is not what was asked for.
@test "who keeps his id does not see the processes of a container that does not" {
    podman run -d --name c --net none busybox sleep 1000
    once --userns keep-id --pid container:c busybox ps
    expect_status 126
    podman rm -f -t 0 c
    expect_status 0
}

@test "what crun has and runc has not: his own groups, no cgroup; a user that is not there" {
    only_ambit
    once --group-add keep-groups --cgroups disabled busybox id -G
    expect_match ' 65534$' # crew, which his user namespace does not map
    once --user 70000 busybox true
    expect_status 126
    # shellcheck disable=SC2154
    grep -q 'process.user: become user 70000: it is not mapped in the user namespace' <<<"$errors"
}

@test "pods, --privileged" {
    podman pod create --name p --network none --share net,pid,ipc,uts
    podman run -d --pod p busybox sleep 1000
    podman run --rm --pod p busybox sh -c 'ps -o comm; hostname'
    expect_line catatonit
    expect_line sleep
    podman pod rm -f -t 0 p
    expect_status 0
    once --privileged busybox sh -c 'mkdir /mnt; mount -t tmpfs x /mnt && echo mounted'
    expect_output mounted
}

@test "build" {
    local isolation
    inside install -d -o pod "$HOME_DIR/context"
    printf 'FROM busybox\nRUN id -u >/made && chown 1000:1000 /made\nUSER bob\nRUN cat /made >/tmp/copy\n' |
        inside tee "$HOME_DIR/context/Dockerfile" >/dev/null
    for isolation in oci rootless; do
        podman build --isolation $isolation --no-cache --network none --pull=never -q -t made context
        expect_status 0
    done
    once made ls -ln /made
    expect_match ' 1000 +1000 '
}
