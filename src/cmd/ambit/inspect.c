/*
 * `ambit inspect`: all that is known of a container or an image, as JSON or through a template.
 */
#include <errno.h>

#include "base/template.h"
#include "cmd/program/output.h"
#include "engine/inspection.h"
#include "image_inspect.h"
#include "session.h"

typedef struct InspectOptions {
    const char *format, *type;
} InspectOptions;

#define INSPECT_FORMAT                                                                 \
    {                                                                                  \
        'f', "format", OPTION_STRING(InspectOptions, format), "TEXT",                  \
            "\"json\" for one line, or TEXT with {{.Field.Member}} replaced, for each" \
    }

static const Option inspect_options[] = {
    INSPECT_FORMAT,
    { 0, "type", OPTION_STRING(InspectOptions, type), "TYPE",
      "Look for a container or an image of that name only (default: a container, then an image)" },
    OPTION_REFUSE('s', "size", "not supported yet: `ambit system df --verbose` shows sizes"),
    OPTION_REFUSE('l', "latest", "not supported yet: `ambit ps -lq` says which it is"),
    OPTION_END,
};

static const Option container_inspect_options[] = { INSPECT_FORMAT, OPTION_END };

static int inspect_container(const Engine *engine, CommandCall *call, const char *word,
                             StrBuf *json, Error *error)
{
    ListingItem item;
    int r = listing_find(engine, word, call->arena, &item, error);
    if (r < 0)
        return r;
    Spec *spec = NULL;
    if (item.state)
        (void)!container_read_spec(engine, item.id, call->arena, &spec, NULL);
    inspection_write(&item, spec, json);
    return 0;
}

/* The store is opened only where an image is asked for: a container's answer needs none. */
static int inspect_image(CommandCall *call, const char *word, StrBuf *json, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    JsonWriter writer = { .text = json, .pretty = true };
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    if (r == 0)
        r = image_inspect_write(&session, word, call->arena, &writer, error);
    strbuf_add_char(json, '\n');
    return r;
}

static int inspect_one(const Engine *engine, CommandCall *call, const char *word, StrBuf *json,
                       Error *error)
{
    const InspectOptions *options = call->values;
    if (str_eq(options->type, "image"))
        return inspect_image(call, word, json, error);
    int r = inspect_container(engine, call, word, json, error);
    if (r == 0 || options->type || error->kind != ERROR_NOT_FOUND)
        return r;
    Error image_error = { 0 };
    strbuf_clear(json);
    r = inspect_image(call, word, json, &image_error);
    if (r == 0)
        error_clear(error);
    else if (image_error.kind == ERROR_NOT_FOUND)
        r = error_set(error, ERROR_NOT_FOUND, ENOENT, "no such container or image: %s", word);
    else
        *error = image_error;
    return r;
}

static int inspect_format(CommandCall *call, const StrBuf *json, StrBuf *text, Error *error)
{
    const InspectOptions *options = call->values;
    const JsonValue *value;
    int r = json_parse(strbuf_text(json), json->length, NULL, call->arena, &value, error);
    if (r == 0)
        r = template_render(options->format, value, text, error);
    if (r == 0)
        strbuf_add_char(text, '\n');
    return r;
}

static int inspect_check_type(const char *type, Error *error)
{
    if (!type || str_eq(type, "container") || str_eq(type, "image"))
        return 0;
    if (str_eq(type, "network") || str_eq(type, "volume"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--type: '%s' is not supported yet (there are container, image)", type);
    return error_set(error, ERROR_USAGE, EINVAL, "--type: '%s' is not one of container, image",
                     type);
}

/* What is found is printed, also if something else is not: the first error is returned, further
 * ones are printed. */
static int inspect_words(const Engine *engine, CommandCall *call, StrBuf *text, Error *error)
{
    const InspectOptions *options = call->values;
    bool follows = false;
    int first = 0;
    for (size_t i = 0; i < call->argument_count; i++) {
        StrBuf json CLEANUP(strbuf_done) = { 0 };
        Error failure = { 0 };
        int r = inspect_one(engine, call, call->arguments[i], &json, &failure);
        if (r == 0 && options->format) {
            r = inspect_format(call, &json, text, &failure);
        } else if (r == 0) {
            strbuf_printf(text, "%s%s", follows ? ",\n" : "", strbuf_text(&json));
            follows = true;
        }
        if (r < 0)
            output_failure(call->path, r, &failure, &first, error);
    }
    return first;
}

static int inspect_all(CommandCall *call, Error *error)
{
    InspectOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Error failure = { 0 };
    int r = inspect_check_type(options->type, error);
    if (r == 0)
        r = session_open(call, ENGINE_LOOK, &engine, error);
    if (r < 0)
        return r;
    if (str_eq(options->format, "json"))
        options->format = "{{json .}}";
    if (!options->format)
        strbuf_add(&text, "[\n");
    r = inspect_words(&engine, call, &text, &failure);
    if (!options->format)
        strbuf_add(&text, "]\n");
    int written = output_write(strbuf_text(&text), error);
    if (r < 0)
        *error = failure;
    return r < 0 ? r : written;
}

static int container_inspect_run(CommandCall *call, Error *error)
{
    ((InspectOptions *)call->values)->type = "container";
    return inspect_all(call, error);
}

#define INSPECT_EXAMPLES                                                                       \
    "# the first process as the host sees it\n"                                                \
    "ambit inspect --format '{{.State.Pid}}' web\n"                                            \
    "# where its files are, and what it was started with\n"                                    \
    "ambit inspect --format '{{range .Mounts}}{{.Source}} on {{.Destination}}; {{end}}' web\n" \
    "ambit inspect --format '{{.Config.Env}} {{.HostConfig.Memory}}' web\n"

const Command inspect_command = {
    .name = "inspect",
    .summary = "Print all that is known of containers and images, as JSON",
    .description =
        "The names are docker's: .State (.Status .Running .Pid .ExitCode .OOMKilled .StartedAt "
        ".FinishedAt ...), .Config (what the program gets), .HostConfig (what was asked for), "
        ".Mounts, .NetworkSettings. ambit adds .Rung (how the root was made), .FirstHostId (the "
        "container's root on the host) and, while it runs, .CgroupPath and .Spec (its OCI "
        "configuration).",
    .arguments = "NAME...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .examples = INSPECT_EXAMPLES,
    .options = inspect_options,
    .values_size = sizeof(InspectOptions),
    .run = inspect_all,
};

const Command container_inspect_command = {
    .name = "inspect",
    .summary = "Print all that is known of containers, as JSON",
    .arguments = "CONTAINER...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .examples = INSPECT_EXAMPLES,
    .options = container_inspect_options,
    .values_size = sizeof(InspectOptions),
    .run = container_inspect_run,
};
