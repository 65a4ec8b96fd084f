/*
 * The bridge between two siblings that do not know each other: the engine's containers and the
 * image store.
 */
#include "image_session.h"

#include <fcntl.h>

#include "base/fd.h"
#include "engine/imagemounts.h"
#include "engine/listing.h"

int image_session_open(const CommandCall *call, EngineUse use, ImageSession *ret_session,
                       Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    int r = session_open(call, use, &session.engine, error);
    if (r == 0)
        r = imagestore_open(session.engine.root_fd, ".", &session.store, error);
    if (r < 0)
        return r;
    *ret_session = session;
    session = IMAGE_SESSION_EMPTY;
    return 0;
}

void image_session_done(ImageSession *session)
{
    engine_done(&session->engine);
    imagestore_done(&session->store);
}

int image_session_use(const ImageSession *session, Arena *arena, ImageGcUse *ret_use, Error *error)
{
    Listing listing;
    ImageGcUse use = { 0 };
    int r = listing_read(&session->engine, true, arena, &listing, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < listing.count; i++) {
        const Container *container = listing.items[i].container;
        if (!container)
            continue;
        if (container->image_id)
            strlist_append(arena, &use.ids, container->image_id);
        for (size_t l = 0; l < container->layers.count; l++)
            strlist_append(arena, &use.layers, container->layers.items[l]);
    }
    StrList mounted = { 0 };
    r = imagemounts_list(&session->engine, arena, &mounted);
    if (r < 0)
        return error_errno(error, r, "mounted images");
    for (size_t i = 0; i < mounted.count; i++)
        strlist_append(arena, &use.ids, arena_printf(arena, "sha256:%s", mounted.items[i]));
    *ret_use = use;
    return 0;
}

int image_session_lock_use(const ImageSession *session, Arena *arena, ImageGcUse *ret_use,
                           Error *error)
{
    int lock CLEANUP(fd_closep) = imagestore_lock(&session->store, true, error);
    int r = lock < 0 ? lock : image_session_use(session, arena, ret_use, error);
    return r < 0 ? r : TAKE_FD(lock);
}
