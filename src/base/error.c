/*
 * Error texts are built in place in a buffer of fixed size: reporting a failure never allocates,
 * so it works between clone and exec too. A text that does not fit is cut, never refused; in the
 * middle where that can be: its beginning names the place, its end the cause, which callers look
 * for.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
} error_kinds[ERROR_KIND_MAX] = {
    [ERROR_NONE] = { "none", 0 },
    [ERROR_USAGE] = { "usage", 125 },
    [ERROR_NOT_FOUND] = { "not-found", 125 },
    [ERROR_CONFLICT] = { "conflict", 125 },
    [ERROR_DENIED] = { "denied", 125 },
    [ERROR_UNSUPPORTED] = { "unsupported", 125 },
    [ERROR_LIMIT] = { "limit", 125 },
    [ERROR_CORRUPT] = { "corrupt", 125 },
    [ERROR_SYSTEM] = { "system", 125 },
    [ERROR_NOT_EXECUTABLE] = { "not-executable", 126 },
    [ERROR_NO_COMMAND] = { "no-command", 127 },
};

static ErrorKind error_kind_of_errno(int code)
{
    switch (code) {
    case ENOENT:
    case ESRCH: return ERROR_NOT_FOUND;
    case EEXIST:
    case EBUSY: return ERROR_CONFLICT;
    case EPERM:
    case EACCES:
    case EROFS: return ERROR_DENIED;
    case ENOSYS:
    case EOPNOTSUPP: return ERROR_UNSUPPORTED;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EFBIG: return ERROR_LIMIT;
    default: return ERROR_SYSTEM;
    }
}

PRINTF_LIKE(4, 0)
static int error_fill(Error *error, ErrorKind kind, int code, const char *format, va_list args)
{
    if (code < 0)
        code = -code;
    if (code == 0)
        code = EINVAL;
    if (error) {
        error->kind = kind;
        error->code = code;
        (void)vsnprintf(error->message, sizeof(error->message), format, args);
    }
    return -code;
}

int error_set(Error *error, ErrorKind kind, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = error_fill(error, kind, code, format, args);
    va_end(args);
    return r;
}

/* "HEAD: TAIL", either of which may be the message itself. */
static void error_join(Error *error, const char *head, const char *tail)
{
    static const char gap[] = "...";
    enum {
        ROOM = ERROR_MESSAGE_SIZE - sizeof(gap),
        BEGIN = ROOM / 2,
        END = ROOM - BEGIN,
    };
    char whole[2 * ERROR_MESSAGE_SIZE + 2];
    size_t length = (size_t)snprintf(whole, sizeof(whole), "%s: %s", head, tail);
    if (length < ERROR_MESSAGE_SIZE) {
        memcpy(error->message, whole, length + 1);
        return;
    }
    memcpy(error->message, whole, BEGIN);
    memcpy(error->message + BEGIN, gap, sizeof(gap) - 1);
    memcpy(error->message + BEGIN + sizeof(gap) - 1, whole + length - END, END + 1);
}

int error_errno(Error *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = error_fill(error, error_kind_of_errno(code < 0 ? -code : code), code, format, args);
    va_end(args);
    if (error)
        error_join(error, error->message, strerror(-r));
    return r;
}

int error_wrap(Error *error, const char *format, ...)
{
    if (!error)
        return -EINVAL; /* the caller has the errno it wants to return */

    char prefix[ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);

    error_join(error, prefix, error->message);
    return -error->code;
}

void error_rename(Error *error, const char *from, const char *to)
{
    size_t length = strlen(from);
    if (!error || strncmp(error->message, from, length) != 0 ||
        strncmp(error->message + length, ": ", 2) != 0)
        return;
    const char *rest = error->message + length + 2;
    memmove(error->message, rest, strlen(rest) + 1);
    (void)error_wrap(error, "%s", to);
}

void error_clear(Error *error)
{
    if (!error)
        return;
    error->kind = ERROR_NONE;
    error->code = 0;
    error->message[0] = '\0';
}

int error_exit_status(const Error *error)
{
    return error_kinds[error->kind].exit_status;
}

const char *error_kind_name(ErrorKind kind)
{
    return error_kinds[kind].name;
}

ErrorKind error_kind_named(const char *name)
{
    for (int kind = ERROR_NONE + 1; name && kind < ERROR_KIND_MAX; kind++)
        if (strcmp(error_kinds[kind].name, name) == 0)
            return (ErrorKind)kind;
    return ERROR_SYSTEM;
}
