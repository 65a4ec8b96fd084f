/*
 * `features`: what this runtime can, for engines that ask before they use it. From the tables that
 * do the work, where there is one.
 */
#include "spec/oci_features.h"

#include "annotation.h"
#include "cmd/program/output.h"
#include "commands.h"
#include "linux/capability.h"
#include "linux/mempolicy.h"
#include "linux/mount_option.h"
#include "linux/namespace.h"
#include "linux/seccomp.h"
#include "runtime/hook.h"

static StrList features_list(Arena *arena, const char *const *words)
{
    StrList list = { 0 };
    for (; *words; words++)
        strlist_append(arena, &list, *words);
    return list;
}

static StrList features_seccomp_words(Arena *arena, SeccompWords kind)
{
    StrList list = { 0 };
    const char *word;
    for (size_t i = 0; (word = seccomp_word(kind, i)); i++)
        strlist_append(arena, &list, word);
    return list;
}

static OciFeaturesSeccomp *features_seccomp(Arena *arena)
{
    const OciFeaturesSeccomp seccomp = {
        .enabled = { true, true },
        .actions = features_seccomp_words(arena, SECCOMP_WORDS_ACTIONS),
        .operators = features_seccomp_words(arena, SECCOMP_WORDS_OPERATORS),
        .archs = features_seccomp_words(arena, SECCOMP_WORDS_ARCHITECTURES),
        .known_flags = features_seccomp_words(arena, SECCOMP_WORDS_FLAGS),
        .supported_flags = features_seccomp_words(arena, SECCOMP_WORDS_FLAGS),
    };
    return arena_copy(arena, &seccomp, sizeof(seccomp));
}

static OciFeaturesMemoryPolicy *features_memory_policy(Arena *arena)
{
    OciFeaturesMemoryPolicy *policy = arena_alloc(arena, sizeof(*policy));
    const char *word;
    for (size_t i = 0; (word = mempolicy_mode_name(i)); i++)
        strlist_append(arena, &policy->modes, word);
    for (size_t i = 0; (word = mempolicy_flag_name(i)); i++)
        strlist_append(arena, &policy->flags, word);
    return policy;
}

static OciFeaturesEnabled *features_enabled(Arena *arena, bool enabled)
{
    OciFeaturesEnabled answer = { { true, enabled } };
    return arena_copy(arena, &answer, sizeof(answer));
}

static OciFeaturesLinux *features_linux(Arena *arena)
{
    OciFeaturesLinux *lx = arena_alloc(arena, sizeof(*lx));
    for (int type = 0; type < NAMESPACE_MAX; type++)
        strlist_append(arena, &lx->namespaces, namespace_table[type].oci_name);
    for (int c = 0; c < 64; c++)
        if (capability_name(c))
            strlist_append(arena, &lx->capabilities, capability_name(c));
    const OciFeaturesCgroup cgroup = {
        .v1 = { true, true },
        .v2 = { true, true },
        .systemd = { true, true },
        .systemd_user = { true, true },
        .rdma = { true, true },
    };
    lx->cgroup = arena_copy(arena, &cgroup, sizeof(cgroup));
    lx->seccomp = features_seccomp(arena);
    lx->apparmor = features_enabled(arena, true);
    lx->selinux = features_enabled(arena, true);
    const OciFeaturesIntelRdt rdt = {
        .enabled = { true, true },
        .schemata = { true, true },
        .monitoring = { true, true },
    };
    lx->intel_rdt = arena_copy(arena, &rdt, sizeof(rdt));
    lx->memory_policy = features_memory_policy(arena);
    lx->mount_extensions = arena_alloc(arena, sizeof(*lx->mount_extensions));
    lx->mount_extensions->idmap = features_enabled(arena, true);
    lx->net_devices = features_enabled(arena, true);
    return lx;
}

static int features_run(CommandCall *call, Error *error)
{
    OciFeatures features = {
        .oci_version_min = "1.0.0",
        .oci_version_max = "1.3.0",
        .mount_options = features_list(call->arena, mount_option_names()),
        .linux = features_linux(call->arena),
        .potentially_unsafe_config_annotations = features_list(call->arena, annotation_keys),
    };
    strmap_set(call->arena, &features.annotations, "ambit.version", AMBIT_VERSION);
    for (HookKind kind = 0; kind < HOOK_KIND_MAX; kind++)
        strlist_append(call->arena, &features.hooks, hook_name(kind));
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    oci_features_encode(&features, true, &text);
    return output_write(strbuf_text(&text), error);
}

const Command features_command = {
    .name = "features",
    .summary = "Print what this runtime can, as JSON",
    .run = features_run,
};
