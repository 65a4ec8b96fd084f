/*
 * One pass over the words. Each word is an option, the value of the option before it, or an
 * argument; what an option's text does to the command's struct is one function per kind.
 *
 * The trap: a value may begin with a dash ("--memory-swap -1", "-e -x=1"), so the word after an
 * option that takes a value is never looked at.
 */
#include "base/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/suggestion.h"

bool option_is_flag(const Option *option)
{
    return option->kind == OPTION_KIND_FLAG || option->kind == OPTION_KIND_TRISTATE ||
           option->kind == OPTION_KIND_CUSTOM_FLAG || option->implied;
}

bool option_is_real(const Option *option)
{
    return option->kind != OPTION_KIND_END && option->kind != OPTION_KIND_HEADING;
}

static bool option_named(const char *name, const char *text, size_t length)
{
    return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

const Option *option_find(const Option *options, const char *name, size_t length)
{
    for (const Option *o = options; o && o->kind != OPTION_KIND_END; o++)
        if (option_named(o->name, name, length) || option_named(o->alias, name, length))
            return o;
    return NULL;
}

const Option *option_find_letter(const Option *options, char letter)
{
    for (const Option *o = options; o && o->kind != OPTION_KIND_END; o++)
        if (letter && o->letter == letter)
            return o;
    return NULL;
}

static int option_bad_value(Error *error, const char *value, const char *is_not)
{
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not %s", value, is_not);
}

static int option_read_bool(const char *value, bool *ret_value, Error *error)
{
    static const char *const yes[] = { "true", "1", "t" };
    static const char *const no[] = { "false", "0", "f" };
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcasecmp(value, yes[i]) != 0 && strcasecmp(value, no[i]) != 0)
            continue;
        *ret_value = strcasecmp(value, yes[i]) == 0;
        return 0;
    }
    return option_bad_value(error, value, "true or false");
}

static int option_read_enum(const Option *option, const char *value, int *ret_index, Error *error)
{
    StrBuf list CLEANUP(strbuf_done) = { 0 };
    for (int i = 0; option->words[i]; i++) {
        if (str_eq(value, option->words[i])) {
            *ret_index = i;
            return 0;
        }
        strbuf_printf(&list, "%s%s", i ? ", " : "", option->words[i]);
    }
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not one of %s", value,
                     strbuf_text(&list));
}

static int option_out_of_range(const Option *option, const char *value, Error *error)
{
    if (option->min == 0 && option->max == 0)
        return error_set(error, ERROR_USAGE, ERANGE, "'%s' is out of range", value);
    return error_set(error, ERROR_USAGE, ERANGE,
                     "'%s' is out of range (%" PRId64 " to %" PRId64 ")", value, option->min,
                     option->max);
}

static int option_read_i64(const Option *option, const char *value, int64_t *ret_value,
                           Error *error)
{
    int64_t number;
    int r = str_to_i64(value, &number);
    if (r == -EINVAL)
        return option_bad_value(error, value, "a whole number");
    bool bounded = option->min != 0 || option->max != 0;
    if (r < 0 || (bounded && (number < option->min || number > option->max)))
        return option_out_of_range(option, value, error);
    *ret_value = number;
    return 0;
}

static int option_read_u64(const Option *option, const char *value, uint64_t *ret_value,
                           Error *error)
{
    uint64_t number;
    int r = str_to_u64(value, &number);
    if (r == -EINVAL)
        return option_bad_value(error, value, "a whole number of 0 or more");
    bool bounded = option->min != 0 || option->max != 0;
    if (r < 0 || (bounded && (number < (uint64_t)option->min || number > (uint64_t)option->max)))
        return option_out_of_range(option, value, error);
    *ret_value = number;
    return 0;
}

static int option_read_bytes(const char *value, uint64_t *ret_bytes, Error *error)
{
    int r = str_to_bytes(value, ret_bytes);
    if (r == -ERANGE)
        return error_set(error, ERROR_USAGE, ERANGE, "'%s' is out of range", value);
    if (r < 0)
        return option_bad_value(error, value, "a size (examples: 512m, 1.5g)");
    return 0;
}

/* What `value` does to the member; the message on failure is without the option's name. */
static int option_store(const Option *option, void *values, const char *value, Arena *arena,
                        Error *error)
{
    void *member = option_member(values, option);
    bool flag = false;
    int r;
    switch (option->kind) {
    case OPTION_KIND_FLAG: return option_read_bool(value, member, error);
    case OPTION_KIND_TRISTATE:
        r = option_read_bool(value, &flag, error);
        if (r == 0)
            *(OptionTristate *)member = flag ? OPTION_TRUE : OPTION_FALSE;
        return r;
    case OPTION_KIND_STRING: *(const char **)member = value; return 0;
    case OPTION_KIND_LIST: strlist_append(arena, member, value); return 0;
    case OPTION_KIND_ENUM: return option_read_enum(option, value, member, error);
    case OPTION_KIND_U64: return option_read_u64(option, value, member, error);
    case OPTION_KIND_I64: return option_read_i64(option, value, member, error);
    case OPTION_KIND_BYTES: return option_read_bytes(value, member, error);
    case OPTION_KIND_CUSTOM: return option->parse(values, option, value, arena, error);
    case OPTION_KIND_CUSTOM_FLAG:
        r = option_read_bool(value, &flag, error);
        return r < 0 ? r : option->parse(values, option, flag ? "true" : "false", arena, error);
    case OPTION_KIND_REFUSED: return error_set(error, ERROR_USAGE, EINVAL, "%s", option->help);
    case OPTION_KIND_HEADING:
    case OPTION_KIND_END: break;
    }
    abort(); /* a table's mistake, not a person's */
}

/* The state of one option_parse call. */
typedef struct OptionScan {
    const Option *options;
    bool go_spelling;
    char *const *words;
    size_t count, next; /* the word to look at */
    void *values;
    Arena *arena;
} OptionScan;

/* `name`: as it was written, which may be the alias. */
static int option_apply(const OptionScan *scan, const Option *option, const char *name,
                        const char *value, Error *error)
{
    Option written = *option;
    written.name = name;
    int r = option_store(&written, scan->values, value, scan->arena, error);
    return r < 0 ? error_wrap(error, "--%s", name) : 0;
}

static int option_missing_value(const Option *option, const char *name, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "--%s needs a value (--%s %s)", name, name,
                     option->value ? option->value : "VALUE");
}

static int option_unknown(const OptionScan *scan, const char *word, Error *error)
{
    const char *end = strchr(word, '=');
    char *name = arena_strndup(scan->arena, word, end ? (size_t)(end - word) : strlen(word));
    Suggestion suggestion = { .wanted = name + strspn(name, "-") };
    for (const Option *o = scan->options; o && o->kind != OPTION_KIND_END; o++) {
        if (!option_is_real(o) || o->hidden)
            continue;
        suggestion_offer(&suggestion, o->name);
        if (o->alias)
            suggestion_offer(&suggestion, o->alias);
    }
    if (suggestion.best)
        return error_set(error, ERROR_USAGE, EINVAL, "unknown option '%s' (did you mean '--%s'?)",
                         name, suggestion.best);
    return error_set(error, ERROR_USAGE, EINVAL, "unknown option '%s'", name);
}

/* The value of an option that is complete without one. */
static const char *option_alone(const Option *option)
{
    return option->implied ? option->implied : "true";
}

/* Go's flags do not count dashes. */
static bool option_is_long(const OptionScan *scan, const char *word)
{
    if (word[1] == '-' || !scan->go_spelling)
        return word[1] == '-';
    size_t length = strcspn(word + 1, "=");
    return length > 1 && (option_find(scan->options, word + 1, length) || str_eq(word, "-help"));
}

/* --name, --name=VALUE, --name VALUE. */
static int option_take_long(OptionScan *scan, const char *word, Error *error)
{
    const char *name = word + (word[1] == '-' ? 2 : 1);
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const Option *option = option_find(scan->options, name, length);
    if (!option && scan->go_spelling && length == 1)
        option = option_find_letter(scan->options, name[0]);
    if (!option && (str_eq(name, "help") || (scan->go_spelling && str_eq(name, "h"))))
        return OPTION_HELP;
    if (!option)
        return option_unknown(scan, word, error);

    const char *written = option_named(option->alias, name, length) ? option->alias : option->name;
    const char *value = equals ? equals + 1 : NULL;
    if (!value && option_is_flag(option))
        value = option_alone(option);
    else if (!value && option->kind == OPTION_KIND_REFUSED)
        value = "";
    else if (!value && scan->next == scan->count)
        return option_missing_value(option, written, error);
    else if (!value)
        value = scan->words[scan->next++];
    return option_apply(scan, option, written, value, error);
}

/* One word of letters: -i, -it, -itw/src, -e A=B, -m=1g. The first letter with a value takes what
 * is left of the word, or the next word. */
static int option_take_letters(OptionScan *scan, const char *word, Error *error)
{
    for (const char *p = word + 1; *p; p++) {
        const Option *option = option_find_letter(scan->options, *p);
        if (!option && *p == 'h')
            return OPTION_HELP;
        if (!option && option_find(scan->options, word + 1, strlen(word + 1)))
            return option_unknown(scan, word, error); /* "-name": one dash too few */
        if (!option)
            return error_set(error, ERROR_USAGE, EINVAL,
                             word[2] ? "unknown option '-%c' in '%s'" : "unknown option '-%c'", *p,
                             word);
        bool flag = option_is_flag(option), last = false;
        const char *value = option_alone(option);
        if (p[1] == '=') {
            value = p + 2;
            last = true;
        } else if (!flag && option->kind != OPTION_KIND_REFUSED) {
            if (!p[1] && scan->next == scan->count)
                return option_missing_value(option, option->name, error);
            value = p[1] ? p + 1 : scan->words[scan->next++];
            last = true;
        }
        int r = option_apply(scan, option, option->name, value, error);
        if (r < 0 || last)
            return r;
    }
    return 0;
}

static int option_apply_environment(const OptionScan *scan, Error *error)
{
    for (const Option *o = scan->options; o && o->kind != OPTION_KIND_END; o++) {
        const char *value = o->env ? getenv(o->env) : NULL;
        if (str_empty(value))
            continue;
        int r = option_store(o, scan->values, value, scan->arena, error);
        if (r < 0)
            return error_wrap(error, "%s (environment)", o->env);
    }
    return 0;
}

int option_parse(const OptionLine *line, void *values, Arena *arena, StrList *ret_arguments,
                 Error *error)
{
    OptionScan scan = {
        .options = line->options,
        .go_spelling = line->go_spelling,
        .words = line->words,
        .count = line->count,
        .values = values,
        .arena = arena,
    };
    StrList arguments = { 0 };
    int r = option_apply_environment(&scan, error);
    if (r < 0)
        return r;

    bool rest = false; /* everything from here on is an argument */
    while (scan.next < scan.count) {
        const char *word = scan.words[scan.next++];
        if (rest || word[0] != '-' || word[1] == '\0') {
            strlist_append(arena, &arguments, word);
            rest = rest || line->mode == OPTION_STOP_AT_ARGUMENT;
            continue;
        }
        if (str_eq(word, "--")) {
            rest = true;
            continue;
        }
        r = option_is_long(&scan, word) ? option_take_long(&scan, word, error)
                                        : option_take_letters(&scan, word, error);
        if (r != 0)
            return r;
    }
    *ret_arguments = arguments;
    return 0;
}
