#!/usr/bin/env bats
# A person at a real terminal (tmux): shells, sizes, keys, and the terminal as it was before.

load lib

setup_file() {
    prepare_store
    ambit run --rm base true >/dev/null 2>&1 || true # the image with a shell comes with the program
}

# A socket of our own, so that no other tmux of this host is touched.
terminal() {
    tmux -L "ambit-$$" -f /dev/null "$@" 3>&-
}

setup() {
    require command -v tmux -- "no tmux(1)"
    terminal new-session -d -x 100 -y 30 -s t "env PS1='host> ' bash --norc --noprofile"
    terminal set-option -g remain-on-exit on >/dev/null
    await_text '^host>'
    say clear
    await_text '^host> ?$'
}

teardown() {
    terminal kill-server 2>/dev/null || true
    ambit rm -f shell >/dev/null 2>&1 || true
}

screen() {
    terminal capture-pane -p -t t -S -200
}

keys() { # tmux's names of keys
    terminal send-keys -t t "$@"
}

say() { # a line and Enter
    terminal send-keys -t t -l -- "$1"
    terminal send-keys -t t Enter
}

await_text() { # REGEX, on some line
    local i
    for ((i = 0; i < 100; i++)); do
        screen | grep -qE -- "$1" && return 0
        sleep 0.05
    done
    echo "not on the screen: $1"
    screen
    return 1
}

shell() { # a shell in a container, at its prompt
    say "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -it --name shell -e PS1='in> ' base sh"
    await_text '^in> ?$'
}

@test "a shell in a terminal: prompt, commands, end" {
    shell
    say 'tty; echo $((6*7))'
    await_text '^/dev/(pts/0|console)'
    await_text '^42$'
    say 'exit 5'
    await_text '^host> ?$'
    say 'echo status $?'
    await_text '^status 5$'
}

@test "the terminal's size is the caller's, and follows it" {
    shell
    say 'stty size'
    await_text '^30 100$'
    terminal resize-window -t t -x 77 -y 20
    sleep 0.3
    say 'stty size'
    await_text '^20 77$'
}

@test "Ctrl-C ends the program and not the shell; Ctrl-D ends the shell" {
    shell
    say 'sleep 1000; echo after'
    sleep 0.5
    keys C-c
    await_text '\^C'
    say 'echo still here'
    await_text '^still here$'
    keys C-d
    await_text '^host> ?$'
}

@test "job control: Ctrl-Z stops, fg goes on, jobs lists" {
    shell
    say 'cat'
    sleep 0.4
    keys C-z
    await_text '(Stopped|\[1\])'
    say 'jobs'
    await_text 'Stopped.*cat'
    say 'fg'
    sleep 0.3
    say 'an echo'
    sleep 0.3
    run bash -c "$(declare -f screen terminal); screen | grep -c '^an echo\$'"
    keys C-c
    say 'echo end'
    await_text '^end$'
}

@test "the caller's terminal is as it was, after the end and after a kill" {
    say 'stty -g >/tmp/ambit-stty-$$; echo noted'
    await_text '^noted$'
    shell
    say 'stty -echo; exit'
    await_text '^host> ?$'
    say 'stty -g | cmp - /tmp/ambit-stty-$$ && echo sa""me'
    await_text '^same$'
    say clear
    await_text '^host> ?$'
    shell
    ambit kill shell
    say ''
    say 'clear; stty -g | cmp - /tmp/ambit-stty-$$ && echo twi""ce; rm /tmp/ambit-stty-$$'
    await_text '^twice$'
}

@test "the detach keys are refused with a clear word, and the shell goes on" {
    shell
    keys C-p C-q
    await_text 'cannot be detached|detach'
    say 'echo go""es on'
    await_text '^goes on$'
}

@test "exec -it: a second terminal in the same container" {
    ambit run --rm --name shell base sleep 100 >/dev/null 3>&- &
    await 10 ambit exec shell true
    say "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' exec -it -e PS1='ex> ' shell sh"
    await_text '^ex> ?$'
    say 'stty size; ls -l /proc/self/fd/0'
    await_text '^30 100$'
    await_text '/dev/pts/'
    say 'exit 3'
    await_text '^host> ?$'
    say 'echo status $?'
    await_text '^status 3$'
    ambit rm -f shell
    wait
}

@test "-t with output in a file, -i with input from one" {
    try run --rm -t base sh -c 'test -t 1 && echo terminal'
    expect_status 0
    [[ $output == terminal* ]] || { show; false; }
    run bash -c "echo 'echo from-pipe' | '$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -i base sh"
    expect_output from-pipe
}

@test "-it without a terminal is refused: the program would wait for ever for its input's end" {
    try run --rm -it base cat </dev/null
    expect_error 125 '--tty: standard input is not a terminal'
    try run --plan -it base cat </dev/null
    expect_status 0
}

@test "large output to a terminal is whole" {
    run bash -c "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm -t base seq 1 50000 | tr -d '\r' | cksum"
    expect_output "$(seq 1 50000 | cksum)"
}

@test "Ctrl-C at login's question for a password leaves the terminal with its echo" {
    [ -z "${FAULT_LOG:-}" ] || skip "a script that keeps what is said stands between"
    say "PS1='dash> ' dash -i" # bash would mend it
    await_text '^dash> ?$'
    say "'$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' login -u me localhost:1"
    await_text '^Password:'
    keys s e c C-c
    await_text '^dash> ?$'
    say 'echo status $?; stty -a | grep -o " echo "'
    await_text '^status 130'
    await_text '^ echo'
    run screen
    run ! grep -q sec <<<"$output"
}
