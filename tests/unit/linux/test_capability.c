/*
 * Names of capabilities, and the sets of a process that gives some of its own up (which needs no
 * privileges). The kernel's view in /proc is the oracle.
 */
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/capability.h"

static void test_names(void **state UNUSED)
{
    assert_int_equal(capability_from_name("CAP_CHOWN"), CAP_CHOWN);
    assert_int_equal(capability_from_name("chown"), CAP_CHOWN);
    assert_int_equal(capability_from_name("cap_Sys_Admin"), CAP_SYS_ADMIN);
    assert_int_equal(capability_from_name("CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
    assert_int_equal(capability_from_name("CAP_"), CAPABILITY_INVALID);
    assert_int_equal(capability_from_name(""), CAPABILITY_INVALID);
    assert_int_equal(capability_from_name(NULL), CAPABILITY_INVALID);
    assert_int_equal(capability_from_name("CAP_CAP_CHOWN"), CAPABILITY_INVALID);
    assert_int_equal(capability_from_name("CHOWN "), CAPABILITY_INVALID);
    for (int i = 0; i <= CAP_LAST_CAP; i++)
        assert_int_equal(capability_from_name(capability_name(i)), i);
    assert_null(capability_name(-1));
    assert_null(capability_name(63));
}

static void test_print(void **state UNUSED)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    capability_print(0, &text);
    assert_string_equal(strbuf_text(&text), "");
    capability_print(1ULL << CAP_CHOWN | 1ULL << CAP_SYS_ADMIN | 1ULL << 62, &text);
    assert_string_equal(strbuf_text(&text), "chown,sys_admin,62");
}

/* A line of /proc/self/status. */
static uint64_t status(const char *key)
{
    char line[256];
    uint64_t value = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtoull(line + strlen(key) + 1, NULL, 16);
    }
    (void)fclose(file);
    return value;
}

static void test_get(void **state UNUSED)
{
    CapabilitySets sets;
    Error error = { 0 };
    assert_int_equal(capability_get(&sets, &error), 0);
    assert_true(sets.effective == status("CapEff"));
    assert_true(sets.permitted == status("CapPrm"));
    assert_true(sets.inheritable == status("CapInh"));
    assert_true(sets.bounding == status("CapBnd"));
    assert_true(sets.ambient == status("CapAmb"));
}

static void test_all(void **state UNUSED)
{
    uint64_t last = 0;
    FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &last), 1);
    (void)fclose(file);
    assert_true(capability_all() == UINT64_MAX >> (63 - last));
}

static int child_drops(void)
{
    CapabilitySets before, sets;
    Error error = { 0 };
    if (capability_get(&before, &error) < 0)
        return 1;
    sets = before;
    sets.effective = 0;
    sets.permitted &= 1ULL << CAP_CHOWN;
    sets.inheritable = 0;
    sets.ambient = UINT64_MAX; /* nothing of it can be kept: left out, no error */
    if (capability_apply_bounding(&sets, &error) < 0) /* nothing to drop: needs no privilege */
        return 2;
    if (capability_apply(&sets, &error) < 0)
        return 3;
    if (status("CapEff") != 0 || status("CapPrm") != sets.permitted || status("CapInh") != 0 ||
        status("CapAmb") != 0)
        return 4;
    /* What was given up does not come back; without SETPCAP the bounding set cannot shrink. */
    sets.effective = before.permitted | 1ULL << CAP_SYS_ADMIN;
    sets.permitted = sets.effective;
    if (capability_apply(&sets, &error) != -1 || error.kind != ERROR_DENIED)
        return 5;
    sets.bounding = 0;
    if (before.bounding && capability_apply_bounding(&sets, &error) != -1)
        return 6;
    if (before.bounding && !strstr(error.message, "CAP_CHOWN") && (before.bounding & 1))
        return 7;
    return 0;
}

static void test_apply(void **state UNUSED)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child_drops());
    int wait_status;
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_print), cmocka_unit_test(test_get),
        cmocka_unit_test(test_all),   cmocka_unit_test(test_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
