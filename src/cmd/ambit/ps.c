/*
 * `ambit ps`: containers as a table, as ids, or through a template.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/listformat.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/names.h"
#include "session.h"

typedef struct PsOptions {
    bool all, quiet, full;
    StrList filters;
    const char *format;
} PsOptions;

static const Option ps_options[] = {
    { 'a', "all", OPTION_FLAG(PsOptions, all), NULL, "Also containers that have ended" },
    { 'q', "quiet", OPTION_FLAG(PsOptions, quiet), NULL, "Print ids only" },
    { 0, "no-trunc", OPTION_FLAG(PsOptions, full), NULL, "Do not shorten anything" },
    { 'f', "filter", OPTION_LIST(PsOptions, filters), "KEY=VALUE",
      "Only those with this name, id, status, ancestor (image) or label" },
    { 0, "format", OPTION_STRING(PsOptions, format), "TEXT",
      "\"json\", or TEXT or \"table TEXT\" with {{.ID}}, {{.Names}}, {{.Image}}, {{.Command}}, "
      "{{.Status}}, "
      "{{.State}}, {{.Pid}}" },
    OPTION_END,
};

static bool ps_label_matches(const Container *container, const char *wanted)
{
    const char *equals = strchr(wanted, '=');
    for (size_t i = 0; i < container->settings.config.labels.count; i++) {
        const StrPair *label = &container->settings.config.labels.items[i];
        if (equals ? strlen(label->key) == (size_t)(equals - wanted) &&
                         strncmp(label->key, wanted, (size_t)(equals - wanted)) == 0 &&
                         str_eq(label->value, equals + 1)
                   : str_eq(label->key, wanted))
            return true;
    }
    return false;
}

/* One that no container can have is a slip of the keyboard, and "none" would be the wrong answer.
 */
static int ps_status_matches(const ListingItem *item, const char *wanted, Error *error)
{
    for (ContainerStatus status = CONTAINER_CREATED; status <= CONTAINER_DEAD; status++)
        if (str_eq(container_status_name(status), wanted))
            return item->status == status;
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--filter: status '%s' is none of created, running, paused, exited, dead",
                     wanted);
}

static int ps_matches(const ListingItem *item, const char *filter, Error *error)
{
    const char *value = strchr(filter, '=');
    size_t length = value ? (size_t)(value - filter) : 0;
    const Container *container = item->container;
    if (value && length == 4 && strncmp(filter, "name", 4) == 0)
        return container && container->name && strstr(container->name, value + 1);
    if (value && length == 2 && strncmp(filter, "id", 2) == 0)
        return str_starts(item->id, value + 1);
    if (value && length == 6 && strncmp(filter, "status", 6) == 0)
        return ps_status_matches(item, value + 1, error);
    if (value && length == 8 && strncmp(filter, "ancestor", 8) == 0)
        return container && str_eq(container->image, value + 1);
    if (value && length == 5 && strncmp(filter, "label", 5) == 0)
        return container && ps_label_matches(container, value + 1);
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--filter: '%s' is none of name=, id=, status=, ancestor=, label=", filter);
}

/* Also where no container is there to be matched. */
static int ps_check_filters(const PsOptions *options, Error *error)
{
    static const ListingItem nothing = { .id = "" };
    int r = 0;
    for (size_t i = 0; r >= 0 && i < options->filters.count; i++)
        r = ps_matches(&nothing, options->filters.items[i], error);
    return r < 0 ? r : 0;
}

static void ps_command_text(const Container *container, bool full, StrBuf *text)
{
    StrBuf whole CLEANUP(strbuf_done) = { 0 };
    if (container)
        strbuf_add_list(&whole, &container->command, " ");
    bool cut = !full && whole.length > 20;
    strbuf_add_char(text, '"');
    for (size_t i = 0; i < (cut ? 19 : whole.length); i++) /* a command is hostile text */
        strbuf_add_char(text, (unsigned char)whole.data[i] < ' ' || whole.data[i] == 0x7f
                                  ? '?'
                                  : whole.data[i]);
    strbuf_add(text, cut ? "…\"" : "\"");
}

typedef struct PsRow {
    char id[NAMES_ID_LENGTH + 1];
    const char *image, *name;
    StrBuf command, created, status;
} PsRow;

static void ps_row_done(PsRow *row)
{
    strbuf_done(&row->command);
    strbuf_done(&row->created);
    strbuf_done(&row->status);
}

static void ps_fill(const ListingItem *item, const PsOptions *options, PsRow *row)
{
    const Container *container = item->container;
    int64_t now = time(NULL);
    memcpy(row->id, item->id, sizeof(row->id));
    if (!options->full)
        row->id[NAMES_SHORT_LENGTH] = '\0';
    row->image = container && container->image ? container->image : "-";
    row->name = container && container->name ? container->name : "-";
    ps_command_text(container, options->full, &row->command);
    if (container)
        listing_duration(now - container->created, &row->created);
    strbuf_add(&row->created, " ago");
    listing_status_text(item, now, &row->status);
}

static void ps_json(const ListingItem *item, const PsRow *row, StrBuf *text)
{
    JsonWriter writer = { .text = text };
    const struct {
        const char *key, *value;
    } members[] = {
        { "ID", row->id },
        { "Names", row->name },
        { "Image", row->image },
        { "Command", strbuf_text(&row->command) },
        { "RunningFor", strbuf_text(&row->created) },
        { "Status", strbuf_text(&row->status) },
        { "State", container_status_name(item->status) },
    };
    json_write_object(&writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_write_key(&writer, members[i].key);
        json_write_string(&writer, members[i].value);
    }
    json_write_key(&writer, "Pid");
    json_write_int(&writer, item->status == CONTAINER_RUNNING ? item->state->pid : 0);
    json_write_end_object(&writer);
}

/* `format`: NULL for our own table. */
static int ps_print(const ListingItem *item, const PsOptions *options, ListFormat *format,
                    StrBuf *text, Error *error)
{
    PsRow row CLEANUP(ps_row_done) = { 0 };
    ps_fill(item, options, &row);
    if (options->quiet) {
        strbuf_printf(text, "%s\n", row.id);
        return 0;
    }
    if (!format) {
        strbuf_printf(text, "%-*s  %-20s  %-22s  %-16s  %-26s  %s\n",
                      options->full ? NAMES_ID_LENGTH : NAMES_SHORT_LENGTH, row.id, row.image,
                      strbuf_text(&row.command), strbuf_text(&row.created),
                      strbuf_text(&row.status), row.name);
        return 0;
    }
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    ps_json(item, &row, &json);
    return listformat_add(format, &json, text, error);
}

static int ps_each(const Listing *listing, const PsOptions *options, ListFormat *format,
                   StrBuf *text, Error *error)
{
    for (size_t i = 0; i < listing->count; i++) {
        const ListingItem *item = &listing->items[i];
        int matches = 1;
        for (size_t f = 0; matches == 1 && f < options->filters.count; f++)
            matches = ps_matches(item, options->filters.items[f], error);
        int r = matches > 0 ? ps_print(item, options, format, text, error) : matches;
        if (r < 0)
            return r;
    }
    return 0;
}

static int ps_run(CommandCall *call, Error *error)
{
    static const ListHeading headings[] = {
        { "ID", "CONTAINER ID" },
        { "RunningFor", "CREATED" },
        { 0 },
    };
    PsOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    Listing listing;
    int r = ps_check_filters(options, error);
    if (r == 0)
        r = session_open(call, ENGINE_LOOK, &engine, error);
    /* A filter by status looks at all of them, as in docker. */
    for (size_t i = 0; i < options->filters.count; i++)
        options->all |= str_starts(options->filters.items[i], "status=");
    if (r == 0)
        r = listing_read(&engine, options->all, call->arena, &listing, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ListFormat format CLEANUP(listformat_done) = { 0 };
    bool own = listformat_is_default(options->format);
    if (!own)
        listformat_init(&format, options->format, headings);
    if (!options->quiet && own)
        strbuf_printf(&text, "%-*s  %-20s  %-22s  %-16s  %-26s  %s\n",
                      options->full ? NAMES_ID_LENGTH : NAMES_SHORT_LENGTH, "CONTAINER ID", "IMAGE",
                      "COMMAND", "CREATED", "STATUS", "NAMES");
    r = ps_each(&listing, options, own ? NULL : &format, &text, error);
    if (r < 0)
        return r;
    if (!options->quiet)
        listformat_end(&format, &text);
    return output_write(strbuf_text(&text), error);
}

static const char *const ps_aliases[] = { "ls", NULL };

const Command ps_command = {
    .name = "ps",
    .aliases = ps_aliases,
    .summary = "List containers",
    .examples = "# ids of all that have ended\n"
                "ambit ps -aq --filter status=exited\n",
    .options = ps_options,
    .values_size = sizeof(PsOptions),
    .run = ps_run,
};
