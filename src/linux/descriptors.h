/*
 * Closing what a program must not find open: close_range(2), Linux 5.9.
 *
 * Marking close-on-exec is not enough where the program's path comes from somebody else: execve(2)
 * resolves it before it closes anything, so "/proc/self/fd/N/../../bin/sh", or a symlink to that,
 * would run the host's file through a directory that was left open (CVE-2024-21626).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Closes all descriptors after standard error but those in keep[] (at most DESCRIPTORS_KEEP_MAX,
 * in any order; -1 is skipped), and the next `preserve` that are not close-on-exec: those are the
 * caller's, who wants them inherited. keep[] is sorted.
 *
 * Where close_range is refused, one by one, up to the limit of open files but not above
 * 1,048,576.
 */
enum { DESCRIPTORS_KEEP_MAX = 16 };
int descriptors_close(unsigned preserve, int *keep, size_t count, Error *error) MUST_CHECK;
/* All from `first` on, likewise. */
void descriptors_close_from(unsigned first);
