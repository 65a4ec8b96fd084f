/*
 * One row per instruction. Values are either a JSON list (["a", "b"]) or words: blanks separate
 * them, quotes and backslashes group as in a shell; CMD and ENTRYPOINT without a list become
 * arguments of /bin/sh -c, as in a Containerfile.
 */
#include "image/imagechange.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/environment.h"
#include "base/json.h"
#include "base/str.h"
#include "base/strmap.h"
#include "spec/oci_port.h"

typedef struct ImageChange {
    OciImageConfig *config;
    const char *name, *value;
    Arena *arena;
} ImageChange;

static int imagechange_wrong(const ImageChange *change, const char *expected, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "%s: expected %s, found \"%.100s\"", change->name,
                     expected, change->value);
}

static bool imagechange_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One word of a shell-like text; moves *text behind it. -EINVAL for a quote that stays open. */
static int imagechange_word(const char **text, StrBuf *word)
{
    const char *p = *text;
    char quote = 0;
    strbuf_clear(word);
    strbuf_add(word, "");
    for (; *p && (quote || !imagechange_is_blank(*p)); p++) {
        if (*p == '\\' && quote != '\'' && p[1])
            strbuf_add_char(word, *++p);
        else if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? 0 : *p;
        else
            strbuf_add_char(word, *p);
    }
    while (imagechange_is_blank(*p))
        p++;
    *text = p;
    return quote ? -EINVAL : 0;
}

static int imagechange_words(const ImageChange *change, StrList *ret_words, Error *error)
{
    StrBuf word CLEANUP(strbuf_done) = { 0 };
    StrList words = { 0 };
    const char *text = change->value;
    while (*text) {
        if (imagechange_word(&text, &word) < 0)
            return imagechange_wrong(change, "a closing quote", error);
        strlist_append(change->arena, &words, strbuf_text(&word));
    }
    *ret_words = words;
    return 0;
}

static int imagechange_json_list(const ImageChange *change, StrList *ret_words, Error *error)
{
    const JsonValue *value;
    Error inner = { 0 };
    StrList words = { 0 };
    if (json_parse(change->value, strlen(change->value), NULL, change->arena, &value, &inner) < 0)
        return imagechange_wrong(change, "a JSON list of strings", error);
    for (const JsonValue *item = value->first; item; item = item->next) {
        if (item->type != JSON_STRING)
            return imagechange_wrong(change, "a JSON list of strings", error);
        strlist_append(change->arena, &words, item->string);
    }
    *ret_words = words;
    return 0;
}

/* A JSON list, or words. */
static int imagechange_list(const ImageChange *change, StrList *ret_words, Error *error)
{
    return *change->value == '[' ? imagechange_json_list(change, ret_words, error)
                                 : imagechange_words(change, ret_words, error);
}

static int imagechange_command(const ImageChange *change, StrList *ret, Error *error)
{
    if (*change->value == '[')
        return imagechange_json_list(change, ret, error);
    *ret = (StrList){ 0 };
    strlist_append(change->arena, ret, "/bin/sh");
    strlist_append(change->arena, ret, "-c");
    strlist_append(change->arena, ret, change->value);
    return 0;
}

static int imagechange_cmd(const ImageChange *change, Error *error)
{
    return imagechange_command(change, &change->config->cmd, error);
}

static int imagechange_entrypoint(const ImageChange *change, Error *error)
{
    return imagechange_command(change, &change->config->entrypoint, error);
}

/* "KEY=VALUE..." or the old "KEY VALUE": the pairs as words "KEY=VALUE". */
static int imagechange_pairs(const ImageChange *change, StrList *ret_pairs, Error *error)
{
    int r = imagechange_words(change, ret_pairs, error);
    if (r < 0)
        return r;
    if (ret_pairs->count == 2 && !strchr(ret_pairs->items[0], '=')) {
        StrList pair = { 0 };
        strlist_append(
            change->arena, &pair,
            arena_printf(change->arena, "%s=%s", ret_pairs->items[0], ret_pairs->items[1]));
        *ret_pairs = pair;
    }
    for (size_t i = 0; i < ret_pairs->count; i++)
        if (!strchr(ret_pairs->items[i], '=') || *ret_pairs->items[i] == '=')
            return imagechange_wrong(change, "KEY=VALUE", error);
    return ret_pairs->count > 0 ? 0 : imagechange_wrong(change, "KEY=VALUE", error);
}

static int imagechange_env(const ImageChange *change, Error *error)
{
    StrList pairs;
    int r = imagechange_pairs(change, &pairs, error);
    for (size_t i = 0; r == 0 && i < pairs.count; i++)
        environment_set(&change->config->env, change->arena, pairs.items[i]);
    return r;
}

static int imagechange_label(const ImageChange *change, Error *error)
{
    StrList pairs;
    int r = imagechange_pairs(change, &pairs, error);
    for (size_t i = 0; r == 0 && i < pairs.count; i++) {
        char *equals = strchr(pairs.items[i], '=');
        *equals = '\0';
        strmap_set(change->arena, &change->config->labels, pairs.items[i], equals + 1);
    }
    return r;
}

static int imagechange_expose(const ImageChange *change, Error *error)
{
    StrList words;
    int r = imagechange_words(change, &words, error);
    if (r == 0 && words.count == 0)
        r = imagechange_wrong(change, "a port", error);
    for (size_t i = 0; r == 0 && i < words.count; i++)
        if (oci_port_add(words.items[i], change->arena, &change->config->exposed_ports) < 0)
            r = imagechange_wrong(change, "PORT or PORT/tcp, /udp, /sctp", error);
    return r;
}

static int imagechange_volume(const ImageChange *change, Error *error)
{
    StrList words;
    int r = imagechange_list(change, &words, error);
    for (size_t i = 0; r == 0 && i < words.count; i++) {
        if (*words.items[i] != '/')
            return imagechange_wrong(change, "an absolute path", error);
        strlist_append_new(change->arena, &change->config->volumes, words.items[i]);
    }
    return r;
}

static int imagechange_user(const ImageChange *change, Error *error)
{
    if (str_empty(change->value) || strpbrk(change->value, " \t"))
        return imagechange_wrong(change, "USER or USER:GROUP", error);
    change->config->user = arena_strdup(change->arena, change->value);
    return 0;
}

static int imagechange_workdir(const ImageChange *change, Error *error)
{
    if (*change->value != '/')
        return imagechange_wrong(change, "an absolute path", error);
    change->config->working_dir = arena_strdup(change->arena, change->value);
    return 0;
}

static int imagechange_stopsignal(const ImageChange *change, Error *error)
{
    if (str_empty(change->value) || strpbrk(change->value, " \t"))
        return imagechange_wrong(change, "a signal", error);
    change->config->stop_signal = arena_strdup(change->arena, change->value);
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(const ImageChange *change, Error *error);
} imagechange_table[] = {
    { "CMD", imagechange_cmd },         { "ENTRYPOINT", imagechange_entrypoint },
    { "ENV", imagechange_env },         { "EXPOSE", imagechange_expose },
    { "LABEL", imagechange_label },     { "STOPSIGNAL", imagechange_stopsignal },
    { "USER", imagechange_user },       { "VOLUME", imagechange_volume },
    { "WORKDIR", imagechange_workdir },
};

int imagechange_apply(OciImageConfig *config, const char *instruction, Arena *arena, Error *error)
{
    while (imagechange_is_blank(*instruction))
        instruction++;
    size_t length = strcspn(instruction, " \t");
    const char *value = instruction + length;
    while (imagechange_is_blank(*value))
        value++;
    for (size_t i = 0; i < ARRAY_LEN(imagechange_table); i++) {
        const char *name = imagechange_table[i].name;
        if (strlen(name) != length || strncasecmp(name, instruction, length) != 0)
            continue;
        ImageChange change = { config, name, value, arena };
        return imagechange_table[i].apply(&change, error);
    }
    return error_set(error, ERROR_USAGE, EINVAL,
                     "\"%.100s\" is none of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, "
                     "VOLUME, WORKDIR with a value",
                     instruction);
}
