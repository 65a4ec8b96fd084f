/*
 * Profiles of system calls in docker's format, a superset of the runtime-spec's linux.seccomp:
 * what applies depends on the architecture, the kernel and the container's capabilities.
 *
 *     { "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
 *       "archMap": [ { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"] }
 * ], "syscalls": [ { "names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": { "caps":
 * ["CAP_SYS_CHROOT"], "minKernel": "4.8" }, "excludes": { "arches": ["s390x"] } } ] }
 *
 * A plain linux.seccomp is such a profile too. podman's "errno" and "defaultErrno" (words) are read
 * where the number is missing.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/field.h"
#include "base/mem.h"
#include "spec/spec.h"

/* When a rule applies. Of `includes` everything that is there must hold: all capabilities, one of
 * the architectures, a kernel at least as new. Of `excludes` anything that holds rules it out. */
typedef struct SeccompProfileWhen {
    StrList caps;           /* "CAP_SYS_ADMIN" */
    StrList arches;         /* "amd64", "arm64": Go's words, of the machine, not of the program */
    const char *min_kernel; /* "4.8" */
} SeccompProfileWhen;

typedef struct SeccompProfileRule {
    const char *name; /* older profiles: one name instead of `names` */
    StrList names;
    const char *action;
    OptU32 errno_ret;
    const char *errno_word; /* "EPERM" */
    SpecSeccompArgs args;
    const char *comment;
    SeccompProfileWhen includes, excludes;
} SeccompProfileRule;

typedef struct SeccompProfileArch {
    const char *architecture; /* SCMP_ARCH_... */
    StrList sub_architectures;
} SeccompProfileArch;

typedef struct SeccompProfile {
    const char *default_action;
    OptU32 default_errno_ret;
    const char *default_errno_word;
    StrList architectures;
    LIST_OF(SeccompProfileArch) arch_map; /* instead of `architectures` */
    StrList flags;
    const char *listener_path, *listener_metadata;
    LIST_OF(SeccompProfileRule) syscalls;
} SeccompProfile;

extern const FieldTable seccomp_profile_table;

typedef struct SeccompProfileTarget {
    const char *architecture; /* SECCOMP_PROFILE_NATIVE */
    uint32_t kernel_major, kernel_minor;
    const StrList *capabilities; /* that a process in it can have; NULL: none */
} SeccompProfileTarget;

#if defined(__x86_64__)
#define SECCOMP_PROFILE_NATIVE "amd64"
#elif defined(__aarch64__)
#define SECCOMP_PROFILE_NATIVE "arm64"
#endif

/* "6.1.0-13-amd64" and "4.8": the first two numbers. 0 or -EINVAL. */
int seccomp_profile_kernel(const char *release, uint32_t *ret_major, uint32_t *ret_minor);

/* Errors begin with the JSON path. */
int seccomp_profile_parse(Arena *arena, const char *text, size_t size, SeccompProfile **ret_profile,
                          Error *error) MUST_CHECK;

/*
 * What applies to the target, as linux.seccomp. Its lists are in the arena and may be changed;
 * strings are shared with the profile, which has to live as long.
 */
SpecSeccomp *seccomp_profile_resolve(const SeccompProfile *profile,
                                     const SeccompProfileTarget *target, Arena *arena);
