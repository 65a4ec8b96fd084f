/*
 * The tables of runtime-spec config-linux.md#seccomp. A config's thousand strings are mostly here;
 * syscall names have no check, since a kernel or an architecture may lack any of them.
 */
#include "spec/spec_table.h"

const char *const spec_seccomp_actions[] = {
    "SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO",       "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW",       "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",      NULL,
};
static const char *const seccomp_operators[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};
const char *const spec_seccomp_flags[] = {
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    NULL,
};
const char *const spec_seccomp_architectures[] = {
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",     "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",      "SCMP_ARCH_SHEB",
    "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",    "SCMP_ARCH_RISCV64", NULL,
};

static const Field seccomp_arg_fields[] = {
    FIELD_U32(SpecSeccompArg, "index", index, FIELD_REQUIRED, FIELD_RANGE(0, 5)),
    FIELD_U64(SpecSeccompArg, "value", value, FIELD_REQUIRED),
    FIELD_U64(SpecSeccompArg, "valueTwo", value_two, 0),
    FIELD_STR(SpecSeccompArg, "op", op, FIELD_REQUIRED, .words = seccomp_operators),
};
const FieldTable spec_seccomp_arg_table = FIELD_TABLE(SpecSeccompArg, seccomp_arg_fields);

/* The data of a filter's verdict has 16 bits: SECCOMP_RET_DATA. */
#define VERDICT_DATA FIELD_RANGE(0, UINT16_MAX)

static const Field syscall_fields[] = {
    FIELD_STRLIST(SpecSyscall, "names", names, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STR(SpecSyscall, "action", action, FIELD_REQUIRED, .words = spec_seccomp_actions),
    FIELD_OPT_U32(SpecSyscall, "errnoRet", errno_ret, 0, VERDICT_DATA),
    FIELD_LIST(SpecSyscall, "args", args, 0, &spec_seccomp_arg_table),
};
static const FieldTable syscall_table = FIELD_TABLE(SpecSyscall, syscall_fields);

static const Field seccomp_fields[] = {
    FIELD_STR(SpecSeccomp, "defaultAction", default_action, FIELD_REQUIRED,
              .words = spec_seccomp_actions),
    FIELD_OPT_U32(SpecSeccomp, "defaultErrnoRet", default_errno_ret, 0, VERDICT_DATA),
    FIELD_STRLIST(SpecSeccomp, "architectures", architectures, 0,
                  .words = spec_seccomp_architectures),
    FIELD_STRLIST(SpecSeccomp, "flags", flags, 0, .words = spec_seccomp_flags),
    FIELD_STR(SpecSeccomp, "listenerPath", listener_path, 0),
    FIELD_STR(SpecSeccomp, "listenerMetadata", listener_metadata, 0),
    FIELD_LIST(SpecSeccomp, "syscalls", syscalls, 0, &syscall_table),
};
const FieldTable spec_seccomp_table = FIELD_TABLE(SpecSeccomp, seccomp_fields);
