#!/usr/bin/env bats
# not faulty: it looks at the programs themselves
# The program without any container: versions, errors and exit statuses; installing.

load lib

setup_file() {
    export TEST_DIR=${AMBIT_TEST_DIR:-$BATS_FILE_TMPDIR}
    export TEST_ROOT=$TEST_DIR/store TEST_STATE=$TEST_DIR/state
}

teardown_file() {
    :
}

@test "version" {
    try --version
    expect_status 0
    expect_match '^ambit [0-9]+\.[0-9]+\.[0-9]+$'
    [ -z "$errors" ]
}

@test "an unknown command is one line of error, status 125" {
    try fly
    expect_error 125 "fly"
}

@test "a command of docker's that is not there yet says so, and is not offered" {
    local word
    for word in create start restart attach wait logs events cp top stats pause unpause rename \
        update port network volume build compose; do
        try "$word" something
        expect_error 125 "^ambit $word: not supported yet: "
        try help "$word"
        expect_error 125 'not supported yet'
    done
    try --help
    run grep -cE '^  (logs|volume|cp|pause) ' <<<"$output"
    expect_output 0
    for word in 'container logs' 'container start' 'image build' 'image tree' 'system events' \
        'swarm' 'secret' 'mount'; do
        try $word something
        expect_error 125 "^ambit $word: not supported"
    done
    try statz
    expect_error 125 "unknown command 'ambit statz' \(see"
}

@test "an option of docker's or podman's that is not there yet says so" {
    local line
    while read -r line; do
        try $line something
        expect_error 125 'not supported|it is --platform'
    done <<'END'
ps --size
ps --sort names
exec --latest
inspect --latest
commit --squash
push --all-tags
images --noheading
search --filter x=y
system prune --volumes
save --compress
pull --arch arm64
run --pod x
run --uidmap 0:0:1
END
}

@test "version and info answer templates with docker's names" {
    try version --format '{{.Server.Version}} {{.Client.Os}}'
    expect_match '^[0-9]+\.[0-9]+\.[0-9]+ linux$'
    [ "$(ambit version -f json | jq -r .Client.Arch)" != null ]
    mkdir -p "$TEST_ROOT"
    chmod 700 "$TEST_ROOT"
    try info --format '{{.Containers}} {{.NCPU}} {{.KernelVersion}}'
    expect_output "0 $(nproc) $(uname -r)"
    [ "$(ambit info --format json | jq '.Namespaces | length')" -ge 7 ]
    try info --format '{{.Nothing}}'
    expect_error 125 "there is no 'Nothing'"
}

@test "ps: a status that no container can have is refused" {
    try ps -a --filter status=exitde
    expect_error 125 "--filter: status 'exitde' is none of created, running"
    mkdir -p "$TEST_ROOT"
    chmod 700 "$TEST_ROOT"
    try ps -a --filter status=exited
    expect_status 0
}

@test "an unknown option is one line of error, status 125" {
    try --no-such-option
    expect_error 125 "no-such-option"
}

@test "help goes to standard output, status 0" {
    try --help
    expect_status 0
    expect_match '^Usage: ambit'
    [ -z "$errors" ]
}

@test "output that cannot be written is an error" {
    run bash -c "'$PROGRAMS/ambit' --version >/dev/full"
    [ "$status" -ne 0 ] || { show; false; }
}

# ambit-image, which reads strangers' bytes, moves about; the others do not (docs/design/0002).
@test "programs in the path of run are static, the image helper is position independent, none has an executable stack" {
    require test -e "$TOP/build/core/kernel-headers/linux" -- "not a musl build"
    require test -z "${SANITIZED:-}" -- "sanitizers need a dynamic program"
    local name
    for name in ambit ambit-oci ambit-init; do
        run readelf -lW "$PROGRAMS/$name"
        expect_match 'GNU_RELRO'
        expect_match 'GNU_STACK .* RW '
        [[ $output != *INTERP* ]] || { echo "$name has a dynamic loader"; false; }
    done
    run readelf -lW "$PROGRAMS/ambit-image"
    expect_match 'Elf file type is DYN'
    expect_match 'GNU_RELRO'
    expect_match 'GNU_STACK .* RW '
}

@test "install and uninstall into a DESTDIR leave nothing behind" {
    require command -v meson -- "nothing is built on this machine"
    local destdir=$BATS_TEST_TMPDIR/dest build
    for build in core host; do
        DESTDIR=$destdir meson install -C "$TOP/build/$build" --no-rebuild --quiet
    done
    run find "$destdir" -type f
    expect_match '/bin/ambit$'
    expect_match '/share/ambit/base.tar$'
    (cd "$TOP" && build-aux/uninstall "$destdir" build/core build/host)
    run find "$destdir" -type f -o -type l -o -name 'ambit*'
    expect_output ""
}

@test "install-packages is quiet when nothing is missing, and knows its words" {
    require command -v dpkg-query -- "not a Debian system"
    require command -v meson -- "nothing is built on this machine"
    run "$TOP/build-aux/install-packages" build
    expect_status 0
    expect_output ""
    run "$TOP/build-aux/install-packages"
    expect_status 2
}
