/*
 * printf of templates: Go's verbs that make sense for what JSON holds. Widths are bounded: a
 * template is the caller's, but a slip should not fill the memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/template_parts.h"

enum { TEMPLATE_WIDTH_MAX = 1000 };

typedef struct TemplateVerb {
    char flags[8];
    int width, precision; /* -1: none */
    char letter;
} TemplateVerb;

static int template_number(const char **at)
{
    int number = -1;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        number = (number < 0                    ? 0
                  : number > TEMPLATE_WIDTH_MAX ? TEMPLATE_WIDTH_MAX
                                                : number * 10) +
                 (**at - '0');
    return number > TEMPLATE_WIDTH_MAX ? TEMPLATE_WIDTH_MAX : number;
}

/* `at` stands behind the '%'. */
static TemplateVerb template_verb(const char **at)
{
    TemplateVerb verb = { .precision = -1 };
    size_t flags = strspn(*at, "-+ 0");
    memcpy(verb.flags, *at, flags < sizeof(verb.flags) ? flags : sizeof(verb.flags) - 1);
    *at += flags;
    verb.width = template_number(at);
    if (**at == '.') {
        (*at)++;
        verb.precision = template_number(at);
    }
    verb.letter = **at;
    *at += **at != '\0';
    return verb;
}

static void template_add_padded(const TemplateVerb *verb, const char *value, StrBuf *text)
{
    int width = verb->width < 0 ? 0 : verb->width;
    int most = verb->precision < 0 ? (int)strlen(value) : verb->precision;
    if (strchr(verb->flags, '-'))
        strbuf_printf(text, "%-*.*s", width, most, value);
    else
        strbuf_printf(text, "%*.*s", width, most, value);
}

/* "%05d": zeros in front, up to the longest number's digits; blanks do the rest. */
static void template_add_number(const TemplateVerb *verb, int64_t number, StrBuf *text)
{
    char digits[40];
    TemplateVerb blanks = *verb;
    int zeros = strchr(verb->flags, '0') && !strchr(verb->flags, '-') ? verb->width : 1;
    zeros = zeros > 30 ? 30 : zeros < 1 ? 1 : zeros;
    blanks.precision = -1;
    if (verb->letter == 'x')
        (void)snprintf(digits, sizeof(digits), "%0*llx", zeros, (unsigned long long)number);
    else
        (void)snprintf(digits, sizeof(digits), "%0*lld", zeros, (long long)number);
    template_add_padded(&blanks, digits, text);
}

static int template_add_verb(const TemplateVerb *verb, const JsonValue *value, StrBuf *text,
                             Error *error)
{
    StrBuf plain CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &plain };
    JsonType type = value ? value->type : JSON_NULL;
    const char letter = verb->letter ? verb->letter : ' ';
    if (!strchr("svqtdx", letter))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--format: printf: there is no verb '%%%c' (there are %%s %%v %%q %%d "
                         "%%x %%t)",
                         letter);
    if ((letter == 'q' && type != JSON_STRING) || (letter == 't' && type != JSON_BOOL) ||
        (strchr("dx", letter) && type != JSON_INT))
        return error_set(error, ERROR_USAGE, EINVAL, "--format: printf: %%%c: this is %s", letter,
                         json_type_name(type));
    if (strchr("dx", letter)) {
        template_add_number(verb, value->integer, text);
        return 0;
    }
    if (letter == 'q')
        json_write_value(&writer, value);
    else
        template_print(value, &plain);
    template_add_padded(verb, strbuf_text(&plain), text);
    return 0;
}

int template_printf(const TemplateArguments *arguments, StrBuf *text, Error *error)
{
    const JsonValue *format = arguments->items[0];
    size_t next = 1;
    if (!format || format->type != JSON_STRING)
        return error_set(error, ERROR_USAGE, EINVAL, "--format: printf: this is %s",
                         json_type_name(format ? format->type : JSON_NULL));
    for (const char *at = format->string; *at;) {
        if (at[0] != '%' || at[1] == '%') {
            strbuf_add_char(text, *at);
            at += *at == '%' ? 2 : 1;
            continue;
        }
        at++;
        TemplateVerb verb = template_verb(&at);
        if (next >= arguments->count)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "--format: printf: '%s' wants more arguments", format->string);
        int r = template_add_verb(&verb, arguments->items[next++], text, error);
        if (r < 0)
            return r;
    }
    return next == arguments->count
               ? 0
               : error_set(error, ERROR_USAGE, EINVAL,
                           "--format: printf: '%s' wants fewer arguments", format->string);
}
