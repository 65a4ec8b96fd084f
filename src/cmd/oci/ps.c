/*
 * `ps`: all processes in the container's cgroup, also those that exec started. Words after the id
 * are for ps(1) elsewhere and are not used.
 */
#include <stdlib.h>

#include "base/fd.h"
#include "base/table.h"
#include "cmd/ambit/output.h"
#include "instance.h"
#include "linux/process.h"

typedef struct PsOptions {
    int format; /* 0 table, 1 json */
} PsOptions;

static const char *const ps_formats[] = { "table", "json", NULL };

static const Option ps_options[] = {
    { 'f', "format", OPTION_ENUM(PsOptions, format, ps_formats), "FORMAT", "table or json" },
    OPTION_END,
};

static int ps_compare(const void *a, const void *b)
{
    pid_t one = *(const pid_t *)a, two = *(const pid_t *)b;
    return (one > two) - (one < two);
}

static void ps_table(const pid_t *pids, size_t count, Arena *arena, StrBuf *text)
{
    static const char *const headings[] = { "UID", "PID", "PPID", "CMD", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < count; i++) {
        ProcessStatus status;
        StrList words;
        int proc CLEANUP(fd_closep) = process_open(-1, pids[i], NULL);
        if (proc < 0 || process_status(proc, arena, &status, NULL) < 0 ||
            process_cmdline(proc, arena, &words, NULL) < 0)
            continue; /* ended meanwhile */
        StrBuf line CLEANUP(strbuf_done) = { 0 };
        for (size_t w = 0; w < words.count; w++)
            strbuf_printf(&line, "%s%s", w ? " " : "", words.items[w]);
        table_printf(&table, "%u", status.uid[0]);
        table_printf(&table, "%d", (int)pids[i]);
        table_printf(&table, "%d", (int)status.parent);
        table_add(&table, words.count ? strbuf_text(&line) : status.name);
    }
    table_print(&table, false, text);
}

static int ps_run(CommandCall *call, Error *error)
{
    const PsOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    pid_t *pids;
    size_t count;
    int r = instance_open(&instance, call, false, error);
    if (r == 0)
        r = instance_cgroup(&instance, &cgroup, error);
    if (r == 0)
        r = cgroup_pids(&cgroup, call->arena, &pids, &count, error);
    if (r < 0)
        return r;
    qsort(pids, count, sizeof(*pids), ps_compare);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (options->format == 1) {
        JsonWriter writer = { .text = &text };
        json_write_array(&writer);
        for (size_t i = 0; i < count; i++)
            json_write_int(&writer, pids[i]);
        json_write_end_array(&writer);
        strbuf_add_char(&text, '\n');
    } else {
        ps_table(pids, count, call->arena, &text);
    }
    return output_write(strbuf_text(&text), error);
}

const Command ps_command = {
    .name = "ps",
    .summary = "List the processes of a container, by their ids outside",
    .arguments = "ID [IGNORED...]",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .mode = OPTION_STOP_AT_ARGUMENT,
    .options = ps_options,
    .values_size = sizeof(PsOptions),
    .run = ps_run,
};
