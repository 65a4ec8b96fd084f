/*
 * `image import`: the tar of a root filesystem becomes an image.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/program/output.h"
#include "image/imagechange.h"
#include "image/imagehelper.h"
#include "image_platform.h"
#include "image_session.h"

typedef struct ImportOptions {
    StrList changes;
    const char *message, *platform;
    bool quiet;
} ImportOptions;

static const Option import_options[] = {
    { 'c', "change", OPTION_LIST(ImportOptions, changes), "INSTRUCTION",
      "Set the image's config: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, "
      "WORKDIR, with their values" },
    { 'm', "message", OPTION_STRING(ImportOptions, message), "TEXT",
      "What the image's history says" },
    { 0, "platform", OPTION_STRING(ImportOptions, platform), "OS/ARCH",
      "What the programs in it are made for (default: this machine)" },
    { 'q', "quiet", OPTION_FLAG(ImportOptions, quiet), NULL, "Print the id (it always is)",
      .hidden = true },
    OPTION_REFUSE(0, "arch", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_REFUSE(0, "os", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_REFUSE(0, "variant", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_END,
};

/* The instructions as the config's JSON. */
static int import_config(const ImportOptions *options, Arena *arena, StrList *words, Error *error)
{
    OciImageConfig config = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < options->changes.count; i++) {
        int r = imagechange_apply(&config, options->changes.items[i], arena, error);
        if (r < 0)
            return error_wrap(error, "--change");
    }
    field_print(&oci_image_config_table, &config, false, &text);
    strlist_append(arena, words, "--config");
    strlist_append(arena, words, strbuf_text(&text));
    if (options->message) {
        strlist_append(arena, words, "--message");
        strlist_append(arena, words, options->message);
    }
    return image_platform_options(options->platform, arena, words, error);
}

static int import_open(const char *path, Error *error)
{
    if (str_eq(path, "-"))
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (str_starts(path, "http://") || str_starts(path, "https://"))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "%s: fetch it first, then import the file", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "%s", path) : fd;
}

static int import_run(CommandCall *call, Error *error)
{
    const ImportOptions *options = call->values;
    const char *path = call->arguments[0];
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    ImageHelperCall helper = { .command = "import", .data_fd = -1 };
    int r = import_config(options, call->arena, &helper.options, error);
    if (r < 0)
        return r;
    if (call->argument_count > 1) {
        strlist_append(call->arena, &helper.options, "--name");
        strlist_append(call->arena, &helper.options, call->arguments[1]);
    }
    int fd CLEANUP(fd_closep) = import_open(path, error);
    if (fd < 0)
        return fd;
    helper.data_fd = fd;
    r = image_session_open(call, ENGINE_MAKE, &session, error);
    ImageAddedList added;
    if (r == 0)
        r = imagehelper_add(&session.store, &helper, call->arena, &added, error);
    if (r < 0)
        return error_wrap(error, "%s", path);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < added.count; i++)
        strbuf_printf(&text, "%s\n", added.items[i].id);
    return output_write(strbuf_text(&text), error);
}

#define IMPORT_EXAMPLES                        \
    "# a Debian root filesystem as an image\n" \
    "debootstrap stable root\n"                \
    "tar -C root -c . | ambit image import -c 'CMD [\"bash\"]' - debian:stable\n"

#define IMPORT_COMMAND                                                               \
    .name = "import", .summary = "Make an image of a root filesystem's tar archive", \
    .arguments = "FILE|- [NAME[:TAG]]", .arguments_min = 1, .arguments_max = 2,      \
    .completes = "file", .examples = IMPORT_EXAMPLES, .options = import_options,     \
    .values_size = sizeof(ImportOptions), .run = import_run

const Command import_command = { IMPORT_COMMAND };
const Command image_import_command = { IMPORT_COMMAND };
