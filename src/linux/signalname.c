/*
 * Signal names. The trap: SIGRTMIN of the libc is a variable and differs between libcs (musl keeps
 * three signals, glibc two); a container's program sees the numbers, so RTMIN is fixed to 34 here.
 */
#include "linux/signalname.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { SIGNALNAME_RTMIN = 34, SIGNALNAME_RTMAX = 64 };

static const struct {
    int number;
    const char *name;
} signalname_table[] = {
    { SIGHUP, "SIGHUP" },       { SIGINT, "SIGINT" },       { SIGQUIT, "SIGQUIT" },
    { SIGILL, "SIGILL" },       { SIGTRAP, "SIGTRAP" },     { SIGABRT, "SIGABRT" },
    { SIGBUS, "SIGBUS" },       { SIGFPE, "SIGFPE" },       { SIGKILL, "SIGKILL" },
    { SIGUSR1, "SIGUSR1" },     { SIGSEGV, "SIGSEGV" },     { SIGUSR2, "SIGUSR2" },
    { SIGPIPE, "SIGPIPE" },     { SIGALRM, "SIGALRM" },     { SIGTERM, "SIGTERM" },
    { SIGSTKFLT, "SIGSTKFLT" }, { SIGCHLD, "SIGCHLD" },     { SIGCONT, "SIGCONT" },
    { SIGSTOP, "SIGSTOP" },     { SIGTSTP, "SIGTSTP" },     { SIGTTIN, "SIGTTIN" },
    { SIGTTOU, "SIGTTOU" },     { SIGURG, "SIGURG" },       { SIGXCPU, "SIGXCPU" },
    { SIGXFSZ, "SIGXFSZ" },     { SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" },
    { SIGWINCH, "SIGWINCH" },   { SIGIO, "SIGIO" },         { SIGPWR, "SIGPWR" },
    { SIGSYS, "SIGSYS" },       { SIGABRT, "SIGIOT" },      { SIGIO, "SIGPOLL" },
    { SIGCHLD, "SIGCLD" },
};

/* "RTMIN", "RTMIN+3", "RTMAX-1" */
static int signalname_parse_realtime(const char *text)
{
    bool from_min = strncasecmp(text, "RTMIN", 5) == 0;
    uint32_t offset = 0;
    if (!from_min && strncasecmp(text, "RTMAX", 5) != 0)
        return -EINVAL;
    text += 5;
    if (*text && (*text != (from_min ? '+' : '-') || str_to_u32(text + 1, &offset) < 0))
        return -EINVAL;
    if (offset > SIGNALNAME_RTMAX - SIGNALNAME_RTMIN)
        return -EINVAL;
    return from_min ? SIGNALNAME_RTMIN + (int)offset : SIGNALNAME_RTMAX - (int)offset;
}

int signalname_parse(const char *text)
{
    uint32_t number;
    if (str_empty(text))
        return -EINVAL;
    if (isdigit((unsigned char)*text))
        return str_to_u32(text, &number) == 0 && number >= 1 && number <= SIGNALNAME_RTMAX
                   ? (int)number
                   : -EINVAL;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < ARRAY_LEN(signalname_table); i++)
        if (strcasecmp(text, signalname_table[i].name + 3) == 0)
            return signalname_table[i].number;
    return signalname_parse_realtime(text);
}

const char *signalname_of(int signal, char buffer[SIGNALNAME_SIZE])
{
    for (size_t i = 0; i < ARRAY_LEN(signalname_table); i++)
        if (signalname_table[i].number == signal)
            return signalname_table[i].name;
    if (signal == SIGNALNAME_RTMIN)
        return "SIGRTMIN";
    if (signal == SIGNALNAME_RTMAX)
        return "SIGRTMAX";
    if (signal > SIGNALNAME_RTMIN && signal < SIGNALNAME_RTMAX)
        (void)snprintf(buffer, SIGNALNAME_SIZE, "SIGRTMIN+%d", signal - SIGNALNAME_RTMIN);
    else
        (void)snprintf(buffer, SIGNALNAME_SIZE, "SIG%d", signal);
    return buffer;
}
