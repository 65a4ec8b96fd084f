/*
 * Whether restored processes have the boundary that their container's configuration draws. They are
 * stopped meanwhile.
 */
#pragma once

#include "instance.h"
#include "linux/mountinfo.h"

/* What the configuration gives, and what its own process looked like. */
typedef struct Rights {
    uint64_t capabilities;
    bool no_new_privs;
    const SeccompProgram *filter; /* NULL: none */
    const char *label;            /* AppArmor's or SELinux's, "" without */
    MountinfoEntry *mounts;
    size_t mount_count;
} Rights;

/* Looks at the process that `create` left waiting. */
int rights_note(Instance *instance, Rights *ret_rights, Error *error) MUST_CHECK;
/* All processes of the container; ERROR_DENIED names the first that has more. */
int rights_check(Instance *instance, const Rights *rights, Error *error) MUST_CHECK;
/* Lets them run. */
int rights_let_go(Instance *instance, Error *error) MUST_CHECK;
