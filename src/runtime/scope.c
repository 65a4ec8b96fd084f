/*
 * Limits become properties by way of the settings that the kernel's files get: one table from file
 * to property serves linux.resources, its `unified` part and `update`. systemd must know them,
 * because it writes its own view of a unit's limits again when it likes (daemon-reload).
 *
 * Everything is written to the files as well, afterwards: what systemd has no property for, and
 * what it rounds.
 */
#include "runtime/scope.h"

#include <errno.h>
#include <string.h>

#include "linux/cgroup_device_rule.h"
#include "linux/cgroup_limit.h"
#include "runtime/gvariant.h"
#include "runtime/resources.h"

#define SCOPE_ANNOTATION "org.systemd.property."
#define SCOPE_PREFIX     "ambit"

enum {
    SCOPE_NAME_MAX = 255, /* systemd's bound on a unit's name */
    SCOPE_CPUS_MAX = 8192,
    SCOPE_SECOND_US = 1000000,
    SCOPE_QUOTA_STEP_US = 10000, /* systemd keeps whole percents: rounded up, or ours is refused */
    SCOPE_PERIOD_US = 100000,    /* the kernel's default */
};

typedef struct ScopeBuilder {
    Arena *arena;
    UnitProperties properties;
} ScopeBuilder;

/* ---- values ---- */

static JsonValue *scope_add(ScopeBuilder *builder, const char *name, const char *signature,
                            JsonValue value)
{
    JsonValue *kept = arena_copy(builder->arena, &value, sizeof(value));
    UnitProperty *property = arena_append(builder->arena, &builder->properties.items,
                                          &builder->properties.count, sizeof(*property));
    *property = (UnitProperty){ name, signature, kept };
    return kept;
}

static JsonValue scope_number(uint64_t number)
{
    return number > INT64_MAX ? (JsonValue){ .type = JSON_UINT, .uinteger = number }
                              : (JsonValue){ .type = JSON_INT, .integer = (int64_t)number };
}

static JsonValue scope_text(const char *text)
{
    return (JsonValue){ .type = JSON_STRING, .string = text, .length = (uint32_t)strlen(text) };
}

static void scope_add_bool(ScopeBuilder *builder, const char *name, bool truth)
{
    (void)scope_add(builder, name, "b", (JsonValue){ .type = JSON_BOOL, .boolean = truth });
}

/* A new last item of an array. */
static JsonValue *scope_append(ScopeBuilder *builder, JsonValue *array, JsonValue item)
{
    JsonValue **last = &array->first;
    while (*last)
        last = &(*last)->next;
    *last = arena_copy(builder->arena, &item, sizeof(item));
    array->length++;
    return *last;
}

/* ---- limits ---- */

typedef int ScopeConvert(ScopeBuilder *builder, const char *property, const char *value);

static int scope_convert_number(ScopeBuilder *builder, const char *property, const char *value)
{
    uint64_t number = UINT64_MAX; /* systemd's word for no limit */
    int r = str_eq(value, "max") || str_eq(value, "-1") ? 0 : str_to_u64(value, &number);
    if (r == 0)
        (void)scope_add(builder, property, "t", scope_number(number));
    return r;
}

/* An idle group has the lowest weight that systemd knows, written as 0. */
static int scope_convert_idle(ScopeBuilder *builder, const char *property, const char *value)
{
    if (str_eq(value, "1"))
        (void)scope_add(builder, property, "t", scope_number(0));
    return 0;
}

/* "QUOTA|max [PERIOD]" as CPU time per second. */
static int scope_convert_quota(ScopeBuilder *builder, const char *property, const char *value)
{
    StrList words = strlist_split(builder->arena, value, ' ');
    uint64_t quota = 0, period = SCOPE_PERIOD_US;
    if (words.count == 0 || words.count > 2)
        return -EINVAL;
    int r = words.count == 2 ? str_to_u64(words.items[1], &period) : 0;
    if (r < 0 || period == 0 || period > SCOPE_SECOND_US)
        return -EINVAL;
    if (words.count == 2)
        (void)scope_add(builder, "CPUQuotaPeriodUSec", "t", scope_number(period));
    if (str_eq(words.items[0], "max") || str_starts(words.items[0], "-")) {
        (void)scope_add(builder, property, "t", scope_number(UINT64_MAX));
        return 0;
    }
    r = str_to_u64(words.items[0], &quota);
    if (r < 0 || quota > UINT64_MAX / SCOPE_SECOND_US)
        return -EINVAL;
    uint64_t per_second = quota * SCOPE_SECOND_US / period;
    per_second += SCOPE_QUOTA_STEP_US - 1;
    (void)scope_add(builder, property, "t",
                    scope_number(per_second - per_second % SCOPE_QUOTA_STEP_US));
    return 0;
}

/* "0-2,7" as the bytes of a bit mask, the lowest first. */
static int scope_convert_list(ScopeBuilder *builder, const char *property, const char *value)
{
    uint8_t mask[SCOPE_CPUS_MAX / 8] = { 0 };
    size_t used = 0;
    StrList ranges = strlist_split(builder->arena, value, ',');
    for (size_t i = 0; i < ranges.count; i++) {
        StrList ends = strlist_split(builder->arena, ranges.items[i], '-');
        uint32_t first, last;
        if (ends.count == 0 || ends.count > 2 || str_to_u32(ends.items[0], &first) < 0 ||
            str_to_u32(ends.items[ends.count - 1], &last) < 0 || last < first ||
            last >= SCOPE_CPUS_MAX)
            return -EINVAL;
        for (uint32_t bit = first; bit <= last; bit++)
            mask[bit / 8] |= (uint8_t)(1u << (bit % 8));
        used = used > last / 8 + 1 ? used : last / 8 + 1;
    }
    JsonValue *bytes = scope_add(builder, property, "ay", (JsonValue){ .type = JSON_ARRAY });
    for (size_t i = 0; i < used; i++)
        (void)scope_append(builder, bytes, scope_number(mask[i]));
    return 0;
}

typedef struct ScopeRow {
    const char *file, *property;
    ScopeConvert *convert;
} ScopeRow;

static const ScopeRow scope_rows_v2[] = {
    { "memory.max", "MemoryMax", scope_convert_number },
    { "memory.high", "MemoryHigh", scope_convert_number },
    { "memory.low", "MemoryLow", scope_convert_number },
    { "memory.min", "MemoryMin", scope_convert_number },
    { "memory.swap.max", "MemorySwapMax", scope_convert_number },
    { "cpu.weight", "CPUWeight", scope_convert_number },
    { "cpu.idle", "CPUWeight", scope_convert_idle },
    { "cpu.max", "CPUQuotaPerSecUSec", scope_convert_quota },
    { "cpuset.cpus", "AllowedCPUs", scope_convert_list },
    { "cpuset.mems", "AllowedMemoryNodes", scope_convert_list },
    { "io.weight", "IOWeight", scope_convert_number },
    { "pids.max", "TasksMax", scope_convert_number },
};

/* systemd has no word for v1's cpusets; the quota is in two files, scope_quota_v1. */
static const ScopeRow scope_rows_v1[] = {
    { "memory.limit_in_bytes", "MemoryLimit", scope_convert_number },
    { "cpu.shares", "CPUShares", scope_convert_number },
    { "blkio.weight", "BlockIOWeight", scope_convert_number },
    { "pids.max", "TasksMax", scope_convert_number },
};

static int scope_limit(ScopeBuilder *builder, CgroupMode mode, const char *file, const char *value,
                       Error *error)
{
    const ScopeRow *rows = mode == CGROUP_V2 ? scope_rows_v2 : scope_rows_v1;
    size_t count = mode == CGROUP_V2 ? ARRAY_LEN(scope_rows_v2) : ARRAY_LEN(scope_rows_v1);
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(rows[i].file, file))
            continue;
        int r = rows[i].convert(builder, rows[i].property, value);
        if (r < 0)
            return error_set(error, ERROR_USAGE, EINVAL, "'%.64s' is no value for %s", value,
                             rows[i].property);
    }
    return 0;
}

static int scope_quota_v1(ScopeBuilder *builder, const CgroupLimit *limit, Error *error)
{
    if (!(limit->set & CGROUP_LIMIT_CPU_QUOTA) || limit->cpu_quota_us == 0)
        return 0;
    bool period = (limit->set & CGROUP_LIMIT_CPU_PERIOD) && limit->cpu_period_us > 0;
    const char *value =
        period ? arena_printf(builder->arena, "%lld %lld", (long long)limit->cpu_quota_us,
                              (long long)limit->cpu_period_us)
               : arena_printf(builder->arena, "%lld", (long long)limit->cpu_quota_us);
    return scope_convert_quota(builder, "CPUQuotaPerSecUSec", value) < 0
               ? error_set(error, ERROR_USAGE, EINVAL, "'%s' is no CPU quota", value)
               : 0;
}

static int scope_add_limits(ScopeBuilder *builder, const CgroupLimit *limit, const StrMap *unified,
                            CgroupMode mode, Error *error)
{
    CgroupSetting *settings;
    size_t count;
    int r = cgroup_limit_translate(limit, mode, builder->arena, &settings, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = scope_limit(builder, mode, settings[i].file, settings[i].value, error);
    if (r == 0 && mode != CGROUP_V2)
        r = scope_quota_v1(builder, limit, error);
    for (size_t i = 0; r == 0 && mode == CGROUP_V2 && unified && i < unified->count; i++)
        r = scope_limit(builder, mode, unified->items[i].key, unified->items[i].value, error);
    return r;
}

int scope_limits(const CgroupLimit *limit, const StrMap *unified, CgroupMode mode, Arena *arena,
                 UnitProperties *ret_properties, Error *error)
{
    ScopeBuilder builder = { .arena = arena };
    int r = scope_add_limits(&builder, limit, unified, mode, error);
    if (r == 0)
        *ret_properties = builder.properties;
    return r;
}

/* ---- devices ---- */

/* "/dev/char/1:3", "char-136" for all of a major number, "char-*" for all. */
static const char *scope_device_name(const CgroupDeviceRule *rule, Arena *arena)
{
    const char *type = rule->type == 'b' ? "block" : "char";
    if (rule->major == CGROUP_DEVICE_ANY) /* of one minor of all majors it has no word: more */
        return arena_printf(arena, "%s-*", type);
    if (rule->minor == CGROUP_DEVICE_ANY)
        return arena_printf(arena, "%s-%lld", type, (long long)rule->major);
    return arena_printf(arena, "/dev/%s/%lld:%lld", type, (long long)rule->major,
                        (long long)rule->minor);
}

/*
 * systemd's own filter beside ours, which decides: it must not forbid what ours allows. A list of
 * what is denied is beyond it.
 */
static int scope_add_devices(ScopeBuilder *builder, const SpecResources *resources, Error *error)
{
    size_t count = resources->devices.count;
    CgroupDeviceRule *rules = arena_alloc(builder->arena, (count + 1) * sizeof(*rules));
    for (size_t i = 0; i < count; i++)
        rules[i] = resources_device_rule(&resources->devices.items[i]);
    CgroupDeviceSet set = { .allow_all = true };
    Error reduced = { 0 }; /* what v1 cannot express the step of v1 will say */
    if (count && cgroup_device_rules_reduce(rules, count, builder->arena, &set, &reduced) < 0 &&
        reduced.kind != ERROR_UNSUPPORTED) {
        *error = reduced;
        return -reduced.code;
    }
    bool list = !set.allow_all && reduced.kind == ERROR_NONE;
    (void)scope_add(builder, "DevicePolicy", "s", scope_text(list ? "strict" : "auto"));
    if (!list)
        return 0;
    JsonValue *allow =
        scope_add(builder, "DeviceAllow", "a(ss)", (JsonValue){ .type = JSON_ARRAY });
    for (size_t i = 0; i < set.count; i++) {
        const CgroupDeviceRule *rule = &set.exceptions[i];
        char access[4];
        size_t used = 0;
        if (rule->read)
            access[used++] = 'r';
        if (rule->write)
            access[used++] = 'w';
        if (rule->mknod)
            access[used++] = 'm';
        access[used] = '\0';
        JsonValue *pair = scope_append(builder, allow, (JsonValue){ .type = JSON_ARRAY });
        (void)scope_append(builder, pair, scope_text(scope_device_name(rule, builder->arena)));
        (void)scope_append(builder, pair, scope_text(arena_strdup(builder->arena, access)));
    }
    return 0;
}

/* ---- annotations ---- */

/* "TimeoutStopSec" has seconds, as in a unit's file; over D-Bus it is TimeoutStopUSec. */
static int scope_seconds(ScopeBuilder *builder, const char *name, const JsonValue *value,
                         Error *error)
{
    double seconds = value->type == JSON_DOUBLE ? value->real
                     : value->type == JSON_INT  ? (double)value->integer
                                                : -1;
    if (seconds < 0 || seconds > (double)(UINT32_MAX))
        return error_set(error, ERROR_USAGE, EINVAL, "not a number of seconds");
    const char *property = arena_printf(builder->arena, "%.*sUSec", (int)strlen(name) - 3, name);
    (void)scope_add(builder, property, "t", scope_number((uint64_t)(seconds * SCOPE_SECOND_US)));
    return 0;
}

static int scope_add_annotation(ScopeBuilder *builder, const StrPair *annotation, Error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *name = annotation->key + strlen(SCOPE_ANNOTATION), *signature;
    size_t length = strlen(name);
    if (length == 0 || strspn(name, letters) != length)
        return error_set(error, ERROR_USAGE, EINVAL, "'%.64s' is no property's name", name);
    const JsonValue *value;
    int r = gvariant_parse(annotation->value, builder->arena, &signature, &value, error);
    if (r < 0)
        return r;
    if (length > 3 && str_ends(name, "Sec") && !str_ends(name, "USec"))
        return scope_seconds(builder, name, value, error);
    (void)scope_add(builder, name, signature, *value);
    return 0;
}

static int scope_add_annotations(ScopeBuilder *builder, const StrMap *annotations, Error *error)
{
    for (size_t i = 0; annotations && i < annotations->count; i++) {
        if (!str_starts(annotations->items[i].key, SCOPE_ANNOTATION))
            continue;
        int r = scope_add_annotation(builder, &annotations->items[i], error);
        if (r < 0)
            return error_wrap(error, "annotations.%.100s", annotations->items[i].key);
    }
    return 0;
}

/* ---- the scope ---- */

/* A unit's name: what systemd allows in one, and no path. */
static bool scope_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ":-_.\\@";
    size_t length = strlen(name);
    return length > 0 && length <= SCOPE_NAME_MAX && strspn(name, allowed) == length;
}

static int scope_name(const ScopeInput *input, ScopeBuilder *builder, const char **ret_unit,
                      Error *error)
{
    const char *slice = "", *prefix = SCOPE_PREFIX, *name = input->id;
    if (!str_empty(input->path)) {
        StrList parts = strlist_split(builder->arena, input->path, ':');
        if (parts.count != 3)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "linux.cgroupsPath: '%.200s' is not 'slice:prefix:name', which "
                             "systemd needs",
                             input->path);
        slice = parts.items[0];
        prefix = parts.items[1];
        name = parts.items[2];
    }
    if (str_empty(slice))
        slice = input->user ? "user.slice" : "system.slice";
    *ret_unit = arena_printf(builder->arena, "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
    if (!scope_is_name(*ret_unit) || !scope_is_name(slice) || !str_ends(slice, ".slice"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "linux.cgroupsPath: %s in %s is not a scope in a slice", *ret_unit, slice);
    (void)scope_add(builder, "Slice", "s", scope_text(slice));
    return 0;
}

static void scope_add_defaults(const ScopeInput *input, ScopeBuilder *builder)
{
    static const char *const on[] = { "Delegate", "MemoryAccounting", "CPUAccounting",
                                      "TasksAccounting" };
    const char *description = arena_printf(builder->arena, "container %s", input->id);
    (void)scope_add(builder, "Description", "s", scope_text(description));
    for (size_t i = 0; i < ARRAY_LEN(on); i++)
        scope_add_bool(builder, on[i], true);
    scope_add_bool(builder, input->mode == CGROUP_V2 ? "IOAccounting" : "BlockIOAccounting", true);
    /* Not stopped before other units at shutdown, and forgotten when it ends, however it does. */
    scope_add_bool(builder, "DefaultDependencies", false);
    (void)scope_add(builder, "CollectMode", "s", scope_text("inactive-or-failed"));
}

int scope_build(const ScopeInput *input, Arena *arena, Scope *ret_scope, Error *error)
{
    ScopeBuilder builder = { .arena = arena };
    Scope scope = { .user = input->user };
    static const SpecResources none;
    const SpecResources *resources = input->resources ? input->resources : &none;
    CgroupLimit limit;
    int r = scope_name(input, &builder, &scope.unit, error);
    if (r < 0)
        return r;
    scope_add_defaults(input, &builder);
    r = resources_limit(resources, &limit, error);
    if (r == 0)
        r = scope_add_limits(&builder, &limit, &resources->unified, input->mode, error);
    if (r < 0)
        return error_wrap(error, "linux.resources");
    if (!input->user) /* a user's systemd has no power over devices */
        r = scope_add_devices(&builder, resources, error);
    if (r == 0)
        r = scope_add_annotations(&builder, input->annotations, error);
    if (r < 0)
        return r;
    scope.properties = builder.properties;
    *ret_scope = scope;
    return 0;
}
