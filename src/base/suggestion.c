/*
 * The distance is Damerau-Levenshtein's (optimal string alignment), three rows of the usual table.
 * "Near" means at most one edit in three characters: a shorter word has fewer accidents to show,
 * and a suggestion that is a different word is worse than none.
 */
#include "base/suggestion.h"

#include <string.h>

static unsigned suggestion_min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned suggestion_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > SUGGESTION_WORD_MAX || b_length > SUGGESTION_WORD_MAX)
        return SUGGESTION_FAR;

    unsigned rows[3][SUGGESTION_WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = suggestion_min(replaced, suggestion_min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = suggestion_min(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void suggestion_offer(Suggestion *suggestion, const char *candidate)
{
    unsigned distance = suggestion_distance(suggestion->wanted, candidate);
    if (distance > (strlen(suggestion->wanted) + 2) / 3)
        return;
    if (!suggestion->best || distance < suggestion->distance) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
