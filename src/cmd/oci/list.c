/*
 * `list`: every directory below --root whose record can be read; one that is being made or removed
 * at this moment is left out.
 */
#include <errno.h>
#include <unistd.h>

#include "base/table.h"
#include "cmd/program/output.h"
#include "instance.h"

typedef struct ListOptions {
    bool quiet;
    int format; /* 0 table, 1 json */
} ListOptions;

static const char *const list_formats[] = { "table", "json", NULL };

static const Option list_options[] = {
    { 'q', "quiet", OPTION_FLAG(ListOptions, quiet), NULL, "Print ids only" },
    { 'f', "format", OPTION_ENUM(ListOptions, format, list_formats), "FORMAT", "table or json" },
    OPTION_END,
};

typedef struct ListStates {
    LIST_OF(OciState) states;
} ListStates;

static int list_read(CommandCall *call, ListStates *list, Error *error)
{
    const OciGlobals *globals = call->globals;
    const char *root = commands_root(globals, call->arena);
    StrList ids;
    /* A directory that somebody names and that is not there is a mistake; the default's absence
     * means no container yet. */
    if (globals->root && access(root, F_OK) < 0)
        return error_errno(error, errno, "--root: %s", root);
    int r = record_list(root, call->arena, &ids, error);
    for (size_t i = 0; r == 0 && i < ids.count; i++) {
        Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
        instance.globals = globals;
        instance.arena = call->arena;
        if (record_open(root, ids.items[i], false, &instance.place, NULL) < 0 ||
            record_read(&instance.place, call->arena, &instance.record, NULL) < 0)
            continue; /* being made or removed */
        OciState *state =
            arena_append(call->arena, &list->states.items, &list->states.count, sizeof(*state));
        *state = record_state(&instance.record, instance_status(&instance));
        state->owner = record_owner(&instance.place, call->arena);
    }
    return r;
}

/* With runc's widths. */
static void list_table(const ListStates *list, StrBuf *text)
{
    static const char *const headings[] = { "ID",      "PID",   "STATUS", "BUNDLE",
                                            "CREATED", "OWNER", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    table.gap = 3;
    table.least = 12;
    for (size_t i = 0; i < list->states.count; i++) {
        const OciState *state = &list->states.items[i];
        table_add(&table, state->id);
        table_printf(&table, "%d", state->pid);
        table_add(&table, oci_state_status_name(state->status));
        table_add(&table, state->bundle);
        table_add(&table, state->created);
        table_add(&table, state->owner);
    }
    table_print(&table, false, text);
}

static int list_run(CommandCall *call, Error *error)
{
    const ListOptions *options = call->values;
    ListStates list = { 0 };
    int r = list_read(call, &list, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (options->quiet) {
        for (size_t i = 0; i < list.states.count; i++)
            strbuf_printf(&text, "%s\n", list.states.items[i].id);
    } else if (options->format == 1) {
        JsonWriter writer = { .text = &text };
        if (list.states.count) /* runc's word for none is null */
            field_encode_list(&oci_state_table, &list.states, &writer);
        else
            strbuf_add(&text, "null");
        strbuf_add_char(&text, '\n');
    } else {
        list_table(&list, &text);
    }
    return output_write(strbuf_text(&text), error);
}

const Command list_command = {
    .name = "list",
    .summary = "List the containers below --root",
    .options = list_options,
    .values_size = sizeof(ListOptions),
    .run = list_run,
};
