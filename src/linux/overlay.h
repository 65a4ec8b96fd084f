/*
 * Overlay filesystems from descriptors. Lower layers are given topmost first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct OverlayOptions {
    int base_fd;               /* directory to which all paths below are relative (may be an
                                  idmapped detached clone of the store: one clone for all layers) */
    const char *const *lowers; /* topmost first, relative to base_fd */
    size_t lower_count;        /* 1 to 500 */
    const char *upper;         /* NULL: read-only overlay */
    const char *work;
    bool volatile_sync; /* "volatile": no fsync of the upper layer (discarded containers) */
    bool userxattr;     /* rootless: "userxattr" */
} OverlayOptions;

/* A detached overlay mount. The directories are opened and handed over as descriptors. Old kernels
 * without "lowerdir+" (before 6.8) get it from mount(2) in a scratch mount namespace of a
 * short-lived child. */
int overlay_mount(const OverlayOptions *options, Error *error) MUST_CHECK;

/* One way of doing it and no other, for the tests of each. */
typedef enum OverlayRung {
    OVERLAY_RUNG_FD,      /* Linux 6.13 */
    OVERLAY_RUNG_STRING,  /* Linux 6.8 */
    OVERLAY_RUNG_CLASSIC, /* mount(2); needs open_tree, Linux 5.2 */
} OverlayRung;
int overlay_mount_rung(const OverlayOptions *options, OverlayRung rung, Error *error) MUST_CHECK;
