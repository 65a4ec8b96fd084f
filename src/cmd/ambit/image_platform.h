/*
 * --platform OS/ARCH[/VARIANT] for the commands that bring images.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/* Appends the image helper's options. NULL: this machine's, nothing to say. */
int image_platform_options(const char *platform, Arena *arena, StrList *options, Error *error)
    MUST_CHECK;
