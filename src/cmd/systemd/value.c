/*
 * One function per form of a signature, recursive over its parts. sd-bus itself checks that a
 * signature is well formed when a container is opened.
 */
#include "cmd/systemd/value.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

enum { VALUE_SIGNATURE_MAX = 64 };

static int value_mismatch(const char *name, const char *signature, const JsonValue *value,
                          Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "%s: %s is no D-Bus '%s'", name,
                     json_type_name(value->type), signature);
}

/* The length of the first complete type of a signature; 0 if there is none. */
static size_t value_type_length(const char *signature)
{
    size_t i = strspn(signature, "a");
    if (signature[i] != '(')
        return signature[i] ? i + 1 : 0;
    for (unsigned depth = 0; signature[i]; i++) {
        depth += signature[i] == '(';
        depth -= signature[i] == ')';
        if (depth == 0)
            return i + 1;
    }
    return 0;
}

static int value_append_integer(sd_bus_message *message, char type, const JsonValue *value)
{
    if (value->type != JSON_INT && value->type != JSON_UINT)
        return -EDOM;
    bool large = value->type == JSON_UINT;
    int64_t number = large ? INT64_MAX : value->integer;
    uint64_t positive = large ? value->uinteger : (uint64_t)number;
    static const struct {
        char type;
        int64_t min, max;
    } ranges[] = {
        { 'y', 0, UINT8_MAX },         { 'n', INT16_MIN, INT16_MAX }, { 'q', 0, UINT16_MAX },
        { 'i', INT32_MIN, INT32_MAX }, { 'u', 0, UINT32_MAX },        { 'x', INT64_MIN, INT64_MAX },
        { 't', 0, INT64_MAX },
    };
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (ranges[i].type == type &&
            (number < ranges[i].min || number > ranges[i].max || (large && type != 't')))
            return -EDOM;
    const union {
        uint8_t y;
        uint16_t q;
        uint32_t u;
        uint64_t t;
    } forms[] = { { .y = (uint8_t)positive },
                  { .q = (uint16_t)positive },
                  { .u = (uint32_t)positive },
                  { .t = positive } };
    size_t form = type == 'y' ? 0 : strchr("nq", type) ? 1 : strchr("iu", type) ? 2 : 3;
    return sd_bus_message_append_basic(message, type, &forms[form]);
}

static int value_append_basic(sd_bus_message *message, char type, const JsonValue *value)
{
    int truth = value->type == JSON_BOOL && value->boolean;
    switch (type) {
    case 'b':
        return value->type == JSON_BOOL ? sd_bus_message_append_basic(message, 'b', &truth) : -EDOM;
    case 's':
    case 'o':
        return value->type == JSON_STRING
                   ? sd_bus_message_append_basic(message, type, value->string)
                   : -EDOM;
    case 'd':
        return value->type == JSON_DOUBLE ? sd_bus_message_append_basic(message, 'd', &value->real)
                                          : -EDOM;
    default: return strchr("ynqiuxt", type) ? value_append_integer(message, type, value) : -EDOM;
    }
}

/* Items of an array, or members of a struct: `contents` is the signature of all of them. */
static int value_append_items(sd_bus_message *message, const char *name, const char *contents,
                              bool array, const JsonValue *value, Error *error)
{
    const char *position = contents;
    for (const JsonValue *item = value->first; item; item = item->next) {
        char type[VALUE_SIGNATURE_MAX];
        size_t length = value_type_length(position);
        if (length == 0 || length >= sizeof(type))
            return value_mismatch(name, contents, value, error);
        (void)memcpy(type, position, length);
        type[length] = '\0';
        int r = value_append(message, name, type, item, error);
        if (r < 0)
            return r;
        if (!array)
            position += length;
    }
    return array || *position == '\0' ? 0 : value_mismatch(name, contents, value, error);
}

static int value_append_container(sd_bus_message *message, const char *name, const char *signature,
                                  const JsonValue *value, Error *error)
{
    bool array = signature[0] == 'a';
    char contents[VALUE_SIGNATURE_MAX];
    size_t length = strlen(signature) - (array ? 1 : 2);
    (void)memcpy(contents, signature + 1, length);
    contents[length] = '\0';
    if (value->type != JSON_ARRAY)
        return value_mismatch(name, signature, value, error);
    int r = sd_bus_message_open_container(message, array ? 'a' : 'r', contents);
    if (r < 0)
        return error_errno(error, r, "%s: '%s'", name, signature);
    r = value_append_items(message, name, contents, array, value, error);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? error_errno(error, r, "%s: '%s'", name, signature) : 0;
}

int value_append(sd_bus_message *message, const char *name, const char *signature,
                 const JsonValue *value, Error *error)
{
    size_t length = strlen(signature);
    if (length == 0 || length >= VALUE_SIGNATURE_MAX || value_type_length(signature) != length)
        return value_mismatch(name, signature, value, error);
    if (signature[0] == 'a' || signature[0] == '(')
        return value_append_container(message, name, signature, value, error);
    int r = value_append_basic(message, signature[0], value);
    if (r == -EDOM)
        return value_mismatch(name, signature, value, error);
    return r < 0 ? error_errno(error, r, "%s", name) : 0;
}
