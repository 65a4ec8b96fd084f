/*
 * The features document's tables. intelRdt.schemata, .monitoring and memoryPolicy are in the text
 * of runtime-spec 1.3.0 (features-linux.md) though not in its schema.
 */
#include "spec/features.h"

static const Field enabled_fields[] = {
    FIELD_OPT_BOOL(FeaturesEnabled, "enabled", enabled, 0),
};
static const FieldTable enabled_table = FIELD_TABLE(FeaturesEnabled, enabled_fields);

static const Field cgroup_fields[] = {
    FIELD_OPT_BOOL(FeaturesCgroup, "v1", v1, 0),
    FIELD_OPT_BOOL(FeaturesCgroup, "v2", v2, 0),
    FIELD_OPT_BOOL(FeaturesCgroup, "systemd", systemd, 0),
    FIELD_OPT_BOOL(FeaturesCgroup, "systemdUser", systemd_user, 0),
    FIELD_OPT_BOOL(FeaturesCgroup, "rdma", rdma, 0),
};
static const FieldTable cgroup_table = FIELD_TABLE(FeaturesCgroup, cgroup_fields);

static const Field seccomp_fields[] = {
    FIELD_OPT_BOOL(FeaturesSeccomp, "enabled", enabled, 0),
    FIELD_STRLIST(FeaturesSeccomp, "actions", actions, 0),
    FIELD_STRLIST(FeaturesSeccomp, "operators", operators, 0),
    FIELD_STRLIST(FeaturesSeccomp, "archs", archs, 0),
    FIELD_STRLIST(FeaturesSeccomp, "knownFlags", known_flags, 0),
    FIELD_STRLIST(FeaturesSeccomp, "supportedFlags", supported_flags, 0),
};
static const FieldTable seccomp_table = FIELD_TABLE(FeaturesSeccomp, seccomp_fields);

static const Field intel_rdt_fields[] = {
    FIELD_OPT_BOOL(FeaturesIntelRdt, "enabled", enabled, 0),
    FIELD_OPT_BOOL(FeaturesIntelRdt, "schemata", schemata, 0),
    FIELD_OPT_BOOL(FeaturesIntelRdt, "monitoring", monitoring, 0),
};
static const FieldTable intel_rdt_table = FIELD_TABLE(FeaturesIntelRdt, intel_rdt_fields);

static const Field memory_policy_fields[] = {
    FIELD_STRLIST(FeaturesMemoryPolicy, "modes", modes, 0),
    FIELD_STRLIST(FeaturesMemoryPolicy, "flags", flags, 0),
};
static const FieldTable memory_policy_table =
    FIELD_TABLE(FeaturesMemoryPolicy, memory_policy_fields);

static const Field mount_extensions_fields[] = {
    FIELD_OBJECT(FeaturesMountExtensions, "idmap", idmap, 0, &enabled_table),
};
static const FieldTable mount_extensions_table =
    FIELD_TABLE(FeaturesMountExtensions, mount_extensions_fields);

static const Field linux_fields[] = {
    FIELD_STRLIST(FeaturesLinux, "namespaces", namespaces, 0),
    FIELD_STRLIST(FeaturesLinux, "capabilities", capabilities, 0),
    FIELD_OBJECT(FeaturesLinux, "cgroup", cgroup, 0, &cgroup_table),
    FIELD_OBJECT(FeaturesLinux, "seccomp", seccomp, 0, &seccomp_table),
    FIELD_OBJECT(FeaturesLinux, "apparmor", apparmor, 0, &enabled_table),
    FIELD_OBJECT(FeaturesLinux, "selinux", selinux, 0, &enabled_table),
    FIELD_OBJECT(FeaturesLinux, "intelRdt", intel_rdt, 0, &intel_rdt_table),
    FIELD_OBJECT(FeaturesLinux, "memoryPolicy", memory_policy, 0, &memory_policy_table),
    FIELD_OBJECT(FeaturesLinux, "mountExtensions", mount_extensions, 0, &mount_extensions_table),
    FIELD_OBJECT(FeaturesLinux, "netDevices", net_devices, 0, &enabled_table),
};
static const FieldTable linux_table = FIELD_TABLE(FeaturesLinux, linux_fields);

static const Field features_fields[] = {
    FIELD_STR(Features, "ociVersionMin", oci_version_min, FIELD_REQUIRED),
    FIELD_STR(Features, "ociVersionMax", oci_version_max, FIELD_REQUIRED),
    FIELD_STRLIST(Features, "hooks", hooks, 0),
    FIELD_STRLIST(Features, "mountOptions", mount_options, 0),
    FIELD_OBJECT(Features, "linux", linux, 0, &linux_table),
    FIELD_STRMAP(Features, "annotations", annotations, 0),
    FIELD_STRLIST(Features, "potentiallyUnsafeConfigAnnotations",
                  potentially_unsafe_config_annotations, 0),
};
const FieldTable features_table = FIELD_TABLE(Features, features_fields);

int features_parse(Arena *arena, const char *text, size_t size, Features *ret_features,
                   Error *error)
{
    static const JsonLimits limits = { .bytes = 1024 * 1024, .depth = 16, .values = 20000 };
    return field_parse(&features_table, text, size, &limits, arena, ret_features, error);
}

void features_encode(const Features *features, bool pretty, StrBuf *text)
{
    field_print(&features_table, features, pretty, text);
}
