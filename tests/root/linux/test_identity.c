/*
 * Changes of identity by root and by the root of a user namespace, told by /proc/PID/status.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "denial.h"
#include "linux/identity.h"
#include "linux/idmap.h"
#include "linux/namespace.h"
#include "linux/process.h"

static void run(DenialCheck *check)
{
    char text[DENIAL_TEXT_SIZE];
    if (geteuid() != 0) {
        print_message("SKIP: needs root\n");
        skip();
    }
    if (denial_run(NULL, check, NULL, text) < 0)
        fail_msg("%s", text);
}

static int check_become(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    ProcessStatus status;
    const gid_t groups[] = { 5, 4000000000 };
    identity_set_umask(0137);
    DENIAL_CHECK(identity_new_keyring("ambit-test", &error) == 0);
    DENIAL_CHECK(identity_set_groups(groups, 2, &error) == 0);
    DENIAL_CHECK(identity_set_gid(77, &error) == 0);
    DENIAL_CHECK(identity_set_uid(88, &error) == 0);
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    DENIAL_CHECK(process_status(proc, &arena, &status, &error) == 0);
    for (int i = 0; i < 4; i++)
        DENIAL_CHECK(status.uid[i] == 88 && status.gid[i] == 77);
    DENIAL_CHECK(status.group_count == 2 && status.groups[1] == 4000000000);
    DENIAL_CHECK(status.umask == 0137);
    DENIAL_CHECK(prctl(PR_GET_DUMPABLE) != 1); /* the ids changed */
    DENIAL_CHECK(identity_set_uid(0, &error) == -EPERM);
    DENIAL_CHECK(identity_set_groups(NULL, 0, &error) == -EPERM);
    return 0;
}

static void test_become(void **state)
{
    (void)state;
    run(check_become);
}

/* Inside a user namespace only mapped ids can be had. */
static int check_mapped(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    const IdRange map = { 0, 700000, 100 };
    uint64_t id = 0, owner_id = 1;
    int userns CLEANUP(fd_closep) = idmap_make_userns(&map, 1, &map, 1, &error);
    DENIAL_CHECK(userns >= 0);
    DENIAL_CHECK(namespace_type(userns, &error) == NAMESPACE_USER);
    int outer CLEANUP(fd_closep) = namespace_open(0, NAMESPACE_USER, &error);
    int outer_uts CLEANUP(fd_closep) = namespace_open(0, NAMESPACE_UTS, &error);
    DENIAL_CHECK(namespace_is_ruled_by(outer_uts, outer));
    DENIAL_CHECK(!namespace_is_ruled_by(outer_uts, userns));
    DENIAL_CHECK(namespace_join(userns, NAMESPACE_USER, &error) == 0);
    DENIAL_CHECK(namespace_join(userns, NAMESPACE_USER, &error) == -EINVAL);
    DENIAL_CHECK(strstr(error.message, "must not be in it already") != NULL);
    const gid_t known[] = { 99 }, unknown[] = { 100 };
    DENIAL_CHECK(identity_set_groups(unknown, 1, &error) == -EINVAL);
    DENIAL_CHECK(identity_set_groups(known, 1, &error) == 0);
    DENIAL_CHECK(identity_set_gid(100, &error) == -EINVAL);
    DENIAL_CHECK(identity_set_gid(0, &error) == 0 && identity_set_uid(0, &error) == 0);
    /* A namespace made here belongs to this user namespace. */
    DENIAL_CHECK(unshare(CLONE_NEWUTS) == 0);
    int uts CLEANUP(fd_closep) = namespace_open(0, NAMESPACE_UTS, &error);
    int owner CLEANUP(fd_closep) = namespace_owner(uts, &error);
    DENIAL_CHECK(owner >= 0 && namespace_id(owner, &owner_id, &error) == 0);
    DENIAL_CHECK(namespace_id(userns, &id, &error) == 0 && id == owner_id);
    DENIAL_CHECK(namespace_is_ruled_by(uts, userns));
    return 0;
}

static void test_mapped(void **state)
{
    (void)state;
    run(check_mapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_become),
        cmocka_unit_test(test_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
