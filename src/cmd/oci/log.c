/*
 * Opened for each line: there is one, or none. The file is the caller's choice and may be a FIFO
 * that nobody reads, which must not hold a container's start up.
 */
#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"

static const OciGlobals *log_globals;

void log_configure(const OciGlobals *globals)
{
    log_globals = globals;
}

bool log_is_debug(void)
{
    return log_globals && log_globals->debug;
}

static void log_render(LogLevel level, const char *message, StrBuf *line)
{
    static const char *const names[] = { "error", "warning", "debug" };
    char now[40];
    time_t seconds = time(NULL);
    struct tm utc;
    (void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
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
    const char *file = log_globals ? log_globals->log : NULL;
    if (str_empty(file)) {
        (void)!fd_write_all(STDERR_FILENO, line.data, line.length);
        return;
    }
    int fd CLEANUP(fd_closep) =
        open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0)
        (void)dprintf(STDERR_FILENO, "ambit-oci: --log: cannot write %s\n", file);
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
    bool file = log_globals && !str_empty(log_globals->log);
    bool json = log_globals && log_globals->log_format == OCI_LOG_JSON;
    bool person = !file && !json && isatty(STDERR_FILENO);
    if (!person)
        log_write(LOG_LEVEL_ERROR, message);
    if (file || person)
        (void)dprintf(STDERR_FILENO, "%s\n", message);
}
