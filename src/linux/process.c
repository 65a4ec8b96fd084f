/*
 * Readers of /proc/PID. The invariant: everything goes through one directory descriptor, which dies
 * with its process, so that facts of two processes never mix when a pid is used again.
 *
 * The trap: "comm" is whatever the process likes, also ")" and newlines; "stat" is therefore split
 * at its last ")", and "status" escapes it.
 */
#include "linux/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

enum {
    PROCESS_FILE_MAX = 64 * 1024,
    PROCESS_STATUS_MAX = 2 * 1024 * 1024, /* 65,536 groups on one line */
    PROCESS_WORDS_MAX = 1024 * 1024,
};

int process_open(int procfs, pid_t pid, Error *error)
{
    char path[32];
    if (pid <= 0)
        return error_set(error, ERROR_USAGE, EINVAL, "%d is not a process id", (int)pid);
    (void)snprintf(path, sizeof(path), procfs < 0 ? "/proc/%d" : "%d", (int)pid);
    int fd = openat(procfs < 0 ? AT_FDCWD : procfs, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ESRCH, "no process %d", (int)pid);
    if (fd < 0)
        return error_errno(error, errno, "open %s of procfs", path);
    return fd;
}

int process_compare_pids(const void *a, const void *b)
{
    pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;
    return (left > right) - (left < right);
}

int process_list(int procfs, Arena *arena, pid_t **ret_pids, size_t *ret_count, Error *error)
{
    int fd = openat(procfs < 0 ? AT_FDCWD : procfs, procfs < 0 ? "/proc" : ".",
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int code = errno;
        fd_close(fd);
        return error_errno(error, code, "open procfs");
    }
    pid_t *pids = NULL;
    size_t count = 0;
    for (;;) {
        uint32_t pid;
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return error_errno(error, errno, "list procfs");
        if (!entry)
            break;
        if (str_to_u32(entry->d_name, &pid) == 0 && pid <= INT_MAX)
            *(pid_t *)arena_append(arena, &pids, &count, sizeof(pid_t)) = (pid_t)pid;
    }
    if (count)
        qsort(pids, count, sizeof(*pids), process_compare_pids);
    *ret_pids = pids;
    *ret_count = count;
    return 0;
}

typedef struct ProcessFile {
    char *text;
    size_t size;
} ProcessFile;

/* The whole of one file. A process that is gone answers ESRCH or ENOENT, which both become ESRCH.
 */
static int process_read(int proc_pid_fd, const char *name, size_t limit, Arena *arena,
                        ProcessFile *ret_file, Error *error)
{
    int r = file_read_at(proc_pid_fd, name, limit, arena, &ret_file->text, &ret_file->size);
    if (r == -ENOENT && faccessat(proc_pid_fd, "stat", F_OK, 0) < 0)
        r = -ESRCH;
    if (r < 0)
        return error_errno(error, r, "read %s of a process", name);
    return 0;
}

/* Up to `max` numbers in a base, separated by blanks; the rest is not looked at. */
static size_t process_numbers(const char *text, int base, uint64_t *ret_values, size_t max)
{
    size_t count = 0;
    const char *p = text;
    while (count < max) {
        char *end;
        while (*p == ' ' || *p == '\t')
            p++;
        if (!isxdigit((unsigned char)*p))
            break;
        ret_values[count] = strtoull(p, &end, base);
        if (end == p)
            break;
        count++;
        p = end;
    }
    return count;
}

static void process_ids(const char *text, uint32_t ret_ids[4])
{
    uint64_t values[4] = { 0 };
    (void)process_numbers(text, 10, values, 4);
    for (int i = 0; i < 4; i++)
        ret_ids[i] = (uint32_t)values[i];
}

static void process_list_u32(const char *text, Arena *arena, uint32_t **ret_items,
                             size_t *ret_count)
{
    uint64_t value;
    *ret_items = NULL;
    *ret_count = 0;
    for (const char *p = text; process_numbers(p, 10, &value, 1) == 1;) {
        *(uint32_t *)arena_append(arena, ret_items, ret_count, sizeof(uint32_t)) = (uint32_t)value;
        p += strspn(p, " \t");
        p += strspn(p, "0123456789");
    }
}

static void process_status_number(const char *key, const char *value, ProcessStatus *status)
{
    const struct {
        const char *key;
        int base;
        uint64_t *wide;
        uint32_t *narrow;
    } rows[] = {
        { "Umask", 8, NULL, &status->umask },
        { "SigPnd", 16, &status->signals_pending[0], NULL },
        { "ShdPnd", 16, &status->signals_pending[1], NULL },
        { "CapInh", 16, &status->cap_inheritable, NULL },
        { "CapPrm", 16, &status->cap_permitted, NULL },
        { "CapEff", 16, &status->cap_effective, NULL },
        { "CapBnd", 16, &status->cap_bounding, NULL },
        { "CapAmb", 16, &status->cap_ambient, NULL },
        { "Seccomp", 10, NULL, &status->seccomp_mode },
        { "Seccomp_filters", 10, NULL, &status->seccomp_filters },
        { "Threads", 10, NULL, &status->threads },
    };
    uint64_t number;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!str_eq(key, rows[i].key) || process_numbers(value, rows[i].base, &number, 1) != 1)
            continue;
        if (rows[i].wide)
            *rows[i].wide = number;
        else
            *rows[i].narrow = (uint32_t)number;
        return;
    }
}

static void process_status_line(const char *key, const char *value, Arena *arena,
                                ProcessStatus *status)
{
    uint64_t number = 0;
    if (str_eq(key, "Name")) {
        (void)snprintf(status->name, sizeof(status->name), "%s", value);
    } else if (str_eq(key, "State")) {
        status->state = *value;
    } else if (str_eq(key, "Pid")) {
        (void)process_numbers(value, 10, &number, 1);
        status->pid = (pid_t)number;
    } else if (str_eq(key, "PPid")) {
        (void)process_numbers(value, 10, &number, 1);
        status->parent = (pid_t)number;
    } else if (str_eq(key, "Uid")) {
        process_ids(value, status->uid);
    } else if (str_eq(key, "Gid")) {
        process_ids(value, status->gid);
    } else if (str_eq(key, "Groups")) {
        process_list_u32(value, arena, &status->groups, &status->group_count);
    } else if (str_eq(key, "NSpid")) {
        uint32_t *pids;
        process_list_u32(value, arena, &pids, &status->ns_pid_count);
        status->ns_pids = (pid_t *)pids; /* same size and range */
    } else if (str_eq(key, "NoNewPrivs")) {
        status->no_new_privs = *value == '1';
    } else if (str_eq(key, "VmRSS")) {
        (void)process_numbers(value, 10, &number, 1);
        status->rss_bytes = number * 1024;
    } else {
        process_status_number(key, value, status);
    }
}

int process_status_parse(char *text, Arena *arena, ProcessStatus *ret_status, Error *error)
{
    ProcessStatus status = { .umask = UINT32_MAX };
    char *next;
    for (char *line = text; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *value = strchr(line, ':');
        if (!value)
            continue;
        *value++ = '\0';
        value += strspn(value, " \t");
        process_status_line(line, value, arena, &status);
    }
    if (status.pid <= 0 || status.state == '\0')
        return error_set(error, ERROR_CORRUPT, EBADMSG, "no Pid or State in a process's status");
    *ret_status = status;
    return 0;
}

int process_status(int proc_pid_fd, Arena *arena, ProcessStatus *ret_status, Error *error)
{
    ProcessFile file;
    int r = process_read(proc_pid_fd, "status", PROCESS_STATUS_MAX, arena, &file, error);
    return r < 0 ? r : process_status_parse(file.text, arena, ret_status, error);
}

int process_stat_parse(char *text, ProcessStat *ret_stat, Error *error)
{
    enum {
        FIELDS = 20,                   /* from ppid, the 4th, to vsize, the 23rd */
        PROCESS_FORKED_NO_EXEC = 0x40, /* the kernel's PF_FORKNOEXEC, proc_pid_stat(5) */
    };
    ProcessStat stat = { 0 };
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open || close[1] != ' ' || close[2] == '\0' || close[3] != ' ')
        return error_set(error, ERROR_CORRUPT, EBADMSG, "malformed stat of a process");
    size_t length = (size_t)(close - open - 1);
    if (length >= sizeof(stat.name))
        length = sizeof(stat.name) - 1;
    memcpy(stat.name, open + 1, length);
    stat.pid = (pid_t)strtol(text, NULL, 10);
    stat.state = close[2];

    int64_t fields[FIELDS];
    char *p = close + 4;
    for (int i = 0; i < FIELDS; i++) {
        char *end;
        /* Counters are unsigned longs, ids and nice are signed: the bits are the same. */
        fields[i] = *p == '-' ? strtoll(p, &end, 10) : (int64_t)strtoull(p, &end, 10);
        if (end == p || (*end != ' ' && *end != '\n' && *end != '\0'))
            return error_set(error, ERROR_CORRUPT, EBADMSG, "malformed stat of a process");
        p = end + (*end != '\0');
    }
    stat.parent = (pid_t)fields[0];
    stat.group = (pid_t)fields[1];
    stat.session = (pid_t)fields[2];
    stat.terminal = (uint32_t)fields[3];
    stat.executed = !(fields[5] & PROCESS_FORKED_NO_EXEC);
    stat.user_ticks = (uint64_t)fields[10];
    stat.system_ticks = (uint64_t)fields[11];
    stat.nice = fields[15];
    stat.threads = (uint32_t)fields[16];
    stat.start_ticks = (uint64_t)fields[18];
    stat.virtual_bytes = (uint64_t)fields[19];
    *ret_stat = stat;
    return 0;
}

int process_stat(int proc_pid_fd, ProcessStat *ret_stat, Error *error)
{
    char text[2048]; /* 52 numbers of at most 20 digits and a name of 64 */
    int fd CLEANUP(fd_closep) = openat(proc_pid_fd, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -(ssize_t)errno : fd_read_text(fd, text, sizeof(text));
    if (n == -ENOENT || n == 0)
        n = -ESRCH;
    if (n < 0)
        return error_errno(error, (int)n, "read stat of a process");
    return process_stat_parse(text, ret_stat, error);
}

/* "a\0b\0" as a list. Programs may overwrite their own: a last word without terminator counts. */
static int process_words(int proc_pid_fd, const char *name, Arena *arena, StrList *ret_words,
                         Error *error)
{
    ProcessFile file;
    int r = process_read(proc_pid_fd, name, PROCESS_WORDS_MAX, arena, &file, error);
    if (r < 0)
        return r;
    StrList words = { 0 };
    for (size_t i = 0; i < file.size; i += strlen(file.text + i) + 1)
        strlist_append(arena, &words, file.text + i);
    *ret_words = words;
    return 0;
}

int process_cmdline(int proc_pid_fd, Arena *arena, StrList *ret_words, Error *error)
{
    return process_words(proc_pid_fd, "cmdline", arena, ret_words, error);
}

int process_environ(int proc_pid_fd, Arena *arena, StrList *ret_words, Error *error)
{
    return process_words(proc_pid_fd, "environ", arena, ret_words, error);
}

int process_link(int proc_pid_fd, const char *name, Arena *arena, char **ret_target, Error *error)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(proc_pid_fd, name, target, sizeof(target));
    if (n < 0)
        return error_errno(error, errno, "read link %s of a process", name);
    if ((size_t)n == sizeof(target))
        return error_set(error, ERROR_LIMIT, ENAMETOOLONG, "link %s of a process is too long",
                         name);
    *ret_target = arena_strndup(arena, target, (size_t)n);
    return 0;
}

int process_text(int proc_pid_fd, const char *name, Arena *arena, char **ret_text, Error *error)
{
    ProcessFile file;
    int r = process_read(proc_pid_fd, name, PROCESS_FILE_MAX, arena, &file, error);
    if (r < 0)
        return r;
    if (file.size && file.text[file.size - 1] == '\n')
        file.text[file.size - 1] = '\0';
    *ret_text = file.text;
    return 0;
}

/* The titles of the file "limits", which are the kernel's own and not the names of RLIMIT_. */
static const struct {
    int resource;
    const char *title;
} process_limit_titles[] = {
    { RLIMIT_CPU, "Max cpu time" },
    { RLIMIT_FSIZE, "Max file size" },
    { RLIMIT_DATA, "Max data size" },
    { RLIMIT_STACK, "Max stack size" },
    { RLIMIT_CORE, "Max core file size" },
    { RLIMIT_RSS, "Max resident set" },
    { RLIMIT_NPROC, "Max processes" },
    { RLIMIT_NOFILE, "Max open files" },
    { RLIMIT_MEMLOCK, "Max locked memory" },
    { RLIMIT_AS, "Max address space" },
    { RLIMIT_LOCKS, "Max file locks" },
    { RLIMIT_SIGPENDING, "Max pending signals" },
    { RLIMIT_MSGQUEUE, "Max msgqueue size" },
    { RLIMIT_NICE, "Max nice priority" },
    { RLIMIT_RTPRIO, "Max realtime priority" },
    { RLIMIT_RTTIME, "Max realtime timeout" },
};

static rlim_t process_limit_value(char **position)
{
    char *p = *position + strspn(*position, " ");
    if (str_starts(p, "unlimited")) {
        *position = p + strlen("unlimited");
        return RLIM_INFINITY;
    }
    return (rlim_t)strtoull(p, position, 10);
}

int process_limits(int proc_pid_fd, struct rlimit ret_limits[RLIM_NLIMITS], Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ProcessFile file;
    int r = process_read(proc_pid_fd, "limits", PROCESS_FILE_MAX, &arena, &file, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(process_limit_titles); i++) {
        const char *title = process_limit_titles[i].title;
        char *line = strstr(file.text, title);
        if (!line)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "no \"%s\" in a process's limits",
                             title);
        line += strlen(title);
        struct rlimit *limit = &ret_limits[process_limit_titles[i].resource];
        limit->rlim_cur = process_limit_value(&line);
        limit->rlim_max = process_limit_value(&line);
    }
    return 0;
}
