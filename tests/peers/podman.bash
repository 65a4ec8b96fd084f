# What the files about podman share, besides engine.bash.

configure_podman() {
    # A test machine may lack CAP_SYS_RESOURCE: podman's default is more than it may set.
    write /etc/containers/containers.conf <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "ambit-oci"
runtime_supports_json = ["ambit-oci", "crun", "runc"]
runtime_supports_nocgroup = ["ambit-oci", "crun"]
[engine.runtimes]
ambit-oci = ["$PEERS_RUNTIME"]
END
    inside sh -c 'echo containers:200000:1000000 | tee -a /etc/subuid >>/etc/subgid'
}

podman_left_nothing() { # of a container that podman has removed
    inside sh -c 'podman rm -f -t 0 -a >/dev/null 2>&1
        ls /run/ambit/oci 2>/dev/null
        find /sys/fs/cgroup -type d -path "*libpod-*" ! -path "*conmon*"
        grep overlay-containers /proc/self/mountinfo' >"$TEST_DIR/left" || true
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}
