/*
 * The engine opened from the global options, and the loop over a command's arguments.
 */
#include "session.h"

#include "cmd/program/output.h"

int session_open(const CommandCall *call, EngineUse use, Engine *ret_engine, Error *error)
{
    const AmbitGlobals *globals = call->globals;
    return engine_open(globals->root, globals->state, use, ret_engine, error);
}

int session_each(CommandCall *call, SessionAct *act, Error *error)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    int first = session_open(call, ENGINE_CHANGE, &engine, error);
    if (first < 0)
        return first;
    for (size_t i = 0; i < call->argument_count; i++) {
        Error failure = { 0 };
        int r = act(&engine, call, call->arguments[i], &failure);
        StrBuf line CLEANUP(strbuf_done) = { 0 };
        strbuf_printf(&line, "%s\n", call->arguments[i]);
        if (r == 0)
            r = output_write(strbuf_text(&line), &failure);
        if (r < 0 && first == 0) {
            first = r;
            *error = failure;
        } else if (r < 0) {
            output_error(call->path, &failure);
        }
    }
    return first;
}
