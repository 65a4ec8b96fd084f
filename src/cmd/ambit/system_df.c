/*
 * `system df`: what ambit's files occupy on disk, as du counts.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/diskusage.h"
#include "base/fd.h"
#include "base/listformat.h"
#include "cmd/program/output.h"
#include "df_verbose.h"
#include "engine/listing.h"
#include "image_session.h"

typedef struct DfOptions {
    const char *format;
    bool verbose;
} DfOptions;

typedef struct DfRow {
    const char *type;
    uint64_t total, active, bytes, reclaimable;
} DfRow;

enum { DF_IMAGES, DF_CONTAINERS, DF_VOLUMES, DF_ROWS };

static const Option df_options[] = {
    { 0, "format", OPTION_STRING(DfOptions, format), "TEXT",
      "\"json\", or TEXT or \"table TEXT\" with {{.Type}}, {{.TotalCount}}, {{.Active}}, "
      "{{.Size}}, "
      "{{.Reclaimable}}, {{.Bytes}}, {{.ReclaimableBytes}}" },
    { 'v', "verbose", OPTION_FLAG(DfOptions, verbose), NULL,
      "Every image, with what it shares with others, container and volume by itself" },
    OPTION_END,
};

static int df_images(const ImageSession *session, Arena *arena, DfRow *row, Error *error)
{
    ImageGcUse use;
    ImageUsage usage;
    int r = image_session_use(session, arena, &use, error);
    if (r == 0)
        r = imagegc_usage(&session->store, &use, &usage, error);
    if (r == 0)
        *row = (DfRow){ "Images", usage.images, usage.active, usage.layer_bytes + usage.blob_bytes,
                        usage.reclaimable_bytes };
    return r;
}

static int df_containers(const ImageSession *session, Arena *arena, DfRow *row, Error *error)
{
    Listing listing;
    DiskUsage all CLEANUP(diskusage_done) = { 0 };
    int r = listing_read(&session->engine, true, arena, &listing, error);
    if (r < 0)
        return r;
    r = diskusage_add(&all, session->engine.root_fd, "containers");
    *row = (DfRow){ "Containers", listing.count, 0, all.bytes, 0 };
    for (size_t i = 0; r == 0 && i < listing.count; i++) {
        const ListingItem *item = &listing.items[i];
        DiskUsage one CLEANUP(diskusage_done) = { 0 };
        bool runs = item->status == CONTAINER_RUNNING || item->status == CONTAINER_PAUSED;
        row->active += runs;
        if (!runs)
            r = diskusage_add(&one, session->engine.root_fd,
                              arena_printf(arena, "containers/%s", item->id));
        row->reclaimable += one.bytes;
    }
    return r < 0 ? error_errno(error, r, "containers") : 0;
}

static int df_volumes(const ImageSession *session, Arena *arena, DfRow *row, Error *error)
{
    DiskUsage all CLEANUP(diskusage_done) = { 0 };
    (void)arena;
    *row = (DfRow){ .type = "Local Volumes" };
    int fd = openat(session->engine.root_fd, "volumes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fd_close(fd);
        return errno == ENOENT ? 0 : error_errno(error, errno, "volumes");
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        row->total += entry->d_name[0] != '.';
    (void)closedir(dir);
    int r = diskusage_add(&all, session->engine.root_fd, "volumes");
    row->bytes = all.bytes;
    return r < 0 ? error_errno(error, r, "volumes") : 0;
}

/*** Showing it. ***/

static const char *df_reclaimable(const DfRow *row, Arena *arena)
{
    char size[32];
    const char *text = str_from_bytes(row->reclaimable, size, sizeof(size));
    return row->bytes == 0
               ? arena_strdup(arena, text)
               : arena_printf(arena, "%s (%llu%%)", text,
                              (unsigned long long)(100 * row->reclaimable / row->bytes));
}

static void df_json(const DfRow *row, Arena *arena, StrBuf *text)
{
    char size[32];
    JsonWriter writer = { .text = text };
    const struct {
        const char *key, *value;
    } members[] = {
        { "Type", row->type },
        { "TotalCount", arena_printf(arena, "%llu", (unsigned long long)row->total) },
        { "Active", arena_printf(arena, "%llu", (unsigned long long)row->active) },
        { "Size", str_from_bytes(row->bytes, size, sizeof(size)) },
        { "Reclaimable", df_reclaimable(row, arena) },
    };
    json_write_object(&writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_write_key(&writer, members[i].key);
        json_write_string(&writer, members[i].value);
    }
    json_write_key(&writer, "Bytes");
    json_write_uint(&writer, row->bytes);
    json_write_key(&writer, "ReclaimableBytes");
    json_write_uint(&writer, row->reclaimable);
    json_write_end_object(&writer);
}

static int df_formatted(const char *text, const DfRow rows[DF_ROWS], Arena *arena, StrBuf *output,
                        Error *error)
{
    static const ListHeading headings[] = { { "TotalCount", "TOTAL" }, { 0 } };
    ListFormat format CLEANUP(listformat_done) = { 0 };
    listformat_init(&format, text, headings);
    for (size_t i = 0; i < DF_ROWS; i++) {
        StrBuf json CLEANUP(strbuf_done) = { 0 };
        df_json(&rows[i], arena, &json);
        int r = listformat_add(&format, &json, output, error);
        if (r < 0)
            return r;
    }
    listformat_end(&format, output);
    return 0;
}

static void df_table(const DfRow rows[DF_ROWS], Arena *arena, StrBuf *text)
{
    static const char *const headings[] = {
        "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE", NULL
    };
    char size[32];
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < DF_ROWS; i++) {
        table_add(&table, rows[i].type);
        table_printf(&table, "%llu", (unsigned long long)rows[i].total);
        table_printf(&table, "%llu", (unsigned long long)rows[i].active);
        table_add(&table, str_from_bytes(rows[i].bytes, size, sizeof(size)));
        table_add(&table, df_reclaimable(&rows[i], arena));
    }
    table_print(&table, output_style(1).colour, text);
}

static int df_run(CommandCall *call, Error *error)
{
    const DfOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    DfRow rows[DF_ROWS];
    if (options->verbose && options->format)
        return error_set(error, ERROR_USAGE, EINVAL, "--verbose: tables only, without --format");
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    if (r == 0 && options->verbose) {
        r = df_verbose_print(&session, call->arena, &text, error);
        return r < 0 ? r : output_write(strbuf_text(&text), error);
    }
    if (r == 0)
        r = df_images(&session, call->arena, &rows[DF_IMAGES], error);
    if (r == 0)
        r = df_containers(&session, call->arena, &rows[DF_CONTAINERS], error);
    if (r == 0)
        r = df_volumes(&session, call->arena, &rows[DF_VOLUMES], error);
    if (r == 0 && listformat_is_default(options->format))
        df_table(rows, call->arena, &text);
    else if (r == 0)
        r = df_formatted(options->format, rows, call->arena, &text, error);
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command system_df_command = {
    .name = "df",
    .summary = "Show what is used on disk",
    .description =
        "Images are packed blobs and unpacked layers together. Sizes are what du says of "
        "the directories: blocks on disk. Reclaimable is what `image prune --all` and "
        "removing stopped containers would free.",
    .options = df_options,
    .values_size = sizeof(DfOptions),
    .run = df_run,
};
