/*
 * `ambit ps`: containers as a table, as ids, or through a template.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/listformat.h"
#include "base/timestamp.h"
#include "cmd/program/output.h"
#include "engine/listing.h"
#include "engine/names.h"
#include "image/reference.h"
#include "session.h"
#include "spec/oci_port.h"

typedef struct PsOptions {
    bool all, quiet, full, latest;
    int64_t last; /* -1: all */
    StrList filters;
    const char *format;
} PsOptions;

static const Option ps_options[] = {
    { 'a', "all", OPTION_FLAG(PsOptions, all), NULL, "Also containers that have ended" },
    { 'q', "quiet", OPTION_FLAG(PsOptions, quiet), NULL, "Print ids only" },
    { 0, "no-trunc", OPTION_FLAG(PsOptions, full), NULL, "Do not shorten anything" },
    { 'f', "filter", OPTION_LIST(PsOptions, filters), "KEY=VALUE",
      "Only those with this name (a regular expression), id, status, exited (status number), "
      "ancestor (image), label, volume or network; of several with one KEY any, of labels all" },
    { 'l', "latest", OPTION_FLAG(PsOptions, latest), NULL, "The newest one, in whatever state" },
    { 'n', "last", OPTION_I64(PsOptions, last), "N", "The N newest, in whatever state", .min = -1,
      .max = INT32_MAX },
    { 0, "format", OPTION_STRING(PsOptions, format), "TEXT",
      "\"json\", or TEXT or \"table TEXT\" with {{.ID}}, {{.Names}}, {{.Image}}, {{.Command}}, "
      "{{.CreatedAt}}, {{.RunningFor}}, {{.Status}}, {{.State}}, {{.Ports}}, {{.Labels}}, "
      "{{.Mounts}}, {{.Networks}}, {{.LocalVolumes}}, {{.Pid}}" },
    OPTION_REFUSE('s', "size", "not supported yet: `ambit system df --verbose` shows sizes"),
    OPTION_REFUSE(0, "noheading", "not supported yet: --format without 'table' has no heading"),
    OPTION_REFUSE(0, "sort", "not supported yet: sort(1) sorts what --format prints"),
    OPTION_REFUSE('w', "watch", "not supported yet: watch(1) shows it again and again"),
    OPTION_REFUSE(0, "ns", "not supported yet: `ambit ns` lists namespaces"),
    OPTION_REFUSE('p', "pod", "not supported yet: there are no pods"),
    OPTION_REFUSE(0, "external", "not supported: others' containers are not known"),
    OPTION_REFUSE(0, "sync", "not supported: there is nothing to be synchronized"),
    OPTION_END,
};

static const PsOptions ps_defaults = { .last = -1 };

/* docker's names begin with a slash, and patterns may say so: "^/?web$". */
static int ps_name_matches(const char *name, const char *pattern, Error *error)
{
    regex_t regex;
    char slashed[NAMES_NAME_MAX + 2];
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--filter: name '%s' is not a regular expression", pattern);
    (void)snprintf(slashed, sizeof(slashed), "/%s", name);
    bool matches =
        regexec(&regex, name, 0, NULL, 0) == 0 || regexec(&regex, slashed, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static bool ps_volume_matches(const Container *container, const char *wanted)
{
    const SettingsMounts *mounts = &container->settings.mounts;
    for (size_t i = 0; i < mounts->count; i++)
        if (str_eq(mounts->items[i].name, wanted) || str_eq(mounts->items[i].source, wanted) ||
            str_eq(mounts->items[i].target, wanted))
            return true;
    return false;
}

static int ps_exited_matches(const ListingItem *item, const char *wanted, Error *error)
{
    int64_t status;
    if (str_to_i64(wanted, &status) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "--filter: exited '%s' is not a number",
                         wanted);
    return item->status == CONTAINER_EXITED && item->container->exit_status == status;
}

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
    if (str_eq(wanted, "restarting") || str_eq(wanted, "removing")) /* docker's, never ours */
        return 0;
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--filter: status '%s' is none of created, running, paused, exited, dead",
                     wanted);
}

/* "web" is "docker.io/library/web:latest"; an id, or the beginning of one, is an image's too. */
static bool ps_image_matches(const Container *container, const char *wanted)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Reference asked, image;
    const char *id = container->image_id ? container->image_id : "";
    if (str_eq(container->image, wanted) ||
        (str_starts(wanted, "sha256:") && str_starts(id, wanted)))
        return true;
    if (strlen(wanted) >= 4 && str_starts(id, "sha256:") &&
        str_starts(id + strlen("sha256:"), wanted))
        return true;
    return container->image && reference_parse(container->image, &arena, &image, NULL) == 0 &&
           reference_parse(wanted, &arena, &asked, NULL) == 0 &&
           str_eq(reference_text(&image, &arena), reference_text(&asked, &arena));
}

static int ps_matches(const ListingItem *item, const char *filter, Error *error)
{
    const char *equals = strchr(filter, '=');
    char key[16] = "";
    const char *value = equals ? equals + 1 : "";
    const Container *container = item->container;
    if (equals && equals - filter < (int)sizeof(key))
        memcpy(key, filter, (size_t)(equals - filter));
    if (str_eq(key, "name"))
        return ps_name_matches(container && container->name ? container->name : "", value, error);
    if (str_eq(key, "id"))
        return str_starts(item->id, value);
    if (str_eq(key, "status"))
        return ps_status_matches(item, value, error);
    if (str_eq(key, "exited"))
        return ps_exited_matches(item, value, error);
    if (str_eq(key, "ancestor"))
        return container && ps_image_matches(container, value);
    if (str_eq(key, "label"))
        return container && ps_label_matches(container, value);
    if (str_eq(key, "volume"))
        return container && ps_volume_matches(container, value);
    if (str_eq(key, "network"))
        return container && str_eq(container->settings.host.network, value);
    return error_set(
        error, ERROR_USAGE, EINVAL,
        "--filter: '%s' is none of name=, id=, status=, exited=, ancestor=, label=, volume=, "
        "network=",
        filter);
}

/* As docker reads several: one KEY's are alternatives, but for labels. */
static int ps_matches_all(const ListingItem *item, const StrList *filters, Error *error)
{
    for (size_t i = 0; i < filters->count; i++) {
        size_t key = strcspn(filters->items[i], "=");
        bool label = str_starts(filters->items[i], "label=");
        int matches = ps_matches(item, filters->items[i], error);
        for (size_t k = 0; matches == 0 && !label && k < filters->count; k++)
            if (strncmp(filters->items[i], filters->items[k], key + 1) == 0)
                matches = ps_matches(item, filters->items[k], error);
        if (matches <= 0)
            return matches;
    }
    return 1;
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
    const char *image, *name, *created_at, *ports, *labels, *mounts, *networks, *volumes;
    StrBuf command, created, status;
    Arena arena;
} PsRow;

static void ps_row_done(PsRow *row)
{
    strbuf_done(&row->command);
    strbuf_done(&row->created);
    strbuf_done(&row->status);
    arena_done(&row->arena);
}

/* What was asked for when it was made. */
static void ps_fill_settings(const ListingItem *item, PsRow *row)
{
    const Settings *settings = &item->container->settings;
    StrList labels = { 0 }, mounts = { 0 };
    size_t volumes = 0;
    for (size_t i = 0; i < settings->config.labels.count; i++) {
        const StrPair *label = &settings->config.labels.items[i];
        strlist_append(&row->arena, &labels,
                       arena_printf(&row->arena, "%s=%s", label->key, label->value));
    }
    for (size_t i = 0; i < settings->mounts.count; i++) {
        const SettingsMount *mount = &settings->mounts.items[i];
        const char *name = str_empty(mount->name) ? mount->source : mount->name;
        volumes += str_eq(mount->type, "volume");
        if (!str_empty(name))
            strlist_append(&row->arena, &mounts, name);
    }
    row->labels = strlist_join(&row->arena, &labels, ",");
    row->mounts = strlist_join(&row->arena, &mounts, ",");
    row->volumes = arena_printf(&row->arena, "%zu", volumes);
    row->networks = settings->host.network ? settings->host.network : "";
    if (item->status == CONTAINER_RUNNING) /* nothing listens in the others */
        row->ports = oci_port_summary(&settings->config.exposed_ports, &row->arena);
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
    row->created_at = row->ports = row->labels = row->mounts = row->networks = row->volumes = "";
    ps_command_text(container, options->full, &row->command);
    if (container) {
        char at[TIMESTAMP_SIZE];
        listing_duration(now - container->created, &row->created);
        strbuf_add(&row->created, " ago");
        row->created_at = arena_strdup(&row->arena, timestamp_text(container->created, at));
        ps_fill_settings(item, row);
    }
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
        { "CreatedAt", row->created_at },
        { "RunningFor", strbuf_text(&row->created) },
        { "Status", strbuf_text(&row->status) },
        { "State", container_status_name(item->status) },
        { "Ports", row->ports },
        { "Labels", row->labels },
        { "Mounts", row->mounts },
        { "Networks", row->networks },
        { "LocalVolumes", row->volumes },
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

static void ps_add_row(const PsRow *row, Table *table)
{
    table_add(table, row->id);
    table_add(table, row->image);
    table_add(table, strbuf_text(&row->command));
    table_add(table, strbuf_text(&row->created));
    table_add(table, strbuf_text(&row->status));
    table_add(table, row->ports);
    table_add(table, row->name);
}

typedef struct PsOutput {
    const PsOptions *options;
    Table table;       /* our own table */
    ListFormat format; /* --format */
    StrBuf text;
} PsOutput;

static void ps_output_done(PsOutput *output)
{
    table_done(&output->table);
    listformat_done(&output->format);
    strbuf_done(&output->text);
}

static int ps_print(const ListingItem *item, PsOutput *output, Error *error)
{
    PsRow row CLEANUP(ps_row_done) = { 0 };
    ps_fill(item, output->options, &row);
    if (output->options->quiet) {
        strbuf_printf(&output->text, "%s\n", row.id);
        return 0;
    }
    if (listformat_is_default(output->options->format)) {
        ps_add_row(&row, &output->table);
        return 0;
    }
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    ps_json(item, &row, &json);
    return listformat_add(&output->format, &json, &output->text, error);
}

static int ps_each(const Listing *listing, PsOutput *output, Error *error)
{
    const PsOptions *options = output->options;
    int64_t left = options->latest ? 1 : options->last > 0 ? options->last : INT64_MAX;
    for (size_t i = 0; i < listing->count && left > 0; i++) { /* the newest first */
        const ListingItem *item = &listing->items[i];
        int matches = ps_matches_all(item, &options->filters, error);
        int r = matches > 0 ? ps_print(item, output, error) : matches;
        if (r < 0)
            return r;
        left -= matches;
    }
    return 0;
}

/* As in docker: what asks for a state, or for the newest, looks at all of them. */
static bool ps_wants_all(const PsOptions *options)
{
    bool all = options->all || options->latest || options->last >= 0;
    for (size_t i = 0; i < options->filters.count; i++)
        all = all || str_starts(options->filters.items[i], "status=") ||
              str_starts(options->filters.items[i], "exited=");
    return all;
}

static int ps_run(CommandCall *call, Error *error)
{
    static const ListHeading headings[] = {
        { "ID", "CONTAINER ID" },
        { "RunningFor", "CREATED" },
        { 0 },
    };
    static const char *const own_headings[] = { "CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
                                                "STATUS",       "PORTS", "NAMES",   NULL };
    const PsOptions *options = call->values;
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    Listing listing;
    int r = ps_check_filters(options, error);
    if (r == 0)
        r = session_open(call, ENGINE_LOOK, &engine, error);
    if (r == 0)
        r = listing_read(&engine, ps_wants_all(options), call->arena, &listing, error);
    if (r < 0)
        return r;
    PsOutput output CLEANUP(ps_output_done) = { .options = options,
                                                .table = table_new(own_headings) };
    output.table.gap = 3;
    bool own = listformat_is_default(options->format);
    if (!own)
        listformat_init(&output.format, options->format, headings);
    r = ps_each(&listing, &output, error);
    if (r < 0)
        return r;
    if (!options->quiet && own)
        table_print(&output.table, false, &output.text);
    else if (!options->quiet)
        listformat_end(&output.format, &output.text);
    return output_write(strbuf_text(&output.text), error);
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
    .defaults = &ps_defaults,
    .run = ps_run,
};
