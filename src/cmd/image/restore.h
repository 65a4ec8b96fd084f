/*
 * Unpacking again, from the blobs that the store has, what containers need of an image.
 */
#pragma once

#include "cmd/image/request.h"

/* The layers of a stored image that are missing, into the intake. Returns how many those were. */
int restore_image(const RequestContext *context, Intake *intake, const Image *image, Error *error)
    MUST_CHECK;
