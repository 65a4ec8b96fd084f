/*
 * The configuration's root: its table and those of root, mounts and hooks. The order of rows is the
 * order in which the members are written.
 */
#include "spec/spec_table.h"

const JsonLimits spec_limits = { SPEC_MAX_BYTES, SPEC_MAX_DEPTH, SPEC_MAX_VALUES };

static const Field root_fields[] = {
    FIELD_STR(SpecRoot, "path", path, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_BOOL(SpecRoot, "readonly", readonly, 0),
};
static const FieldTable root_table = FIELD_TABLE(SpecRoot, root_fields);

static const Field mount_fields[] = {
    FIELD_STR(SpecMount, "destination", destination, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STR(SpecMount, "type", type, 0),
    FIELD_STR(SpecMount, "source", source, 0),
    FIELD_STRLIST(SpecMount, "options", options, 0),
    FIELD_LIST(SpecMount, "uidMappings", uid_mappings, 0, &spec_id_mapping_table),
    FIELD_LIST(SpecMount, "gidMappings", gid_mappings, 0, &spec_id_mapping_table),
};
const FieldTable spec_mount_table = FIELD_TABLE(SpecMount, mount_fields);

static const Field hook_fields[] = {
    FIELD_STR(SpecHook, "path", path, FIELD_REQUIRED, .check = field_is_absolute_path),
    FIELD_STRLIST(SpecHook, "args", args, 0),
    FIELD_STRLIST(SpecHook, "env", env, 0),
    FIELD_OPT_I32(SpecHook, "timeout", timeout, 0, FIELD_RANGE(1, INT32_MAX)),
};
static const FieldTable hook_table = FIELD_TABLE(SpecHook, hook_fields);

static const Field hooks_fields[] = {
    FIELD_LIST(SpecHooks, "prestart", prestart, 0, &hook_table),
    FIELD_LIST(SpecHooks, "createRuntime", create_runtime, 0, &hook_table),
    FIELD_LIST(SpecHooks, "createContainer", create_container, 0, &hook_table),
    FIELD_LIST(SpecHooks, "startContainer", start_container, 0, &hook_table),
    FIELD_LIST(SpecHooks, "poststart", poststart, 0, &hook_table),
    FIELD_LIST(SpecHooks, "poststop", poststop, 0, &hook_table),
};
const FieldTable spec_hooks_table = FIELD_TABLE(SpecHooks, hooks_fields);

static const Field spec_fields[] = {
    FIELD_STR(Spec, "ociVersion", oci_version, FIELD_REQUIRED, .check = spec_check_version),
    FIELD_OBJECT(Spec, "process", process, 0, &spec_process_table),
    FIELD_OBJECT(Spec, "root", root, 0, &root_table),
    FIELD_STR(Spec, "hostname", hostname, 0, .check = spec_check_host_name),
    FIELD_STR(Spec, "domainname", domainname, 0, .check = spec_check_host_name),
    FIELD_LIST(Spec, "mounts", mounts, 0, &spec_mount_table),
    FIELD_OBJECT(Spec, "hooks", hooks, 0, &spec_hooks_table),
    FIELD_STRMAP(Spec, "annotations", annotations, 0),
    FIELD_OBJECT(Spec, "linux", linux, 0, &spec_linux_table),
};
const FieldTable spec_table = FIELD_DOCUMENT(Spec, spec_fields, &spec_limits);
