#!/usr/bin/env bats
# long
# timeout: 400
# Real services under docker with ambit-oci: services.bash.

load services
# shellcheck disable=SC2034 # what engine.bash looks at
engine=docker engine_remove=(rm -f -v)

setup_file() {
    require apt-cache show nginx-light -- "apt knows no packages here"
    make_world
    write /etc/docker/daemon.json <<END
{"runtimes": {"ambit-oci": {"path": "$PEERS_RUNTIME"}}, "default-runtime": "ambit-oci"}
END
    serve dockerd dockerd
    await 60 inside docker info || { tail -20 "$TEST_DIR/dockerd.log"; return 1; }
    make_services
}

teardown_file() {
    inside sh -c 'docker rm -f $(docker ps -aq) >/dev/null 2>&1
        ls /run/docker/runtime-*/moby 2>/dev/null
        find /sys/fs/cgroup -path "*/docker/*" -type d' >"$TEST_DIR/left" || true
    end_world
    [ ! -s "$TEST_DIR/left" ] || { cat "$TEST_DIR/left"; return 1; }
}

becomes_healthy() { # NAME
    await 20 eval "[ \"\$(inside docker inspect -f '{{.State.Health.Status}}' $1)\" = healthy ]"
}

@test "nginx: workers of another user, logs on both streams and followed, SIGQUIT" {
    service_nginx
}

@test "nginx: a read-only root, few capabilities, an init, a neighbour in its network" {
    service_restricted
}

@test "a service that was configured by cp and exec, its commit, its second start" {
    service_commit
}

@test "redis: its entrypoint gives the directory away; bound, as a user, the image's volume" {
    service_redis
}

@test "postgres: a volume, shared memory, a terminal, recovery after a kill, SIGINT" {
    service_postgres
}

@test "httpd: a command without an entrypoint, SIGWINCH" {
    service_httpd
}

@test "a Python program: a user by name, a directory that is made, its health" {
    service_app becomes_healthy
}

@test "restarts on failure" {
    service_restarts
}
