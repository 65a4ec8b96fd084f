/*
 * What options of unshare imply and exclude; blocks of subordinate ids.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/idrange.h"
#include "engine/unshare.h"
#include "engine/unshare_ids.h"
#include "linux/clone.h"

static RequestNamespaceMode mode_after(UnshareRequest request, NamespaceType type)
{
    Error error = { 0 };
    assert_int_equal(unshare_complete(&request, &error), 0);
    return request.namespaces[type].mode;
}

static void test_options_imply_namespaces(void **state)
{
    (void)state;
    const struct {
        UnshareRequest request;
        NamespaceType type;
    } rows[] = {
        { { .map = UNSHARE_MAP_ROOT }, NAMESPACE_USER },
        { { .map = UNSHARE_MAP_AUTO }, NAMESPACE_USER },
        { { .mount_proc = true }, NAMESPACE_MOUNT },
        { { .root = "/srv" }, NAMESPACE_MOUNT },
        { { .hostname = "x" }, NAMESPACE_UTS },
        { { .set_clocks = true }, NAMESPACE_TIME },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int type = 0; type < NAMESPACE_MAX; type++)
            assert_int_equal(mode_after(rows[i].request, (NamespaceType)type),
                             type == (int)rows[i].type ? REQUEST_NAMESPACE_PRIVATE
                                                       : REQUEST_NAMESPACE_DEFAULT);
}

static void test_contradictions(void **state)
{
    (void)state;
    Error error = { 0 };
    UnshareRequest nothing = { 0 };
    assert_true(unshare_complete(&nothing, &error) < 0);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.message, "nothing to unshare"));

    UnshareRequest host = { .namespaces[NAMESPACE_NET].mode = REQUEST_NAMESPACE_HOST };
    assert_true(unshare_complete(&host, &error) < 0);

    UnshareRequest joined = { .hostname = "x",
                              .namespaces[NAMESPACE_UTS] = { REQUEST_NAMESPACE_PATH, "/run/uts" } };
    assert_true(unshare_complete(&joined, &error) < 0);
    assert_string_equal(error.message, "--hostname needs a new uts namespace");

    UnshareRequest path = { .namespaces[NAMESPACE_NET] = { REQUEST_NAMESPACE_PATH, "/run/n" } };
    assert_int_equal(mode_after(path, NAMESPACE_NET), REQUEST_NAMESPACE_PATH);
}

static void test_subordinate_ids(void **state)
{
    (void)state;
    static const char text[] = "# comment\n"
                               "root:1:2:3\n"
                               "ann:x:65536\n"
                               "ann:100000:0\n"
                               "ann:4294967295:65536\n"
                               "ann:165536:65536\n"
                               "1001:300000:1000\n"
                               "ann:999999:1\n";
    uint32_t first = 0, count = 0;
    assert_true(unshare_ids_find_block(text, "ann", 1000, &first, &count));
    assert_int_equal(first, 165536);
    assert_int_equal(count, 65536);
    assert_true(unshare_ids_find_block(text, NULL, 1001, &first, &count));
    assert_int_equal(first, 300000);
    assert_false(unshare_ids_find_block(text, "root", 0, &first, &count));
    assert_false(unshare_ids_find_block("", "ann", 1000, &first, &count));
}

static void test_ids_owned_by_a_process(void **state)
{
    (void)state;
    char owner[IDRANGE_OWNER_SIZE];
    uint64_t ticks;
    assert_int_equal(clone_start_time(getpid(), &ticks), 0);
    idrange_process_owner(getpid(), ticks, owner);
    assert_true(idrange_process_lives(owner));
    idrange_process_owner(getpid(), ticks + 1, owner); /* the pid is used again */
    assert_false(idrange_process_lives(owner));
    assert_false(idrange_process_lives("0123456789abcdef"));
    assert_false(idrange_process_lives("process-x-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_imply_namespaces),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_subordinate_ids),
        cmocka_unit_test(test_ids_owned_by_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
