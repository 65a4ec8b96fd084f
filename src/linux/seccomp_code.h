/*
 * Writing a classic BPF program from its end to its beginning.
 *
 * BPF jumps only forward, so everything an instruction can jump to has been written before it: no
 * fix-ups, and each offset is known when it is needed. A label names the instruction written last
 * when the label was taken. Conditional jumps reach 255 instructions; what is farther gets a
 * return of its own or an unconditional jump in between.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { SECCOMP_CODE_MAX = BPF_MAXINSNS, SECCOMP_CODE_RETURNS = 16 };

typedef uint32_t SeccompLabel;

/* Large (32 KiB) and not cleared as a whole: seccomp_code_start() makes it valid. */
typedef struct SeccompCode {
    uint32_t count;         /* above SECCOMP_CODE_MAX: too long, nothing more is written */
    uint32_t returns_count; /* remembered return instructions, to be shared */
    struct {
        uint32_t action;
        SeccompLabel label;
    } returns[SECCOMP_CODE_RETURNS];
    struct sock_filter instructions[SECCOMP_CODE_MAX]; /* filled from the end */
} SeccompCode;

void seccomp_code_start(SeccompCode *code);

/* A plain instruction (load, AND). */
SeccompLabel seccomp_code_add(SeccompCode *code, uint16_t op, uint32_t k);
/* A return, an earlier one if it is near enough to be jumped to. */
SeccompLabel seccomp_code_return(SeccompCode *code, uint32_t action);
/* `op` is BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET: compares the accumulator with k. */
SeccompLabel seccomp_code_jump(SeccompCode *code, uint16_t op, uint32_t k, SeccompLabel yes,
                               SeccompLabel no);
/* Makes `label` what is executed next, by an unconditional jump unless it is the next anyway. */
SeccompLabel seccomp_code_goto(SeccompCode *code, SeccompLabel label);

/* The first instruction of the finished program; code->count many. */
const struct sock_filter *seccomp_code_first(const SeccompCode *code);
