/*
 * `image inspect`: docker's document about an image; and `history`.
 */
#include "image_inspect.h"

#include <stdio.h>
#include <time.h>

#include "base/listformat.h"
#include "base/table.h"
#include "base/template.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "image/image.h"
#include "image/imageindex.h"

typedef struct ImageInspectOptions {
    const char *format;
} ImageInspectOptions;

static const Option image_inspect_options[] = {
    { 'f', "format", OPTION_STRING(ImageInspectOptions, format), "TEXT",
      "Print TEXT with {{.Field.Member}} replaced, for each image" },
    OPTION_END,
};

static void image_inspect_strings(JsonWriter *writer, const char *key, const StrList *list)
{
    json_write_key(writer, key);
    json_write_strings(writer, list);
}

/* All names of an image, and the references by digest that follow from them. */
static int image_inspect_names(const ImageStore *store, const Image *image, Arena *arena,
                               StrList *ret_tags, StrList *ret_digests)
{
    OciIndex index;
    int r = imageindex_read(store, arena, &index, NULL);
    for (size_t i = 0; r == 0 && i < index.manifests.count; i++) {
        Reference reference;
        const char *name = imageindex_name(&index.manifests.items[i]);
        if (!str_eq(index.manifests.items[i].digest, image->manifest_digest) || !name ||
            reference_parse(name, arena, &reference, NULL) < 0)
            continue;
        if (reference.tag)
            strlist_append(arena, ret_tags, reference_familiar(&reference, arena));
        const char *digests[] = { imageindex_origin(&index.manifests.items[i]),
                                  image->manifest_digest };
        const char *repository = reference_familiar_name(&reference, arena);
        for (size_t k = 0; k < ARRAY_LEN(digests); k++) {
            const char *by_digest =
                digests[k] ? arena_printf(arena, "%s@%s", repository, digests[k]) : NULL;
            if (by_digest && !strlist_contains(ret_digests, by_digest))
                strlist_append(arena, ret_digests, by_digest);
        }
    }
    return r;
}

typedef struct ImageInspected {
    Image image;
    StrList tags, digests;
    StrList platforms; /* that are stored, of an index that is stored as a whole */
    uint64_t bytes;
} ImageInspected;

/* The image's rows, of which each text and list is there also when it is empty: a template that
 * asks for .Config.User must find it, as with docker. */
static void image_inspect_config(const OciImageConfig *config, JsonWriter *writer)
{
    Field rows[FIELD_MAX_ROWS];
    FieldTable table = oci_image_config_table;
    for (uint32_t i = 0; i < table.count; i++) {
        rows[i] = table.fields[i];
        if (rows[i].kind == FIELD_KIND_STR || rows[i].kind == FIELD_KIND_STRLIST ||
            rows[i].kind == FIELD_KIND_STRSET || rows[i].kind == FIELD_KIND_STRMAP)
            rows[i].flags |= FIELD_ALWAYS;
    }
    table.fields = rows;
    field_encode(&table, config, writer);
}

static void image_inspect_members(const ImageInspected *inspected, JsonWriter *writer)
{
    const Image *image = &inspected->image;
    json_write_object(writer);
    json_write_key(writer, "Id");
    json_write_string(writer, image->id);
    image_inspect_strings(writer, "RepoTags", &inspected->tags);
    image_inspect_strings(writer, "RepoDigests", &inspected->digests);
    const struct {
        const char *key, *value;
    } members[] = {
        { "Created", image->config.created },
        { "Author", image->config.author },
        { "Architecture", image->config.architecture },
        { "Variant", image->config.variant },
        { "Os", image->config.os },
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!members[i].value)
            continue;
        json_write_key(writer, members[i].key);
        json_write_string(writer, members[i].value);
    }
    json_write_key(writer, "Size");
    json_write_uint(writer, inspected->bytes);
    json_write_key(writer, "Config");
    image_inspect_config(&image->config.config, writer);
    json_write_key(writer, "RootFS");
    json_write_object(writer);
    json_write_key(writer, "Type");
    json_write_string(writer, "layers");
    image_inspect_strings(writer, "Layers", &image->config.rootfs.diff_ids);
    json_write_end_object(writer);
    image_inspect_strings(writer, "LayerDirectories", &image->layers);
    json_write_key(writer, "ManifestDigest");
    json_write_string(writer, image->manifest_digest);
    image_inspect_strings(writer, "Platforms", &inspected->platforms);
    json_write_end_object(writer);
}

static int image_inspect_platforms(const ImageStore *store, const Image *image, Arena *arena,
                                   StrList *ret_platforms)
{
    ImageList list;
    int r = image_variants(store, image, arena, &list, NULL);
    for (size_t i = 0; r == 0 && i < list.count; i++) {
        const OciPlatform *platform = list.items[i].descriptor.platform;
        if (platform)
            strlist_append(arena, ret_platforms, oci_platform_text(platform, arena));
    }
    return r;
}

int image_inspect_write(const ImageSession *session, const char *word, Arena *arena,
                        JsonWriter *writer, Error *error)
{
    ImageInspected all = { 0 };
    Image *image = &all.image;
    int r = image_resolve(&session->store, word, arena, image, error);
    if (r < 0)
        return r;
    (void)!image_inspect_names(&session->store, image, arena, &all.tags, &all.digests);
    (void)!image_inspect_platforms(&session->store, image, arena, &all.platforms);
    (void)!image_bytes(&session->store, image, &all.bytes, NULL);
    image_inspect_members(&all, writer);
    return 0;
}

static int image_inspect_formatted(const CommandCall *call, const StrBuf *json, StrBuf *text,
                                   Error *error)
{
    const ImageInspectOptions *options = call->values;
    const JsonValue *list;
    int r = json_parse(strbuf_text(json), json->length, NULL, call->arena, &list, error);
    for (const JsonValue *item = r < 0 ? NULL : list->first; r == 0 && item; item = item->next) {
        r = template_render(options->format, item, text, error);
        strbuf_add_char(text, '\n');
    }
    return r;
}

static int image_inspect_run(CommandCall *call, Error *error)
{
    const ImageInspectOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &json, .pretty = true };
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    json_write_array(&writer);
    for (size_t i = 0; r == 0 && i < call->argument_count; i++)
        r = image_inspect_write(&session, call->arguments[i], call->arena, &writer, error);
    json_write_end_array(&writer);
    if (r == 0 && options->format)
        r = image_inspect_formatted(call, &json, &text, error);
    else
        strbuf_printf(&text, "%s\n", strbuf_text(&json));
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command image_inspect_command = {
    .name = "inspect",
    .summary = "Print everything about images",
    .arguments = "IMAGE...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "image",
    .options = image_inspect_options,
    .values_size = sizeof(ImageInspectOptions),
    .run = image_inspect_run,
};

/*** history ***/

typedef struct HistoryOptions {
    bool full, quiet;
    OptionTristate human;
    const char *format;
} HistoryOptions;

static const Option history_options[] = {
    { 0, "no-trunc", OPTION_FLAG(HistoryOptions, full), NULL, "Do not shorten anything" },
    { 'H', "human", OPTION_TRISTATE(HistoryOptions, human), NULL,
      "Sizes and ages for people; false: bytes and dates (default true)" },
    { 'q', "quiet", OPTION_FLAG(HistoryOptions, quiet), NULL, "Print the layers' diff ids only" },
    { 0, "format", OPTION_STRING(HistoryOptions, format), "TEXT",
      "\"json\", or TEXT or \"table TEXT\" with {{.ID}}, {{.CreatedSince}}, {{.CreatedAt}}, "
      "{{.CreatedBy}}, {{.Size}}, {{.Comment}}" },
    OPTION_END,
};

enum { HISTORY_COLUMNS = 45 };

typedef struct HistoryOutput {
    const HistoryOptions *options;
    Arena *arena;
    Table table;       /* our own table */
    ListFormat format; /* --format */
    StrBuf text;
} HistoryOutput;

static void history_output_done(HistoryOutput *output)
{
    table_done(&output->table);
    listformat_done(&output->format);
    strbuf_done(&output->text);
}

static const char *history_since(const OciHistory *entry, Arena *arena)
{
    StrBuf since CLEANUP(strbuf_done) = { 0 };
    int64_t created = image_time(entry->created);
    if (created <= 0)
        return NULL;
    listing_duration(time(NULL) - created, &since);
    return arena_printf(arena, "%s ago", strbuf_text(&since));
}

static int history_row(const OciHistory *entry, const char *id, const char *size,
                       HistoryOutput *output, Error *error)
{
    const HistoryOptions *options = output->options;
    const char *since = history_since(entry, output->arena);
    if (listformat_is_default(options->format)) {
        table_add(&output->table, options->human == OPTION_FALSE ? entry->created : since);
        if (options->full)
            table_add(&output->table, entry->created_by);
        else
            table_add_cut(&output->table, entry->created_by, HISTORY_COLUMNS);
        table_add(&output->table, size);
        table_add(&output->table, entry->comment);
        return 0;
    }
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &json };
    const struct {
        const char *key, *value;
    } members[] = {
        { "ID", id },
        { "CreatedSince", since },
        { "CreatedAt", entry->created },
        { "CreatedBy", entry->created_by },
        { "Size", size },
        { "Comment", entry->comment },
    };
    json_write_object(&writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_write_key(&writer, members[i].key);
        json_write_string(&writer, members[i].value ? members[i].value : "");
    }
    json_write_end_object(&writer);
    return listformat_add(&output->format, &json, &output->text, error);
}

/* The newest first; entries that made no layer have size 0. Only the newest is an image. */
static int history_fill(const ImageStore *store, const Image *image, HistoryOutput *output,
                        Error *error)
{
    const OciHistoryList *history = &image->config.history;
    const char *id = output->options->full
                         ? image->id
                         : arena_strndup(output->arena, oci_digest_hex(image->id), 12);
    size_t layer = 0;
    int r = 0;
    for (size_t i = history->count; r == 0 && i-- > 0;) {
        char size[32];
        uint64_t bytes = 0;
        if (!history->items[i].empty_layer && layer < image->layers.count)
            (void)!imagestore_layer_bytes(store, image->layers.items[layer++], &bytes, NULL);
        if (output->options->human == OPTION_FALSE)
            (void)snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
        else
            (void)str_from_bytes(bytes, size, sizeof(size));
        r = history_row(&history->items[i], i + 1 == history->count ? id : "<missing>", size,
                        output, error);
    }
    return r;
}

static int history_run(CommandCall *call, Error *error)
{
    static const char *const headings[] = { "CREATED", "CREATED BY", "SIZE", "COMMENT", NULL };
    static const ListHeading formatted[] = {
        { "ID", "IMAGE" },
        { "CreatedSince", "CREATED" },
        { 0 },
    };
    const HistoryOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    HistoryOutput output CLEANUP(history_output_done) = { .options = options,
                                                          .arena = call->arena,
                                                          .table = table_new(headings) };
    Image image;
    bool own = listformat_is_default(options->format);
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    if (r == 0)
        r = image_resolve(&session.store, call->arguments[0], call->arena, &image, error);
    if (r < 0)
        return r;
    const StrList *diff_ids = &image.config.rootfs.diff_ids;
    for (size_t i = diff_ids->count; options->quiet && i-- > 0;)
        strbuf_printf(&output.text, "%s\n", diff_ids->items[i]);
    if (!options->quiet) {
        if (!own)
            listformat_init(&output.format, options->format, formatted);
        r = history_fill(&session.store, &image, &output, error);
        if (own)
            table_print(&output.table, output_style(1).colour, &output.text);
        else
            listformat_end(&output.format, &output.text);
    }
    return r < 0 ? r : output_write(strbuf_text(&output.text), error);
}

#define HISTORY_COMMAND                                                                       \
    .name = "history", .summary = "Show how an image was made", .arguments = "IMAGE",         \
    .arguments_min = 1, .arguments_max = 1, .completes = "image", .options = history_options, \
    .values_size = sizeof(HistoryOptions), .run = history_run

const Command history_command = { HISTORY_COMMAND };
const Command image_history_command = { HISTORY_COMMAND };
