/*
 * Capabilities: capabilities(7). A set is a bit mask, bit n for capability n.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef struct CapabilitySets {
    uint64_t bounding, effective, permitted, inheritable, ambient;
} CapabilitySets;

enum { CAPABILITY_INVALID = -1 };

/* "CAP_CHOWN", "chown", "cap_chown": its number, or CAPABILITY_INVALID. */
int capability_from_name(const char *name);
const char *capability_name(int capability); /* "CAP_CHOWN"; NULL above the last known one */
uint64_t capability_all(void); /* what this kernel knows, by asking it: needs no procfs */
void capability_print(uint64_t set, StrBuf *ret_text); /* "chown,dac_override" */

/* Drops the bounding set to `sets->bounding`; to be called before the ids change. */
int capability_apply_bounding(const CapabilitySets *sets, Error *error) MUST_CHECK;
/* The other four sets of the calling thread; after the ids have changed (with keep-caps set).
 * Numbers this kernel does not know are left out by it. An ambient capability that is not also
 * permitted and inheritable is left out: the kernel would not keep it. */
int capability_apply(const CapabilitySets *sets, Error *error) MUST_CHECK;
/* In effect is what is permitted: after a change of ids with keep-caps. */
int capability_use_permitted(Error *error) MUST_CHECK;
int capability_keep(bool keep, Error *error) MUST_CHECK; /* PR_SET_KEEPCAPS */
/* Whether the calling thread has it in effect: one system call. */
bool capability_have(int capability);
/* All five sets of the calling thread: two calls per capability. */
int capability_get(CapabilitySets *ret_sets, Error *error) MUST_CHECK;
