/*
 * A label is the count of instructions after writing its instruction, so label 1 is the last one
 * of the program. Invariant: label <= count. Trap: adding an instruction moves everything written
 * before it one farther away, so reach is checked again after each helper instruction.
 */
#include "linux/seccomp_code.h"

#include <stdbool.h>

enum { REACH = 255 }; /* the largest offset of a conditional jump */

void seccomp_code_start(SeccompCode *code)
{
    code->count = 0;
    code->returns_count = 0;
}

static struct sock_filter *code_at(SeccompCode *code, SeccompLabel label)
{
    return &code->instructions[SECCOMP_CODE_MAX - label];
}

/* How many instructions one that is written now would have to skip. */
static uint32_t code_offset(const SeccompCode *code, SeccompLabel label)
{
    return code->count - label;
}

static SeccompLabel code_put(SeccompCode *code, uint16_t op, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (code->count >= SECCOMP_CODE_MAX) {
        code->count = SECCOMP_CODE_MAX + 1;
        return 1;
    }
    code->count++;
    *code_at(code, code->count) = (struct sock_filter){ op, jt, jf, k };
    return code->count;
}

SeccompLabel seccomp_code_add(SeccompCode *code, uint16_t op, uint32_t k)
{
    return code_put(code, op, k, 0, 0);
}

static SeccompLabel code_new_return(SeccompCode *code, uint32_t action)
{
    return code_put(code, BPF_RET | BPF_K, action, 0, 0);
}

SeccompLabel seccomp_code_return(SeccompCode *code, uint32_t action)
{
    uint32_t i = 0;
    while (i < code->returns_count && code->returns[i].action != action)
        i++;
    if (i < code->returns_count && code_offset(code, code->returns[i].label) <= REACH)
        return code->returns[i].label;

    SeccompLabel label = code_new_return(code, action);
    if (i == SECCOMP_CODE_RETURNS)
        i = 0; /* many different actions: some will not be shared */
    else if (i == code->returns_count)
        code->returns_count++;
    code->returns[i].action = action;
    code->returns[i].label = label;
    return label;
}

SeccompLabel seccomp_code_goto(SeccompCode *code, SeccompLabel label)
{
    if (code_offset(code, label) == 0)
        return label;
    const struct sock_filter *target = code_at(code, label);
    if (target->code == (BPF_RET | BPF_K))
        return code_new_return(code, target->k);
    return code_put(code, BPF_JMP | BPF_JA, code_offset(code, label), 0, 0);
}

static SeccompLabel code_near(SeccompCode *code, SeccompLabel label)
{
    return code_offset(code, label) <= REACH ? label : seccomp_code_goto(code, label);
}

SeccompLabel seccomp_code_jump(SeccompCode *code, uint16_t op, uint32_t k, SeccompLabel yes,
                               SeccompLabel no)
{
    if (yes == no)
        return seccomp_code_goto(code, yes);
    if (code->count + 3 > SECCOMP_CODE_MAX) {
        code->count = SECCOMP_CODE_MAX + 1;
        return 1;
    }
    yes = code_near(code, yes);
    no = code_near(code, no);
    yes = code_near(code, yes); /* `no` may have pushed it out of reach */
    return code_put(code, BPF_JMP | op | BPF_K, k, (uint8_t)code_offset(code, yes),
                    (uint8_t)code_offset(code, no));
}

const struct sock_filter *seccomp_code_first(const SeccompCode *code)
{
    return &code->instructions[SECCOMP_CODE_MAX - code->count];
}
