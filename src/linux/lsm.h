/*
 * Linux security modules: which are active, and labels of processes (AppArmor, SELinux).
 *
 * Files of /proc/PID/attr are opened by the caller (linux/procfs.h, for writing), so that nothing
 * here resolves a path that a container could have mounted over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* Bits of a set. */
typedef enum LsmKind {
    LSM_APPARMOR = 1,
    LSM_SELINUX = 2,
    LSM_SMACK = 4,
    LSM_LANDLOCK = 8,
    LSM_YAMA = 16,
    LSM_BPF = 32,
} LsmKind;

/*
 * The active ones. From /sys/kernel/security/lsm where securityfs is mounted; else AppArmor and
 * SELinux by their own signs in /sys, and Landlock by asking the kernel.
 */
uint32_t lsm_active(void);
/* The list of /sys/kernel/security/lsm as a set; unknown words are skipped. */
uint32_t lsm_from_list(const char *list);

enum { LSM_LABEL_SIZE = 4096 };

/* Sets the label for the next exec of the thread whose attr/.../exec `fd` is open for writing.
 * A label of more than 4095 bytes or with control characters: -EINVAL. */
int lsm_set_exec_label(int fd, LsmKind kind, const char *label, Error *error) MUST_CHECK;
