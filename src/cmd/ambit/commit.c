/*
 * `commit`: an image of a container, whose processes are frozen meanwhile.
 */
#include <errno.h>

#include "base/environment.h"
#include "base/strmap.h"
#include "cmd/program/output.h"
#include "engine/changes.h"
#include "engine/freeze.h"
#include "image/imagechange.h"
#include "image/imagehelper.h"
#include "image_session.h"

typedef struct CommitOptions {
    const char *author, *message, *pause;
    StrList changes;
    bool quiet;
} CommitOptions;

static const Option commit_options[] = {
    { 'a', "author", OPTION_STRING(CommitOptions, author), "TEXT", "Author of the image" },
    { 'c', "change", OPTION_LIST(CommitOptions, changes), "INSTRUCTION",
      "Change the image's config: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, "
      "WORKDIR, with their values" },
    { 'm', "message", OPTION_STRING(CommitOptions, message), "TEXT",
      "What the image's history says" },
    { 'p', "pause", OPTION_STRING(CommitOptions, pause), "true|false",
      "Freeze the container's processes meanwhile (default true)" },
    { 'q', "quiet", OPTION_FLAG(CommitOptions, quiet), NULL, "Print the id (it always is)",
      .hidden = true },
    OPTION_REFUSE('s', "squash",
                  "not supported yet: `ambit export C | ambit import - NAME` makes one layer"),
    OPTION_REFUSE('f', "format", "an image is an OCI image here; `ambit save` writes both forms"),
    OPTION_REFUSE(0, "iidfile", "not supported yet: the id is printed"),
    OPTION_REFUSE(0, "include-volumes", "not supported yet: what is mounted stays out"),
    OPTION_END,
};

/* The container's command as the image's: after its entrypoint if it begins with that, else alone.
 */
static void commit_take_command(OciImageConfig *config, const Container *container, Arena *arena)
{
    size_t entrypoint = config->entrypoint.count;
    bool begins = entrypoint <= container->command.count;
    for (size_t i = 0; begins && i < entrypoint; i++)
        begins = str_eq(container->command.items[i], config->entrypoint.items[i]);
    if (!begins) {
        config->entrypoint = (StrList){ 0 };
        entrypoint = 0;
    }
    config->cmd = (StrList){ 0 };
    for (size_t i = entrypoint; i < container->command.count; i++)
        strlist_append(arena, &config->cmd, container->command.items[i]);
}

/* What the container was started with, besides what its image says: docker's rule. */
static void commit_take_settings(OciImageConfig *config, const Container *container, Arena *arena)
{
    for (size_t i = 0; i < container->env.count; i++)
        environment_set(&config->env, arena, container->env.items[i]);
    for (size_t i = 0; i < container->settings.config.labels.count; i++)
        strmap_set(arena, &config->labels, container->settings.config.labels.items[i].key,
                   container->settings.config.labels.items[i].value);
    for (size_t i = 0; i < container->settings.config.exposed_ports.count; i++)
        strlist_append_new(arena, &config->exposed_ports,
                           container->settings.config.exposed_ports.items[i]);
    if (container->user)
        config->user = arena_strdup(arena, container->user);
    if (container->workdir)
        config->working_dir = arena_strdup(arena, container->workdir);
}

static int commit_config(const ImageSession *session, const CommitOptions *options,
                         const Container *container, Arena *arena, StrList *words, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Image image;
    int r = image_resolve(&session->store, container->image_id, arena, &image, error);
    if (r < 0)
        return error_wrap(error, "the container's image");
    OciImageConfig config = image.config.config;
    commit_take_command(&config, container, arena);
    commit_take_settings(&config, container, arena);
    for (size_t i = 0; i < options->changes.count; i++) {
        r = imagechange_apply(&config, options->changes.items[i], arena, error);
        if (r < 0)
            return error_wrap(error, "--change");
    }
    field_print(&oci_image_config_table, &config, false, &text);
    StrBuf command CLEANUP(strbuf_done) = { 0 };
    strbuf_add_list(&command, &container->command, " ");
    const char *const pairs[] = {
        "--image",      container->image_id,   "--config", strbuf_text(&text),
        "--created-by", strbuf_text(&command), "--author", options->author,
        "--message",    options->message,
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i += 2) {
        if (!pairs[i + 1])
            continue;
        strlist_append(arena, words, pairs[i]);
        strlist_append(arena, words, pairs[i + 1]);
    }
    return 0;
}

static int commit_make(const ImageSession *session, const CommandCall *call,
                       const ListingItem *item, ImageHelperCall *helper, Error *error)
{
    const CommitOptions *options = call->values;
    Freeze freeze CLEANUP(freeze_end) = FREEZE_NONE;
    ImageAddedList added;
    int r = str_eq(options->pause, "false") ? 0 : freeze_begin(item, call->arena, &freeze, error);
    if (r < 0)
        return error_wrap(error, "--pause");
    r = imagehelper_add(&session->store, helper, call->arena, &added, error);
    freeze_end(&freeze);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < added.count; i++)
        strbuf_printf(&text, "%s\n", added.items[i].id);
    return output_write(strbuf_text(&text), error);
}

static int commit_run(CommandCall *call, Error *error)
{
    const CommitOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    ImageHelperCall helper = { .command = "commit", .data_fd = -1 };
    ListingItem item;
    ChangesLayers layers;
    if (options->pause && !str_eq(options->pause, "true") && !str_eq(options->pause, "false"))
        return error_set(error, ERROR_USAGE, EINVAL, "--pause: '%s' is neither true nor false",
                         options->pause);
    int r = image_session_open(call, ENGINE_CHANGE, &session, error);
    if (r == 0)
        r = changes_find(&session.engine, call->arguments[0], call->arena, &item, &layers, error);
    if (r == 0)
        r = commit_config(&session, options, item.container, call->arena, &helper.options, error);
    if (r < 0)
        return r;
    strlist_append(call->arena, &helper.options, "--layer");
    strlist_append(call->arena, &helper.options, layers.upper);
    if (call->argument_count > 1) {
        strlist_append(call->arena, &helper.options, "--name");
        strlist_append(call->arena, &helper.options, call->arguments[1]);
    }
    return commit_make(&session, call, &item, &helper, error);
}

const Command commit_command = {
    .name = "commit",
    .summary = "Make an image of a container",
    .description = "What the container has changed becomes a layer on its image; owners are those "
                   "of inside, and what is mounted in it (volumes, /proc, /dev) stays out. Its "
                   "command, environment, labels, user and working directory become the image's.",
    .arguments = "CONTAINER [NAME[:TAG]]",
    .arguments_min = 1,
    .arguments_max = 2,
    .completes = "container",
    .examples = "# keep what was done by hand\n"
                "ambit run --name work debian bash\n"
                "ambit commit -m 'tools installed' work debian:tools\n",
    .options = commit_options,
    .values_size = sizeof(CommitOptions),
    .run = commit_run,
};
