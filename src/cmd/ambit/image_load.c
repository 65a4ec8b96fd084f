/*
 * `load`: images from an archive or a directory with an image layout.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/program/output.h"
#include "image/imagehelper.h"
#include "image_platform.h"
#include "image_session.h"

typedef struct LoadOptions {
    const char *input, *platform;
    StrList names, only;
    bool quiet;
} LoadOptions;

static const Option load_options[] = {
    { 'i', "input", OPTION_STRING(LoadOptions, input), "FILE",
      "Read this archive or directory instead of standard input", .completes = "file" },
    { 'q', "quiet", OPTION_FLAG(LoadOptions, quiet), NULL, "Print ids only" },
    { 't', "tag", OPTION_LIST(LoadOptions, names), "NAME",
      "Name the image so, whatever the archive says; for an archive with one image" },
    { 0, "only", OPTION_LIST(LoadOptions, only), "NAME", "Take this image of several" },
    { 0, "platform", OPTION_STRING(LoadOptions, platform), "OS/ARCH",
      "Take this variant of an image alone (default: this machine's, and all others beside it if "
      "the archive has them)" },
    OPTION_END,
};

static int load_open(const LoadOptions *options, Error *error)
{
    if (!options->input || str_eq(options->input, "-")) {
        if (isatty(STDIN_FILENO))
            return error_set(error, ERROR_USAGE, EINVAL,
                             "an archive is expected on standard input; or use --input FILE");
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    int fd = open(options->input, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "%s", options->input) : fd;
}

static void load_append_all(Arena *arena, StrList *words, const char *option, const StrList *values)
{
    for (size_t i = 0; i < values->count; i++) {
        strlist_append(arena, words, option);
        strlist_append(arena, words, values->items[i]);
    }
}

static void load_print(const ImageAddedList *added, bool quiet, Arena *arena, StrBuf *text)
{
    for (size_t i = 0; i < added->count; i++) {
        const ImageAdded *image = &added->items[i];
        if (quiet || image->names.count == 0)
            strbuf_printf(text, "%s%s\n", quiet ? "" : "Loaded image ID: ", image->id);
        for (size_t n = 0; !quiet && n < image->names.count; n++) {
            Reference reference;
            if (reference_parse(image->names.items[n], arena, &reference, NULL) == 0)
                strbuf_printf(text, "Loaded image: %s\n", reference_familiar(&reference, arena));
        }
    }
}

static int load_run(CommandCall *call, Error *error)
{
    const LoadOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    int fd CLEANUP(fd_closep) = load_open(options, error);
    int r = fd < 0 ? fd : image_session_open(call, ENGINE_MAKE, &session, error);
    if (r < 0)
        return r;
    ImageHelperCall helper = { .command = "load", .data_fd = fd };
    load_append_all(call->arena, &helper.options, "--name", &options->names);
    load_append_all(call->arena, &helper.options, "--only", &options->only);
    if (!options->platform)
        strlist_append(call->arena, &helper.options, "--whole");
    r = image_platform_options(options->platform, call->arena, &helper.options, error);

    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ImageAddedList added;
    if (r == 0)
        r = imagehelper_add(&session.store, &helper, call->arena, &added, error);
    if (r < 0)
        return options->input ? error_wrap(error, "%s", options->input) : r;
    load_print(&added, options->quiet, call->arena, &text);
    return output_write(strbuf_text(&text), error);
}

#define LOAD_DESCRIPTION                                                                        \
    "Takes what `docker save`, `podman save` and `skopeo copy` write: OCI archives and layout " \
    "directories, docker archives, plain or packed with gzip, zstd, xz or bzip2. Every digest " \
    "is verified; layers are unpacked by a process that sees nothing but its own directory."

#define LOAD_EXAMPLES                  \
    "# from another engine\n"          \
    "docker save web | ambit load\n"   \
    "# a directory that skopeo made\n" \
    "ambit load -i layout/ -t web:1\n"

#define LOAD_COMMAND                                                                           \
    .name = "load", .summary = "Load images from an archive", .description = LOAD_DESCRIPTION, \
    .examples = LOAD_EXAMPLES, .options = load_options, .values_size = sizeof(LoadOptions),    \
    .run = load_run

const Command load_command = { LOAD_COMMAND };
const Command image_load_command = { LOAD_COMMAND };
