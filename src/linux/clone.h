/*
 * Making processes: clone3(2) with namespaces and a cgroup, pidfds, waiting.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct CloneOptions {
    uint64_t flags; /* CLONE_NEW..., CLONE_PARENT */
    int cgroup_fd;  /* v2: clone straight into this cgroup (CLONE_INTO_CGROUP); -1: the caller's */
    int *ret_pidfd; /* may be NULL */
} CloneOptions;

/*
 * Like fork: returns the child's pid in the parent and 0 in the child. Without clone3 (ENOSYS, or
 * EPERM from a filter) clone(2) serves, as long as no cgroup is asked for (-EOPNOTSUPP then: the
 * caller attaches the child instead).
 */
pid_t clone_process(const CloneOptions *options, Error *error) MUST_CHECK;

/*
 * Without pidfd_open (ENOSYS, or EPERM from a filter) the process's directory in /proc stands in:
 * it is as little anybody else's and takes signals, but poll(2) says nothing of it.
 */
int clone_pidfd_open(pid_t pid, Error *error) MUST_CHECK;
int clone_pidfd_signal(int pidfd, int signal, Error *error) MUST_CHECK;
/* poll(2), its answer and errno, with what clone_pidfd_open gave as pollers[0] (or -1): POLLIN says
 * that the process has ended. */
int clone_pidfd_poll(struct pollfd *pollers, size_t count, int timeout_ms);

/* Waits through EINTR. The wait status as of waitpid(2), or a negative errno. */
int clone_wait(pid_t pid, int *ret_status, Error *error) MUST_CHECK;

/* Start time of a process in clock ticks (field 22 of /proc/PID/stat): with the pid it names a
 * process uniquely. -ESRCH when there is none. */
int clone_start_time(pid_t pid, uint64_t *ret_ticks) MUST_CHECK;
/* Whether a process has executed a program since it was cloned, also when it has ended since and
 * waits for its parent. Nobody knows of one that is gone: true. */
bool clone_has_executed(pid_t pid);
