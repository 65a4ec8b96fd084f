/* One table per kind of word; a word that is a number stands for itself. */
#include "words.h"

#include <ctype.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

typedef struct Word {
    const char *text;
    long value;
} Word;

static const Word signals[] = {
    { "HUP", SIGHUP },   { "INT", SIGINT },     { "QUIT", SIGQUIT }, { "ABRT", SIGABRT },
    { "KILL", SIGKILL }, { "USR1", SIGUSR1 },   { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
    { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },   { "TERM", SIGTERM }, { "CHLD", SIGCHLD },
    { "CONT", SIGCONT }, { "STOP", SIGSTOP },   { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
    { "TTOU", SIGTTOU }, { "WINCH", SIGWINCH }, { NULL, 0 },
};

static const Word namespaces[] = {
    { "mount", CLONE_NEWNS },  { "pid", CLONE_NEWPID },       { "net", CLONE_NEWNET },
    { "ipc", CLONE_NEWIPC },   { "uts", CLONE_NEWUTS },       { "user", CLONE_NEWUSER },
    { "time", CLONE_NEWTIME }, { "cgroup", CLONE_NEWCGROUP }, { NULL, 0 },
};

static const Word resources[] = {
    { "cpu", RLIMIT_CPU },         { "fsize", RLIMIT_FSIZE },
    { "data", RLIMIT_DATA },       { "stack", RLIMIT_STACK },
    { "core", RLIMIT_CORE },       { "nofile", RLIMIT_NOFILE },
    { "as", RLIMIT_AS },           { "nproc", RLIMIT_NPROC },
    { "memlock", RLIMIT_MEMLOCK }, { NULL, 0 },
};

static const Word families[] = {
    { "unix", AF_UNIX },     { "inet", AF_INET },
    { "inet6", AF_INET6 },   { "netlink", AF_NETLINK },
    { "packet", AF_PACKET }, { "vsock", AF_VSOCK },
    { "alg", AF_ALG },       { NULL, 0 },
};

static long words_find(const Word *table, const char *word, const char *kind)
{
    if (isdigit((unsigned char)word[0]))
        return strtol(word, NULL, 0);
    for (; table->text; table++)
        if (strcmp(table->text, word) == 0)
            return table->value;
    fprintf(stderr, "%s: no such %s\n", word, kind);
    exit(2);
}

long words_signal(const char *word)
{
    return words_find(signals, word, "signal");
}

const char *words_signal_name(int number)
{
    for (const Word *word = signals; word->text; word++)
        if (word->value == number)
            return word->text;
    return "another one";
}

long words_namespace(const char *word)
{
    return words_find(namespaces, word, "namespace");
}

long words_rlimit(const char *word)
{
    return words_find(resources, word, "resource");
}

long words_family(const char *word)
{
    return words_find(families, word, "socket family");
}
