/*
 * The tables of runtime-spec config.md#process. Capability names have no check on purpose: what
 * cannot be granted is a warning, not an error (config.md#linux-process).
 */
#include "spec/spec_table.h"

/* The highest number is "leave it as it is" to setresuid(2): the process would stay root. */
enum { SPEC_ID_MAX = UINT32_MAX - 1 };

static const Field console_size_fields[] = {
    FIELD_U64(SpecConsoleSize, "height", height, FIELD_REQUIRED, FIELD_RANGE(0, UINT16_MAX)),
    FIELD_U64(SpecConsoleSize, "width", width, FIELD_REQUIRED, FIELD_RANGE(0, UINT16_MAX)),
};
static const FieldTable console_size_table = FIELD_TABLE(SpecConsoleSize, console_size_fields);

static const Field user_fields[] = {
    FIELD_U32(SpecUser, "uid", uid, FIELD_ALWAYS, FIELD_RANGE(0, SPEC_ID_MAX)),
    FIELD_U32(SpecUser, "gid", gid, FIELD_ALWAYS, FIELD_RANGE(0, SPEC_ID_MAX)),
    FIELD_OPT_U32(SpecUser, "umask", umask, 0, FIELD_RANGE(0, 0777)),
    FIELD_U32LIST(SpecUser, "additionalGids", additional_gids, 0),
    FIELD_STR(SpecUser, "username", username, 0),
};
static const FieldTable user_table = FIELD_TABLE(SpecUser, user_fields);

static const Field capabilities_fields[] = {
    FIELD_STRLIST(SpecCapabilities, "bounding", bounding, 0),
    FIELD_STRLIST(SpecCapabilities, "effective", effective, 0),
    FIELD_STRLIST(SpecCapabilities, "inheritable", inheritable, 0),
    FIELD_STRLIST(SpecCapabilities, "permitted", permitted, 0),
    FIELD_STRLIST(SpecCapabilities, "ambient", ambient, 0),
};
static const FieldTable capabilities_table = FIELD_TABLE(SpecCapabilities, capabilities_fields);

static const Field rlimit_fields[] = {
    FIELD_STR(SpecRlimit, "type", type, FIELD_REQUIRED, .check = spec_check_rlimit),
    FIELD_U64(SpecRlimit, "hard", hard, FIELD_REQUIRED),
    FIELD_U64(SpecRlimit, "soft", soft, FIELD_REQUIRED),
};
static const FieldTable rlimit_table = FIELD_TABLE(SpecRlimit, rlimit_fields);

static const char *const scheduler_policies[] = {
    "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",       "SCHED_BATCH",
    "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE", NULL,
};
static const char *const scheduler_flags[] = {
    "SCHED_FLAG_RESET_ON_FORK",  "SCHED_FLAG_RECLAIM",
    "SCHED_FLAG_DL_OVERRUN",     "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",    "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX", NULL,
};
static const Field scheduler_fields[] = {
    FIELD_STR(SpecScheduler, "policy", policy, FIELD_REQUIRED, .words = scheduler_policies),
    FIELD_I32(SpecScheduler, "nice", nice, 0, FIELD_RANGE(-20, 19)),
    FIELD_I32(SpecScheduler, "priority", priority, 0),
    FIELD_STRLIST(SpecScheduler, "flags", flags, 0, .words = scheduler_flags),
    FIELD_U64(SpecScheduler, "runtime", runtime, 0),
    FIELD_U64(SpecScheduler, "deadline", deadline, 0),
    FIELD_U64(SpecScheduler, "period", period, 0),
};
static const FieldTable scheduler_table = FIELD_TABLE(SpecScheduler, scheduler_fields);

static const char *const io_priority_classes[] = {
    "IOPRIO_CLASS_RT",
    "IOPRIO_CLASS_BE",
    "IOPRIO_CLASS_IDLE",
    NULL,
};
static const Field io_priority_fields[] = {
    FIELD_STR(SpecIoPriority, "class", class, FIELD_REQUIRED, .words = io_priority_classes),
    FIELD_I32(SpecIoPriority, "priority", priority, FIELD_ALWAYS, FIELD_RANGE(0, 7)),
};
static const FieldTable io_priority_table = FIELD_TABLE(SpecIoPriority, io_priority_fields);

static const Field cpu_affinity_fields[] = {
    FIELD_STR(SpecCpuAffinity, "initial", initial, 0, .check = spec_check_cpu_list),
    FIELD_STR(SpecCpuAffinity, "final", final, 0, .check = spec_check_cpu_list),
};
static const FieldTable cpu_affinity_table = FIELD_TABLE(SpecCpuAffinity, cpu_affinity_fields);

static const Field process_fields[] = {
    FIELD_BOOL(SpecProcess, "terminal", terminal, 0),
    FIELD_OBJECT(SpecProcess, "consoleSize", console_size, 0, &console_size_table),
    FIELD_STRUCT(SpecProcess, "user", user, 0, &user_table),
    FIELD_STRLIST(SpecProcess, "args", args, 0),
    FIELD_STR(SpecProcess, "commandLine", command_line, 0),
    FIELD_STRLIST(SpecProcess, "env", env, 0, .check = spec_check_env),
    FIELD_STR(SpecProcess, "cwd", cwd, FIELD_REQUIRED, .check = field_is_absolute_path),
    FIELD_OBJECT(SpecProcess, "capabilities", capabilities, 0, &capabilities_table),
    FIELD_LIST(SpecProcess, "rlimits", rlimits, 0, &rlimit_table),
    FIELD_BOOL(SpecProcess, "noNewPrivileges", no_new_privileges, 0),
    FIELD_STR(SpecProcess, "apparmorProfile", apparmor_profile, 0),
    FIELD_OPT_I32(SpecProcess, "oomScoreAdj", oom_score_adj, 0, FIELD_RANGE(-1000, 1000)),
    FIELD_OBJECT(SpecProcess, "scheduler", scheduler, 0, &scheduler_table),
    FIELD_STR(SpecProcess, "selinuxLabel", selinux_label, 0),
    FIELD_OBJECT(SpecProcess, "ioPriority", io_priority, 0, &io_priority_table),
    FIELD_OBJECT(SpecProcess, "execCPUAffinity", exec_cpu_affinity, 0, &cpu_affinity_table),
};
const FieldTable spec_process_table = FIELD_DOCUMENT(SpecProcess, process_fields, &spec_limits);
