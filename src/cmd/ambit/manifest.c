/*
 * What a registry says about an image, without fetching it: `manifest inspect`, `manifest
 * referrers` and `search`.
 */
#include <errno.h>
#include <string.h>

#include "access.h"
#include "base/json.h"
#include "base/strmap.h"
#include "base/table.h"
#include "cmd/program/output.h"
#include "commands.h"
#include "image/reference.h"
#include "image/registryhelper.h"
#include "spec/oci_image.h"

typedef struct ManifestOptions {
    const char *type;
    bool raw, json;
    Access access;
} ManifestOptions;

static const Option manifest_inspect_options[] = {
    { 0, "raw", OPTION_FLAG(ManifestOptions, raw), NULL, "Print it byte for byte" },
    ACCESS_OPTIONS(ManifestOptions),
    OPTION_END,
};

static const Option manifest_referrers_options[] = {
    { 0, "artifact-type", OPTION_STRING(ManifestOptions, type), "TYPE", "Those of this type only" },
    { 0, "json", OPTION_FLAG(ManifestOptions, json), NULL, "Print them as an OCI index" },
    ACCESS_OPTIONS(ManifestOptions),
    OPTION_END,
};

static int manifest_open(const CommandCall *call, Reference *reference, RegistryHelper *registry,
                         Error *error)
{
    const ManifestOptions *options = call->values;
    RegistryOpen open;
    int r = reference_parse(call->arguments[0], call->arena, reference, error);
    if (r == 0)
        r = access_open(&options->access, call->arena, &open, error);
    if (r < 0)
        return r;
    registrycall_name(&open, reference, call->arena);
    return registryhelper_open(&open, registry, error);
}

static int manifest_ask(RegistryHelper *registry, RegistryRequest request, CommandCall *call,
                        RegistryBody *body, Error *error)
{
    RegistryReply reply;
    *body = (RegistryBody){ .limit = OCI_MAX_DOCUMENT_BYTES };
    int r = registryhelper_ask(registry, request, body, call->arena, &reply, error);
    return r < 0 ? error_wrap(error, "%s", call->arguments[0]) : r;
}

/* A stranger's text is printed as JSON that we wrote: no control character reaches the terminal. */
static int manifest_print(const RegistryBody *body, CommandCall *call, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter w = { .text = &text, .pretty = true };
    const JsonValue *value;
    int r = json_parse(body->data, body->size, NULL, call->arena, &value, error);
    if (r < 0)
        return error_wrap(error, "%s", call->arguments[0]);
    json_write_value(&w, value);
    strbuf_add_char(&text, '\n');
    return output_write(strbuf_text(&text), error);
}

static int manifest_inspect_run(CommandCall *call, Error *error)
{
    const ManifestOptions *options = call->values;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    Reference reference;
    RegistryBody body;
    int r = manifest_open(call, &reference, &registry, error);
    if (r < 0)
        return r;
    RegistryRequest request = {
        .operation = REGISTRY_MANIFEST,
        .name = reference.digest ? reference.digest : reference.tag,
    };
    r = manifest_ask(&registry, request, call, &body, error);
    if (r < 0)
        return r;
    return options->raw ? output_write(body.data, error) : manifest_print(&body, call, error);
}

/* The digest that a name stands for in its registry. */
static int manifest_resolve(RegistryHelper *registry, const Reference *reference, Arena *arena,
                            const char **ret_digest, Error *error)
{
    RegistryReply reply;
    RegistryRequest request = { .operation = REGISTRY_RESOLVE, .name = reference->tag };
    *ret_digest = reference->digest;
    if (*ret_digest)
        return 0;
    int r = registryhelper_ask(registry, request, NULL, arena, &reply, error);
    if (r == 0 && !reply.digest)
        r = error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "the registry tells no digest");
    *ret_digest = r == 0 ? reply.digest : NULL;
    return r;
}

/* One page of the list; *query NULL: there is no other one. Not every registry looks at the type.
 */
static int manifest_referrers_page(RegistryHelper *registry, RegistryRequest request, Arena *arena,
                                   const char **query, OciIndex *list, Error *error)
{
    RegistryBody body = { .limit = OCI_MAX_DOCUMENT_BYTES };
    RegistryReply reply;
    OciIndex page;
    request.query = *query;
    int r = registryhelper_ask(registry, request, &body, arena, &reply, error);
    if (r == 0)
        r = oci_index_parse(arena, body.data, body.size, &page, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < page.manifests.count; i++)
        if (!request.name || str_eq(page.manifests.items[i].artifact_type, request.name))
            *(OciDescriptor *)arena_append(arena, &list->manifests.items, &list->manifests.count,
                                           sizeof(OciDescriptor)) = page.manifests.items[i];
    *query = reply.next;
    return 0;
}

static int manifest_referrers_list(RegistryHelper *registry, RegistryRequest request, Arena *arena,
                                   OciIndex *list, Error *error)
{
    enum { MANIFEST_PAGES_MAX = 100 };
    Error missing = { 0 };
    const char *query = NULL;
    int r = 0;
    unsigned pages = 0;
    do {
        r = manifest_referrers_page(registry, request, arena, &query, list, &missing);
        if (r == 0 && query && ++pages == MANIFEST_PAGES_MAX)
            r = error_set(&missing, ERROR_LIMIT, EFBIG, "the list of referrers does not end");
    } while (r == 0 && query);
    if (r == -ENOENT && pages == 0)
        return 0; /* a registry without the API, and no tag that stands for it: there are none */
    if (r < 0 && error)
        *error = missing;
    return r;
}

static int manifest_referrers_print(const OciIndex *list, bool json, Arena *arena, Error *error)
{
    static const char *const headings[] = { "DIGEST", "TYPE", "SIZE", "CREATED", NULL };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (json) {
        oci_index_encode(list, true, &text);
        strbuf_add_char(&text, '\n');
        return output_write(strbuf_text(&text), error);
    }
    Table table CLEANUP(table_done) = table_new(headings);
    for (size_t i = 0; i < list->manifests.count; i++) {
        const OciDescriptor *item = &list->manifests.items[i];
        char size[32];
        uint64_t bytes = item->size > 0 ? (uint64_t)item->size : 0;
        table_add(&table, item->digest);
        table_add(&table, item->artifact_type ? item->artifact_type : item->media_type);
        table_add(&table, arena_strdup(arena, str_from_bytes(bytes, size, sizeof(size))));
        table_add(&table, strmap_get(&item->annotations, "org.opencontainers.image.created"));
    }
    table_print(&table, output_style(1).colour, &text);
    return output_write(strbuf_text(&text), error);
}

static int manifest_referrers_run(CommandCall *call, Error *error)
{
    const ManifestOptions *options = call->values;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    Reference reference;
    OciIndex list = { .schema_version = 2, .media_type = OCI_MEDIA_TYPE_INDEX };
    RegistryRequest request = { .operation = REGISTRY_REFERRERS, .name = options->type };
    int r = manifest_open(call, &reference, &registry, error);
    if (r < 0)
        return r;
    r = manifest_resolve(&registry, &reference, call->arena, &request.digest, error);
    if (r == 0)
        r = manifest_referrers_list(&registry, request, call->arena, &list, error);
    return r < 0 ? error_wrap(error, "%s", call->arguments[0])
                 : manifest_referrers_print(&list, options->json, call->arena, error);
}

static const Command manifest_inspect_command = {
    .name = "inspect",
    .summary = "Print the manifest or index that a registry has under a name",
    .arguments = "IMAGE",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = manifest_inspect_options,
    .values_size = sizeof(ManifestOptions),
    .run = manifest_inspect_run,
};

static const Command manifest_referrers_command = {
    .name = "referrers",
    .summary = "List what refers to an image in its registry: signatures, SBOMs",
    .description = "Asks the registry, and where it does not know how to answer, looks at the tag "
                   "that stands for the list (sha256-DIGEST). The CREATED column and what --json "
                   "has more are annotations: what those who pushed them say.",
    .arguments = "IMAGE",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = manifest_referrers_options,
    .values_size = sizeof(ManifestOptions),
    .run = manifest_referrers_run,
};

static const Command *const manifest_children[] = {
    &manifest_inspect_command,
    &manifest_referrers_command,
    NULL,
};

const Command manifest_command = {
    .name = "manifest",
    .summary = "Look at images in a registry",
    .children = manifest_children,
};

/*** search ***/

typedef struct SearchOptions {
    uint64_t limit;
    bool no_trunc;
    Access access;
} SearchOptions;

static const SearchOptions search_defaults = { .limit = 25 };

static const Option search_options[] = {
    { 0, "limit", OPTION_U64(SearchOptions, limit), "N", "At most so many (default 25)", .min = 1,
      .max = 100 },
    { 0, "no-trunc", OPTION_FLAG(SearchOptions, no_trunc), NULL, "Do not cut descriptions" },
    ACCESS_OPTIONS(SearchOptions),
    OPTION_REFUSE('f', "filter", "not supported yet: grep(1)"),
    OPTION_REFUSE(0, "format", "not supported yet: the columns are fixed"),
    OPTION_REFUSE(0, "list-tags", "not supported yet: `ambit pull --all-tags` fetches them"),
    OPTION_END,
};

static const char *search_stars(const JsonValue *result, Arena *arena)
{
    const JsonValue *stars = json_member(result, "star_count");
    return stars && stars->type == JSON_INT ? arena_printf(arena, "%lld", (long long)stars->integer)
                                            : NULL;
}

static void search_add(Table *table, const SearchOptions *options, const JsonValue *result,
                       Arena *arena)
{
    enum { SEARCH_DESCRIPTION_WIDTH = 60 };
    const JsonValue *official = json_member(result, "is_official");
    bool is_official = official && official->type == JSON_BOOL && official->boolean;
    const char *description = json_member_string(result, "description");
    table_add(table, json_member_string(result, "name"));
    if (options->no_trunc)
        table_add(table, description);
    else
        table_add_cut(table, description ? description : "", SEARCH_DESCRIPTION_WIDTH);
    table_add(table, search_stars(result, arena));
    table_add(table, is_official ? "yes" : "");
}

/* The whole list of a registry without a search. */
static void search_look_through(Table *table, const SearchOptions *options, const char *term,
                                const JsonValue *list)
{
    uint64_t found = 0;
    for (const JsonValue *name = list && list->type == JSON_ARRAY ? list->first : NULL;
         name && found < options->limit; name = name->next) {
        if (name->type != JSON_STRING || !strstr(name->string, term))
            continue;
        table_add(table, name->string);
        for (size_t i = 1; i < table->columns; i++)
            table_add(table, "");
        found++;
    }
}

/* "registry.example/web" asks that registry for "web"; a word alone Docker's. */
static void search_split(const char *word, Arena *arena, const char **ret_domain,
                         const char **ret_term)
{
    const char *slash = strchr(word, '/');
    char *domain = slash ? arena_strndup(arena, word, (size_t)(slash - word)) : NULL;
    bool named = domain && (strpbrk(domain, ".:") || str_eq(domain, "localhost"));
    *ret_domain = named && !str_eq(domain, "docker.io") ? domain : "index.docker.io";
    *ret_term = named ? slash + 1 : word;
}

static int search_run(CommandCall *call, Error *error)
{
    static const char *const headings[] = { "NAME", "DESCRIPTION", "STARS", "OFFICIAL", NULL };
    const SearchOptions *options = call->values;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    RegistryBody body = { .limit = OCI_MAX_DOCUMENT_BYTES };
    RegistryOpen open;
    RegistryReply reply;
    RegistryRequest request = { .operation = REGISTRY_SEARCH, .size = (int64_t)options->limit };
    const JsonValue *value;
    int r = access_open(&options->access, call->arena, &open, error);
    search_split(call->arguments[0], call->arena, &open.domain, &request.name);
    open.direct = true;
    if (r == 0)
        r = registryhelper_open(&open, &registry, error);
    if (r == 0)
        r = registryhelper_ask(&registry, request, &body, call->arena, &reply, error);
    if (r == 0)
        r = json_parse(body.data, body.size, NULL, call->arena, &value, error);
    if (r < 0)
        return error_wrap(error, "%s", open.domain);
    Table table CLEANUP(table_done) = table_new(headings);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    const JsonValue *results = json_member(value, "results");
    for (const JsonValue *result = results && results->type == JSON_ARRAY ? results->first : NULL;
         result; result = result->next)
        search_add(&table, options, result, call->arena);
    if (!results)
        search_look_through(&table, options, request.name, json_member(value, "repositories"));
    table_print(&table, output_style(1).colour, &text);
    return output_write(strbuf_text(&text), error);
}

const Command search_command = {
    .name = "search",
    .summary = "Search a registry for images",
    .arguments = "[REGISTRY/]TERM",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = search_options,
    .values_size = sizeof(SearchOptions),
    .defaults = &search_defaults,
    .run = search_run,
};
