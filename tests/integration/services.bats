#!/usr/bin/env bats
# timeout: 300
# not sanitized: what takes the time here are the services
# What a user of docker meets in the first week: real services from images with the habits of the
# official ones. An entrypoint that gives its data directory away and drops to a user, logs that are
# links to /dev/stdout, signals of their own, ports below 1024, volumes, users by name.

load lib

setup_file() {
    prepare_store
    local root=${SERVICE_ROOT:-$TEST_DIR/root.tar} # given in the VM, which has no network
    [ -f "$root" ] || "$TOP/tests/integration/service-root" "$root"
    ambit import "$root" debian
    rm -f "$TEST_DIR/root.tar"
    ambit run --name making --net none -v "$TOP/tests/integration/services:/from:ro" debian sh -ec '
        mkdir -p /usr/local/bin /srv/www && cp /from/*-entry /usr/local/bin
        echo hello >/srv/www/index.html
        cp /from/httpd.conf /from/app.py /srv && cp /from/nginx.conf /etc/nginx
        ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
        ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin
        install -d -o redis -g redis /data'
    image nginx 'ENTRYPOINT ["nginx"]' 'CMD ["-g", "daemon off;"]' 'EXPOSE 80' 'STOPSIGNAL SIGQUIT'
    image redis 'ENTRYPOINT ["redis-entry"]' 'CMD ["redis-server"]' 'VOLUME /data' 'WORKDIR /data'
    image postgres 'ENTRYPOINT ["postgres-entry"]' 'CMD ["postgres"]' 'VOLUME /var/lib/pg' \
        'ENV PGDATA=/var/lib/pg' 'STOPSIGNAL SIGINT'
    image httpd 'CMD ["apache2", "-f", "/srv/httpd.conf", "-D", "FOREGROUND"]' 'STOPSIGNAL SIGWINCH'
    image app 'CMD exec python3.11 /srv/app.py' 'USER app' 'WORKDIR /srv/not/there'
    ambit rm making
}

image() { # NAME INSTRUCTION...
    local name=$1 changes=()
    shift
    for change; do
        changes+=(-c "$change")
    done
    ambit commit "${changes[@]}" making "$name"
}

serve() { # NAME ARGUMENT... (of run): in the background; READY, run inside, says when it is up
    local name=$1
    shift
    "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" run --name "$name" "$@" \
        >"$TEST_DIR/$name.out" 2>"$TEST_DIR/$name.err" </dev/null 3>&- &
    echo $! >"$TEST_DIR/$name.pid"
    await 15 eval "! kill -0 $! || ambit exec $name sh -c '$READY'" || true
    ambit exec "$name" sh -c "$READY" >/dev/null || { cat "$TEST_DIR/$name".{out,err}; return 1; }
}

ended() { # NAME STATUS: stops it the way its image asks for
    local pid status=0
    pid=$(cat "$TEST_DIR/$1.pid")
    ambit stop "$1"
    wait "$pid" || status=$?
    [ "$status" -eq "$2" ] || { echo "$1: status $status"; cat "$TEST_DIR/$1".{out,err}; return 1; }
}

expect_said() { # REGEX: on the error stream, among other things
    # shellcheck disable=SC2154 # set by try
    grep -q -- "$1" <<<"$errors" || { show; return 1; }
}

fetch() { # NAME PATH...
    ambit exec "$1" curl -sS "http://127.0.0.1/${2:-}"
}

http='curl -s http://127.0.0.1/'

@test "nginx: a port below 1024, workers of another user, logs on both streams, SIGQUIT" {
    READY=$http serve web --rm --net none nginx
    [ "$(fetch web)" = hello ]
    [ "$(ambit exec web readlink /etc/mtab)" = /proc/mounts ]
    fetch web nothing | grep -q '404 Not Found'
    [ "$(ambit exec web ps -C nginx -o user= | sort | xargs)" = "root www-data" ]
    # an exec of somebody else writes to its own streams by the same names
    [ "$(ambit exec -u app web sh -c 'echo said >/dev/stdout; echo wrong >/dev/stderr' 2>&1 | xargs)" = "said wrong" ]
    ended web 0
    grep -q '"GET / HTTP/1.1" 200' "$TEST_DIR/web.out"
    grep -q 'nothing" failed (2: No such file' "$TEST_DIR/web.err"
}

@test "nginx: a read-only root with tmpfs, few capabilities, an init, a neighbour in its network" {
    READY=$http serve web --rm --net none --read-only --tmpfs /run --tmpfs /var/lib/nginx --init \
        --cap-drop ALL --cap-add CHOWN --cap-add SETUID --cap-add SETGID --cap-add NET_BIND_SERVICE nginx
    try run --rm --net container:web app curl -sS http://127.0.0.1/
    expect_output hello
    try exec web sh -c 'touch /srv/x'
    expect_status 1
    [ "$(ambit exec web ps -o comm= -p 1)" = ambit-init ]
    ended web 0
    try run --rm --net none -u www-data nginx
    expect_status 1
    expect_said 'Permission denied'
}

@test "a service that was configured by hand becomes an image and starts again" {
    READY=$http serve web --net none nginx
    ambit exec web sh -c 'echo changed >/srv/www/index.html
        sed -i "s/listen 80/listen 81/" /etc/nginx/nginx.conf && nginx -s reload'
    await 10 ambit exec web curl -sS http://127.0.0.1:81/
    ambit commit -q web configured
    ended web 0
    ambit rm web
    READY='curl -s http://127.0.0.1:81/' serve web --rm --net none configured
    [ "$(ambit exec web curl -sS http://127.0.0.1:81/)" = changed ]
    [ "$(ambit inspect -f '{{.Config.StopSignal}}' web)" = SIGQUIT ]
    ended web 0
}

@test "redis: its entrypoint gives the directory away; the data is there at the second start" {
    local data=$TEST_DIR/data
    mkdir "$data"
    READY='redis-cli ping' serve cache --rm --net none -v "$data:/data" redis --save 60 1000
    [ "$(ambit exec cache redis-cli set key value)" = OK ]
    [ "$(ambit exec cache ps -o user= -p 1)" = redis ]
    ended cache 0
    [ "$(stat -c %u:%g "$data" "$data/dump.rdb" | xargs)" = "100:0 100:102" ]
    READY='redis-cli ping' serve cache --rm --net none -u redis --cap-drop ALL -v "$data:/data" redis
    [ "$(ambit exec cache redis-cli get key)" = value ]
    ended cache 0
    grep -q 'bye bye' "$TEST_DIR/cache.out"
}

@test "redis: the image's volume: one for each container, with the owner that the image has there" {
    READY='redis-cli ping' serve cache --net none redis redis-server --appendonly yes
    local source
    source=$(ambit inspect cache | jq -r '.[0].Mounts[] | select(.Destination == "/data").Source')
    [ "$(stat -c %u:%g "$source")" = 100:102 ]
    [ -d "$source/appendonlydir" ]
    ended cache 0
    ambit rm cache
    [ ! -e "$source" ]
}

@test "postgres: fills a volume, answers on its socket and by TCP, starts again after a crash" {
    READY='psql -U postgres -c "select 1"' serve db --net none -m 256m -e POSTGRES_PASSWORD=secret \
        -v pg:/var/lib/pg postgres
    [ "$(ambit exec -u postgres db psql -Atc 'create table t as select generate_series(1, 100000) i')" = 'SELECT 100000' ]
    [ "$(ambit exec -e PGPASSWORD=secret db psql -h 127.0.0.1 -U postgres -Atc 'select count(*) from t')" = 100000 ]
    try exec -e PGPASSWORD=wrong db psql -h 127.0.0.1 -U postgres -c 'select 1'
    expect_said 'password authentication failed'
    ambit exec db ls /dev/shm | grep -q PostgreSQL
    [ "$(stat -c '%u %a' "$TEST_ROOT/volumes/pg/data")" = "101 700" ]
    ambit kill db
    wait "$(cat "$TEST_DIR/db.pid")" || [ $? -eq 137 ]
    [ "$(ambit inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' db)" = "137 false" ]
    ambit rm db
    READY='psql -U postgres -c "select 1"' serve db --rm --net none -v pg:/var/lib/pg postgres
    grep -q 'was not properly shut down; automatic recovery' "$TEST_DIR/db.err"
    [ "$(ambit exec -u postgres db psql -Atc 'select count(*) from t')" = 100000 ]
    ended db 0
    grep -q 'received fast shutdown request' "$TEST_DIR/db.err"
    # another user than the image's own files are for
    try run --rm --net none -u app -v pg:/var/lib/pg postgres
    expect_status 1
    rm -r "$TEST_ROOT/volumes/pg"
}

@test "httpd: a command without an entrypoint, SIGWINCH" {
    READY=$http serve web --rm --net none httpd
    [ "$(fetch web)" = hello ]
    ended web 0
    grep -q 'GET / HTTP/1.1" 200' "$TEST_DIR/web.out"
    grep -q 'caught SIGWINCH, shutting down gracefully' "$TEST_DIR/web.err"
}

@test "a Python program as a user by name, in a directory that the image has not" {
    READY=$http serve app --rm --net none app
    [ "$(fetch app)" = "1000 /srv/not/there 1" ]
    [ "$(ambit exec app sh -c 'pwd; id -un; echo ~' | xargs)" = "/srv/not/there app /home/app" ]
    [ "$(ambit exec -u root -w /srv -e HOME=/x app sh -c 'pwd; id -un; echo ~' | xargs)" = "/srv root /x" ]
    [ "$(ambit exec app stat -c %U /srv/not/there)" = root ]
    run script -qec "$(printf '%q ' "$PROGRAMS/ambit" --root "$TEST_ROOT" --state "$TEST_STATE" exec -it app sh -c 'test -t 0 && tty')" /dev/null
    expect_match 'pts/0'
    ended app 3
    [ "$(xargs <"$TEST_DIR/app.out")" = "listening ending" ]
}

@test "what does not listen to its signal is killed when the time is over; explain of a service" {
    READY=true serve deaf --net none --stop-timeout 1 redis sh -c 'trap "" TERM; while :; do sleep 0.1; done'
    try explain deaf
    expect_match '^ +/data +'
    expect_match '^ +runs as +uid 0'
    ended deaf 137
    [ "$(ambit inspect -f '{{.State.Status}} {{.State.ExitCode}}' deaf)" = "exited 137" ]
    ambit rm deaf
}
