/*
 * `system prune`: containers that have ended, then images that nobody uses.
 */
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/stop.h"
#include "rmi.h"

typedef struct SystemPruneOptions {
    bool all, force;
    StrList filters;
} SystemPruneOptions;

static const Option system_prune_options[] = {
    { 'a', "all", OPTION_FLAG(SystemPruneOptions, all), NULL,
      "Every image that no container uses, not only those without a name" },
    { 'f', "force", OPTION_FLAG(SystemPruneOptions, force), NULL, "Do not ask (it never does)" },
    { 0, "filter", OPTION_LIST(SystemPruneOptions, filters), "KEY=VALUE",
      "Only what fits: until=24h, until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]" },
    OPTION_END,
};

/* A container's labels and age, judged as an image's. */
static bool system_prune_fits(const ImageFilter *filter, const Container *container)
{
    Image likeness = { .config.config.labels = container->labels };
    ImageFilter labels = *filter;
    labels.until = 0;
    return (!filter->until || container->created < filter->until) &&
           imagefilter_fits(&labels, &likeness);
}

static int system_prune_containers(const Engine *engine, const ImageFilter *filter, Arena *arena,
                                   StrBuf *text, Error *error)
{
    Listing listing;
    int r = listing_read(engine, true, arena, &listing, error);
    for (size_t i = 0; r == 0 && i < listing.count; i++) {
        const ListingItem *item = &listing.items[i];
        if (item->status != CONTAINER_EXITED || !item->container ||
            !system_prune_fits(filter, item->container))
            continue;
        r = stop_remove(engine, item, false, error);
        if (r == 0)
            strbuf_printf(text, "Deleted: %s\n", item->id);
    }
    return r;
}

static int system_prune_run(CommandCall *call, Error *error)
{
    const SystemPruneOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ImageFilter filter;
    ImagePruneRequest request = { .all = options->all, .filter = &filter };
    uint64_t bytes = 0;
    char size[32];
    int r = rmi_filter(&options->filters, call->arena, &filter, error);
    if (r == 0)
        r = image_session_open(call, &session, error);
    if (r == 0)
        r = system_prune_containers(&session.engine, &filter, call->arena, &text, error);
    if (r == 0)
        r = rmi_prune(&session, &request, call->arena, &text, &bytes, error);
    if (r < 0)
        return r;
    strbuf_printf(&text, "Freed by images: %s\n", str_from_bytes(bytes, size, sizeof(size)));
    return output_write(strbuf_text(&text), error);
}

const Command system_prune_command = {
    .name = "prune",
    .summary = "Remove containers that have ended and images that nobody uses",
    .description = "Volumes stay. Images with a name stay too, without --all.",
    .examples = "# what is older than a day\n"
                "ambit system prune --all --filter until=24h\n",
    .options = system_prune_options,
    .values_size = sizeof(SystemPruneOptions),
    .run = system_prune_run,
};
