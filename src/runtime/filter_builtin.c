/*
 * The program comes from filter_tool.c, which runs filter_compile during the build; where the
 * build cannot run what it compiles, the table is empty and the profile is compiled at run time. A
 * unit test compares the two.
 */
#include "runtime/filter_builtin.h"

#include <linux/filter.h>

#include "spec/seccomp_default.h"

static const struct sock_filter builtin_program[] = {
#include "runtime/filter_builtin.inc"
};

bool filter_builtin(const SpecSeccomp *seccomp, SeccompProgram *ret_program)
{
    if (ARRAY_LEN(builtin_program) < 2 || !seccomp_default_is_usual(seccomp))
        return false;
    /* Nobody writes to a finished program; seccomp(2) wants a pointer that could. */
    ret_program->instructions = (struct sock_filter *)builtin_program;
    ret_program->count = ARRAY_LEN(builtin_program);
    return true;
}
