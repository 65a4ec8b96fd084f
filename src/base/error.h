/*
 * The one error type.
 *
 * A function that can fail takes an `Error *` from its caller's stack, returns 0 or a documented
 * positive answer on success and a negative errno on failure, and has then filled the error:
 * error_set() where the failure happens, error_wrap() where it crosses a noun's border and a
 * reader needs to know more ("mounts[3]: ..."). Libraries never print; the command prints once.
 *
 * Outputs are named ret_x and are not touched on failure. A NULL Error is allowed and means that
 * the caller needs the errno only.
 */
#pragma once

#include "base/cleanup.h"

enum {
    ERROR_MESSAGE_SIZE = 1024
}; /* bytes, with the terminator; longer messages lose their middle */

typedef enum ErrorKind {
    ERROR_NONE,
    ERROR_USAGE,          /* the caller's words are wrong: an option, a value, a name */
    ERROR_NOT_FOUND,      /* no such image, container, file */
    ERROR_CONFLICT,       /* exists already, in use, in the wrong state */
    ERROR_DENIED,         /* permission */
    ERROR_UNSUPPORTED,    /* this kernel or host lacks what was asked for */
    ERROR_LIMIT,          /* a bound was reached: too large, too many, no space */
    ERROR_CORRUPT,        /* data that does not hold what it must: JSON, digests, archives */
    ERROR_SYSTEM,         /* a system call failed for another reason */
    ERROR_NOT_EXECUTABLE, /* the container's command was found and cannot be executed */
    ERROR_NO_COMMAND,     /* the container's command was not found */
    ERROR_KIND_MAX,
} ErrorKind;

typedef struct Error {
    ErrorKind kind;
    int code; /* errno, positive; 0 only with ERROR_NONE */
    char message[ERROR_MESSAGE_SIZE];
} Error;

/* Fills the error and returns -code. `code` may be given positive or negative. */
int error_set(Error *error, ErrorKind kind, int code, const char *format, ...) PRINTF_LIKE(4, 5);

/*
 * A system call failed with errno `code`: the kind follows from it (EPERM and EACCES are
 * ERROR_DENIED, ENOSYS and EOPNOTSUPP ERROR_UNSUPPORTED, ENOSPC and EDQUOT ERROR_LIMIT, ...), and
 * ": <text of the errno>" ends the message. Returns -code.
 */
int error_errno(Error *error, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "<format>: " before the message that is there. Returns -code of the error. */
int error_wrap(Error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Where the message begins with "<from>: ", puts "<to>: " there: a place of ours becomes the option
 * that a person typed. */
void error_rename(Error *error, const char *from, const char *to);

/* Forgets what the error says; used where a fallback follows. */
void error_clear(Error *error);

/* The exit status a person's shell sees: 125 the engine, 126 not executable, 127 not found. */
int error_exit_status(const Error *error);

/* The lower-case word for a kind ("usage", "denied"), for JSON logs and tests. */
const char *error_kind_name(ErrorKind kind);
/* The inverse; an unknown word is ERROR_SYSTEM. */
ErrorKind error_kind_named(const char *name);
