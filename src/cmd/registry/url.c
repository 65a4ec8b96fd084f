/*
 * Two spellings of one authority ("HOST", "host", "host:443") must not be taken for two hosts to
 * the harm of anybody: the only harm here is a credential that is not sent.
 */
#include "cmd/registry/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

const char *url_authority(const char *url, Arena *arena)
{
    const char *begin = strstr(url, "://");
    if (!begin)
        return "";
    begin += 3;
    size_t length = strcspn(begin, "/?#\\");
    const char *at = memrchr(begin, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - begin);
        begin = at + 1;
    }
    return arena_strndup(arena, begin, length);
}

bool url_has_authority(const char *url, const char *authority)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *has = url_authority(url, &arena);
    const char *port = str_starts(url, "https://") ? ":443" : ":80";
    const char *whole = arena_printf(&arena, "%s%s", authority, port);
    const char *has_whole = arena_printf(&arena, "%s%s", has, port);
    return strcasecmp(has, authority) == 0 || strcasecmp(has, whole) == 0 ||
           strcasecmp(has_whole, authority) == 0;
}

bool url_is_clean(const char *url)
{
    for (const char *p = url; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '\\')
            return false;
    const char *begin = strstr(url, "://");
    return begin && !memchr(begin + 3, '@', strcspn(begin + 3, "/?#"));
}

const char *url_escape(const char *text, Arena *arena)
{
    StrBuf escaped CLEANUP(strbuf_done) = { 0 };
    for (const char *p = text; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
            strchr("-._~", *p))
            strbuf_add_char(&escaped, *p);
        else
            strbuf_printf(&escaped, "%%%02X", (unsigned char)*p);
    }
    return arena_strdup(arena, strbuf_text(&escaped));
}

bool url_authority_is_loopback(const char *authority)
{
    char name[64];
    struct in_addr v4;
    struct in6_addr v6;
    bool bracketed = *authority == '[';
    const char *begin = authority + bracketed;
    size_t length = strcspn(begin, bracketed ? "]" : ":");
    if (length >= sizeof(name) || (bracketed && begin[length] != ']'))
        return false;
    memcpy(name, begin, length);
    name[length] = '\0';
    if (bracketed)
        return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return str_eq(name, "localhost") ||
           (inet_pton(AF_INET, name, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}
