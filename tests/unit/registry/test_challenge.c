/*
 * WWW-Authenticate, as registries and those who do not like them write it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "cmd/registry/challenge.h"

/* "scheme|realm|service|scope" of each, one behind the other with ";". */
static void check(const char *header, const char *expected)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ChallengeList list = { 0 };
    challenge_parse(header, &arena, &list);
    for (size_t i = 0; i < list.count; i++) {
        const Challenge *item = &list.items[i];
        const char *members[] = { item->scheme, item->realm, item->service, item->scope };
        for (size_t k = 0; k < 4; k++)
            strbuf_printf(&text, "%s%s", k == 0 ? (i == 0 ? "" : ";") : "|",
                          members[k] ? members[k] : "-");
    }
    assert_string_equal(strbuf_text(&text), expected);
}

static void test_one(void **state)
{
    (void)state;
    check("Basic realm=\"a registry\"", "Basic|a registry|-|-");
    check("Bearer realm=\"https://a/token\",service=\"s\",scope=\"repository:a/b:pull,push\"",
          "Bearer|https://a/token|s|repository:a/b:pull,push");
    check("bearer REALM=\"https://a\" , Service = s", "bearer|https://a|s|-");
    check("Basic realm=\"a \\\"quoted\\\" \\\\ word\"", "Basic|a \"quoted\" \\ word|-|-");
    check("Negotiate", "Negotiate|-|-|-");
    check("Bearer error=\"insufficient_scope\",realm=\"r\"", "Bearer|r|-|-");
}

static void test_several(void **state)
{
    (void)state;
    check("Basic realm=\"x\", Bearer realm=\"y\",service=z", "Basic|x|-|-;Bearer|y|z|-");
    check("Negotiate, Basic realm=x", "Negotiate|-|-|-;Basic|x|-|-");
    check(", ,Basic realm=x,,", "Basic|x|-|-");
}

static void test_what_is_malformed(void **state)
{
    (void)state;
    check("", "");
    check(" , ", "");
    check("=", "");
    check("realm=\"x\"", "");
    check("Basic realm=\"x", "Basic|-|-|-");
    check("Basic realm=", "Basic|-|-|-");
    check("Basic realm=\"x\\", "Basic|-|-|-");
    check("Basic @, Bearer realm=x", "Basic|-|-|-");
}

static void test_finding(void **state)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ChallengeList list = { 0 };
    (void)state;
    challenge_parse("BASIC realm=1, basic realm=2", &arena, &list);
    assert_string_equal(challenge_find(&list, "basic")->realm, "1");
    assert_null(challenge_find(&list, "bearer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_what_is_malformed),
        cmocka_unit_test(test_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
