/*
 * Both ends of the report socket. The invariant: a message has one size and at most one descriptor;
 * anything else counts as the child's death. Its texts are cut to one line before anyone sees them.
 */
#include "cmd/image/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/inroot.h"

enum { REPORT_OPAQUE = 1, REPORT_END = 2, REPORT_DEVICE = 3 };

typedef struct ReportMessage {
    uint32_t type;
    uint32_t kind; /* ErrorKind */
    int32_t code;
    TreeCounts counts;
    char text[ERROR_MESSAGE_SIZE];
} ReportMessage;

typedef struct ReportDevice {
    uint32_t type; /* REPORT_DEVICE */
    uint32_t mode; /* S_IFCHR, S_IFBLK */
    uint64_t device;
    char path[TREEDIR_PATH_MAX];
} ReportDevice;

typedef union ReportAny {
    ReportMessage message;
    ReportDevice device;
} ReportAny;

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

int report_device(int socket, const char *path, mode_t type, dev_t device)
{
    ReportDevice message = { .type = REPORT_DEVICE, .mode = type & S_IFMT, .device = device };
    size_t length = strlen(path);
    if (length >= sizeof(message.path))
        return -ENAMETOOLONG;
    memcpy(message.path, path, length + 1);
    int32_t answer;
    size_t count = 0;
    int r = fd_send(socket, &message, sizeof(message), NULL, 0);
    if (r < 0)
        return r;
    ssize_t n = fd_receive(socket, &answer, sizeof(answer), NULL, &count);
    return n == sizeof(answer) ? answer : -EPIPE;
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

static int report_mark(int fd, int root_fd, Report *report, Error *error)
{
    struct stat st, root;
    if (fstat(fd, &st) < 0 || fstat(root_fd, &root) < 0)
        return error_errno(error, errno, "opaque directory");
    if (!S_ISDIR(st.st_mode) || st.st_dev != root.st_dev)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the unpacking process misbehaved");
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return error_errno(error, errno, "trusted.overlay.opaque");
    report->opaque_marked++;
    return 0;
}

/* The path is the child's word: it is looked up inside the directory, as the child did. */
static int report_make_device(const ReportDevice *wanted, int root_fd)
{
    const char *slash = strrchr(wanted->path, '/');
    const char *name = slash ? slash + 1 : wanted->path;
    char parent[TREEDIR_PATH_MAX] = ".";
    if (slash)
        (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - wanted->path), wanted->path);
    if (wanted->mode != S_IFCHR && wanted->mode != S_IFBLK)
        return -EINVAL;
    int fd CLEANUP(fd_closep) =
        inroot_open(root_fd, *parent ? parent : ".", O_PATH | O_DIRECTORY, NULL);
    if (fd < 0)
        return fd;
    if (mknodat(fd, name, wanted->mode | 0600, (dev_t)wanted->device) < 0)
        return -errno;
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

int report_receive(int socket, int root_fd, Report *report, Error *error)
{
    ReportAny any;
    int fd CLEANUP(fd_closep) = -1;
    size_t count = 1;
    ssize_t n = fd_receive(socket, &any, sizeof(any), &fd, &count);
    if (n < 0)
        return error_errno(error, (int)n, "report");
    if (n == sizeof(any.message) && any.message.type == REPORT_OPAQUE && count == 1)
        return report_mark(fd, root_fd, report, error);
    if (n == sizeof(any.message) && any.message.type == REPORT_END && count == 0) {
        report_fill(report, &any.message);
        return 0;
    }
    if (n == sizeof(any.device) && any.device.type == REPORT_DEVICE && count == 0 &&
        memchr(any.device.path, '\0', sizeof(any.device.path))) {
        int32_t answer = report_make_device(&any.device, root_fd);
        int r = fd_send(socket, &answer, sizeof(answer), NULL, 0);
        /* A child that does not wait for the answer is dead, and the next message says so. */
        return r < 0 && r != -EPIPE && r != -ECONNRESET ? error_errno(error, r, "report") : 0;
    }
    report->ended = true;
    (void)error_set(&report->error, ERROR_SYSTEM, EPIPE, "the unpacking process died");
    return 0;
}
