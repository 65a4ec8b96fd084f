# Real services (../integration/service-root) as docker and podman are both asked to run them: what
# services.bats does with `ambit`. A test file of one of the two engines says which, as for
# engine.bash, loads this, and names the test before it calls one of the functions at the end.

load engine

# The image debian, with what configures the services, and one image for each of them. `build` and
# not `commit`, whose docker knows no STOPSIGNAL.
make_services() { # ARGUMENT... of build
    "$TOP/tests/integration/service-root" "$TEST_DIR/root.tar"
    inside "$engine" import "$TEST_DIR/root.tar" unpacked >/dev/null
    rm "$TEST_DIR/root.tar"
    build_arguments=("$@")
    inside cp -r "$TOP/tests/integration/services" /tmp/context
    image debian 'FROM unpacked' 'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        'COPY redis-entry postgres-entry /usr/local/bin/' 'COPY httpd.conf app.py /srv/' \
        'COPY nginx.conf /etc/nginx/' 'RUN mkdir /srv/www && echo hello >/srv/www/index.html' \
        'RUN ln -s /dev/stdout /var/log/nginx/access.log && ln -s /dev/stderr /var/log/nginx/error.log' \
        'RUN ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin && install -d -o redis -g redis /data'
    image nginx 'FROM debian' 'ENTRYPOINT ["nginx"]' 'CMD ["-g", "daemon off;"]' 'EXPOSE 80' 'STOPSIGNAL SIGQUIT'
    image redis 'FROM debian' 'ENTRYPOINT ["redis-entry"]' 'CMD ["redis-server"]' 'VOLUME /data' 'WORKDIR /data'
    image postgres 'FROM debian' 'ENTRYPOINT ["postgres-entry"]' 'CMD ["postgres"]' 'VOLUME /var/lib/pg' \
        'ENV PGDATA=/var/lib/pg' 'STOPSIGNAL SIGINT'
    image httpd 'FROM debian' 'CMD ["apache2", "-f", "/srv/httpd.conf", "-D", "FOREGROUND"]' 'STOPSIGNAL SIGWINCH'
    image app 'FROM debian' 'CMD exec python3.11 /srv/app.py' 'USER app' 'WORKDIR /srv/not/there' \
        'HEALTHCHECK --interval=1s --retries=2 CMD curl -sf http://127.0.0.1/'
}

image() { # NAME INSTRUCTION...
    local name=$1
    shift
    printf '%s\n' "$@" | write /tmp/context/Dockerfile
    inside env DOCKER_BUILDKIT=0 "$engine" build "${build_arguments[@]}" --network none -q -t "$name" /tmp/context >/dev/null
}

up() { # NAME READY ARGUMENT... of run: detached; the command READY, run inside, says when it is up
    local name=$1 ready=$2
    shift 2
    background "$name" "$@"
    await 30 inside "$engine" exec "$name" sh -c "$ready" || { inside "$engine" logs "$name"; return 1; }
}

# Within the time that the engine gives, by the signal of the image: not killed.
stopped() { # NAME STATUS
    local began=$SECONDS
    at "$engine" stop "$1"
    expect_status 0
    [ $((SECONDS - began)) -lt 9 ]
    at "$engine" inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1"
    expect_output "exited $2"
}

does() { # NAME COMMAND...: exec; its output is in $output
    at "$engine" exec "$@"
}

logged() { # NAME REGEX
    inside "$engine" logs "$1" 2>&1 | grep -q -- "$2" || { inside "$engine" logs "$1"; return 1; }
}

get='curl -sS http://127.0.0.1'

service_nginx() {
    up web "$get/" nginx
    does web curl -sS http://127.0.0.1/nothing
    expect_match '404 Not Found'
    does web sh -c 'ps -C nginx -o user= | sort | xargs'
    expect_output 'root www-data'
    inside sh -c "timeout 30 $engine logs -f web >/tmp/followed 2>&1; echo ended >>/tmp/followed" &
    # somebody else's exec writes to its own streams by the same names
    does -u app web sh -c 'echo said >/dev/stdout; echo wrong >/dev/stderr'
    expect_output said
    # shellcheck disable=SC2154
    [ "$errors" = wrong ]
    stopped web 0
    wait
    inside "$engine" logs web >"$TEST_DIR/said" 2>"$TEST_DIR/failed"
    grep -q '"GET / HTTP/1.1" 200' "$TEST_DIR/said"
    grep -q 'nothing" failed (2: No such file' "$TEST_DIR/failed"
    at tail -n 3 /tmp/followed
    expect_match 'GET /nothing'
    expect_line ended
    gone web
}

service_restricted() {
    up web "$get/" --read-only --tmpfs /run --tmpfs /var/lib/nginx --init --cap-drop ALL --cap-add CHOWN \
        --cap-add SETUID --cap-add SETGID --cap-add NET_BIND_SERVICE --security-opt no-new-privileges nginx
    at "$engine" run --rm --net container:web app curl -sS http://127.0.0.1/
    expect_output hello
    does web sh -c 'touch /srv/x'
    expect_status 1
    does web ps -o comm= -p 1
    [ "$output" != nginx ]
    stopped web 0
    gone web
    once -u www-data nginx
    expect_status 1
    grep -q 'Permission denied' <<<"$errors"
}

service_commit() {
    up web "$get/" nginx
    echo changed | write /tmp/page
    at "$engine" cp /tmp/page web:/srv/www/index.html
    expect_status 0
    does web sh -c 'sed -i "s/listen 80/listen 81/" /etc/nginx/nginx.conf && nginx -s reload'
    await 10 inside "$engine" exec web curl -sS http://127.0.0.1:81/
    at "$engine" cp web:/etc/nginx/nginx.conf /tmp/copied
    inside grep -q 'listen 81' /tmp/copied
    at "$engine" commit web configured
    at "$engine" kill web
    at "$engine" start web
    await 10 inside "$engine" exec web curl -sS http://127.0.0.1:81/
    gone web
    up web "$get:81/" configured
    does web curl -sS http://127.0.0.1:81/
    expect_output changed
    stopped web 0
    gone web
}

service_redis() {
    inside mkdir -p /tmp/data
    up cache 'redis-cli ping' -v /tmp/data:/data redis --save 60 1000
    does cache redis-cli set key value
    expect_output OK
    does cache ps -o user= -p 1
    expect_output redis
    stopped cache 0
    gone cache
    at sh -c 'stat -c %u:%g /tmp/data /tmp/data/dump.rdb | xargs'
    expect_output '100:0 100:102'
    up cache 'redis-cli ping' -u redis --cap-drop ALL -v /tmp/data:/data redis
    does cache redis-cli get key
    expect_output value
    stopped cache 0
    logged cache 'bye bye'
    gone cache
    up cache 'redis-cli ping' redis redis-server --appendonly yes
    local source
    source=$(inside "$engine" inspect cache | jq -r '.[0].Mounts[] | select(.Destination == "/data").Source')
    at stat -c %u:%g "$source"
    expect_output 100:102
    inside test -d "$source/appendonlydir"
    at "$engine" rm -f -v cache
    expect_status 0
    at test -e "$source"
    expect_status 1
}

service_postgres() {
    up db 'psql -U postgres -c "select 1"' -m 256m -e POSTGRES_PASSWORD=secret -v pg:/var/lib/pg postgres
    does -u postgres db psql -Atc 'create table t as select generate_series(1, 100000) i'
    expect_output 'SELECT 100000'
    does -e PGPASSWORD=secret db psql -h 127.0.0.1 -U postgres -Atc 'select count(*) from t'
    expect_output 100000
    on_terminal "$engine" exec -it db psql -P pager=off -U postgres -c 'select 40+2'
    expect_match '^ *42$'
    at "$engine" kill db
    at "$engine" wait db
    expect_output 137
    gone db
    up db 'psql -U postgres -c "select 1"' --shm-size 32m -v pg:/var/lib/pg postgres
    logged db 'was not properly shut down; automatic recovery'
    does -u postgres db psql -Atc 'select count(*) from t'
    expect_output 100000
    does db sh -c 'ls /dev/shm; df -k /dev/shm'
    expect_match PostgreSQL
    expect_match ' 32768 '
    stopped db 0
    logged db 'received fast shutdown request'
    gone db
    at "$engine" volume rm pg
    expect_status 0
}

service_httpd() {
    up web "$get/" httpd
    does web curl -sS http://127.0.0.1/
    expect_output hello
    stopped web 0
    logged web 'GET / HTTP/1.1" 200'
    logged web 'caught SIGWINCH, shutting down gracefully'
    gone web
}

service_app() { # HEALTHY ARGUMENT... of run: the command HEALTHY waits until it is
    local healthy=$1
    shift
    up app "$get/" "$@" app
    does app curl -sS http://127.0.0.1/
    # `exec` in the command: there is no shell that signals would end at
    expect_output '1000 /srv/not/there 1'
    does app sh -c 'pwd; id -un; echo ~'
    expect_output $'/srv/not/there\napp\n/home/app'
    does -u root -w /srv -e HOME=/x app sh -c 'pwd; id -un; echo ~'
    expect_output $'/srv\nroot\n/x'
    on_terminal "$engine" exec -it -e TERM=vt100 app sh -c 'test -t 0 && tty && echo $TERM'
    expect_match 'pts/0'
    expect_match vt100
    "$healthy" app
    stopped app 3
    at "$engine" logs app
    expect_output $'listening\nending'
    gone app
}

service_restarts() { # ARGUMENT... of run
    background app --restart on-failure:5 "$@" app
    await 10 inside "$engine" exec app curl -sS http://127.0.0.1/
    inside "$engine" exec -u root app sh -c 'kill -TERM 1'
    await 20 eval '[ "$(inside "$engine" inspect -f "{{.RestartCount}}" app)" = 1 ]'
    await 10 inside "$engine" exec app curl -sS http://127.0.0.1/
    at "$engine" logs app
    expect_output $'listening\nending\nlistening'
    stopped app 3
    gone app
}
