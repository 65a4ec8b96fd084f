/*
 * `image mount` and `image unmount`: an image's files for the host to look at, read-only, below the
 * state directory, named by the image's id. Whether it is mounted is asked of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/program/output.h"
#include "engine/imagemounts.h"
#include "image/image.h"
#include "image_session.h"
#include "linux/mount.h"
#include "linux/overlay.h"
#include "linux/syscalls.h"

typedef struct UnmountOptions {
    bool all, force;
} UnmountOptions;

/* Its layers, detached: one as it is, several as an overlay. */
static int image_mount_tree(const ImageSession *session, const Image *image, Arena *arena,
                            Error *error)
{
    StrList paths = { 0 };
    for (size_t i = 0; i < image->layers.count; i++)
        strlist_append(arena, &paths, arena_printf(arena, "layers/%s", image->layers.items[i]));
    if (paths.count == 1)
        return mount_clone(session->engine.root_fd, paths.items[0], false, error);
    OverlayOptions options = {
        .base_fd = session->engine.root_fd,
        .lowers = (const char *const *)paths.items,
        .lower_count = paths.count,
    };
    return overlay_mount(&options, error);
}

static int image_mount_attach(int tree_fd, int place_fd, const char *name, Error *error)
{
    MountAttributes attributes = {
        .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
        .userns_fd = -1,
    };
    int r = mount_change(tree_fd, &attributes, error);
    if (r < 0)
        return r;
    if (mkdirat(place_fd, name, 0700) < 0 && errno != EEXIST)
        return error_errno(error, errno, "%s", name);
    int target CLEANUP(fd_closep) =
        openat(place_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return error_errno(error, errno, "%s", name);
    r = mount_attach(tree_fd, target, error);
    if (r < 0)
        (void)unlinkat(place_fd, name, AT_REMOVEDIR);
    return r;
}

static int image_mount_one(const ImageSession *session, int place_fd, const char *word,
                           Arena *arena, StrBuf *text, Error *error)
{
    Image image;
    /* Until it is mounted, from when on it counts as used; exclusive: once is enough. */
    int lock CLEANUP(fd_closep) = imagestore_lock(&session->store, true, error);
    int r = lock < 0 ? lock : image_resolve(&session->store, word, arena, &image, error);
    if (r < 0)
        return r;
    if (image.layers.count == 0)
        return error_set(error, ERROR_CORRUPT, EINVAL, "image %.200s has no layers", word);
    const char *name = oci_digest_hex(image.id);
    if (!imagemounts_has(place_fd, name)) {
        int tree CLEANUP(fd_closep) = image_mount_tree(session, &image, arena, error);
        r = tree < 0 ? tree : image_mount_attach(tree, place_fd, name, error);
    }
    if (r == 0)
        strbuf_printf(text, "%s/" IMAGEMOUNTS_PLACE "/%s\n", session->engine.state, name);
    return r < 0 ? error_wrap(error, "%.200s", word) : 0;
}

static int image_mount_run(CommandCall *call, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    StrList names = { 0 };
    EngineUse use = call->argument_count == 0 ? ENGINE_LOOK : ENGINE_CHANGE;
    int r = image_session_open(call, use, &session, error);
    if (r < 0)
        return r;
    int place CLEANUP(fd_closep) = -1;
    if (use == ENGINE_CHANGE) {
        place = engine_directory(session.engine.state_fd, IMAGEMOUNTS_PLACE, error);
        r = place < 0 ? place : 0;
    }
    for (size_t i = 0; r == 0 && i < call->argument_count; i++)
        r = image_mount_one(&session, place, call->arguments[i], call->arena, &text, error);
    if (r == 0 && call->argument_count == 0)
        (void)!imagemounts_list(&session.engine, call->arena, &names);
    for (size_t i = 0; i < names.count; i++)
        strbuf_printf(&text, "sha256:%s %s/" IMAGEMOUNTS_PLACE "/%s\n", names.items[i],
                      session.engine.state, names.items[i]);
    int written = output_write(strbuf_text(&text), error);
    return r < 0 ? r : written;
}

/*** unmount ***/

static int image_unmount_name(const ImageSession *session, const char *name, bool force,
                              Error *error)
{
    /* A mount that finds the directory there must not lose it before it is used. */
    int lock CLEANUP(fd_closep) = imagestore_lock(&session->store, true, error);
    if (lock < 0)
        return lock;
    const char *place = IMAGEMOUNTS_PLACE;
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", session->engine.state, place, name);
    if (umount2(path, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0)
        return error_errno(error, errno, "sha256:%.12s", name);
    (void)rmdir(path);
    return 0;
}

static int image_unmount_one(const ImageSession *session, const StrList *mounted, const char *word,
                             bool force, Arena *arena, Error *error)
{
    Image image;
    int r = image_resolve(&session->store, word, arena, &image, error);
    if (r < 0)
        return r;
    if (!strlist_contains(mounted, oci_digest_hex(image.id)))
        return error_set(error, ERROR_CONFLICT, EINVAL, "image %.200s is not mounted", word);
    return image_unmount_name(session, oci_digest_hex(image.id), force, error);
}

static int image_unmount_run(CommandCall *call, Error *error)
{
    const UnmountOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrList mounted = { 0 };
    if (!options->all && call->argument_count == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "which image? or --all");
    int r = image_session_open(call, ENGINE_CHANGE, &session, error);
    if (r == 0)
        r = imagemounts_list(&session.engine, call->arena, &mounted);
    for (size_t i = 0; r == 0 && i < call->argument_count; i++)
        r = image_unmount_one(&session, &mounted, call->arguments[i], options->force, call->arena,
                              error);
    for (size_t i = 0; r == 0 && options->all && i < mounted.count; i++)
        r = image_unmount_name(&session, mounted.items[i], options->force, error);
    return r;
}

const Command image_mount_command = {
    .name = "mount",
    .summary = "Show an image's files in a directory of the host",
    .description = "Mounts it read-only and prints where; without an image, lists what is mounted. "
                   "A mounted image is not removed.",
    .arguments = "[IMAGE...]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "image",
    .examples = "# what is in there?\n"
                "ls \"$(ambit image mount debian)\"\n",
    .run = image_mount_run,
};

static const Option image_unmount_options[] = {
    { 'a', "all", OPTION_FLAG(UnmountOptions, all), NULL, "Every image that is mounted" },
    { 'f', "force", OPTION_FLAG(UnmountOptions, force), NULL, "Also while it is in use" },
    OPTION_END,
};

static const char *const image_unmount_aliases[] = { "umount", NULL };

const Command image_unmount_command = {
    .name = "unmount",
    .aliases = image_unmount_aliases,
    .summary = "Take away what `image mount` has mounted",
    .arguments = "[IMAGE...]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "image",
    .options = image_unmount_options,
    .values_size = sizeof(UnmountOptions),
    .run = image_unmount_run,
};
