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

int image_session_open(const CommandCall *call, ImageSession *ret_session, Error *error) MUST_CHECK;
void image_session_done(ImageSession *session);

/* The images and layers of all containers, running or not. */
int image_session_use(const ImageSession *session, Arena *arena, ImageGcUse *ret_use, Error *error)
    MUST_CHECK;
