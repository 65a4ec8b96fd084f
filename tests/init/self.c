/* What a process sees of itself: ids, environment, descriptors, limits, clocks, its terminal. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "words.h"

extern char **environ;

static int id_run(int count, char **words)
{
    (void)count;
    (void)words;
    gid_t groups[64];
    int n = getgroups(64, groups);
    printf("uid=%u euid=%u gid=%u egid=%u groups=", getuid(), geteuid(), getgid(), getegid());
    for (int i = 0; i < n; i++)
        printf("%s%u", i > 0 ? "," : "", groups[i]);
    printf("\n");
    return 0;
}

static int pid_run(int count, char **words)
{
    (void)count;
    (void)words;
    printf("pid=%d ppid=%d pgid=%d sid=%d\n", getpid(), getppid(), getpgrp(), getsid(0));
    return 0;
}

static int args_run(int count, char **words)
{
    for (int i = 0; i < count; i++)
        printf("[%s]\n", words[i]);
    return 0;
}

static int env_run(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        const char *value = getenv(words[i]);
        if (!value) {
            errno = ENOENT;
            return command_failed("env", words[i]);
        }
        puts(value);
    }
    for (char **entry = environ; count == 0 && *entry; entry++)
        puts(*entry);
    return 0;
}

static int cwd_run(int count, char **words)
{
    (void)count;
    (void)words;
    char path[4096];
    if (!getcwd(path, sizeof(path)))
        return command_failed("cwd", ".");
    puts(path);
    return 0;
}

static int hostname_run(int count, char **words)
{
    char name[256];
    if (count > 0 && sethostname(words[0], strlen(words[0])) < 0)
        return command_failed("hostname", words[0]);
    if (gethostname(name, sizeof(name)) < 0)
        return command_failed("hostname", "");
    puts(name);
    return 0;
}

/* The lines of a file about this process: all, or those that begin with "FIELD:" when fields are
 * given */
static int print_lines(const char *command, const char *path, int count, char **fields)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return command_failed(command, path);
    char line[8192];
    while (fgets(line, sizeof(line), file)) {
        bool wanted = count == 0;
        for (int i = 0; i < count; i++) {
            size_t length = strlen(fields[i]);
            wanted |= strncmp(line, fields[i], length) == 0 && line[length] == ':';
        }
        if (wanted)
            fputs(line, stdout);
    }
    return fclose(file);
}

static int status_run(int count, char **words)
{
    return print_lines("status", "/proc/self/status", count, words);
}

static int mounts_run(int count, char **words)
{
    (void)count;
    (void)words;
    return print_lines("mounts", "/proc/self/mountinfo", 0, NULL);
}

/* fds: every open descriptor, found by trying, with what it refers to where /proc tells */
static int fds_run(int count, char **words)
{
    (void)count;
    (void)words;
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        char path[64];
        char target[4096] = "?";
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        printf("%d %.*s\n", fd, n < 0 ? 1 : (int)n, target);
    }
    return 0;
}

static int limit_run(int count, char **words)
{
    (void)count;
    struct rlimit limit;
    if (getrlimit((int)words_rlimit(words[0]), &limit) < 0)
        return command_failed("limit", words[0]);
    printf("soft=%lld hard=%lld\n", (long long)limit.rlim_cur, (long long)limit.rlim_max);
    return 0;
}

static int umask_run(int count, char **words)
{
    (void)count;
    (void)words;
    printf("%04o\n", umask(0));
    return 0;
}

static int clock_run(int count, char **words)
{
    (void)count;
    clockid_t clock = strcmp(words[0], "boottime") == 0 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
    struct timespec now;
    if (clock_gettime(clock, &now) < 0)
        return command_failed("clock", words[0]);
    printf("%lld\n", (long long)now.tv_sec);
    return 0;
}

static int isatty_run(int count, char **words)
{
    (void)count;
    (void)words;
    for (int fd = 0; fd < 3; fd++)
        printf("%d %s\n", fd, isatty(fd) ? "tty" : "none");
    return 0;
}

static int winsize_run(int count, char **words)
{
    (void)count;
    (void)words;
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
        return command_failed("winsize", "");
    printf("rows=%d columns=%d\n", size.ws_row, size.ws_col);
    return 0;
}

/* echo, until the end of the input: for attach and interactive tests */
static int echo_run(int count, char **words)
{
    (void)count;
    (void)words;
    char line[4096];
    while (fgets(line, sizeof(line), stdin)) {
        printf("got %s", line);
        (void)fflush(stdout);
    }
    return 0;
}

static int say_run(int count, char **words)
{
    for (int i = 0; i < count; i++)
        printf("%s%s", i > 0 ? " " : "", words[i]);
    printf("\n");
    return fflush(stdout);
}

static int complain_run(int count, char **words)
{
    for (int i = 0; i < count; i++)
        fprintf(stderr, "%s%s", i > 0 ? " " : "", words[i]);
    fprintf(stderr, "\n");
    return 0;
}

const Command self_commands[] = {
    { "args", "[WORD...]", 0, args_run },
    { "clock", "monotonic|boottime", 1, clock_run },
    { "complain", "[WORD...]", 0, complain_run },
    { "cwd", "", 0, cwd_run },
    { "echo", "", 0, echo_run },
    { "env", "[NAME...]", 0, env_run },
    { "fds", "", 0, fds_run },
    { "hostname", "[NEW]", 0, hostname_run },
    { "id", "", 0, id_run },
    { "isatty", "", 0, isatty_run },
    { "limit", "RESOURCE", 1, limit_run },
    { "mounts", "", 0, mounts_run },
    { "pid", "", 0, pid_run },
    { "say", "[WORD...]", 0, say_run },
    { "status", "[FIELD...]", 0, status_run },
    { "umask", "", 0, umask_run },
    { "winsize", "", 0, winsize_run },
    { NULL, NULL, 0, NULL },
};
