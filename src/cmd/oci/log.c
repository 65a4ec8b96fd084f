/*
 * Opened once to see that it can be, and again for each line: there is one, or none. The file is
 * the caller's choice and may be a FIFO that nobody reads, which must not hold a container's start
 * up.
 */
#include "log.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/timestamp.h"

typedef enum LogTarget {
    LOG_TARGET_STANDARD_ERROR,
    LOG_TARGET_FILE,
    LOG_TARGET_SYSLOG,
    LOG_TARGET_JOURNAL,
} LogTarget;

/* crun's BACKEND:SPECIFIER; what begins otherwise is a file. */
static const struct {
    const char *prefix, *socket;
    LogTarget target;
} log_backends[] = {
    { "file:", NULL, LOG_TARGET_FILE },
    { "syslog:", "/dev/log", LOG_TARGET_SYSLOG },
    { "journald:", "/run/systemd/journal/socket", LOG_TARGET_JOURNAL },
};

static const struct {
    const char *name;
    int priority; /* syslog(3) */
} log_levels[] = {
    [LOG_LEVEL_ERROR] = { "error", LOG_ERR },
    [LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
    [LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

static const OciGlobals *log_globals;
static LogTarget log_target;
static const char *log_name;   /* of the file, or what messages are known by */
static const char *log_socket; /* syslog, journal */

static int log_connect(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, log_socket, strlen(log_socket));
    int fd CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int log_open(void)
{
    if (log_socket)
        return log_connect();
    int fd = open(log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    return fd < 0 ? -errno : fd;
}

void log_configure(const OciGlobals *globals)
{
    log_globals = globals;
    log_target = LOG_TARGET_STANDARD_ERROR;
    log_socket = NULL;
    if (!globals || str_empty(globals->log))
        return;
    log_target = LOG_TARGET_FILE;
    log_name = globals->log;
    for (size_t i = 0; i < ARRAY_LEN(log_backends); i++) {
        if (!str_starts(globals->log, log_backends[i].prefix))
            continue;
        log_target = log_backends[i].target;
        log_socket = log_backends[i].socket;
        log_name = globals->log + strlen(log_backends[i].prefix);
    }
    if (log_socket && !*log_name)
        log_name = "ambit-oci";
}

int log_check(Error *error)
{
    if (log_target == LOG_TARGET_STANDARD_ERROR)
        return 0;
    int fd CLEANUP(fd_closep) = log_open();
    if (fd >= 0 || fd == -ENXIO) /* a FIFO: its reader may come */
        return 0;
    log_target = LOG_TARGET_STANDARD_ERROR; /* the error goes where it is seen */
    return error_errno(error, fd, "--log: %s", log_socket ? log_socket : log_name);
}

bool log_is_debug(void)
{
    return log_globals && (log_globals->debug || log_globals->log_level == OCI_LOG_LEVEL_DEBUG);
}

static void log_render(LogLevel level, const char *message, StrBuf *line)
{
    char now[TIMESTAMP_SIZE];
    (void)timestamp_text(time(NULL), now);
    JsonWriter writer = { .text = line };
    if (log_globals && log_globals->log_format == OCI_LOG_JSON) {
        json_write_object(&writer);
        json_write_key(&writer, "level");
        json_write_string(&writer, log_levels[level].name);
        json_write_key(&writer, "msg");
        json_write_string(&writer, message);
        json_write_key(&writer, "time");
        json_write_string(&writer, now);
        json_write_end_object(&writer);
    } else {
        strbuf_printf(line, "time=\"%s\" level=%s msg=", now, log_levels[level].name);
        json_write_string(&writer, message); /* quotes and escapes as logrus does */
    }
    strbuf_add_char(line, '\n');
}

/* The journal's own protocol: a field whose value has any bytes has its length before it. */
static void log_write_journal(LogLevel level, const char *message)
{
    uint64_t length = htole64(strlen(message));
    StrBuf entry CLEANUP(strbuf_done) = { 0 };
    strbuf_printf(&entry, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n",
                  log_levels[level].priority, log_name);
    strbuf_add_bytes(&entry, (const char *)&length, sizeof(length));
    strbuf_printf(&entry, "%s\n", message);
    int fd CLEANUP(fd_closep) = log_open();
    if (fd >= 0)
        (void)!send(fd, entry.data, entry.length, MSG_NOSIGNAL);
}

static void log_write_syslog(LogLevel level, const char *message)
{
    openlog(log_name, LOG_PID, LOG_USER);
    syslog(log_levels[level].priority, "%s", message);
    closelog();
}

static void log_write(LogLevel level, const char *message)
{
    if (log_target == LOG_TARGET_JOURNAL) {
        log_write_journal(level, message);
        return;
    }
    if (log_target == LOG_TARGET_SYSLOG) {
        log_write_syslog(level, message);
        return;
    }
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    log_render(level, message, &line);
    if (log_target == LOG_TARGET_STANDARD_ERROR) {
        (void)!fd_write_all(STDERR_FILENO, line.data, line.length);
        return;
    }
    int fd CLEANUP(fd_closep) = log_open();
    if (fd < 0)
        (void)dprintf(STDERR_FILENO, "ambit-oci: --log: cannot write %s\n", log_name);
    else
        (void)!fd_write_all(fd, line.data, line.length);
}

static bool log_is_left_out(LogLevel level)
{
    if (level == LOG_LEVEL_DEBUG)
        return !log_is_debug();
    return level == LOG_LEVEL_WARNING && log_globals && !log_is_debug() &&
           log_globals->log_level == OCI_LOG_LEVEL_ERROR;
}

void log_line(LogLevel level, const char *format, ...)
{
    if (log_is_left_out(level))
        return;
    char message[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    log_write(level, message);
}

void log_fatal(const char *message)
{
    bool json = log_globals && log_globals->log_format == OCI_LOG_JSON;
    bool elsewhere = log_target != LOG_TARGET_STANDARD_ERROR;
    bool person = !elsewhere && !json && isatty(STDERR_FILENO);
    if (!person)
        log_write(LOG_LEVEL_ERROR, message);
    if (elsewhere || person)
        (void)dprintf(STDERR_FILENO, "%s\n", message);
}
