# Registries for tests: Debian's docker-registry on loopback ports, one process each, ended by
# stop_registries. Loaded after lib.
#
#     start_registry NAME [LINE...]   config lines are added to `http:`; sets and exports
#                                     REGISTRY_NAME=127.0.0.1:PORT (NAME in upper case)
#     start_filled_registry           the registry `plain`, with the image base in it as lib/base:1
#     start_hostile                   hostile-registry, unless it runs; exports HOSTILE=127.0.0.1:PORT
#                                     and HOSTILE_FILE, beside which it writes (.requests, .log, .other)
#     skopeo_copy ARGUMENT...
#     make_certificates DIR           a CA (ca.pem), certificates of a server and a client

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port_answers() { # PORT
    (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_proxy() { # NAME TARGET: tests/integration/proxy; exports PROXY_NAME=127.0.0.1:PORT and its log
    "$TOP/tests/integration/proxy" "$TEST_DIR/proxy-$1" "$2" 3>&- &
    echo $! >>"$TEST_DIR/registries"
    await 10 test -s "$TEST_DIR/proxy-$1"
    export "PROXY_${1^^}=127.0.0.1:$(cat "$TEST_DIR/proxy-$1")" "PROXY_LOG_${1^^}=$TEST_DIR/proxy-$1.log"
}

start_registry() {
    local name=$1 port dir=$TEST_DIR/registry-$1
    shift
    port=$(free_port)
    mkdir -p "$dir/data"
    {
        printf 'version: 0.1\nlog: {level: error}\n' # the log has a line for each request
        printf 'storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n' "$dir/data"
        printf 'http:\n  addr: 127.0.0.1:%s\n' "$port"
        printf '%s\n' "$@"
    } >"$dir/config.yml"
    docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
    echo $! >>"$TEST_DIR/registries"
    export "REGISTRY_${name^^}=127.0.0.1:$port"
    await 10 port_answers "$port" || { cat "$dir/log"; return 1; }
}

start_filled_registry() {
    start_registry plain
    skopeo_copy --dest-tls-verify=false "oci-archive:$TOP/build/base.tar" \
        "docker://$REGISTRY_PLAIN/lib/base:1"
}

start_hostile() {
    export HOSTILE_FILE=$TEST_DIR/hostile
    if [ ! -s "$HOSTILE_FILE" ]; then
        "$TOP/tests/integration/hostile-registry" "$HOSTILE_FILE" 3>&- &
        echo $! >>"$TEST_DIR/registries"
        await 20 test -s "$HOSTILE_FILE"
    fi
    HOSTILE=127.0.0.1:$(cat "$HOSTILE_FILE")
    export HOSTILE
}

stop_registries() {
    local pid
    [ -f "$TEST_DIR/registries" ] || return 0
    while read -r pid; do
        kill "$pid" 2>/dev/null || true
        await 10 eval "! kill -0 $pid" || kill -KILL "$pid"
    done <"$TEST_DIR/registries"
    rm -f "$TEST_DIR/registries"
}

skopeo_copy() {
    skopeo --insecure-policy copy --quiet "$@"
}

make_certificates() { # DIR
    local dir=$1
    mkdir -p "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca \
        -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
    local who
    for who in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$who" \
            -keyout "$dir/$who.key" -out "$dir/$who.csr" 2>/dev/null
        openssl x509 -req -in "$dir/$who.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
            -days 2 -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:registry.invalid,DNS:closed.invalid') -out "$dir/$who.pem" 2>/dev/null
    done
}
