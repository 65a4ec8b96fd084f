/*
 * Id maps as text and as numbers. Files of a directory stand in for /proc/PID.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "linux/idmap.h"

static void test_parse(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    IdRange *ranges;
    size_t count;
    assert_int_equal(idmap_parse("         0     100000      65536\n     65536          0  1\n",
                                 &arena, &ranges, &count, &error),
                     0);
    assert_int_equal(count, 2);
    assert_int_equal(ranges[0].host, 100000);
    assert_int_equal(ranges[0].count, 65536);
    assert_int_equal(ranges[1].container, 65536);
    assert_int_equal(idmap_parse("0 0 4294967295\n", &arena, &ranges, &count, &error), 0);
    assert_int_equal(idmap_parse("", &arena, &ranges, &count, &error), 0);
    assert_int_equal(count, 0);

    static const char *const bad[] = {
        "0 0\n",    "0 0 0\n",          "0 0 1 2\n",        "a 0 1\n",
        "-1 0 1\n", "4294967295 0 2\n", "0 4294967296 1\n", "0 4294967295 2\n"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(idmap_parse(bad[i], &arena, &ranges, &count, &error), -EBADMSG);

    StrBuf many CLEANUP(strbuf_done) = { 0 };
    for (int i = 0; i <= IDMAP_RANGES_MAX; i++)
        strbuf_printf(&many, "%d %d 1\n", i, i);
    assert_int_equal(idmap_parse(strbuf_text(&many), &arena, &ranges, &count, &error), -E2BIG);
}

static void test_translate(void **state)
{
    (void)state;
    const IdRange map[] = { { 0, 1000, 1 }, { 1, 100000, 65535 }, { 70000, 0xfffffff0, 15 } };
    uint32_t id;
    assert_int_equal(idmap_to_host(map, 3, 0, &id), 0);
    assert_int_equal(id, 1000);
    assert_int_equal(idmap_to_host(map, 3, 65535, &id), 0);
    assert_int_equal(id, 165534);
    assert_int_equal(idmap_to_host(map, 3, 65536, &id), -ERANGE);
    assert_int_equal(idmap_to_host(map, 3, 70014, &id), 0);
    assert_int_equal(id, 0xfffffffe);
    assert_int_equal(idmap_to_host(map, 3, 70015, &id), -ERANGE);
    assert_int_equal(idmap_to_container(map, 3, 1000, &id), 0);
    assert_int_equal(id, 0);
    assert_int_equal(idmap_to_container(map, 3, 165534, &id), 0);
    assert_int_equal(id, 65535);
    assert_int_equal(idmap_to_container(map, 3, 165535, &id), -ERANGE);
    assert_int_equal(idmap_to_container(map, 3, 0, &id), -ERANGE);
}

static void test_write(void **state)
{
    (void)state;
    char place[] = "/tmp/ambit-idmap-XXXXXX";
    assert_non_null(mkdtemp(place));
    int dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(dir, "uid_map", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);

    Error error = { 0 };
    const IdRange map[] = { { 0, 100000, 65536 }, { 65536, 7, 1 } };
    assert_int_equal(idmap_write(dir, "uid_map", map, 2, &error), 0);
    Arena arena CLEANUP(arena_done) = { 0 };
    char *text;
    assert_int_equal(file_read_at(dir, "uid_map", 100, &arena, &text, NULL), 0);
    assert_string_equal(text, "0 100000 65536\n65536 7 1\n");

    assert_int_equal(idmap_write(dir, "uid_map", map, 0, &error), -EINVAL);
    assert_int_equal(idmap_write(dir, "gid_map", map, 1, &error), -ENOENT);
    /* 340 mappings fit by number; with long numbers the kernel's page is too small for them. */
    IdRange wide[IDMAP_RANGES_MAX + 1];
    for (uint32_t i = 0; i < ARRAY_LEN(wide); i++)
        wide[i] = (IdRange){ 1000000000 + i, 2000000000 + i, 1 };
    assert_int_equal(idmap_write(dir, "uid_map", wide, IDMAP_RANGES_MAX, &error), -EINVAL);
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_int_equal(idmap_write(dir, "uid_map", wide, IDMAP_RANGES_MAX + 1, &error), -EINVAL);
    assert_int_equal(idmap_write(dir, "uid_map", wide, 100, &error), 0);
    (void)close(dir);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, place), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_translate),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
