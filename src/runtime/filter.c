/*
 * Where the ready program of the built-in profile and the compiling of all others meet.
 */
#include "runtime/filter.h"

#include <linux/seccomp.h>

#include "runtime/filter_builtin.h"
#include "runtime/filter_translate.h"

int filter_compile(const SpecSeccomp *seccomp, Arena *arena, SeccompProgram *ret_program,
                   uint32_t *ret_flags, Error *error)
{
    if (filter_builtin(seccomp, ret_program)) {
        *ret_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        return 0;
    }
    return filter_translate(seccomp, arena, ret_program, ret_flags, error);
}

void filter_unknown_names(const SpecSeccomp *seccomp, StrBuf *ret_names)
{
    for (size_t i = 0; i < seccomp->syscalls.count; i++) {
        const StrList *names = &seccomp->syscalls.items[i].names;
        for (size_t n = 0; n < names->count; n++) {
            if (!seccomp_syscall_known(names->items[n]))
                strbuf_printf(ret_names, "%s ", names->items[n]);
        }
    }
}
