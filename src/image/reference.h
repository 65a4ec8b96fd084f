/*
 * The names of images: docker's reference grammar (distribution/reference),
 * [DOMAIN/]PATH[:TAG][@DIGEST], and its defaults: "base" means docker.io/library/base:latest.
 * Strings live in the arena given.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    REFERENCE_PATH_MAX = 255,
    REFERENCE_TAG_MAX = 128,
    REFERENCE_TEXT_MAX = 1024,
};

typedef struct Reference {
    const char *domain; /* "docker.io", "localhost:5000" */
    const char *path;   /* "library/base" */
    const char *tag;    /* "latest"; NULL if there is none (a digest was given instead) */
    const char *digest; /* "sha256:..." or NULL */
} Reference;

/* Fills in the defaults; no tag and no digest gives the tag "latest". ERROR_USAGE otherwise. */
int reference_parse(const char *text, Arena *arena, Reference *ret_reference, Error *error)
    MUST_CHECK;

/* The whole name, "docker.io/library/base:latest": what index.json stores and compares. */
char *reference_text(const Reference *reference, Arena *arena);
/* What people write and read: "base:latest", "user/app:1", "quay.io/x/y@sha256:...". */
char *reference_familiar(const Reference *reference, Arena *arena);
/* The same without tag and digest: the REPOSITORY column of `ambit images`. */
char *reference_familiar_name(const Reference *reference, Arena *arena);

/* Does the name say its registry ("quay.io/x", "localhost/x")? */
bool reference_has_domain(const char *text);

/*
 * Can `text` be (the beginning of) an image id: 4 to 64 lower-case hexadecimal digits, optionally
 * after "sha256:"? Returns where the digits begin, or NULL. A name may look the same ("beef"):
 * callers try names first. Docker takes a single digit too; then `tag a b`, where "a" is a name
 * that is not stored, finds whatever image has an id that begins so.
 */
enum { REFERENCE_ID_MIN = 4 };
const char *reference_id_prefix(const char *text);
