/*
 * Ownership and scope-bound release.
 *
 * CLEANUP(fn) on a local calls fn(&local) when the scope ends, whatever the way out. Each type
 * offers a `noun_done(T *)` (releases what an object holds) or `noun_freep(T **)` (releases the
 * object too) that accepts NULL, empty and half-built values. TAKE_PTR and TAKE_FD hand the value
 * to a new owner and leave the variable empty, so that its cleanup does nothing.
 *
 * No macro here hides a `return` or a `goto`.
 */
#pragma once

#include <stddef.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define TAKE_PTR(p)                 \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })

#define TAKE_FD(fd)           \
    __extension__({           \
        int taken_fd_ = (fd); \
        (fd) = -1;            \
        taken_fd_;            \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define PRINTF_LIKE(fmt_index, first) __attribute__((format(printf, fmt_index, first)))
#define MUST_CHECK                    __attribute__((warn_unused_result))
#define UNUSED                        __attribute__((unused))

/* The signature shared by every cleanup of a plain heap pointer: `char *p CLEANUP(mem_freep)`. */
void mem_freep(void *pointer_to_pointer);
