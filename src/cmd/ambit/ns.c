/*
 * `ambit ns`: the namespaces of the host, the processes of one, and those kept without a process.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/table.h"
#include "boundary.h"
#include "cmd/program/output.h"
#include "engine/nskeep.h"
#include "engine/nslist.h"
#include "linux/namespace_of.h"

enum { NS_COMMAND_WIDTH = 40 };

typedef struct NsOptions {
    const char *type;
    bool json, quiet, full;
} NsOptions;

static const Option ns_options[] = {
    { 't', "type", OPTION_STRING(NsOptions, type), "TYPE",
      "Only user, cgroup, ipc, uts, net, pid, time or mount namespaces" },
    { 0, "json", OPTION_FLAG(NsOptions, json), NULL, "Print JSON" },
    { 0, "no-trunc", OPTION_FLAG(NsOptions, full), NULL, "Do not shorten commands" },
    { 'q', "quiet", OPTION_FLAG(NsOptions, quiet), NULL, "Print ids only" },
    OPTION_END,
};

/* "host", "web, db", or nothing. */
static void ns_inhabitants(const NslistEntry *entry, StrBuf *text)
{
    strbuf_add(text, entry->host ? "host" : "");
    strbuf_add(text, entry->host && entry->containers.count ? ", " : "");
    strbuf_add_list(text, &entry->containers, ", ");
}

/* A mount namespace that was copied from ours since has a copy of the file. */
static bool ns_is_copy(const NslistEntry *entry, const NslistKept *kept)
{
    for (size_t i = 0; kept->pid && i < entry->kept.count; i++)
        if (!entry->kept.items[i].pid && str_eq(entry->kept.items[i].path, kept->path))
            return true;
    return false;
}

static void ns_kept(const NslistEntry *entry, StrBuf *text)
{
    for (size_t i = 0; i < entry->kept.count; i++) {
        const NslistKept *kept = &entry->kept.items[i];
        if (ns_is_copy(entry, kept))
            continue;
        strbuf_printf(text, "%s%s", text->length ? ", " : "", kept->path);
        if (kept->pid)
            strbuf_printf(text, " (as process %d sees it)", kept->pid);
    }
}

static void ns_add_command(Table *table, const char *command, const NsOptions *options)
{
    if (options->full)
        table_add(table, command);
    else
        table_add_cut(table, command, NS_COMMAND_WIDTH);
}

static void ns_add_row(Table *table, const NslistEntry *entry, const NsOptions *options)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    table_add(table, entry->type);
    table_printf(table, "%llu", (unsigned long long)entry->id);
    table_printf(table, "%u", entry->processes);
    if (entry->owner)
        table_printf(table, "%llu", (unsigned long long)entry->owner);
    else
        table_add(table, NULL);
    if (entry->pid)
        table_printf(table, "%d", entry->pid);
    else
        table_add(table, NULL);
    ns_inhabitants(entry, &text);
    table_add(table, text.length ? strbuf_text(&text) : NULL);
    strbuf_clear(&text);
    ns_kept(entry, &text);
    ns_add_command(table, entry->command, options);
    table_add(table, text.length ? strbuf_text(&text) : NULL);
}

static void ns_print_list(const Nslist *list, const NsOptions *options, StrBuf *text)
{
    static const char *const headings[] = { "TYPE", "ID",      "PROCESSES", "OWNER", "PID",
                                            "OF",   "COMMAND", "KEPT AT",   NULL };
    if (options->json) {
        JsonWriter writer = { .text = text, .pretty = true };
        field_encode_list(&nslist_table, list, &writer);
        strbuf_add_char(text, '\n');
        return;
    }
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < list->count; i++) {
        if (options->quiet)
            strbuf_printf(text, "%llu\n", (unsigned long long)list->items[i].id);
        else
            ns_add_row(&table, &list->items[i], options);
    }
    if (!options->quiet)
        table_print(&table, output_style(STDOUT_FILENO).colour, text);
}

static int ns_run_list(CommandCall *call, NamespaceType type, const Residents *residents,
                       Error *error)
{
    Nslist list;
    size_t unreadable;
    int r = nslist_read(type, residents, call->arena, &list, &unreadable, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ns_print_list(&list, call->values, &text);
    r = output_write(strbuf_text(&text), error);
    if (unreadable && isatty(STDOUT_FILENO))
        (void)dprintf(STDERR_FILENO, "%s: %zu process%s not for this user to look at\n", call->path,
                      unreadable, unreadable == 1 ? " is" : "es are");
    return r;
}

static void ns_print_processes(const NslistProcesses *list, const NsOptions *options, StrBuf *text)
{
    static const char *const headings[] = { "PID", "INSIDE", "UID", "CONTAINER", "COMMAND", NULL };
    if (options->json) {
        JsonWriter writer = { .text = text, .pretty = true };
        field_encode_list(&nslist_process_table, list, &writer);
        strbuf_add_char(text, '\n');
        return;
    }
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < list->count; i++) {
        const NslistProcess *process = &list->items[i];
        if (options->quiet) {
            strbuf_printf(text, "%d\n", process->pid);
            continue;
        }
        table_printf(&table, "%d", process->pid);
        table_printf(&table, "%d", process->inside_pid);
        table_printf(&table, "%u", process->uid);
        table_add(&table, process->container);
        table_add(&table, process->command);
    }
    if (!options->quiet)
        table_print(&table, output_style(STDOUT_FILENO).colour, text);
}

static int ns_run_processes(CommandCall *call, NamespaceType type, const Residents *residents,
                            Error *error)
{
    NamespaceType told;
    uint64_t id;
    NslistProcesses list;
    if (namespace_of_parse(call->arguments[0], &told, &id) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not the id of a namespace (`ambit ns` lists them)",
                         call->arguments[0]);
    if (told != NAMESPACE_INVALID)
        type = told;
    int r = nslist_processes(type, id, residents, call->arena, &list, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ns_print_processes(&list, call->values, &text);
    return output_write(strbuf_text(&text), error);
}

static int ns_run(CommandCall *call, Error *error)
{
    const NsOptions *options = call->values;
    NamespaceType type = NAMESPACE_INVALID;
    Engine opened CLEANUP(engine_done) = ENGINE_NONE;
    Residents residents;
    int r = options->type ? boundary_type(options->type, &type, error) : 0;
    if (r < 0)
        return error_wrap(error, "--type");
    r = boundary_residents(boundary_engine(call, &opened), call->arena, &residents, error);
    if (r < 0)
        return r;
    return call->argument_count ? ns_run_processes(call, type, &residents, error)
                                : ns_run_list(call, type, &residents, error);
}

static int ns_run_keep(CommandCall *call, Error *error)
{
    Engine opened CLEANUP(engine_done) = ENGINE_NONE;
    Target target CLEANUP(target_done) = TARGET_NONE;
    NamespaceType type;
    int r = boundary_type(call->arguments[1], &type, error);
    if (r == 0)
        r = target_open(boundary_engine(call, &opened), call->arguments[0], call->arena, &target,
                        error);
    return r < 0 ? r : nskeep_keep(&target, type, call->arguments[2], error);
}

static int ns_run_drop(CommandCall *call, Error *error)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        int r = nskeep_drop(call->arguments[i], error);
        if (r < 0)
            return r;
    }
    return 0;
}

static const Command ns_keep_command = {
    .name = "keep",
    .summary = "Give a namespace a file, which keeps it when its processes have ended",
    .arguments = "CONTAINER|PID TYPE FILE",
    .arguments_min = 3,
    .arguments_max = 3,
    .completes = "container",
    .description =
        "Mounts the namespace on FILE, which is made. By that path it can be joined: "
        "`ambit run --net ns:FILE`, `ambit enter ns:FILE`, `ambit unshare --net=ns:FILE`. "
        "It stays until `ambit ns drop` or the end of the machine.",
    .examples = "# a network that outlives its container\n"
                "ambit ns keep web net /run/web-net\n",
    .run = ns_run_keep,
};

static const Command ns_drop_command = {
    .name = "drop",
    .summary = "Undo `ambit ns keep`",
    .arguments = "FILE...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "file",
    .run = ns_run_drop,
};

static const Command *const ns_children[] = { &ns_keep_command, &ns_drop_command, NULL };

const Command ns_command = {
    .name = "ns",
    .summary = "List namespaces, their processes and containers",
    .arguments = "ID",
    .arguments_max = 1,
    .description =
        "Without ID: all namespaces that processes are in or that files keep, with how many "
        "processes they have, the user namespace that owns them, their first process and the "
        "containers that live in them. With ID: its processes.",
    .examples = "# all\n"
                "ambit ns\n"
                "# networks only\n"
                "ambit ns --type net\n"
                "# who is in this one\n"
                "ambit ns 4026531833\n",
    .options = ns_options,
    .values_size = sizeof(NsOptions),
    .children = ns_children,
    .run = ns_run,
};
