/*
 * One row per kind of step, in the order of the enum: the whole vocabulary of what is done to make
 * a container.
 */
#include "runtime/steps.h"

const StepOps step_ops[STEP_KIND_MAX] = {
    [STEP_CGROUP_CREATE] = { "cgroup", step_cgroup_create, NULL },
    [STEP_CGROUP_OPEN] = { "open-cgroup", step_cgroup_open, NULL },
    [STEP_SCOPE] = { "scope", step_scope, NULL },
    [STEP_CGROUP_LIMIT] = { "limit", step_cgroup_limit, step_describe_limit },
    [STEP_CGROUP_DEVICE_LIMIT] = { "limit-device", step_cgroup_device_limit, NULL },
    [STEP_CGROUP_DEVICES] = { "device-rules", step_cgroup_devices, NULL },
    [STEP_CGROUP_MORE] = { "limit-more", step_cgroup_more, NULL },
    [STEP_CGROUP_CLONE] = { "clone-cgroup", step_cgroup_clone, NULL },
    [STEP_OPEN_FILE] = { "open", step_open_file, NULL },
    [STEP_OPEN_PLACE] = { "open-place", step_open_place, NULL },
    [STEP_IDMAP] = { "map-ids", step_idmap, step_describe_idmap },
    [STEP_MOUNT_CLONE] = { "clone-mount", step_mount_clone, step_describe_mount },
    [STEP_OVERLAY] = { "overlay", step_overlay, step_describe_overlay },
    [STEP_CGROUP_ENTER] = { "enter-cgroup", step_cgroup_enter, NULL },
    [STEP_UNSHARE] = { "unshare", step_unshare, step_describe_unshare },
    [STEP_LOOPBACK_UP] = { "loopback-up", step_loopback_up, NULL },
    [STEP_HOSTNAME] = { "hostname", step_hostname, NULL },
    [STEP_DOMAINNAME] = { "domainname", step_domainname, NULL },
    [STEP_PROPAGATION] = { "propagation", step_propagation, step_describe_propagation },
    [STEP_ROOT_ATTACH] = { "attach-root", step_root_attach, NULL },
    [STEP_ROOT_OPEN] = { "open-root", step_root_open, NULL },
    [STEP_MOUNT_NEW] = { "mount", step_mount_new, step_describe_mount },
    [STEP_MOUNT_ATTACH] = { "attach-mount", step_mount_attach, step_describe_mount },
    [STEP_REMOUNT] = { "remount", step_remount, step_describe_mount },
    [STEP_MOUNT_CGROUP] = { "mount-cgroup", step_mount_cgroup, step_describe_mount },
    [STEP_DEVICE] = { "device", step_device, step_describe_device },
    [STEP_DIRECTORY] = { "directory", step_directory, NULL },
    [STEP_SYMLINK] = { "symlink", step_symlink, step_describe_symlink },
    [STEP_TERMINAL] = { "terminal", step_terminal, NULL },
    [STEP_PROCFS] = { "open-procfs", step_procfs, NULL },
    [STEP_SYSCTL] = { "sysctl", step_sysctl, step_describe_sysctl },
    [STEP_MASK] = { "mask", step_mask, NULL },
    [STEP_READONLY] = { "read-only", step_readonly, NULL },
    [STEP_HOOKS_OUTSIDE] = { "hooks-outside", step_hooks_outside, step_describe_hooks },
    [STEP_HOOKS] = { "hooks", step_hooks, step_describe_hooks },
    [STEP_ROOT_READONLY] = { "root-read-only", step_root_readonly, NULL },
    [STEP_PIVOT] = { "pivot-root", step_pivot, NULL },
    [STEP_LEAVE_MOUNTS] = { "leave-mounts", step_leave_mounts, NULL },
    [STEP_PARENT_DEATH] = { "parent-death", step_parent_death, step_describe_signal },
    [STEP_KEYRING] = { "keyring", step_keyring, NULL },
    [STEP_SCHEDULER] = { "scheduler", step_scheduler, NULL },
    [STEP_IO_PRIORITY] = { "io-priority", step_io_priority, step_describe_io_priority },
    [STEP_CPU_AFFINITY] = { "cpu-affinity", step_cpu_affinity, NULL },
    [STEP_MEMORY_POLICY] = { "memory-policy", step_memory_policy, NULL },
    [STEP_PERSONALITY] = { "personality", step_personality, NULL },
    [STEP_RLIMIT] = { "rlimit", step_rlimit, step_describe_rlimit, step_rlimit_check },
    [STEP_OOM_SCORE] = { "oom-score", step_oom_score, step_describe_number },
    [STEP_RESCTRL] = { "resctrl", step_resctrl, NULL },
    [STEP_NET_DEVICE] = { "net-device", step_net_device, step_describe_net_device },
    [STEP_LISTENER] = { "listener", step_listener, NULL },
    [STEP_STDIO] = { "stdio", step_stdio, NULL },
    [STEP_USER_LOOKUP] = { "find-user", step_user_lookup, step_describe_user },
    [STEP_CHDIR] = { "chdir", step_chdir, NULL },
    [STEP_BOUNDING] = { "bounding-set", step_bounding, step_describe_capabilities },
    [STEP_IDENTITY] = { "become-user", step_identity, NULL },
    [STEP_RAISE] = { "raise", step_raise, NULL },
    [STEP_CAPABILITIES] = { "capabilities", step_capabilities, step_describe_capabilities },
    [STEP_NO_NEW_PRIVS] = { "no-new-privs", step_no_new_privs, NULL },
    [STEP_LABEL] = { "label", step_label, NULL },
    [STEP_SECCOMP] = { "seccomp", step_seccomp, step_describe_seccomp },
    [STEP_EXEC] = { "exec", step_exec, step_describe_exec, step_exec_check },
};

void steps_describe(const Step *step, StrBuf *text)
{
    if (step_ops[step->kind].describe) {
        step_ops[step->kind].describe(step, text);
        return;
    }
    if (step->source)
        strbuf_add(text, step->source);
    if (step->target)
        strbuf_printf(text, "%s%s", step->source ? " on " : "", step->target);
}
