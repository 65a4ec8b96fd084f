/*
 * `features`: what this runtime can, for engines that ask before they use it. From the tables that
 * do the work, where there is one.
 */
#include "spec/oci_features.h"

#include "cmd/ambit/output.h"
#include "commands.h"
#include "linux/capability.h"
#include "linux/mount_option.h"
#include "linux/namespace.h"
#include "runtime/hook.h"

static const char *const features_actions[] = {
    "SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
    "SCMP_ACT_TRACE",        "SCMP_ACT_TRAP",        NULL,
};
static const char *const features_operators[] = {
    "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",        "SCMP_CMP_LE",
    "SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL,
};

static StrList features_list(Arena *arena, const char *const *words)
{
    StrList list = { 0 };
    for (; *words; words++)
        strlist_append(arena, &list, *words);
    return list;
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
        .systemd = { true, false },
        .systemd_user = { true, false },
        .rdma = { true, false },
    };
    lx->cgroup = arena_copy(arena, &cgroup, sizeof(cgroup));
    lx->seccomp = arena_alloc(arena, sizeof(*lx->seccomp));
    lx->seccomp->enabled = (OptBool){ true, true };
    lx->seccomp->actions = features_list(arena, features_actions);
    lx->seccomp->operators = features_list(arena, features_operators);
    lx->apparmor = features_enabled(arena, true);
    lx->selinux = features_enabled(arena, true);
    const OciFeaturesIntelRdt rdt = { .enabled = { true, false } };
    lx->intel_rdt = arena_copy(arena, &rdt, sizeof(rdt));
    lx->mount_extensions = arena_alloc(arena, sizeof(*lx->mount_extensions));
    lx->mount_extensions->idmap = features_enabled(arena, true);
    lx->net_devices = features_enabled(arena, false);
    return lx;
}

static int features_run(CommandCall *call, Error *error)
{
    OciFeatures features = {
        .oci_version_min = "1.0.0",
        .oci_version_max = "1.3.0",
        .mount_options = features_list(call->arena, mount_option_names()),
        .linux = features_linux(call->arena),
    };
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
