/*
 * What every command on images begins with: the engine, the image store below its root, and what
 * its containers use.
 */
#pragma once

#include "image/imagegc.h"
#include "session.h"

typedef struct ImageSession {
    Engine engine;
    ImageStore store;
} ImageSession;

#define IMAGE_SESSION_EMPTY ((ImageSession){ ENGINE_NONE, IMAGESTORE_EMPTY })

int image_session_open(const CommandCall *call, EngineUse use, ImageSession *ret_session,
                       Error *error) MUST_CHECK;
void image_session_done(ImageSession *session);

/* The images and layers of all containers, running or not. */
int image_session_use(const ImageSession *session, Arena *arena, ImageGcUse *ret_use, Error *error)
    MUST_CHECK;

/*
 * The same under the store's exclusive lock, for who takes images away: whoever starts a container
 * holds the shared one from finding its image until its record names the layers. Returns the lock,
 * which imagegc_remove and imagegc_prune take.
 */
int image_session_lock_use(const ImageSession *session, Arena *arena, ImageGcUse *ret_use,
                           Error *error) MUST_CHECK;
