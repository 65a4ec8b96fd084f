/*
 * What completion offers beyond the tables: names that only this host knows.
 */
#pragma once

#include "base/completion.h"

/*
 * Turns completion->completes ("container", "image", "command") into candidates; other words are
 * left alone. `words` are those on the command line: global options among them say which store is
 * meant. A store that is missing or may not be read offers nothing, and none is made.
 */
void candidates_add(Completion *completion, char *const *words, size_t count, Arena *arena);
