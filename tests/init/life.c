/* Using memory, processor and process numbers up; waiting, being signalled and ending. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "words.h"

static int hog_run(int count, char **words)
{
    long mebibytes = command_number(words[0]);
    for (long i = 0; i < mebibytes; i++) {
        char *block = malloc(1 << 20);
        if (!block)
            return command_failed("hog", words[0]);
        memset(block, 1, 1 << 20);
        if (count > 1)
            printf("%ld\n", i + 1), (void)fflush(stdout);
    }
    printf("held %ld MiB\n", mebibytes);
    return 0;
}

/* fork N: how many of N processes can exist at once */
static int fork_run(int count, char **words)
{
    (void)count;
    long wanted = command_number(words[0]);
    long made = 0;
    pid_t *pids = calloc((size_t)wanted + 1, sizeof(*pids));
    for (; pids && made < wanted; made++) {
        pids[made] = fork();
        if (pids[made] == 0) {
            (void)pause();
            _exit(0);
        }
        if (pids[made] < 0)
            break;
    }
    printf("made %ld\n", made);
    for (long i = 0; i < made; i++)
        (void)kill(pids[i], SIGKILL);
    free(pids);
    return 0;
}

static int spin_run(int count, char **words)
{
    (void)count;
    double seconds = strtod(words[0], NULL);
    struct timespec start, now;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    do
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 <
           seconds);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("cpu_ms=%ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                               (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
    return 0;
}

static int sleep_run(int count, char **words)
{
    (void)count;
    double seconds = strtod(words[0], NULL);
    struct timespec rest = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    (void)fflush(stdout);
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        ;
    return 0;
}

static int exit_run(int count, char **words)
{
    (void)count;
    (void)fflush(NULL);
    _exit((int)command_number(words[0]));
}

static int die_run(int count, char **words)
{
    (void)count;
    (void)fflush(NULL);
    (void)signal((int)words_signal(words[0]), SIG_DFL);
    (void)raise((int)words_signal(words[0]));
    return 0; /* process 1 of a PID namespace survives its own signals */
}

static int kill_run(int count, char **words)
{
    (void)count;
    bool done = kill((pid_t)command_number(words[1]), (int)words_signal(words[0])) == 0;
    return done ? 0 : command_failed("kill", words[1]);
}

/* await SIGNAL...: says "ready", then names the first of them that comes */
static int await_run(int count, char **words)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (int i = 0; i < count; i++)
        (void)sigaddset(&set, (int)words_signal(words[i]));
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    printf("ready\n");
    (void)fflush(stdout);
    int number_got = 0;
    (void)sigwait(&set, &number_got);
    printf("got %s\n", words_signal_name(number_got));
    return 0;
}

static int pause_run(int count, char **words)
{
    (void)count;
    (void)words;
    (void)fflush(stdout);
    while (pause() < 0)
        ;
    return 0;
}

static int exec_run(int count, char **words)
{
    (void)count;
    (void)fflush(stdout);
    (void)execv(words[0], words);
    return command_failed("exec", words[0]);
}

/* orphan SECONDS: leaves a process behind that outlives its parent */
static int orphan_run(int count, char **words)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0)
            (void)sleep_run(count, words);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : command_failed("orphan", words[0]);
}

const Command life_commands[] = {
    { "await", "SIGNAL...", 1, await_run },
    { "die", "SIGNAL", 1, die_run },
    { "exec", "PROGRAM [ARGUMENT...]", 1, exec_run },
    { "exit", "STATUS", 1, exit_run },
    { "fork", "COUNT", 1, fork_run },
    { "hog", "MEBIBYTES [tell]", 1, hog_run },
    { "kill", "SIGNAL PID", 2, kill_run },
    { "orphan", "SECONDS", 1, orphan_run },
    { "pause", "", 0, pause_run },
    { "sleep", "SECONDS", 1, sleep_run },
    { "spin", "SECONDS", 1, spin_run },
    { NULL, NULL, 0, NULL },
};
