/*
 * Names and ids of containers. An id is 64 hexadecimal digits; any unique prefix of it and the
 * name stand for a container. A name is taken by the symlink names/<name> -> <id>: below the root,
 * or below the state directory for a container that goes when it ends.
 */
#pragma once

#include "engine/engine.h"

enum { NAMES_ID_LENGTH = 64, NAMES_SHORT_LENGTH = 12, NAMES_NAME_MAX = 128 };

void names_new_id(char ret_id[NAMES_ID_LENGTH + 1]);

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, at least two characters, as docker's. */
int names_check(const char *name, Error *error) MUST_CHECK;

/* Takes `name`, or a generated one when it is NULL, for `id`. ERROR_CONFLICT names the owner. */
typedef struct NamesWish {
    const char *name, *id;
    bool passing; /* the container goes when it ends (--rm) */
} NamesWish;
int names_take(const Engine *engine, const NamesWish *wish, Arena *arena, char **ret_name,
               Error *error) MUST_CHECK;
void names_release(const Engine *engine, const char *name, const char *id);

/* The id for a name, a full id or a unique prefix. ERROR_NOT_FOUND, or ERROR_CONFLICT when the
 * prefix is ambiguous. */
int names_resolve(const Engine *engine, const char *word, char ret_id[NAMES_ID_LENGTH + 1],
                  Error *error) MUST_CHECK;
