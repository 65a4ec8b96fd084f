/*
 * The key sequence that leaves a container running and gives the terminal back: docker's syntax
 * and meaning ("ctrl-p,ctrl-q"), as a state machine over the bytes a person types.
 *
 * Bytes that may begin the sequence are held back until the next one decides; held bytes are never
 * lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DETACH_KEYS_MAX = 16 };
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

typedef struct DetachKeys {
    unsigned char keys[DETACH_KEYS_MAX];
    size_t count; /* 0: detaching is switched off */
    size_t held;  /* how many of keys[] the last bytes were */
} DetachKeys;

/* A comma-separated list of single characters, "ctrl-X" (X: a to z, @ [ \ ] ^ _) and "DEL"; ""
 * switches detaching off. */
int detach_keys_parse(const char *text, DetachKeys *ret_keys, Error *error) MUST_CHECK;

/*
 * Takes typed bytes, gives in out[] (room for size + DETACH_KEYS_MAX) those to pass on, and
 * returns their number. *ret_detach becomes true when the sequence is complete: bytes after it
 * are dropped.
 */
size_t detach_keys_feed(DetachKeys *keys, const unsigned char *in, size_t size, unsigned char *out,
                        bool *ret_detach);
/* Gives the held bytes back, at the end of the input or when a person paused. */
size_t detach_keys_release(DetachKeys *keys, unsigned char *out);
