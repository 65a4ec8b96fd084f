/*
 * The grammar of names, variables, labels, users and sysctls.
 *
 * The trap: what is read here ends up in file names, in /etc files and in /proc/sys paths, so each
 * function says what it accepts instead of what it refuses.
 */
#include "engine/request.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "linux/signalname.h"
#include "spec/oci_port.h"

enum {
    REQUEST_NAME_MAX = 255,
    REQUEST_HOSTNAME_MAX = 64, /* __NEW_UTS_LEN */
    REQUEST_USER_MAX = 256,
};

const RunRequest request_defaults = {
    .stop_timeout_s = REQUEST_NO_TIMEOUT,
    .limits = { .memory_swappiness = REQUEST_NO_SWAPPINESS },
};

static int request_bad(Error *error, const char *value, const char *is_not)
{
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not %s", value, is_not);
}

static bool request_only(const char *s, const char *others)
{
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(others, *s))
            return false;
    return true;
}

bool request_is_name(const char *name)
{
    return isalnum((unsigned char)name[0]) && request_only(name, "_.-") &&
           strlen(name) <= REQUEST_NAME_MAX;
}

const char *request_clean_path(const char *path, Arena *arena)
{
    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        return NULL;
    char *clean = arena_alloc(arena, strlen(path) + 2);
    size_t length = 0;
    while (*path) {
        path += strspn(path, "/");
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            if (length == 0)
                return NULL;
            while (clean[--length] != '/')
                continue;
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            clean[length++] = '/';
            memcpy(clean + length, path, part);
            length += part;
        }
        path += part;
    }
    if (length == 0)
        clean[length++] = '/';
    clean[length] = '\0';
    return clean;
}

int request_parse_name(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (!request_is_name(value))
        return request_bad(error, value,
                           "a name (letters, digits, '_', '.', '-', the first a letter or digit)");
    request->name = value;
    return 0;
}

static bool request_is_hostname(const char *name)
{
    return isalnum((unsigned char)name[0]) && request_only(name, "-._") &&
           strlen(name) <= REQUEST_HOSTNAME_MAX;
}

int request_parse_hostname(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (!request_is_hostname(value))
        return request_bad(error, value, "a host name (letters, digits, '-', '.'; at most 64)");
    request->hostname = value;
    return 0;
}

int request_parse_domainname(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (!request_is_hostname(value))
        return request_bad(error, value, "a domain name (letters, digits, '-', '.'; at most 64)");
    request->domainname = value;
    return 0;
}

int request_parse_env(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    if (value[0] == '=' || value[0] == '\0')
        return request_bad(error, value, "a variable (NAME=VALUE or NAME)");
    const char *own = strchr(value, '=') ? NULL : getenv(value);
    strlist_append(arena, &request->env, own ? arena_printf(arena, "%s=%s", value, own) : value);
    return 0;
}

static int request_parse_pair(StrMap *map, const char *value, const char *what, Arena *arena,
                              Error *error)
{
    const char *equals = strchr(value, '=');
    size_t length = equals ? (size_t)(equals - value) : strlen(value);
    if (length == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not %s (KEY=VALUE)", value, what);
    strmap_set(arena, map, arena_strndup(arena, value, length), equals ? equals + 1 : "");
    return 0;
}

int request_parse_label(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_pair(&request->labels, value, "a label", arena, error);
}

int request_parse_annotation(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_pair(&request->annotations, value, "an annotation", arena, error);
}

int request_parse_platform(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    StrList parts = strlist_split(arena, value, '/');
    bool good = parts.count >= 2 && parts.count <= 3 && str_eq(parts.items[0], "linux");
    for (size_t i = 0; good && i < parts.count; i++)
        good = parts.items[i][0] && request_only(parts.items[i], "_.-");
    if (!good)
        return request_bad(error, value, "a platform (linux/ARCH or linux/ARCH/VARIANT)");
    request->platform = value;
    return 0;
}

int request_parse_stop_signal(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (signalname_parse(value) < 0)
        return request_bad(error, value, "a signal (examples: TERM, SIGINT, 15, RTMIN+3)");
    request->stop_signal = value;
    return 0;
}

/* A name of the image's passwd or group file, or an id. An id out of range must not become a name:
 * CVE-2026-46680. */
static bool request_is_user(const char *name)
{
    uint32_t id;
    if (str_empty(name) || strlen(name) > REQUEST_USER_MAX)
        return false;
    if (strspn(name, "0123456789") == strlen(name))
        return str_to_u32(name, &id) == 0 && id < UINT32_MAX;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == ':' || *p == ',' || *p == 0x7f)
            return false;
    return name[0] != '-' && name[0] != '+';
}

int request_parse_user(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    if (str_empty(value)) { /* as docker has it: the image's user */
        request->user = NULL;
        return 0;
    }
    const char *colon = strchr(value, ':');
    const char *user = colon ? arena_strndup(arena, value, (size_t)(colon - value)) : value;
    if (!request_is_user(user) || (colon && !request_is_user(colon + 1)))
        return request_bad(error, value, "a user (NAME or UID, optionally :GROUP)");
    request->user = value;
    return 0;
}

int request_parse_group(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    if (!request_is_user(value))
        return request_bad(error, value, "a group (a name or a number)");
    strlist_append(arena, &request->groups, value);
    return 0;
}

int request_parse_expose(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return oci_port_add(value, arena, &request->expose) < 0
               ? request_bad(error, value, "a port (80, 53/udp, 8000-8010)")
               : 0;
}

int request_parse_workdir(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    request->working_directory = request_clean_path(value, arena);
    if (!request->working_directory)
        return request_bad(error, value, "an absolute path");
    return 0;
}

/*
 * sysctl(8) writes a key with dots ("net.ipv4.ip_forward") or slashes; whichever separator comes
 * first is the separator, and the other one then stands for it inside a name
 * ("net.ipv4.conf.eth0/1.forwarding"). One spelling is kept, the path below /proc/sys.
 */
static char *request_sysctl_key(const char *text, size_t length, Arena *arena)
{
    char *key = arena_strndup(arena, text, length);
    if (key[strcspn(key, "./")] == '.')
        str_swap(key, '.', '/');
    /* A name between slashes neither begins nor ends with a dot, whichever way it is spelled. */
    if (!request_only(key, "_-./:@") || !strchr(key, '/') || strstr(key, "/.") ||
        strstr(key, "./") || strstr(key, "..") || key[0] == '.' || str_ends(key, "."))
        return NULL;
    const char *clean = request_clean_path(arena_printf(arena, "/%s", key), arena);
    return clean && str_eq(clean + 1, key) ? key : NULL;
}

int request_parse_sysctl(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    const char *equals = strchr(value, '=');
    char *key = equals ? request_sysctl_key(value, (size_t)(equals - value), arena) : NULL;
    if (!key)
        return request_bad(error, value, "a kernel parameter (example: net.ipv4.ip_forward=1)");
    if (strpbrk(equals + 1, "\n\r"))
        return error_set(error, ERROR_USAGE, EINVAL, "a value is one line");
    strmap_set(arena, &request->sysctls, key, equals + 1);
    return 0;
}

int request_parse_oom_score(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    int64_t score;
    if (str_to_i64(value, &score) < 0 || score < -1000 || score > 1000)
        return request_bad(error, value, "a number from -1000 to 1000");
    request->oom_score_adj = score;
    request->oom_score_given = OPTION_TRUE;
    return 0;
}
