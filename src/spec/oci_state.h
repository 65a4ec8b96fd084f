/*
 * The state of a container: runtime-spec runtime.md#state, what `state` prints and hooks read from
 * their stdin; and the container process state that is sent to a seccomp agent
 * (config-linux.md#containerprocessstate).
 */
#pragma once

#include "base/field.h"

typedef enum OciStatus {
    OCI_STATUS_NONE,
    OCI_STATUS_CREATING,
    OCI_STATUS_CREATED,
    OCI_STATUS_RUNNING,
    OCI_STATUS_STOPPED,
    OCI_STATUS_PAUSED, /* not in the specification; runc's and crun's word */
    OCI_STATUS_MAX,
} OciStatus;

typedef struct OciState {
    const char *oci_version;
    const char *id;
    OciStatus status;
    int32_t pid; /* of the container's process in the caller's namespace; 0 when it has none */
    const char *bundle; /* absolute */
    /* The next three are runc's additions to what `state` prints. */
    const char *rootfs;
    const char *created; /* RFC 3339 */
    const char *owner;
    StrMap annotations;
} OciState;

typedef struct OciProcessState {
    const char *oci_version;
    StrList fds; /* names of the descriptors that are sent along: "seccompFd" */
    int32_t pid; /* of the process, as the runtime sees it */
    const char *metadata;
    OciState state;
} OciProcessState;

extern const FieldTable oci_state_table;
extern const FieldTable oci_state_process_table;

const char *oci_state_status_name(OciStatus status); /* "running" */

int oci_state_parse(Arena *arena, const char *text, size_t size, OciState *ret_state, Error *error)
    MUST_CHECK;
void oci_state_encode(const OciState *state, bool pretty, StrBuf *text);
