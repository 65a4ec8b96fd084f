/*
 * The engine opened from the global options, and the loop over a command's arguments.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/names.h"

int session_open(const CommandCall *call, EngineUse use, Engine *ret_engine, Error *error)
{
    const AmbitGlobals *globals = call->globals;
    return engine_open(globals->root, globals->state, use, ret_engine, error);
}

static int session_words(const Engine *engine, CommandCall *call, const StrList *words, bool ignore,
                         SessionAct *act, Error *error)
{
    int first = 0;
    for (size_t i = 0; i < words->count; i++) {
        Error failure = { 0 };
        int r = act(engine, call, words->items[i], &failure);
        StrBuf line CLEANUP(strbuf_done) = { 0 };
        strbuf_printf(&line, "%s\n", words->items[i]);
        if (r == 0)
            r = output_write(strbuf_text(&line), &failure);
        if (r == -ENOENT && ignore)
            continue;
        if (r < 0)
            output_failure(call->path, r, &failure, &first, error);
    }
    return first;
}

static int session_add_cidfiles(const SessionChoice *choice, Arena *arena, StrList *words,
                                Error *error)
{
    for (size_t i = 0; i < choice->cidfiles.count; i++) {
        const char *path = choice->cidfiles.items[i];
        char *id;
        size_t length;
        int r = file_read_at(AT_FDCWD, path, NAMES_ID_LENGTH + 1, arena, &id, &length);
        if (r == -ENOENT && choice->ignore)
            continue;
        if (r < 0)
            return error_errno(error, r, "--cidfile: %s", path);
        if (length && id[length - 1] == '\n')
            id[length - 1] = '\0';
        strlist_append(arena, words, id);
    }
    return 0;
}

static int session_add_all(const Engine *engine, bool running, Arena *arena, StrList *words,
                           Error *error)
{
    Listing listing;
    int r = listing_read(engine, !running, arena, &listing, error);
    for (size_t i = 0; r == 0 && i < listing.count; i++)
        strlist_append(arena, words, listing.items[i].id);
    return r;
}

int session_chosen(CommandCall *call, const SessionChoice *choice, bool running, SessionAct *act,
                   Error *error)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    StrList words = { 0 };
    for (size_t i = 0; i < call->argument_count; i++)
        strlist_append(call->arena, &words, call->arguments[i]);
    if (choice->all && words.count)
        return error_set(error, ERROR_USAGE, EINVAL, "--all: there are names besides (%s)",
                         words.items[0]);
    int r = session_add_cidfiles(choice, call->arena, &words, error);
    if (r < 0)
        return r;
    if (!choice->all && !words.count && !choice->cidfiles.count)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "an argument is missing (usage: %s [OPTIONS] %s, or --all)", call->path,
                         call->command->arguments);
    r = session_open(call, ENGINE_CHANGE, &engine, error);
    if (r == 0 && choice->all)
        r = session_add_all(&engine, running, call->arena, &words, error);
    /* One of all that has gone meanwhile is what was wanted. */
    return r < 0 ? r
                 : session_words(&engine, call, &words, choice->ignore || choice->all, act, error);
}
