/*
 * Matching the detach keys: the machine's state is how many of them the last bytes were.
 *
 * Invariant: the bytes held back are exactly keys[0..held). When the next one does not continue
 * the sequence, the longest end of the held bytes that is a beginning of it stays held (the
 * fallback of Knuth, Morris and Pratt); what is before that is passed on. "ctrl-p,ctrl-q" after
 * "ctrl-p,ctrl-p,ctrl-q" thus detaches, and the program gets one ctrl-p.
 */
#include "linux/detach_keys.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* One key's byte, or -1. */
static int detach_key_parse(const char *name)
{
    if (str_eq(name, "DEL"))
        return 0x7f;
    size_t length = strlen(name);
    if (length == 1)
        return (unsigned char)name[0];
    if (length != strlen("ctrl-") + 1 || !str_starts(name, "ctrl-"))
        return -1;
    char letter = name[length - 1];
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 1;
    return letter == '@' || (letter >= '[' && letter <= '_') ? letter & 0x1f : -1;
}

int detach_keys_parse(const char *text, DetachKeys *ret_keys, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList names = strlist_split(&arena, text, ',');
    DetachKeys keys = { 0 };
    if (names.count > DETACH_KEYS_MAX)
        return error_set(error, ERROR_USAGE, E2BIG, "more than %d keys", DETACH_KEYS_MAX);
    for (size_t i = 0; i < names.count; i++) {
        int byte = detach_key_parse(names.items[i]);
        if (byte < 0)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "'%s' is not a key: a single character, ctrl- and one of a to z, "
                             "@ [ \\ ] ^ _, or DEL",
                             names.items[i]);
        keys.keys[keys.count++] = (unsigned char)byte;
    }
    *ret_keys = keys;
    return 0;
}

/* The longest proper end of keys[0..held) that the sequence begins with. */
static size_t detach_keys_border(const DetachKeys *keys)
{
    size_t border = keys->held - 1;
    while (border > 0 && memcmp(keys->keys, keys->keys + keys->held - border, border) != 0)
        border--;
    return border;
}

size_t detach_keys_feed(DetachKeys *keys, const unsigned char *in, size_t size, unsigned char *out,
                        bool *ret_detach)
{
    size_t passed = 0;
    *ret_detach = false;
    for (size_t i = 0; i < size; i++) {
        while (keys->held > 0 && keys->keys[keys->held] != in[i]) {
            size_t border = detach_keys_border(keys), released = keys->held - border;
            memcpy(out + passed, keys->keys, released);
            passed += released;
            keys->held = border;
        }
        if (keys->count == 0 || keys->keys[keys->held] != in[i]) {
            out[passed++] = in[i];
            continue;
        }
        if (++keys->held == keys->count) {
            keys->held = 0;
            *ret_detach = true;
            return passed;
        }
    }
    return passed;
}

size_t detach_keys_release(DetachKeys *keys, unsigned char *out)
{
    size_t released = keys->held;
    memcpy(out, keys->keys, released);
    keys->held = 0;
    return released;
}
