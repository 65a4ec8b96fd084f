/*
 * What a C library's threads need of an outer system call filter: pthread_create(3),
 * posix_spawn(3).
 */
#pragma once

#include "base/error.h"

/*
 * glibc goes back to clone(2) only where clone3 is missing (ENOSYS). Where a filter around us
 * refuses it with EPERM, a filter of our own makes it missing, from here on and for all children.
 * Nothing happens elsewhere. For the first lines of a program: it covers the calling thread only,
 * and sets no_new_privs where the kernel insists on it (without CAP_SYS_ADMIN).
 */
int threads_prepare(Error *error) MUST_CHECK;
