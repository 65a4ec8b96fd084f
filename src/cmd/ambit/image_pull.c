/*
 * `pull`: images from a registry into the store.
 */
#include <errno.h>

#include "access.h"
#include "cmd/program/output.h"
#include "image/imagepull.h"
#include "image/registryhelper.h"
#include "image_fetch.h"
#include "image_platform.h"
#include "image_session.h"
#include "progress.h"

typedef struct PullOptions {
    const char *platform;
    ImagePullPolicy policy;
    bool quiet, json, all_tags, all_platforms;
    Access access;
} PullOptions;

static const PullOptions pull_defaults = { .policy = IMAGEPULL_ALWAYS };

static const Option pull_options[] = {
    { 'a', "all-tags", OPTION_FLAG(PullOptions, all_tags), NULL,
      "Fetch every tag of the repository" },
    { 0, "all-platforms", OPTION_FLAG(PullOptions, all_platforms), NULL,
      "Fetch the images for all machines, to be pushed and saved as one; this machine's is "
      "unpacked" },
    { 0, "json", OPTION_FLAG(PullOptions, json), NULL,
      "Tell progress as JSON objects on standard error" },
    { 0, "platform", OPTION_STRING(PullOptions, platform), "OS/ARCH[/VARIANT]",
      "Choose this variant of an image (default: this machine's)" },
    { 0, "policy", OPTION_ENUM(PullOptions, policy, imagepull_policies), "POLICY",
      "always, missing (if it is not stored), newer (if the registry has another one than is "
      "stored; one that does not answer is no error then) or never (default always)" },
    { 'q', "quiet", OPTION_FLAG(PullOptions, quiet), NULL, "Print the image's id only" },
    ACCESS_OPTIONS(PullOptions),
    OPTION_REFUSE(0, "arch", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_REFUSE(0, "os", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_REFUSE(0, "variant", "it is --platform OS/ARCH[/VARIANT]"),
    OPTION_END,
};

static int pull_one(CommandCall *call, const ImageSession *session, const char *reference,
                    StrBuf *text, Error *error)
{
    const PullOptions *options = call->values;
    Progress progress CLEANUP(progress_done) = { 0 };
    ImagePull pull = { .reference = reference, .whole = options->all_platforms };
    ImageAdded added;
    progress_init(&progress, options->json);
    int r = access_open(&options->access, call->arena, &pull.access, error);
    if (r == 0)
        r = image_platform_options(options->platform, call->arena, &pull.options, error);
    if (!options->quiet || options->json) {
        pull.on_event = progress_on_event;
        pull.event_context = &progress;
    }
    if (r == 0)
        r = image_fetch(&session->store, &pull, options->policy, call->arena, &added, error);
    progress_done(&progress);
    if (r < 0)
        return r;
    if (!options->quiet)
        strbuf_printf(text, "Digest: %s\n", added.origin ? added.origin : added.manifest_digest);
    strbuf_printf(text, "%s\n", added.id);
    return 0;
}

static int pull_page(RegistryHelper *registry, const char **query, Arena *arena, StrList *tags,
                     Error *error)
{
    RegistryBody body = { .limit = OCI_MAX_DOCUMENT_BYTES };
    RegistryRequest request = { .operation = REGISTRY_TAGS, .query = *query };
    RegistryReply reply;
    const JsonValue *value;
    int r = registryhelper_ask(registry, request, &body, arena, &reply, error);
    if (r == 0)
        r = json_parse(body.data, body.size, NULL, arena, &value, error);
    if (r < 0)
        return r;
    const JsonValue *list = json_member(value, "tags");
    for (const JsonValue *tag = list && list->type == JSON_ARRAY ? list->first : NULL; tag;
         tag = tag->next)
        if (tag->type == JSON_STRING)
            strlist_append(arena, tags, tag->string);
    *query = reply.next;
    return 0;
}

static int pull_list_tags(CommandCall *call, const Reference *reference, StrList *ret_tags,
                          Error *error)
{
    enum { PULL_TAGS_MAX = 10000 };
    const PullOptions *options = call->values;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    RegistryOpen open;
    StrList tags = { 0 };
    const char *query = NULL;
    int r = access_open(&options->access, call->arena, &open, error);
    registrycall_name(&open, reference, call->arena);
    open.suffix = NULL;
    if (r == 0)
        r = registryhelper_open(&open, &registry, error);
    do {
        size_t before = tags.count;
        if (r == 0)
            r = pull_page(&registry, &query, call->arena, &tags, error);
        if (r == 0 && (tags.count > PULL_TAGS_MAX || (query && tags.count == before)))
            r = error_set(error, ERROR_LIMIT, EFBIG, "the list of tags does not end");
    } while (r == 0 && query);
    if (r == 0)
        *ret_tags = tags;
    return r;
}

static int pull_all_tags(CommandCall *call, const ImageSession *session, StrBuf *text, Error *error)
{
    Reference reference;
    StrList tags;
    int r = reference_parse(call->arguments[0], call->arena, &reference, error);
    if (r == 0)
        r = pull_list_tags(call, &reference, &tags, error);
    for (size_t i = 0; r == 0 && i < tags.count; i++) {
        const char *name =
            arena_printf(call->arena, "%s/%s:%s", reference.domain, reference.path, tags.items[i]);
        r = pull_one(call, session, name, text, error);
    }
    return r;
}

static int pull_run(CommandCall *call, Error *error)
{
    const PullOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    int r = image_session_open(call, ENGINE_MAKE, &session, error);
    if (r == 0 && options->all_tags && call->argument_count > 1)
        r = error_set(error, ERROR_USAGE, EINVAL, "--all-tags: one repository is expected");
    if (r == 0 && options->all_tags)
        r = pull_all_tags(call, &session, &text, error);
    for (size_t i = 0; r == 0 && !options->all_tags && i < call->argument_count; i++)
        r = pull_one(call, &session, call->arguments[i], &text, error);
    int printed = output_write(strbuf_text(&text), r < 0 ? NULL : error);
    return r < 0 ? r : printed;
}

#define PULL_DESCRIPTION                                                                           \
    "Fetches an image by the name it has in a registry. The network is the business of a process " \
    "that sees no file, unpacking that of another one that sees no network; every digest is "      \
    "verified. What an interrupted pull has fetched is kept and continued by the next one; two "   \
    "pulls of one layer fetch it once."

#define PULL_EXAMPLES                                   \
    "# from Docker's registry\n"                        \
    "ambit pull debian:12\n"                            \
    "# from another one, exactly this content\n"        \
    "ambit pull quay.example/team/web@sha256:...\n"     \
    "# for another machine\n"                           \
    "ambit pull --platform linux/arm64 debian:12\n"     \
    "# with all of its machines, to another registry\n" \
    "ambit pull --all-platforms debian:12\n"            \
    "ambit push debian:12 registry.example/debian:12\n"

#define PULL_COMMAND                                                                              \
    {                                                                                             \
        .name = "pull", .summary = "Fetch images from a registry", .arguments = "IMAGE...",       \
        .arguments_min = 1, .arguments_max = COMMAND_ANY_NUMBER, .description = PULL_DESCRIPTION, \
        .examples = PULL_EXAMPLES, .options = pull_options, .values_size = sizeof(PullOptions),   \
        .defaults = &pull_defaults, .run = pull_run,                                              \
    }

const Command pull_command = PULL_COMMAND;
const Command image_pull_command = PULL_COMMAND;
