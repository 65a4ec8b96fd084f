#!/usr/bin/env bats
# not faulty: it starts no container
# Completion as the shells do it, the man pages and the help: what the tables of options give.

load lib

setup_file() {
    export TEST_DIR=${AMBIT_TEST_DIR:-$BATS_FILE_TMPDIR}
    export TEST_ROOT=$TEST_DIR/store TEST_STATE=$TEST_DIR/state
}

teardown_file() {
    :
}

# bash WORD...: what bash offers for the last word. bash cuts words at '=' and ':', so write
# `--net = ho` for --net=ho.
complete_bash() {
    run bash --norc -c '
        source <("$0" completion bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        COMP_WORDS[0]=$0
        _ambit "$0"
        printf "%s\n" "${COMPREPLY[@]}"' "$PROGRAMS/ambit" "$@"
}

# Types KEYS into an interactive shell, which must end up running what they complete to. A pause
# lets the shell start: it throws away what was typed before.
type_into() { # KEYS SHELL...
    local keys=$1
    shift
    run bash -c '
        keys=$1
        shift
        pause=${TEST_SLOWNESS:-1}
        { sleep $pause; printf "$keys\n"; sleep $pause; printf "exit\n"; } |
            PATH=$PROGRAMS:$PATH TERM=dumb timeout $((20 * pause)) script -qec "$*" /dev/null' _ "$keys" "$@"
}

@test "bash: commands, options, values" {
    complete_bash ambit versi
    expect_output "version"
    complete_bash ambit run --read-
    expect_output "--read-only"
    complete_bash ambit run --pull alw
    expect_output "always"
    complete_bash ambit run --rm --pull al
    expect_output "always"
    complete_bash ambit completion ""
    expect_output $'bash\nzsh\nfish'
}

@test "bash: words that it cuts at = and :" {
    complete_bash ambit run --net = ho
    expect_output "host"
    complete_bash ambit run --net =
    expect_line "host"
    complete_bash ambit run --pid = contai
    expect_output "container:"
    complete_bash ambit run -v /a : /b --pull = nev
    expect_output "never"
}

@test "bash: nothing behind the image, files where files belong" {
    complete_bash ambit run base --re
    expect_output ""
    run "$PROGRAMS/ambit" completion words -- ambit run --env-file ""
    expect_output ":file"
    run "$PROGRAMS/ambit" completion words -- ambit --root ""
    expect_output ":directory"
}

@test "names of this host: none without a store, and none is made" {
    run "$PROGRAMS/ambit" completion words -- ambit --root "$TEST_ROOT" --state "$TEST_STATE" rm ""
    expect_output ":"
    run "$PROGRAMS/ambit" completion words -- ambit --root "$TEST_ROOT" --state "$TEST_STATE" run ""
    expect_output ":"
    [ ! -e "$TEST_ROOT" ]
    [ ! -e "$TEST_STATE" ]
    mkdir "$BATS_TEST_TMPDIR/empty"
    run "$PROGRAMS/ambit" completion words -- ambit --root "$BATS_TEST_TMPDIR/empty" run ""
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/empty")" ]
}

@test "names of this host: images and containers of the store" {
    local id digest root=$BATS_TEST_TMPDIR/store state=$BATS_TEST_TMPDIR/state
    id=$(printf '0%.0s' {1..64})
    digest=sha256:$id
    mkdir -p "$root/containers/$id" "$state/containers"
    chmod 700 "$root" "$state"
    echo '{"schemaVersion": 2, "manifests": [{"digest": "'"$digest"'", "size": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "annotations": {"org.opencontainers.image.ref.name": "docker.io/library/base:latest"}}]}' \
        >"$root/index.json"
    echo '{"id": "'"$id"'", "name": "web", "image": "base", "created": 1, "exitStatus": 0}' \
        >"$root/containers/$id/container.json"
    local words=("$PROGRAMS/ambit" completion words -- ambit --root "$root" --state "$state")
    run "${words[@]}" run ba
    expect_line $'base:latest\t'
    run "${words[@]}" rm w
    expect_line $'web\tbase'
    run "${words[@]}" run --pid=container:
    expect_line $'--pid=container:web\tbase'
    run "${words[@]}" rm x
    expect_output ":"
}

@test "bash, interactive" {
    require command -v script -- "no script(1)"
    local rc=$BATS_TEST_TMPDIR/rc
    echo "source <(ambit completion bash)" >"$rc"
    type_into 'ambit versi\t && ambit completi\tba\t | head -n 1' bash --noprofile --rcfile "$rc" -i
    expect_match '^ambit [0-9.]+'
    expect_match '^# bash completion for ambit'
}

@test "zsh, interactive" {
    require command -v zsh -- "no zsh"
    local dir=$BATS_TEST_TMPDIR/zsh
    mkdir -p "$dir"
    echo 'autoload -Uz compinit; compinit -u -D; source <(ambit completion zsh)' >"$dir/.zshrc"
    export ZDOTDIR=$dir
    type_into 'ambit versi\t && ambit completi\tba\t | head -n 1' zsh -i
    expect_match '^ambit [0-9.]+'
    expect_match '^# bash completion for ambit'
}

@test "fish" {
    require command -v fish -- "no fish"
    export HOME=$BATS_TEST_TMPDIR PATH=$PROGRAMS:$PATH
    run fish --no-config -c 'ambit completion fish | source; complete -C "ambit versi"
        complete -C "ambit run --net=ho"; complete -C "ambit run --pull al"'
    expect_match $'^version\tPrint the version'
    expect_match '^--net=host'
    expect_match '^always'
}

@test "the scripts are clean: shellcheck, zsh -n, fish -n" {
    require command -v shellcheck -- "no shellcheck"
    for shell in bash zsh fish; do
        "$PROGRAMS/ambit" completion "$shell" >"$BATS_TEST_TMPDIR/script.$shell"
    done
    # COMP_WORDS and friends come from bash; compopt's failure outside of completion is meant.
    run shellcheck --shell=bash "$BATS_TEST_TMPDIR/script.bash"
    expect_output ""
    if command -v zsh; then
        zsh -n "$BATS_TEST_TMPDIR/script.zsh"
    fi
    if command -v fish; then
        fish -n "$BATS_TEST_TMPDIR/script.fish"
    fi
}

@test "every command has a man page that scdoc accepts" {
    require command -v scdoc -- "no scdoc"
    "$TOP/build-aux/manpages" "$PROGRAMS/ambit" "$BATS_TEST_TMPDIR/man1"
    while IFS=$'\t' read -r name _; do
        case $name in
        -* | :*) ;;
        *) [ -s "$BATS_TEST_TMPDIR/man1/ambit-$name.1" ] ;;
        esac
    done < <("$PROGRAMS/ambit" completion words -- ambit "")
    run cat "$BATS_TEST_TMPDIR/man1/ambit-run.1"
    expect_match '.*--memory'
    expect_match '.*EXIT STATUS'
}

@test "help is plain in a pipe, coloured on a terminal, and plain there with NO_COLOR" {
    require command -v script -- "no script(1)"
    run "$PROGRAMS/ambit" run --help
    expect_status 0
    [[ $output != *$'\033'* ]] || { echo "colours in a pipe"; false; }
    run env TERM=xterm script -qec "$PROGRAMS/ambit run --help" /dev/null
    [[ $output == *$'\033[1mUsage:'* ]] || { echo "no colours on a terminal"; false; }
    run env TERM=xterm NO_COLOR=1 script -qec "$PROGRAMS/ambit run --help" /dev/null
    [[ $output != *$'\033[1m'* ]] || { echo "colours in spite of NO_COLOR"; false; }
    run env TERM=dumb script -qec "$PROGRAMS/ambit run --help" /dev/null
    [[ $output != *$'\033[1m'* ]] || { echo "colours on a dumb terminal"; false; }
}
