/*
 * The state document. pid is written even when it is 0, as runc does: callers expect the key.
 */
#include "spec/oci_state.h"

static const char *const status_words[OCI_STATUS_MAX + 1] = {
    [OCI_STATUS_CREATING] = "creating", [OCI_STATUS_CREATED] = "created",
    [OCI_STATUS_RUNNING] = "running",   [OCI_STATUS_STOPPED] = "stopped",
    [OCI_STATUS_PAUSED] = "paused",
};

static const JsonLimits state_limits = { .bytes = 1024 * 1024, .depth = 8, .values = 20000 };

static const Field state_fields[] = {
    FIELD_STR(OciState, "ociVersion", oci_version, FIELD_REQUIRED),
    FIELD_STR(OciState, "id", id, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_ENUM(OciState, "status", status, FIELD_REQUIRED, status_words),
    FIELD_I32(OciState, "pid", pid, FIELD_ALWAYS, FIELD_RANGE(0, INT32_MAX)),
    FIELD_STR(OciState, "bundle", bundle, FIELD_REQUIRED, .check = field_is_absolute_path),
    FIELD_STR(OciState, "rootfs", rootfs, 0),
    FIELD_STR(OciState, "created", created, 0),
    FIELD_STR(OciState, "owner", owner, 0),
    FIELD_STRMAP(OciState, "annotations", annotations, 0),
};
const FieldTable oci_state_table = FIELD_DOCUMENT(OciState, state_fields, &state_limits);

static const Field process_state_fields[] = {
    FIELD_STR(OciProcessState, "ociVersion", oci_version, FIELD_REQUIRED),
    FIELD_STRLIST(OciProcessState, "fds", fds, FIELD_ALWAYS),
    FIELD_I32(OciProcessState, "pid", pid, FIELD_REQUIRED, FIELD_RANGE(0, INT32_MAX)),
    FIELD_STR(OciProcessState, "metadata", metadata, 0),
    FIELD_STRUCT(OciProcessState, "state", state, FIELD_REQUIRED, &oci_state_table),
};
const FieldTable oci_state_process_table = FIELD_TABLE(OciProcessState, process_state_fields);

const char *oci_state_status_name(OciStatus status)
{
    return status_words[status];
}

int oci_state_parse(Arena *arena, const char *text, size_t size, OciState *ret_state, Error *error)
{
    return field_parse(&oci_state_table, text, size, arena, ret_state, error);
}

void oci_state_encode(const OciState *state, bool pretty, StrBuf *text)
{
    field_print(&oci_state_table, state, pretty, text);
}
