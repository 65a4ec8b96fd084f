/*
 * What a runtime supports: runtime-spec features.md and features-linux.md, the answer of
 * `ambit-oci features`. The structs and their table; src/runtime fills them.
 */
#pragma once

#include "base/field.h"

#undef linux /* see spec/spec.h */

typedef struct FeaturesEnabled {
    OptBool enabled;
} FeaturesEnabled;

typedef struct FeaturesCgroup {
    OptBool v1;
    OptBool v2;
    OptBool systemd;
    OptBool systemd_user;
    OptBool rdma;
} FeaturesCgroup;

typedef struct FeaturesSeccomp {
    OptBool enabled;
    StrList actions;
    StrList operators;
    StrList archs;
    StrList known_flags;
    StrList supported_flags;
} FeaturesSeccomp;

typedef struct FeaturesIntelRdt {
    OptBool enabled;
    OptBool schemata;
    OptBool monitoring;
} FeaturesIntelRdt;

typedef struct FeaturesMemoryPolicy {
    StrList modes;
    StrList flags;
} FeaturesMemoryPolicy;

typedef struct FeaturesMountExtensions {
    FeaturesEnabled *idmap;
} FeaturesMountExtensions;

typedef struct FeaturesLinux {
    StrList namespaces;
    StrList capabilities;
    FeaturesCgroup *cgroup;
    FeaturesSeccomp *seccomp;
    FeaturesEnabled *apparmor;
    FeaturesEnabled *selinux;
    FeaturesIntelRdt *intel_rdt;
    FeaturesMemoryPolicy *memory_policy;
    FeaturesMountExtensions *mount_extensions;
    FeaturesEnabled *net_devices;
} FeaturesLinux;

typedef struct Features {
    const char *oci_version_min;
    const char *oci_version_max;
    StrList hooks;
    StrList mount_options;
    StrMap annotations;
    StrList potentially_unsafe_config_annotations;
    FeaturesLinux *linux;
} Features;

extern const FieldTable features_table;

int features_parse(Arena *arena, const char *text, size_t size, Features *ret_features,
                   Error *error) MUST_CHECK;
void features_encode(const Features *features, bool pretty, StrBuf *text);
