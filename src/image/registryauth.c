/*
 * The files belong to docker and podman as well: what we do not know in them stays as it is.
 *
 * The trap: docker's own registry goes by three names in these files, of which the oldest, the
 * address of a protocol that is long gone, is the one that everybody writes.
 */
#include "image/registryauth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"

#define REGISTRYAUTH_HUB     "docker.io"
#define REGISTRYAUTH_HUB_KEY "https://index.docker.io/v1/"

enum { REGISTRYAUTH_FILE_MAX = 4 * 1024 * 1024, REGISTRYAUTH_LINKS_MAX = 8 };

typedef struct RegistryAuthFile {
    const char *path;
    const JsonValue *document; /* NULL: there is no file */
} RegistryAuthFile;

/*** Files. ***/

static const char *registryauth_below(const char *variable, const char *rest, Arena *arena)
{
    const char *directory = getenv(variable);
    return str_empty(directory) ? NULL : arena_printf(arena, "%s/%s", directory, rest);
}

static const char *registryauth_config_path(Arena *arena)
{
    const char *path = registryauth_below("XDG_CONFIG_HOME", "containers/auth.json", arena);
    return path ? path : registryauth_below("HOME", ".config/containers/auth.json", arena);
}

static const char *registryauth_docker_path(Arena *arena)
{
    const char *path = registryauth_below("DOCKER_CONFIG", "config.json", arena);
    return path ? path : registryauth_below("HOME", ".docker/config.json", arena);
}

static StrList registryauth_paths(const char *auth_file, Arena *arena)
{
    StrList paths = { 0 };
    const char *only = auth_file ? auth_file : getenv("REGISTRY_AUTH_FILE");
    if (!str_empty(only)) {
        strlist_append(arena, &paths, only);
        return paths;
    }
    const char *runtime = registryauth_below("XDG_RUNTIME_DIR", "containers/auth.json", arena);
    if (!runtime)
        runtime = arena_printf(arena, "/run/containers/%u/auth.json", (unsigned)geteuid());
    const char *all[] = { runtime, registryauth_config_path(arena),
                          registryauth_docker_path(arena) };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i])
            strlist_append(arena, &paths, all[i]);
    return paths;
}

static int registryauth_read(const char *path, Arena *arena, RegistryAuthFile *ret_file,
                             Error *error)
{
    char *text;
    size_t size;
    RegistryAuthFile file = { .path = path };
    int r = file_read_at(AT_FDCWD, path, REGISTRYAUTH_FILE_MAX, arena, &text, &size);
    if (r == 0 && size > 0)
        r = json_parse(text, size, NULL, arena, &file.document, error);
    else if (r == -ENOENT || r == -ENOTDIR)
        r = 0;
    else if (r < 0)
        (void)error_errno(error, r, "cannot be read");
    if (r < 0)
        return error_wrap(error, "%s", path);
    *ret_file = file;
    return 0;
}

/*** Entries. ***/

/* The keys under which a registry may stand, the best first. */
static StrList registryauth_keys(const char *domain, const char *repository, Arena *arena)
{
    StrList keys = { 0 };
    char *path = repository ? arena_printf(arena, "%s/%s", domain, repository) : NULL;
    for (char *slash; path && (slash = strrchr(path, '/')) != NULL; *slash = '\0')
        strlist_append(arena, &keys, path);
    strlist_append(arena, &keys, domain);
    if (str_eq(domain, REGISTRYAUTH_HUB)) {
        strlist_append(arena, &keys, REGISTRYAUTH_HUB_KEY);
        strlist_append(arena, &keys, "index.docker.io");
    }
    strlist_append(arena, &keys, arena_printf(arena, "https://%s", domain));
    strlist_append(arena, &keys, arena_printf(arena, "https://%s/", domain));
    strlist_append(arena, &keys, arena_printf(arena, "https://%s/v1/", domain));
    strlist_append(arena, &keys, arena_printf(arena, "https://%s/v2/", domain));
    return keys;
}

static const char *registryauth_server(const char *domain)
{
    return str_eq(domain, REGISTRYAUTH_HUB) ? REGISTRYAUTH_HUB_KEY : domain;
}

/* The program that a file leaves a registry's credentials to, or NULL. */
static const char *registryauth_program(const RegistryAuthFile *file, const char *domain)
{
    const JsonValue *helpers = json_member(file->document, "credHelpers");
    const char *name = json_member_string(helpers, domain);
    if (!name)
        name = json_member_string(helpers, registryauth_server(domain));
    return name ? name : json_member_string(file->document, "credsStore");
}

/* {"auth": base64 of "name:password", "identitytoken": "..."} */
static int registryauth_entry(const JsonValue *entry, Arena *arena, RegistryLogin *login,
                              Error *error)
{
    const char *auth = json_member_string(entry, "auth");
    const char *token = json_member_string(entry, "identitytoken");
    char *pair;
    size_t size;
    if (!str_empty(token))
        login->identity_token = token;
    if (str_empty(auth))
        return 0;
    if (base64_decode(auth, arena, &pair, &size) < 0 || strlen(pair) != size || !strchr(pair, ':'))
        return error_set(error, ERROR_CORRUPT, EINVAL,
                         "auths: an entry that is not base64 of "
                         "\"name:password\"");
    char *colon = strchr(pair, ':');
    *colon = '\0';
    login->username = pair;
    login->password = colon + 1;
    return 0;
}

static bool registryauth_is_empty(const RegistryLogin *login)
{
    return !login->username && !login->identity_token;
}

static int registryauth_find_in(const RegistryAuthFile *file, const StrList *keys,
                                const char *domain, Arena *arena, RegistryLogin *login,
                                Error *error)
{
    const JsonValue *auths = json_member(file->document, "auths");
    for (size_t i = 0; i < keys->count; i++) {
        const JsonValue *entry = json_member(auths, keys->items[i]);
        int r = entry ? registryauth_entry(entry, arena, login, error) : 0;
        if (r < 0 || !registryauth_is_empty(login))
            return r;
    }
    const char *program = registryauth_program(file, domain);
    return program ? credential_get(program, registryauth_server(domain), arena, login, error) : 0;
}

int registryauth_find(const char *domain, const char *repository, const char *auth_file,
                      Arena *arena, RegistryLogin *ret_login, Error *error)
{
    StrList paths = registryauth_paths(auth_file, arena);
    StrList keys = registryauth_keys(domain, repository, arena);
    RegistryLogin login = { 0 };
    for (size_t i = 0; i < paths.count && registryauth_is_empty(&login); i++) {
        RegistryAuthFile file;
        int r = registryauth_read(paths.items[i], arena, &file, error);
        if (r == 0 && file.document &&
            registryauth_find_in(&file, &keys, domain, arena, &login, error) < 0)
            r = error_wrap(error, "%s", paths.items[i]);
        if (r < 0)
            return r;
    }
    *ret_login = login;
    return 0;
}

/*** Changing them. ***/

/* The document with `auths` changed: without the keys of a domain (NULL: without any), and with a
 * new entry if there is one. Everything else as it was. */
typedef struct RegistryAuthChange {
    const StrList *remove; /* NULL: all */
    const char *key;       /* NULL: no new one */
    const RegistryLogin *login;
    unsigned removed;
} RegistryAuthChange;

static void registryauth_write_entry(JsonWriter *w, const RegistryLogin *login, Arena *arena)
{
    const char *pair = arena_printf(arena, "%s:%s", login->username ? login->username : "",
                                    login->password ? login->password : "");
    json_write_object(w);
    json_write_key(w, "auth");
    json_write_string(w, base64_encode(pair, strlen(pair), arena));
    if (login->identity_token) {
        json_write_key(w, "identitytoken");
        json_write_string(w, login->identity_token);
    }
    json_write_end_object(w);
}

static void registryauth_write_auths(JsonWriter *w, const JsonValue *auths,
                                     RegistryAuthChange *change, Arena *arena)
{
    json_write_object(w);
    for (const JsonValue *entry = auths && auths->type == JSON_OBJECT ? auths->first : NULL; entry;
         entry = entry->next) {
        if (!change->remove || strlist_contains(change->remove, entry->key)) {
            change->removed++;
            continue;
        }
        json_write_key(w, entry->key);
        json_write_value(w, entry);
    }
    if (change->key) {
        json_write_key(w, change->key);
        registryauth_write_entry(w, change->login, arena);
    }
    json_write_end_object(w);
}

/* The path that `link`, at `path`, leads to, or NULL for what is no link. */
static int registryauth_link(const char *path, Arena *arena, char **ret_target, Error *error)
{
    char target[4096];
    struct stat st;
    *ret_target = NULL;
    int fd CLEANUP(fd_closep) = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fd < 0 && (errno == ENOENT || errno == ENOTDIR)
                   ? 0
                   : error_errno(error, errno, "%s", path);
    if (!S_ISLNK(st.st_mode))
        return 0;
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(error, ERROR_DENIED, EPERM,
                         "%s is a symbolic link of uid %u's: credentials are not written to where "
                         "somebody else says",
                         path, st.st_uid);
    ssize_t length = readlinkat(fd, "", target, sizeof(target));
    if (length <= 0 || (size_t)length == sizeof(target))
        return error_errno(error, length < 0 ? errno : ENAMETOOLONG, "%s", path);
    const char *slash = target[0] == '/' ? NULL : strrchr(path, '/');
    *ret_target = arena_printf(arena, "%.*s%.*s", slash ? (int)(slash + 1 - path) : 0, path,
                               (int)length, target);
    return 0;
}

/* Where a file is to be changed: people keep these in a repository of theirs and link to them. */
static int registryauth_follow(const char *path, Arena *arena, const char **ret_path, Error *error)
{
    for (int links = 0; links < REGISTRYAUTH_LINKS_MAX; links++) {
        char *target;
        int r = registryauth_link(path, arena, &target, error);
        if (r < 0)
            return r;
        if (!target) {
            *ret_path = path;
            return 0;
        }
        path = target;
    }
    return error_errno(error, ELOOP, "%s", path);
}

/* The directory of what *path leads to, and is from then on; locked until it is closed: two logins
 * at once both stay. -ENOENT, without an error, where there is none and none is to be made. */
static int registryauth_lock(const char **path_ref, bool make, Arena *arena, Error *error)
{
    int r = registryauth_follow(*path_ref, arena, path_ref, error);
    if (r < 0)
        return r;
    const char *path = *path_ref;
    const char *slash = strrchr(path, '/');
    const char *directory = !slash          ? "."
                            : slash == path ? "/"
                                            : arena_strndup(arena, path, (size_t)(slash - path));
    int fd CLEANUP(fd_closep) = make ? file_make_dirs_at(AT_FDCWD, directory, 0700)
                                     : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && !make)
        return -ENOENT; /* reading the file says what is wrong */
    r = fd < 0 ? fd : 0;
    while (r == 0 && flock(fd, LOCK_EX) < 0)
        r = errno == EINTR ? 0 : -errno;
    return r < 0 ? error_errno(error, r, "%s", path) : TAKE_FD(fd);
}

/* The caller holds the lock, since before it read the file. */
static int registryauth_change(const RegistryAuthFile *file, RegistryAuthChange *change,
                               Arena *arena, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter w = { .text = &text, .pretty = true };
    const JsonValue *document = file->document;
    json_write_object(&w);
    json_write_key(&w, "auths");
    registryauth_write_auths(&w, json_member(document, "auths"), change, arena);
    for (const JsonValue *other = document && document->type == JSON_OBJECT ? document->first
                                                                            : NULL;
         other; other = other->next) {
        if (str_eq(other->key, "auths"))
            continue;
        json_write_key(&w, other->key);
        json_write_value(&w, other);
    }
    json_write_end_object(&w);
    strbuf_add_char(&text, '\n');
    if (change->removed == 0 && !change->key)
        return 0;
    int r = file_write_at(AT_FDCWD, file->path, text.data, text.length, 0600, FILE_DURABLE);
    return r < 0 ? error_errno(error, r, "%s", file->path) : 0;
}

static const char *registryauth_home(const char *auth_file, Arena *arena)
{
    const char *given = auth_file ? auth_file : getenv("REGISTRY_AUTH_FILE");
    const char *docker = registryauth_docker_path(arena), *config = registryauth_config_path(arena);
    if (!str_empty(given))
        return given;
    return docker && (!config || access(docker, F_OK) == 0) ? docker : config;
}

int registryauth_store(const char *domain, const RegistryLogin *login, const char *auth_file,
                       Arena *arena, const char **ret_place, Error *error)
{
    RegistryAuthFile file;
    const char *path = registryauth_home(auth_file, arena);
    if (!path)
        return error_set(error, ERROR_NOT_FOUND, ENOENT,
                         "nowhere to keep the credentials: neither HOME nor --authfile is given");
    *ret_place = path;
    int lock CLEANUP(fd_closep) = registryauth_lock(&path, true, arena, error);
    int r = lock < 0 ? lock : registryauth_read(path, arena, &file, error);
    if (r < 0)
        return r;
    const char *program = registryauth_program(&file, domain);
    if (program) {
        *ret_place = arena_printf(arena, CREDENTIAL_PREFIX "%s", program);
        return credential_store(program, registryauth_server(domain), login, error);
    }
    StrList old = registryauth_keys(domain, NULL, arena);
    RegistryAuthChange change = { .remove = &old,
                                  .key = registryauth_server(domain),
                                  .login = login };
    return registryauth_change(&file, &change, arena, error);
}

int registryauth_erase(const char *domain, const char *auth_file, Arena *arena, Error *error)
{
    StrList paths = registryauth_paths(auth_file, arena);
    StrList keys = { 0 };
    int removed = 0;
    if (domain)
        keys = registryauth_keys(domain, NULL, arena);
    for (size_t i = 0; i < paths.count; i++) {
        RegistryAuthFile file;
        const char *path = paths.items[i];
        int lock CLEANUP(fd_closep) = registryauth_lock(&path, false, arena, error);
        int r = lock < 0 && lock != -ENOENT ? lock : registryauth_read(path, arena, &file, error);
        if (r < 0)
            return r;
        if (!file.document)
            continue;
        RegistryAuthChange change = { .remove = domain ? &keys : NULL };
        r = registryauth_change(&file, &change, arena, error);
        if (r < 0)
            return r;
        removed += (int)change.removed;
        const char *program = domain ? registryauth_program(&file, domain) : NULL;
        if (program && credential_erase(program, registryauth_server(domain), NULL) == 0)
            removed++;
    }
    return removed;
}
