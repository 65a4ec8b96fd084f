# What the files about docker share, besides engine.bash.

start_docker() {
    # What `docker run --init` wants beside dockerd is in its package; the rest is the page's three lines.
    write /etc/docker/daemon.json <<END
{
    "runtimes": { "ambit-oci": { "path": "$PEERS_RUNTIME" } },
    "default-runtime": "ambit-oci"
}
END
    serve dockerd dockerd
    await 60 inside docker info || { tail -20 "$TEST_DIR/dockerd.log"; return 1; }
}

end_docker() { # and its world: of a container that docker has removed nothing is left
    inside sh -c 'docker rm -f $(docker ps -aq) >/dev/null 2>&1
        ls /run/docker/runtime-*/moby 2>/dev/null
        find /sys/fs/cgroup -path "*/docker/*" -type d
        ps ax | grep "[a]mbit-oci\|[c]ontainerd-shim"' >"$TEST_DIR/left" || true
    end_world
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}
