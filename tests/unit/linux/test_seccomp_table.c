/*
 * The table of system calls: lookups by name, and its numbers against those in the headers that
 * this test is compiled with (it may know more than they do, never other numbers).
 */
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "linux/seccomp.h"
#include "linux/seccomp_table.h"

static void test_every_name_is_found(void **state UNUSED)
{
    int row = 0;
    for (const char *name; (name = seccomp_table_name(row)); row++)
        assert_int_equal(seccomp_table_row(name), row);
    assert_true(row > 500);
    assert_int_equal(seccomp_table_row(""), -1);
    assert_int_equal(seccomp_table_row("read "), -1);
    assert_int_equal(seccomp_table_row("READ"), -1);
    assert_null(seccomp_table_name(-1));
}

static void test_native_numbers(void **state UNUSED)
{
#define ROW(name)         \
    {                     \
#name, SYS_##name \
    }
    static const struct {
        const char *name;
        long number;
    } rows[] = {
        ROW(read),
        ROW(write),
        ROW(socket),
        ROW(clone),
        ROW(clone3),
        ROW(setns),
        ROW(unshare),
        ROW(personality),
        ROW(mount),
        ROW(openat2),
        ROW(io_uring_setup),
        ROW(keyctl),
        ROW(bpf),
        ROW(landlock_create_ruleset),
        ROW(futex_waitv),
        ROW(memfd_secret),
        ROW(set_mempolicy_home_node),
        ROW(rseq),
        ROW(seccomp),
    };
#undef ROW
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(seccomp_syscall_number(seccomp_native_architecture(), rows[i].name),
                         rows[i].number);
}

static void test_other_numbers(void **state UNUSED)
{
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_I386, "socketcall"), 102);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_I386, "clock_gettime64"), 403);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_X86_64, "clock_gettime64"), -1);
    assert_int_equal(seccomp_syscall_number(SECCOMP_ARCHITECTURE_X32, "execve"), 0x40000000 + 520);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_AARCH64, "openat"), 56);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_AARCH64, "open"), -1);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_ARM, "set_tls"), 0xf0005);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_ARM, "file_setattr"), 469);
    assert_int_equal(seccomp_syscall_number(AUDIT_ARCH_S390X, "read"), -1);
}

static void test_multiplexers(void **state UNUSED)
{
    uint32_t call;
    int row = seccomp_table_multiplexer(seccomp_table_row("accept4"), &call);
    assert_string_equal(seccomp_table_name(row), "socketcall");
    assert_int_equal(call, 18);
    row = seccomp_table_multiplexer(seccomp_table_row("shmget"), &call);
    assert_string_equal(seccomp_table_name(row), "ipc");
    assert_int_equal(call, 23);
    assert_int_equal(seccomp_table_multiplexer(seccomp_table_row("read"), &call), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_is_found),
        cmocka_unit_test(test_native_numbers),
        cmocka_unit_test(test_other_numbers),
        cmocka_unit_test(test_multiplexers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
