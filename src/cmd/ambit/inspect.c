/*
 * `ambit inspect`: all that is known, as JSON or through a template.
 */
#include "base/template.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "session.h"

typedef struct InspectOptions {
    const char *format;
} InspectOptions;

static const Option inspect_options[] = {
    { 'f', "format", OPTION_STRING(InspectOptions, format), "TEXT",
      "Print TEXT with {{.Field.Member}} replaced, for each container" },
    OPTION_END,
};

static int inspect_one(const Engine *engine, CommandCall *call, const char *word, StrBuf *text,
                       Error *error)
{
    ListingItem item;
    int r = listing_find(engine, word, call->arena, &item, error);
    if (r < 0)
        return r;
    Spec *spec = NULL;
    if (item.state)
        (void)!container_read_spec(engine, item.id, call->arena, &spec, NULL);
    listing_inspect(&item, spec, text);
    return 0;
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

static int inspect_run(CommandCall *call, Error *error)
{
    const InspectOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    int r = session_open(call, &engine, error);
    if (!options->format)
        strbuf_add(&text, "[\n");
    for (size_t i = 0; r == 0 && i < call->argument_count; i++) {
        StrBuf json CLEANUP(strbuf_done) = { 0 };
        r = inspect_one(&engine, call, call->arguments[i], &json, error);
        if (r == 0 && options->format)
            r = inspect_format(call, &json, &text, error);
        else if (r == 0)
            strbuf_printf(&text, "%s%s", i ? ",\n" : "", strbuf_text(&json));
    }
    if (!options->format)
        strbuf_add(&text, "]\n");
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command inspect_command = {
    .name = "inspect",
    .summary = "Print all that is known of containers, as JSON",
    .arguments = "CONTAINER...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .examples = "# the first process as the host sees it\n"
                "ambit inspect --format '{{.State.Pid}}' web\n",
    .options = inspect_options,
    .values_size = sizeof(InspectOptions),
    .run = inspect_run,
};
