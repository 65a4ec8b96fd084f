/*
 * Units of systemd: the scope that holds a container when systemd manages cgroups
 * (docs/design/0009). A program of its own, ambit-systemd, speaks D-Bus; this is what it is asked,
 * and how.
 *
 * org.freedesktop.systemd1(5), systemd.resource-control(5), systemd.scope(5).
 */
#pragma once

#include <sys/types.h>

#include "base/field.h"

typedef enum UnitVerb {
    UNIT_VERB_NONE,
    UNIT_START, /* a transient scope with `pid` in it; the answer is its cgroup */
    UNIT_SET,   /* properties of one that runs */
    UNIT_STOP,  /* and forget it; one that is not there is no error */
    UNIT_VERB_MAX,
} UnitVerb;

/* A property as D-Bus has it. `value` is a JSON array for signatures "a..." and "(...)". */
typedef struct UnitProperty {
    const char *name;
    const char *signature;
    const JsonValue *value;
} UnitProperty;

typedef LIST_OF(UnitProperty) UnitProperties;

typedef struct UnitRequest {
    UnitVerb verb;
    const char *name; /* "prefix-id.scope" */
    bool user;        /* the caller's own systemd, not the system's */
    int32_t pid;      /* START */
    UnitProperties properties;
} UnitRequest;

typedef struct UnitAnswer {
    const char *cgroup;  /* START: what systemd calls ControlGroup */
    const char *message; /* of an error, or NULL */
    const char *kind;    /* error_kind_name() */
    int32_t code;        /* errno */
} UnitAnswer;

extern const FieldTable unit_request_table;
extern const FieldTable unit_answer_table;

/*
 * Asks, and waits for the end of systemd's job. *ret_cgroup (may be NULL) is the scope's after
 * UNIT_START. ERROR_UNSUPPORTED where no systemd can be reached.
 */
int unit_ask(const UnitRequest *request, Arena *arena, const char **ret_cgroup, Error *error)
    MUST_CHECK;
