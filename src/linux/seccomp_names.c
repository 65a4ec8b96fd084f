/*
 * The words of runtime-spec config-linux.md#seccomp and the kernel's numbers for them.
 *
 * Trap: SCMP_ACT_KILL is the old word for killing the thread only. Architectures without a system
 * call table are known words too: a profile that lists them is valid, they just cannot occur.
 */
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "linux/seccomp.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

enum { ERRNO_MAX = 4095 /* the kernel's MAX_ERRNO */ };

typedef struct Word {
    const char *name;
    uint32_t value;
} Word;

#define BITS_64 (__AUDIT_ARCH_64BIT)
#define LITTLE  (__AUDIT_ARCH_LE)

static const Word architecture_words[] = {
    { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
    { "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
    { "SCMP_ARCH_X32", SECCOMP_ARCHITECTURE_X32 },
    { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
    { "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
    { "SCMP_ARCH_LOONGARCH64", EM_LOONGARCH | BITS_64 | LITTLE },
    { "SCMP_ARCH_M68K", EM_68K },
    { "SCMP_ARCH_MIPS", EM_MIPS },
    { "SCMP_ARCH_MIPS64", EM_MIPS | BITS_64 },
    { "SCMP_ARCH_MIPS64N32", EM_MIPS | BITS_64 | __AUDIT_ARCH_CONVENTION_MIPS64_N32 },
    { "SCMP_ARCH_MIPSEL", EM_MIPS | LITTLE },
    { "SCMP_ARCH_MIPSEL64", EM_MIPS | BITS_64 | LITTLE },
    { "SCMP_ARCH_MIPSEL64N32", EM_MIPS | BITS_64 | LITTLE | __AUDIT_ARCH_CONVENTION_MIPS64_N32 },
    { "SCMP_ARCH_PARISC", EM_PARISC },
    { "SCMP_ARCH_PARISC64", EM_PARISC | BITS_64 },
    { "SCMP_ARCH_PPC", EM_PPC },
    { "SCMP_ARCH_PPC64", EM_PPC64 | BITS_64 },
    { "SCMP_ARCH_PPC64LE", EM_PPC64 | BITS_64 | LITTLE },
    { "SCMP_ARCH_RISCV64", EM_RISCV | BITS_64 | LITTLE },
    { "SCMP_ARCH_S390", EM_S390 },
    { "SCMP_ARCH_S390X", EM_S390 | BITS_64 },
    { "SCMP_ARCH_SH", EM_SH | LITTLE },
    { "SCMP_ARCH_SHEB", EM_SH },
};

static const Word action_words[] = {
    { "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
    { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
    { "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
    { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
    { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
    { "SCMP_ACT_LOG", SECCOMP_RET_LOG },
    { "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
    { "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
    { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
};

static const Word op_words[] = {
    { "SCMP_CMP_NE", SECCOMP_OP_NE },
    { "SCMP_CMP_LT", SECCOMP_OP_LT },
    { "SCMP_CMP_LE", SECCOMP_OP_LE },
    { "SCMP_CMP_EQ", SECCOMP_OP_EQ },
    { "SCMP_CMP_GE", SECCOMP_OP_GE },
    { "SCMP_CMP_GT", SECCOMP_OP_GT },
    { "SCMP_CMP_MASKED_EQ", SECCOMP_OP_MASKED_EQ },
};

static const Word flag_words[] = {
    { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
    { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

static int word_find(const Word *words, size_t count, const char *name, uint32_t *ret_value)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(words[i].name, name)) {
            *ret_value = words[i].value;
            return 0;
        }
    }
    return -EINVAL;
}

const char *seccomp_word(SeccompWords kind, size_t index)
{
    static const struct {
        const Word *words;
        size_t count;
    } kinds[] = {
        [SECCOMP_WORDS_ACTIONS] = { action_words, ARRAY_LEN(action_words) },
        [SECCOMP_WORDS_OPERATORS] = { op_words, ARRAY_LEN(op_words) },
        [SECCOMP_WORDS_ARCHITECTURES] = { architecture_words, ARRAY_LEN(architecture_words) },
        [SECCOMP_WORDS_FLAGS] = { flag_words, ARRAY_LEN(flag_words) },
    };
    return index < kinds[kind].count ? kinds[kind].words[index].name : NULL;
}

int seccomp_action_from_name(const char *name, uint32_t errno_value, uint32_t *ret_action)
{
    uint32_t action;
    int r = word_find(action_words, ARRAY_LEN(action_words), name, &action);
    if (r < 0)
        return r;
    if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE) {
        if (errno_value > (action == SECCOMP_RET_ERRNO ? ERRNO_MAX : SECCOMP_RET_DATA))
            return -ERANGE;
        action |= errno_value;
    }
    *ret_action = action;
    return 0;
}

int seccomp_architecture_from_name(const char *name, uint32_t *ret_architecture)
{
    return word_find(architecture_words, ARRAY_LEN(architecture_words), name, ret_architecture);
}

SeccompOp seccomp_op_from_name(const char *name)
{
    uint32_t op;
    return word_find(op_words, ARRAY_LEN(op_words), name, &op) < 0 ? SECCOMP_OP_INVALID
                                                                   : (SeccompOp)op;
}

int seccomp_flag_from_name(const char *name, uint32_t *ret_flag)
{
    return word_find(flag_words, ARRAY_LEN(flag_words), name, ret_flag);
}
