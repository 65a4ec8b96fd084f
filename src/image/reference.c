/*
 * The grammar is matched by hand, one small function per rule, named after the rules of the
 * distribution project's `reference` package. The invariant: a parsed reference contains only
 * [A-Za-z0-9._:/@-] and brackets, and no component that begins with a dot (a tag may be "a..b"), so
 * that it can stand in a URL or a message as it is.
 * The trap: the first component is a domain only if it looks like one (a dot, a colon, "localhost"
 * or an upper-case letter); "user/app" is a path on docker.io.
 */
#include "image/reference.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "spec/oci_image.h"

#define REFERENCE_DEFAULT_DOMAIN "docker.io"
#define REFERENCE_LEGACY_DOMAIN  "index.docker.io"
#define REFERENCE_DEFAULT_PREFIX "library/"
#define REFERENCE_DEFAULT_TAG    "latest"

static bool reference_is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool reference_is_alnum(char c)
{
    return reference_is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool reference_is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* domain-component: letters and digits, dashes inside. Returns its length, 0 if there is none. */
static size_t reference_match_domain_component(const char *s)
{
    size_t length = 0;
    while (reference_is_alnum(s[length]) || (length > 0 && s[length] == '-'))
        length++;
    return length > 0 && s[length - 1] != '-' ? length : 0;
}

/* "[" IPv6 "]": its length, 0 if it is none. Zones are not part of the grammar. */
static size_t reference_match_bracketed(const char *s)
{
    size_t length = 1;
    while (reference_is_hex((char)(s[length] | 0x20)) || s[length] == ':')
        length++;
    return length > 1 && s[length] == ']' ? length + 1 : 0;
}

static bool reference_domain_valid(const char *s)
{
    size_t length = 0;
    if (*s == '[') {
        length = reference_match_bracketed(s);
    } else {
        for (;;) {
            size_t n = reference_match_domain_component(s + length);
            if (n == 0)
                return false;
            length += n;
            if (s[length] != '.')
                break;
            length++;
        }
    }
    if (length == 0)
        return false;
    if (s[length] == ':') {
        size_t digits = strspn(s + length + 1, "0123456789");
        if (digits == 0 || digits > 5)
            return false;
        length += 1 + digits;
    }
    return s[length] == '\0';
}

/* A separator inside a path component: ".", "_", "__" or dashes. Its length, 0 if there is none. */
static size_t reference_match_separator(const char *s)
{
    if (*s == '.')
        return 1;
    if (*s == '_')
        return s[1] == '_' ? 2 : 1;
    return strspn(s, "-");
}

static bool reference_path_valid(const char *s)
{
    for (;;) {
        if (!reference_is_lower_alnum(*s))
            return false;
        while (reference_is_lower_alnum(*s))
            s++;
        if (*s == '\0')
            return true;
        if (*s == '/')
            s++;
        else
            s += reference_match_separator(s); /* 0: the loop's first test refuses it */
    }
}

static bool reference_tag_valid(const char *s)
{
    if (!reference_is_alnum(*s) && *s != '_')
        return false;
    size_t length = 0;
    while (reference_is_alnum(s[length]) || s[length] == '_' || s[length] == '.' ||
           s[length] == '-')
        length++;
    return s[length] == '\0' && length <= REFERENCE_TAG_MAX;
}

const char *reference_id_prefix(const char *text)
{
    if (str_starts(text, "sha256:"))
        text += 7;
    size_t length = 0;
    while (reference_is_hex(text[length]))
        length++;
    return length >= REFERENCE_ID_MIN && length <= 64 && text[length] == '\0' ? text : NULL;
}

/* Where the domain ends in `name`: the index of its "/", or -1 if there is no domain. */
static long reference_find_domain(const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return -1;
    size_t length = (size_t)(slash - name);
    if (memchr(name, '.', length) || memchr(name, ':', length) ||
        (length == 9 && memcmp(name, "localhost", 9) == 0))
        return (long)length;
    for (size_t i = 0; i < length; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            return (long)length;
    return -1;
}

bool reference_has_domain(const char *text)
{
    return reference_find_domain(text) >= 0;
}

static int reference_invalid(const char *text, const char *why, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "invalid image reference \"%.128s\": %s", text,
                     why);
}

/* Splits domain and path of a name whose tag and digest are gone; checks both. */
static int reference_parse_name(const char *text, char *name, Arena *arena, Reference *ret,
                                Error *error)
{
    const char *path = name;
    ret->domain = REFERENCE_DEFAULT_DOMAIN;
    long domain_length = reference_find_domain(name);
    if (domain_length >= 0) {
        name[domain_length] = '\0';
        path = name + domain_length + 1;
        if (!reference_domain_valid(name))
            return reference_invalid(text, "the registry's name is not a host name", error);
        if (!str_eq(name, REFERENCE_LEGACY_DOMAIN))
            ret->domain = name;
    }
    if (str_eq(ret->domain, REFERENCE_DEFAULT_DOMAIN) && !strchr(path, '/'))
        path = arena_printf(arena, REFERENCE_DEFAULT_PREFIX "%s", path);

    for (const char *p = path; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            return reference_invalid(text, "the repository name must be lower case", error);
    if (!reference_path_valid(path))
        return reference_invalid(
            text, "a repository name is made of a-z and 0-9, with one of . _ __ - between them",
            error);
    if (strlen(path) > REFERENCE_PATH_MAX)
        return reference_invalid(text, "the repository name is longer than 255 characters", error);
    ret->path = path;
    return 0;
}

int reference_parse(const char *text, Arena *arena, Reference *ret_reference, Error *error)
{
    Reference parsed = { 0 };
    if (str_empty(text))
        return error_set(error, ERROR_USAGE, EINVAL, "an image reference must not be empty");
    if (strlen(text) > REFERENCE_TEXT_MAX)
        return reference_invalid(text, "it is too long", error);

    char *name = arena_strdup(arena, text);
    char *at = strchr(name, '@');
    if (at) {
        *at = '\0';
        if (!oci_digest_is_valid(at + 1))
            return reference_invalid(text, "a digest is sha256: and 64 hexadecimal digits", error);
        parsed.digest = at + 1;
    }
    /* A colon after the last slash begins a tag; before it, it belongs to the domain's port. */
    char *slash = strrchr(name, '/');
    char *colon = strchr(slash ? slash : name, ':');
    if (colon) {
        *colon = '\0';
        if (!reference_tag_valid(colon + 1))
            return reference_invalid(
                text, "a tag is up to 128 of A-Z a-z 0-9 _ . - and does not begin with . or -",
                error);
        parsed.tag = colon + 1;
    } else if (!parsed.digest) {
        parsed.tag = REFERENCE_DEFAULT_TAG;
    }
    if (strlen(name) == 64 && reference_id_prefix(name) == name)
        return reference_invalid(text, "64 hexadecimal digits are an image id, not a name", error);

    int r = reference_parse_name(text, name, arena, &parsed, error);
    if (r < 0)
        return r;
    *ret_reference = parsed;
    return 0;
}

static char *reference_join(const char *name, const Reference *reference, Arena *arena)
{
    return arena_printf(arena, "%s%s%s%s%s", name, reference->tag ? ":" : "",
                        reference->tag ? reference->tag : "", reference->digest ? "@" : "",
                        reference->digest ? reference->digest : "");
}

char *reference_text(const Reference *reference, Arena *arena)
{
    const char *name = arena_printf(arena, "%s/%s", reference->domain, reference->path);
    return reference_join(name, reference, arena);
}

char *reference_familiar_name(const Reference *reference, Arena *arena)
{
    if (!str_eq(reference->domain, REFERENCE_DEFAULT_DOMAIN))
        return arena_printf(arena, "%s/%s", reference->domain, reference->path);
    const char *path = reference->path;
    if (str_starts(path, REFERENCE_DEFAULT_PREFIX) &&
        !strchr(path + strlen(REFERENCE_DEFAULT_PREFIX), '/'))
        path += strlen(REFERENCE_DEFAULT_PREFIX);
    /* docker.io/a.b/c: without its domain it would read as a path on the registry a.b. */
    if (reference_find_domain(path) >= 0)
        return arena_printf(arena, "%s/%s", reference->domain, reference->path);
    return arena_strdup(arena, path);
}

char *reference_familiar(const Reference *reference, Arena *arena)
{
    return reference_join(reference_familiar_name(reference, arena), reference, arena);
}
