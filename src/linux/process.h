/*
 * What the kernel says about a process: proc(5), read through an open /proc/PID directory, so that
 * a pid that is reused midway gives -ESRCH and never another process's facts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/* Opens /proc/<pid> as a directory. procfs: a handle of procfs.h, or -1 for /proc as mounted.
 * No such process: -ESRCH. */
int process_open(int procfs, pid_t pid, Error *error) MUST_CHECK;
/* All process ids, ascending. */
int process_list(int procfs, Arena *arena, pid_t **ret_pids, size_t *ret_count, Error *error)
    MUST_CHECK;

/* Of two pid_t: for qsort(3) and bsearch(3). */
int process_compare_pids(const void *a, const void *b);

typedef struct ProcessStatus { /* the file "status" */
    char name[64];             /* comm, as the kernel escapes it there */
    char state;                /* 'R', 'S', 'D', 'T', 't', 'Z', 'X', 'I' */
    pid_t pid, parent;         /* in the pid namespace of the procfs */
    uint32_t umask;            /* UINT32_MAX: not told */
    uint32_t uid[4], gid[4];   /* real, effective, saved, filesystem */
    uint32_t *groups;
    size_t group_count;
    pid_t *ns_pids; /* outermost first; the last is the pid inside */
    size_t ns_pid_count;
    uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
    uint64_t signals_pending[2]; /* bit 0 is signal 1; the thread's own, the process's */
    bool no_new_privs;
    uint32_t seccomp_mode;    /* 0 none, 1 strict, 2 filter */
    uint32_t seccomp_filters; /* Linux 5.9; 0 before */
    uint32_t threads;
    uint64_t rss_bytes;
} ProcessStatus;
int process_status(int proc_pid_fd, Arena *arena, ProcessStatus *ret_status, Error *error)
    MUST_CHECK;
/* The same from the file's text, for tests and fuzzing. */
int process_status_parse(char *text, Arena *arena, ProcessStatus *ret_status, Error *error)
    MUST_CHECK;

typedef struct ProcessStat { /* the file "stat" */
    pid_t pid, parent, group, session;
    char name[64];
    char state;
    bool executed;     /* it, not only the process it was forked from */
    uint32_t terminal; /* device number, 0: none */
    uint64_t user_ticks, system_ticks, start_ticks; /* in sysconf(_SC_CLK_TCK) */
    int64_t nice;
    uint32_t threads;
    uint64_t virtual_bytes;
} ProcessStat;
int process_stat(int proc_pid_fd, ProcessStat *ret_stat, Error *error) MUST_CHECK;
int process_stat_parse(char *text, ProcessStat *ret_stat, Error *error) MUST_CHECK;

/* The command line and environment as lists; a kernel thread has an empty one. At most 1 MiB. */
int process_cmdline(int proc_pid_fd, Arena *arena, StrList *ret_words, Error *error) MUST_CHECK;
int process_environ(int proc_pid_fd, Arena *arena, StrList *ret_words, Error *error) MUST_CHECK;
/* "cwd", "root", "exe", "ns/net": the text of the link. */
int process_link(int proc_pid_fd, const char *name, Arena *arena, char **ret_target, Error *error)
    MUST_CHECK;
/* A small text file ("comm", "oom_score_adj", "loginuid", "attr/current", "cgroup") without its
 * last newline, at most 64 KiB. */
int process_text(int proc_pid_fd, const char *name, Arena *arena, char **ret_text, Error *error)
    MUST_CHECK;

/* The file "limits": one entry per RLIMIT_..., RLIM_INFINITY for "unlimited". */
int process_limits(int proc_pid_fd, struct rlimit ret_limits[RLIM_NLIMITS], Error *error)
    MUST_CHECK;
