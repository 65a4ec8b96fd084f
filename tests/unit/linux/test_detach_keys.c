/* linux/detach_keys: docker's syntax, and that no typed byte is lost or passed twice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/detach_keys.h"

static DetachKeys parsed(const char *text)
{
    DetachKeys keys;
    assert_int_equal(detach_keys_parse(text, &keys, NULL), 0);
    return keys;
}

static void parse_accepts_dockers_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
        size_t count;
    } rows[] = {
        { "ctrl-p,ctrl-q", "\x10\x11", 2 },
        { "a", "a", 1 },
        { "ctrl-@,ctrl-a,ctrl-z", "\0\x01\x1a", 3 },
        { "ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\x1b\x1c\x1d\x1e\x1f", 5 },
        { "DEL,Q", "\x7fQ", 2 },
        { "", "", 0 },
        { "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "aaaaaaaaaaaaaaaa", 16 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        DetachKeys keys = parsed(rows[i].text);
        assert_int_equal(keys.count, rows[i].count);
        assert_memory_equal(keys.keys, rows[i].bytes, rows[i].count);
    }
}

static void parse_refuses_the_rest(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "ctrl-",   "ctrl-p,", ",a",  "ctrl-P", "ctrl-1",
        "ctrl-pp", "ab",      "del", "a,,b",   "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        DetachKeys keys;
        Error error;
        assert_true(detach_keys_parse(rows[i], &keys, &error) < 0);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

/* Feeds `in` in pieces of `step` bytes; the output in out[], terminated. */
static bool feed(DetachKeys *keys, const char *in, size_t step, char *out)
{
    size_t size = strlen(in), passed = 0;
    bool detach = false;
    for (size_t i = 0; i < size && !detach; i += step)
        passed +=
            detach_keys_feed(keys, (const unsigned char *)in + i, size - i < step ? size - i : step,
                             (unsigned char *)out + passed, &detach);
    out[passed] = '\0';
    return detach;
}

static void feed_finds_the_sequence_and_passes_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *in, *out;
        bool detach;
        size_t held;
    } rows[] = {
        { "ctrl-p,ctrl-q", "ls\r\x10\x11", "ls\r", true, 0 },
        { "ctrl-p,ctrl-q", "\x10x\x11", "\x10x\x11", false, 0 },
        { "ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true, 0 },
        { "ctrl-p,ctrl-q", "a\x10", "a", false, 1 },
        { "ctrl-p,ctrl-q", "\x10\x11gone", "", true, 0 },
        { "a,a,b", "aaaaab", "aaa", true, 0 },
        { "a,b,a,b,c", "abababc", "ab", true, 0 },
        { "a,b,a,c", "abababx", "abababx", false, 0 },
        { "x", "abcx", "abc", true, 0 },
        { "", "\x10\x11", "\x10\x11", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t step = 1; step < 8; step++) {
            DetachKeys keys = parsed(rows[i].keys);
            char out[64];
            assert_int_equal(feed(&keys, rows[i].in, step, out), rows[i].detach);
            assert_string_equal(out, rows[i].out);
            assert_int_equal(keys.held, rows[i].held);
        }
    }
}

static void release_gives_back_what_is_held(void **state)
{
    (void)state;
    DetachKeys keys = parsed("a,b,c");
    char out[64];
    assert_false(feed(&keys, "xab", 1, out));
    assert_string_equal(out, "x");
    unsigned char held[DETACH_KEYS_MAX];
    assert_int_equal(detach_keys_release(&keys, held), 2);
    assert_memory_equal(held, "ab", 2);
    assert_int_equal(detach_keys_release(&keys, held), 0);
    assert_false(feed(&keys, "c", 1, out)); /* the pause ended the sequence */
    assert_string_equal(out, "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_accepts_dockers_words),
        cmocka_unit_test(parse_refuses_the_rest),
        cmocka_unit_test(feed_finds_the_sequence_and_passes_the_rest),
        cmocka_unit_test(release_gives_back_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
