/*
 * `image prune` takes images that nobody uses, `system prune` before that containers that have
 * ended.
 */
#include <time.h>

#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/stop.h"
#include "image_session.h"
#include "rmi.h"

typedef struct PruneOptions {
    bool all, force;
    StrList filters;
} PruneOptions;

static const Option prune_options[] = {
    { 'a', "all", OPTION_FLAG(PruneOptions, all), NULL,
      "Every image that no container uses, not only those without a name" },
    { 'f', "force", OPTION_FLAG(PruneOptions, force), NULL, "Do not ask (it never does)" },
    { 0, "filter", OPTION_LIST(PruneOptions, filters), "KEY=VALUE",
      "Only what fits: until=24h, until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]" },
    OPTION_END,
};

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
    Image likeness = { .config.config.labels = container->labels };
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
    int r = image_session_use(session, arena, &use, error);
    if (r == 0)
        r = imagegc_prune(&session->store, &wanted, arena, &removal, error);
    if (r < 0)
        return r;
    rmi_print(&removal, arena, text);
    *ret_bytes = removal.swept.bytes;
    return 0;
}

/*** Both. ***/

static int prune(CommandCall *call, bool containers, Error *error)
{
    const PruneOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ImageFilter filter;
    ImagePruneRequest request = { .all = options->all, .filter = &filter };
    uint64_t bytes = 0;
    char size[32];
    int r = prune_filter(&options->filters, call->arena, &filter, error);
    if (r == 0)
        r = image_session_open(call, &session, error);
    if (r == 0 && containers)
        r = prune_containers(&session.engine, &filter, call->arena, &text, error);
    if (r == 0)
        r = prune_images(&session, &request, call->arena, &text, &bytes, error);
    if (r < 0)
        return r;
    strbuf_printf(&text, containers ? "Freed by images: %s\n" : "Freed: %s\n",
                  str_from_bytes(bytes, size, sizeof(size)));
    return output_write(strbuf_text(&text), error);
}

static int prune_run_images(CommandCall *call, Error *error)
{
    return prune(call, false, error);
}

static int prune_run_system(CommandCall *call, Error *error)
{
    return prune(call, true, error);
}

const Command image_prune_command = {
    .name = "prune",
    .summary = "Remove images that are not used",
    .examples = "# everything that no container uses and that is older than a week\n"
                "ambit image prune --all --filter until=7d\n",
    .options = prune_options,
    .values_size = sizeof(PruneOptions),
    .run = prune_run_images,
};

const Command system_prune_command = {
    .name = "prune",
    .summary = "Remove containers that have ended and images that nobody uses",
    .description = "Volumes stay. Images with a name stay too, without --all.",
    .examples = "# what is older than a day\n"
                "ambit system prune --all --filter until=24h\n",
    .options = prune_options,
    .values_size = sizeof(PruneOptions),
    .run = prune_run_system,
};
