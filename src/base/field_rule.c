/*
 * The rules of a row and the errors about them: one place for both decoding and checking, so that
 * a document from outside and one that the program built are judged alike. The trap: values are
 * quoted in messages (json_quote), since they may come from a stranger.
 */
#include "base/field_rule.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELD_INTEGER(type, is_signed)    \
    {                                     \
        sizeof(type), is_signed, false, 0 \
    }
#define FIELD_OPTIONAL(type, is_signed)                                             \
    {                                                                               \
        sizeof(((type *)0)->value), is_signed, true, (uint8_t)offsetof(type, value) \
    }

const FieldInteger field_integers[FIELD_KIND_JSON + 1] = {
    [FIELD_KIND_I32] = FIELD_INTEGER(int32_t, true),
    [FIELD_KIND_I64] = FIELD_INTEGER(int64_t, true),
    [FIELD_KIND_U16] = FIELD_INTEGER(uint16_t, false),
    [FIELD_KIND_U32] = FIELD_INTEGER(uint32_t, false),
    [FIELD_KIND_U64] = FIELD_INTEGER(uint64_t, false),
    [FIELD_KIND_U32LIST] = FIELD_INTEGER(uint32_t, false), /* each item */
    [FIELD_KIND_OPT_I32] = FIELD_OPTIONAL(OptI32, true),
    [FIELD_KIND_OPT_I64] = FIELD_OPTIONAL(OptI64, true),
    [FIELD_KIND_OPT_U16] = FIELD_OPTIONAL(OptU16, false),
    [FIELD_KIND_OPT_U32] = FIELD_OPTIONAL(OptU32, false),
    [FIELD_KIND_OPT_U64] = FIELD_OPTIONAL(OptU64, false),
};

FieldNumber field_number_load(const Field *field, const void *member)
{
    const FieldInteger *kind = &field_integers[field->kind];
    unsigned unused = 64 - 8u * kind->size; /* high bits of a 64-bit number */
    uint64_t bits = 0;
    memcpy((char *)&bits + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - kind->size : 0),
           (const char *)member + kind->value_offset, kind->size);
    int64_t extended = (int64_t)(bits << unused) >> unused;
    if (kind->is_signed && extended < 0)
        return (FieldNumber){ .is_negative = true, .negative = extended };
    return (FieldNumber){ .positive = bits };
}

void field_number_store(const Field *field, FieldNumber number, void *member)
{
    const FieldInteger *kind = &field_integers[field->kind];
    uint64_t bits = number.is_negative ? (uint64_t)number.negative : number.positive;
    memcpy((char *)member + kind->value_offset,
           (char *)&bits + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - kind->size : 0),
           kind->size);
    if (kind->optional)
        *(bool *)member = true;
}

bool field_is_absent(const Field *field, const void *member)
{
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_STR: return !*(const char *const *)member;
    case FIELD_KIND_ENUM: return *(const int *)member == 0;
    case FIELD_KIND_BOOL: return !*(const bool *)member;
    case FIELD_KIND_I32:
    case FIELD_KIND_I64:
    case FIELD_KIND_U16:
    case FIELD_KIND_U32:
    case FIELD_KIND_U64: {
        FieldNumber number = field_number_load(field, member);
        return !number.is_negative && number.positive == 0;
    }
    case FIELD_KIND_OPT_BOOL:
    case FIELD_KIND_OPT_I32:
    case FIELD_KIND_OPT_I64:
    case FIELD_KIND_OPT_U16:
    case FIELD_KIND_OPT_U32:
    case FIELD_KIND_OPT_U64: return !*(const bool *)member;
    case FIELD_KIND_STRLIST:
    case FIELD_KIND_U32LIST:
    case FIELD_KIND_STRMAP:
    case FIELD_KIND_STRSET:
    case FIELD_KIND_LIST:
    case FIELD_KIND_MAP: return !((const FieldAnyList *)member)->items;
    case FIELD_KIND_STRUCT: return false;
    case FIELD_KIND_OBJECT:
    case FIELD_KIND_JSON: return !*(const FieldAnyPointer *)member;
    }
    return true;
}

static void field_path_print(const FieldPath *path, char *text, size_t size)
{
    if (!path)
        return;
    field_path_print(path->up, text, size);
    size_t used = strlen(text);
    char quoted[JSON_QUOTE_SIZE];
    if (path->name)
        (void)snprintf(text + used, size - used, "%s%s", used ? "." : "", path->name);
    else if (path->key)
        (void)snprintf(text + used, size - used, "[%s]",
                       json_quote(path->key, quoted, sizeof(quoted)));
    else
        (void)snprintf(text + used, size - used, "[%zu]", path->index);
}

int field_fail(const FieldPath *path, Error *error, const char *format, ...)
{
    if (!error)
        return -EINVAL;
    char message[ERROR_MESSAGE_SIZE], place[ERROR_MESSAGE_SIZE / 2] = "";
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    field_path_print(path, place, sizeof(place));
    return error_set(error, ERROR_CORRUPT, EINVAL, "%s%s%s", place, *place ? ": " : "", message);
}

int field_fail_missing(const FieldPath *path, const char *name, Error *error)
{
    FieldPath missing = { .up = path, .name = name };
    return field_fail(&missing, error, "required, but missing");
}

int field_fail_word(const Field *field, const char *value, const FieldPath *path, Error *error)
{
    char quoted[JSON_QUOTE_SIZE], list[ERROR_MESSAGE_SIZE / 2];
    size_t used = 0;
    list[0] = '\0';
    for (const char *const *w = field->words + (field->kind == FIELD_KIND_ENUM); *w; w++) {
        if (!**w) /* allowed, as none */
            continue;
        int n = snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", *w);
        if (n < 0 || (size_t)n >= sizeof(list) - used)
            break;
        used += (size_t)n;
    }
    return field_fail(path, error, "found %s, expected one of %s",
                      json_quote(value, quoted, sizeof(quoted)), list);
}

static int field_fail_string(const char *value, const char *expected, const FieldPath *path,
                             Error *error)
{
    char quoted[JSON_QUOTE_SIZE];
    return field_fail(path, error, "expected %s, found %s", expected,
                      json_quote(value, quoted, sizeof(quoted)));
}

int field_judge_string(const Field *field, const char *value, const FieldPath *path, Error *error)
{
    if (field->words && field->kind != FIELD_KIND_ENUM) {
        const char *const *w = field->words;
        while (*w && strcmp(*w, value) != 0)
            w++;
        if (!*w)
            return field_fail_word(field, value, path, error);
    }
    if ((field->flags & FIELD_NONEMPTY) && !*value && field->kind == FIELD_KIND_STR)
        return field_fail_string(value, "a text that is not empty", path, error);
    const char *expected = field->check ? field->check(value) : NULL;
    return expected ? field_fail_string(value, expected, path, error) : 0;
}

int field_judge_key(const Field *field, const char *key, const FieldPath *path, Error *error)
{
    const char *expected = !*key          ? "a key that is not empty"
                           : field->check ? field->check(key)
                                          : NULL;
    return expected ? field_fail_string(key, expected, path, error) : 0;
}

/* The bounds of a row: its range, or that of its C type. */
static void field_bounds(const Field *field, int64_t *ret_min, uint64_t *ret_max)
{
    const FieldInteger *kind = &field_integers[field->kind];
    unsigned bits = 8u * kind->size;
    *ret_min = kind->is_signed ? (int64_t)((uint64_t)-1 << (bits - 1)) : 0;
    *ret_max = UINT64_MAX >> (64 - bits + kind->is_signed);
    if (field->ranged && field->kind != FIELD_KIND_U32LIST) {
        *ret_min = field->min;
        *ret_max = (uint64_t)field->max;
    }
}

int field_judge_number(const Field *field, FieldNumber number, const FieldPath *path, Error *error)
{
    int64_t min;
    uint64_t max;
    field_bounds(field, &min, &max);
    if (number.is_negative) {
        if (number.negative >= min)
            return 0;
        return field_fail(path, error, "expected an integer from %lld to %llu, found %lld",
                          (long long)min, (unsigned long long)max, (long long)number.negative);
    }
    if (number.positive <= max && (min <= 0 || number.positive >= (uint64_t)min))
        return 0;
    return field_fail(path, error, "expected an integer from %lld to %llu, found %llu",
                      (long long)min, (unsigned long long)max, (unsigned long long)number.positive);
}

int field_judge_count(const Field *field, size_t count, const FieldPath *path, Error *error)
{
    if ((field->flags & FIELD_NONEMPTY) && count == 0)
        return field_fail(path, error, "expected at least one item, found none");
    if (!field->ranged || (count >= (size_t)field->min && count <= (size_t)field->max))
        return 0;
    return field_fail(path, error, "expected %lld to %lld items, found %zu", (long long)field->min,
                      (long long)field->max, count);
}

const char *field_is_absolute_path(const char *value)
{
    return value[0] == '/' ? NULL : "an absolute path";
}
