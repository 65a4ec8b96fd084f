/*
 * What build.h has to know about the host. Read once by facts_read(); the rest of the engine's
 * decisions are pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/request.h"
#include "linux/cgroup.h"
#include "linux/namespace.h"

typedef struct FactsDevice {
    const char *path; /* on the host */
    char type;        /* 'b', 'c' */
    uint32_t major, minor;
    uint32_t mode; /* permission bits */
    uint32_t uid, gid;
} FactsDevice;

#define FACTS_BIT(type) (1u << (type))

typedef struct Facts {
    uint32_t namespaces;   /* FACTS_BIT of each NamespaceType the kernel has */
    uint64_t capabilities; /* those the kernel knows: capability_all() */
    CgroupMode cgroup_mode;
    uint32_t controllers; /* CGROUP_BIT of those that can be used */
    bool swap_limit;      /* swap can be limited */
    bool systemd_cgroups; /* cgroups are made by systemd: paths are SLICE:PREFIX:NAME */
    unsigned cpu_count;   /* online */
    int64_t cpu_highest, memory_node_highest; /* numbers of the last ones */
    uint64_t nofile_hard;                     /* the engine's own RLIMIT_NOFILE */
    bool may_raise_limits;                    /* CAP_SYS_RESOURCE */
    bool apparmor;                            /* it is active */
    bool recursive_readonly;                  /* mount_setattr(2): Linux 5.12 */
    unsigned thermal_cpus;                    /* cpu0.. that have a thermal_throttle directory */
    uint32_t kernel_major, kernel_minor;
    bool mqueue; /* /dev/mqueue is there to be shared */
    const char *hostname;
    const char *working_directory;   /* the caller's */
    const char *resolv_conf, *hosts; /* the text of the host's files; NULL: there is none */
    FactsDevice *devices; /* those that the request names; all of the host's with --privileged */
    size_t device_count;
} Facts;

/* Reads what this request needs to know; everything lives in the arena. */
int facts_read(const RunRequest *request, const CgroupHost *cgroup_host, Arena *arena,
               Facts *ret_facts, Error *error) MUST_CHECK;
