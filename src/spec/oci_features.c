/*
 * The features document's tables. intelRdt.schemata, .monitoring and memoryPolicy are in the text
 * of runtime-spec 1.3.0 (features-linux.md) though not in its schema.
 */
#include "spec/oci_features.h"

static const Field enabled_fields[] = {
    FIELD_OPT_BOOL(OciFeaturesEnabled, "enabled", enabled, 0),
};
static const FieldTable enabled_table = FIELD_TABLE(OciFeaturesEnabled, enabled_fields);

static const Field cgroup_fields[] = {
    FIELD_OPT_BOOL(OciFeaturesCgroup, "v1", v1, 0),
    FIELD_OPT_BOOL(OciFeaturesCgroup, "v2", v2, 0),
    FIELD_OPT_BOOL(OciFeaturesCgroup, "systemd", systemd, 0),
    FIELD_OPT_BOOL(OciFeaturesCgroup, "systemdUser", systemd_user, 0),
    FIELD_OPT_BOOL(OciFeaturesCgroup, "rdma", rdma, 0),
};
static const FieldTable cgroup_table = FIELD_TABLE(OciFeaturesCgroup, cgroup_fields);

static const Field seccomp_fields[] = {
    FIELD_OPT_BOOL(OciFeaturesSeccomp, "enabled", enabled, 0),
    FIELD_STRLIST(OciFeaturesSeccomp, "actions", actions, 0),
    FIELD_STRLIST(OciFeaturesSeccomp, "operators", operators, 0),
    FIELD_STRLIST(OciFeaturesSeccomp, "archs", archs, 0),
    FIELD_STRLIST(OciFeaturesSeccomp, "knownFlags", known_flags, 0),
    FIELD_STRLIST(OciFeaturesSeccomp, "supportedFlags", supported_flags, 0),
};
static const FieldTable seccomp_table = FIELD_TABLE(OciFeaturesSeccomp, seccomp_fields);

static const Field intel_rdt_fields[] = {
    FIELD_OPT_BOOL(OciFeaturesIntelRdt, "enabled", enabled, 0),
    FIELD_OPT_BOOL(OciFeaturesIntelRdt, "schemata", schemata, 0),
    FIELD_OPT_BOOL(OciFeaturesIntelRdt, "monitoring", monitoring, 0),
};
static const FieldTable intel_rdt_table = FIELD_TABLE(OciFeaturesIntelRdt, intel_rdt_fields);

static const Field memory_policy_fields[] = {
    FIELD_STRLIST(OciFeaturesMemoryPolicy, "modes", modes, 0),
    FIELD_STRLIST(OciFeaturesMemoryPolicy, "flags", flags, 0),
};
static const FieldTable memory_policy_table =
    FIELD_TABLE(OciFeaturesMemoryPolicy, memory_policy_fields);

static const Field mount_extensions_fields[] = {
    FIELD_OBJECT(OciFeaturesMountExtensions, "idmap", idmap, 0, &enabled_table),
};
static const FieldTable mount_extensions_table =
    FIELD_TABLE(OciFeaturesMountExtensions, mount_extensions_fields);

static const Field linux_fields[] = {
    FIELD_STRLIST(OciFeaturesLinux, "namespaces", namespaces, 0),
    FIELD_STRLIST(OciFeaturesLinux, "capabilities", capabilities, 0),
    FIELD_OBJECT(OciFeaturesLinux, "cgroup", cgroup, 0, &cgroup_table),
    FIELD_OBJECT(OciFeaturesLinux, "seccomp", seccomp, 0, &seccomp_table),
    FIELD_OBJECT(OciFeaturesLinux, "apparmor", apparmor, 0, &enabled_table),
    FIELD_OBJECT(OciFeaturesLinux, "selinux", selinux, 0, &enabled_table),
    FIELD_OBJECT(OciFeaturesLinux, "intelRdt", intel_rdt, 0, &intel_rdt_table),
    FIELD_OBJECT(OciFeaturesLinux, "memoryPolicy", memory_policy, 0, &memory_policy_table),
    FIELD_OBJECT(OciFeaturesLinux, "mountExtensions", mount_extensions, 0, &mount_extensions_table),
    FIELD_OBJECT(OciFeaturesLinux, "netDevices", net_devices, 0, &enabled_table),
};
static const FieldTable linux_table = FIELD_TABLE(OciFeaturesLinux, linux_fields);

static const JsonLimits features_limits = { .bytes = 1024 * 1024, .depth = 16, .values = 20000 };

static const Field features_fields[] = {
    FIELD_STR(OciFeatures, "ociVersionMin", oci_version_min, FIELD_REQUIRED),
    FIELD_STR(OciFeatures, "ociVersionMax", oci_version_max, FIELD_REQUIRED),
    FIELD_STRLIST(OciFeatures, "hooks", hooks, 0),
    FIELD_STRLIST(OciFeatures, "mountOptions", mount_options, 0),
    FIELD_OBJECT(OciFeatures, "linux", linux, 0, &linux_table),
    FIELD_STRMAP(OciFeatures, "annotations", annotations, 0),
    FIELD_STRLIST(OciFeatures, "potentiallyUnsafeConfigAnnotations",
                  potentially_unsafe_config_annotations, 0),
};
const FieldTable oci_features_table =
    FIELD_DOCUMENT(OciFeatures, features_fields, &features_limits);

int oci_features_parse(Arena *arena, const char *text, size_t size, OciFeatures *ret_features,
                       Error *error)
{
    return field_parse(&oci_features_table, text, size, arena, ret_features, error);
}

void oci_features_encode(const OciFeatures *features, bool pretty, StrBuf *text)
{
    field_print(&oci_features_table, features, pretty, text);
}
