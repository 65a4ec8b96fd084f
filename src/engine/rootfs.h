/*
 * A container's root: which layers, and where its own writes go.
 *
 * Rungs, best first; the one taken is recorded and shown by `inspect` and `explain`:
 *
 *   idmapped  overlay over one idmapped clone of the store: no copy, no change of owner on disk
 *             (Linux 5.19 and a filesystem that can be idmapped: ext4, xfs, btrfs, tmpfs, ...)
 *   copied    the layers are copied once into the container's directory, with shifted owners
 *   plain     overlay with the ids as they are: only with the host's user namespace
 *   directory --rootfs DIR, idmapped if the container has ids of its own
 *
 * The lowest layer of every container is <root>/stubs: empty places for what is mounted in each
 * (/dev, /proc, /sys, /etc/hosts, ...) and /etc/mtab, so that an image without them costs no write
 * to disk.
 */
#pragma once

#include "engine/lifecycle.h"
#include "runtime/plan_build.h"

typedef enum RootfsRung {
    ROOTFS_IDMAPPED,
    ROOTFS_COPIED,
    ROOTFS_PLAIN,
    ROOTFS_DIRECTORY,
} RootfsRung;

const char *rootfs_rung_name(RootfsRung rung);

/* Whether this is how a kernel or filesystem without idmapped mounts refuses the first rung: then
 * rootfs_copy serves. */
bool rootfs_is_refusal(const Error *error);

/* The second rung: copies the image's tree into the container's directory, every id raised by
 * first_id. ret_path is absolute. */
int rootfs_copy(Lifecycle *lifecycle, const PlanLayers *layers, uint32_t first_id, Arena *arena,
                const char **ret_path, Error *error) MUST_CHECK;

/* Makes upper and work below the container's directory and names everything for the plan.
 * `layers`: hex diff ids, topmost first. A read-only root has an upper directory too: for the
 * places that mounts need and the image has not. */
int rootfs_layers(const Lifecycle *lifecycle, const StrList *layers, bool in_memory, Arena *arena,
                  PlanLayers *ret_layers, Error *error) MUST_CHECK;
