/* runtime/scope, runtime/gvariant: what a container is to systemd, without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/gvariant.h"
#include "runtime/scope.h"

/* "name signature value" of one property, or NULL. */
static const char *property_of(const UnitProperties *properties, const char *name, Arena *arena)
{
    for (size_t i = properties->count; i-- > 0;) { /* systemd takes the last */
        const UnitProperty *property = &properties->items[i];
        if (!str_eq(property->name, name))
            continue;
        StrBuf text = { 0 };
        JsonWriter writer = { .text = &text };
        json_write_value(&writer, property->value);
        const char *told = arena_printf(arena, "%s %s", property->signature, strbuf_text(&text));
        strbuf_done(&text);
        return told;
    }
    return NULL;
}

static int build(const char *resources, ScopeInput input, Arena *arena, Scope *scope, Error *error)
{
    SpecResources *parsed;
    assert_int_equal(spec_resources_parse(arena, resources, strlen(resources), &parsed, error), 0);
    input.resources = parsed;
    return scope_build(&input, arena, scope, error);
}

typedef struct Row {
    const char *resources, *name, *value;
} Row;

static void check_rows(const Row *rows, size_t count, CgroupMode mode)
{
    for (size_t i = 0; i < count; i++) {
        Arena arena = { 0 };
        Error error = { 0 };
        Scope scope;
        assert_int_equal(build(rows[i].resources, (ScopeInput){ .id = "c", .mode = mode }, &arena,
                               &scope, &error),
                         0);
        const char *told = property_of(&scope.properties, rows[i].name, &arena);
        if (!rows[i].value)
            assert_null(told);
        else
            assert_string_equal(told ? told : "missing", rows[i].value);
        arena_done(&arena);
    }
}

static void test_limits_become_properties(void **state)
{
    (void)state;
    static const Row v2[] = {
        { "{\"memory\":{\"limit\":67108864}}", "MemoryMax", "t 67108864" },
        { "{\"memory\":{\"limit\":-1}}", "MemoryMax", "t 18446744073709551615" },
        { "{\"memory\":{\"limit\":100,\"swap\":300}}", "MemorySwapMax", "t 200" },
        { "{\"memory\":{\"reservation\":5}}", "MemoryLow", "t 5" },
        { "{\"memory\":{\"limit\":5}}", "MemorySwapMax", NULL },
        { "{\"cpu\":{\"shares\":1024}}", "CPUWeight", "t 100" },
        { "{\"cpu\":{\"idle\":1}}", "CPUWeight", "t 0" },
        { "{\"cpu\":{\"quota\":50000,\"period\":100000}}", "CPUQuotaPerSecUSec", "t 500000" },
        { "{\"cpu\":{\"quota\":50000,\"period\":50000}}", "CPUQuotaPeriodUSec", "t 50000" },
        { "{\"cpu\":{\"quota\":1234}}", "CPUQuotaPerSecUSec", "t 20000" },
        { "{\"cpu\":{\"quota\":-1}}", "CPUQuotaPerSecUSec", "t 18446744073709551615" },
        { "{\"cpu\":{\"cpus\":\"0-2,9\"}}", "AllowedCPUs", "ay [7,2]" },
        { "{\"cpu\":{\"mems\":\"0\"}}", "AllowedMemoryNodes", "ay [1]" },
        { "{\"pids\":{\"limit\":33}}", "TasksMax", "t 33" },
        { "{\"pids\":{\"limit\":-1}}", "TasksMax", "t 18446744073709551615" },
        { "{\"blockIO\":{\"weight\":1000}}", "IOWeight", "t 10000" },
        { "{\"unified\":{\"memory.high\":\"9\"}}", "MemoryHigh", "t 9" },
        { "{\"unified\":{\"memory.oom.group\":\"1\"}}", "MemoryHigh", NULL },
        { "{}", "Delegate", "b true" },
    };
    static const Row v1[] = {
        { "{\"memory\":{\"limit\":67108864}}", "MemoryLimit", "t 67108864" },
        { "{\"cpu\":{\"shares\":512}}", "CPUShares", "t 512" },
        { "{\"cpu\":{\"quota\":50000,\"period\":100000}}", "CPUQuotaPerSecUSec", "t 500000" },
        { "{\"cpu\":{\"cpus\":\"0\"}}", "AllowedCPUs", NULL },
        { "{\"pids\":{\"limit\":33}}", "TasksMax", "t 33" },
    };
    check_rows(v2, ARRAY_LEN(v2), CGROUP_V2);
    check_rows(v1, ARRAY_LEN(v1), CGROUP_V1);
}

static void test_devices(void **state)
{
    (void)state;
    static const Row rows[] = {
        { "{}", "DevicePolicy", "s \"auto\"" },
        { "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}", "DevicePolicy", "s \"auto\"" },
        { "{\"devices\":[{\"allow\":false}]}", "DeviceAllow", "a(ss) []" },
        { "{\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,"
          "\"access\":\"rw\"},{\"allow\":true,\"type\":\"c\",\"major\":136,\"access\":\"rwm\"},"
          "{\"allow\":true,\"type\":\"b\",\"access\":\"m\"}]}",
          "DeviceAllow",
          "a(ss) [[\"/dev/char/1:3\",\"rw\"],[\"char-136\",\"rwm\"],[\"block-*\",\"m\"]]" },
    };
    check_rows(rows, ARRAY_LEN(rows), CGROUP_V2);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool user;
        const char *unit, *slice; /* NULL: refused */
    } rows[] = {
        { NULL, false, "ambit-c.scope", "s \"system.slice\"" },
        { "", true, "ambit-c.scope", "s \"user.slice\"" },
        { "machine.slice:libpod:abc", false, "libpod-abc.scope", "s \"machine.slice\"" },
        { ":p:n", true, "p-n.scope", "s \"user.slice\"" },
        { "a.slice::n", false, "n.scope", "s \"a.slice\"" },
        { "/a/b", false, NULL, NULL },
        { "a:b", false, NULL, NULL },
        { "a.slice:b:c:d", false, NULL, NULL },
        { "a.scope:b:c", false, NULL, NULL },
        { "a.slice:b:../c", false, NULL, NULL },
        { "a/b.slice:b:c", false, NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena = { 0 };
        Error error = { 0 };
        Scope scope;
        ScopeInput input = {
            .path = rows[i].path, .id = "c", .user = rows[i].user, .mode = CGROUP_V2
        };
        int r = build("{}", input, &arena, &scope, &error);
        assert_int_equal(r, rows[i].unit ? 0 : -error.code);
        if (rows[i].unit) {
            assert_string_equal(scope.unit, rows[i].unit);
            assert_string_equal(property_of(&scope.properties, "Slice", &arena), rows[i].slice);
        } else {
            assert_non_null(strstr(error.message, "linux.cgroupsPath"));
        }
        arena_done(&arena);
    }
}

static void test_annotations(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text, *name, *value; /* name NULL: refused */
    } rows[] = {
        { "org.systemd.property.TimeoutStopUSec", "uint64 5", "TimeoutStopUSec", "t 5" },
        { "org.systemd.property.TimeoutStopSec", "1.5", "TimeoutStopUSec", "t 1500000" },
        { "org.systemd.property.CollectMode", "'inactive'", "CollectMode", "s \"inactive\"" },
        { "org.systemd.property.Wants", "['a.service', \"b.service\"]", "Wants",
          "as [\"a.service\",\"b.service\"]" },
        { "org.systemd.property.Wants", "@as []", "Wants", "as []" },
        { "org.systemd.property.A", "true", "A", "b true" },
        { "org.systemd.property.A", "-7", "A", "i -7" },
        { "org.systemd.property.A", "'a\\'b'", "A", "s \"a'b\"" },
        { "org.example", "rubbish", "A", NULL },
        { "org.systemd.property.A", "rubbish", NULL, NULL },
        { "org.systemd.property.A", "'open", NULL, NULL },
        { "org.systemd.property.A", "[]", NULL, NULL },
        { "org.systemd.property.A", "[1, 'a']", NULL, NULL },
        { "org.systemd.property.A", "1 2", NULL, NULL },
        { "org.systemd.property.A", "[[[[[[1]]]]]]", NULL, NULL },
        { "org.systemd.property.A b", "1", NULL, NULL },
        { "org.systemd.property.TimeoutSec", "'x'", NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena = { 0 };
        Error error = { 0 };
        Scope scope;
        StrMap annotations = { 0 };
        strmap_set(&arena, &annotations, rows[i].key, rows[i].text);
        ScopeInput input = { .id = "c", .mode = CGROUP_V2, .annotations = &annotations };
        int r = build("{}", input, &arena, &scope, &error);
        assert_int_equal(r, rows[i].name ? 0 : -error.code);
        if (!rows[i].name)
            assert_non_null(strstr(error.message, rows[i].key));
        else if (rows[i].value)
            assert_string_equal(property_of(&scope.properties, rows[i].name, &arena),
                                rows[i].value);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_become_properties),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_annotations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
