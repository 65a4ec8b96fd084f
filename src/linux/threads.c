/*
 * Of several filters' answers the strictest counts, and of equally strict ones the newest filter's
 * (seccomp(2)): so an errno can be replaced by another errno, and by nothing that is weaker.
 */
#include "linux/threads.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "linux/identity.h"
#include "linux/seccomp.h"
#include "linux/syscalls.h"

int threads_prepare(Error *error)
{
    if (sys_clone3(NULL, 0) == 0 || errno != EPERM) /* EINVAL where it is there */
        return 0;
    const SeccompRule missing = { .syscall = "clone3", .action = SECCOMP_RET_ERRNO | ENOSYS };
    const SeccompPolicy policy = {
        .default_action = SECCOMP_RET_ALLOW,
        .bad_architecture_action = SECCOMP_RET_ALLOW,
        .rules = &missing,
        .rule_count = 1,
    };
    Arena arena CLEANUP(arena_done) = { 0 };
    SeccompProgram program;
    int r = seccomp_compile(&policy, &arena, &program, error);
    if (r == 0)
        r = seccomp_load(&program, 0, error);
    if (r == -EACCES) {
        error_clear(error);
        r = identity_set_no_new_privs(error);
        if (r == 0)
            r = seccomp_load(&program, 0, error);
    }
    return r;
}
