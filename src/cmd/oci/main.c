/*
 * ambit-oci: the runtime for engines. Parse, call, and say an error where the caller looks for it:
 * on standard error, and in the file of --log.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "cmd/ambit/output.h"
#include "commands.h"

static int main_help(const CommandCall *call, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    UsageStyle style = output_style(STDOUT_FILENO);
    usage_render(call->command, call->path, &style, &text);
    return output_write(strbuf_text(&text), error);
}

/* One line as logrus writes it, which is what engines parse. */
static void main_log(const OciGlobals *globals, const char *message)
{
    int fd CLEANUP(fd_closep) =
        open(globals->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) {
        (void)dprintf(STDERR_FILENO, "ambit-oci: --log: cannot write %s\n", globals->log);
        return;
    }
    char now[40];
    time_t seconds = time(NULL);
    struct tm utc;
    (void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &line };
    if (globals->log_format == OCI_LOG_JSON) {
        json_write_object(&writer);
        json_write_key(&writer, "level");
        json_write_string(&writer, "error");
        json_write_key(&writer, "msg");
        json_write_string(&writer, message);
        json_write_key(&writer, "time");
        json_write_string(&writer, now);
        json_write_end_object(&writer);
    } else {
        strbuf_printf(&line, "time=\"%s\" level=error msg=", now);
        json_write_string(&writer, message); /* quotes and escapes as logrus does */
    }
    strbuf_add_char(&line, '\n');
    (void)!fd_write_all(fd, line.data, line.length);
}

char **main_arguments;
static _Alignas(16) char main_memory[128 * 1024];

int main(int argc, char **argv)
{
    main_arguments = argv;
    (void)umask(022);
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, main_memory, sizeof(main_memory));
    Error error = { 0 };
    CommandCall call;
    int r = command_parse(&oci_command, argv, (size_t)argc, &arena, &call, &error);
    bool parsed = r >= 0;
    if (r == 0)
        r = call.command->run(&call, &error);
    if (r == COMMAND_HELP)
        r = main_help(&call, &error);
    if (r < 0) {
        const OciGlobals *globals = parsed ? call.globals : NULL;
        if (globals && globals->log)
            main_log(globals, error.message);
        (void)dprintf(STDERR_FILENO, "%s: %s\n", call.path, error.message);
        int status = error_exit_status(&error);
        return status == 125 ? 1 : status; /* runc's callers know 1 */
    }
    return call.exit_status;
}
