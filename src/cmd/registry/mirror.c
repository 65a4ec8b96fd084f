/*
 * A mirror gets credentials and certificates of its own: what is kept under its name. The trap: an
 * entry of registries.conf is for a prefix, and what follows the prefix in a name is put behind the
 * location.
 */
#include "cmd/registry/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/toml.h"
#include "cmd/registry/trust.h"
#include "image/registryauth.h"

enum { MIRROR_FILE_MAX = 1024 * 1024 };

static bool mirror_flag(const JsonValue *table, const char *key)
{
    const JsonValue *value = json_member(table, key);
    return value && value->type == JSON_BOOL && value->boolean;
}

/* The file's tree; NULL if there is no such file. */
static int mirror_parse(const char *path, Arena *arena, const JsonValue **ret, Error *error)
{
    char *text;
    int r = file_read_at(AT_FDCWD, path, MIRROR_FILE_MAX, arena, &text, NULL);
    *ret = NULL;
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r < 0)
        return error_errno(error, r, "%s", path);
    r = toml_parse(text, arena, ret, error);
    return r < 0 ? error_wrap(error, "%s", path) : 0;
}

static int mirror_finish(Session *session, Host *host, bool insecure, Error *error)
{
    if (!host->trust.authorities)
        host->trust.authorities = session->authorities;
    host->trust.insecure |= insecure;
    host->plain_allowed |= insecure || host_is_loopback(host->authority);
    int r = trust_read(host->name, NULL, session->arena, &host->trust, error);
    return r < 0 ? r
                 : registryauth_find(host->name, host->repository, session->open.auth_file,
                                     session->arena, &host->login, error);
}

/*** containerd's hosts.toml ***/

/* "https://mirror.example/v2/prefix": scheme, authority, path. */
static Host *mirror_add_url(Session *session, const char *url)
{
    bool plain = str_starts(url, "http://");
    const char *rest = strstr(url, "://");
    rest = rest ? rest + 3 : url;
    size_t length = strcspn(rest, "/");
    const char *authority = arena_strndup(session->arena, rest, length);
    Host *host =
        hostlist_append(&session->hosts, session->arena, authority, session->open.repository);
    if (plain) { /* as written: that is an explicit word */
        host->scheme = HOST_HTTP;
        host->plain_allowed = true;
    }
    return host;
}

static int mirror_read_pem(Session *session, const char *directory, const JsonValue *value,
                           const char **member, Error *error)
{
    char *text;
    if (!value || value->type != JSON_STRING)
        return 0;
    const char *path = *value->string == '/'
                           ? value->string
                           : arena_printf(session->arena, "%s/%s", directory, value->string);
    int r = file_read_at(AT_FDCWD, path, MIRROR_FILE_MAX, session->arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "%s", path);
    *member = *member ? arena_printf(session->arena, "%s\n%s", *member, text) : text;
    return 0;
}

/* ca = "FILE" or ["FILE", ...]; client = "FILE" or [["CERT", "KEY"]] */
static int mirror_host_trust(Session *session, const char *directory, const JsonValue *table,
                             Host *host, Error *error)
{
    const JsonValue *ca = json_member(table, "ca"), *client = json_member(table, "client");
    host->trust.authorities = session->authorities;
    int r = mirror_read_pem(session, directory, ca, &host->trust.authorities, error);
    for (const JsonValue *file = ca && ca->type == JSON_ARRAY ? ca->first : NULL; r == 0 && file;
         file = file->next)
        r = mirror_read_pem(session, directory, file, &host->trust.authorities, error);
    if (r == 0 && client && client->type == JSON_STRING) {
        r = mirror_read_pem(session, directory, client, &host->trust.certificate, error);
        host->trust.key = host->trust.certificate;
    }
    const JsonValue *pair = client && client->type == JSON_ARRAY ? client->first : NULL;
    if (r == 0 && pair && pair->type == JSON_ARRAY && pair->first && pair->first->next) {
        r = mirror_read_pem(session, directory, pair->first, &host->trust.certificate, error);
        if (r == 0)
            r = mirror_read_pem(session, directory, pair->first->next, &host->trust.key, error);
    }
    return r;
}

static void mirror_capabilities(Host *host, const JsonValue *list)
{
    if (!list || list->type != JSON_ARRAY)
        return;
    host->pull = host->resolve = host->push = false;
    for (const JsonValue *word = list->first; word; word = word->next)
        if (word->type == JSON_STRING) {
            host->pull |= str_eq(word->string, "pull");
            host->resolve |= str_eq(word->string, "resolve");
            host->push |= str_eq(word->string, "push");
        }
}

static int mirror_add_host(Session *session, const char *directory, const JsonValue *table,
                           Error *error)
{
    Host *host = mirror_add_url(session, table->key);
    const char *rest = strstr(table->key, "://");
    const char *path = strchr(rest ? rest + 3 : table->key, '/');
    path = path && path[1] ? path : "";
    host->root = mirror_flag(table, "override_path") ? path
                 : str_ends(path, "/v2")             ? path
                                                     : arena_printf(session->arena, "%s/v2", path);
    mirror_capabilities(host, json_member(table, "capabilities"));
    if (!str_eq(host->authority, session->open.domain))
        host->name_space = session->open.domain;
    int r = mirror_host_trust(session, directory, table, host, error);
    return r < 0 ? r : mirror_finish(session, host, mirror_flag(table, "skip_verify"), error);
}

static int mirror_read_hosts(Session *session, const char *directory, bool *ret_found, Error *error)
{
    const JsonValue *file;
    const char *path = arena_printf(session->arena, "%s/hosts.toml", directory);
    int r = mirror_parse(path, session->arena, &file, error);
    if (r < 0 || !file)
        return r;
    *ret_found = true;
    const JsonValue *hosts = json_member(file, "host");
    for (const JsonValue *table = hosts && hosts->type == JSON_OBJECT ? hosts->first : NULL;
         r == 0 && table; table = table->next)
        r = mirror_add_host(session, directory, table, error);
    return r < 0 ? error_wrap(error, "%s", path) : 0;
}

/*** podman's registries.conf ***/

/* What follows the prefix in "domain/repository"; NULL if it is not one of it. */
static const char *mirror_after_prefix(const char *prefix, const char *name)
{
    size_t length = strlen(prefix);
    if (str_starts(prefix, "*.")) { /* any host below: what follows is the whole path */
        const char *slash = strchr(name, '/');
        size_t host = (size_t)(slash - name), tail = length - 1;
        return host > tail && strncmp(name + host - tail, prefix + 1, tail) == 0 ? slash : NULL;
    }
    if (strncmp(name, prefix, length) != 0 || (name[length] != '/' && name[length] != '\0'))
        return NULL;
    return name + length;
}

static int mirror_add_location(Session *session, const JsonValue *table, const char *location,
                               const char *rest, Error *error)
{
    char *whole = arena_printf(session->arena, "%s%s", location, rest);
    char *slash = strchr(whole, '/');
    if (!slash)
        return error_set(error, ERROR_USAGE, EINVAL, "location \"%.100s\": no repository",
                         location);
    *slash = '\0';
    Host *host = hostlist_append(&session->hosts, session->arena,
                                 str_eq(whole, "docker.io") ? HOST_HUB : whole, slash + 1);
    const char *from = json_member_string(table, "pull-from-mirror");
    host->resolve = !str_eq(from, "digest-only") && !mirror_flag(table, "mirror-by-digest-only");
    return mirror_finish(session, host, mirror_flag(table, "insecure"), error);
}

static int mirror_take_entry(Session *session, const JsonValue *entry, const char *rest,
                             bool *ret_complete, Error *error)
{
    const char *prefix = json_member_string(entry, "prefix");
    const char *location = json_member_string(entry, "location");
    const JsonValue *mirrors = json_member(entry, "mirror");
    int r = 0;
    if (mirror_flag(entry, "blocked"))
        return error_set(error, ERROR_DENIED, EACCES, "registry %s is blocked",
                         prefix ? prefix : location);
    for (const JsonValue *mirror = mirrors && mirrors->type == JSON_ARRAY ? mirrors->first : NULL;
         r == 0 && mirror && !session->open.direct; mirror = mirror->next) {
        const char *place = json_member_string(mirror, "location");
        if (place)
            r = mirror_add_location(session, mirror, place, rest, error);
    }
    if (r == 0 && location) {
        r = mirror_add_location(session, &(JsonValue){ .type = JSON_OBJECT }, location, rest,
                                error);
        Host *own = session->hosts.items[session->hosts.count - 1];
        own->trust.insecure |= mirror_flag(entry, "insecure");
        own->plain_allowed |= mirror_flag(entry, "insecure");
        *ret_complete = true;
    }
    return r;
}

/* The entry with the longest prefix. */
static void mirror_search(const JsonValue *file, const char *name, const JsonValue **best,
                          const char **rest)
{
    const JsonValue *list = json_member(file, "registry");
    for (const JsonValue *entry = list && list->type == JSON_ARRAY ? list->first : NULL; entry;
         entry = entry->next) {
        const char *prefix = json_member_string(entry, "prefix");
        if (!prefix)
            prefix = json_member_string(entry, "location");
        const char *after = prefix ? mirror_after_prefix(prefix, name) : NULL;
        if (after && (!*rest || after > *rest)) {
            *best = entry;
            *rest = after;
        }
    }
}

static int mirror_read_registries(Session *session, bool *ret_complete, Error *error)
{
    Arena *arena = session->arena;
    const char *given = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
    const char *own =
        home ? arena_printf(arena, "%s/.config/containers/registries.conf", home) : NULL;
    const char *paths[] = { given, own, "/etc/containers/registries.conf" };
    const char *name = arena_printf(arena, "%s/%s", session->open.domain,
                                    session->open.repository ? session->open.repository : "");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const JsonValue *file = NULL, *entry = NULL;
        const char *rest = NULL;
        int r = str_empty(paths[i]) ? 0 : mirror_parse(paths[i], arena, &file, error);
        if (r < 0)
            return r;
        mirror_search(file, name, &entry, &rest);
        if (entry) {
            r = mirror_take_entry(session, entry, rest, ret_complete, error);
            return r < 0 ? error_wrap(error, "%s", paths[i]) : 0;
        }
        if (file)
            return 0; /* the first file that exists counts, as for podman */
    }
    return 0;
}

int mirror_read(Session *session, bool *ret_complete, Error *error)
{
    Arena *arena = session->arena;
    const char *home = getenv("HOME"), *domain = session->open.domain;
    const char *directories[] = {
        home ? arena_printf(arena, "%s/.config/containers/certs.d/%s", home, domain) : NULL,
        arena_printf(arena, "/etc/containers/certs.d/%s", domain),
        arena_printf(arena, "/etc/containerd/certs.d/%s", domain),
        arena_printf(arena, "/etc/docker/certs.d/%s", domain),
    };
    bool found = false;
    int r = 0;
    *ret_complete = false;
    for (size_t i = 0; r == 0 && !found && !session->open.direct && i < ARRAY_LEN(directories); i++)
        if (directories[i])
            r = mirror_read_hosts(session, directories[i], &found, error);
    return r < 0 || found ? r : mirror_read_registries(session, ret_complete, error);
}
