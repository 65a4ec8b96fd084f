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
#include "cmd/registry/url.h"
#include "image/registries.h"
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

/* Trust and credentials: those kept under the host's own name. What the command line gave is for
 * the registry itself, wherever the configuration says that it is (`own`). */
static int mirror_finish(Session *session, Host *host, bool insecure, bool own, Error *error)
{
    const RegistryOpen *open = &session->open;
    own |= str_eq(host->name, open->domain);
    if (!host->trust.authorities)
        host->trust.authorities = session->authorities;
    host->trust.insecure |= insecure || (own && open->insecure);
    host->plain_allowed |= host->trust.insecure || url_authority_is_loopback(host->authority);
    int r = trust_read(host->name, own ? open->certificates : NULL, session->arena, &host->trust,
                       error);
    if (own)
        host->login = (RegistryLogin){ open->username, open->password, open->identity_token };
    if (r == 0 && !host->login.username && !host->login.identity_token)
        r = registryauth_find(host->name, host->repository, open->auth_file, session->arena,
                              &host->login, error);
    return r;
}

/*** containerd's hosts.toml ***/

/* "https://mirror.example/v2/prefix": scheme, authority, path. */
static Host *mirror_add_url(Session *session, const char *url)
{
    bool plain = str_starts(url, "http://");
    const char *rest = strstr(url, "://");
    rest = rest ? rest + 3 : url;
    const char *authority = arena_strndup(session->arena, rest, strcspn(rest, "/"));
    if (str_eq(authority, "docker.io"))
        authority = HOST_HUB;
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

/* A header's name and value become a line of each request: neither may hold a second one. */
static int mirror_add_header(Session *session, Host *host, const char *name, const char *value,
                             Error *error)
{
    bool valid = *name && name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789!#$%&'*+-.^_`|~")] == '\0';
    for (const char *p = value; *p && valid; p++)
        valid = (unsigned char)*p >= ' ' && *p != 0x7f;
    if (!valid)
        return error_set(error, ERROR_USAGE, EINVAL, "header \"%.100s\": not a header", name);
    strlist_append(session->arena, &host->headers,
                   arena_printf(session->arena, "%s: %s", name, value));
    return 0;
}

/* header = { NAME = "VALUE" or ["VALUE", ...] } */
static int mirror_headers(Session *session, Host *host, const JsonValue *table, Error *error)
{
    int r = 0;
    for (const JsonValue *header = table && table->type == JSON_OBJECT ? table->first : NULL;
         r == 0 && header; header = header->next) {
        if (header->type == JSON_STRING)
            r = mirror_add_header(session, host, header->key, header->string, error);
        for (const JsonValue *value = header->type == JSON_ARRAY ? header->first : NULL;
             r == 0 && value; value = value->next)
            if (value->type == JSON_STRING)
                r = mirror_add_header(session, host, header->key, value->string, error);
    }
    return r;
}

static int mirror_add_host(Session *session, const char *directory, const char *url,
                           const JsonValue *table, bool own, Error *error)
{
    Host *host = mirror_add_url(session, url);
    const char *rest = strstr(url, "://");
    const char *path = strchr(rest ? rest + 3 : url, '/');
    path = path && path[1] ? path : "";
    host->root = mirror_flag(table, "override_path") ? path
                 : str_ends(path, "/v2")             ? path
                                                     : arena_printf(session->arena, "%s/v2", path);
    mirror_capabilities(host, json_member(table, "capabilities"));
    if (!str_eq(host->name, session->open.domain))
        host->name_space = session->open.domain;
    int r = mirror_host_trust(session, directory, table, host, error);
    if (r == 0)
        r = mirror_headers(session, host, json_member(table, "header"), error);
    return r < 0 ? r : mirror_finish(session, host, mirror_flag(table, "skip_verify"), own, error);
}

/* [host."URL"] tables are asked in their order, then `server`, to which what stands above the first
 * table applies. */
static int mirror_read_hosts(Session *session, const char *directory, bool *ret_found,
                             bool *ret_complete, Error *error)
{
    const JsonValue *file;
    const char *path = arena_printf(session->arena, "%s/hosts.toml", directory);
    int r = mirror_parse(path, session->arena, &file, error);
    if (r < 0 || !file)
        return r;
    *ret_found = true;
    const JsonValue *hosts = json_member(file, "host");
    bool any = hosts && hosts->type == JSON_OBJECT && !session->open.direct;
    for (const JsonValue *table = any ? hosts->first : NULL; r == 0 && table; table = table->next)
        r = mirror_add_host(session, directory, table->key, table, false, error);
    const char *server = json_member_string(file, "server");
    if (r == 0 && !str_empty(server)) {
        r = mirror_add_host(session, directory, server, file, true, error);
        *ret_complete = true;
    }
    return r < 0 ? error_wrap(error, "%s", path) : 0;
}

/*** podman's registries.conf ***/

/* Which references a mirror may be asked for: the whole image's, not each blob's. */
static bool mirror_is_for(const JsonValue *mirror, bool digest_only, bool by_digest)
{
    const char *from = json_member_string(mirror, "pull-from-mirror");
    if (digest_only || str_eq(from, "digest-only"))
        return by_digest;
    return !by_digest || !str_eq(from, "tag-only");
}

/* `rest` may end in a tag or digest, which is not part of the repository. */
static int mirror_add_location(Session *session, const char *location, const char *rest,
                               bool insecure, bool own, Error *error)
{
    char *whole = arena_printf(session->arena, "%s%s", location, rest);
    char *slash = strchr(whole, '/');
    if (!slash)
        return error_set(error, ERROR_USAGE, EINVAL, "location \"%.100s\": no repository",
                         location);
    *slash = '\0';
    slash[1 + strcspn(slash + 1, ":@")] = '\0';
    Host *host = hostlist_append(&session->hosts, session->arena,
                                 str_eq(whole, "docker.io") ? HOST_HUB : whole, slash + 1);
    return mirror_finish(session, host, insecure, own, error);
}

/* Mirrors and another location are for reading: what is pushed goes where its name says. */
static int mirror_take_entry(Session *session, const JsonValue *entry, const char *rest,
                             bool *ret_complete, Error *error)
{
    const char *location = json_member_string(entry, "location");
    const char *prefix = json_member_string(entry, "prefix");
    const JsonValue *mirrors = json_member(entry, "mirror");
    bool digest_only = mirror_flag(entry, "mirror-by-digest-only");
    bool insecure = mirror_flag(entry, "insecure");
    bool by_digest = session->open.suffix && *session->open.suffix == '@';
    int r = 0;
    if (mirror_flag(entry, "blocked"))
        return error_set(error, ERROR_DENIED, EACCES, "registry %s is blocked",
                         str_empty(prefix) ? location : prefix);
    session->open.insecure |= insecure;
    if (session->open.direct)
        return 0;
    for (const JsonValue *mirror = mirrors && mirrors->type == JSON_ARRAY ? mirrors->first : NULL;
         r == 0 && mirror; mirror = mirror->next) {
        const char *place = json_member_string(mirror, "location");
        if (!str_empty(place) && mirror_is_for(mirror, digest_only, by_digest))
            r = mirror_add_location(session, place, rest, mirror_flag(mirror, "insecure"), false,
                                    error);
    }
    if (r == 0 && !str_empty(location)) {
        r = mirror_add_location(session, location, rest, insecure, true, error);
        *ret_complete = true;
    }
    return r;
}

static int mirror_read_registries(Session *session, bool *ret_complete, Error *error)
{
    const RegistryOpen *open = &session->open;
    Registries registries;
    const char *rest = "", *name = open->domain;
    if (open->repository)
        name = arena_printf(session->arena, "%s/%s%s", open->domain, open->repository,
                            open->suffix ? open->suffix : "");
    int r = registries_read(session->arena, &registries, error);
    if (r < 0)
        return r;
    const RegistriesEntry *entry = registries_find(&registries, name, &rest);
    r = entry ? mirror_take_entry(session, entry->table, rest, ret_complete, error) : 0;
    return r < 0 ? error_wrap(error, "%s", entry->path) : 0;
}

/* A directory of the registry's own, or the one for all others. */
static int mirror_read_certs(Session *session, const char *name, bool *ret_found,
                             bool *ret_complete, Error *error)
{
    const char *home = getenv("HOME");
    Arena *arena = session->arena;
    const char *directories[] = {
        home ? arena_printf(arena, "%s/.config/containers/certs.d/%s", home, name) : NULL,
        arena_printf(arena, "/etc/containers/certs.d/%s", name),
        arena_printf(arena, "/etc/containerd/certs.d/%s", name),
        arena_printf(arena, "/etc/docker/certs.d/%s", name),
    };
    int r = 0;
    for (size_t i = 0; r == 0 && !*ret_found && i < ARRAY_LEN(directories); i++)
        if (directories[i])
            r = mirror_read_hosts(session, directories[i], ret_found, ret_complete, error);
    return r;
}

int mirror_read(Session *session, bool *ret_complete, Error *error)
{
    bool found = false;
    *ret_complete = false;
    int r = mirror_read_certs(session, session->open.domain, &found, ret_complete, error);
    if (r == 0 && !found)
        r = mirror_read_certs(session, "_default", &found, ret_complete, error);
    return r < 0 || found ? r : mirror_read_registries(session, ret_complete, error);
}
