/*
 * EPERM, not a signal: what a library tries and can do without should not end the process.
 */
#include "linux/seccomp_allow.h"

#include <errno.h>
#include <linux/seccomp.h>

#include "base/mem.h"

static void seccomp_allow_add(SeccompRule **rules, size_t *count, Arena *arena,
                              const SeccompRule *rule)
{
    if (seccomp_syscall_number(seccomp_native_architecture(), rule->syscall) >= 0)
        *(SeccompRule *)arena_append(arena, rules, count, sizeof(*rule)) = *rule;
}

int seccomp_allow_only(const SeccompAllow *allow, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    SeccompRule *rules = NULL;
    size_t count = 0;
    for (size_t i = 0; i < allow->name_count; i++) {
        SeccompRule rule = { .syscall = allow->names[i], .action = SECCOMP_RET_ALLOW };
        seccomp_allow_add(&rules, &count, &arena, &rule);
    }
    for (size_t i = 0; i < allow->rule_count; i++)
        seccomp_allow_add(&rules, &count, &arena, &allow->rules[i]);
    SeccompPolicy policy = {
        .default_action = SECCOMP_RET_ERRNO | EPERM,
        .rules = rules,
        .rule_count = count,
    };
    SeccompProgram program;
    int r = seccomp_compile(&policy, &arena, &program, error);
    return r < 0 ? r : seccomp_load(&program, 0, error);
}
