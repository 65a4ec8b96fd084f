#!/usr/bin/env bats
# timeout: 120
# Who is asked instead of, or before, the registry that a name says: podman's registries.conf,
# containerd's hosts.toml, proxies. What a registry was asked for is in $ASKED.

load lib
load registry_lib

setup_file() {
    prepare_store
    start_filled_registry
    start_hostile
    export MIRROR=$HOSTILE ASKED=$HOSTILE_FILE.requests HOME=$TEST_DIR/home
    export CONTAINERS_REGISTRIES_CONF=$TEST_DIR/registries.conf
    unset XDG_CONFIG_HOME XDG_RUNTIME_DIR DOCKER_CONFIG REGISTRY_AUTH_FILE
}

teardown_file() {
    stop_registries
    discard_store
}

setup() {
    mkdir -p "$HOME/.config/containers/certs.d" "$HOME/.config/containers/registries.conf.d"
    : >"$ASKED"
}

teardown() {
    rm -rf "$HOME" "$CONTAINERS_REGISTRIES_CONF"
}

asked() { # PATH REGEX: was it asked for?
    grep -qE "$1" "$ASKED" || { cat "$ASKED"; return 1; }
}

@test "mirrors of registries.conf and hosts.toml are asked first, the registry itself last" {
    local other=registry.invalid mirror=$REGISTRY_PLAIN
    cat >"$TEST_DIR/registries.conf" <<END
# a comment
unqualified-search-registries = ["docker.io"]

[[registry]]
prefix = "$other/team"
location = "$mirror/lib"

[[registry]]
prefix = "blocked.invalid"
blocked = true

[[registry]]
prefix = "two.invalid"
location = "127.0.0.1:1/nowhere"
[[registry.mirror]]
location = "127.0.0.1:1"
[[registry.mirror]]
location = '$mirror/lib'
END
    ambit pull -q "$other/team/base:1"
    try images
    expect_match "$other/team/base +1"
    ambit pull -q two.invalid/base:1
    try pull -q blocked.invalid/base:1
    expect_error 125 'blocked'
    echo '[[registry' >"$TEST_DIR/registries.conf"
    try pull -q "$other/team/base:1"
    expect_error 125 'registries.conf: line 1'
    rm "$TEST_DIR/registries.conf"

    mkdir -p "$HOME/.config/containers/certs.d/$other"
    cat >"$HOME/.config/containers/certs.d/$other/hosts.toml" <<END
server = "https://$other"

[host."http://127.0.0.1:1"]
  capabilities = ["pull", "resolve"]
[host."http://$mirror"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
END
    try pull -q --policy always "$other/lib/base:1"
    expect_status 0
    ambit rmi "$other/team/base:1" "$other/lib/base:1" two.invalid/base:1
}

@test "drop-ins come after the file, the last word and the longest prefix count" {
    local dropins=$HOME/.config/containers/registries.conf.d digest
    cat >"$CONTAINERS_REGISTRIES_CONF" <<END
[[registry]]
location = "one.invalid"
blocked = true
[[registry]]
prefix = "*.wild.invalid"
blocked = true
END
    try pull -q one.invalid/x:1
    expect_error 125 'registries.conf: registry one.invalid is blocked'
    try pull -q deep.wild.invalid/x:1
    expect_error 125 'registry \*.wild.invalid is blocked'
    try push -q init one.invalid/x:1
    expect_error 125 'one.invalid is blocked'
    echo 'not toml' >"$dropins/README"
    cat >"$dropins/10-first.conf" <<END
[[registry]]
prefix = "one.invalid"
location = "127.0.0.1:1"
END
    cat >"$dropins/20-second.conf" <<END
[[registry]]
prefix = "one.invalid"
location = "$MIRROR"
[[registry]]
prefix = "one.invalid/secret"
blocked = true
[[registry]]
prefix = "one.invalid/y:2"
blocked = true
END
    ambit pull -q one.invalid/x:1
    asked 'GET /v2/x/manifests/1'
    try pull -q one.invalid/secret:1
    expect_error 125 '20-second.conf: registry one.invalid/secret is blocked'
    ambit pull -q one.invalid/secretary:1
    ambit pull -q one.invalid/y:1
    try pull -q one.invalid/y:2
    expect_error 125 'blocked'
    # credentials of the command line are for where the registry is, not for mirrors of it
    cat >"$dropins/20-second.conf" <<END
[[registry]]
prefix = "one.invalid"
location = "$MIRROR"
[[registry.mirror]]
location = "127.0.0.1:$(cat "$HOSTILE_FILE.other")"
END
    ambit pull -q --creds me:secret one.invalid/private:1
    grep -q '/v2/private/manifests/1 -$' "$HOSTILE_FILE.log"
    # what is pushed goes where its name says
    try push -q init one.invalid/x:1
    expect_error 125 'one.invalid'
    ambit rmi one.invalid/private:1 one.invalid/x:1 one.invalid/y:1 one.invalid/secretary:1
    echo 'prefix' >"$dropins/30-broken.conf"
    try pull -q one.invalid/x:1
    expect_error 125 '30-broken.conf: line 1'
}

@test "a mirror for digests is asked for digests only, one for tags for tags" {
    cat >"$CONTAINERS_REGISTRIES_CONF" <<END
[[registry]]
prefix = "digests.invalid"
location = "127.0.0.1:1"
mirror-by-digest-only = true
[[registry.mirror]]
location = "$MIRROR"
[[registry]]
prefix = "tags.invalid"
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$MIRROR"
pull-from-mirror = "tag-only"
END
    ambit pull "$MIRROR/x:1" >"$TEST_DIR/pulled" 2>/dev/null
    local digest
    digest=$(sed -n 's/^Digest: //p' "$TEST_DIR/pulled")
    ambit rmi "$MIRROR/x:1"
    try pull -q digests.invalid/x:1
    expect_error 125 '127.0.0.1:1'
    ambit pull -q "digests.invalid/x@$digest"
    try pull -q "tags.invalid/x@$digest"
    expect_error 125 '127.0.0.1:1'
    ambit pull -q tags.invalid/x:1
    ambit rmi tags.invalid/x:1 "digests.invalid/x@$digest"
}

@test "short names: docker.io, unless an alias or a list of registries says otherwise" {
    cat >"$HOME/.config/containers/registries.conf.d/shortnames.conf" <<END
[aliases]
  "web" = "$MIRROR/web"
  "gone" = "$MIRROR/gone"
END
    echo -e '[aliases]\n"gone" = ""' >"$HOME/.config/containers/registries.conf.d/tail.conf"
    : >"$CONTAINERS_REGISTRIES_CONF"
    ambit pull -q web:1
    asked 'GET /v2/web/manifests/1'
    try images --format '{{.Repository}}:{{.Tag}}'
    expect_line "$MIRROR/web:1"
    try run --rm --pull never web:1 /file # known by the short name as well
    expect_error 126 '/file'
    try image inspect web:1 --format '{{json .RepoTags}}'
    expect_output "[\"$MIRROR/web:1\"]"
    : >"$ASKED"
    ambit pull -q --policy newer web:1
    [ "$(cat "$ASKED")" = 'HEAD /v2/web/manifests/1' ]
    ambit rmi web:1
    https_proxy=http://127.0.0.1:1 try pull -q gone:1
    expect_error 125 'gone:1: .*registry-1.docker.io|gone:1: .*127.0.0.1 port 1'
    # a name that is stored as docker's stays docker's
    ambit tag init web:2
    https_proxy=http://127.0.0.1:1 try pull -q web:2
    expect_error 125 'web:2: .*registry-1.docker.io|web:2: .*127.0.0.1 port 1'
    ambit rmi web:2

    echo "unqualified-search-registries = [\"127.0.0.1:1\", \"$MIRROR\"]" >"$CONTAINERS_REGISTRIES_CONF"
    ambit pull -q other:1
    asked 'GET /v2/other/manifests/1'
    ambit rmi other:1
    echo 'short-name-mode = "enforcing"' >>"$CONTAINERS_REGISTRIES_CONF"
    try pull -q other:1
    expect_error 125 '"other:1" names no registry'
    ambit pull -q web:1 # an alias needs no guess
    ambit rmi web:1
}

@test "hosts.toml: capabilities, headers, paths, a server, a default for all" {
    local certs=$HOME/.config/containers/certs.d
    mkdir -p "$certs/a.invalid" "$certs/_default"
    cat >"$certs/a.invalid/hosts.toml" <<END
server = "http://$MIRROR"
header = { x-test = "the-server" }

[host."http://127.0.0.1:1"]
  capabilities = ["pull"]          # digests, not tags: nobody waits for it
[host."http://$MIRROR/below"]
[host."http://$MIRROR/v2/instead"]
  override_path = true
  [host."http://$MIRROR/v2/instead".header]
    x-test = ["one", "two"]
END
    ambit pull -q a.invalid/x:1
    asked '^GET /below/v2/x/manifests/1\?ns=a.invalid$'
    asked '^GET /v2/instead/x/manifests/1\?ns=a.invalid one two$'
    asked '^GET /v2/x/manifests/1\?ns=a.invalid the-server$'
    asked '^GET /v2/x/blobs/.* the-server$'
    ambit rmi a.invalid/x:1
    printf '[host."http://%s"]\n  header = { "x-test" = "a\\r\\nb: c" }\n' "$MIRROR" >"$certs/a.invalid/hosts.toml"
    try pull -q a.invalid/x:1
    expect_error 125 'hosts.toml: header "x-test": not a header'
    : >"$ASKED"
    printf '[host."http://%s"]\n' "$MIRROR" >"$certs/_default/hosts.toml"
    ambit pull -q b.invalid/y:1
    asked '^GET /v2/y/manifests/1\?ns=b.invalid$'
    ambit rmi b.invalid/y:1
}
