/*
 * The three notations for mounts: -v SOURCE:TARGET[:OPTIONS], --mount key=value,..., and
 * --tmpfs TARGET[:OPTIONS]. All end in one RequestMount.
 *
 * The trap: docker decides by the form of the source whether it is a path (absolute, or with "./")
 * or a volume's name; "data/x" is neither and an error, not a new directory.
 */
#include "engine/request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Words that a mount may carry, by kind. */
enum { WORD_BIND = 1, WORD_VOLUME = 2, WORD_TMPFS = 4 };
#define WORD_ANY (WORD_BIND | WORD_VOLUME | WORD_TMPFS)

static const struct {
    const char *word; /* with '=' at the end: a value follows */
    unsigned kinds;
} request_mount_words[] = {
    { "exec", WORD_ANY },        { "noexec", WORD_ANY },       { "suid", WORD_ANY },
    { "nosuid", WORD_ANY },      { "dev", WORD_ANY },          { "nodev", WORD_ANY },
    { "sync", WORD_TMPFS },      { "async", WORD_TMPFS },      { "atime", WORD_ANY },
    { "noatime", WORD_ANY },     { "relatime", WORD_ANY },     { "norelatime", WORD_ANY },
    { "strictatime", WORD_ANY }, { "diratime", WORD_ANY },     { "nodiratime", WORD_ANY },
    { "size=", WORD_TMPFS },     { "mode=", WORD_TMPFS },      { "uid=", WORD_TMPFS },
    { "gid=", WORD_TMPFS },      { "nr_inodes=", WORD_TMPFS }, { "nr_blocks=", WORD_TMPFS },
    { "mpol=", WORD_TMPFS },     { "huge=", WORD_TMPFS },      { "tmpcopyup", WORD_TMPFS },
};

static const char *const request_propagations[] = {
    "private", "rprivate", "shared", "rshared", "slave", "rslave",
};

/* Accepted and without an effect here: SELinux relabelling, docker's caches on other systems. */
static const char *const request_ignored_words[] = {
    "rw", "z", "Z", "consistent", "cached", "delegated", "default",
};

static bool request_word_in(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(word, words[i]))
            return true;
    return false;
}

static unsigned request_kind_bit(RequestMountKind kind)
{
    static const unsigned bits[] = { WORD_BIND, WORD_VOLUME, WORD_TMPFS };
    return bits[kind];
}

/* size=, mode=, uid= and the like: the kernel's own check would name no option. */
static int request_check_word_value(const char *word, Error *error)
{
    const char *value = strchr(word, '=') + 1;
    uint64_t number;
    uint32_t id;
    int r = 0;
    if (str_starts(word, "size=") && !str_ends(word, "%"))
        r = str_to_bytes(value, &number);
    else if (str_starts(word, "mode="))
        r = str_to_mode(value, &id);
    else if (str_starts(word, "uid=") || str_starts(word, "gid="))
        r = str_to_u32(value, &id);
    if (r < 0 || !*value || strchr(value, ','))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' has not a good value", word);
    return 0;
}

/* One word of an option list; unknown ones are errors. */
static int request_mount_word(RequestMount *mount, const char *word, Arena *arena, Error *error)
{
    if (str_eq(word, "ro") || str_eq(word, "readonly")) {
        mount->readonly = true;
        return 0;
    }
    if (request_word_in(word, request_ignored_words, ARRAY_LEN(request_ignored_words)))
        return 0;
    if (mount->kind != REQUEST_MOUNT_TMPFS &&
        request_word_in(word, request_propagations, ARRAY_LEN(request_propagations))) {
        mount->propagation = word;
        return 0;
    }
    if (mount->kind == REQUEST_MOUNT_BIND && (str_eq(word, "bind") || str_eq(word, "rbind"))) {
        mount->shallow = str_eq(word, "bind");
        return 0;
    }
    if (mount->kind == REQUEST_MOUNT_VOLUME && str_eq(word, "nocopy")) {
        mount->no_copy = true;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(request_mount_words); i++) {
        const char *known = request_mount_words[i].word;
        bool with_value = str_ends(known, "=");
        if (!(request_mount_words[i].kinds & request_kind_bit(mount->kind)) ||
            !(with_value ? str_starts(word, known) : str_eq(word, known)))
            continue;
        strlist_append(arena, &mount->options, word);
        return with_value ? request_check_word_value(word, error) : 0;
    }
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a mount option here", word);
}

/* "exec" and "noexec", "ro" and "rw", "slave" and "shared": one of them would be without effect. */
static bool request_words_contradict(const char *a, const char *b)
{
    static const char *const pairs[][2] = {
        { "ro", "rw" },
        { "readonly", "rw" },
        { "bind", "rbind" },
        { "sync", "async" },
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if ((str_eq(a, pairs[i][0]) && str_eq(b, pairs[i][1])) ||
            (str_eq(a, pairs[i][1]) && str_eq(b, pairs[i][0])))
            return true;
    if (request_word_in(a, request_propagations, ARRAY_LEN(request_propagations)) &&
        request_word_in(b, request_propagations, ARRAY_LEN(request_propagations)))
        return !str_eq(a, b);
    return (str_starts(a, "no") && str_eq(a + 2, b)) || (str_starts(b, "no") && str_eq(b + 2, a));
}

static int request_check_words(const StrList *words, Error *error)
{
    for (size_t i = 0; i < words->count; i++)
        for (size_t j = 0; j < i; j++)
            if (request_words_contradict(words->items[j], words->items[i]))
                return error_set(error, ERROR_USAGE, EINVAL, "'%s' and '%s' contradict each other",
                                 words->items[j], words->items[i]);
    return 0;
}

static int request_mount_words_parse(RequestMount *mount, const char *text, Arena *arena,
                                     Error *error)
{
    StrList words = strlist_split(arena, text, ',');
    for (size_t i = 0; i < words.count; i++) {
        int r = words.items[i][0] ? request_mount_word(mount, words.items[i], arena, error) : 0;
        if (r < 0)
            return r;
    }
    return request_check_words(&words, error);
}

static int request_mount_target(RequestMount *mount, const char *target, Arena *arena, Error *error)
{
    mount->target = request_clean_path(target, arena);
    if (!mount->target)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the target '%s' is not an absolute path in the container", target);
    if (str_eq(mount->target, "/"))
        return error_set(error, ERROR_USAGE, EINVAL, "the target must not be '/'");
    return 0;
}

static bool request_is_path(const char *source)
{
    return source[0] == '/' || str_starts(source, "./") || str_starts(source, "../") ||
           str_eq(source, ".") || str_eq(source, "..");
}

static int request_mount_source(RequestMount *mount, const char *source, Arena *arena, Error *error)
{
    if (source[0] == '/') {
        source = request_clean_path(source, arena);
        if (!source)
            return error_set(error, ERROR_USAGE, EINVAL, "the source leaves the root");
    } else if (mount->kind == REQUEST_MOUNT_BIND && !request_is_path(source)) {
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the source '%s' is not a path (write './%s' for one here)", source,
                         source);
    }
    if (mount->kind == REQUEST_MOUNT_VOLUME && !request_is_name(source))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the source '%s' is not a volume's name (a path begins with '/' or './')",
                         source);
    mount->source = source;
    return 0;
}

static void request_mount_add(RunRequest *request, Arena *arena, const RequestMount *mount)
{
    RequestMount *added =
        arena_append(arena, &request->mounts, &request->mount_count, sizeof(*added));
    *added = *mount;
}

int request_parse_volume(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    StrList parts = strlist_split(arena, value, ':');
    if (parts.count == 0 || parts.count > 3)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not SOURCE:TARGET[:OPTIONS]", value);
    RequestMount mount = { .option = "--volume" };
    const char *source = parts.count > 1 ? parts.items[0] : NULL;
    mount.kind = source && request_is_path(source) ? REQUEST_MOUNT_BIND : REQUEST_MOUNT_VOLUME;

    int r = request_mount_target(&mount, parts.items[parts.count > 1 ? 1 : 0], arena, error);
    if (r == 0 && source)
        r = request_mount_source(&mount, source, arena, error);
    if (r == 0 && parts.count == 3)
        r = request_mount_words_parse(&mount, parts.items[2], arena, error);
    if (r < 0)
        return error_wrap(error, "'%s'", value);
    request_mount_add(request, arena, &mount);
    return 0;
}

int request_parse_tmpfs(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    const char *colon = strchr(value, ':');
    const char *target = colon ? arena_strndup(arena, value, (size_t)(colon - value)) : value;
    RequestMount mount = { .kind = REQUEST_MOUNT_TMPFS, .option = "--tmpfs" };
    int r = request_mount_target(&mount, target, arena, error);
    if (r == 0 && colon)
        r = request_mount_words_parse(&mount, colon + 1, arena, error);
    if (r < 0)
        return error_wrap(error, "'%s'", value);
    request_mount_add(request, arena, &mount);
    return 0;
}

/* --- --mount ------------------------------------------------------------------------------- */

/* The next field of a CSV line; "..." may hold commas, "" in it is one quote. */
static char *request_csv_field(const char **text, Arena *arena)
{
    char *field = arena_alloc(arena, strlen(*text) + 1);
    size_t length = 0;
    bool quoted = false;
    const char *p = *text;
    for (; *p && (quoted || *p != ','); p++) {
        if (*p == '"' && quoted && p[1] == '"')
            field[length++] = *p++;
        else if (*p == '"')
            quoted = !quoted;
        else
            field[length++] = *p;
    }
    *text = *p ? p + 1 : p;
    return field;
}

static int request_read_bool(const char *value, bool *ret_value, Error *error)
{
    if (!value || str_eq(value, "true") || str_eq(value, "1"))
        *ret_value = true;
    else if (str_eq(value, "false") || str_eq(value, "0"))
        *ret_value = false;
    else
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not true or false", value);
    return 0;
}

/* What --mount says about the kind before the rest makes sense: "type=" may come last. */
static int request_mount_kind(const char *text, RequestMountKind *ret_kind, Arena *arena,
                              Error *error)
{
    static const struct {
        const char *word;
        RequestMountKind kind;
    } kinds[] = {
        { "bind", REQUEST_MOUNT_BIND },
        { "volume", REQUEST_MOUNT_VOLUME },
        { "tmpfs", REQUEST_MOUNT_TMPFS },
    };
    *ret_kind = REQUEST_MOUNT_VOLUME;
    while (*text) {
        const char *field = request_csv_field(&text, arena);
        if (!str_starts(field, "type="))
            continue;
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
            if (str_eq(field + 5, kinds[i].word)) {
                *ret_kind = kinds[i].kind;
                return 0;
            }
        }
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the type '%s' is not one of bind, volume, tmpfs", field + 5);
    }
    return 0;
}

/* How far down a bind mount and its read-only flag reach. */
static int request_mount_recursion(RequestMount *mount, const char *value, Error *error)
{
    if (str_eq(value, "disabled"))
        mount->shallow = true;
    else if (str_eq(value, "writable"))
        mount->readonly_shallow = true;
    else if (!str_eq(value, "enabled") && !str_eq(value, "readonly"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not one of enabled, disabled, writable, readonly", value);
    return 0;
}

/* --mount's own keys: what each kind of mount knows and what it does. */
static int request_mount_key(RequestMount *mount, const char *key, const char *value, Arena *arena,
                             Error *error)
{
    unsigned kind = request_kind_bit(mount->kind);
    if (str_eq(key, "type") || str_eq(key, "consistency"))
        return 0;
    if (str_eq(key, "readonly") || str_eq(key, "ro"))
        return request_read_bool(value, &mount->readonly, error);
    if (kind == WORD_BIND && str_eq(key, "bind-nonrecursive"))
        return request_read_bool(value, &mount->shallow, error);
    if (kind == WORD_VOLUME && (str_eq(key, "volume-nocopy") || str_eq(key, "nocopy")))
        return request_read_bool(value, &mount->no_copy, error);
    if (!value)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' needs a value", key);
    if (str_eq(key, "target") || str_eq(key, "destination") || str_eq(key, "dst"))
        return request_mount_target(mount, value, arena, error);
    if (kind != WORD_TMPFS && (str_eq(key, "source") || str_eq(key, "src")))
        return value[0] ? request_mount_source(mount, value, arena, error) : 0;
    if (kind == WORD_BIND && str_eq(key, "bind-recursive"))
        return request_mount_recursion(mount, value, error);
    if (kind == WORD_BIND && str_eq(key, "bind-propagation") &&
        request_word_in(value, request_propagations, ARRAY_LEN(request_propagations))) {
        mount->propagation = value;
        return 0;
    }
    if (str_eq(key, "volume-subpath") || str_eq(key, "subpath"))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not supported yet", key);
    if (kind == WORD_TMPFS && (str_eq(key, "tmpfs-size") || str_eq(key, "tmpfs-mode")))
        return request_mount_word(mount, arena_printf(arena, "%s=%s", key + 6, value), arena,
                                  error);
    return error_set(error, ERROR_USAGE, EINVAL, "'%s=%s' is not known for this type", key, value);
}

static int request_mount_keys(RequestMount *mount, const char *text, Arena *arena, Error *error)
{
    int r = request_mount_kind(text, &mount->kind, arena, error);
    while (r == 0 && *text) {
        char *key = request_csv_field(&text, arena);
        char *equals = strchr(key, '=');
        if (equals)
            *equals = '\0';
        r = request_mount_key(mount, key, equals ? equals + 1 : NULL, arena, error);
    }
    if (r < 0)
        return r;
    if (!mount->target)
        return error_set(error, ERROR_USAGE, EINVAL, "the target is missing (target=PATH)");
    if (mount->kind == REQUEST_MOUNT_BIND && !mount->source)
        return error_set(error, ERROR_USAGE, EINVAL, "the source is missing (source=PATH)");
    return 0;
}

int request_parse_mount(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    RequestMount mount = { .option = "--mount" };
    int r = request_mount_keys(&mount, value, arena, error);
    if (r < 0)
        return error_wrap(error, "'%s'", value);
    request_mount_add(request, arena, &mount);
    return 0;
}
