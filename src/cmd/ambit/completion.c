/*
 * `ambit completion SHELL`, and what completion offers here beyond the tables: names that only this
 * host knows. A store that is missing or may not be read offers nothing.
 *
 * The trap: opening a store makes it. So a directory is opened only if there is one in it already.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cmd/program/program.h"
#include "commands.h"
#include "engine/listing.h"
#include "image/imageindex.h"

/* The values of the options before the command's name. */
static AmbitGlobals candidates_globals(char *const *words, size_t count, Arena *arena)
{
    AmbitGlobals globals = *(const AmbitGlobals *)ambit_command.defaults;
    OptionLine line = {
        .options = ambit_command.options,
        .mode = OPTION_STOP_AT_ARGUMENT,
        .words = words + 1,
        .count = count > 2 ? count - 2 : 0, /* the last word is not finished */
    };
    StrList rest;
    (void)!option_parse(&line, &globals, arena, &rest, NULL);
    return globals;
}

static bool candidates_exists(const char *directory, const char *name, Arena *arena)
{
    return access(arena_printf(arena, "%s/%s", directory, name), R_OK) == 0;
}

static void candidates_commands(Completion *completion, Arena *arena)
{
    for (const Command *const *c = ambit_command.children; *c; c++)
        if (!(*c)->hidden)
            completion_offer(completion, arena, (*c)->name, (*c)->summary);
}

static void candidates_containers(Completion *completion, const AmbitGlobals *globals, Arena *arena)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    Listing listing;
    if (!candidates_exists(globals->root, "containers", arena) ||
        !candidates_exists(globals->state, "containers", arena) ||
        engine_open(globals->root, globals->state, ENGINE_LOOK, &engine, NULL) < 0 ||
        listing_read(&engine, true, arena, &listing, NULL) < 0)
        return;
    for (size_t i = 0; i < listing.count; i++) {
        const ListingItem *item = &listing.items[i];
        if (item->container && item->container->name)
            completion_offer(completion, arena, item->container->name,
                             item->container->image ? item->container->image : "");
    }
}

static void candidates_images(Completion *completion, const AmbitGlobals *globals, Arena *arena)
{
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    OciIndex index;
    if (!candidates_exists(globals->root, "index.json", arena) ||
        imagestore_open(AT_FDCWD, globals->root, &store, NULL) < 0 ||
        imageindex_read(&store, arena, &index, NULL) < 0)
        return;
    for (size_t i = 0; i < index.manifests.count; i++) {
        const char *name = imageindex_name(&index.manifests.items[i]);
        Reference reference;
        if (name && reference_parse(name, arena, &reference, NULL) == 0)
            completion_offer(completion, arena, reference_familiar(&reference, arena), "");
    }
}

static void candidates_add(Completion *completion, char *const *words, size_t count, Arena *arena)
{
    const char *what = completion->completes;
    if (str_eq(what, "command")) {
        candidates_commands(completion, arena);
        return;
    }
    AmbitGlobals globals = candidates_globals(words, count, arena);
    if (str_eq(what, "container"))
        candidates_containers(completion, &globals, arena);
    else if (str_eq(what, "image"))
        candidates_images(completion, &globals, arena);
}

const Program completion_program = {
    .root = &ambit_command,
    .man_section = 1,
    .offer = candidates_add,
};

const Command completion_command = {
    .name = "completion",
    .summary = "Print a shell's completion script",
    .examples = "# for all users\nambit completion bash > /etc/bash_completion.d/ambit\n"
                "# for this shell only\nsource <(ambit completion bash)\n"
                "# into a directory of $fpath\nambit completion zsh > ~/.zfunc/_ambit\n"
                "ambit completion fish > ~/.config/fish/completions/ambit.fish\n",
    .children = program_completion_children,
};
