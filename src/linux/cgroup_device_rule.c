/*
 * Device rules: what they mean, and their reduction to a default and exceptions, which is all that
 * v1 can express.
 *
 * Invariant of the reduction: default and exceptions give every device the verdict of the rules.
 * The traps: to v1 the type 'a' means everything, whatever numbers follow; and a denial that is
 * narrower than an allowed range is accepted by the kernel and has no effect.
 */
#include "linux/cgroup_device_rule.h"

#include <errno.h>
#include <stdio.h>

static bool cgroup_number_covers(int64_t rule, int64_t number)
{
    return rule == CGROUP_DEVICE_ANY || rule == number;
}

/* Every device of `b` is one of `a`. */
static bool cgroup_device_covers(const CgroupDeviceRule *a, const CgroupDeviceRule *b)
{
    return (a->type == 'a' || a->type == b->type) && cgroup_number_covers(a->major, b->major) &&
           cgroup_number_covers(a->minor, b->minor);
}

static bool cgroup_number_overlaps(int64_t a, int64_t b)
{
    return a == CGROUP_DEVICE_ANY || b == CGROUP_DEVICE_ANY || a == b;
}

static bool cgroup_device_overlaps(const CgroupDeviceRule *a, const CgroupDeviceRule *b)
{
    return (a->type == 'a' || b->type == 'a' || a->type == b->type) &&
           cgroup_number_overlaps(a->major, b->major) && cgroup_number_overlaps(a->minor, b->minor);
}

bool cgroup_device_rule_same(const CgroupDeviceRule *a, const CgroupDeviceRule *b)
{
    return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

bool cgroup_device_rule_has_access(const CgroupDeviceRule *rule)
{
    return rule->read || rule->write || rule->mknod;
}

static bool cgroup_device_shares_access(const CgroupDeviceRule *a, const CgroupDeviceRule *b)
{
    return (a->read && b->read) || (a->write && b->write) || (a->mknod && b->mknod);
}

void cgroup_device_rule_remove_access(CgroupDeviceRule *from, const CgroupDeviceRule *what)
{
    from->read = from->read && !what->read;
    from->write = from->write && !what->write;
    from->mknod = from->mknod && !what->mknod;
}

bool cgroup_device_rule_is_everything(const CgroupDeviceRule *rule)
{
    return rule->type == 'a' && rule->major == CGROUP_DEVICE_ANY &&
           rule->minor == CGROUP_DEVICE_ANY && rule->read && rule->write && rule->mknod;
}

const char *cgroup_device_rule_print(const CgroupDeviceRule *rule,
                                     char buffer[CGROUP_DEVICE_RULE_SIZE])
{
    char major[24] = "*", minor[24] = "*";
    if (rule->major != CGROUP_DEVICE_ANY)
        (void)snprintf(major, sizeof(major), "%lld", (long long)rule->major);
    if (rule->minor != CGROUP_DEVICE_ANY)
        (void)snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
    (void)snprintf(buffer, CGROUP_DEVICE_RULE_SIZE, "%c %.10s:%.10s %s%s%s", rule->type, major,
                   minor, rule->read ? "r" : "", rule->write ? "w" : "", rule->mknod ? "m" : "");
    return buffer;
}

int cgroup_device_rule_check(const CgroupDeviceRule *rule, Error *error)
{
    if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
        return error_set(error, ERROR_USAGE, EINVAL, "'%c' is not a type of device", rule->type);
    if (rule->major < CGROUP_DEVICE_ANY || rule->major > UINT32_MAX ||
        rule->minor < CGROUP_DEVICE_ANY || rule->minor > UINT32_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "%lld:%lld is not the number of a device",
                         (long long)rule->major, (long long)rule->minor);
    return 0;
}

bool cgroup_device_rules_allow(const CgroupDeviceRule *rules, size_t count,
                               const CgroupDeviceRule *access)
{
    CgroupDeviceRule left = *access;
    for (size_t i = count; i > 0 && cgroup_device_rule_has_access(&left); i--) {
        if (!cgroup_device_covers(&rules[i - 1], access))
            continue;
        if (!rules[i - 1].allow && cgroup_device_shares_access(&rules[i - 1], &left))
            return false;
        cgroup_device_rule_remove_access(&left, &rules[i - 1]);
    }
    return !cgroup_device_rule_has_access(&left);
}

/* The set of exceptions with one more. */
static void cgroup_device_set_add(CgroupDeviceSet *set, const CgroupDeviceRule *rule, Arena *arena)
{
    for (size_t i = 0; i < set->count; i++) {
        CgroupDeviceRule *exception = &set->exceptions[i];
        if (!cgroup_device_rule_same(exception, rule))
            continue;
        exception->read |= rule->read;
        exception->write |= rule->write;
        exception->mknod |= rule->mknod;
        return;
    }
    *(CgroupDeviceRule *)arena_append(arena, &set->exceptions, &set->count, sizeof(*rule)) = *rule;
}

/* A rule with the verdict of the default: takes exceptions back. */
static int cgroup_device_set_remove(CgroupDeviceSet *set, const CgroupDeviceRule *rule,
                                    Error *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        CgroupDeviceRule exception = set->exceptions[i];
        if (cgroup_device_covers(rule, &exception)) {
            cgroup_device_rule_remove_access(&exception, rule);
        } else if (cgroup_device_overlaps(rule, &exception) &&
                   cgroup_device_shares_access(rule, &exception)) {
            char narrow[CGROUP_DEVICE_RULE_SIZE], wide[CGROUP_DEVICE_RULE_SIZE];
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                             "cgroup v1 cannot %s '%s' after it was told to %s '%s': only whole "
                             "rules can be taken back",
                             rule->allow ? "allow" : "deny", cgroup_device_rule_print(rule, narrow),
                             rule->allow ? "deny" : "allow",
                             cgroup_device_rule_print(&exception, wide));
        }
        if (cgroup_device_rule_has_access(&exception))
            set->exceptions[kept++] = exception;
    }
    set->count = kept;
    return 0;
}

static int cgroup_device_set_apply(CgroupDeviceSet *set, const CgroupDeviceRule *rule, Arena *arena,
                                   Error *error)
{
    if (rule->allow == set->allow_all)
        return cgroup_device_set_remove(set, rule, error);
    cgroup_device_set_add(set, rule, arena);
    return 0;
}

int cgroup_device_rules_reduce(const CgroupDeviceRule *rules, size_t count, Arena *arena,
                               CgroupDeviceSet *ret_set, Error *error)
{
    CgroupDeviceSet set = { 0 };
    for (size_t i = 0; i < count; i++) {
        CgroupDeviceRule rule = rules[i];
        int r = cgroup_device_rule_check(&rule, error);
        if (r < 0)
            return error_wrap(error, "device rule %zu", i);
        if (!cgroup_device_rule_has_access(&rule))
            continue;
        if (cgroup_device_rule_is_everything(&rule)) {
            set.allow_all = rule.allow;
            set.count = 0;
            continue;
        }
        /* Both types: 'a' would mean everything to the kernel. */
        for (size_t t = 0; t < 2 && r >= 0; t++) {
            rule.type = "bc"[t];
            if (rules[i].type == 'a' || rules[i].type == rule.type)
                r = cgroup_device_set_apply(&set, &rule, arena, error);
        }
        if (r < 0)
            return error_wrap(error, "device rule %zu", i);
    }
    *ret_set = set;
    return 0;
}
