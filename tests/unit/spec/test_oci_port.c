/*
 * Ports as people write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/oci_port.h"

static void ports_are_kept_apart_and_shown_as_ranges(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList ports = { 0 };
    static const char *const texts[] = {
        "443", "80/tcp", "53/UDP", "81-82", "80-81/tcp", "9/sctp"
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(oci_port_add(texts[i], &arena, &ports), 0);
    assert_string_equal(strlist_join(&arena, &ports, " "),
                        "443/tcp 80/tcp 53/udp 81/tcp 82/tcp 9/sctp");
    assert_string_equal(oci_port_summary(&ports, &arena), "80-82/tcp, 443/tcp, 53/udp, 9/sctp");
    assert_string_equal(oci_port_summary(&(StrList){ 0 }, &arena), "");
}

static void what_is_no_port_adds_nothing(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList ports = { 0 };
    static const char *const texts[] = { "",    "0",   "65536",   "80/",     "80/icmp", "-80",
                                         "80-", "9-8", "1-65536", "80 /tcp", "8x",      "/tcp" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_true(oci_port_add(texts[i], &arena, &ports) < 0);
    assert_int_equal(ports.count, 0);
    assert_int_equal(oci_port_add("1-65535", &arena, &ports), 0);
    assert_string_equal(oci_port_summary(&ports, &arena), "1-65535/tcp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_kept_apart_and_shown_as_ranges),
        cmocka_unit_test(what_is_no_port_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
