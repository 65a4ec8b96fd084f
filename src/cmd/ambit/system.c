/*
 * `ambit system ...`: commands that look after the engine's own files.
 */
#include "cmd/program/output.h"
#include "commands.h"
#include "engine/check.h"
#include "image_check.h"
#include "session.h"

typedef struct CheckOptions {
    bool repair, deep, quiet;
} CheckOptions;

static const Option system_check_options[] = {
    { 0, "repair", OPTION_FLAG(CheckOptions, repair), NULL, "Take away what is found" },
    { 0, "deep", OPTION_FLAG(CheckOptions, deep), NULL, "Compute the digest of every blob" },
    { 'q', "quiet", OPTION_FLAG(CheckOptions, quiet), NULL, "Print findings only" },
    OPTION_END,
};

static int system_check_images(const CommandCall *call, StrBuf *text, ImageCheckCount *ret_count,
                               Error *error)
{
    const CheckOptions *options = call->values;
    ImageCheckOptions images = { .repair = options->repair, .deep = options->deep };
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    int r =
        image_session_open(call, options->repair ? ENGINE_CHANGE : ENGINE_LOOK, &session, error);
    return r < 0 ? r : image_check_add(&session, &images, call->arena, text, ret_count, error);
}

static int system_check_run(CommandCall *call, Error *error)
{
    const CheckOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    CgroupHost cgroup_host;
    CheckReport report;
    int r = session_open(call, options->repair ? ENGINE_CHANGE : ENGINE_LOOK, &engine, error);
    if (r == 0)
        r = cgroup_host_read(call->arena, &cgroup_host, error);
    if (r == 0)
        r = check_run(&engine, &cgroup_host, options->repair, call->arena, &report, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    size_t open = 0;
    for (size_t i = 0; i < report.count; i++) {
        const CheckFinding *finding = &report.findings[i];
        strbuf_printf(&text, "%s %s: %s%s\n", finding->what, finding->which, finding->why,
                      finding->repaired ? " (repaired)" : "");
        open += !finding->repaired;
    }
    ImageCheckCount images;
    r = system_check_images(call, &text, &images, error);
    if (r < 0)
        return r;
    open += images.findings - images.repaired;
    size_t findings = report.count + images.findings;
    if (!options->quiet)
        strbuf_printf(&text, "%zu container%s, %zu finding%s, %zu repaired\n", report.containers,
                      report.containers == 1 ? "" : "s", findings, findings == 1 ? "" : "s",
                      findings - open);
    /* For scripts: 1 says that something is left to repair. */
    call->exit_status = open ? 1 : 0;
    return output_write(strbuf_text(&text), error);
}

static const Command system_check_command = {
    .name = "check",
    .summary = "Find what crashes left behind, and repair it",
    .description = "Containers without an engine process, names, id ranges and cgroups without a "
                   "container, unfinished files; images with missing parts, layers and blobs of "
                   "no image. Exits with 1 if something is left to repair.",
    .examples = "# after a power cut or kill -9\n"
                "ambit system check --repair\n",
    .options = system_check_options,
    .values_size = sizeof(CheckOptions),
    .run = system_check_run,
};

static const Command *const system_children[] = {
    &system_check_command,
    &system_df_command,
    &system_prune_command,
    COMMAND_REFUSE("info", "it is `ambit info`"),
    COMMAND_REFUSE("events", COMMANDS_EVENTS),
    COMMAND_REFUSE("reset", "not supported yet: `ambit rm --all --force`, then `ambit rmi --all`"),
    COMMAND_REFUSE("service", "there is no daemon, and so no socket of one"),
    COMMAND_REFUSE("connection", COMMANDS_ONE_HOST),
    COMMAND_REFUSE("migrate", "there is nothing to be migrated"),
    COMMAND_REFUSE("renumber", "there are no locks with numbers"),
    NULL,
};

const Command system_command = {
    .name = "system",
    .heading = "The engine",
    .summary = "Look after the engine's own files",
    .children = system_children,
};
