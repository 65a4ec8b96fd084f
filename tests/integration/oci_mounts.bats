#!/usr/bin/env bats
# Mounts of ambit-oci: options, order, propagation, idmapping, tmpfs (runtime-spec config.md#mounts,
# config-linux.md#rootfs-mount-propagation).

load lib
load oci

IDMAP='.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'
OWN='uidMappings: [{containerID: 0, hostID: 5000, size: 10}],
    gidMappings: [{containerID: 0, hostID: 6000, size: 10}]'

setup() {
    mkdir -p "$TEST_DIR/source"
    echo content >"$TEST_DIR/source/file"
}

teardown() {
    rm -rf --one-file-system "$TEST_DIR/source"
}

bind() { # OPTIONS-AS-JSON [MEMBERS]: a jq filter
    echo ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$TEST_DIR/source\",
        options: $1 ${2:+, $2}}]"
}

mount_line() { # PATH: its line of mountinfo in $output
    awk -v path="$1" '$5 == path' <<<"$output"
}

@test "the mounts are in the spec's order, with the spec's sources" {
    run_with "$(bind '["rbind"]') | .mounts += [{destination: \"/tmp\", type: \"tmpfs\", source: \"mine\"}]" \
        'cat /proc/self/mountinfo'
    expect_status 0
    [ "$(awk '{ print $5 }' <<<"$output" | head -n 5 | tr '\n' ' ')" = '/ /proc /dev /dev/pts /dev/shm ' ]
    [ "$(awk '$5 == "/data" || $5 == "/tmp" { print $5 }' <<<"$output" | tr '\n' ' ')" = '/data /tmp ' ]
    grep -q ' - tmpfs mine ' <<<"$(mount_line /tmp)"
    grep -q ' - tmpfs shm ' <<<"$(mount_line /dev/shm)"
}

# In a mount namespace where the source is shared, as on a host with systemd.
# shellcheck disable=SC2016
propagating() { # COMMAND...
    # Private first: what is shared with the host would stay so.
    unshare -m --propagation private env SOURCE="$TEST_DIR/source" bash -c '
        mount --make-rshared / && mount -t tmpfs none "$SOURCE" && mkdir "$SOURCE/below" || exit 9
        "$@" </dev/null
        status=$?
        grep -c " $SOURCE/below " /proc/self/mountinfo
        exit $status' - "$@"
}

@test "what the container mounts below a bind mount stays inside, unless the spec says shared" {
    local admin='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    local try='["/init", "mount", "tmpfs", "none", "/data/below"]'
    configure "$admin" "$(bind '["rbind"]')" ".process.args = $try"
    run propagating "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c
    [ "$output" = 0 ]
    configure "$admin" "$(bind '["rbind", "rshared"]')" ".process.args = $try"
    run propagating "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c
    [ "$output" = 1 ]
    # Who makes the root shared expects it of the volumes too.
    configure "$admin" "$(bind '["rbind"]')" '.linux.rootfsPropagation = "rshared"' ".process.args = $try"
    run propagating "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c
    [ "$output" = 1 ]
}

@test "rootfsPropagation" {
    run_with '.linux.rootfsPropagation = "shared"' 'cat /proc/self/mountinfo'
    grep -q 'shared:' <<<"$(mount_line /)"
    [ "$(grep -c 'shared:' <<<"$output")" -eq 1 ]
    run_with '.linux.rootfsPropagation = "rshared"' 'cat /proc/self/mountinfo'
    grep -q 'shared:' <<<"$(mount_line /dev)"
    run_with '.linux.rootfsPropagation = "unbindable"' 'cat /proc/self/mountinfo'
    grep -q 'unbindable' <<<"$(mount_line /)"
    run_with '.linux.rootfsPropagation = "private"' 'cat /proc/self/mountinfo'
    [ "$(grep -cE 'shared:|master:' <<<"$output")" -eq 0 ]
    run_with '.linux.rootfsPropagation = "none"' pid
    expect_error 1 'linux.rootfsPropagation: found "none", expected one of '
}

@test "each propagation word" {
    local word
    for word in private slave unbindable; do
        run_with "$(bind "[\"rbind\", \"r$word\"]")" 'cat /proc/self/mountinfo'
        expect_status 0
        [ "$(mount_line /data | grep -c 'shared:')" -eq 0 ]
        # A slave, of a source that is shared.
        [ "$word" = slave ] || [ "$(mount_line /data | grep -c 'master:')" -eq 0 ]
    done
    grep -q 'unbindable' <<<"$(mount_line /data)"
}

@test "idmap: with a mapping of its own, without a user namespace" {
    run_with "$(bind '["bind", "idmap"]' "$OWN")" 'stat /data/file'
    expect_status 0
    expect_match 'uid=5000 gid=6000'
    # Without the word too: the mapping is what counts.
    run_with "$(bind '["bind"]' "$OWN")" 'stat /data/file'
    expect_match 'uid=5000 gid=6000'
}

@test "idmap: through the container's user namespace" {
    chown 0:0 "$TEST_DIR/source/file"
    run_with "$IDMAP | $(bind '["bind", "idmap"]')" 'stat /data/file'
    expect_status 0
    expect_match 'uid=0 gid=0'
    run_with "$IDMAP | $(bind '["bind"]')" 'stat /data/file'
    expect_match 'uid=65534 gid=65534'
    # Both: the mount's own mapping, seen from inside.
    run_with "$IDMAP | $(bind '["bind", "idmap"]' "${OWN//[56]000/100007}")" 'stat /data/file'
    expect_match 'uid=7 gid=7'
}

below_is() { # OPTION WANTED: the owner of a file in a mount below the source
    configure "$(bind "[\"rbind\", \"$1\"]" "$OWN")" '.process.args = ["/init", "stat", "/data/below/file"]'
    # shellcheck disable=SC2016
    run unshare -m env SOURCE="$TEST_DIR/source" bash -c '
        mkdir -p "$SOURCE/below" "$SOURCE/other" && touch "$SOURCE/other/file" &&
            mount --bind "$SOURCE/other" "$SOURCE/below" || exit 9
        "$@" </dev/null' - "$PROGRAMS/ambit-oci" --root "$TEST_DIR/oci" run --bundle "$BUNDLE" c
    expect_status 0
    expect_match "$2"
}

@test "ridmap: the mounts below as well" {
    below_is ridmap 'uid=5000 gid=6000'
    below_is idmap 'uid=0 gid=0'
}

@test "idmap: what cannot be" {
    run_with "$(bind '["bind", "idmap"]')" pid
    expect_error 1 'mounts\[[0-9]+\].options: idmap needs uidMappings and gidMappings, or'
    run_with "$(bind '["bind", "idmap"]' 'uidMappings: [{containerID: 0, hostID: 0, size: 1}]')" pid
    expect_error 1 'mounts\[[0-9]+\].gidMappings: needed along with uidMappings'
    run_with ".mounts += [{destination: \"/tmp\", type: \"tmpfs\", options: [\"idmap\"], $OWN}]" pid
    expect_error 1 'mounts\[[0-9]+\]: uidMappings: ids are mapped for bind mounts only'
}

@test "idmap=: the mapping as one word, of the host's ids or of the container's" {
    chown 5:6 "$TEST_DIR/source/file"
    run_with "$(bind '["bind", "idmap=uids=5-100-1;gids=0-300-2#6-200-1"]')" 'stat /data/file'
    expect_status 0
    expect_match 'uid=100 gid=200'
    run_with "$IDMAP | $(bind '["bind", "idmap=uids=@5-7-1;gids=@6-8-1"]')" 'stat /data/file'
    expect_status 0
    expect_match 'uid=7 gid=8'
    # A half that is not there is the container's.
    run_with "$IDMAP | $(bind '["bind", "idmap=uids=@5-7-1"]')" 'stat /data/file'
    expect_match 'uid=7 gid=6'
}

@test "idmap=: what it cannot mean" {
    run_with "$(bind '["bind", "idmap=uids=5-100-1"]')" pid
    expect_error 1 'mounts\[[0-9]+\]: options: idmap: gids= is missing, and the container has no user'
    run_with "$(bind '["bind", "idmap=uids=@5-7-1;gids=0-0-1"]')" pid
    expect_error 1 "'@5-7-1': the container's user namespace has no id 7"
    run_with "$(bind '["bind", "ridmap=uids=5-100;gids=0-0-1"]')" pid
    expect_error 1 "'5-100' is not FIRST-HOST-COUNT"
    run_with "$(bind '["bind", "idmap=users=1"]')" pid
    expect_error 1 "'users=1' is neither uids= nor gids="
}

link_bind() { # SOURCE DESTINATION OPTION: a jq filter
    echo ".mounts += [{destination: \"$2\", type: \"bind\", source: \"$TEST_DIR/source/$1\",
        options: [\"bind\", \"$3\"]}] | .root.readonly = false"
}

@test "src-nofollow, dest-nofollow: a symbolic link itself is mounted, or mounted on" {
    ln -s nowhere "$TEST_DIR/source/link"
    run_with "$(link_bind link /place src-nofollow)" 'readlink /place'
    expect_status 0
    expect_line nowhere
    echo "the root's" >"$BUNDLE/rootfs/target"
    ln -s target "$BUNDLE/rootfs/alias"
    run_with "$(link_bind file /alias dest-nofollow)" 'cat /alias /target'
    expect_status 0
    expect_output $'content\nthe root\'s'
    rm "$BUNDLE/rootfs/place" "$BUNDLE/rootfs/target" "$BUNDLE/rootfs/alias"
}

@test "copy-symlink: a link like the source is made, anything else is mounted" {
    ln -s nowhere "$TEST_DIR/source/link"
    run_with "$(link_bind link /deep/place copy-symlink)" 'readlink /deep/place'
    expect_status 0
    expect_line nowhere
    [ "$(readlink "$BUNDLE/rootfs/deep/place")" = nowhere ]
    run_with "$(link_bind link /deep/place copy-symlink)" 'readlink /deep/place' # the same again
    expect_status 0
    ln -sfn elsewhere "$BUNDLE/rootfs/deep/place"
    run_with "$(link_bind link /deep/place copy-symlink)" pid
    expect_error 1 'mounts\[[0-9]+\]: /deep/place: link to nowhere: File exists'
    run_with "$(link_bind file /place copy-symlink)" 'cat /place'
    expect_output content
    rm -r "$BUNDLE/rootfs/deep" "$BUNDLE/rootfs/place"
}

@test "tmpcopyup: a tmpfs that begins with what it covers" {
    mkdir -p "$BUNDLE/rootfs/var/lib/deep"
    echo seed >"$BUNDLE/rootfs/var/lib/deep/file"
    chmod 644 "$BUNDLE/rootfs/var/lib/deep/file"
    chown 7:8 "$BUNDLE/rootfs/var/lib/deep/file"
    ln -sf deep "$BUNDLE/rootfs/var/lib/link"
    ln "$BUNDLE/rootfs/var/lib/deep/file" "$BUNDLE/rootfs/var/lib/again"
    chmod 711 "$BUNDLE/rootfs/var/lib"
    local tmpfs='.mounts += [{destination: "/var/lib", type: "tmpfs", source: "t", options: ["tmpcopyup"]}]'
    run_with "$tmpfs" 'cat /var/lib/link/file , stat /var/lib/deep/file /var/lib , write /var/lib/new x'
    expect_status 0
    expect_line seed
    expect_match 'file.* mode=0644 uid=7 gid=8 .*nlink=2'
    expect_match '/var/lib .*mode=0711'
    [ ! -e "$BUNDLE/rootfs/var/lib/new" ]
    run_with "${tmpfs/tmpcopyup\"/tmpcopyup\", \"ro\"}" 'cat /var/lib/deep/file , touch /var/lib/new'
    expect_status 1
    expect_line seed
    run_with "${tmpfs/\"tmpfs\"/\"ramfs\"}" pid
    expect_error 1 "mounts\[[0-9]+\]: options: 'tmpcopyup' is for tmpfs"
    rm -r "$BUNDLE/rootfs/var"
}

@test "a tmpfs has the mode of what it covers, or the one it is given" {
    mkdir "$BUNDLE/rootfs/covered"
    chmod 1705 "$BUNDLE/rootfs/covered"
    local tmpfs='.mounts += [{destination: "/covered", type: "tmpfs", source: "t"'
    run_with "$tmpfs}]" 'stat /covered'
    expect_match 'mode=1705'
    run_with "$tmpfs, options: [\"mode=750\"]}]" 'stat /covered'
    expect_match 'mode=0750'
    rmdir "$BUNDLE/rootfs/covered"
    for _ in 1 2; do # made for it, and there already
        run_with "$tmpfs}]" 'stat /covered'
        expect_match 'mode=1777'
    done
    rmdir "$BUNDLE/rootfs/covered"
}

@test "a read-only tmpfs takes other mounts, and /dev its devices" {
    run_with '.mounts |= map(if .destination == "/dev" then .options += ["ro"] else . end) |
        .mounts += [{destination: "/tmp", type: "tmpfs", source: "t", options: ["ro"]},
                    {destination: "/tmp/a/b", type: "tmpfs", source: "t"}]' \
        'stat /dev/null , touch /tmp/a/b/file , cat /proc/self/mountinfo , touch /dev/file'
    expect_status 1
    grep -q ' /dev ro,' <<<"$(mount_line /dev)"
    grep -q ' /tmp ro,' <<<"$(mount_line /tmp)"
    grep -q ' /tmp/a/b rw,' <<<"$(mount_line /tmp/a/b)"
}

# As podman asks for a container that systemd runs in.
@test "a mount among the hierarchies of cgroup v1, whose directory is read-only" {
    require test ! -e /sys/fs/cgroup/cgroup.controllers -- "cgroup v2"
    run_with '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", options: ["ro", "nosuid"]},
        {destination: "/sys/fs/cgroup/systemd", type: "bind", source: "/sys/fs/cgroup/systemd", options: ["bind"]}]' \
        'ls /sys/fs/cgroup/systemd , mkdir /sys/fs/cgroup/x'
    expect_match '^cgroup.procs$'
    grep -q 'Read-only file system' <<<"$errors"
    run_with '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", options: ["ro", "nosuid"]},
        {destination: "/sys/fs/cgroup/systemd", type: "bind", source: "/sys/fs/cgroup/systemd", options: ["bind"]}]' \
        'cat /proc/self/mountinfo'
    expect_match ' /sys/fs/cgroup ro,nosuid'
    expect_match ' /sys/fs/cgroup/pids ro,nosuid'
    expect_match ' /sys/fs/cgroup/systemd rw'
}

# fsconfig takes 255 bytes of a value.
@test "an overlay with more to say than fsconfig takes" {
    local name lowers=
    for name in one two three four; do
        name=$TEST_DIR/source/$name-$(printf 'x%.0s' {1..80})
        mkdir "$name"
        touch "$name/from-$(basename "${name%%-x*}")"
        lowers+=:$name
    done
    mkdir "$TEST_DIR/source"/{upper,work}
    run_with ".mounts += [{destination: \"/data\", type: \"overlay\", source: \"overlay\", options: [
        \"lowerdir=${lowers#:}\", \"upperdir=$TEST_DIR/source/upper\", \"workdir=$TEST_DIR/source/work\",
        \"noexec\", \"private\"]}]" 'ls /data , touch /data/made , cat /proc/self/mountinfo'
    expect_status 0
    expect_line from-one
    expect_line from-four
    grep -q 'rw,noexec,relatime - overlay overlay' <<<"$(mount_line /data)"
    [ -e "$TEST_DIR/source/upper/made" ]
    run_with ".mounts += [{destination: \"/data\", type: \"overlay\", options: [
        \"lowerdir=${lowers#:}:/nothing/there\"]}]" 'ls /data'
    expect_error 1 'mounts\[[0-9]+\]: mount on /data: mount overlay: No such file'
}

@test "remount changes what is there" {
    run_with '.mounts += [{destination: "/tmp", type: "tmpfs", source: "t", options: ["size=1m"]},
                    {destination: "/tmp", options: ["remount", "noexec", "size=2m"]}]' \
        'cat /proc/self/mountinfo'
    expect_status 0
    [ "$(mount_line /tmp | wc -l)" -eq 1 ]
    mount_line /tmp | grep -q 'noexec.*size=2048k'
    run_with '.mounts += [{destination: "/nowhere", options: ["remount", "ro"]}]' pid
    expect_error 1 'mounts\[[0-9]+\]: /nowhere: open /nowhere inside the root'
}

@test "mountLabel without SELinux is a warning" {
    require test ! -d /sys/fs/selinux/class -- "SELinux is active"
    run_with '.linux.mountLabel = "system_u:object_r:container_file_t:s0"' pid
    expect_status 0
    grep -q 'level=warning msg="linux.mountLabel: ignored' <<<"$errors"
    try_oci --log "$TEST_DIR/log" --log-format json run --bundle "$BUNDLE" c
    [ -z "$errors" ]
    [ "$(jq -r .level "$TEST_DIR/log")" = warning ]
}

@test "a container that has the host's mount namespace has its mounts for itself" {
    local shared='.linux |= del(.maskedPaths, .readonlyPaths) |
        .linux.namespaces |= map(select(.type != "mount")) |
        .process.capabilities |= map_values(. + ["CAP_SYS_CHROOT"])'
    start_with "$shared | $(bind '["rbind"]')"
    ! grep -F "$TEST_DIR" /proc/self/mountinfo || false
    [ "$(readlink "/proc/$(oci state c | jq .pid)/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ]
    try_oci exec c /init readlink /proc/self/ns/mnt , cat /data/file , ls /dev/pts , ls /
    expect_status 0
    expect_line "$(readlink /proc/self/ns/mnt)"
    expect_line content
    expect_line ptmx
    expect_line init
    expect_no_line usr
    # From below its root there is no way up to the host's.
    try_oci exec c /init chroot /tmp , ls ../../..
    expect_status 0
    expect_line init
    expect_no_line usr
    delete_all
    run_with "$shared | $IDMAP" pid
    expect_error 1 'linux.namespaces: a container with a user namespace needs a mount namespace'
}
