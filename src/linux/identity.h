/*
 * Who the calling thread is and how it behaves: credentials(7), prctl(2), personality(2), sched(7),
 * ioprio_set(2), keyrings(7). Raw system calls: the libcs' setuid() family signals every thread,
 * which is work and a trap between clone and exec. They affect the calling thread only.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* setgroups, setresgid, setresuid in this order; groups may be NULL with count 0. */
int identity_set_groups(const gid_t *groups, size_t count, Error *error) MUST_CHECK;
int identity_set_gid(gid_t gid, Error *error) MUST_CHECK; /* real, effective, saved */
int identity_set_uid(uid_t uid, Error *error) MUST_CHECK;
void identity_set_umask(mode_t mask);

int identity_set_no_new_privs(Error *error) MUST_CHECK;
/* Not dumpable: /proc/PID is root's, no ptrace from a user namespace we join (CVE-2016-9962,
 * CVE-2022-29162 class). exec of a readable program and changes of ids set it anew. */
int identity_set_dumpable(bool dumpable, Error *error) MUST_CHECK;
int identity_set_parent_death_signal(int signal, Error *error) MUST_CHECK; /* PR_SET_PDEATHSIG */

/* A new session keyring; name NULL: anonymous. Returns 0; a kernel without keys is no error. */
int identity_new_keyring(const char *name, Error *error) MUST_CHECK;

/* "LINUX", "LINUX32" of runtime-spec config-linux.md#personality: -EINVAL for another word. */
int identity_personality_from_name(const char *name, unsigned long *ret_domain);
int identity_set_personality(unsigned long domain, Error *error) MUST_CHECK;

/* sched_setattr(2); policy and flag words as of runtime-spec config.md ("SCHED_BATCH",
 * "SCHED_FLAG_RESET_ON_FORK"). */
typedef struct IdentityScheduler {
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
} IdentityScheduler;
int identity_scheduler_policy_from_name(const char *name, uint32_t *ret_policy);
int identity_scheduler_flag_from_name(const char *name, uint64_t *ret_flag);
/* pid 0: the calling thread. */
int identity_set_scheduler(pid_t pid, const IdentityScheduler *scheduler, Error *error) MUST_CHECK;

/* "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"; priority 0 (first) to 7. */
int identity_ioprio_class_from_name(const char *name, uint32_t *ret_class);
int identity_set_ioprio(pid_t pid, uint32_t ioprio_class, uint32_t priority, Error *error)
    MUST_CHECK;

/* "0-3,7": a list of CPUs, or of memory nodes, into a set; blanks are skipped. -EINVAL or -ERANGE
 * (1024 and above). */
int identity_cpu_list(const char *list, cpu_set_t *ret_set);
int identity_set_affinity(const cpu_set_t *set, Error *error) MUST_CHECK;

/* setsid(2) where the caller is no group leader; and the controlling terminal given up. */
int identity_new_session(Error *error) MUST_CHECK;
