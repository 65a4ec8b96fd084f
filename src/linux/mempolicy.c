/*
 * NUMA memory policies. The kernel's <linux/mempolicy.h> of 6.1 lacks the newest mode, so the
 * numbers stand here: they are part of the ABI.
 *
 * The trap: the kernel takes one bit less than `maxnode` says.
 */
#include "linux/mempolicy.h"

#include <errno.h>
#include <stddef.h>

#include "base/str.h"
#include "linux/syscalls.h"

typedef struct MempolicyWord {
    const char *name;
    uint32_t value;
} MempolicyWord;

static const MempolicyWord mempolicy_modes[] = {
    { "MPOL_DEFAULT", 0 },    { "MPOL_BIND", 2 },
    { "MPOL_INTERLEAVE", 3 }, { "MPOL_WEIGHTED_INTERLEAVE", 6 }, /* Linux 6.9 */
    { "MPOL_PREFERRED", 1 },  { "MPOL_PREFERRED_MANY", 5 },      /* Linux 5.15 */
    { "MPOL_LOCAL", 4 },
};

static const MempolicyWord mempolicy_flags[] = {
    { "MPOL_F_NUMA_BALANCING", 1u << 13 }, /* Linux 5.12 */
    { "MPOL_F_RELATIVE_NODES", 1u << 14 },
    { "MPOL_F_STATIC_NODES", 1u << 15 },
};

static int mempolicy_word(const MempolicyWord *words, size_t count, const char *name,
                          uint32_t *ret_value)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, words[i].name)) {
            *ret_value = words[i].value;
            return 0;
        }
    return -EINVAL;
}

int mempolicy_mode_from_name(const char *name, uint32_t *ret_mode)
{
    return mempolicy_word(mempolicy_modes, ARRAY_LEN(mempolicy_modes), name, ret_mode);
}

int mempolicy_flag_from_name(const char *name, uint32_t *ret_flag)
{
    return mempolicy_word(mempolicy_flags, ARRAY_LEN(mempolicy_flags), name, ret_flag);
}

const char *mempolicy_mode_name(size_t index)
{
    return index < ARRAY_LEN(mempolicy_modes) ? mempolicy_modes[index].name : NULL;
}

const char *mempolicy_flag_name(size_t index)
{
    return index < ARRAY_LEN(mempolicy_flags) ? mempolicy_flags[index].name : NULL;
}

int mempolicy_set(const Mempolicy *policy, Error *error)
{
    bool nodes = CPU_COUNT_S(sizeof(policy->nodes), &policy->nodes) > 0;
    if (syscall(SYS_set_mempolicy, policy->mode, nodes ? &policy->nodes : NULL,
                nodes ? 8 * sizeof(policy->nodes) + 1 : 0) == 0)
        return 0;
    if (errno == EINVAL)
        return error_errno(error, EINVAL,
                           "set the memory policy (does the mode take nodes, and do they exist?)");
    return error_errno(error, errno, "set the memory policy");
}
