/*
 * The namespaces of a process, through its open /proc/PID directory (process.h): a pid that is used
 * again midway gives an error and never another process's namespaces.
 */
#pragma once

#include "linux/namespace.h"

/* One id per kind, 0 for a kind that this kernel does not have. Needs the right to look at the
 * process (ptrace(2), PTRACE_MODE_READ): -EACCES without it. */
int namespace_of_ids(int proc_pid_fd, uint64_t ret_ids[NAMESPACE_MAX], Error *error) MUST_CHECK;
/* A descriptor of one of them: keeps it alive, and can be joined. */
int namespace_of_open(int proc_pid_fd, NamespaceType type, Error *error) MUST_CHECK;

/*
 * The namespaces of the host, as far as the caller can see: those of process 1, or, where those
 * are not for the caller to read, of its outermost ancestor whose are. From inside a container
 * that is the container's own first process: there is no way to look further out.
 */
int namespace_of_host(uint64_t ret_ids[NAMESPACE_MAX], Error *error) MUST_CHECK;

/* "net:[4026531833]", "4026531833": the id, and the kind if the text tells it (else
 * NAMESPACE_INVALID). Returns 0 or -EINVAL. */
int namespace_of_parse(const char *text, NamespaceType *ret_type, uint64_t *ret_id);
