/*
 * What the container may do: --security-opt, --cap-add, --cap-drop, --device.
 *
 * docker writes --security-opt with '=' or, formerly, ':' behind the key; both are read.
 */
#include "engine/request.h"

#include <errno.h>
#include <string.h>

#include "linux/capability.h"

static int request_bad(Error *error, const char *value, const char *is_not)
{
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not %s", value, is_not);
}

static int request_parse_seccomp(RequestSecurity *security, const char *value, Error *error)
{
    security->seccomp_file = NULL;
    if (str_eq(value, "unconfined"))
        security->seccomp = REQUEST_SECCOMP_UNCONFINED;
    else if (str_eq(value, "default") || str_eq(value, "builtin"))
        security->seccomp = REQUEST_SECCOMP_DEFAULT;
    else if (*value) {
        security->seccomp = REQUEST_SECCOMP_FILE;
        security->seccomp_file = value;
    } else {
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'seccomp=' needs a file, 'default' or 'unconfined'");
    }
    return 0;
}

static int request_parse_privileges(RequestSecurity *security, const char *value, Error *error)
{
    if (str_eq(value, "true"))
        security->no_new_privileges = OPTION_TRUE;
    else if (str_eq(value, "false"))
        security->no_new_privileges = OPTION_FALSE;
    else
        return error_set(error, ERROR_USAGE, EINVAL, "'no-new-privileges=%s' is not true or false",
                         value);
    return 0;
}

/* mask=, unmask=: absolute paths, several with colons between. */
static int request_parse_paths(StrList *list, const char *value, Arena *arena, Error *error)
{
    StrList paths = strlist_split(arena, value, ':');
    if (paths.count == 0)
        return request_bad(error, value, "a list of absolute paths (/a:/b)");
    for (size_t i = 0; i < paths.count; i++) {
        const char *clean = request_clean_path(paths.items[i], arena);
        if (!clean || str_eq(clean, "/"))
            return request_bad(error, paths.items[i], "an absolute path in the container");
        strlist_append(arena, list, clean);
    }
    return 0;
}

int request_parse_security(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    RequestSecurity *security = &request->security;
    size_t length = strcspn(value, "=:");
    const char *key = arena_strndup(arena, value, length);
    const char *rest = value[length] ? value + length + 1 : NULL;

    if (str_eq(key, "no-new-privileges"))
        return request_parse_privileges(security, rest ? rest : "true", error);
    if (str_eq(key, "seccomp") && rest)
        return request_parse_seccomp(security, rest, error);
    if (str_eq(key, "apparmor") && !str_empty(rest)) {
        security->apparmor = rest;
        return 0;
    }
    if (str_eq(key, "label") && str_eq(rest, "disable")) /* there is none to disable */
        return 0;
    if (str_eq(key, "label") && rest)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s': SELinux labels are not supported yet",
                         value);
    if (str_eq(key, "systempaths") && str_eq(rest, "unconfined")) {
        security->paths_unconfined = true;
        return 0;
    }
    if (str_eq(key, "mask") && rest)
        return request_parse_paths(&security->mask, rest, arena, error);
    if (str_eq(key, "unmask") && str_eq(rest, "ALL")) {
        security->paths_unconfined = true;
        return 0;
    }
    if (str_eq(key, "unmask") && rest)
        return request_parse_paths(&security->unmask, rest, arena, error);
    return request_bad(error, value,
                       "one of seccomp=FILE|default|unconfined, no-new-privileges[=BOOL], "
                       "apparmor=PROFILE, label=disable, systempaths=unconfined, mask=PATHS, "
                       "unmask=PATHS|ALL");
}

static int request_parse_capability(StrList *list, const char *value, Arena *arena, Error *error)
{
    StrList names = strlist_split(arena, value, ',');
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        if (str_eq(name, "ALL") || str_eq(name, "all"))
            name = "ALL";
        else if (capability_from_name(name) == CAPABILITY_INVALID)
            return request_bad(error, name, "a capability (see capabilities(7)) or ALL");
        strlist_append(arena, list, name);
    }
    return names.count ? 0 : request_bad(error, value, "a capability (see capabilities(7)) or ALL");
}

int request_parse_cap_add(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_capability(&request->security.cap_add, value, arena, error);
}

int request_parse_cap_drop(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_capability(&request->security.cap_drop, value, arena, error);
}

static bool request_is_access(const char *text)
{
    return *text && strspn(text, "rwm") == strlen(text) && strlen(text) <= 3;
}

int request_parse_device(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    StrList parts = strlist_split(arena, value, ':');
    RequestDevice device = { .access = "rwm" };
    size_t paths = parts.count;
    if (paths >= 2 && paths <= 3 && request_is_access(parts.items[paths - 1]))
        device.access = parts.items[--paths];
    if (paths == 1 || paths == 2) {
        device.source = request_clean_path(parts.items[0], arena);
        device.target = request_clean_path(parts.items[paths - 1], arena);
    }
    if (!device.source || !device.target)
        return request_bad(error, value,
                           "DEVICE[:PATH][:rwm] (examples: /dev/fuse, /dev/sda:/dev/xvda:r)");
    RequestDevice *added =
        arena_append(arena, &request->devices, &request->device_count, sizeof(*added));
    *added = device;
    return 0;
}

static int request_rule_number(const char *text, int64_t *ret_number)
{
    uint32_t number;
    if (str_eq(text, "*")) {
        *ret_number = -1;
        return 0;
    }
    int r = str_to_u32(text, &number);
    if (r == 0)
        *ret_number = number;
    return r;
}

/* "c 1:3 rwm", as in the devices controller's own files. */
int request_parse_device_rule(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    StrList words = strlist_split(arena, value, ' ');
    RequestDeviceRule rule = { 0 };
    bool good = words.count == 3 && strlen(words.items[0]) == 1 &&
                strchr("abc", words.items[0][0]) && request_is_access(words.items[2]);
    StrList numbers = good ? strlist_split(arena, words.items[1], ':') : (StrList){ 0 };
    if (numbers.count != 2 || request_rule_number(numbers.items[0], &rule.major) < 0 ||
        request_rule_number(numbers.items[1], &rule.minor) < 0)
        return request_bad(error, value, "a rule of the devices controller (example: c 10:* rw)");
    rule.type = words.items[0][0];
    rule.access = words.items[2];
    RequestDeviceRule *added =
        arena_append(arena, &request->device_rules, &request->device_rule_count, sizeof(*added));
    *added = rule;
    return 0;
}
