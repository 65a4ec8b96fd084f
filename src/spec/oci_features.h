/*
 * What a runtime supports: runtime-spec features.md and features-linux.md, the answer of
 * `ambit-oci features`. The structs and their table; src/runtime fills them.
 */
#pragma once

#include "base/field.h"

#undef linux /* see spec/spec.h */

typedef struct OciFeaturesEnabled {
    OptBool enabled;
} OciFeaturesEnabled;

typedef struct OciFeaturesCgroup {
    OptBool v1;
    OptBool v2;
    OptBool systemd;
    OptBool systemd_user;
    OptBool rdma;
} OciFeaturesCgroup;

typedef struct OciFeaturesSeccomp {
    OptBool enabled;
    StrList actions;
    StrList operators;
    StrList archs;
    StrList known_flags;
    StrList supported_flags;
} OciFeaturesSeccomp;

typedef struct OciFeaturesIntelRdt {
    OptBool enabled;
    OptBool schemata;
    OptBool monitoring;
} OciFeaturesIntelRdt;

typedef struct OciFeaturesMemoryPolicy {
    StrList modes;
    StrList flags;
} OciFeaturesMemoryPolicy;

typedef struct OciFeaturesMountExtensions {
    OciFeaturesEnabled *idmap;
} OciFeaturesMountExtensions;

typedef struct OciFeaturesLinux {
    StrList namespaces;
    StrList capabilities;
    OciFeaturesCgroup *cgroup;
    OciFeaturesSeccomp *seccomp;
    OciFeaturesEnabled *apparmor;
    OciFeaturesEnabled *selinux;
    OciFeaturesIntelRdt *intel_rdt;
    OciFeaturesMemoryPolicy *memory_policy;
    OciFeaturesMountExtensions *mount_extensions;
    OciFeaturesEnabled *net_devices;
} OciFeaturesLinux;

typedef struct OciFeatures {
    const char *oci_version_min;
    const char *oci_version_max;
    StrList hooks;
    StrList mount_options;
    StrMap annotations;
    StrList potentially_unsafe_config_annotations;
    OciFeaturesLinux *linux;
} OciFeatures;

extern const FieldTable oci_features_table;

int oci_features_parse(Arena *arena, const char *text, size_t size, OciFeatures *ret_features,
                       Error *error) MUST_CHECK;
void oci_features_encode(const OciFeatures *features, bool pretty, StrBuf *text);
