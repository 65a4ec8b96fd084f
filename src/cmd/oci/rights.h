/*
 * Whether restored processes have the boundary that their container's configuration draws. They are
 * stopped meanwhile.
 */
#pragma once

#include "instance.h"
#include "linux/idmap.h"
#include "linux/mountinfo.h"
#include "linux/namespace.h"

enum { RIGHTS_MAP_UID, RIGHTS_MAP_GID, RIGHTS_MAP_MAX };

/* What the configuration gives, and what its own process looked like. */
typedef struct Rights {
    uint64_t capabilities;
    bool no_new_privs;
    const SeccompProgram *filter; /* NULL: none */
    const char *label;            /* AppArmor's or SELinux's, "" without */
    MountinfoEntry *mounts;
    size_t mount_count;
    uint64_t host[NAMESPACE_MAX];     /* the caller's namespaces that it must not be in, or 0 */
    const char *maps[RIGHTS_MAP_MAX]; /* of its user namespace, as the caller sees them */
    bool fixed_uid, fixed_gid;        /* by the configuration there is no way to others than: */
    uint32_t uid, *gids;              /* the caller's numbers; the first gid is its own */
    size_t gid_count;
} Rights;

/* Looks at the process that `create` left waiting. */
int rights_note(Instance *instance, Rights *ret_rights, Error *error) MUST_CHECK;
/* All processes of the container and all their threads; ERROR_DENIED names the first that has more.
 */
int rights_check(Instance *instance, const Rights *rights, Error *error) MUST_CHECK;
/* Lets them run. */
int rights_let_go(Instance *instance, Error *error) MUST_CHECK;
