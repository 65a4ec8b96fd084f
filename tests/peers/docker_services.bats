#!/usr/bin/env bats
# long
# timeout: 400
# Real services under docker with ambit-oci: services.bash.

load docker
load services
# shellcheck disable=SC2034 # what engine.bash looks at
engine=docker engine_remove=(rm -f -v)

setup_file() {
    require apt-cache show nginx-light -- "apt knows no packages here"
    make_world
    start_docker
    make_services
}

teardown_file() {
    end_docker
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
