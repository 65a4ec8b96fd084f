/*
 * `save`: images as an archive that ambit, docker, podman and skopeo load.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/imagesave.h"
#include "image_session.h"

typedef struct SaveOptions {
    const char *output, *format;
} SaveOptions;

static const Option save_options[] = {
    { 'o', "output", OPTION_STRING(SaveOptions, output), "FILE",
      "Write to this file instead of standard output", .completes = "file" },
    { 0, "format", OPTION_STRING(SaveOptions, format), "FORMAT",
      "oci-archive or docker-archive: the archive is both", .hidden = true },
    OPTION_REFUSE(0, "compress", "not supported yet: pipe the archive through gzip or zstd"),
    OPTION_END,
};

static int save_open(const SaveOptions *options, Error *error)
{
    if (options->format && !str_eq(options->format, "oci-archive") &&
        !str_eq(options->format, "docker-archive"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--format: '%s' is none of oci-archive, "
                         "docker-archive",
                         options->format);
    if (options->output) {
        int fd = open(options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        return fd < 0 ? error_errno(error, errno, "%s", options->output) : fd;
    }
    if (isatty(STDOUT_FILENO))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "an archive is nothing for a terminal: use --output FILE or a pipe");
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    return fd < 0 ? error_errno(error, errno, "standard output") : fd;
}

static int save_run(CommandCall *call, Error *error)
{
    const SaveOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    ImageList list = { 0 };
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    int lock CLEANUP(fd_closep) = r < 0 ? -1 : imagestore_lock(&session.store, false, error);
    if (lock < 0)
        return r < 0 ? r : lock;
    for (size_t i = 0; r == 0 && i < call->argument_count; i++) {
        Image *image = arena_append(call->arena, &list.items, &list.count, sizeof(*image));
        r = image_resolve(&session.store, call->arguments[i], call->arena, image, error);
        if (r == 0 && image_is_said_by_id(image, call->arguments[i])) {
            image->name = NULL;
            image->whole = false;
        }
    }
    int fd CLEANUP(fd_closep) = r < 0 ? -1 : save_open(options, error);
    if (fd < 0)
        return r < 0 ? r : fd;
    r = imagesave_write(&session.store, &list, fd, &lock, error);
    struct stat st;
    /* Half an archive is none; but what is not a file (a device, a pipe) is not ours to remove. */
    if (r < 0 && options->output && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        (void)unlink(options->output);
    return r;
}

#define SAVE_COMMAND                                                                          \
    .name = "save", .summary = "Write images to an archive", .arguments = "IMAGE...",         \
    .arguments_min = 1, .arguments_max = COMMAND_ANY_NUMBER, .completes = "image",            \
    .description = "The archive is an OCI image layout and a docker archive at once; ambit, " \
                   "docker, podman and skopeo load it. An image that was pulled with "        \
                   "--all-platforms is written with all of them.",                            \
    .examples = "# to another machine\n"                                                      \
                "ambit save web | ssh other ambit load\n",                                    \
    .options = save_options, .values_size = sizeof(SaveOptions), .run = save_run

const Command save_command = { SAVE_COMMAND };
const Command image_save_command = { SAVE_COMMAND };
