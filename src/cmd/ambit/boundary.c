/*
 * Containers are a convenience here, not a condition: what the kernel knows of processes can be
 * told without them.
 */
#include "boundary.h"

#include <errno.h>
#include <unistd.h>

#include "session.h"

const Engine *boundary_engine(const CommandCall *call, Engine *engine)
{
    const AmbitGlobals *globals = call->globals;
    StrBuf path CLEANUP(strbuf_done) = { 0 };
    strbuf_printf(&path, "%s/containers", globals->root);
    if (access(strbuf_text(&path), F_OK) < 0) /* opening a store makes it */
        return NULL;
    return session_open(call, ENGINE_LOOK, engine, NULL) == 0 ? engine : NULL;
}

int boundary_residents(const Engine *engine, Arena *arena, Residents *ret_residents, Error *error)
{
    *ret_residents = (Residents){ 0 };
    return engine ? residents_read(engine, arena, ret_residents, error) : 0;
}

int boundary_type(const char *word, NamespaceType *ret_type, Error *error)
{
    *ret_type = namespace_from_name(word);
    if (*ret_type != NAMESPACE_INVALID)
        return 0;
    StrBuf names CLEANUP(strbuf_done) = { 0 };
    for (int type = 0; type < NAMESPACE_MAX; type++)
        strbuf_printf(&names, "%s%s", type ? ", " : "", namespace_table[type].name);
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not one of %s", word,
                     strbuf_text(&names));
}
