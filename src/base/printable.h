/*
 * Text of strangers made fit for a terminal.
 *
 * Process names, paths, host names and labels are bytes that someone else chose: printed as they
 * are they can move the cursor, hide lines, recolour what follows or answer a terminal's query
 * with typed input. Everything a command prints that did not come from the program itself or from
 * the person at the keyboard passes through here.
 *
 * Control characters (C0, DEL, C1), bytes that are not UTF-8, and the characters that reorder or
 * hide text (bidirectional controls, zero-width ones, line separators) are written as \n, \t, \xNN
 * or \u{NNNN}; the rest is left alone.
 */
#pragma once

#include "base/str.h"

/* NULL adds nothing. */
void printable_add(StrBuf *text, const char *s);
/* The same as a string in the arena. */
char *printable_copy(Arena *arena, const char *s);

/* A command line on one line: words joined by blanks, those with blanks or quotes inside in single
 * quotes, "" for an empty one. */
void printable_add_command(StrBuf *text, const StrList *words);

/* Columns on a terminal of a text without control characters: 2 for wide characters, 0 for
 * combining ones. */
size_t printable_width(const char *s);
/* Cuts such a text in place to at most `width` (> 0) columns; "..." then ends it if it fits. */
void printable_cut(char *s, size_t width);
