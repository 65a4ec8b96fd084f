/*
 * Programs at work: loaded into the kernel, or run here for tests and `explain`.
 *
 * seccomp_evaluate() knows only the instructions that the kernel allows in a filter and we or
 * libseccomp generate; anything else, like a jump out of the program, ends as KILL_PROCESS.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/seccomp.h"

int seccomp_load(const SeccompProgram *program, uint32_t flags, Error *error)
{
    struct sock_fprog kernel_program = { program->count, program->instructions };
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &kernel_program);
    if (r < 0)
        return error_errno(error, errno, "seccomp: load a filter of %u instructions, flags 0x%x",
                           program->count, flags);
    if (r > 0 && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "seccomp: thread %ld has a filter of its own that cannot be merged", r);
    return (int)r;
}

/* A word of the data at a byte offset; false outside or unaligned, as the kernel checks. */
static bool run_load(const struct seccomp_data *data, uint32_t offset, uint32_t *ret_word)
{
    if (offset % sizeof(uint32_t) || offset > sizeof(*data) - sizeof(uint32_t))
        return false;
    memcpy(ret_word, (const char *)data + offset, sizeof(*ret_word));
    return true;
}

/* The offset of a jump from the next instruction. */
static uint32_t run_jump(const struct sock_filter *i, uint32_t a)
{
    bool yes = false;
    switch (BPF_OP(i->code)) {
    case BPF_JA: return i->k;
    case BPF_JEQ: yes = a == i->k; break;
    case BPF_JGT: yes = a > i->k; break;
    case BPF_JGE: yes = a >= i->k; break;
    case BPF_JSET: yes = a & i->k; break;
    default: return UINT16_MAX; /* out of any program */
    }
    return yes ? i->jt : i->jf;
}

uint32_t seccomp_evaluate(const SeccompProgram *program, uint32_t architecture, uint32_t number,
                          const uint64_t arguments[6])
{
    struct seccomp_data data = { .nr = (int)number, .arch = architecture };
    memcpy(data.args, arguments, sizeof(data.args));
    uint32_t a = 0;

    for (uint64_t pc = 0; pc < program->count; pc++) {
        const struct sock_filter *i = &program->instructions[pc];
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (!run_load(&data, i->k, &a))
                return SECCOMP_RET_KILL_PROCESS;
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
        case BPF_RET | BPF_K: return i->k;
        default:
            if (BPF_CLASS(i->code) != BPF_JMP)
                return SECCOMP_RET_KILL_PROCESS;
            pc += run_jump(i, a);
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}
