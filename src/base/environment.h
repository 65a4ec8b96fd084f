/*
 * Environments as lists of "NAME=VALUE", where a name stands once: a container's, an image's.
 */
#pragma once

#include "base/str.h"

/* "NAME=VALUE" replaces the variable of that name where it stands, or is appended; "NAME" alone
 * takes it away. The text is copied. */
void environment_set(StrList *list, Arena *arena, const char *entry);
