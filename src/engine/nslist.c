/*
 * One walk over /proc; each process is held by its directory descriptor while it is looked at, and
 * is forgotten if it ends meanwhile.
 *
 * Entries are found by a linear search: a host has tens of namespaces for thousands of processes,
 * and most processes are in the first ones.
 */
#include "engine/nslist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/printable.h"
#include "linux/mountinfo.h"
#include "linux/namespace_of.h"
#include "linux/process.h"

static const Field kept_fields[] = {
    FIELD_STR(NslistKept, "path", path, FIELD_REQUIRED),
    FIELD_I32(NslistKept, "pid", pid, 0),
};
static const FieldTable kept_table = FIELD_TABLE(NslistKept, kept_fields);

static const Field nslist_fields[] = {
    FIELD_STR(NslistEntry, "type", type, FIELD_REQUIRED),
    FIELD_U64(NslistEntry, "id", id, FIELD_ALWAYS),
    FIELD_BOOL(NslistEntry, "host", host, FIELD_ALWAYS),
    FIELD_U32(NslistEntry, "processes", processes, FIELD_ALWAYS),
    FIELD_U64(NslistEntry, "ownerId", owner, 0),
    FIELD_I32(NslistEntry, "pid", pid, 0),
    FIELD_STR(NslistEntry, "command", command, 0),
    FIELD_STRLIST(NslistEntry, "containers", containers, 0),
    FIELD_LIST(NslistEntry, "kept", kept, 0, &kept_table),
};
const FieldTable nslist_table = FIELD_TABLE(NslistEntry, nslist_fields);

static const Field process_fields[] = {
    FIELD_I32(NslistProcess, "pid", pid, FIELD_ALWAYS),
    FIELD_I32(NslistProcess, "insidePid", inside_pid, FIELD_ALWAYS),
    FIELD_U32(NslistProcess, "uid", uid, FIELD_ALWAYS),
    FIELD_STR(NslistProcess, "command", command, 0),
    FIELD_STR(NslistProcess, "container", container, 0),
};
const FieldTable nslist_process_table = FIELD_TABLE(NslistProcess, process_fields);

/* The walk: what it knows and what it has found. */
typedef struct NslistWalk {
    Arena *arena;
    NamespaceType type; /* NAMESPACE_INVALID: all */
    const Residents *residents;
    uint64_t host[NAMESPACE_MAX];
    uint64_t own_mount; /* the caller's mount namespace */
    Nslist list;
    size_t unreadable;
} NslistWalk;

static const char *nslist_command(int proc_fd, const char *name, Arena *arena)
{
    StrList words = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (process_cmdline(proc_fd, arena, &words, NULL) < 0 || !words.count)
        return arena_printf(arena, "[%s]", name);
    printable_add_command(&text, &words);
    return arena_strdup(arena, strbuf_text(&text));
}

static NslistEntry *nslist_find(NslistWalk *walk, NamespaceType type, uint64_t id)
{
    for (size_t i = 0; i < walk->list.count; i++)
        if (walk->list.items[i].id == id &&
            str_eq(walk->list.items[i].type, namespace_table[type].name))
            return &walk->list.items[i];
    return NULL;
}

static void nslist_add_containers(const NslistWalk *walk, NamespaceType type, NslistEntry *entry)
{
    for (size_t i = 0; walk->residents && i < walk->residents->count; i++) {
        const Resident *resident = &walk->residents->items[i];
        if (resident->namespaces[type] == entry->id)
            strlist_append(walk->arena, &entry->containers, resident->container->name);
    }
}

/* The entry, made if it is new. */
static NslistEntry *nslist_entry(NslistWalk *walk, NamespaceType type, uint64_t id, bool *ret_new)
{
    NslistEntry *entry = nslist_find(walk, type, id);
    *ret_new = entry == NULL;
    if (entry)
        return entry;
    entry = arena_append(walk->arena, &walk->list.items, &walk->list.count, sizeof(*entry));
    entry->type = namespace_table[type].name;
    entry->id = id;
    entry->host = id == walk->host[type];
    nslist_add_containers(walk, type, entry);
    return entry;
}

/* The owner of an open namespace, which becomes an entry too: it may have no process of its own. */
static uint64_t nslist_owner(NslistWalk *walk, int ns_fd)
{
    int fd CLEANUP(fd_closep) = namespace_owner(ns_fd, NULL);
    uint64_t id;
    bool added;
    if (fd < 0 || namespace_id(fd, &id, NULL) < 0)
        return 0; /* EPERM: outside the caller's own user namespace */
    if (walk->type == NAMESPACE_INVALID || walk->type == NAMESPACE_USER) {
        NslistEntry *entry = nslist_entry(walk, NAMESPACE_USER, id, &added);
        if (added)
            entry->owner = nslist_owner(walk, fd);
    }
    return id;
}

static void nslist_set_owner(NslistWalk *walk, NamespaceType type, uint64_t id, int ns_fd)
{
    uint64_t owner = nslist_owner(walk, ns_fd);
    NslistEntry *entry = nslist_find(walk, type, id); /* the list may have moved */
    if (entry)
        entry->owner = owner;
}

/* Files with namespaces mounted on them, as the first process of a mount namespace sees them. */
static void nslist_read_kept(NslistWalk *walk, int proc_fd, pid_t pid, bool own)
{
    MountinfoEntry *mounts;
    size_t count;
    if (mountinfo_read(proc_fd, walk->arena, &mounts, &count, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        NamespaceType type;
        uint64_t id;
        bool added;
        if (!str_eq(mounts[i].type, "nsfs") || namespace_of_parse(mounts[i].root, &type, &id) < 0 ||
            type == NAMESPACE_INVALID || (walk->type != NAMESPACE_INVALID && walk->type != type))
            continue;
        NslistEntry *entry = nslist_entry(walk, type, id, &added);
        NslistKept *kept =
            arena_append(walk->arena, &entry->kept.items, &entry->kept.count, sizeof(*kept));
        kept->path = mounts[i].target;
        kept->pid = own ? 0 : pid;
    }
}

static void nslist_count(NslistWalk *walk, NamespaceType type, uint64_t id, const ProcessStat *stat,
                         int proc_fd)
{
    bool added;
    NslistEntry *entry = nslist_entry(walk, type, id, &added);
    entry->processes++;
    if (entry->pid && entry->start_ticks <= stat->start_ticks)
        return;
    bool first = entry->pid == 0;
    entry->pid = stat->pid;
    entry->start_ticks = stat->start_ticks;
    entry->command = nslist_command(proc_fd, stat->name, walk->arena);
    if (!first)
        return;
    int ns_fd CLEANUP(fd_closep) = namespace_of_open(proc_fd, type, NULL);
    if (ns_fd >= 0)
        nslist_set_owner(walk, type, id, ns_fd);
}

static void nslist_visit(NslistWalk *walk, pid_t pid)
{
    Error error = { 0 };
    int fd CLEANUP(fd_closep) = process_open(-1, pid, &error);
    uint64_t ids[NAMESPACE_MAX];
    ProcessStat stat;
    if (fd < 0 || namespace_of_ids(fd, ids, &error) < 0 || process_stat(fd, &stat, &error) < 0) {
        walk->unreadable += error.code == EACCES || error.code == EPERM;
        return;
    }
    bool seen = nslist_find(walk, NAMESPACE_MOUNT, ids[NAMESPACE_MOUNT]) != NULL;
    for (int type = 0; type < NAMESPACE_MAX; type++)
        if (ids[type] &&
            (walk->type == NAMESPACE_INVALID || (int)walk->type == type || type == NAMESPACE_MOUNT))
            nslist_count(walk, (NamespaceType)type, ids[type], &stat, fd);
    if (!seen)
        nslist_read_kept(walk, fd, pid, ids[NAMESPACE_MOUNT] == walk->own_mount);
}

static int nslist_compare(const void *a, const void *b)
{
    const NslistEntry *left = a, *right = b;
    int order = (int)namespace_from_name(left->type) - (int)namespace_from_name(right->type);
    return order ? order : (left->id > right->id) - (left->id < right->id);
}

/* Mount namespaces are always walked, for the files kept in them, but not always asked for. */
static void nslist_filter(NslistWalk *walk)
{
    size_t kept = 0;
    for (size_t i = 0; i < walk->list.count; i++)
        if (walk->type == NAMESPACE_INVALID ||
            str_eq(walk->list.items[i].type, namespace_table[walk->type].name))
            walk->list.items[kept++] = walk->list.items[i];
    walk->list.count = kept;
}

int nslist_read(NamespaceType type, const Residents *residents, Arena *arena, Nslist *ret_list,
                size_t *ret_unreadable, Error *error)
{
    NslistWalk walk = { .arena = arena, .type = type, .residents = residents };
    pid_t *pids;
    size_t count;
    int r = namespace_of_host(walk.host, error);
    if (r == 0)
        r = namespace_id_of_pid(0, NAMESPACE_MOUNT, &walk.own_mount, error);
    if (r == 0)
        r = process_list(-1, arena, &pids, &count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        nslist_visit(&walk, pids[i]);
    nslist_filter(&walk);
    if (walk.list.count)
        qsort(walk.list.items, walk.list.count, sizeof(*walk.list.items), nslist_compare);
    *ret_list = walk.list;
    *ret_unreadable = walk.unreadable;
    return 0;
}

static void nslist_add_process(pid_t pid, int proc_fd, const uint64_t *ids,
                               const Residents *residents, Arena *arena, NslistProcesses *processes)
{
    ProcessStatus status;
    if (process_status(proc_fd, arena, &status, NULL) < 0)
        return;
    const Resident *resident =
        residents ? residents_of_mount(residents, ids[NAMESPACE_MOUNT]) : NULL;
    NslistProcess *process =
        arena_append(arena, &processes->items, &processes->count, sizeof(*process));
    process->pid = pid;
    process->inside_pid = status.ns_pid_count ? status.ns_pids[status.ns_pid_count - 1] : pid;
    process->uid = status.uid[1];
    process->command = nslist_command(proc_fd, status.name, arena);
    process->container = resident ? resident->container->name : NULL;
}

int nslist_processes(NamespaceType type, uint64_t id, const Residents *residents, Arena *arena,
                     NslistProcesses *ret_processes, Error *error)
{
    pid_t *pids;
    size_t count;
    NslistProcesses processes = { 0 };
    int r = process_list(-1, arena, &pids, &count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        int fd CLEANUP(fd_closep) = process_open(-1, pids[i], NULL);
        uint64_t ids[NAMESPACE_MAX];
        if (fd < 0 || namespace_of_ids(fd, ids, NULL) < 0)
            continue;
        bool in = false;
        for (int t = 0; t < NAMESPACE_MAX; t++)
            in = in || (ids[t] == id && (type == NAMESPACE_INVALID || (int)type == t));
        if (in)
            nslist_add_process(pids[i], fd, ids, residents, arena, &processes);
    }
    if (!processes.count)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no process is in a namespace %llu",
                         (unsigned long long)id);
    *ret_processes = processes;
    return 0;
}
