/*
 * `ambit explain`: a process's boundary, read and told.
 */
#include "engine/explain.h"

#include <unistd.h>

#include "boundary.h"
#include "cmd/program/output.h"
#include "engine/explain_print.h"

typedef struct ExplainOptions {
    bool all, json;
} ExplainOptions;

static const Option explain_options[] = {
    { 'a', "all", OPTION_FLAG(ExplainOptions, all), NULL, "List every mount" },
    { 0, "json", OPTION_FLAG(ExplainOptions, json), NULL, "Print JSON, with all there is" },
    OPTION_END,
};

static int explain_print_one(const Explanation *explanation, const ExplainOptions *options,
                             Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    UsageStyle style = output_style(STDOUT_FILENO);
    if (options->json)
        field_print(&explanation_table, explanation, true, &text);
    else
        explain_print_text(explanation, &style, options->all, &text);
    return output_write(strbuf_text(&text), error);
}

static int explain_run(CommandCall *call, Error *error)
{
    const ExplainOptions *options = call->values;
    Engine opened CLEANUP(engine_done) = ENGINE_NONE;
    const Engine *engine = boundary_engine(call, &opened);
    Target target CLEANUP(target_done) = TARGET_NONE;
    Residents residents;
    Explanation explanation;
    int r = call->argument_count
                ? target_open(engine, call->arguments[0], call->arena, &target, error)
                : target_open_pid(getppid(), &target, error);
    if (r == 0)
        r = boundary_residents(engine, call->arena, &residents, error);
    if (r == 0)
        r = explain_gather(&target, &residents, call->arena, &explanation, error);
    return r < 0 ? r : explain_print_one(&explanation, options, error);
}

const Command explain_command = {
    .name = "explain",
    .heading = "The boundary",
    .summary = "Show the boundary around a container or any process",
    .arguments = "[CONTAINER | PID]",
    .arguments_max = 1,
    .completes = "container",
    .description =
        "Says of a process what it sees (namespaces, ids, files, network), what it may do "
        "(capabilities, system calls) and what it may use (control group, limits), each beside "
        "what the host has. Without an argument it is about the process that calls it, as a "
        "shell.\n\n"
        "A container is named by its name, its id or the beginning of that. A number of up to 7 "
        "digits is a process id, unless a container is called so; pid:NUMBER always is one.",
    .examples = "# a container\n"
                "ambit explain web\n"
                "# a plain process, to compare\n"
                "ambit explain 1\n"
                "# the shell I am in\n"
                "ambit explain\n"
                "# for a program\n"
                "ambit explain --json web\n",
    .options = explain_options,
    .values_size = sizeof(ExplainOptions),
    .run = explain_run,
};
