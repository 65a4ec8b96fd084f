/*
 * Man pages from the tables, as source text for scdoc(1).
 */
#pragma once

#include "base/command.h"

/*
 * The page of one command: name, synopsis, description, children, options, examples. `path` as in
 * CommandCall; the page is called like it with dashes ("ambit-image-import"). Hand-written sections
 * may follow.
 */
void manpage_render(const Command *command, const char *path, int section, StrBuf *ret_text);
