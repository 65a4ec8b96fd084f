/* base/listformat: what docker's users write behind --format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/listformat.h"

static const char *const rows[] = {
    "{\"ID\":\"12\",\"Names\":\"web\",\"RunningFor\":\"2 hours\"}",
    "{\"ID\":\"3456\",\"Names\":\"a\\tb\",\"RunningFor\":\"\"}",
};

static int format_all(const char *text, size_t count, StrBuf *output, Error *error)
{
    static const ListHeading headings[] = { { "ID", "CONTAINER ID" }, { 0 } };
    ListFormat format CLEANUP(listformat_done) = { 0 };
    int r = 0;
    listformat_init(&format, text, headings);
    for (size_t i = 0; r == 0 && i < count; i++) {
        StrBuf row CLEANUP(strbuf_done) = { 0 };
        strbuf_add(&row, rows[i]);
        r = listformat_add(&format, &row, output, error);
    }
    listformat_end(&format, output);
    return r;
}

static void assert_format(const char *text, size_t count, const char *wanted)
{
    StrBuf output CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    assert_int_equal(format_all(text, count, &output, &error), 0);
    assert_string_equal(strbuf_text(&output), wanted);
}

static void test_json(void **state)
{
    (void)state;
    assert_format("json", 1, "{\"ID\":\"12\",\"Names\":\"web\",\"RunningFor\":\"2 hours\"}\n");
    assert_format("json", 0, "");
}

static void test_text(void **state)
{
    (void)state;
    assert_format("{{.ID}}\\t{{ .Names }}\\n-", 1, "12\tweb\n-\n");
    assert_format("\\x", 2, "\\x\n\\x\n");
}

static void test_table(void **state)
{
    (void)state;
    assert_format("table {{.ID}}\\t{{.RunningFor}}", 2,
                  "CONTAINER ID  RUNNING FOR\n12            2 hours\n3456          \n");
    assert_format("table {{json .Names}}: {{.ID}}", 0, "NAMES: CONTAINER ID\n");
    assert_format("table {{- .Names | upper -}} {{if .ID}}{{.Label \"a.b\"}}{{end}}", 0,
                  "NAMES LABEL\n");
    /* A value is one cell or none, whatever is in it. */
    assert_format("table {{.Names}}\\t{{.ID}}", 2, "NAMES  CONTAINER ID\nweb    12\na      b\n");
}

static void test_default(void **state)
{
    (void)state;
    assert_true(listformat_is_default(NULL) && listformat_is_default("table"));
    assert_false(listformat_is_default("table {{.ID}}") || listformat_is_default("json"));
}

static void test_errors(void **state)
{
    (void)state;
    static const char *const texts[] = { "{{.Nope}}", "table {{.Nope}}", "{{range .}}", "{{.ID" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        StrBuf output CLEANUP(strbuf_done) = { 0 };
        Error error = { 0 };
        assert_true(format_all(texts[i], 1, &output, &error) < 0);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),    cmocka_unit_test(test_text),   cmocka_unit_test(test_table),
        cmocka_unit_test(test_default), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
