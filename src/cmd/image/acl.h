/*
 * POSIX ACLs of an archive's entries (acl(5)), as GNU tar and bsdtar write them (text in
 * SCHILY.acl.access and SCHILY.acl.default), in the form in which Linux keeps them: the value of
 * system.posix_acl_access and system.posix_acl_default.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_entry;

enum { ACL_ENTRIES_MAX = 128 };

/* One value; little endian, as the kernel wants it. */
typedef struct Acl {
    uint8_t bytes[4 + 8 * ACL_ENTRIES_MAX];
    size_t size; /* 0: there is none, or none that says more than the mode */
} Acl;

#define ACL_ACCESS_XATTR  "system.posix_acl_access"
#define ACL_DEFAULT_XATTR "system.posix_acl_default"

/* Reads the entry's access or default list. Entries for users and groups that the archive names
 * without a number are left out. False if there are too many. */
bool acl_read(struct archive_entry *from, bool is_default, Acl *ret_acl);
