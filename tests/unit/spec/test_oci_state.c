/*
 * The documents that the runtime writes: state and features, there and back, and what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "spec/oci_features.h"
#include "spec/oci_state.h"

static void test_state(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    size_t size;
    char *text = sample_read(&arena, "state-full.json", &size);
    OciState document;
    assert_int_equal(oci_state_parse(&arena, text, size, &document, &error), 0);
    assert_int_equal(document.status, OCI_STATUS_RUNNING);
    assert_int_equal(document.pid, 4711);
    oci_state_encode(&document, true, &out);
    assert_string_equal(out.data, text);

    /* What hooks read: nothing of runc's additions, the pid even when there is none. */
    OciState small = { "1.3.0", "id", OCI_STATUS_STOPPED, 0, "/b" };
    strbuf_clear(&out);
    oci_state_encode(&small, false, &out);
    assert_string_equal(out.data, "{\"ociVersion\":\"1.3.0\",\"id\":\"id\",\"status\":\"stopped\","
                                  "\"pid\":0,\"bundle\":\"/b\"}");
    assert_string_equal(oci_state_status_name(OCI_STATUS_CREATING), "creating");
    assert_string_equal(oci_state_status_name(OCI_STATUS_PAUSED), "paused");
}

static void test_state_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } refused[] = {
        { "{]", "line 1, column 2: expected a key, found ']'" },
        { "{\"ociVersion\":\"1\",\"id\":\"a\",\"bundle\":\"/b\"}",
          "status: required, but missing" },
        { "{\"status\":\"dead\"}",
          "status: found \"dead\", expected one of creating, created, running, stopped, paused" },
        { "{\"pid\":-1}", "pid: expected an integer from 0 to 2147483647, found -1" },
        { "{\"id\":\"\"}", "id: expected a text that is not empty, found \"\"" },
        { "{\"bundle\":\"b\"}", "bundle: expected an absolute path, found \"b\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Error error = { 0 };
        OciState document;
        const char *text = refused[i].text;
        assert_int_equal(oci_state_parse(&arena, text, strlen(text), &document, &error), -EINVAL);
        assert_string_equal(error.message, refused[i].message);
    }
}

static void test_process_state(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    OciProcessState document = {
        .oci_version = "1.3.0",
        .pid = 7,
        .metadata = "m",
        .state = { "1.3.0", "id", OCI_STATUS_CREATING, 7, "/b" },
    };
    strlist_append(&arena, &document.fds, "seccompFd");
    field_print(&oci_state_process_table, &document, false, &out);
    assert_string_equal(out.data,
                        "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,"
                        "\"metadata\":\"m\",\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"id\","
                        "\"status\":\"creating\",\"pid\":7,\"bundle\":\"/b\"}}");
}

static void test_features(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    size_t size;
    char *text = sample_read(&arena, "features-full.json", &size);
    OciFeatures features;
    assert_int_equal(oci_features_parse(&arena, text, size, &features, &error), 0);
    assert_true(features.linux->cgroup->systemd.set && !features.linux->cgroup->systemd.value);
    oci_features_encode(&features, true, &out);
    assert_string_equal(out.data, text);
    text = arena_strdup(&arena, "{\"ociVersionMin\":\"1.0.0\"}");
    assert_int_equal(oci_features_parse(&arena, text, strlen(text), &features, &error), -EINVAL);
    assert_string_equal(error.message, "ociVersionMax: required, but missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_state_refused),
        cmocka_unit_test(test_process_state),
        cmocka_unit_test(test_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
