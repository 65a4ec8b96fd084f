#!/usr/bin/env bats
# timeout: 120
# Docker's tokens: Debian's docker-registry, and a token server of ours (token-server).

load lib
load registry_lib

setup_file() {
    prepare_store
    TOKENS=$TEST_DIR/tls
    make_certificates "$TOKENS"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout "$TOKENS/token.key" \
        -out "$TOKENS/token.pem" 2>/dev/null
    "$TOP/tests/integration/token-server" "$TOKENS" 3>&- &
    echo $! >>"$TEST_DIR/registries"
    await 10 test -s "$TOKENS/port"
    start_registry tokens "  tls: {certificate: $TOKENS/server.pem, key: $TOKENS/server.key}" \
        "auth: {token: {realm: 'https://127.0.0.1:$(cat "$TOKENS/port")/token', service: test, issuer: tests, rootcertbundle: $TOKENS/token.pem}}"
    export TOKENS HOME=$TEST_DIR/home XDG_RUNTIME_DIR=$TEST_DIR/home/run
    unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_CONFIG_HOME
    # the token server has a certificate of the same authority as the registry's
    mkdir -p "$HOME/.config/containers/certs.d/$REGISTRY_TOKENS"
    cp "$TOKENS/ca.pem" "$HOME/.config/containers/certs.d/$REGISTRY_TOKENS/ca.crt"
    local name
    for name in public/a team/a team/b private/a; do
        ambit tag init "$REGISTRY_TOKENS/$name:1"
    done
    ambit push -q --creds 'me:secret word' "$REGISTRY_TOKENS/public/a:1"
}

teardown_file() {
    stop_registries
    rm -r "$HOME"
    discard_store
}

setup() {
    : >"$TOKENS/requests"
    rm -f "$TOKENS/life"
}

requests() {
    sort -u "$TOKENS/requests"
}

@test "nobody gets a token for what everybody may pull" {
    ambit pull -q "$REGISTRY_TOKENS/public/a:1"
    [ "$(cat "$TOKENS/requests")" = 'GET anonymous - repository:public/a:pull' ] || { cat "$TOKENS/requests"; false; }
    try pull -q "$REGISTRY_TOKENS/team/a:1"
    expect_error 125 "authentication is required \\(ambit login $REGISTRY_TOKENS\\)"
    try push -q "$REGISTRY_TOKENS/public/a:1"
    expect_error 125 'authentication is required'
}

@test "name and password become a token for what is done, and no more" {
    ambit push -q --creds 'me:secret word' "$REGISTRY_TOKENS/team/a:1"
    # every repository that a layer may be mounted from is asked for, to pull
    grep -qx 'GET basic me repository:team/a:pull,push repository:[a-z/ :]*' "$TOKENS/requests"
    grep -q ' repository:public/a:pull' "$TOKENS/requests"
    [ "$(wc -l <"$TOKENS/requests")" -eq 1 ]
    run --separate-stderr ambit push --creds 'me:secret word' "$REGISTRY_TOKENS/team/b:1"
    [[ "$stderr" == *mounted* ]] || { echo "$stderr"; false; }
    : >"$TOKENS/requests"
    ambit pull -q --creds 'me:secret word' "$REGISTRY_TOKENS/team/b:1"
    [ "$(cat "$TOKENS/requests")" = 'GET basic me repository:team/b:pull' ]
    # what is no repository's is asked for as the registry says
    : >"$TOKENS/requests"
    try search --creds 'me:secret word' "$REGISTRY_TOKENS/team"
    expect_match '^team/a'
    grep -qx 'GET basic me registry:catalog:\*' "$TOKENS/requests"
}

@test "a refusal is one clear line" {
    try pull -q --creds 'me:wrong' "$REGISTRY_TOKENS/team/a:1"
    expect_error 125 "$REGISTRY_TOKENS: the user name or the password is wrong \\(who are you\\)"
    try pull -q --creds 'me:secret word' "$REGISTRY_TOKENS/private/a:1"
    expect_error 125 'access is denied'
    try push -q --creds 'me:secret word' "$REGISTRY_TOKENS/private/a:1"
    expect_error 125 'access is denied'
}

@test "an identity token is kept instead of the password, and traded in for others" {
    local file=$HOME/.config/containers/auth.json
    try login -u me -p wrong "$REGISTRY_TOKENS"
    expect_error 125 'the user name or the password is wrong'
    ambit push -q --creds 'me:secret word' "$REGISTRY_TOKENS/team/a:1"
    ambit login -u me -p 'secret word' "$REGISTRY_TOKENS"
    [ "$(jq -r ".auths[\"$REGISTRY_TOKENS\"].identitytoken" "$file")" = identity-of-me ]
    run ! grep -q "$(printf %s 'me:secret word' | base64)" "$file"
    : >"$TOKENS/requests"
    ambit pull -q "$REGISTRY_TOKENS/team/a:1"
    [ "$(cat "$TOKENS/requests")" = 'POST refresh me repository:team/a:pull' ] || { cat "$TOKENS/requests"; false; }
    ambit push -q "$REGISTRY_TOKENS/team/b:1"
    try login --get-login "$REGISTRY_TOKENS"
    expect_output me
    sed -i s/identity-of-me/identity-of-nobody/ "$file"
    try pull -q "$REGISTRY_TOKENS/team/a:1"
    expect_error 125 "the login is no longer good: ambit login $REGISTRY_TOKENS"
    ambit logout "$REGISTRY_TOKENS"
}

@test "a token that ends on the way is replaced" {
    start_hostile
    # its tokens are good for one request each
    ambit pull -q "$HOSTILE/expiring:1"
    ambit push -q --creds 'me:secret word' "$REGISTRY_TOKENS/team/a:1"
    echo -1 >"$TOKENS/life"
    : >"$TOKENS/requests"
    try pull -q --creds 'me:secret word' "$REGISTRY_TOKENS/team/a:1"
    expect_error 125 'access is denied'
    [ "$(wc -l <"$TOKENS/requests")" -eq 1 ]
}
