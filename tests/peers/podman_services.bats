#!/usr/bin/env bats
# long
# timeout: 400
# Real services under podman with ambit-oci: services.bash.

load podman
load services
# shellcheck disable=SC2034 # what engine.bash looks at
engine=podman engine_remove=(rm -f -v -t 0)

setup_file() {
    require apt-cache show nginx-light -- "apt knows no packages here"
    make_world
    configure_podman
    make_services --isolation oci --format docker --pull=never --layers=false
}

teardown_file() {
    podman_left_nothing
    end_world
}

becomes_healthy() { # NAME: by hand, as podman leaves the interval to systemd
    at podman healthcheck run "$1"
    expect_status 0
    at podman inspect -f '{{.State.Healthcheck.Status}}' "$1"
    expect_output healthy
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
    service_app becomes_healthy --sysctl net.ipv4.ip_unprivileged_port_start=0
}

@test "restarts on failure" {
    service_restarts --sysctl net.ipv4.ip_unprivileged_port_start=0
}
