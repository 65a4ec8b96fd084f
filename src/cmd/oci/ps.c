/*
 * `ps`: all processes of the container, also those that exec started. The table is that of
 * the host's ps(1), with the options given, less the lines of others; without a ps(1), our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/table.h"
#include "cmd/program/output.h"
#include "instance.h"
#include "linux/clone.h"
#include "linux/process.h"

enum { PS_OUTPUT_MAX = 16 * 1024 * 1024 };

typedef struct PsOptions {
    int format; /* 0 table, 1 json */
} PsOptions;

typedef struct PsPids {
    pid_t *items;
    size_t count;
} PsPids;

static const char *const ps_formats[] = { "table", "json", NULL };

static const Option ps_options[] = {
    { 'f', "format", OPTION_ENUM(PsOptions, format, ps_formats), "FORMAT", "table or json" },
    OPTION_END,
};

/* What ps(1) prints. -ENOENT: there is none. */
static int ps_call(char *const *words, Arena *arena, char **ret_text, Error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    int out CLEANUP(fd_closep) = ends[0];
    int in CLEANUP(fd_closep) = ends[1];
    posix_spawn_file_actions_t actions;
    pid_t pid;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, in, STDERR_FILENO);
    int r = posix_spawnp(&pid, "ps", &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (r != 0)
        return error_errno(error, r, "ps");
    fd_close(TAKE_FD(in));
    int status, read = fd_read_all(out, PS_OUTPUT_MAX, arena, ret_text, NULL);
    fd_close(TAKE_FD(out)); /* what is too much is not waited for */
    r = clone_wait(pid, &status, error);
    if (r < 0)
        return r;
    if (read < 0)
        return error_errno(error, read, "output of ps");
    if (status != 0)
        return error_set(error, ERROR_USAGE, EINVAL, "ps: exit status %d: %.400s",
                         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                         *ret_text);
    return 0;
}

/* The field of a line, counted by blanks. */
static const char *ps_field(const char *line, size_t index)
{
    line += strspn(line, " ");
    for (; index > 0; index--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

static int ps_filter(char *output, const PsPids *pids, StrBuf *text, Error *error)
{
    char *next = output;
    char *line = strsep(&next, "\n");
    size_t column = 0;
    const char *field = ps_field(line, 0);
    while (*field && !(strcspn(field, " ") == 3 && str_starts(field, "PID")))
        field = ps_field(line, ++column);
    if (!*field)
        return error_set(error, ERROR_USAGE, EINVAL, "couldn't find PID field in ps output");
    strbuf_printf(text, "%s\n", line);
    while ((line = strsep(&next, "\n"))) {
        pid_t pid = (pid_t)strtol(ps_field(line, column), NULL, 10);
        if (bsearch(&pid, pids->items, pids->count, sizeof(pid), process_compare_pids))
            strbuf_printf(text, "%s\n", line);
    }
    return 0;
}

static void ps_own_table(const PsPids *pids, Arena *arena, StrBuf *text)
{
    static const char *const headings[] = { "UID", "PID", "PPID", "CMD", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < pids->count; i++) {
        ProcessStatus status;
        StrList words;
        int proc CLEANUP(fd_closep) = process_open(-1, pids->items[i], NULL);
        if (proc < 0 || process_status(proc, arena, &status, NULL) < 0 ||
            process_cmdline(proc, arena, &words, NULL) < 0)
            continue; /* ended meanwhile */
        StrBuf line CLEANUP(strbuf_done) = { 0 };
        strbuf_add_list(&line, &words, " ");
        table_printf(&table, "%u", status.uid[0]);
        table_printf(&table, "%d", (int)pids->items[i]);
        table_printf(&table, "%d", (int)status.parent);
        table_add(&table, words.count ? strbuf_text(&line) : status.name);
    }
    table_print(&table, false, text);
}

static int ps_table(const CommandCall *call, const PsPids *pids, StrBuf *text, Error *error)
{
    StrList words = { 0 };
    char *output;
    strlist_append(call->arena, &words, "ps");
    for (size_t i = 1; i < call->argument_count; i++)
        strlist_append(call->arena, &words, call->arguments[i]);
    if (call->argument_count < 2)
        strlist_append(call->arena, &words, "-ef");
    int r = ps_call(words.items, call->arena, &output, error);
    if (r == -ENOENT && call->argument_count < 2) {
        ps_own_table(pids, call->arena, text);
        return 0;
    }
    return r < 0 ? r : ps_filter(output, pids, text, error);
}

static int ps_run(CommandCall *call, Error *error)
{
    const PsOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    PsPids pids;
    int r = instance_open(&instance, call, false, error);
    if (r == 0)
        r = instance_pids(&instance, &pids.items, &pids.count, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (options->format == 1) {
        JsonWriter writer = { .text = &text };
        json_write_array(&writer);
        for (size_t i = 0; i < pids.count; i++)
            json_write_int(&writer, pids.items[i]);
        json_write_end_array(&writer);
        strbuf_add_char(&text, '\n');
    } else {
        r = ps_table(call, &pids, &text, error);
    }
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command ps_command = {
    .name = "ps",
    .summary = "List the processes of a container, by their ids outside",
    .arguments = "ID [PS-OPTION...]",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .options = ps_options,
    .values_size = sizeof(PsOptions),
    .examples = "# other columns\nambit-oci ps web -eo pid,rss,comm",
    .run = ps_run,
};
