/*
 * Strangers' text on a terminal: what must never get through, and tables made of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/printable.h"
#include "base/table.h"

static void check(const char *text, const char *expected)
{
    StrBuf got CLEANUP(strbuf_done) = { 0 };
    printable_add(&got, text);
    assert_string_equal(strbuf_text(&got), expected);
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    check("nginx: worker", "nginx: worker");
    check("caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x90\xb3", "caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x90\xb3");
    check("", "");
    check(NULL, "");
}

static void test_controls_are_escaped(void **state)
{
    (void)state;
    check("a\033[2Jb", "a\\x1b[2Jb");
    check("one\ntwo\tthree\rx", "one\\ntwo\\tthree\\x0dx");
    check("\x7f", "\\x7f");
    check("\xc2\x9b"
          "2J",
          "\\u{009b}2J"); /* CSI as one C1 character */
    check("\x9b"
          "2J",
          "\\x9b2J"); /* and as a bare byte */
}

static void test_hiding_is_escaped(void **state)
{
    (void)state;
    check("a\xe2\x80\xae"
          "b",
          "a\\u{202e}b"); /* right-to-left override */
    check("a\xe2\x80\x8b"
          "b",
          "a\\u{200b}b"); /* zero width space */
    check("\xe2\x80\xa8", "\\u{2028}");
    check("\xf3\xa0\x81\x81", "\\u{e0041}"); /* tag character */
}

static void test_broken_utf8_is_escaped(void **state)
{
    (void)state;
    check("a\xff"
          "b",
          "a\\xffb");
    check("\xc3", "\\xc3");
    check("\xc0\x80", "\\xc0\\x80");          /* overlong */
    check("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogate */
}

static void test_command(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList words = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strlist_append(&arena, &words, "sh");
    strlist_append(&arena, &words, "-c");
    strlist_append(&arena, &words, "echo 'it'\n");
    strlist_append(&arena, &words, "");
    printable_add_command(&text, &words);
    assert_string_equal(strbuf_text(&text), "sh -c 'echo '\\''it'\\''\\n' ''");
}

static void test_width_and_cut(void **state)
{
    (void)state;
    char text[] = "abcdefgh", wide[] = "\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97", shorter[] = "abc";
    assert_int_equal(printable_width("caf\xc3\xa9"), 4);
    assert_int_equal(printable_width("e\xcc\x81"), 1); /* combining accent */
    assert_int_equal(printable_width(wide), 6);
    printable_cut(text, 6);
    assert_string_equal(text, "abc...");
    printable_cut(wide, 5);
    assert_string_equal(wide, "\xe4\xb8\xad...");
    printable_cut(shorter, 3);
    assert_string_equal(shorter, "abc");
    printable_cut(shorter, 2);
    assert_string_equal(shorter, "ab");
}

static void test_table(void **state)
{
    (void)state;
    static const char *const headings[] = { "NAME", "PID", "COMMAND", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    table_add(&table, "web\033");
    table_printf(&table, "%d", 12345);
    table_add(&table, "nginx");
    table_add(&table, "\xe4\xb8\xad");
    table_add(&table, NULL);
    table_add_cut(&table, "a long command", 9);
    table_print(&table, false, &text);
    assert_string_equal(strbuf_text(&text), "NAME     PID    COMMAND\n"
                                            "web\\x1b  12345  nginx\n"
                                            "\xe4\xb8\xad       -      a long...\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_hiding_is_escaped),
        cmocka_unit_test(test_broken_utf8_is_escaped),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_width_and_cut),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
