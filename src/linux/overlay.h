/*
 * Overlay filesystems from descriptors. Lower layers are given topmost first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct OverlayOptions {
    int base_fd; /* directory to which all paths below are relative: of the caller's mount
                    namespace, or the root of a detached mount (an idmapped clone of the store) */
    const char *const *lowers; /* topmost first, relative to base_fd */
    size_t lower_count;        /* 1 to 500 */
    const char *upper;         /* NULL: read-only overlay */
    const char *work;
    bool upper_elsewhere; /* upper and work are relative to upper_base_fd instead */
    int upper_base_fd;
    bool volatile_sync; /* "volatile": no fsync of the upper layer (discarded containers) */
    bool userxattr;     /* rootless: "userxattr" */
} OverlayOptions;

/*
 * A detached overlay mount. The directories are opened and handed over as descriptors; those of the
 * upper layer get the ids of the work directory's owner (uid as seen through base_fd), who must be
 * mapped: for an idmapped base that is the container's root, work and upper being stored as 0:0.
 *
 * Kernels without "lowerdir+" (before 6.8), and those that take no layers from detached mounts
 * (before 6.15, if base_fd is one), get it from mount(2) by a short-lived child in a mount
 * namespace of its own: 0.5 ms more, and a detached base_fd has moved there and is of no use
 * afterwards.
 */
int overlay_mount(const OverlayOptions *options, Error *error) MUST_CHECK;

/* One way of doing it and no other, for the tests of each. */
typedef enum OverlayRung {
    OVERLAY_RUNG_FD,      /* Linux 6.13; 6.15 if base_fd is detached */
    OVERLAY_RUNG_STRING,  /* Linux 6.8; 6.15 if base_fd is detached */
    OVERLAY_RUNG_CLASSIC, /* mount(2); needs open_tree, Linux 5.2 */
} OverlayRung;
int overlay_mount_rung(const OverlayOptions *options, OverlayRung rung, Error *error) MUST_CHECK;
