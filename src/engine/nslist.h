/*
 * The namespaces of this host: who is in each, who owns it, what keeps it open.
 *
 * The kernel has no list of them. They are found as lsns(8) finds them: by looking at every process
 * that may be looked at, at the files where a namespace is mounted (nsfs in mountinfo), and at the
 * user namespaces that own what was found. A namespace that only an open descriptor keeps is not
 * seen; threads that went their own ways are not either.
 */
#pragma once

#include "base/field.h"
#include "engine/residents.h"
#include "linux/namespace.h"

typedef struct NslistKept { /* a file where the namespace is mounted */
    const char *path;       /* as seen by `pid` */
    int32_t pid; /* 0: by the caller too; else a process in the mount namespace with it */
} NslistKept;

typedef struct NslistEntry {
    const char *type;
    uint64_t id;
    bool host; /* the host's own: namespace_of_host() */
    uint32_t processes;
    uint64_t owner;       /* id of the user namespace that owns it; 0: not told */
    int32_t pid;          /* the oldest process in it; 0: none */
    uint64_t start_ticks; /* of it */
    const char *command;  /* its command line, or its name in brackets */
    StrList containers;   /* names of containers whose first process is in it */
    LIST_OF(NslistKept) kept;
} NslistEntry;

typedef struct NslistProcess {
    int32_t pid, inside_pid;
    uint32_t uid;
    const char *command;
    const char *container; /* name; NULL: in none */
} NslistProcess;

typedef LIST_OF(NslistEntry) Nslist;
typedef LIST_OF(NslistProcess) NslistProcesses;

extern const FieldTable nslist_table;         /* of an entry */
extern const FieldTable nslist_process_table; /* of a process */

/* type NAMESPACE_INVALID: all kinds. Sorted by kind and id. ret_unreadable counts processes that
 * are not for the caller to look at. `residents` may be NULL. */
int nslist_read(NamespaceType type, const Residents *residents, Arena *arena, Nslist *ret_list,
                size_t *ret_unreadable, Error *error) MUST_CHECK;
/* The processes in one namespace, ascending. None: ERROR_NOT_FOUND. */
int nslist_processes(NamespaceType type, uint64_t id, const Residents *residents, Arena *arena,
                     NslistProcesses *ret_processes, Error *error) MUST_CHECK;
