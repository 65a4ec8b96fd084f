/*
 * Profiles in docker's format: what applies to which container, and the built-in one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spec/seccomp_default.h"
#include "spec/seccomp_profile.h"

static SpecSeccomp *load(const char *text, const SeccompProfileTarget *target, Arena *arena)
{
    SeccompProfile *profile;
    Error error = { 0 };
    if (seccomp_profile_parse(arena, text, strlen(text), &profile, &error) < 0)
        fail_msg("%s", error.message);
    return seccomp_profile_resolve(profile, target, arena);
}

/* The names of all rules that apply, as one text. */
static const char *names(const SpecSeccomp *seccomp, Arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < seccomp->syscalls.count; i++) {
        const StrList *list = &seccomp->syscalls.items[i].names;
        for (size_t n = 0; n < list->count; n++)
            text = arena_printf(arena, "%s%s ", text, list->items[n]);
        assert_null(list->items[list->count]);
    }
    return text;
}

static const char conditional[] =
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\","
    "\"archMap\":["
    "{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},"
    "{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}],"
    "\"syscalls\":["
    "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"comment\":\"\","
    "\"includes\":{},\"excludes\":{}},"
    "{\"name\":\"b\",\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_X\",\"CAP_Y\"]}},"
    "{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_X\",\"CAP_Z\"]}"
    "},"
    "{\"names\":[\"d\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"arm64\","
    "\"s390x\"]}},"
    "{\"names\":[\"e\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"arches\":[\"arm64\"]}},"
    "{\"names\":[\"f\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
    "{\"names\":[\"g\"],\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EACCES\","
    "\"excludes\":{\"minKernel\":\"4.8\"}}]}";

static void test_applies(void **state UNUSED)
{
    Arena lists CLEANUP(arena_done) = { 0 };
    const StrList xy = strlist_split(&lists, "CAP_Y,CAP_X", ',');
    const StrList z = strlist_split(&lists, "CAP_Z", ',');
    const struct {
        SeccompProfileTarget target;
        const char *names;
    } rows[] = {
        { { "amd64", 6, 1, &xy }, "a b e f " },   { { "amd64", 6, 1, NULL }, "a c e f " },
        { { "amd64", 4, 8, &z }, "a e f " },      { { "amd64", 4, 7, &z }, "a e g " },
        { { "amd64", 3, 10, NULL }, "a c e g " }, { { "arm64", 10, 0, NULL }, "a c d f " },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        SpecSeccomp *seccomp = load(conditional, &rows[i].target, &arena);
        assert_string_equal(names(seccomp, &arena), rows[i].names);
    }
}

static void test_resolved_spec(void **state UNUSED)
{
    static const SeccompProfileTarget target = { "amd64", 3, 0, NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    SpecSeccomp *seccomp = load(conditional, &target, &arena);
    field_print(&spec_seccomp_table, seccomp, false, &text);
    assert_string_equal(strbuf_text(&text),
                        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
                        "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"syscalls\":["
                        "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                        "{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                        "{\"names\":[\"e\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                        "{\"names\":[\"g\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13}]}");
}

/* linux.seccomp as it is in a config.json comes out as it went in. */
static void test_plain_oci(void **state UNUSED)
{
    static const char plain[] =
        "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7,"
        "\"architectures\":[\"SCMP_ARCH_S390X\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
        "\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\",\"syscalls\":["
        "{\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_NOTIFY\",\"args\":["
        "{\"index\":1,\"value\":18446744073709551615,\"valueTwo\":2,"
        "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";
    static const SeccompProfileTarget target = { "amd64", 6, 1, NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(&spec_seccomp_table, load(plain, &target, &arena), false, &text);
    assert_string_equal(strbuf_text(&text), plain);
}

static void test_errors(void **state UNUSED)
{
#define RULE(text) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{" text "}]}"
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "{}", "defaultAction: " },
        { "{\"defaultAction\":\"X\"}", "defaultAction: " },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"EX\"}", "defaultErrno: " },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"X\"]}",
          "architectures[0]: " },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
          "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\"}]}",
          "archMap: " },
        { RULE("\"names\":[\"a\"],\"action\":\"X\""), "syscalls[0].action: " },
        { RULE("\"action\":\"SCMP_ACT_LOG\""), "syscalls[0].names: " },
        { RULE("\"name\":\"a\",\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\""), "syscalls[0]: " },
        { RULE("\"name\":\"a\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EX\""),
          "syscalls[0].errno: " },
        { RULE("\"name\":\"a\",\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":6,\"value\":0,"
               "\"op\":\"SCMP_CMP_EQ\"}]"),
          "syscalls[0].args[0].index: " },
        { RULE("\"name\":\"a\",\"action\":\"SCMP_ACT_LOG\",\"includes\":{\"minKernel\":\"4\"}"),
          "syscalls[0].includes.minKernel: " },
    };
#undef RULE
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        SeccompProfile *profile;
        Error error = { 0 };
        assert_int_equal(
            seccomp_profile_parse(&arena, rows[i].text, strlen(rows[i].text), &profile, &error),
            -EINVAL);
        if (!str_starts(error.message, rows[i].message))
            fail_msg("%s: not %s...", error.message, rows[i].message);
    }
}

static void test_kernel(void **state UNUSED)
{
    uint32_t major, minor;
    assert_int_equal(seccomp_profile_kernel("6.18.44-fc-v595", &major, &minor), 0);
    assert_int_equal(major, 6);
    assert_int_equal(minor, 18);
    assert_int_equal(seccomp_profile_kernel("4.8", &major, &minor), 0);
    assert_int_equal(major * 100 + minor, 408);
    assert_int_equal(seccomp_profile_kernel("4.8+", &major, &minor), 0);
    assert_int_equal(seccomp_profile_kernel("4", &major, &minor), -EINVAL);
    assert_int_equal(seccomp_profile_kernel("4.", &major, &minor), -EINVAL);
    assert_int_equal(seccomp_profile_kernel(".8", &major, &minor), -EINVAL);
    assert_int_equal(seccomp_profile_kernel("", &major, &minor), -EINVAL);
    assert_int_equal(seccomp_profile_kernel("99999999999.8", &major, &minor), -EINVAL);
}

/* The constant is what the rules give. */
static void test_usual(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const StrList caps = strlist_split(&arena, "CAP_CHOWN,CAP_SYS_CHROOT,CAP_KILL", ',');
    SeccompProfileTarget target = { SECCOMP_PROFILE_NATIVE, 6, 1, &caps };
    StrBuf usual CLEANUP(strbuf_done) = { 0 };
    StrBuf resolved CLEANUP(strbuf_done) = { 0 };
    const SpecSeccomp *constant = seccomp_default_resolve(&target, &arena);
    assert_ptr_equal(constant, seccomp_default_usual());
    field_print(&spec_seccomp_table, constant, true, &usual);
    field_print(&spec_seccomp_table,
                seccomp_profile_resolve(seccomp_default_profile(), &target, &arena), true,
                &resolved);
    assert_string_equal(strbuf_text(&usual), strbuf_text(&resolved));
    assert_int_equal(field_check(&spec_seccomp_table, constant, NULL), 0);
}

/* Only capabilities that matter make the constant unfit, and each of them does. */
static bool usual_with(const char *caps, uint32_t minor)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const StrList list = strlist_split(&arena, caps, ',');
    SeccompProfileTarget target = { SECCOMP_PROFILE_NATIVE, 4, minor, &list };
    return seccomp_default_resolve(&target, &arena) == seccomp_default_usual();
}

static void test_unusual(void **state UNUSED)
{
    const SeccompProfile *profile = seccomp_default_profile();
    for (size_t i = 0; i < profile->syscalls.count; i++) {
        const SeccompProfileWhen *whens[] = { &profile->syscalls.items[i].includes,
                                              &profile->syscalls.items[i].excludes };
        for (size_t w = 0; w < 2; w++) {
            for (size_t c = 0; c < whens[w]->caps.count; c++) {
                Arena arena CLEANUP(arena_done) = { 0 };
                const char *name = whens[w]->caps.items[c];
                const char *caps = arena_printf(&arena, "CAP_CHOWN,CAP_SYS_CHROOT,%s", name);
                assert_int_equal(usual_with(caps, 8), str_eq(name, "CAP_SYS_CHROOT"));
            }
        }
    }
    assert_true(usual_with("CAP_SYS_CHROOT,CAP_KILL", 8));
    assert_false(usual_with("CAP_SYS_CHROOT,CAP_KILL", 7));
    assert_false(usual_with("CAP_CHOWN,CAP_KILL", 8));
    assert_false(usual_with("", 8));
}

static void test_is_usual(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    SpecSeccomp copy = *seccomp_default_usual();
    assert_true(seccomp_default_is_usual(&copy));
    copy.listener_path = "/l";
    assert_false(seccomp_default_is_usual(&copy));
    copy = *seccomp_default_usual();
    copy.syscalls.count--;
    assert_false(seccomp_default_is_usual(&copy));
    copy = *seccomp_default_usual();
    strlist_append(&arena, &copy.flags, "SECCOMP_FILTER_FLAG_LOG");
    assert_false(seccomp_default_is_usual(&copy));
    copy = *seccomp_default_usual();
    copy.default_errno_ret.value = 1;
    assert_false(seccomp_default_is_usual(&copy));
    SpecSeccomp other;
    field_copy(&spec_seccomp_table, seccomp_default_usual(), &arena, &other);
    assert_false(seccomp_default_is_usual(&other));
}

/* docker's format, written and read again, gives the same. */
static void test_round_trip(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf first CLEANUP(strbuf_done) = { 0 };
    StrBuf second CLEANUP(strbuf_done) = { 0 };
    SeccompProfile *profile;
    Error error = { 0 };
    field_print(&seccomp_profile_table, seccomp_default_profile(), true, &first);
    if (seccomp_profile_parse(&arena, first.data, first.length, &profile, &error) < 0)
        fail_msg("%s", error.message);
    field_print(&seccomp_profile_table, profile, true, &second);
    assert_string_equal(strbuf_text(&first), strbuf_text(&second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_applies),    cmocka_unit_test(test_resolved_spec),
        cmocka_unit_test(test_plain_oci),  cmocka_unit_test(test_errors),
        cmocka_unit_test(test_kernel),     cmocka_unit_test(test_usual),
        cmocka_unit_test(test_unusual),    cmocka_unit_test(test_is_usual),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
