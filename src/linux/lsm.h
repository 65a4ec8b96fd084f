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

/*
 * The file below /proc/PID for the label of the next exec, and the one for the current label:
 * "attr/exec" and "attr/current" for SELinux. AppArmor has its own since Linux 5.8
 * ("attr/apparmor/exec"), to be tried first: with SELinux beside it the old name is SELinux's.
 */
const char *lsm_exec_path(LsmKind kind);
const char *lsm_current_path(LsmKind kind);

/* Sets the label for the next exec of the thread whose attr/.../exec `fd` is open for writing.
 * A label of more than 4095 bytes or with control characters: -EINVAL. */
int lsm_set_exec_label(int fd, LsmKind kind, const char *label, Error *error) MUST_CHECK;

/*
 * Reads a label from an open attr/.../current, without the terminating newline or NUL; empty if
 * there is none. AppArmor's mode goes apart: "docker-default (enforce)" gives "docker-default" and
 * "enforce" (ret_mode may be NULL). -EINVAL where the kernel has no such module.
 */
enum { LSM_LABEL_SIZE = 4096, LSM_MODE_SIZE = 16 };
int lsm_read_label(int fd, char ret_label[LSM_LABEL_SIZE], char ret_mode[LSM_MODE_SIZE],
                   Error *error) MUST_CHECK;
