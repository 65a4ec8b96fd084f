/*
 * The invariant: a file that cannot be read or understood is an error, never "there is none": it
 * may be the one that blocks a registry.
 */
#include "image/registries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/toml.h"

#define REGISTRIES_FILE      "containers/registries.conf"
#define REGISTRIES_DIRECTORY "containers/registries.conf.d"

enum { REGISTRIES_FILE_MAX = 1024 * 1024, REGISTRIES_FILES_MAX = 1000 };

/*** One file. ***/

static void registries_take_entries(Registries *registries, const JsonValue *file, const char *path,
                                    Arena *arena)
{
    const JsonValue *list = json_member(file, "registry");
    for (const JsonValue *table = list && list->type == JSON_ARRAY ? list->first : NULL; table;
         table = table->next) {
        const char *prefix = json_member_string(table, "prefix");
        if (str_empty(prefix))
            prefix = json_member_string(table, "location");
        if (str_empty(prefix))
            continue;
        RegistriesEntry *entry =
            arena_append(arena, &registries->entries, &registries->count, sizeof(*entry));
        *entry = (RegistriesEntry){ table, prefix, path };
    }
}

static void registries_take_names(Registries *registries, const JsonValue *file, Arena *arena)
{
    const JsonValue *search = json_member(file, "unqualified-search-registries");
    const JsonValue *aliases = json_member(file, "aliases");
    const char *mode = json_member_string(file, "short-name-mode");
    if (search && search->type == JSON_ARRAY) {
        registries->search = (StrList){ 0 };
        for (const JsonValue *host = search->first; host; host = host->next)
            if (host->type == JSON_STRING)
                strlist_append(arena, &registries->search, host->string);
    }
    for (const JsonValue *alias = aliases && aliases->type == JSON_OBJECT ? aliases->first : NULL;
         alias; alias = alias->next)
        if (alias->type == JSON_STRING)
            strmap_set(arena, &registries->aliases, alias->key, alias->string);
    if (!str_empty(mode))
        registries->enforcing = str_eq(mode, "enforcing");
}

/* 1: there is such a file. */
static int registries_take_file(Registries *registries, const char *path, Arena *arena,
                                Error *error)
{
    char *text;
    const JsonValue *file;
    int r = file_read_at(AT_FDCWD, path, REGISTRIES_FILE_MAX, arena, &text, NULL);
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r < 0)
        return error_errno(error, r, "%s", path);
    r = toml_parse(text, arena, &file, error);
    if (r < 0)
        return error_wrap(error, "%s", path);
    registries_take_entries(registries, file, path, arena);
    registries_take_names(registries, file, arena);
    return 1;
}

/*** Drop-ins. ***/

static int registries_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int registries_take_directory(Registries *registries, const char *path, Arena *arena,
                                     Error *error)
{
    StrList names = { 0 };
    DIR *dir CLEANUP(file_closedirp) = opendir(path);
    if (!dir)
        return errno == ENOENT || errno == ENOTDIR ? 0 : error_errno(error, errno, "%s", path);
    for (struct dirent *entry; (entry = readdir(dir)) && names.count < REGISTRIES_FILES_MAX;)
        if (str_ends(entry->d_name, ".conf"))
            strlist_append(arena, &names, entry->d_name);
    if (names.count > 1)
        qsort(names.items, names.count, sizeof(*names.items), registries_compare);
    int r = 0;
    for (size_t i = 0; r >= 0 && i < names.count; i++)
        r = registries_take_file(registries, arena_printf(arena, "%s/%s", path, names.items[i]),
                                 arena, error);
    return r < 0 ? r : 0;
}

/* The names that podman wrote down after asking a person. */
static const char *registries_cache(const char *home, Arena *arena)
{
    if (geteuid() == 0)
        return "/var/cache/containers/short-name-aliases.conf";
    return home ? arena_printf(arena, "%s/.cache/containers/short-name-aliases.conf", home) : NULL;
}

int registries_read(Arena *arena, Registries *ret_registries, Error *error)
{
    Registries registries = { 0 };
    const char *given = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
    const char *config = home ? arena_printf(arena, "%s/.config/", home) : NULL;
    const char *files[] = {
        str_empty(given) ? NULL : given,
        config ? arena_printf(arena, "%s" REGISTRIES_FILE, config) : NULL,
        "/etc/" REGISTRIES_FILE,
    };
    const char *directories[] = {
        "/etc/" REGISTRIES_DIRECTORY,
        config ? arena_printf(arena, "%s" REGISTRIES_DIRECTORY, config) : NULL,
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++)
        if (files[i])
            r = registries_take_file(&registries, files[i], arena, error);
    for (size_t i = 0; r >= 0 && i < ARRAY_LEN(directories); i++)
        if (directories[i])
            r = registries_take_directory(&registries, directories[i], arena, error);
    const char *cache = registries_cache(home, arena);
    if (r >= 0 && cache)
        r = registries_take_file(&registries, cache, arena, error);
    if (r < 0)
        return r;
    *ret_registries = registries;
    return 0;
}

/*** Looking up. ***/

/* What follows the prefix in the name; NULL if it is not one of it. */
static const char *registries_after(const char *prefix, const char *name)
{
    size_t length = strlen(prefix);
    if (str_starts(prefix, "*.")) { /* any host below: what follows is the whole path */
        const char *end = name + strcspn(name, "/");
        size_t host = (size_t)(end - name), tail = length - 1;
        return host > tail && strncmp(name + host - tail, prefix + 1, tail) == 0 ? end : NULL;
    }
    return strncmp(name, prefix, length) == 0 && strchr("/:@", name[length]) ? name + length : NULL;
}

const RegistriesEntry *registries_find(const Registries *registries, const char *name,
                                       const char **ret_rest)
{
    const RegistriesEntry *best = NULL;
    for (size_t i = 0; i < registries->count; i++) {
        const RegistriesEntry *entry = &registries->entries[i];
        const char *rest = registries_after(entry->prefix, name);
        if (rest && (!best || strlen(entry->prefix) >= strlen(best->prefix))) {
            best = entry;
            *ret_rest = rest;
        }
    }
    return best;
}
