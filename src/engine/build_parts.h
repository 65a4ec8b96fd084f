/*
 * Inside build_spec: one function per subject, each in its own file. They run in this order and
 * share one Build.
 */
#pragma once

#include "engine/build.h"

typedef struct Build {
    const BuildInput *input;
    const RunRequest *request;
    const Facts *facts;
    Arena *arena;
    Spec *spec; /* process, root and linux exist */
    BuildResult *result;
    RequestNamespace namespaces[NAMESPACE_MAX]; /* final: never DEFAULT, HOST where it ends there */
    bool missing[NAMESPACE_MAX];                /* not asked for by name, and the kernel has none */
} Build;

int build_namespaces(Build *build, Error *error) MUST_CHECK;
/* Wishes that exclude each other; needs the namespaces. */
int build_check(const Build *build, Error *error) MUST_CHECK;
int build_process(Build *build, Error *error) MUST_CHECK;
int build_security(Build *build, Error *error) MUST_CHECK;
int build_resources(Build *build, Error *error) MUST_CHECK;
int build_devices(Build *build, Error *error) MUST_CHECK;
int build_sysctls(Build *build, Error *error) MUST_CHECK;
int build_mounts(Build *build, Error *error) MUST_CHECK;
int build_files(Build *build, Error *error) MUST_CHECK;

/* The container has a new namespace of this type. */
bool build_is_new(const Build *build, NamespaceType type);
/* It has the host's. */
bool build_is_host(const Build *build, NamespaceType type);
/* Its user namespace rules over its namespace of this type: /proc, /sys and the like can be mounted
 * only then, else they must be borrowed from where they are mounted. */
bool build_rules(const Build *build, NamespaceType type);
/* "--net=container:web" or "--net=host": as the request says it, for messages. */
const char *build_namespace_text(const Build *build, NamespaceType type);
/* A device of the host by path, NULL if there is none. */
const FactsDevice *build_find_device(const Build *build, const char *path);
/* A path below /proc/sys as runtime-spec and sysctl(8) write it: '/' and '.' change places. */
const char *build_sysctl_dotted(const char *key, Arena *arena);
