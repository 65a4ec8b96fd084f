/*
 * "did you mean ...?": the nearest of a set of words to one that was not found.
 */
#pragma once

#include <stddef.h>

typedef struct Suggestion {
    const char *wanted;
    const char *best;  /* borrowed from the caller of suggestion_offer; NULL: nothing is near */
    unsigned distance; /* of `best`: single-character edits */
} Suggestion;

/* Edits (insert, delete, replace, swap of neighbours) from one word to the other. Words longer than
 * SUGGESTION_WORD_MAX bytes are far from everything. */
enum { SUGGESTION_WORD_MAX = 40, SUGGESTION_FAR = 1000 };
unsigned suggestion_distance(const char *a, const char *b);

/* Keeps the candidate if it is nearer than what was offered before and near at all. */
void suggestion_offer(Suggestion *suggestion, const char *candidate);
