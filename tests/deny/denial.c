/*
 * Denials are rules of our own seccomp generator over a default of "allow". no_new_privs is set
 * only where the kernel insists on it, so that root's tests stay what they are.
 */
#include "denial.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/seccomp.h"

static const struct {
    const char *name;
    uint32_t code;
} denial_errnos[] = {
    { "EACCES", EACCES },         { "EAGAIN", EAGAIN }, { "EBADF", EBADF },   { "EBUSY", EBUSY },
    { "EEXIST", EEXIST },         { "EINTR", EINTR },   { "EINVAL", EINVAL }, { "EIO", EIO },
    { "EMFILE", EMFILE },         { "ENFILE", ENFILE }, { "ENODEV", ENODEV }, { "ENOENT", ENOENT },
    { "ENOMEM", ENOMEM },         { "ENOSPC", ENOSPC }, { "ENOSYS", ENOSYS }, { "ENOTTY", ENOTTY },
    { "EOPNOTSUPP", EOPNOTSUPP }, { "EPERM", EPERM },   { "EROFS", EROFS },   { "ESRCH", ESRCH },
    { "EXDEV", EXDEV },
};

static int denial_errno(const char *word, uint32_t *ret_code)
{
    for (size_t i = 0; i < ARRAY_LEN(denial_errnos); i++)
        if (str_eq(word, denial_errnos[i].name)) {
            *ret_code = denial_errnos[i].code;
            return 0;
        }
    return str_to_u32(word, ret_code);
}

/* "fsconfig/1:5=EINVAL" */
static int denial_rule(Arena *arena, const char *text, SeccompRule *rule, Error *error)
{
    StrList sides = strlist_split(arena, text, '=');
    uint32_t code;
    if (sides.count != 2 || denial_errno(sides.items[1], &code) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" is not CALL=ERRNO", text);

    StrList call = strlist_split(arena, sides.items[0], '/');
    rule->syscall = call.items[0];
    rule->action = SECCOMP_RET_ERRNO | code;
    if (seccomp_syscall_number(seccomp_native_architecture(), rule->syscall) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" is no system call", rule->syscall);
    if (call.count == 1)
        return 0;

    SeccompCondition *condition = arena_alloc(arena, sizeof(*condition));
    StrList words = strlist_split(arena, call.items[1], ':');
    condition->op = SECCOMP_OP_EQ;
    rule->conditions = condition;
    rule->condition_count = 1;
    if (call.count != 2 || words.count != 2 ||
        str_to_u32(words.items[0], &condition->argument) < 0 || condition->argument > 5 ||
        str_to_u64(words.items[1], &condition->value) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" is not CALL/ARGUMENT:VALUE=ERRNO",
                         text);
    return 0;
}

int denial_install(const char *text, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    SeccompRule *rules = NULL;
    SeccompPolicy policy = { .default_action = SECCOMP_RET_ALLOW,
                             .bad_architecture_action = SECCOMP_RET_ALLOW };
    StrList items = strlist_split(&arena, text, ',');
    for (size_t i = 0; i < items.count; i++) {
        SeccompRule *rule = arena_append(&arena, &rules, &policy.rule_count, sizeof(*rule));
        int r = denial_rule(&arena, items.items[i], rule, error);
        if (r < 0)
            return r;
    }
    policy.rules = rules;

    SeccompProgram program;
    int r = seccomp_compile(&policy, &arena, &program, error);
    if (r == 0)
        r = seccomp_load(&program, 0, error);
    if ((r == -EACCES || r == -EPERM) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        r = seccomp_load(&program, 0, error);
    return r;
}

int denial_run(const char *denial, DenialCheck *check, void *context, char text[DENIAL_TEXT_SIZE])
{
    int ends[2], status = 0;
    text[0] = '\0';
    if (pipe(ends) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        Error error = { 0 };
        (void)close(ends[0]);
        int r = denial ? denial_install(denial, &error) : 0;
        if (r < 0)
            (void)snprintf(text, DENIAL_TEXT_SIZE, "%s", error.message);
        else
            r = check(context, text);
        (void)!fd_write_all(ends[1], text, DENIAL_TEXT_SIZE);
        _exit(r < 0 ? 1 : 0);
    }
    (void)close(ends[1]);
    ssize_t n = pid < 0 ? -1 : read(ends[0], text, DENIAL_TEXT_SIZE);
    (void)close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || n != DENIAL_TEXT_SIZE || status != 0) {
        if (!text[0])
            (void)snprintf(text, DENIAL_TEXT_SIZE, "the child ended with status 0x%x", status);
        return -1;
    }
    return 0;
}
