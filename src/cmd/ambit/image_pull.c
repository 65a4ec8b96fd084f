/*
 * `pull`: an image from its registry into the store.
 */
#include <errno.h>

#include "image/imagepull.h"
#include "image_platform.h"
#include "image_session.h"
#include "output.h"

typedef struct PullOptions {
    const char *platform, *certificates, *auth_file;
    OptionTristate tls_verify;
    bool quiet;
} PullOptions;

static const Option pull_options[] = {
    { 'q', "quiet", OPTION_FLAG(PullOptions, quiet), NULL, "Print the image's id only" },
    { 0, "platform", OPTION_STRING(PullOptions, platform), "OS/ARCH",
      "Choose this variant of an image (default: this machine's)" },
    { 0, "tls-verify", OPTION_TRISTATE(PullOptions, tls_verify), NULL,
      "false: plain HTTP is allowed, certificates are not verified" },
    { 0, "cert-dir", OPTION_STRING(PullOptions, certificates), "DIR",
      "Directory with ca.crt, client.cert and client.key", .completes = "directory" },
    { 0, "authfile", OPTION_STRING(PullOptions, auth_file), "FILE", "File with credentials",
      .completes = "file" },
    OPTION_END,
};

static int pull_run(CommandCall *call, Error *error)
{
    const PullOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    ImagePull pull = {
        .reference = call->arguments[0],
        .access = {
            .insecure = options->tls_verify == OPTION_FALSE,
            .certificates = options->certificates,
            .auth_file = options->auth_file,
        },
    };
    ImageAdded added;
    int r = image_platform_options(options->platform, call->arena, &pull.options, error);
    if (r == 0)
        r = image_session_open(call, &session, error);
    if (r == 0)
        r = imagepull_run(&session.store, &pull, call->arena, &added, error);
    if (r < 0)
        return r;
    return output_write(arena_printf(call->arena, "%s\n", added.id), error);
}

#define PULL_DESCRIPTION                                                                           \
    "Fetches an image by the name it has in a registry. The network is the business of a process " \
    "that sees no file, unpacking that of another one that sees no network; every digest is "      \
    "verified. What was fetched of an interrupted pull is kept and continued."

const Command pull_command = {
    .name = "pull",
    .summary = "Fetch an image from a registry",
    .arguments = "IMAGE",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = PULL_DESCRIPTION,
    .options = pull_options,
    .values_size = sizeof(PullOptions),
    .run = pull_run,
};

const Command image_pull_command = {
    .name = "pull",
    .summary = "Fetch an image from a registry",
    .arguments = "IMAGE",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = PULL_DESCRIPTION,
    .options = pull_options,
    .values_size = sizeof(PullOptions),
    .run = pull_run,
};
