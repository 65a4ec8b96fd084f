/*
 * `container prune` takes containers that have ended, `image prune` images that nobody uses,
 * `system prune` both. What is taken is gone, so a person is asked first, as by docker and podman.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/stop.h"
#include "image_session.h"
#include "rmi.h"

typedef struct PruneOptions {
    bool all, force;
    StrList filters;
} PruneOptions;

#define PRUNE_OPTIONS                                                       \
    { 'f', "force", OPTION_FLAG(PruneOptions, force), NULL, "Do not ask" }, \
        { 0, "filter", OPTION_LIST(PruneOptions, filters), "KEY=VALUE",     \
          "Only what fits: until=24h, until=TIME, label=KEY[=VALUE], "      \
          "label!=KEY[=VALUE]" },                                           \
        OPTION_END

static const Option prune_options[] = {
    { 'a', "all", OPTION_FLAG(PruneOptions, all), NULL,
      "Every image that no container uses, not only those without a name" },
    PRUNE_OPTIONS,
};

static const Option prune_container_options[] = { PRUNE_OPTIONS };

/* What is to go, in words for the question. */
typedef struct PruneScope {
    bool containers, images;
    const char *some, *all;
} PruneScope;

static int prune_filter(const StrList *words, Arena *arena, ImageFilter *ret_filter, Error *error)
{
    *ret_filter = (ImageFilter){ 0 };
    int r = 0;
    for (size_t i = 0; r == 0 && i < words->count; i++)
        r = imagefilter_add(ret_filter, words->items[i], time(NULL), arena, error);
    return r;
}

/*** Containers. ***/

/* A container's labels and age, judged as an image's. */
static bool prune_fits(const ImageFilter *filter, const Container *container)
{
    Image likeness = { .config.config.labels = container->settings.config.labels };
    ImageFilter labels = *filter;
    labels.until = 0;
    return (!filter->until || container->created < filter->until) &&
           imagefilter_fits(&labels, &likeness);
}

static int prune_containers(const Engine *engine, const ImageFilter *filter, Arena *arena,
                            StrBuf *text, Error *error)
{
    Listing listing;
    int r = listing_read(engine, true, arena, &listing, error);
    for (size_t i = 0; r == 0 && i < listing.count; i++) {
        const ListingItem *item = &listing.items[i];
        if (item->status != CONTAINER_EXITED || !item->container ||
            !prune_fits(filter, item->container))
            continue;
        r = stop_remove(engine, item, false, error);
        if (r == 0)
            strbuf_printf(text, "Deleted: %s\n", item->id);
    }
    return r;
}

/*** Images. ***/

static int prune_images(const ImageSession *session, const ImagePruneRequest *request, Arena *arena,
                        StrBuf *text, uint64_t *ret_bytes, Error *error)
{
    ImageGcUse use;
    ImageRemoval removal;
    ImagePruneRequest wanted = *request;
    wanted.use = &use;
    wanted.lock = image_session_lock_use(session, arena, &use, error);
    int r = wanted.lock < 0 ? wanted.lock
                            : imagegc_prune(&session->store, &wanted, arena, &removal, error);
    if (r < 0)
        return r;
    rmi_print(&removal, arena, text);
    *ret_bytes = removal.swept.bytes;
    return 0;
}

/*** Asking and doing. ***/

/* Positive: go on. Without a person to ask it takes --force, lest a script empties a machine. */
static int prune_ask(const PruneOptions *options, const PruneScope *scope, Error *error)
{
    const char *what = options->all ? scope->all : scope->some;
    const char *fitting = options->filters.count ? " that fit the filters" : "";
    if (options->force)
        return 1;
    if (!isatty(STDIN_FILENO))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "there is no terminal to ask on: --force removes %s%s", what, fitting);
    StrBuf question CLEANUP(strbuf_done) = { 0 };
    strbuf_printf(&question, "This removes %s%s. Go on? [y/N] ", what, fitting);
    int r = output_write_to(STDERR_FILENO, strbuf_text(&question), error);
    char answer[16];
    ssize_t size =
        r < 0 ? 0 : read(STDIN_FILENO, answer, sizeof(answer)); /* a line, of a terminal */
    return r < 0 ? r : size > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

static int prune(CommandCall *call, const PruneScope *scope, Error *error)
{
    const PruneOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ImageFilter filter;
    ImagePruneRequest request = { .all = options->all, .filter = &filter };
    uint64_t bytes = 0;
    char size[32];
    int r = prune_filter(&options->filters, call->arena, &filter, error);
    if (r == 0) {
        r = prune_ask(options, scope, error);
        if (r <= 0)
            return r;
        r = image_session_open(call, ENGINE_CHANGE, &session, error);
    }
    if (r == 0 && scope->containers)
        r = prune_containers(&session.engine, &filter, call->arena, &text, error);
    if (r == 0 && scope->images)
        r = prune_images(&session, &request, call->arena, &text, &bytes, error);
    if (r < 0)
        return r;
    if (scope->images)
        strbuf_printf(&text, scope->containers ? "Freed by images: %s\n" : "Freed: %s\n",
                      str_from_bytes(bytes, size, sizeof(size)));
    return output_write(strbuf_text(&text), error);
}

#define PRUNE_CONTAINERS "all containers that have ended"
#define PRUNE_UNNAMED    "all images that have no name and are not used"
#define PRUNE_UNUSED     "all images that no container uses"

static int prune_run_containers(CommandCall *call, Error *error)
{
    static const PruneScope scope = { .containers = true, .some = PRUNE_CONTAINERS };
    return prune(call, &scope, error);
}

static int prune_run_images(CommandCall *call, Error *error)
{
    static const PruneScope scope = { .images = true, .some = PRUNE_UNNAMED, .all = PRUNE_UNUSED };
    return prune(call, &scope, error);
}

static int prune_run_system(CommandCall *call, Error *error)
{
    static const PruneScope scope = {
        .containers = true,
        .images = true,
        .some = PRUNE_CONTAINERS " and " PRUNE_UNNAMED,
        .all = PRUNE_CONTAINERS " and " PRUNE_UNUSED,
    };
    return prune(call, &scope, error);
}

const Command container_prune_command = {
    .name = "prune",
    .summary = "Remove containers that have ended",
    .examples = "# those made more than a day ago\n"
                "ambit container prune --force --filter until=24h\n",
    .options = prune_container_options,
    .values_size = sizeof(PruneOptions),
    .run = prune_run_containers,
};

const Command image_prune_command = {
    .name = "prune",
    .summary = "Remove images that are not used",
    .examples = "# everything that no container uses and that is older than a week\n"
                "ambit image prune --all --force --filter until=7d\n",
    .options = prune_options,
    .values_size = sizeof(PruneOptions),
    .run = prune_run_images,
};

static const Option prune_system_options[] = {
    OPTION_REFUSE(0, "volumes", "not supported yet: volumes with a name are kept"),
    { 'a', "all", OPTION_FLAG(PruneOptions, all), NULL,
      "Every image that no container uses, not only those without a name" },
    PRUNE_OPTIONS,
};

const Command system_prune_command = {
    .name = "prune",
    .summary = "Remove containers that have ended and images that nobody uses",
    .description = "Volumes stay. Images with a name stay too, without --all.",
    .examples = "# what is older than a day\n"
                "ambit system prune --all --force --filter until=24h\n",
    .options = prune_system_options,
    .values_size = sizeof(PruneOptions),
    .run = prune_run_system,
};
