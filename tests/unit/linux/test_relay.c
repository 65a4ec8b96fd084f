/*
 * linux/relay and linux/terminal with real ptys and pipes. Each test plays three parts: a forked
 * child is the container's program, another (or a pipe) is the user, and the relay runs in the test
 * itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "linux/relay.h"
#include "linux/relay_channel.h"
#include "linux/terminal.h"

typedef struct Pty {
    int master, slave;
} Pty;

static Pty open_pty(void)
{
    int dirfd CLEANUP(fd_closep) = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    Pty pty;
    Error error;
    pty.master = terminal_open_master(dirfd, "ptmx", &error);
    if (pty.master < 0) { /* ptmx of that instance may be for root only */
        int dev CLEANUP(fd_closep) = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        pty.master = terminal_open_master(dev, "ptmx", &error);
    }
    assert_true(pty.master >= 0);
    pty.slave = terminal_open_peer(pty.master, &error);
    assert_true(pty.slave >= 0);
    return pty;
}

static void set_raw(int fd)
{
    TerminalState state;
    assert_int_equal(terminal_raw(fd, &state, NULL), 0);
}

typedef struct Program {
    pid_t pid;
    int pidfd;
} Program;

/* In the child: returns 0 there, with a limit to its life. */
static Program start(void)
{
    Program program = { .pid = fork(), .pidfd = -1 };
    assert_true(program.pid >= 0);
    if (program.pid == 0) {
        (void)alarm(10);
        (void)signal(SIGPIPE, SIG_DFL);
        return program;
    }
    program.pidfd = (int)syscall(SYS_pidfd_open, program.pid, 0);
    assert_true(program.pidfd >= 0);
    return program;
}

static int finish(Program *program)
{
    int status;
    assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
    fd_closep(&program->pidfd);
    return status;
}

static void make_pipe(int fds[2])
{
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
}

/* Byte number i of a text in which no two places look alike. */
static unsigned char pattern(size_t i)
{
    return (unsigned char)((i * 2654435761u) >> 13);
}

static void write_pattern(int fd, size_t size)
{
    unsigned char block[1000];
    for (size_t done = 0; done < size;) {
        size_t n = size - done < sizeof(block) ? size - done : sizeof(block);
        for (size_t i = 0; i < n; i++)
            block[i] = pattern(done + i);
        if (fd_write_all(fd, block, n) < 0)
            _exit(9);
        done += n;
    }
}

/* A user who reads to the end, slowly, and exits with 0 if it was `size` bytes of the pattern. */
static Program start_reader(int fd, int close_fd, size_t size, unsigned pause_us)
{
    Program reader = start();
    if (reader.pid != 0)
        return reader;
    fd_close(close_fd);
    unsigned char block[8192];
    size_t got = 0;
    ssize_t n;
    while ((n = read(fd, block, sizeof(block))) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (block[i] != pattern(got++))
                _exit(1);
        (void)usleep(pause_us);
    }
    _exit(got == size ? 0 : 2);
}

static RelayEnd run(const RelayOptions *options)
{
    RelayEnd end;
    Error error = { 0 };
    int r = relay_run(options, &end, &error);
    if (r < 0)
        print_message("%s\n", error.message);
    assert_int_equal(r, 0);
    return end;
}

/* More than any buffer on the way holds, to a reader slower than the writer. */
static void pty_output_survives_a_slow_reader(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    Pty pty = open_pty();
    set_raw(pty.slave);
    int out[2];
    make_pipe(out);
    Program reader = start_reader(out[0], out[1], SIZE, 1000);
    Program program = start();
    if (program.pid == 0) {
        write_pattern(pty.slave, SIZE);
        _exit(3);
    }
    fd_close(pty.slave);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_out = out[1];
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    assert_false(fcntl(out[1], F_GETFL) & O_NONBLOCK);
    fd_close(out[1]);
    assert_int_equal(WEXITSTATUS(finish(&program)), 3);
    assert_int_equal(finish(&reader), 0);
    fd_close(out[0]);
    fd_close(pty.master);
}

/* Its last words, written right before it exits, many times: the race of pidfd and pty. */
static void last_words_are_heard(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        Pty pty = open_pty();
        set_raw(pty.slave);
        int out[2];
        make_pipe(out);
        Program program = start();
        if (program.pid == 0) {
            write_pattern(pty.slave, 3000);
            _exit(0);
        }
        fd_close(pty.slave);
        RelayOptions options = RELAY_OPTIONS_EMPTY;
        options.terminal = pty.master;
        options.user_out = out[1];
        options.pidfd = program.pidfd;
        assert_int_equal(run(&options), RELAY_EXITED);
        fd_close(out[1]);
        (void)finish(&program);
        unsigned char text[4096];
        size_t got = 0;
        ssize_t n;
        while ((n = read(out[0], text + got, sizeof(text) - got)) > 0)
            got += (size_t)n;
        assert_int_equal(got, 3000);
        for (size_t i = 0; i < got; i++)
            assert_int_equal(text[i], pattern(i));
        fd_close(out[0]);
        fd_close(pty.master);
    }
}

/* Somebody inherited the terminal and goes on writing after the program's exit. */
static void a_noisy_heir_does_not_keep_us(void **state)
{
    (void)state;
    Pty pty = open_pty();
    set_raw(pty.slave);
    int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    Program heir = start();
    if (heir.pid == 0)
        for (;;)
            write_pattern(pty.slave, 1 << 20);
    Program program = start();
    if (program.pid == 0)
        _exit(0);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_out = out;
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    (void)finish(&program);
    (void)kill(heir.pid, SIGKILL);
    (void)finish(&heir);
    fd_close(out);
    fd_close(pty.slave);
    fd_close(pty.master);
}

/* The same with an heir who is always faster than we are. */
static void an_endless_source_does_not_keep_us(void **state)
{
    (void)state;
    int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    Program program = start();
    if (program.pid == 0)
        _exit(0);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.pipe_out = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    options.user_out = out;
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    (void)finish(&program);
    fd_close(out);
}

/* As an init does with /dev/console. */
static void a_closed_terminal_can_come_back(void **state)
{
    (void)state;
    Pty pty = open_pty();
    set_raw(pty.slave);
    int out[2];
    make_pipe(out);
    Program program = start();
    if (program.pid == 0) {
        (void)!write(pty.slave, "one ", 4);
        (void)close(pty.slave);
        (void)usleep(60000);
        int again = terminal_open_peer(pty.master, NULL);
        (void)!write(again, "two", 3);
        _exit(0);
    }
    fd_close(pty.slave);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_out = out[1];
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    (void)finish(&program);
    fd_close(out[1]);
    char text[16] = "";
    assert_int_equal(read(out[0], text, sizeof(text) - 1), 7);
    assert_string_equal(text, "one two");
    fd_close(out[0]);
    fd_close(pty.master);
}

/* What is typed reaches the program, up to the detach keys; the program lives on. */
static void detach_keys_end_it(void **state)
{
    (void)state;
    Pty pty = open_pty();
    set_raw(pty.slave);
    int in[2];
    make_pipe(in);
    Program program = start();
    if (program.pid == 0) {
        (void)pause();
        _exit(0);
    }
    DetachKeys keys;
    assert_int_equal(detach_keys_parse(DETACH_KEYS_DEFAULT, &keys, NULL), 0);
    assert_int_equal(write(in[1],
                           "a\x10"
                           "b\x10\x11rest",
                           9),
                     9);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_in = in[0];
    options.pidfd = program.pidfd;
    options.detach = &keys;
    assert_int_equal(run(&options), RELAY_DETACHED);
    char text[16] = "";
    assert_int_equal(read(pty.slave, text, sizeof(text) - 1), 3);
    assert_string_equal(text, "a\x10"
                              "b");
    assert_int_equal(waitpid(program.pid, NULL, WNOHANG), 0);
    (void)kill(program.pid, SIGKILL);
    (void)finish(&program);
    fd_close(in[0]);
    fd_close(in[1]);
    fd_close(pty.slave);
    fd_close(pty.master);
}

/* A held ctrl-p is passed on after the pause: no second key is needed for a shell's history. */
static void a_held_key_is_passed_on_after_a_pause(void **state)
{
    (void)state;
    Pty pty = open_pty();
    set_raw(pty.slave);
    int in[2];
    make_pipe(in);
    Program program = start();
    if (program.pid == 0) {
        char key;
        _exit(read(pty.slave, &key, 1) == 1 && key == 0x10 ? 0 : 1);
    }
    DetachKeys keys;
    assert_int_equal(detach_keys_parse(DETACH_KEYS_DEFAULT, &keys, NULL), 0);
    assert_int_equal(write(in[1], "\x10", 1), 1);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_in = in[0];
    options.pidfd = program.pidfd;
    options.detach = &keys;
    options.detach_hold_ms = 30;
    assert_int_equal(run(&options), RELAY_EXITED);
    assert_int_equal(finish(&program), 0);
    fd_close(in[0]);
    fd_close(in[1]);
    fd_close(pty.slave);
    fd_close(pty.master);
}

typedef struct Heard {
    int signal;
    pid_t pid;
} Heard;

static int on_signal(void *context, int signal, Error *error)
{
    (void)error;
    Heard *heard = context;
    heard->signal = signal;
    (void)kill(heard->pid, SIGKILL);
    return 0;
}

/* The size at the start, and after SIGWINCH; another signal goes to the callback. */
static void the_size_follows_and_signals_are_told(void **state)
{
    (void)state;
    sigset_t signals, old;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGWINCH);
    (void)sigaddset(&signals, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &signals, &old);
    Pty user = open_pty(), pty = open_pty();
    set_raw(user.slave);
    assert_int_equal(terminal_resize(user.master, 40, 132, NULL), 0);
    Program program = start();
    if (program.pid == 0) {
        uint16_t rows = 0, columns = 0;
        while (terminal_size(pty.slave, &rows, &columns) == 0 && rows != 40)
            (void)usleep(1000);
        (void)!terminal_resize(user.master, 50, 200, NULL);
        (void)kill(getppid(), SIGWINCH);
        while (terminal_size(pty.slave, &rows, &columns) == 0 && (rows != 50 || columns != 200))
            (void)usleep(1000);
        (void)kill(getppid(), SIGUSR1);
        (void)pause();
    }
    Heard heard = { .pid = program.pid };
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.terminal = pty.master;
    options.user_in = user.slave;
    options.user_out = user.slave;
    options.pidfd = program.pidfd;
    options.signals = &signals;
    options.on_signal = on_signal;
    options.context = &heard;
    assert_int_equal(run(&options), RELAY_EXITED);
    assert_int_equal(heard.signal, SIGUSR1);
    assert_false(fcntl(user.slave, F_GETFL) & O_NONBLOCK);
    assert_int_equal(WTERMSIG(finish(&program)), SIGKILL);
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    fd_close(user.slave);
    fd_close(user.master);
    fd_close(pty.slave);
    fd_close(pty.master);
}

/* Standard streams as pipes: the end of the input gets through, both outputs stay apart. */
static void pipes_carry_all_three_streams(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    int user_in[2], user_out[2], user_err[2], in[2], out[2], err[2];
    /* Nobody may keep another one's writing end: each is made when its holders are to exist. */
    make_pipe(user_out);
    Program reader = start_reader(user_out[0], user_out[1], SIZE, 10);
    make_pipe(user_in);
    Program writer = start();
    if (writer.pid == 0) {
        write_pattern(user_in[1], SIZE);
        _exit(0);
    }
    fd_close(user_in[1]);
    make_pipe(user_err), make_pipe(in), make_pipe(out), make_pipe(err);
    Program program = start(); /* copies input to output, its size to stderr */
    if (program.pid == 0) {
        (void)close(in[1]);
        unsigned char block[4096];
        ssize_t n;
        uint32_t size = 0;
        while ((n = read(in[0], block, sizeof(block))) > 0) {
            size += (uint32_t)n;
            (void)!fd_write_all(out[1], block, (size_t)n);
        }
        (void)!write(err[1], &size, sizeof(size));
        _exit(0);
    }
    fd_close(in[0]), fd_close(out[1]), fd_close(err[1]);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.user_in = user_in[0];
    options.user_out = user_out[1];
    options.user_err = user_err[1];
    options.pipe_in = in[1];
    options.pipe_out = out[0];
    options.pipe_err = err[0];
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    fd_close(user_out[1]);
    assert_int_equal(finish(&program), 0);
    assert_int_equal(finish(&writer), 0);
    assert_int_equal(finish(&reader), 0);
    uint32_t size = 0;
    assert_int_equal(read(user_err[0], &size, sizeof(size)), sizeof(size));
    assert_int_equal(size, SIZE);
    assert_int_equal(fcntl(in[1], F_GETFD), -1); /* taken over and closed */
    assert_int_equal(fcntl(out[0], F_GETFD), -1);
    fd_close(user_in[0]), fd_close(user_out[0]), fd_close(user_err[0]), fd_close(user_err[1]);
}

/* Nobody types: the program sees the end of its input. Without a pidfd the outputs' ends count. */
static void no_input_is_an_end_of_input(void **state)
{
    (void)state;
    int in[2], out[2];
    make_pipe(in), make_pipe(out);
    Program program = start();
    if (program.pid == 0) {
        char byte;
        (void)close(in[1]);
        _exit((int)read(in[0], &byte, 1));
    }
    fd_close(in[0]), fd_close(out[1]);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.pipe_in = in[1];
    options.pipe_out = out[0];
    assert_int_equal(run(&options), RELAY_CLOSED);
    assert_int_equal(finish(&program), 0);
}

/* "... | head": the program gets SIGPIPE as it would in a plain pipeline. */
static void a_reader_who_leaves_ends_the_program(void **state)
{
    (void)state;
    int user_out[2], out[2];
    make_pipe(user_out), make_pipe(out);
    Program program = start();
    if (program.pid == 0) {
        (void)close(out[0]);
        (void)close(user_out[0]);
        for (;;)
            (void)!write(out[1], "y\n", 2);
    }
    fd_close(out[1]);
    fd_close(user_out[0]);
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.user_out = user_out[1];
    options.pipe_out = out[0];
    options.pidfd = program.pidfd;
    assert_int_equal(run(&options), RELAY_EXITED);
    assert_int_equal(WTERMSIG(finish(&program)), SIGPIPE);
    fd_close(user_out[1]);
}

/* A user who stopped reading must not stop signals (and with them the exit). */
static void a_stuck_reader_does_not_stop_signals(void **state)
{
    (void)state;
    sigset_t signals, old;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &signals, &old);
    int user_out[2], out[2];
    make_pipe(user_out), make_pipe(out);
    Program program = start();
    if (program.pid == 0)
        write_pattern(out[1], 1 << 20); /* never read: blocks */
    Program other = start();
    if (other.pid == 0) {
        (void)usleep(100000);
        (void)kill(getppid(), SIGUSR1);
        (void)usleep(100000);
        unsigned char block[65536]; /* now read on, so that the rest gets out */
        (void)close(user_out[1]);
        while (read(user_out[0], block, sizeof(block)) > 0)
            ;
        _exit(0);
    }
    fd_close(out[1]);
    Heard heard = { .pid = program.pid };
    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.user_out = user_out[1];
    options.pipe_out = out[0];
    options.pidfd = program.pidfd;
    options.signals = &signals;
    options.on_signal = on_signal;
    options.context = &heard;
    assert_int_equal(run(&options), RELAY_EXITED);
    assert_int_equal(heard.signal, SIGUSR1);
    (void)finish(&program);
    fd_close(user_out[1]);
    (void)finish(&other);
    fd_close(user_out[0]);
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
}

static void raw_mode_is_taken_back(void **state)
{
    (void)state;
    Pty pty = open_pty();
    struct termios before, during, after;
    assert_int_equal(tcgetattr(pty.slave, &before), 0);
    TerminalState saved = TERMINAL_STATE_EMPTY;
    terminal_restore(&saved);
    assert_int_equal(terminal_raw(pty.slave, &saved, NULL), 0);
    assert_int_equal(tcgetattr(pty.slave, &during), 0);
    assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
    assert_false(during.c_oflag & OPOST);
    terminal_restore(&saved);
    terminal_restore(&saved);
    assert_int_equal(tcgetattr(pty.slave, &after), 0);
    assert_int_equal(before.c_lflag, after.c_lflag);
    assert_int_equal(before.c_oflag, after.c_oflag);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(terminal_raw(null, &saved, NULL), -ENOTTY);
    fd_close(null);
    fd_close(pty.slave);
    fd_close(pty.master);
}

static void a_session_gets_its_terminal(void **state)
{
    (void)state;
    Pty pty = open_pty();
    Program program = start();
    if (program.pid == 0) {
        if (terminal_make_controlling(pty.slave, NULL) < 0 || !isatty(0) || !isatty(2))
            _exit(1);
        if (tcgetsid(0) != getpid() || (fcntl(1, F_GETFD) & FD_CLOEXEC))
            _exit(2);
        _exit(open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0 ? 0 : 3);
    }
    assert_int_equal(finish(&program), 0);
    fd_close(pty.slave);
    fd_close(pty.master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pty_output_survives_a_slow_reader),
        cmocka_unit_test(last_words_are_heard),
        cmocka_unit_test(a_noisy_heir_does_not_keep_us),
        cmocka_unit_test(an_endless_source_does_not_keep_us),
        cmocka_unit_test(a_closed_terminal_can_come_back),
        cmocka_unit_test(detach_keys_end_it),
        cmocka_unit_test(a_held_key_is_passed_on_after_a_pause),
        cmocka_unit_test(the_size_follows_and_signals_are_told),
        cmocka_unit_test(pipes_carry_all_three_streams),
        cmocka_unit_test(no_input_is_an_end_of_input),
        cmocka_unit_test(a_reader_who_leaves_ends_the_program),
        cmocka_unit_test(a_stuck_reader_does_not_stop_signals),
        cmocka_unit_test(raw_mode_is_taken_back),
        cmocka_unit_test(a_session_gets_its_terminal),
    };
    (void)alarm(20);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
