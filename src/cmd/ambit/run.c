/*
 * `ambit run`: options are in run_options.c, the work in engine/run.c.
 */
#include "engine/run.h"

#include <errno.h>
#include <unistd.h>

#include "cmd/program/output.h"
#include "image_fetch.h"
#include "image_platform.h"
#include "linux/sealed.h"
#include "progress.h"
#include "run_options.h"
#include "session.h"

/* With the host's ids inside, or those of a container that may have them, our own program file must
 * be out of the container's reach. */
static bool run_may_share_ids(const RunRequest *request)
{
    RequestNamespaceMode user = request->namespaces[NAMESPACE_USER].mode;
    bool shared = user != REQUEST_NAMESPACE_DEFAULT && user != REQUEST_NAMESPACE_PRIVATE;
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++)
        shared |= request->namespaces[type].mode == REQUEST_NAMESPACE_CONTAINER;
    return shared;
}

/* An image that is not there is fetched, with progress where a person sees it. */
static int run_fetch(const RunRequest *request, const ImageStore *store, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Progress progress CLEANUP(progress_done) = { 0 };
    ImageAdded added;
    ImagePull pull = {
        .reference = request->image,
        .on_event = request->quiet ? NULL : progress_on_event,
        .event_context = &progress,
    };
    int r = image_platform_options(request->platform, &arena, &pull.options, error);
    progress_init(&progress, false);
    if (r < 0)
        return r;
    return image_fetch(store, &pull,
                       request->pull == REQUEST_PULL_NEWER ? IMAGEPULL_NEWER : IMAGEPULL_ALWAYS,
                       &arena, &added, error);
}

static void run_warn(const char *message)
{
    Error warning = { 0 };
    (void)error_set(&warning, ERROR_UNSUPPORTED, EOPNOTSUPP, "%s", message);
    output_error("ambit run: warning", &warning);
}

static int run_run(CommandCall *call, Error *error)
{
    RunRequest *request = call->values;
    int r = run_options_finish(request, call->arguments, call->argument_count, call->arena, error);
    if (r < 0)
        return r;
    if (run_may_share_ids(request) && !request->plan && !sealed_already())
        return sealed_exec(main_arguments, false, error);

    request->fetch = run_fetch;
    request->warn = run_warn;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    RunOutcome outcome = { 0 };
    r = session_open(call, ENGINE_MAKE, &engine, error);
    if (r == 0)
        r = run_container(&engine, request, call->arena, &outcome, error);
    if (r < 0)
        return r;
    call->exit_status = outcome.exit_status;
    if (!outcome.text)
        return 0;
    /* The trace must not mix with what the program wrote. */
    return request->plan ? output_write(outcome.text, error)
                         : output_write_to(STDERR_FILENO, outcome.text, error);
}

const Command run_command = {
    .name = "run",
    .heading = "Containers",
    .summary = "Run a program in a new container",
    .arguments = "IMAGE [COMMAND [ARG...]]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "image",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .description =
        "Makes a container of IMAGE, runs COMMAND (or the image's own) in it and ends with its "
        "exit "
        "status: 125 if the engine failed, 126 if the command cannot be executed, 127 if it is not "
        "there, 128+N if signal N ended it.\n\n"
        "The container has a user namespace of its own: its root is an ordinary user outside.",
    .examples = "# look at the boundary from inside\n"
                "ambit run --rm base\n"
                "# a shell in a terminal\n"
                "ambit run --rm -it base sh\n"
                "# half a CPU, 64 MiB, no network, a directory of the host read-only\n"
                "ambit run --rm --cpus 0.5 --memory 64m --net none -v /srv:/srv:ro base ls /srv\n"
                "# what would be done, and what was done\n"
                "ambit run --plan base\n"
                "ambit run --rm --trace base true\n",
    .options = run_options,
    .values_size = sizeof(RunRequest),
    .defaults = &request_defaults,
    .run = run_run,
};
