/*
 * The grammar has a trap: in "Basic realm=x, Bearer realm=y" a comma stands between parameters and
 * between challenges alike. A word that no "=" follows begins a challenge.
 */
#include "cmd/registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

static bool challenge_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t challenge_word_length(const char *p)
{
    size_t length = 0;
    while (challenge_is_word(p[length]))
        length++;
    return length;
}

/* A word or a quoted string; moves *text behind it. NULL: neither. */
static const char *challenge_value(const char **text, Arena *arena)
{
    const char *p = *text;
    if (*p != '"') {
        size_t length = challenge_word_length(p);
        *text = p + length;
        return length > 0 ? arena_strndup(arena, p, length) : NULL;
    }
    StrBuf value CLEANUP(strbuf_done) = { 0 };
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        strbuf_add_char(&value, *p);
    }
    if (*p != '"')
        return NULL;
    *text = p + 1;
    return arena_strdup(arena, strbuf_text(&value));
}

static void challenge_set(Challenge *challenge, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **member;
    } rows[] = {
        { "realm", &challenge->realm },
        { "service", &challenge->service },
        { "scope", &challenge->scope },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcasecmp(name, rows[i].name) == 0)
            *rows[i].member = value;
}

void challenge_parse(const char *header, Arena *arena, ChallengeList *list)
{
    Challenge *now = NULL;
    for (const char *p = header + strspn(header, " \t,"); *p; p += strspn(p, " \t,")) {
        size_t length = challenge_word_length(p);
        if (length == 0)
            return;
        const char *word = arena_strndup(arena, p, length);
        p += length;
        const char *after = p + strspn(p, " \t");
        if (*after != '=') { /* no parameter: a new challenge's scheme */
            now = arena_append(arena, &list->items, &list->count, sizeof(*now));
            now->scheme = word;
            continue;
        }
        p = after + 1 + strspn(after + 1, " \t");
        const char *value = challenge_value(&p, arena);
        if (!value)
            return;
        if (now)
            challenge_set(now, word, value);
    }
}

const Challenge *challenge_find(const ChallengeList *list, const char *scheme)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i].scheme, scheme) == 0)
            return &list->items[i];
    return NULL;
}
