/*
 * The table of step kinds: one row says how a kind is called, what it does and how it reads.
 * `check` finds out whether a step of the last phase can succeed, without doing it: `create` asks,
 * so that what cannot be started is not created. The functions are grouped by subject in step_*.c.
 */
#pragma once

#include "runtime/runner.h"

typedef struct StepOps {
    const char *name;
    int (*apply)(Runner *runner, const Step *step, Error *error);
    void (*describe)(const Step *step, StrBuf *text);             /* NULL: source and target */
    int (*check)(Runner *runner, const Step *step, Error *error); /* NULL: it will succeed */
} StepOps;

extern const StepOps step_ops[STEP_KIND_MAX];

void steps_describe(const Step *step, StrBuf *text);

/* step_cgroup.c */
int step_cgroup_create(Runner *runner, const Step *step, Error *error);
int step_cgroup_open(Runner *runner, const Step *step, Error *error);
int step_scope(Runner *runner, const Step *step, Error *error);
int step_cgroup_limit(Runner *runner, const Step *step, Error *error);
int step_cgroup_device_limit(Runner *runner, const Step *step, Error *error);
int step_cgroup_devices(Runner *runner, const Step *step, Error *error);
int step_cgroup_more(Runner *runner, const Step *step, Error *error);
int step_cgroup_clone(Runner *runner, const Step *step, Error *error);
int step_cgroup_enter(Runner *runner, const Step *step, Error *error);
int step_mount_cgroup(Runner *runner, const Step *step, Error *error);
void step_describe_limit(const Step *step, StrBuf *text);

/* step_namespace.c */
int step_net_device(Runner *runner, const Step *step, Error *error);
int step_idmap(Runner *runner, const Step *step, Error *error);
int step_unshare(Runner *runner, const Step *step, Error *error);
int step_loopback_up(Runner *runner, const Step *step, Error *error);
int step_hostname(Runner *runner, const Step *step, Error *error);
int step_domainname(Runner *runner, const Step *step, Error *error);
int step_procfs(Runner *runner, const Step *step, Error *error);
int step_sysctl(Runner *runner, const Step *step, Error *error);
void step_describe_net_device(const Step *step, StrBuf *text);
void step_describe_sysctl(const Step *step, StrBuf *text);
void step_describe_unshare(const Step *step, StrBuf *text);
void step_describe_idmap(const Step *step, StrBuf *text);

/* step_mount.c */
int step_open_file(Runner *runner, const Step *step, Error *error);
int step_open_place(Runner *runner, const Step *step, Error *error);
int step_mount_clone(Runner *runner, const Step *step, Error *error);
int step_mount_new(Runner *runner, const Step *step, Error *error);
int step_remount(Runner *runner, const Step *step, Error *error);
int step_mount_attach(Runner *runner, const Step *step, Error *error);
int step_overlay(Runner *runner, const Step *step, Error *error);
int step_propagation(Runner *runner, const Step *step, Error *error);
int step_root_attach(Runner *runner, const Step *step, Error *error);
int step_root_open(Runner *runner, const Step *step, Error *error);
int step_root_readonly(Runner *runner, const Step *step, Error *error);
int step_pivot(Runner *runner, const Step *step, Error *error);
int step_leave_mounts(Runner *runner, const Step *step, Error *error);
void step_describe_mount(const Step *step, StrBuf *text);
void step_describe_overlay(const Step *step, StrBuf *text);
void step_describe_propagation(const Step *step, StrBuf *text);

/* step_tree.c: what is put into the tree besides mounts */
int step_device(Runner *runner, const Step *step, Error *error);
int step_symlink(Runner *runner, const Step *step, Error *error);
int step_directory(Runner *runner, const Step *step, Error *error);
int step_terminal(Runner *runner, const Step *step, Error *error);
int step_mask(Runner *runner, const Step *step, Error *error);
int step_readonly(Runner *runner, const Step *step, Error *error);
void step_describe_symlink(const Step *step, StrBuf *text);
void step_describe_device(const Step *step, StrBuf *text);

/* step_process.c */
int step_parent_death(Runner *runner, const Step *step, Error *error);
int step_keyring(Runner *runner, const Step *step, Error *error);
int step_rlimit(Runner *runner, const Step *step, Error *error);
int step_rlimit_check(Runner *runner, const Step *step, Error *error);
int step_oom_score(Runner *runner, const Step *step, Error *error);
int step_chdir(Runner *runner, const Step *step, Error *error);
int step_no_new_privs(Runner *runner, const Step *step, Error *error);
int step_label(Runner *runner, const Step *step, Error *error);
int step_exec_check(Runner *runner, const Step *step, Error *error);
int step_exec(Runner *runner, const Step *step, Error *error);
void step_describe_rlimit(const Step *step, StrBuf *text);
void step_describe_number(const Step *step, StrBuf *text);
void step_describe_signal(const Step *step, StrBuf *text);
void step_describe_exec(const Step *step, StrBuf *text);

/* step_resctrl.c */
int step_resctrl(Runner *runner, const Step *step, Error *error);

/* step_seccomp.c */
int step_listener(Runner *runner, const Step *step, Error *error);
int step_seccomp(Runner *runner, const Step *step, Error *error);
void step_describe_seccomp(const Step *step, StrBuf *text);

/* step_schedule.c */
int step_scheduler(Runner *runner, const Step *step, Error *error);
int step_io_priority(Runner *runner, const Step *step, Error *error);
int step_cpu_affinity(Runner *runner, const Step *step, Error *error);
int step_memory_policy(Runner *runner, const Step *step, Error *error);
int step_personality(Runner *runner, const Step *step, Error *error);
void step_describe_io_priority(const Step *step, StrBuf *text);

/* step_hook.c */
int step_hooks_outside(Runner *runner, const Step *step, Error *error);
int step_hooks(Runner *runner, const Step *step, Error *error);
void step_describe_hooks(const Step *step, StrBuf *text);

/* step_identity.c */
int step_stdio(Runner *runner, const Step *step, Error *error);
int step_user_lookup(Runner *runner, const Step *step, Error *error);
int step_bounding(Runner *runner, const Step *step, Error *error);
int step_identity(Runner *runner, const Step *step, Error *error);
int step_raise(Runner *runner, const Step *step, Error *error);
int step_capabilities(Runner *runner, const Step *step, Error *error);
void step_describe_user(const Step *step, StrBuf *text);
void step_describe_capabilities(const Step *step, StrBuf *text);
