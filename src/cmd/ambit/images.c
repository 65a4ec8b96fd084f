/*
 * `images` and `image ls`: docker's list of stored images.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/listformat.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "image/image.h"
#include "image/imagefilter.h"
#include "image_session.h"

enum { IMAGES_ID_LENGTH = 12 };

typedef struct ImagesOptions {
    bool all, quiet, digests, full;
    StrList filters;
    const char *format;
} ImagesOptions;

static const Option images_options[] = {
    { 'a', "all", OPTION_FLAG(ImagesOptions, all), NULL, "All images (they always are)" },
    { 'q', "quiet", OPTION_FLAG(ImagesOptions, quiet), NULL, "Print ids only" },
    { 0, "digests", OPTION_FLAG(ImagesOptions, digests), NULL, "Show the manifests' digests" },
    { 0, "no-trunc", OPTION_FLAG(ImagesOptions, full), NULL, "Do not shorten ids" },
    { 'f', "filter", OPTION_LIST(ImagesOptions, filters), "KEY=VALUE",
      "Only those that fit: dangling=true, reference=PATTERN, label=KEY[=VALUE], before=IMAGE, "
      "since=IMAGE" },
    { 0, "format", OPTION_STRING(ImagesOptions, format), "TEXT",
      "\"json\", or TEXT or \"table TEXT\" with {{.Repository}}, {{.Tag}}, {{.ID}}, {{.Digest}}, "
      "{{.CreatedSince}}, {{.CreatedAt}}, {{.Size}}" },
    OPTION_REFUSE(0, "noheading", "not supported yet: --format without 'table' has no heading"),
    OPTION_REFUSE(0, "sort", "not supported yet: sort(1) sorts what --format prints"),
    OPTION_REFUSE(0, "tree", "not supported yet: `ambit image inspect` shows platforms"),
    OPTION_REFUSE(0, "history", "not supported yet: `ambit history IMAGE`"),
    OPTION_END,
};

typedef struct ImagesRow {
    const Image *image;
    const char *repository, *tag, *id, *since, *at, *size;
} ImagesRow;

typedef struct ImagesRun {
    const ImagesOptions *options;
    ImageSession session;
    ImageList list;
    Arena *arena;
} ImagesRun;

/*** Filters. ***/

/* A shell pattern for the familiar name, with or without its tag. */
static bool images_reference_fits(const Image *image, const char *pattern, Arena *arena)
{
    Reference reference;
    if (!image->name || reference_parse(image->name, arena, &reference, NULL) < 0)
        return false;
    return fnmatch(pattern, reference_familiar(&reference, arena), FNM_PATHNAME) == 0 ||
           fnmatch(pattern, reference_familiar_name(&reference, arena), FNM_PATHNAME) == 0;
}

/* Positive: it fits; 0: it does not; negative: the filter is wrong. */
static int images_filter_fits(ImagesRun *run, const Image *image, const char *filter, Error *error)
{
    const char *value = strchr(filter, '=');
    const char *key = arena_strndup(run->arena, filter, value ? (size_t)(value - filter) : 0);
    value = value ? value + 1 : "";
    if (str_eq(key, "dangling") && (str_eq(value, "true") || str_eq(value, "false")))
        return (image->name == NULL) == str_eq(value, "true");
    if (str_eq(key, "reference"))
        return images_reference_fits(image, value, run->arena);
    if (str_eq(key, "label"))
        return imagefilter_has_label(image, value);
    if (str_eq(key, "before") || str_eq(key, "since")) {
        Image other;
        int r = image_resolve(&run->session.store, value, run->arena, &other, error);
        if (r < 0)
            return error_wrap(error, "--filter");
        int64_t mine = image_time(image->config.created);
        int64_t theirs = image_time(other.config.created);
        return str_eq(key, "before") ? mine < theirs : mine > theirs;
    }
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--filter: '%s' is none of dangling=true|false, reference=, label=, before=, "
                     "since=",
                     filter);
}

static int images_fits(ImagesRun *run, const Image *image, const CommandCall *call, Error *error)
{
    int fits =
        call->argument_count == 0 || images_reference_fits(image, call->arguments[0], run->arena);
    for (size_t i = 0; fits > 0 && i < run->options->filters.count; i++)
        fits = images_filter_fits(run, image, run->options->filters.items[i], error);
    return fits;
}

/*** Rows. ***/

static void images_fill(ImagesRun *run, const Image *image, ImagesRow *row)
{
    Arena *arena = run->arena;
    Reference reference;
    StrBuf since CLEANUP(strbuf_done) = { 0 };
    char size[32];
    uint64_t bytes = 0;
    int64_t created = image_time(image->config.created);
    bool named = image->name && reference_parse(image->name, arena, &reference, NULL) == 0;
    *row = (ImagesRow){
        .image = image,
        .repository = named ? reference_familiar_name(&reference, arena) : "<none>",
        .tag = named && reference.tag ? reference.tag : "<none>",
        .id = run->options->full
                  ? image->id
                  : arena_strndup(arena, oci_digest_hex(image->id), IMAGES_ID_LENGTH),
        .at = image->config.created,
    };
    (void)!image_bytes(&run->session.store, image, &bytes, NULL);
    row->size = arena_strdup(arena, str_from_bytes(bytes, size, sizeof(size)));
    if (created > 0) {
        listing_duration(time(NULL) - created, &since);
        row->since = arena_printf(arena, "%s ago", strbuf_text(&since));
    }
}

/* What its registry calls it. */
static const char *images_digest(const Image *image)
{
    return image->origin ? image->origin : image->manifest_digest;
}

static void images_json(const ImagesRow *row, StrBuf *text)
{
    JsonWriter writer = { .text = text };
    const struct {
        const char *key, *value;
    } members[] = {
        { "Repository", row->repository },
        { "Tag", row->tag },
        { "ID", row->id },
        { "Digest", images_digest(row->image) },
        { "CreatedSince", row->since ? row->since : "" },
        { "CreatedAt", row->at ? row->at : "" },
        { "Size", row->size },
    };
    json_write_object(&writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_write_key(&writer, members[i].key);
        json_write_string(&writer, members[i].value);
    }
    json_write_end_object(&writer);
}

static void images_add(const ImagesOptions *options, const ImagesRow *row, Table *table)
{
    table_add(table, row->repository);
    table_add(table, row->tag);
    if (options->digests)
        table_add(table, images_digest(row->image));
    table_add(table, row->id);
    table_add(table, row->since);
    table_add(table, row->size);
}

/* Into `table`, or if it is NULL, as `format` says. */
static int images_each(ImagesRun *run, const CommandCall *call, Table *table, ListFormat *format,
                       StrBuf *text, Error *error)
{
    StrList seen = { 0 };
    for (size_t i = 0; i < run->list.count; i++) {
        const Image *image = &run->list.items[i];
        int fits = images_fits(run, image, call, error);
        if (fits < 0)
            return fits;
        if (fits == 0)
            continue;
        ImagesRow row;
        images_fill(run, image, &row);
        int r = 0;
        if (run->options->quiet && !strlist_contains(&seen, image->id)) {
            strlist_append(run->arena, &seen, image->id);
            strbuf_printf(text, "%s\n", row.id);
        } else if (!run->options->quiet && table) {
            images_add(run->options, &row, table);
        } else if (!run->options->quiet) {
            StrBuf json CLEANUP(strbuf_done) = { 0 };
            images_json(&row, &json);
            r = listformat_add(format, &json, text, error);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static void images_done(ImagesRun *run)
{
    image_session_done(&run->session);
}

static int images_run(CommandCall *call, Error *error)
{
    static const char *const headings[] = {
        "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL
    };
    static const char *const with_digests[] = { "REPOSITORY", "TAG",  "DIGEST", "IMAGE ID",
                                                "CREATED",    "SIZE", NULL };
    const ImagesOptions *options = call->values;
    ImagesRun run CLEANUP(
        images_done) = { .options = options, .session = IMAGE_SESSION_EMPTY, .arena = call->arena };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Table table CLEANUP(table_done) = table_new(options->digests ? with_digests : headings);
    size_t broken = 0;
    static const ListHeading formatted[] = {
        { "ID", "IMAGE ID" },
        { "CreatedSince", "CREATED" },
        { 0 },
    };
    ListFormat format CLEANUP(listformat_done) = { 0 };
    bool own = listformat_is_default(options->format);
    if (!own)
        listformat_init(&format, options->format, formatted);
    int r = image_session_open(call, ENGINE_LOOK, &run.session, error);
    if (r == 0)
        r = image_list(&run.session.store, call->arena, &run.list, &broken, error);
    if (r == 0)
        r = images_each(&run, call, own ? &table : NULL, &format, &text, error);
    if (r < 0)
        return r;
    if (own && !options->quiet)
        table_print(&table, output_style(1).colour, &text);
    else if (!options->quiet)
        listformat_end(&format, &text);
    if (broken > 0)
        (void)fprintf(stderr, "%s: %zu images have missing parts: ambit system check\n", call->path,
                      broken);
    return output_write(strbuf_text(&text), error);
}

#define IMAGES_EXAMPLES                        \
    "# ids of images without a name\n"         \
    "ambit images -q --filter dangling=true\n" \
    "# names and sizes\n"                      \
    "ambit images --format '{{.Repository}}:{{.Tag}} {{.Size}}'\n"

#define IMAGES_COMMAND                                                               \
    .summary = "List images", .arguments = "[REPOSITORY[:TAG]]", .arguments_max = 1, \
    .completes = "image", .examples = IMAGES_EXAMPLES, .options = images_options,    \
    .values_size = sizeof(ImagesOptions), .run = images_run

static const char *const image_ls_aliases[] = { "list", NULL };

const Command images_command = { .name = "images", .heading = "Images", IMAGES_COMMAND };
const Command image_ls_command = { .name = "ls", .aliases = image_ls_aliases, IMAGES_COMMAND };
