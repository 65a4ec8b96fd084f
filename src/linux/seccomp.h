/*
 * System call filters: seccomp(2), built by our own generator.
 *
 * Rules are collected by syscall, equal verdicts of neighbouring numbers are merged into ranges and
 * the ranges become a binary search tree in BPF: 5 to 10 times cheaper to load than a linear filter
 * (docs/design/0004). The oracle is libseccomp: tests compare verdicts for every number,
 * architecture and argument pattern.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef enum SeccompOp {
    SECCOMP_OP_NE,
    SECCOMP_OP_LT,
    SECCOMP_OP_LE,
    SECCOMP_OP_EQ,
    SECCOMP_OP_GE,
    SECCOMP_OP_GT,
    SECCOMP_OP_MASKED_EQ,
    SECCOMP_OP_INVALID,
} SeccompOp;

enum { SECCOMP_CONDITIONS_MAX = 6 }; /* per rule */

/* `argument op value`, unsigned, on all 64 bits; on the low 32 bits for the 32-bit ABIs (i386, arm
 * and x32). The kernel itself looks at 32 bits only where a parameter is an int: such a condition
 * should be MASKED_EQ with mask 0xffffffff, or a caller gets around it by setting a high bit. */
typedef struct SeccompCondition {
    uint32_t argument; /* 0 to 5 */
    uint32_t op;       /* SeccompOp */
    uint64_t value;
    uint64_t value_two; /* masked equal: the expected value under the mask `value` */
} SeccompCondition;

typedef struct SeccompRule {
    const char *syscall;
    uint32_t action;                    /* SECCOMP_RET_... with its data (errno, trace message) */
    const SeccompCondition *conditions; /* all must hold */
    size_t condition_count;
} SeccompRule;

/*
 * Several rules for one system call mean what they mean to libseccomp:
 *  - the first one without conditions decides, whatever conditional ones there are;
 *  - else the conditional ones are asked from the special to the general: a rule on a higher
 *    argument first, then equality before "less" before "greater", then the tighter bound;
 *  - an unconditional rule with the default action says nothing.
 * On i386 a rule for, say, socket also covers socketcall(SOCKET, ...). But socketcall's real
 * arguments are in memory, where no filter can look: a rule with conditions covers it only if its
 * action is stricter than the default one (libseccomp: always, with the first condition lost). A
 * rule that gives socketcall or ipc itself the default action keeps all others out of it.
 */
typedef struct SeccompPolicy {
    uint32_t default_action;
    uint32_t bad_architecture_action; /* for any other ABI; 0 is SECCOMP_RET_KILL_THREAD */
    uint32_t unknown_action; /* for numbers above the newest that a rule names, which may be newer
                                than the policy: a program should see "not there" (ENOSYS) and fall
                                back, not "forbidden". 0: as default */
    const uint32_t *architectures; /* AUDIT_ARCH_... or SECCOMP_ARCHITECTURE_X32; the native one is
                                      always included, those without a table are left out */
    size_t architecture_count;
    const SeccompRule *rules;
    size_t rule_count;
    StrBuf *ret_unknown; /* if not NULL: names that no ABI has, each followed by a blank. Rules for
                            them are ignored, so that newer profiles work */
} SeccompPolicy;

/* libseccomp's and the OCI's x32: AUDIT_ARCH_X86_64 without __AUDIT_ARCH_64BIT. */
#define SECCOMP_ARCHITECTURE_X32 0x4000003eU

typedef struct SeccompProgram {
    struct sock_filter *instructions; /* in the arena */
    uint16_t count;
} SeccompProgram;

/* -E2BIG (ERROR_LIMIT) above 4096 instructions; -EINVAL for a condition that makes no sense. The
 * same policy gives the same program on every host of the same architecture. The arena also serves
 * as scratch space (8 bytes per rule, 100 per conditional one): a heap of its own would cost more
 * than the compiling. */
int seccomp_compile(const SeccompPolicy *policy, Arena *arena, SeccompProgram *ret_program,
                    Error *error) MUST_CHECK;
/* SECCOMP_SET_MODE_FILTER; with SECCOMP_FILTER_FLAG_NEW_LISTENER the answer is the descriptor. */
int seccomp_load(const SeccompProgram *program, uint32_t flags, Error *error) MUST_CHECK;

/* The verdict of a program for one call, computed by interpretation: for tests and `explain`. */
uint32_t seccomp_evaluate(const SeccompProgram *program, uint32_t architecture, uint32_t number,
                          const uint64_t arguments[6]);

/* "SCMP_ACT_ERRNO" + errno, "SCMP_ARCH_X86_64", "SCMP_CMP_EQ", "SECCOMP_FILTER_FLAG_LOG": words of
 * runtime-spec config-linux.md#seccomp. Unknown words: -EINVAL. The errno goes into the action of
 * ERRNO and TRACE (at most 4095, or -ERANGE); for others it is not looked at. */
int seccomp_action_from_name(const char *name, uint32_t errno_value, uint32_t *ret_action);
int seccomp_architecture_from_name(const char *name, uint32_t *ret_architecture);
SeccompOp seccomp_op_from_name(const char *name);
int seccomp_flag_from_name(const char *name, uint32_t *ret_flag);
/* All words of a kind, for `features`: number `index`, NULL after the last. */
typedef enum SeccompWords {
    SECCOMP_WORDS_ACTIONS,
    SECCOMP_WORDS_OPERATORS,
    SECCOMP_WORDS_ARCHITECTURES,
    SECCOMP_WORDS_FLAGS,
} SeccompWords;
const char *seccomp_word(SeccompWords kind, size_t index);
/* The syscall's number on an architecture, or -1. */
int seccomp_syscall_number(uint32_t architecture, const char *name);
/* Is there such a call on any architecture we have heard of? */
bool seccomp_syscall_known(const char *name);
uint32_t seccomp_native_architecture(void);
