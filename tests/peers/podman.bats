#!/usr/bin/env bats
# podman with ambit-oci as its runtime.
# timeout: 300

load lib

setup_file() {
    make_world
    make_image "$TEST_DIR/busybox.tar"
    # A test machine may lack CAP_SYS_RESOURCE: podman's default is more than it may set.
    write /etc/containers/containers.conf <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "ambit-oci"
[engine.runtimes]
ambit-oci = ["$PEERS_RUNTIME"]
END
    inside podman load -q -i "$TEST_DIR/busybox.tar"
    inside podman tag localhost/busybox:latest busybox
    inside podman images
}

teardown_file() {
    end_world
}

podman() {
    at podman "$@"
}

@test "run: output, exit status" {
    podman run --rm --net none busybox sh -c 'echo hello; exit 3'
    expect_status 3
    expect_output hello
}
