/*
 * Summed up in nanoseconds, so that parts of a millisecond do not get lost on the way. The trap:
 * "m" is the beginning of "ms": the longer unit is looked for first.
 */
#include "base/duration.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

typedef struct DurationUnit {
    const char *word;
    uint64_t ns;
} DurationUnit;

static const DurationUnit *duration_unit(const char *text)
{
    static const DurationUnit units[] = {
        { "ns", 1 },          { "us", 1000 },         { "ms", 1000000 },       { "s", 1000000000 },
        { "m", 60000000000 }, { "h", 3600000000000 }, { "d", 86400000000000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_starts(text, units[i].word))
            return &units[i];
    return NULL;
}

/* "12", "1.5", ".5": the whole part, and the fraction in billionths. Returns what was read. */
static size_t duration_number(const char *text, uint64_t *ret_whole, uint64_t *ret_billionths)
{
    size_t digits = strspn(text, "0123456789"), fraction = 0;
    uint64_t whole = 0, billionths = 0, weight = 1000000000;
    if (digits > 12)
        return 0;
    for (size_t i = 0; i < digits; i++)
        whole = 10 * whole + (uint64_t)(text[i] - '0');
    if (text[digits] == '.')
        fraction = strspn(text + digits + 1, "0123456789");
    for (size_t i = 0; i < fraction && weight > 1; i++)
        billionths += (weight /= 10) * (uint64_t)(text[digits + 1 + i] - '0');
    *ret_whole = whole;
    *ret_billionths = billionths;
    return digits + fraction == 0 ? 0 : digits + (fraction > 0 ? fraction + 1 : 0);
}

int duration_parse(const char *text, uint64_t *ret_ms)
{
    uint64_t total = 0;
    if (str_empty(text))
        return -EINVAL;
    while (*text) {
        uint64_t whole, billionths, part;
        size_t length = duration_number(text, &whole, &billionths);
        const DurationUnit *unit = length > 0 ? duration_unit(text + length) : NULL;
        if (!unit)
            return -EINVAL;
        /* Billionths of a unit; dividing first where the product would not fit. */
        uint64_t fraction = unit->ns >= 1000000000 ? billionths * (unit->ns / 1000000000)
                                                   : billionths * unit->ns / 1000000000;
        if (__builtin_mul_overflow(whole, unit->ns, &part) ||
            __builtin_add_overflow(part, fraction, &part) ||
            __builtin_add_overflow(total, part, &total))
            return -ERANGE;
        text += length + strlen(unit->word);
    }
    *ret_ms = total / 1000000 + (total % 1000000 != 0);
    return 0;
}
