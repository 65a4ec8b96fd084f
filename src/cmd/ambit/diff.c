/*
 * `diff`: what a container has changed in its root.
 */
#include "base/printable.h"
#include "cmd/program/output.h"
#include "engine/changes.h"
#include "session.h"

static int diff_run(CommandCall *call, Error *error)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    ListingItem item;
    ChangesLayers layers;
    ChangesList list;
    int r = session_open(call, ENGINE_LOOK, &engine, error);
    if (r == 0)
        r = changes_find(&engine, call->arguments[0], call->arena, &item, &layers, error);
    if (r == 0)
        r = changes_list(&engine, &layers, call->arena, &list, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < list.count; i++) {
        strbuf_printf(&text, "%c ", (char)list.items[i].kind);
        printable_add(&text, list.items[i].path);
        strbuf_add_char(&text, '\n');
    }
    return output_write(strbuf_text(&text), error);
}

const Command diff_command = {
    .name = "diff",
    .summary = "Show what a container has changed",
    .description = "One line for each path that differs from the image: A added, C changed (or "
                   "something in it), D deleted.",
    .arguments = "CONTAINER",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .examples = "# what did that installer do?\n"
                "ambit diff web\n",
    .run = diff_run,
};
