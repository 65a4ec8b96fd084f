/*
 * System call filters: seccomp(2), built by our own generator.
 *
 * Rules are collected by syscall, equal verdicts of neighbouring numbers are merged into ranges and
 * the ranges become a binary search tree in BPF: 5 to 10 times cheaper to load than a linear filter
 * (docs/design/). The oracle is libseccomp: tests compare verdicts for every number, architecture
 * and argument pattern.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef struct SeccompCondition {
    uint32_t argument; /* 0 to 5 */
    uint32_t op;       /* SeccompOp */
    uint64_t value;
    uint64_t value_two; /* masked equal: the expected value under the mask `value` */
} SeccompCondition;

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

typedef struct SeccompRule {
    const char *syscall;
    uint32_t action; /* SECCOMP_RET_... with its data (errno, trace message) */
    const SeccompCondition *conditions; /* all must hold */
    size_t condition_count;
} SeccompRule;

typedef struct SeccompPolicy {
    uint32_t default_action;
    const uint32_t *architectures; /* AUDIT_ARCH_...; the native one is always included */
    size_t architecture_count;
    const SeccompRule *rules; /* of several rules for one syscall the first that matches decides;
                                 an unconditional one beats conditional ones as libseccomp does */
    size_t rule_count;
    uint32_t unknown_action;  /* for numbers above the newest this generator knows; 0: as default */
} SeccompPolicy;

typedef struct SeccompProgram {
    struct sock_filter *instructions; /* in the arena */
    uint16_t count;
} SeccompProgram;

int seccomp_compile(const SeccompPolicy *policy, Arena *arena, SeccompProgram *ret_program,
                    Error *error) MUST_CHECK;
/* SECCOMP_SET_MODE_FILTER; with SECCOMP_FILTER_FLAG_NEW_LISTENER the answer is the descriptor. */
int seccomp_load(const SeccompProgram *program, uint32_t flags, Error *error) MUST_CHECK;

/* The verdict of a program for one call, computed by interpretation: for tests and `explain`. */
uint32_t seccomp_evaluate(const SeccompProgram *program, uint32_t architecture, uint32_t number,
                          const uint64_t arguments[6]);

/* "SCMP_ACT_ERRNO" + errno, "SCMP_ARCH_X86_64", "SCMP_CMP_EQ", "SECCOMP_FILTER_FLAG_LOG": words of
 * runtime-spec config-linux.md#seccomp. Unknown words: -EINVAL. */
int seccomp_action_from_name(const char *name, uint32_t errno_value, uint32_t *ret_action);
int seccomp_architecture_from_name(const char *name, uint32_t *ret_architecture);
SeccompOp seccomp_op_from_name(const char *name);
int seccomp_flag_from_name(const char *name, uint32_t *ret_flag);
/* The syscall's number on an architecture, or -1. */
int seccomp_syscall_number(uint32_t architecture, const char *name);
uint32_t seccomp_native_architecture(void);
