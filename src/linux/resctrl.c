/*
 * resctrl by descriptor. A group is a directory; what the kernel thinks of a write is in
 * info/last_cmd_status, which errors quote.
 *
 * The trap: a line of "schemata" that a write gives is read back padded and completed, so texts are
 * compared value by value.
 */
#include "linux/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/mountinfo.h"
#include "linux/process.h"

enum { RESCTRL_FILE_MAX = 64 * 1024 };

int resctrl_open(Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    MountinfoEntry *entries;
    size_t count;
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), error);
    int r = proc < 0 ? proc : mountinfo_read(proc, &arena, &entries, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (!str_eq(entries[i].type, "resctrl") || !str_eq(entries[i].root, "/"))
            continue;
        int fd = open(entries[i].target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_errno(error, errno, "open %s", entries[i].target) : fd;
    }
    if (r < 0)
        return r;
    return error_set(error, ERROR_UNSUPPORTED, ENOENT, "no resctrl filesystem is mounted");
}

/* ---- schemata ---- */

/* "0=7f0" of "L3:0=7f0;1=1f" for number 0: where its value begins, or NULL. */
static const char *resctrl_value(const char *pairs, unsigned long number)
{
    for (const char *p = pairs; *p && *p != '\n'; p += strcspn(p, ";\n"), p += *p == ';') {
        char *end;
        unsigned long found = strtoul(p, &end, 10);
        if (end != p && *end == '=' && found == number)
            return end + 1;
    }
    return NULL;
}

/* The pairs behind "L3:" in the file, whose lines are padded. */
static const char *resctrl_line(const char *schemata, const char *type, size_t length)
{
    for (const char *p = schemata; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        p += strspn(p, " \t");
        if (strncmp(p, type, length) == 0 && p[length] == ':')
            return p + length + 1;
    }
    return NULL;
}

bool resctrl_matches(const char *schemata, const char *line)
{
    size_t length = strcspn(line, ":");
    const char *pairs = line[length] ? resctrl_line(schemata, line, length) : NULL;
    if (!pairs)
        return false;
    for (const char *p = line + length + 1; *p; p += strcspn(p, ";"), p += *p == ';') {
        char *end;
        unsigned long number = strtoul(p, &end, 10);
        const char *there = end != p && *end == '=' ? resctrl_value(pairs, number) : NULL;
        /* Masks are hexadecimal; bandwidths are not, but two of them are the same either way. */
        if (!there || strtoull(there, NULL, 16) != strtoull(end + 1, NULL, 16))
            return false;
    }
    return true;
}

/* ---- groups ---- */

static int resctrl_write(int root_fd, int group_fd, const char *file, const char *text,
                         Error *error)
{
    int r = file_write_text_at(group_fd, file, text);
    if (r == 0)
        return 0;
    char status[256] = "";
    int fd CLEANUP(fd_closep) = openat(root_fd, "info/last_cmd_status", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd_read_text(fd, status, sizeof(status)) > 0)
        status[strcspn(status, "\n")] = '\0';
    return error_errno(error, r, "write '%.*s' to %s%s%s", (int)strcspn(text, "\n"), text, file,
                       *status ? ": " : "", status);
}

/* Each line with a write of its own: the kernel takes nothing of a text with a bad line in it. */
static int resctrl_write_line(int root_fd, int group_fd, const char *line, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    return resctrl_write(root_fd, group_fd, "schemata", arena_printf(&arena, "%s\n", line), error);
}

static int resctrl_compare(int group_fd, const ResctrlGroup *group, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *const lines[] = { group->checked, group->checked_too };
    char *text;
    int r = file_read_at(group_fd, "schemata", RESCTRL_FILE_MAX, &arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "schemata of group %s", group->name);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (lines[i] && !resctrl_matches(text, lines[i]))
            return error_set(error, ERROR_CONFLICT, EEXIST,
                             "group %s is there and has not '%s' in its schemata", group->name,
                             lines[i]);
    return 0;
}

static int resctrl_fill(int root_fd, int group_fd, const ResctrlGroup *group, bool made,
                        Error *error)
{
    const char *const lines[] = { group->checked, group->checked_too };
    bool compare = !made && (group->checked || group->checked_too);
    int r = compare ? resctrl_compare(group_fd, group, error) : 0;
    for (size_t i = 0; made && r == 0 && i < ARRAY_LEN(lines); i++)
        if (lines[i])
            r = resctrl_write_line(root_fd, group_fd, lines[i], error);
    for (size_t i = 0; r == 0 && i < group->lines.count; i++)
        r = resctrl_write_line(root_fd, group_fd, group->lines.items[i], error);
    return r;
}

static int resctrl_open_group(int root_fd, const char *name)
{
    const char *path = str_eq(name, "/") ? "." : name;
    int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int resctrl_open_monitor(int group_fd, const char *name, Error *error)
{
    int parent CLEANUP(fd_closep) =
        openat(group_fd, "mon_groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = parent < 0 ? -1 : openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "monitoring group %s", name) : fd;
}

static int resctrl_make_monitor(int group_fd, const char *name, Error *error)
{
    int parent CLEANUP(fd_closep) =
        openat(group_fd, "mon_groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0 || mkdirat(parent, name, 0755) < 0)
        return error_errno(error, errno, "make the monitoring group %s", name);
    return 0;
}

/* The group's tasks first: a task can be in the monitoring groups of its own group only. */
static int resctrl_enter(int root_fd, int group_fd, const ResctrlGroup *group, pid_t pid,
                         Error *error)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%d", (int)pid);
    int r = resctrl_write(root_fd, group_fd, "tasks", text, error);
    if (r < 0 || !group->monitor)
        return r;
    int monitor CLEANUP(fd_closep) = resctrl_open_monitor(group_fd, group->monitor, error);
    return monitor < 0 ? monitor : resctrl_write(root_fd, monitor, "tasks", text, error);
}

static int resctrl_prepare(int root_fd, const ResctrlGroup *group, bool *ret_made, Error *error)
{
    bool wanted = group->own || group->checked || group->checked_too || group->lines.count;
    int fd = resctrl_open_group(root_fd, group->name);
    if (fd >= 0 && group->own) {
        fd_close(fd);
        return error_set(error, ERROR_CONFLICT, EEXIST, "there is a group %s already", group->name);
    }
    if (fd == -ENOENT && !wanted)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "there is no group %s", group->name);
    if (fd != -ENOENT)
        return fd < 0 ? error_errno(error, fd, "open group %s", group->name) : fd;
    if (mkdirat(root_fd, group->name, 0755) < 0)
        return error_errno(error, errno, "make group %s%s", group->name,
                           errno == ENOSPC ? " (the hardware has no more of them)" : "");
    *ret_made = true;
    fd = resctrl_open_group(root_fd, group->name);
    return fd < 0 ? error_errno(error, fd, "open group %s", group->name) : fd;
}

int resctrl_make(int root_fd, const ResctrlGroup *group, pid_t pid, Error *error)
{
    bool made = false, monitored = false;
    int fd CLEANUP(fd_closep) = resctrl_prepare(root_fd, group, &made, error);
    int r = fd < 0 ? fd : resctrl_fill(root_fd, fd, group, made, error);
    if (r == 0 && group->monitor) {
        r = resctrl_make_monitor(fd, group->monitor, error);
        monitored = r == 0;
    }
    if (r == 0)
        r = resctrl_enter(root_fd, fd, group, pid, error);
    if (r < 0 && (made || monitored)) {
        ResctrlGroup undo = { .name = group->name, .own = made };
        undo.monitor = monitored ? group->monitor : NULL;
        (void)!resctrl_remove(root_fd, &undo, NULL);
    }
    return r;
}

int resctrl_join(int root_fd, const ResctrlGroup *group, pid_t pid, Error *error)
{
    int fd CLEANUP(fd_closep) = resctrl_open_group(root_fd, group->name);
    if (fd < 0)
        return error_errno(error, fd, "open group %s", group->name);
    return resctrl_enter(root_fd, fd, group, pid, error);
}

int resctrl_remove(int root_fd, const ResctrlGroup *group, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *base = str_eq(group->name, "/") ? "." : group->name;
    if (group->monitor &&
        unlinkat(root_fd, arena_printf(&arena, "%s/mon_groups/%s", base, group->monitor),
                 AT_REMOVEDIR) < 0 &&
        errno != ENOENT)
        return error_errno(error, errno, "remove the monitoring group %s", group->monitor);
    if (group->own && unlinkat(root_fd, base, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return error_errno(error, errno, "remove group %s", group->name);
    return 0;
}
