/*
 * Lists as one text, and characters exchanged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void a_list_is_joined_as_it_was_split(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    static const char *const texts[] = { "", "a", "a,b", "a,,b", ",a", "a," };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        StrList list = strlist_split(&arena, texts[i], ',');
        assert_string_equal(strlist_join(&arena, &list, ","), texts[i]);
    }
    StrList two = strlist_split(&arena, "memory pids", ' ');
    assert_string_equal(strlist_join(&arena, &two, ", "), "memory, pids");
    strlist_append_new(&arena, &two, "pids");
    assert_int_equal(two.count, 2);
    strlist_append_new(&arena, &two, "cpu");
    assert_string_equal(strlist_join(&arena, &two, " "), "memory pids cpu");
    two.count = 2;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&text, "lacking: ");
    strbuf_add_list(&text, &two, "|");
    assert_string_equal(strbuf_text(&text), "lacking: memory|pids");
}

static void two_characters_change_places(void **state)
{
    (void)state;
    char key[] = "net.ipv4.conf.eth0/1.forwarding";
    str_swap(key, '.', '/');
    assert_string_equal(key, "net/ipv4/conf/eth0.1/forwarding");
    str_swap(key, '/', '.');
    assert_string_equal(key, "net.ipv4.conf.eth0/1.forwarding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_joined_as_it_was_split),
        cmocka_unit_test(two_characters_change_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
