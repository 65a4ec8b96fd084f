/*
 * Capabilities as a container's runtime gives them up: the bounding set, the ids, then the others.
 */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/capability.h"

#define BIT(capability) (1ULL << (capability))

#define EXPECT(condition)    \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

static bool equal(const CapabilitySets *a, const CapabilitySets *b)
{
    return a->bounding == b->bounding && a->effective == b->effective &&
           a->permitted == b->permitted && a->inheritable == b->inheritable &&
           a->ambient == b->ambient;
}

static int drop_as(uid_t uid, const CapabilitySets *wanted)
{
    CapabilitySets got;
    Error error = { 0 };
    EXPECT(capability_apply_bounding(wanted, &error) == 0);
    EXPECT(capability_keep(true, &error) == 0);
    EXPECT(setresuid(uid, uid, uid) == 0);
    EXPECT(capability_apply(wanted, &error) == 0);
    EXPECT(capability_get(&got, &error) == 0);
    EXPECT(equal(&got, wanted));
    /* What is out of the bounding set stays out. */
    CapabilitySets more = *wanted;
    more.permitted |= BIT(CAP_SYS_ADMIN);
    more.effective = more.permitted;
    EXPECT(capability_apply(&more, &error) == -EPERM);
    return 0;
}

static int drop_as_root(void)
{
    uint64_t set = BIT(CAP_CHOWN) | BIT(CAP_SETPCAP) | BIT(CAP_SETUID) | BIT(CAP_SYS_CHROOT);
    const CapabilitySets sets = { .bounding = set, .effective = set, .permitted = set };
    return drop_as(0, &sets);
}

static int drop_as_user(void)
{
    uint64_t set = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_CHOWN);
    const CapabilitySets sets = { .bounding = set | BIT(CAP_KILL),
                                  .effective = BIT(CAP_CHOWN),
                                  .permitted = set,
                                  .inheritable = set,
                                  .ambient = BIT(CAP_NET_BIND_SERVICE) };
    return drop_as(12345, &sets);
}

static int drop_all(void)
{
    const CapabilitySets none = { 0 };
    return drop_as(0, &none);
}

static void check(int (*child)(void))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int line = child();
        if (line)
            (void)fprintf(stderr, "line %d\n", line);
        _exit(line != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_root(void **state UNUSED)
{
    check(drop_as_root);
}

static void test_user(void **state UNUSED)
{
    check(drop_as_user);
}

static void test_none(void **state UNUSED)
{
    check(drop_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
