/* base/error: how messages are built, cut and wrapped, and what status a shell sees. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void error_set_fills_and_returns_negative(void **state)
{
    (void)state;
    Error error = { 0 };
    assert_int_equal(error_set(&error, ERROR_USAGE, EINVAL, "--cpus: '%s'", "x"), -EINVAL);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_int_equal(error.code, EINVAL);
    assert_string_equal(error.message, "--cpus: 'x'");
    assert_int_equal(error_set(NULL, ERROR_USAGE, -ENOENT, "not kept"), -ENOENT);
}

static void error_errno_maps_kinds(void **state)
{
    (void)state;
    static const struct {
        int code;
        ErrorKind kind;
    } rows[] = {
        { ENOENT, ERROR_NOT_FOUND },   { EEXIST, ERROR_CONFLICT }, { EACCES, ERROR_DENIED },
        { ENOSYS, ERROR_UNSUPPORTED }, { EDQUOT, ERROR_LIMIT },    { EIO, ERROR_SYSTEM },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Error error = { 0 };
        assert_int_equal(error_errno(&error, rows[i].code, "mount"), -rows[i].code);
        assert_int_equal(error.kind, rows[i].kind);
    }
    Error error = { 0 };
    (void)error_errno(&error, EPERM, "mount on /%s", "proc");
    assert_string_equal(error.message, "mount on /proc: Operation not permitted");
}

static void error_wrap_puts_the_context_before(void **state)
{
    (void)state;
    Error error = { 0 };
    (void)error_set(&error, ERROR_LIMIT, ENOSPC, "write");
    assert_int_equal(error_wrap(&error, "mounts[%d]", 3), -ENOSPC);
    assert_string_equal(error.message, "mounts[3]: write");
}

static void error_messages_are_cut_not_refused(void **state)
{
    (void)state;
    char text[3 * ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    Error error = { 0 };
    (void)error_set(&error, ERROR_SYSTEM, EIO, "%s", text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
    (void)error_wrap(&error, "%s", text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
    (void)error_errno(&error, EIO, "%s", text);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
}

static void error_keeps_where_and_why(void **state)
{
    (void)state;
    char path[2 * ERROR_MESSAGE_SIZE];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    Error error = { 0 };
    (void)error_errno(&error, ENOENT, "open %s", path);
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
    assert_memory_equal(error.message, "open xxx", 8);
    assert_non_null(strstr(error.message, "xxx: No such file or directory"));
    (void)error_wrap(&error, "mounts[3]");
    assert_int_equal(strlen(error.message), ERROR_MESSAGE_SIZE - 1);
    assert_memory_equal(error.message, "mounts[3]: open xxx", 19);
    assert_non_null(strstr(error.message, "xxx...x"));
    assert_string_equal(strrchr(error.message, ':'), ": No such file or directory");
}

static void error_exit_statuses_are_those_people_expect(void **state)
{
    (void)state;
    assert_int_equal(error_exit_status(&(Error){ .kind = ERROR_USAGE }), 125);
    assert_int_equal(error_exit_status(&(Error){ .kind = ERROR_NOT_EXECUTABLE }), 126);
    assert_int_equal(error_exit_status(&(Error){ .kind = ERROR_NO_COMMAND }), 127);
    for (ErrorKind kind = ERROR_NONE; kind < ERROR_KIND_MAX; kind++)
        assert_non_null(error_kind_name(kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_set_fills_and_returns_negative),
        cmocka_unit_test(error_errno_maps_kinds),
        cmocka_unit_test(error_wrap_puts_the_context_before),
        cmocka_unit_test(error_messages_are_cut_not_refused),
        cmocka_unit_test(error_keeps_where_and_why),
        cmocka_unit_test(error_exit_statuses_are_those_people_expect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
