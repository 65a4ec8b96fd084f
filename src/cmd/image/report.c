/*
 * Both ends of the report socket. The invariant: a message has one size and at most one descriptor;
 * anything else counts as the child's death. Its texts are cut to one line before anyone sees them.
 */
#include "cmd/image/report.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

enum { REPORT_OPAQUE = 1, REPORT_END = 2 };

typedef struct ReportMessage {
    uint32_t type;
    uint32_t kind; /* ErrorKind */
    int32_t code;
    TreeCounts counts;
    char text[ERROR_MESSAGE_SIZE];
} ReportMessage;

int report_pair(int ret_fds[2], Error *error)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0)
        return error_errno(error, errno, "socketpair");
    return 0;
}

int report_opaque(int socket, int dir_fd, Error *error)
{
    ReportMessage message = { .type = REPORT_OPAQUE };
    int r = fd_send(socket, &message, sizeof(message), &dir_fd, 1);
    return r < 0 ? error_errno(error, r, "report") : 0;
}

void report_end(int socket, const TreeCounts *counts, const Error *error)
{
    ReportMessage message = { .type = REPORT_END };
    if (counts)
        message.counts = *counts;
    if (error && error->kind != ERROR_NONE) {
        message.kind = error->kind;
        message.code = error->code;
        memcpy(message.text, error->message, sizeof(message.text));
    }
    /* If the parent is gone there is nobody to tell. */
    (void)!fd_send(socket, &message, sizeof(message), NULL, 0);
}

static int report_mark(int fd, dev_t device, Report *report, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "opaque directory");
    if (!S_ISDIR(st.st_mode) || st.st_dev != device)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the unpacking process misbehaved");
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return error_errno(error, errno, "trusted.overlay.opaque");
    report->opaque_marked++;
    return 0;
}

static void report_fill(Report *report, const ReportMessage *message)
{
    report->ended = true;
    report->counts = message->counts;
    if (message->kind == ERROR_NONE)
        return;
    report->error.kind = message->kind < ERROR_KIND_MAX ? (ErrorKind)message->kind : ERROR_SYSTEM;
    report->error.code = message->code > 0 && message->code < 4096 ? message->code : EINVAL;
    memcpy(report->error.message, message->text, sizeof(report->error.message));
    report->error.message[sizeof(report->error.message) - 1] = '\0';
    /* One line, whatever names an archive has. */
    for (char *p = report->error.message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

int report_receive(int socket, dev_t device, Report *report, Error *error)
{
    ReportMessage message;
    int fd CLEANUP(fd_closep) = -1;
    size_t count = 1;
    ssize_t n = fd_receive(socket, &message, sizeof(message), &fd, &count);
    if (n < 0)
        return error_errno(error, (int)n, "report");
    if (n == sizeof(message) && message.type == REPORT_OPAQUE && count == 1)
        return report_mark(fd, device, report, error);
    if (n == sizeof(message) && message.type == REPORT_END && count == 0) {
        report_fill(report, &message);
        return 0;
    }
    report->ended = true;
    (void)error_set(&report->error, ERROR_SYSTEM, EPIPE, "the unpacking process died");
    return 0;
}
