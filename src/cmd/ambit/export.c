/*
 * `export`: a container's root filesystem as a tar archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/changes.h"
#include "image/imagehelper.h"
#include "image_session.h"

typedef struct ExportOptions {
    const char *output;
} ExportOptions;

static const Option export_options[] = {
    { 'o', "output", OPTION_STRING(ExportOptions, output), "FILE",
      "Write to this file instead of standard output", .completes = "file" },
    OPTION_END,
};

static int export_open(const char *path, Error *error)
{
    if (path) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        return fd < 0 ? error_errno(error, errno, "%s", path) : fd;
    }
    if (isatty(STDOUT_FILENO))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "an archive is nothing for a terminal: use --output FILE or a pipe");
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    return fd < 0 ? error_errno(error, errno, "standard output") : fd;
}

static int export_run(CommandCall *call, Error *error)
{
    const ExportOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    ListingItem item;
    ChangesLayers layers;
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    if (r == 0)
        r = changes_find(&session.engine, call->arguments[0], call->arena, &item, &layers, error);
    int fd CLEANUP(fd_closep) = r < 0 ? -1 : export_open(options->output, error);
    if (fd < 0)
        return r < 0 ? r : fd;
    ImageHelperCall helper = { .command = "export", .data_fd = fd };
    strlist_append(call->arena, &helper.options, "--layer");
    strlist_append(call->arena, &helper.options, layers.upper);
    for (size_t i = 0; i < layers.lowers.count; i++) {
        strlist_append(call->arena, &helper.options, "--layer");
        strlist_append(call->arena, &helper.options, layers.lowers.items[i]);
    }
    const JsonValue *answer;
    struct stat st;
    r = imagehelper_call(&session.store, &helper, call->arena, &answer, error);
    /* Half an archive is none; but what is not a file (a device, a pipe) is not ours to remove. */
    if (r < 0 && options->output && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        (void)unlink(options->output);
    return r;
}

const Command export_command = {
    .name = "export",
    .summary = "Write a container's root filesystem to a tar archive",
    .description = "Layers and changes as the container sees them, without what is mounted in it "
                   "(volumes, /proc, /dev). Owners are those of inside.",
    .arguments = "CONTAINER",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .examples = "# a container as an image of one layer\n"
                "ambit export web | ambit import - web:flat\n",
    .options = export_options,
    .values_size = sizeof(ExportOptions),
    .run = export_run,
};
