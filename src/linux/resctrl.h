/*
 * Groups of the resctrl filesystem: how much of the caches and of the memory bandwidth their tasks
 * get (Intel RDT, AMD QoS); Documentation/arch/x86/resctrl.rst of the kernel.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

typedef struct ResctrlGroup {
    const char *name;    /* one directory name; "/": the root group */
    bool own;            /* it is made by us, and must not be there yet */
    const char *checked; /* two lines of "schemata", written to a new group, compared with one */
    const char *checked_too; /* that is there: "L3:0=7f0;1=1f", "MB:0=20"; NULL: none */
    StrList lines;           /* more, always written, after those */
    const char *monitor;     /* a monitoring group below it, which is made; NULL: none */
} ResctrlGroup;

/* The root of the mounted filesystem as a directory; ERROR_UNSUPPORTED if there is none. */
int resctrl_open(Error *error) MUST_CHECK;

/*
 * Makes the group where it may (`own`, or with lines of a schemata), puts the process into it and
 * its monitoring group. On failure nothing made by this call stays.
 */
int resctrl_make(int root_fd, const ResctrlGroup *group, pid_t pid, Error *error) MUST_CHECK;
/* One more process into a group that is there, and its monitoring group. */
int resctrl_join(int root_fd, const ResctrlGroup *group, pid_t pid, Error *error) MUST_CHECK;
/* Removes the monitoring group, and the group if it is `own`. Missing ones are no error. */
int resctrl_remove(int root_fd, const ResctrlGroup *group, Error *error) MUST_CHECK;

/* Whether the text of a "schemata" file has what a line asks for; it may have more. */
bool resctrl_matches(const char *schemata, const char *line);
