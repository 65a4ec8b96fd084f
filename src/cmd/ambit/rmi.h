/*
 * What a removal of images tells the user.
 */
#pragma once

#include "image/imagegc.h"

/* "Untagged: NAME" and "Deleted: ID", a line each. */
void rmi_print(const ImageRemoval *removal, Arena *arena, StrBuf *text);
