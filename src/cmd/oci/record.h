/*
 * What is kept of a container between two calls: a directory <root>/<id> with
 *
 *     state.json    the record below
 *     config.json   the spec it was made from
 *     start         the socket on which its process waits for `start`; gone once it was started
 *     lock          held (flock) by whoever changes the container
 */
#pragma once

#include "base/field.h"
#include "spec/oci_state.h"
#include "spec/spec.h"

#define RECORD_START "start"

typedef struct Record {
    const char *oci_version;
    const char *id;
    int32_t pid;             /* 0: not made yet */
    uint64_t start_ticks;    /* with the pid it names the process */
    bool ready;              /* `create` (or `run`) has ended well */
    const char *bundle;      /* absolute */
    const char *rootfs;      /* absolute */
    const char *created;     /* RFC 3339 */
    const char *cgroup_path; /* NULL: it has none */
    const char *unit;        /* systemd's scope that the cgroup belongs to, or NULL */
    bool unit_user;          /* of the caller's own systemd */
    const char *rdt_group;   /* of resctrl, NULL: none; the next two are removed with it */
    bool rdt_own;            /* the group itself */
    bool rdt_monitor;        /* a monitoring group with its id */
    bool host_userns;
    bool own_pidns;
    bool keep_keyring; /* it has the session keyring of its caller (--no-new-keyring) */
    StrMap annotations;
} Record;

/* Its directory. `lock` is -1 when it was opened for reading only. */
typedef struct RecordPlace {
    const char *id;
    int root, dir, lock;
} RecordPlace;
#define RECORD_PLACE_NONE ((RecordPlace){ .root = -1, .dir = -1, .lock = -1 })

/* Makes the directory, locked. ERROR_CONFLICT if the id is in use. */
int record_make(const char *root, const char *id, RecordPlace *ret_place, Error *error) MUST_CHECK;
/* ERROR_NOT_FOUND, with runc's words, if there is none. Waits for the lock. */
int record_open(const char *root, const char *id, bool lock, RecordPlace *ret_place, Error *error)
    MUST_CHECK;
/* Locks what was opened without; does not wait: -EWOULDBLOCK while somebody else has the lock. */
int record_try_lock(RecordPlace *place, Error *error) MUST_CHECK;
/* Closes; the lock is released even if a child has inherited it. */
void record_place_done(RecordPlace *place);

/* Lets others in, and comes back: false when they have removed it meanwhile. */
void record_unlock(const RecordPlace *place);
bool record_relock(const RecordPlace *place);

int record_write(const RecordPlace *place, const Record *record, Error *error) MUST_CHECK;
int record_read(const RecordPlace *place, Arena *arena, Record *ret_record, Error *error)
    MUST_CHECK;
/* The same from the file's text: a file that was cut or edited is an error, never a pid or a cgroup
 * that is not a container's. */
int record_parse(const char *id, const char *text, size_t size, Arena *arena, Record *ret_record,
                 Error *error) MUST_CHECK;
int record_write_spec(const RecordPlace *place, const Spec *spec, Error *error) MUST_CHECK;
int record_read_spec(const RecordPlace *place, Arena *arena, Spec **ret_spec, Error *error)
    MUST_CHECK;
/* Under the lock. */
int record_remove(const RecordPlace *place, Error *error) MUST_CHECK;
/* What a maker or remover that died left of a container that does not exist: an empty directory. */
void record_sweep(const char *root, const char *id);

/* By a look at the process; never OCI_STATUS_PAUSED, which the cgroup knows. */
OciStatus record_status(const RecordPlace *place, const Record *record);
/* The document of `state` and for hooks; without an owner, which hooks are not told. */
OciState record_state(const Record *record, OciStatus status);
/* Who made the container: the name of the user whose its directory is, "#UID" without one. */
const char *record_owner(const RecordPlace *place, Arena *arena);
/* A descriptor for the process, checked to be the one; -ESRCH ("container not running"). */
int record_pidfd(const Record *record, Error *error) MUST_CHECK;

int record_list(const char *root, Arena *arena, StrList *ret_ids, Error *error) MUST_CHECK;
