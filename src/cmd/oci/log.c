/*
 * Opened once to see that it can be, and again for each line: there is one, or none. The file is
 * the caller's choice and may be a FIFO that nobody reads, which must not hold a container's start
 * up.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/timestamp.h"

static const OciGlobals *log_globals;
static const char *log_file; /* NULL: standard error */

static int log_open(void)
{
    int fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    return fd < 0 ? -errno : fd;
}

void log_configure(const OciGlobals *globals)
{
    log_globals = globals;
    log_file = globals && !str_empty(globals->log) ? globals->log : NULL;
}

int log_check(Error *error)
{
    int fd CLEANUP(fd_closep) = log_file ? log_open() : -ENXIO;
    if (fd >= 0 || fd == -ENXIO) /* a FIFO: its reader may come */
        return 0;
    log_file = NULL; /* the error goes where it is seen */
    return error_errno(error, fd, "--log: %s", log_globals->log);
}

bool log_is_debug(void)
{
    return log_globals && log_globals->debug;
}

static void log_render(LogLevel level, const char *message, StrBuf *line)
{
    static const char *const names[] = { "error", "warning", "debug" };
    char now[TIMESTAMP_SIZE];
    (void)timestamp_text(time(NULL), now);
    JsonWriter writer = { .text = line };
    if (log_globals && log_globals->log_format == OCI_LOG_JSON) {
        json_write_object(&writer);
        json_write_key(&writer, "level");
        json_write_string(&writer, names[level]);
        json_write_key(&writer, "msg");
        json_write_string(&writer, message);
        json_write_key(&writer, "time");
        json_write_string(&writer, now);
        json_write_end_object(&writer);
    } else {
        strbuf_printf(line, "time=\"%s\" level=%s msg=", now, names[level]);
        json_write_string(&writer, message); /* quotes and escapes as logrus does */
    }
    strbuf_add_char(line, '\n');
}

static void log_write(LogLevel level, const char *message)
{
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    log_render(level, message, &line);
    if (!log_file) {
        (void)!fd_write_all(STDERR_FILENO, line.data, line.length);
        return;
    }
    int fd CLEANUP(fd_closep) = log_open();
    if (fd < 0)
        (void)dprintf(STDERR_FILENO, "ambit-oci: --log: cannot write %s\n", log_file);
    else
        (void)!fd_write_all(fd, line.data, line.length);
}

void log_line(LogLevel level, const char *format, ...)
{
    if (level == LOG_LEVEL_DEBUG && !log_is_debug())
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
    bool person = !log_file && !json && isatty(STDERR_FILENO);
    if (!person)
        log_write(LOG_LEVEL_ERROR, message);
    if (log_file || person)
        (void)dprintf(STDERR_FILENO, "%s\n", message);
}
