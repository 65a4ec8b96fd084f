/*
 * linux.cgroupsPath and linux.resources as a scope of systemd. Pure.
 *
 * The path is "slice:prefix:name", the form that runc's callers write: the unit prefix-name.scope
 * in that slice.
 */
#pragma once

#include "linux/cgroup_setting.h"
#include "runtime/unit.h"
#include "spec/spec.h"

typedef struct Scope {
    const char *unit;
    bool user; /* of the caller's own systemd */
    UnitProperties properties;
} Scope;

typedef struct ScopeInput {
    const char *path; /* "" or NULL: the usual slice, and a name made of the id */
    const char *id;
    bool user;
    CgroupMode mode;
    const SpecResources *resources; /* may be NULL */
    /* "org.systemd.property.NAME" is a property of the scope, as GVariant text. For the caller of
     * an OCI runtime, who could ask systemd himself: an image's annotations must not get here. */
    const StrMap *annotations;
} ScopeInput;

int scope_build(const ScopeInput *input, Arena *arena, Scope *ret_scope, Error *error) MUST_CHECK;

/* What limits are as properties, for `update`; those that systemd has no word for are left out. */
int scope_limits(const CgroupLimit *limit, const StrMap *unified, CgroupMode mode, Arena *arena,
                 UnitProperties *ret_properties, Error *error) MUST_CHECK;
