#!/usr/bin/env bats
# timeout: 200
# TLS, certificates and credentials, against Debian's docker-registry.

load lib
load registry_lib

setup_file() {
    prepare_store
    make_certificates "$TEST_DIR/tls"
    mkdir -p "$TEST_DIR/trust" "$TEST_DIR/home" "$TEST_DIR/trust-client"
    cp "$TEST_DIR/tls/ca.pem" "$TEST_DIR/trust/ca.crt"
    cp "$TEST_DIR/tls/ca.pem" "$TEST_DIR/trust-client/ca.crt"
    cp "$TEST_DIR/tls/client.pem" "$TEST_DIR/trust-client/client.cert"
    cp "$TEST_DIR/tls/client.key" "$TEST_DIR/trust-client/client.key"
    # user me, password "secret word"
    python3 - "$TEST_DIR/htpasswd" <<'END'
import crypt, sys, warnings
open(sys.argv[1], "w").write("me:" + crypt.crypt("secret word", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)) + "\n")
END
    start_registry closed "  tls: {certificate: $TEST_DIR/tls/server.pem, key: $TEST_DIR/tls/server.key}" \
        "auth: {htpasswd: {realm: test, path: $TEST_DIR/htpasswd}}"
    start_registry mutual "  tls: {certificate: $TEST_DIR/tls/server.pem, key: $TEST_DIR/tls/server.key, clientcas: [$TEST_DIR/tls/ca.pem]}"
    export HOME=$TEST_DIR/home XDG_RUNTIME_DIR=$TEST_DIR/home/run
    unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_CONFIG_HOME
    ambit tag init "$REGISTRY_CLOSED/x:1"
    ambit tag init "$REGISTRY_MUTUAL/x:1"
}

teardown_file() {
    stop_registries
    discard_store
}

@test "a certificate that nobody vouches for is refused, never plain HTTP instead" {
    try push "$REGISTRY_CLOSED/x:1"
    expect_error 125 'certificate is not trusted'
    try login -u me -p 'secret word' "$REGISTRY_CLOSED"
    expect_error 125 'certificate is not trusted'
}

@test "a machine without certificate authorities trusts whom it is told to, and says what is missing" {
    export SSL_CERT_FILE=/dev/null
    try push "$REGISTRY_CLOSED/x:1"
    expect_error 125 'not trusted: this machine has no certificate authorities'
    try push --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    try push --tls-verify=false "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    start_registry bare # on this machine, without TLS
    ambit tag "$IMAGE" "$REGISTRY_BARE/x:1"
    ambit push -q "$REGISTRY_BARE/x:1"
    ambit rmi "$REGISTRY_BARE/x:1"
}

@test "login tries the credentials, keeps them with mode 600, and logout forgets them" {
    local file=$HOME/.config/containers/auth.json
    try push --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    try login --cert-dir "$TEST_DIR/trust" -u me -p wrong "$REGISTRY_CLOSED"
    expect_error 125 'password is wrong'
    [ ! -e "$file" ]
    run --separate-stderr ambit login --cert-dir "$TEST_DIR/trust" -u me --password-stdin "$REGISTRY_CLOSED" <<<'secret word'
    expect_status 0
    [ "$(stat -c %a "$file")" = 600 ]
    try login --get-login "$REGISTRY_CLOSED"
    expect_output me
    ambit push -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    # skopeo reads our file
    skopeo inspect --authfile "$file" --cert-dir "$TEST_DIR/trust" "docker://$REGISTRY_CLOSED/x:1" >/dev/null
    ambit logout "$REGISTRY_CLOSED"
    try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    try logout "$REGISTRY_CLOSED"
    expect_error 125 'not logged in'
}

@test "docker's and podman's files are read, and what we do not know in them stays" {
    mkdir -p "$HOME/.docker"
    skopeo login --authfile "$TEST_DIR/podman.json" --cert-dir "$TEST_DIR/trust" -u me -p 'secret word' "$REGISTRY_CLOSED"
    ambit pull -q --authfile "$TEST_DIR/podman.json" --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    REGISTRY_AUTH_FILE=$TEST_DIR/podman.json ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    mkdir -p "$XDG_RUNTIME_DIR/containers"
    cp "$TEST_DIR/podman.json" "$XDG_RUNTIME_DIR/containers/auth.json"
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    # given, one file stands alone
    echo '{}' >"$TEST_DIR/empty.json"
    REGISTRY_AUTH_FILE=$TEST_DIR/empty.json try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    # an entry for a path comes before the one for its registry
    jq ".auths += {\"$REGISTRY_CLOSED/x\": {\"auth\": \"$(printf me:wrong | base64)\"}}" "$TEST_DIR/podman.json" >"$XDG_RUNTIME_DIR/containers/auth.json"
    try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'access is denied'
    rm -r "$XDG_RUNTIME_DIR"
    jq '. + {"detachKeys": "ctrl-e,e"}' "$TEST_DIR/podman.json" >"$HOME/.docker/config.json"
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    ambit logout "$REGISTRY_CLOSED"
    [ "$(jq -r .detachKeys "$HOME/.docker/config.json")" = ctrl-e,e ]
    ambit login --cert-dir "$TEST_DIR/trust" -u me -p 'secret word' "$REGISTRY_CLOSED"
    [ "$(jq -r .detachKeys "$HOME/.docker/config.json")" = ctrl-e,e ]
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    rm -r "$HOME/.docker"
}

@test "credential helper programs keep and give" {
    mkdir -p "$TEST_DIR/path" "$HOME/.docker"
    cat >"$TEST_DIR/path/docker-credential-test" <<'END'
#!/bin/sh
case $1 in
get) read -r server; cat "$HOME/kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
store) cat >"$HOME/kept" ;;
erase) rm -f "$HOME/kept" ;;
esac
END
    chmod +x "$TEST_DIR/path/docker-credential-test"
    echo "{\"credHelpers\": {\"$REGISTRY_CLOSED\": \"test\"}}" >"$HOME/.docker/config.json"
    export PATH=$TEST_DIR/path:$PATH
    try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'authentication is required'
    try login --cert-dir "$TEST_DIR/trust" -u me -p 'secret word' "$REGISTRY_CLOSED"
    expect_match docker-credential-test
    grep -q 'secret word' "$HOME/kept"
    run ! grep -q auth\" "$HOME/.docker/config.json"
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    ambit logout "$REGISTRY_CLOSED"
    [ ! -e "$HOME/kept" ]
    # one for every registry
    echo '{"credsStore": "test"}' >"$HOME/.docker/config.json"
    ambit login --cert-dir "$TEST_DIR/trust" -u me -p 'secret word' "$REGISTRY_CLOSED"
    [ "$(jq -r .ServerURL "$HOME/kept")" = "$REGISTRY_CLOSED" ]
    ambit pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    # one that is not there, or fails, is told
    echo '{"credsStore": "none"}' >"$HOME/.docker/config.json"
    try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'docker-credential-none'
    echo '{"credsStore": "test"}' >"$HOME/.docker/config.json"
    echo 'not json' >"$HOME/kept"
    try pull -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_CLOSED/x:1"
    expect_error 125 'docker-credential-test'
    rm -r "$HOME/.docker"
}

@test "a client's certificate is shown where it is asked for" {
    try push -q --cert-dir "$TEST_DIR/trust" "$REGISTRY_MUTUAL/x:1"
    expect_error 125 "a client's certificate is wanted"
    ambit push -q --cert-dir "$TEST_DIR/trust-client" "$REGISTRY_MUTUAL/x:1"
    # the usual place
    mkdir -p "$HOME/.config/containers/certs.d"
    cp -r "$TEST_DIR/trust-client" "$HOME/.config/containers/certs.d/$REGISTRY_MUTUAL"
    ambit pull -q "$REGISTRY_MUTUAL/x:1"
    rm -r "$HOME/.config/containers/certs.d"
}

@test "without verification, on explicit word only" {
    ambit push -q --tls-verify=false --creds 'me:secret word' "$REGISTRY_CLOSED/x:1"
    ambit pull -q --tls-verify=false --creds 'me:secret word' "$REGISTRY_CLOSED/x:1"
}

@test "proxies of either spelling, with TLS through them; none for this machine" {
    local log name=registry.invalid/x:1
    start_proxy tls "$REGISTRY_CLOSED"
    log=$PROXY_LOG_TLS
    ambit tag "$REGISTRY_CLOSED/x:1" "$name"
    HTTPS_PROXY=http://$PROXY_TLS ambit push -q --cert-dir "$TEST_DIR/trust" --creds 'me:secret word' "$name"
    grep -qx 'CONNECT registry.invalid:443' "$log"
    run ! grep -q Basic "$log" # the registry's password is not the proxy's
    https_proxy=$PROXY_TLS ambit pull -q --cert-dir "$TEST_DIR/trust" --creds 'me:secret word' "$name"
    ALL_PROXY=http://$PROXY_TLS ambit pull -q --cert-dir "$TEST_DIR/trust" --creds 'me:secret word' "$name"
    : >"$log"
    NO_PROXY=other,registry.invalid HTTPS_PROXY=http://$PROXY_TLS try pull -q --cert-dir "$TEST_DIR/trust" "$name"
    expect_error 125 'registry.invalid.*resolve'
    no_proxy=.invalid https_proxy=http://$PROXY_TLS try pull -q --cert-dir "$TEST_DIR/trust" "$name"
    expect_error 125 'registry.invalid.*resolve'
    HTTPS_PROXY=http://127.0.0.1:1 ambit pull -q --cert-dir "$TEST_DIR/trust" --creds 'me:secret word' "$REGISTRY_CLOSED/x:1"
    [ ! -s "$log" ]
    # one that wants a password
    HTTPS_PROXY=http://$PROXY_TLS try pull -q --cert-dir "$TEST_DIR/trust" closed.invalid/x:1
    expect_error 125 '407'
    [ "$(wc -l <"$log")" -eq 1 ]
    HTTPS_PROXY=http://me:secret@$PROXY_TLS ambit pull -q --cert-dir "$TEST_DIR/trust" --creds 'me:secret word' closed.invalid/x:1
    HTTPS_PROXY=http://127.0.0.1:1 try pull -q --cert-dir "$TEST_DIR/trust" "$name"
    expect_error 125 'connect'
    # without TLS, on explicit word
    start_registry open
    start_proxy plain "$REGISTRY_OPEN"
    ambit push -q "$REGISTRY_CLOSED/x:1" "$REGISTRY_OPEN/x:1"
    HTTP_PROXY=http://$PROXY_PLAIN HTTPS_PROXY=http://$PROXY_PLAIN ambit pull -q --tls-verify=false "$name"
    grep -qx 'GET http://registry.invalid/v2/x/manifests/1' "$PROXY_LOG_PLAIN"
}
