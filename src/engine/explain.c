/*
 * Reads one process's boundary. Everything goes through the target's /proc directory descriptor;
 * the two parts that the kernel tells by pid only (the cgroup's path and what is inside) are
 * followed by target_verify(): a process that is still there was there all the time.
 *
 * A part that cannot be read never ends the whole: people explain other people's processes too.
 */
#include "engine/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/explain_parts.h"
#include "linux/capability.h"
#include "linux/idmap.h"
#include "linux/namespace_of.h"
#include "linux/process.h"

static const char *explain_state(char letter)
{
    static const struct {
        char letter;
        const char *word;
    } states[] = {
        { 'R', "running" },
        { 'S', "sleeping" },
        { 'D', "waiting for a device" },
        { 'T', "stopped" },
        { 't', "stopped by a debugger" },
        { 'Z', "ended, not yet waited for" },
        { 'X', "ended" },
        { 'I', "idle" },
    };
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (states[i].letter == letter)
            return states[i].word;
    return "in an unknown state";
}

static int explain_namespaces(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    uint64_t ids[NAMESPACE_MAX], host[NAMESPACE_MAX];
    int r = namespace_of_ids(proc_fd, ids, error);
    if (r == 0)
        r = namespace_of_host(host, error);
    if (r < 0)
        return r;
    for (int type = 0; type < NAMESPACE_MAX; type++) {
        if (ids[type] == 0)
            continue;
        ExplainNamespace *n = arena_append(arena, &explanation->namespaces.items,
                                           &explanation->namespaces.count, sizeof(*n));
        *n = (ExplainNamespace){ namespace_table[type].name, ids[type], host[type],
                                 ids[type] != host[type] };
    }
    return 0;
}

static void explain_container(const Target *target, const Residents *residents, Arena *arena,
                              Explanation *explanation)
{
    const Container *container = target->container;
    bool first = container != NULL;
    uint64_t ids[NAMESPACE_MAX];
    if (!container && residents && namespace_of_ids(target->proc_fd, ids, NULL) == 0) {
        const Resident *resident = residents_of_mount(residents, ids[NAMESPACE_MOUNT]);
        container = resident ? resident->container : NULL;
        first = resident && resident->state->pid == target->pid;
    }
    if (!container)
        return;
    explanation->container = arena_alloc(arena, sizeof(*explanation->container));
    *explanation->container = (ExplainContainer){
        .id = container->id,
        .name = container->name,
        .image = container->image ? container->image : container->rootfs,
        .first = first,
    };
}

typedef LIST_OF(ExplainRange) ExplainRanges;

/* The file uid_map or gid_map, and what the process's own id is by it. */
static int explain_map(int proc_fd, const char *file, Arena *arena, ExplainRanges *ret_ranges,
                       OptU32 *id_inside, Error *error)
{
    char *text;
    IdRange *ranges;
    size_t count;
    int r = process_text(proc_fd, file, arena, &text, error);
    if (r == 0)
        r = idmap_parse(text, arena, &ranges, &count, error);
    if (r < 0)
        return r;
    ret_ranges->items = arena_alloc(arena, (count + 1) * sizeof(*ret_ranges->items));
    ret_ranges->count = count;
    for (size_t i = 0; i < count; i++)
        ret_ranges->items[i] =
            (ExplainRange){ ranges[i].container, ranges[i].host, ranges[i].count };
    id_inside->set = idmap_to_container(ranges, count, id_inside->value, &id_inside->value) == 0;
    return 0;
}

static int explain_ids(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    ExplainRanges uids, gids;
    OptU32 uid = { .value = explanation->uid }, gid = { .value = explanation->gid };
    if (!explanation_has_own(explanation, NAMESPACE_USER))
        return 0;
    int r = explain_map(proc_fd, "uid_map", arena, &uids, &uid, error);
    if (r == 0)
        r = explain_map(proc_fd, "gid_map", arena, &gids, &gid, error);
    if (r < 0)
        return r;
    explanation->uid_map.items = uids.items;
    explanation->uid_map.count = uids.count;
    explanation->uid_inside = uid;
    explanation->gid_map.items = gids.items;
    explanation->gid_map.count = gids.count;
    explanation->gid_inside = gid;
    return 0;
}

/* "monotonic   0   0" per line: time_namespaces(7). */
static int explain_clocks(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    if (!explanation_has_own(explanation, NAMESPACE_TIME))
        return 0;
    char *text;
    int r = process_text(proc_fd, "timens_offsets", arena, &text, error);
    if (r < 0)
        return r;
    StrList lines = strlist_split(arena, text, '\n');
    for (size_t i = 0; i < lines.count; i++) {
        char *rest = lines.items[i];
        const char *name = strsep(&rest, " ");
        const char *words[2];
        for (size_t w = 0; w < ARRAY_LEN(words); w++) {
            rest += rest ? strspn(rest, " ") : 0;
            words[w] = rest ? strsep(&rest, " ") : "";
        }
        ExplainClock clock = { .name = name };
        if (str_to_i64(words[0], &clock.seconds) == 0 &&
            str_to_i64(words[1], &clock.nanoseconds) == 0)
            *(ExplainClock *)arena_append(arena, &explanation->clocks.items,
                                          &explanation->clocks.count, sizeof(clock)) = clock;
    }
    return 0;
}

static StrList explain_capability_names(uint64_t set, Arena *arena)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    capability_print(set, &text);
    StrList list = strlist_split(arena, strbuf_text(&text), ',');
    if (!list.items) /* "[]", not absent */
        list.items = arena_alloc(arena, sizeof(*list.items));
    return list;
}

static void explain_capabilities(const ProcessStatus *status, Arena *arena,
                                 Explanation *explanation)
{
    ExplainCapabilities *sets = arena_alloc(arena, sizeof(*sets));
    sets->effective = explain_capability_names(status->cap_effective, arena);
    sets->permitted = explain_capability_names(status->cap_permitted, arena);
    sets->inheritable = explain_capability_names(status->cap_inheritable, arena);
    sets->bounding = explain_capability_names(status->cap_bounding, arena);
    sets->ambient = explain_capability_names(status->cap_ambient, arena);
    sets->missing = explain_capability_names(capability_all() & ~status->cap_effective, arena);
    explanation->capabilities = sets;
}

static int explain_status(const Target *target, Arena *arena, Explanation *explanation,
                          Error *error)
{
    static const char *const seccomp_words[] = { "none", "strict", "filter" };
    ProcessStatus status;
    int r = process_status(target->proc_fd, arena, &status, error);
    if (r < 0)
        return r;
    explanation->pid = target->pid;
    explanation->parent = status.parent;
    explanation->inside_pid =
        status.ns_pid_count ? status.ns_pids[status.ns_pid_count - 1] : target->pid;
    explanation->name = arena_strdup(arena, status.name);
    explanation->state = explain_state(status.state);
    explanation->uid = status.uid[1];
    explanation->gid = status.gid[1];
    explanation->no_new_privs = status.no_new_privs;
    explanation->seccomp = status.seccomp_mode < ARRAY_LEN(seccomp_words)
                               ? seccomp_words[status.seccomp_mode]
                               : "unknown";
    explanation->seccomp_filters = status.seccomp_filters;
    explain_capabilities(&status, arena, explanation);

    char *label;
    if (process_text(target->proc_fd, "attr/current", arena, &label, NULL) == 0 && *label)
        explanation->label = label; /* without a security module the file cannot be read */
    r = process_cmdline(target->proc_fd, arena, &explanation->command, error);
    return r == -EACCES || r == -EPERM ? 0 : r;
}

static void explain_hide(Arena *arena, Explanation *explanation, const char *part,
                         const Error *error)
{
    char *text = arena_printf(arena, "%s: %s", part, error->message);
    strlist_append(arena, &explanation->hidden, text);
}

typedef int ExplainPart(int proc_fd, Arena *arena, Explanation *explanation, Error *error);

int explain_gather(const Target *target, const Residents *residents, Arena *arena,
                   Explanation *ret_explanation, Error *error)
{
    static const struct {
        const char *name;
        ExplainPart *read;
    } parts[] = {
        { "namespaces", explain_namespaces }, /* the others ask which are its own */
        { "ids", explain_ids },
        { "clocks", explain_clocks },
        { "files", explain_files },
        { "limits of the process", explain_rlimits },
        { "host name and network", explain_inside },
    };
    Explanation explanation = { 0 };
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    explanation.host_cpus = cpus > 0 ? (uint32_t)cpus : 1;
    int r = explain_status(target, arena, &explanation, error);
    if (r < 0)
        return target_verify(target, NULL) < 0 ? target_verify(target, error) : r;
    explain_container(target, residents, arena, &explanation);

    Error failure;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        failure = (Error){ 0 };
        if (parts[i].read(target->proc_fd, arena, &explanation, &failure) < 0)
            explain_hide(arena, &explanation, parts[i].name, &failure);
    }
    failure = (Error){ 0 };
    if (explain_cgroup(target->pid, arena, &explanation, &failure) < 0)
        explain_hide(arena, &explanation, "cgroup", &failure);

    r = target_verify(target, error);
    if (r < 0)
        return r;
    *ret_explanation = explanation;
    return 0;
}
