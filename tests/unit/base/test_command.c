/*
 * A small program of commands: how a line finds its command, what --help shows, what the shells
 * are offered, what the man page says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/command.h"
#include "base/completion.h"
#include "base/manpage.h"
#include "base/usage.h"

typedef struct Globals {
    const char *root;
    bool version;
} Globals;

typedef struct ImportValues {
    const char *tag, *pull, *file;
    int net;
    bool quiet;
} ImportValues;

static int run_nothing(CommandCall *call, Error *error)
{
    (void)error;
    call->exit_status = 7;
    return 0;
}

static const char *const net_words[] = { "host", "none", NULL };
static const char *const pull_words[] = { "always", "never", "by:", NULL };

static const Option import_options[] = {
    { 't', "tag", OPTION_STRING(ImportValues, tag), "NAME[:TAG]", "Call the image so" },
    { 'q', "quiet", OPTION_FLAG(ImportValues, quiet), NULL, "Print the digest only" },
    OPTION_HEADING("Network"),
    { 0, "net", OPTION_ENUM(ImportValues, net, net_words), "MODE",
      "The network that the container gets when it starts, one of two words", .alias = "network" },
    { 0, "pull", OPTION_STRING(ImportValues, pull), "WHEN", "Pull", .choices = pull_words },
    { 'f', "file", OPTION_STRING(ImportValues, file), "PATH", "Read PATH", .completes = "file" },
    { 0, "secret", OPTION_FLAG(ImportValues, quiet), NULL, "Not shown", .hidden = true },
    OPTION_REFUSE('d', "detach", "not supported yet"),
    OPTION_END,
};
static const ImportValues import_defaults = { .tag = "latest" };

static const Command import_command = {
    .name = "import",
    .summary = "Make an image of a directory",
    .arguments = "FILE [NAME]",
    .arguments_min = 1,
    .arguments_max = 2,
    .completes = "file",
    .description = "Reads a directory or an archive.\n\nThe *_stars_* are kept.",
    .examples = "# from a file\nambit image import a_b.tar\n\n# twice\nambit image import x y\n",
    .options = import_options,
    .values_size = sizeof(ImportValues),
    .defaults = &import_defaults,
    .run = run_nothing,
};

static const char *const list_aliases[] = { "ls", NULL };
static const Command list_command = {
    .name = "list",
    .aliases = list_aliases,
    .summary = "List images",
    .run = run_nothing,
};

static const Command *const image_children[] = { &import_command, &list_command, NULL };
static const Command image_command = {
    .name = "image",
    .summary = "Work with images",
    .children = image_children,
};

static const Command exec_command = {
    .name = "exec",
    .heading = "Containers",
    .summary = "Run a program in a container that runs",
    .arguments = "CONTAINER COMMAND [ARG...]",
    .arguments_min = 2,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .options = import_options,
    .values_size = sizeof(ImportValues),
    .run = run_nothing,
};
/* A list that can be looked into: `ns`, `ns 17 -q`, `ns keep 17`. */
static const Command keep_command = {
    .name = "keep",
    .summary = "Keep",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_nothing,
};
static const Command *const ns_children[] = { &keep_command, NULL };
static const Command ns_command = {
    .name = "ns",
    .summary = "List",
    .arguments = "ID",
    .arguments_max = 1,
    .hidden = true,
    .options = import_options,
    .values_size = sizeof(ImportValues),
    .children = ns_children,
    .run = run_nothing,
};
static const Command hidden_command = { .name = "secrets", .hidden = true, .run = run_nothing };

static const Option root_options[] = {
    { 0, "root", OPTION_STRING(Globals, root), "DIR", "Where", .completes = "directory",
      .env = "TEST_COMMAND_ROOT" },
    { 'v', "version", OPTION_FLAG(Globals, version), NULL, "Version" },
    OPTION_END,
};
static int run_root(CommandCall *call, Error *error)
{
    (void)call;
    (void)error;
    return COMMAND_HELP;
}
static const Command *const root_children[] = { &image_command, &exec_command, &hidden_command,
                                                &ns_command, NULL };
static const Command root = {
    .name = "ambit",
    .summary = "Run containers",
    .options = root_options,
    .values_size = sizeof(Globals),
    .children = root_children,
    .run = run_root,
};

typedef struct Fixture {
    Arena arena;
    CommandCall call;
    Error error;
    StrBuf text;
} Fixture;

static int parse(Fixture *f, const char *line)
{
    StrList words = strlist_split(&f->arena, line, ' ');
    error_clear(&f->error);
    return command_parse(&root, words.items, words.count, &f->arena, &f->call, &f->error);
}

static void parse_fails(Fixture *f, const char *line, const char *path, const char *message)
{
    int r = parse(f, line);
    assert_string_equal(f->error.message, message);
    assert_true(r < 0);
    assert_string_equal(f->call.path, path);
    assert_int_equal(error_exit_status(&f->error), 125);
}

static void test_finds_the_command(void **state)
{
    Fixture *f = *state;
    assert_int_equal(parse(f, "ambit --root /r image import -q dir name"), 0);
    assert_ptr_equal(f->call.command, &import_command);
    assert_string_equal(f->call.path, "ambit image import");
    assert_string_equal(((const Globals *)f->call.globals)->root, "/r");
    const ImportValues *values = f->call.values;
    assert_true(values->quiet);
    assert_string_equal(values->tag, "latest");
    assert_int_equal(f->call.argument_count, 2);
    assert_string_equal(f->call.arguments[1], "name");
    assert_null(f->call.arguments[2]);
    assert_int_equal(f->call.command->run(&f->call, &f->error), 0);
    assert_int_equal(f->call.exit_status, 7);

    assert_int_equal(parse(f, "ambit image ls"), 0);
    assert_ptr_equal(f->call.command, &list_command);
    assert_string_equal(f->call.path, "ambit image list");
    assert_null(f->call.arguments[0]);
}

static void test_children_and_arguments(void **state)
{
    Fixture *f = *state;
    assert_int_equal(parse(f, "ambit ns -q"), 0);
    assert_ptr_equal(f->call.command, &ns_command);
    assert_int_equal(f->call.argument_count, 0);
    assert_int_equal(parse(f, "ambit ns 17 -q"), 0);
    assert_ptr_equal(f->call.command, &ns_command);
    assert_string_equal(f->call.arguments[0], "17");
    assert_true(((const ImportValues *)f->call.values)->quiet);
    assert_int_equal(parse(f, "ambit ns keep 17"), 0);
    assert_ptr_equal(f->call.command, &keep_command);
    assert_int_equal(parse(f, "ambit ns 17 --help"), COMMAND_HELP);
    parse_fails(f, "ambit ns 17 18", "ambit ns",
                "unexpected argument '18' (usage: ambit ns [OPTIONS] ID)");
    usage_synopsis(&ns_command, "ambit ns", &f->text);
    assert_string_equal(strbuf_text(&f->text), "ambit ns [OPTIONS] [COMMAND | ID]");
}

static void test_stops_where_the_container_begins(void **state)
{
    Fixture *f = *state;
    assert_int_equal(parse(f, "ambit exec -q web ls -q --tag x -- --help"), 0);
    assert_int_equal(f->call.argument_count, 7);
    assert_string_equal(f->call.arguments[2], "-q");
    assert_string_equal(f->call.arguments[6], "--help");
}

static void test_asks_for_help(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line;
        const Command *command;
    } rows[] = {
        { "ambit --help", &root },
        { "ambit -h", &root },
        { "ambit image", &image_command },
        { "ambit image --help", &image_command },
        { "ambit image import --help --bogus", &import_command },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(parse(f, rows[i].line), COMMAND_HELP);
        assert_ptr_equal(f->call.command, rows[i].command);
    }
    assert_int_equal(parse(f, "ambit"), 0);
    assert_int_equal(f->call.command->run(&f->call, &f->error), COMMAND_HELP);
}

static void test_errors(void **state)
{
    Fixture *f = *state;
    parse_fails(f, "ambit imag", "ambit", "unknown command 'ambit imag' (did you mean 'image'?)");
    parse_fails(f, "ambit secret", "ambit", "unknown command 'ambit secret' (see 'ambit --help')");
    parse_fails(f, "ambit image lss", "ambit image",
                "unknown command 'ambit image lss' (did you mean 'ls'?)");
    parse_fails(f, "ambit --rot x image", "ambit",
                "unknown option '--rot' (did you mean '--root'?)");
    parse_fails(f, "ambit image import", "ambit image import",
                "an argument is missing (usage: ambit image import [OPTIONS] FILE [NAME])");
    parse_fails(f, "ambit image import a b c", "ambit image import",
                "unexpected argument 'c' (usage: ambit image import [OPTIONS] FILE [NAME])");
    parse_fails(f, "ambit image ls x", "ambit image list",
                "unexpected argument 'x' (usage: ambit image list)");
    parse_fails(f, "ambit image import --net hosts x", "ambit image import",
                "--net: 'hosts' is not one of host, none");
}

static const char *render(Fixture *f, const Command *command, const char *path, UsageStyle style)
{
    strbuf_clear(&f->text);
    usage_render(command, path, &style, &f->text);
    return strbuf_text(&f->text);
}

static void test_help_of_a_command(void **state)
{
    Fixture *f = *state;
    assert_string_equal(
        render(f, &import_command, "ambit image import", (UsageStyle){ .width = 70 }),
        "Usage: ambit image import [OPTIONS] FILE [NAME]\n"
        "\n"
        "Make an image of a directory.\n"
        "\n"
        "Reads a directory or an archive.\n"
        "\n"
        "The *_stars_* are kept.\n"
        "\n"
        "Options:\n"
        "  -t, --tag NAME[:TAG]  Call the image so\n"
        "  -q, --quiet           Print the digest only\n"
        "\n"
        "Network:\n"
        "      --net MODE        The network that the container gets when it\n"
        "                        starts, one of two words\n"
        "      --pull WHEN       Pull\n"
        "  -f, --file PATH       Read PATH\n"
        "\n"
        "Examples:\n"
        "  # from a file\n"
        "  $ ambit image import a_b.tar\n"
        "\n"
        "  # twice\n"
        "  $ ambit image import x y\n");
}

static void test_help_of_groups(void **state)
{
    Fixture *f = *state;
    assert_string_equal(render(f, &root, "ambit", (UsageStyle){ .colour = true }),
                        "\033[1mUsage:\033[0m ambit [OPTIONS] COMMAND\n"
                        "\n"
                        "Run containers.\n"
                        "\n\033[1mCommands:\033[0m\n"
                        "  image     Work with images\n"
                        "\n\033[1mContainers:\033[0m\n"
                        "  exec      Run a program in a container that runs\n"
                        "\n\033[1mOptions:\033[0m\n"
                        "      --root DIR  Where\n"
                        "  -v, --version   Version\n"
                        "\nRun 'ambit COMMAND --help' for more about a command.\n");
    assert_string_equal(render(f, &list_command, "ambit image list", (UsageStyle){ 0 }),
                        "Usage: ambit image list\n\nList images.\n\nAlso called: ls\n");
}

static void test_wrap(void **state)
{
    Fixture *f = *state;
    usage_wrap("one two  three\nfour\n\nfive averyverylongword", 2, 10, &f->text);
    assert_string_equal(strbuf_text(&f->text),
                        "one two\n  three\n  four\n\n  five\n  averyverylongword");
}

/* The candidates and the rest, in the lines that the shells' scripts read, without help texts. */
static const char *complete(Fixture *f, const char *line)
{
    StrList words = strlist_split(&f->arena, line, ' ');
    Completion completion;
    completion_find(&root, words.items, words.count, &f->arena, &completion);
    strbuf_clear(&f->text);
    for (size_t i = 0; i < completion.count; i++)
        strbuf_printf(&f->text, "%s ", completion.candidates[i].word);
    strbuf_printf(&f->text, ":%s", completion.completes ? completion.completes : "");
    return strbuf_text(&f->text);
}

static void test_completion(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line, *expected;
    } rows[] = {
        { "ambit ", "image exec :" },
        { "ambit i", "image :" },
        { "ambit --", "--root --version --help :" },
        { "ambit --root ", ":directory" },
        { "ambit --root /x im", "image :" },
        { "ambit --root=/x", ":directory" },
        { "ambit image ", "import list :" },
        { "ambit image import ", ":file" },
        { "ambit image import a b ", ":" },
        { "ambit image import a --q", "--quiet :" },
        { "ambit image import --net ", "host none :" },
        { "ambit image import --network n", "none :" },
        { "ambit image import --net=h", "--net=host :" },
        { "ambit image import --quiet=", "--quiet=true --quiet=false :" },
        { "ambit image import --pull ", "always never by: :" },
        { "ambit image import --pull b", "by: :" },
        { "ambit image import --pull by:x", ":by" },
        { "ambit image import --pull=by:x", ":by" },
        { "ambit image import -f ", ":file" },
        { "ambit image import -qf ", ":file" },
        { "ambit image import -qtx ", ":file" }, /* the argument FILE */
        { "ambit image import --bogus=", ":" },
        { "ambit image import -t i", ":" },
        { "ambit image import -- --", ":file" },
        { "ambit exec ", ":container" },
        { "ambit exec --net host ", ":container" },
        { "ambit exec web ", ":" },
        { "ambit exec web --", ":" },
        { "ambit bogus ", ":" },
        { "ambit", "image exec :" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(complete(f, rows[i].line), rows[i].expected);
}

static void test_completion_lines(void **state)
{
    Fixture *f = *state;
    StrList words = strlist_split(&f->arena, "ambit image import -", ' ');
    Completion completion;
    completion_find(&root, words.items, words.count, &f->arena, &completion);
    completion_print(&completion, &f->text);
    assert_true(str_starts(strbuf_text(&f->text), "--tag\tCall the image so\n--quiet\tPrint"));
    assert_true(str_ends(strbuf_text(&f->text), "--help\tShow what the command does\n:\n"));

    words = strlist_split(&f->arena, "ambit exec w", ' ');
    completion_find(&root, words.items, words.count, &f->arena, &completion);
    completion_offer(&completion, &f->arena, "web", "running");
    completion_offer(&completion, &f->arena, "db", "running");
    strbuf_clear(&f->text);
    completion_print(&completion, &f->text);
    assert_string_equal(strbuf_text(&f->text), "web\trunning\n:\n");

    words = strlist_split(&f->arena, "ambit image import --pull=by:w", ' ');
    completion_find(&root, words.items, words.count, &f->arena, &completion);
    completion_offer(&completion, &f->arena, "web", NULL);
    assert_string_equal(completion.candidates[0].word, "--pull=by:web");
}

static void test_scripts(void **state)
{
    Fixture *f = *state;
    for (size_t i = 0; completion_shells[i]; i++) {
        const char *script = completion_script(completion_shells[i], "ambit-oci", &f->arena);
        assert_non_null(strstr(script, "ambit-oci"));
        assert_null(strstr(script, "PROGRAM"));
    }
    assert_null(completion_script("csh", "ambit", &f->arena));
}

static void test_manpage(void **state)
{
    Fixture *f = *state;
    manpage_render(&import_command, "ambit image import", 1, &f->text);
    assert_string_equal(strbuf_text(&f->text),
                        "ambit-image-import(1)\n"
                        "\n# NAME\n"
                        "\nambit-image-import - Make an image of a directory\n"
                        "\n# SYNOPSIS\n"
                        "\n*ambit image import* \\[OPTIONS] FILE \\[NAME]\n"
                        "\n# DESCRIPTION\n"
                        "\nReads a directory or an archive\\.\n"
                        "\nThe \\*\\_stars\\_\\* are kept\\.\n"
                        "\n# OPTIONS\n"
                        "\n*-t*, *--tag* NAME\\[:TAG]\n\tCall the image so.\n"
                        "\n*-q*, *--quiet*\n\tPrint the digest only.\n"
                        "\n## Network\n"
                        "\n*--net* MODE\n\tThe network that the container gets when it starts, "
                        "one of two words. Also: *--network*.\n"
                        "\n*--pull* WHEN\n\tPull.\n"
                        "\n*-f*, *--file* PATH\n\tRead PATH.\n"
                        "\n# EXAMPLES\n"
                        "\nfrom a file:\n"
                        "\n```\n$ ambit image import a_b.tar\n```\n"
                        "\ntwice:\n"
                        "\n```\n$ ambit image import x y\n```\n");
    strbuf_clear(&f->text);
    manpage_render(&image_command, "ambit image", 1, &f->text);
    assert_non_null(strstr(strbuf_text(&f->text),
                           "\n# COMMANDS\n\n*ambit\\-image\\-import*(1)\n\tMake an image of"));
}

static int setup(void **state)
{
    *state = mem_alloc(sizeof(Fixture));
    return unsetenv("TEST_COMMAND_ROOT");
}

static int teardown(void **state)
{
    Fixture *f = *state;
    arena_done(&f->arena);
    strbuf_done(&f->text);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finds_the_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_children_and_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stops_where_the_container_begins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asks_for_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_of_a_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_of_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completion_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_manpage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
