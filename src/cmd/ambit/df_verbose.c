/*
 * Docker's three tables. An image's size is what it occupies here, packed and unpacked; what
 * another image has too is its shared part, and what would go with it its unique one.
 */
#include "df_verbose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/diskusage.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/table.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "image/imageusage.h"

enum { DF_VERBOSE_ID = 12 };

static void df_verbose_bytes(Table *table, uint64_t bytes)
{
    char size[32];
    table_add(table, str_from_bytes(bytes, size, sizeof(size)));
}

static void df_verbose_since(Table *table, int64_t created)
{
    StrBuf since CLEANUP(strbuf_done) = { 0 };
    if (created > 0)
        listing_duration(time(NULL) - created, &since);
    table_printf(table, created > 0 ? "%s ago" : "-", strbuf_text(&since));
}

static size_t df_verbose_containers_of(const ImageGcUse *use, const char *id)
{
    size_t count = 0;
    for (size_t i = 0; i < use->ids.count; i++)
        count += str_eq(use->ids.items[i], id);
    return count;
}

static int df_verbose_images(const ImageSession *session, Arena *arena, StrBuf *text, Error *error)
{
    static const char *const headings[] = { "REPOSITORY",  "TAG",        "IMAGE ID",
                                            "CREATED",     "SIZE",       "SHARED SIZE",
                                            "UNIQUE SIZE", "CONTAINERS", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    ImageGcUse use;
    ImageList images;
    ImageUsedList used = { 0 };
    int r = image_session_use(session, arena, &use, error);
    if (r == 0)
        r = image_list(&session->store, arena, &images, NULL, error);
    if (r == 0)
        r = imageusage_read(&session->store, &images, arena, &used, error);
    for (size_t i = 0; r == 0 && i < used.count; i++) {
        const Image *image = used.items[i].image;
        Reference reference;
        bool named = image->name && reference_parse(image->name, arena, &reference, NULL) == 0;
        table_add(&table, named ? reference_familiar_name(&reference, arena) : "<none>");
        table_add(&table, named && reference.tag ? reference.tag : "<none>");
        table_add(&table, arena_strndup(arena, oci_digest_hex(image->id), DF_VERBOSE_ID));
        df_verbose_since(&table, image_time(image->config.created));
        df_verbose_bytes(&table, used.items[i].shared_bytes + used.items[i].unique_bytes);
        df_verbose_bytes(&table, used.items[i].shared_bytes);
        df_verbose_bytes(&table, used.items[i].unique_bytes);
        table_printf(&table, "%zu", df_verbose_containers_of(&use, image->id));
    }
    strbuf_add(text, "Images space usage:\n\n");
    table_print(&table, output_style(1).colour, text);
    return r;
}

static int df_verbose_containers(const ImageSession *session, Arena *arena, StrBuf *text,
                                 Error *error)
{
    static const char *const headings[] = { "CONTAINER ID", "IMAGE", "SIZE", "CREATED",
                                            "STATUS",       "NAMES", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    Listing listing = { 0 };
    int r = listing_read(&session->engine, true, arena, &listing, error);
    for (size_t i = 0; r == 0 && i < listing.count; i++) {
        const ListingItem *item = &listing.items[i];
        const Container *container = item->container;
        StrBuf status CLEANUP(strbuf_done) = { 0 };
        DiskUsage disk CLEANUP(diskusage_done) = { 0 };
        r = diskusage_add(&disk, session->engine.root_fd,
                          arena_printf(arena, "containers/%s", item->id));
        if (r < 0 && r != -ENOENT)
            return error_errno(error, r, "container %s", item->id);
        r = 0;
        listing_status_text(item, time(NULL), &status);
        table_add(&table, arena_strndup(arena, item->id, DF_VERBOSE_ID));
        table_add(&table, container ? container->image : NULL);
        df_verbose_bytes(&table, disk.bytes);
        df_verbose_since(&table, container ? container->created : 0);
        table_add(&table, strbuf_text(&status));
        table_add(&table, container ? container->name : NULL);
    }
    strbuf_add(text, "\nContainers space usage:\n\n");
    table_print(&table, output_style(1).colour, text);
    return r;
}

static int df_verbose_volumes(const ImageSession *session, StrBuf *text, Error *error)
{
    static const char *const headings[] = { "VOLUME NAME", "SIZE", NULL };
    Table table CLEANUP(table_done) = table_new(headings);
    int fd = openat(session->engine.root_fd, "volumes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = fd < 0 ? NULL : fdopendir(fd);
    if (!dir && errno != ENOENT) {
        int r = error_errno(error, errno, "volumes");
        fd_close(fd);
        return r;
    }
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        DiskUsage disk CLEANUP(diskusage_done) = { 0 };
        if (entry->d_name[0] == '.')
            continue;
        int r = diskusage_add(&disk, dirfd(dir), entry->d_name);
        if (r < 0 && r != -ENOENT)
            return error_errno(error, r, "volume %s", entry->d_name);
        table_add(&table, entry->d_name);
        df_verbose_bytes(&table, disk.bytes);
    }
    strbuf_add(text, "\nLocal Volumes space usage:\n\n");
    table_print(&table, output_style(1).colour, text);
    return 0;
}

int df_verbose_print(const ImageSession *session, Arena *arena, StrBuf *text, Error *error)
{
    int r = df_verbose_images(session, arena, text, error);
    if (r == 0)
        r = df_verbose_containers(session, arena, text, error);
    return r < 0 ? r : df_verbose_volumes(session, text, error);
}
