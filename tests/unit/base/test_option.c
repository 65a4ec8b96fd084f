/*
 * Options: every spelling and every kind, and the exact text of every error.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/option.h"

typedef enum Pull { PULL_MISSING, PULL_ALWAYS } Pull;

typedef struct Values {
    bool interactive, terminal, remove;
    OptionTristate limits;
    const char *name, *root;
    StrList env;
    Pull pull;
    uint64_t retries, any;
    int64_t score, wide;
    uint64_t memory;
    int custom_x, custom_y;
    const char *custom_flag, *net;
} Values;

static int parse_point(void *values, const Option *option, const char *value, Arena *arena,
                       Error *error)
{
    (void)arena;
    int *x = option_member(values, option);
    if (sscanf(value, "%d,%d", x, x + 1) != 2)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a point (example: 1,2)", value);
    return 0;
}

static int parse_flag(void *values, const Option *option, const char *value, Arena *arena,
                      Error *error)
{
    (void)error;
    *(const char **)option_member(values, option) = arena_strdup(arena, value);
    return 0;
}

static const char *const pull_words[] = { "missing", "always", NULL };

static const Option options[] = {
    { 'i', "interactive", OPTION_FLAG(Values, interactive), NULL, "Keep stdin open" },
    { 't', "tty", OPTION_FLAG(Values, terminal), NULL, "A terminal" },
    { 0, "rm", OPTION_FLAG(Values, remove), NULL, "Remove" },
    { 0, "limits", OPTION_TRISTATE(Values, limits), NULL, "Limits" },
    OPTION_HEADING("More"),
    { 'n', "name", OPTION_STRING(Values, name), "NAME", "Name", .alias = "nom" },
    { 0, "root", OPTION_STRING(Values, root), "DIR", "Root", .env = "TEST_OPTION_ROOT" },
    { 'e', "env", OPTION_LIST(Values, env), "NAME=VALUE", "Variable" },
    { 0, "pull", OPTION_ENUM(Values, pull, pull_words), "WHEN", "Pull" },
    { 0, "retries", OPTION_U64(Values, retries), "N", "Retries", .min = 1, .max = 10 },
    { 0, "any", OPTION_U64(Values, any), "N", "Any" },
    { 0, "score", OPTION_I64(Values, score), "N", "Score", .min = -1000, .max = 1000 },
    { 0, "wide", OPTION_I64(Values, wide), "N", "Wide" },
    { 'm', "memory", OPTION_BYTES(Values, memory), "SIZE", "Memory" },
    { 'p', "point", OPTION_CUSTOM(Values, custom_x, parse_point), "X,Y", "Point" },
    { 'N', "net", OPTION_STRING(Values, net), "MODE", "Network", .implied = "private" },
    { 0, "flagged", OPTION_CUSTOM_FLAG(Values, custom_flag, parse_flag), NULL, "Flag" },
    OPTION_REFUSE('d', "detach", "not supported yet"),
    OPTION_END,
};

typedef struct Fixture {
    Arena arena;
    Values values;
    StrList arguments;
    Error error;
    int result;
} Fixture;

/* Splits the line at blanks: the tests need no quoting. */
static void parse(Fixture *f, OptionMode mode, const char *line)
{
    arena_done(&f->arena);
    *f = (Fixture){ 0 };
    StrList words = strlist_split(&f->arena, line, ' ');
    OptionLine wanted = { options, mode, words.items, words.count };
    f->result = option_parse(&wanted, &f->values, &f->arena, &f->arguments, &f->error);
}

static void parse_ok(Fixture *f, const char *line)
{
    parse(f, OPTION_PERMUTE, line);
    assert_string_equal(f->error.message, "");
    assert_int_equal(f->result, 0);
}

static void parse_fails(Fixture *f, const char *line, const char *message)
{
    parse(f, OPTION_PERMUTE, line);
    assert_string_equal(f->error.message, message);
    assert_true(f->result < 0);
    assert_int_equal(f->error.kind, ERROR_USAGE);
    assert_int_equal(error_exit_status(&f->error), 125);
}

/* The word after it is never its value. */
static void test_implied(void **state)
{
    Fixture *f = *state;
    parse_ok(f, "--net web");
    assert_string_equal(f->values.net, "private");
    assert_string_equal(f->arguments.items[0], "web");
    parse_ok(f, "--net=host -iN");
    assert_string_equal(f->values.net, "private");
    parse_ok(f, "-N=host");
    assert_string_equal(f->values.net, "host");
}

static void test_flags(void **state)
{
    Fixture *f = *state;
    parse_ok(f, "-it --rm");
    assert_true(f->values.interactive && f->values.terminal && f->values.remove);
    parse_ok(f, "-i=false --rm=false --tty=TRUE");
    assert_false(f->values.interactive || f->values.remove);
    assert_true(f->values.terminal);
    parse_ok(f, "--rm --rm=0");
    assert_false(f->values.remove);
    assert_int_equal(f->values.limits, OPTION_UNSET);
    parse_ok(f, "--limits");
    assert_int_equal(f->values.limits, OPTION_TRUE);
    parse_ok(f, "--limits=f");
    assert_int_equal(f->values.limits, OPTION_FALSE);
    parse_ok(f, "--flagged");
    assert_string_equal(f->values.custom_flag, "true");
    parse_ok(f, "--flagged=0");
    assert_string_equal(f->values.custom_flag, "false");
}

static void test_strings(void **state)
{
    Fixture *f = *state;
    static const char *const spellings[] = { "--name web", "--name=web", "-n web",
                                             "-nweb",      "-n=web",     "--nom web",
                                             "-itn web",   "-itnweb",    "--name x --name web" };
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        parse_ok(f, spellings[i]);
        assert_string_equal(f->values.name, "web");
        assert_int_equal(f->arguments.count, 0);
    }
    parse_ok(f, "--name=");
    assert_string_equal(f->values.name, "");
    parse_ok(f, "--name --rm");
    assert_string_equal(f->values.name, "--rm");
    assert_false(f->values.remove);
    parse_ok(f, "--name=a=b");
    assert_string_equal(f->values.name, "a=b");
}

static void test_lists(void **state)
{
    Fixture *f = *state;
    parse_ok(f, "-e A=B -eC=D --env E=F --env=G=H -itequick -e=Z");
    static const char *const expected[] = { "A=B", "C=D", "E=F", "G=H", "quick", "Z" };
    assert_int_equal(f->values.env.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(f->values.env.items[i], expected[i]);
    assert_null(f->values.env.items[6]);
    assert_true(f->values.interactive && f->values.terminal);
}

static void test_numbers(void **state)
{
    Fixture *f = *state;
    parse_ok(f, "--retries 10 --score -1000 --wide -9223372036854775808");
    assert_int_equal(f->values.retries, 10);
    assert_int_equal(f->values.score, -1000);
    assert_true(f->values.wide == INT64_MIN);
    parse_ok(f, "--any 18446744073709551615 -m 1.5g --pull always -p 3,4");
    assert_true(f->values.any == UINT64_MAX);
    assert_int_equal(f->values.memory, 1536ULL << 20);
    assert_int_equal(f->values.pull, PULL_ALWAYS);
    assert_int_equal(f->values.custom_x, 3);
    assert_int_equal(f->values.custom_y, 4);
}

static void test_value_errors(void **state)
{
    Fixture *f = *state;
    parse_fails(f, "--memory 12x", "--memory: '12x' is not a size (examples: 512m, 1.5g)");
    parse_fails(f, "-m -1", "--memory: '-1' is not a size (examples: 512m, 1.5g)");
    parse_fails(f, "-m 99999999999999p", "--memory: '99999999999999p' is out of range");
    parse_fails(f, "--retries 11", "--retries: '11' is out of range (1 to 10)");
    parse_fails(f, "--retries 0", "--retries: '0' is out of range (1 to 10)");
    parse_fails(f, "--retries -1", "--retries: '-1' is not a whole number of 0 or more");
    parse_fails(f, "--any 18446744073709551616", "--any: '18446744073709551616' is out of range");
    parse_fails(f, "--score 1001", "--score: '1001' is out of range (-1000 to 1000)");
    parse_fails(f, "--score 1.5", "--score: '1.5' is not a whole number");
    parse_fails(f, "--pull alway", "--pull: 'alway' is not one of missing, always");
    parse_fails(f, "--rm=maybe", "--rm: 'maybe' is not true or false");
    parse_fails(f, "--limits=2", "--limits: '2' is not true or false");
    parse_fails(f, "--flagged=x", "--flagged: 'x' is not true or false");
    parse_fails(f, "-p 3", "--point: '3' is not a point (example: 1,2)");
    parse_fails(f, "--name", "--name needs a value (--name NAME)");
    parse_fails(f, "-itn", "--name needs a value (--name NAME)");
    parse_fails(f, "-d", "--detach: not supported yet");
    parse_fails(f, "-itd", "--detach: not supported yet");
    parse_fails(f, "--detach", "--detach: not supported yet");
}

static void test_unknown(void **state)
{
    Fixture *f = *state;
    parse_fails(f, "--memroy 5", "unknown option '--memroy' (did you mean '--memory'?)");
    parse_fails(f, "--memroy=5", "unknown option '--memroy' (did you mean '--memory'?)");
    parse_fails(f, "--zzzzzz", "unknown option '--zzzzzz'");
    parse_fails(f, "--detahc", "unknown option '--detahc'");
    parse_fails(f, "-limits", "unknown option '-limits' (did you mean '--limits'?)");
    parse_fails(f, "-Z", "unknown option '-Z'");
    parse_fails(f, "-itZ", "unknown option '-Z' in '-itZ'");
    parse_fails(f, "-1", "unknown option '-1'");
}

static void test_permute_and_stop(void **state)
{
    Fixture *f = *state;
    parse_ok(f, "one --rm two -n x - three -- -i --");
    static const char *const expected[] = { "one", "two", "-", "three", "-i", "--" };
    assert_int_equal(f->arguments.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(f->arguments.items[i], expected[i]);
    assert_true(f->values.remove);
    assert_false(f->values.interactive);

    parse(f, OPTION_STOP_AT_ARGUMENT, "-i alpine ls -t --rm -- x");
    assert_int_equal(f->result, 0);
    assert_int_equal(f->arguments.count, 6);
    assert_string_equal(f->arguments.items[2], "-t");
    assert_string_equal(f->arguments.items[4], "--");
    assert_true(f->values.interactive);
    assert_false(f->values.terminal || f->values.remove);

    parse(f, OPTION_STOP_AT_ARGUMENT, "-- -i ls");
    assert_int_equal(f->result, 0);
    assert_string_equal(f->arguments.items[0], "-i");
    assert_false(f->values.interactive);
}

static void test_help(void **state)
{
    Fixture *f = *state;
    parse(f, OPTION_PERMUTE, "--rm --help --bogus");
    assert_int_equal(f->result, OPTION_HELP);
    parse(f, OPTION_PERMUTE, "-ih");
    assert_int_equal(f->result, OPTION_HELP);
    parse(f, OPTION_STOP_AT_ARGUMENT, "alpine --help");
    assert_int_equal(f->result, 0);
    parse_fails(f, "--help=x", "unknown option '--help'");
}

static void test_environment(void **state)
{
    Fixture *f = *state;
    assert_int_equal(setenv("TEST_OPTION_ROOT", "/from/env", 1), 0);
    parse_ok(f, "");
    assert_string_equal(f->values.root, "/from/env");
    parse_ok(f, "--root /given");
    assert_string_equal(f->values.root, "/given");
    assert_int_equal(setenv("TEST_OPTION_ROOT", "", 1), 0);
    parse_ok(f, "");
    assert_null(f->values.root);
    assert_int_equal(unsetenv("TEST_OPTION_ROOT"), 0);
}

static void test_no_table(void **state)
{
    Fixture *f = *state;
    char first[] = "a", second[] = "-x";
    char *words[] = { first, second, NULL };
    OptionLine line = { .words = words, .count = 1 };
    assert_int_equal(option_parse(&line, NULL, &f->arena, &f->arguments, &f->error), 0);
    assert_int_equal(f->arguments.count, 1);
    line.count = 2;
    assert_true(option_parse(&line, NULL, &f->arena, &f->arguments, &f->error) < 0);
    assert_string_equal(f->error.message, "unknown option '-x'");
}

static int setup(void **state)
{
    *state = mem_alloc(sizeof(Fixture));
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    arena_done(&f->arena);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_implied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_value_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_permute_and_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_table, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
