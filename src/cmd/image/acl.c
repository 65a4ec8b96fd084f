/*
 * libarchive parses the text; here its entries become the kernel's: a version, then tag,
 * permissions and id, in the order of the tags (posix_acl_valid refuses any other).
 */
#include "cmd/image/acl.h"

#include <archive_entry.h>
#include <endian.h>
#include <string.h>

#include "base/mem.h"

enum { ACL_VERSION = 2 };

/* In the kernel's order. */
static const struct {
    int tag; /* libarchive's */
    uint16_t kernel_tag;
    bool has_id;
} acl_tags[] = {
    { ARCHIVE_ENTRY_ACL_USER_OBJ, 0x01, false },  { ARCHIVE_ENTRY_ACL_USER, 0x02, true },
    { ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04, false }, { ARCHIVE_ENTRY_ACL_GROUP, 0x08, true },
    { ARCHIVE_ENTRY_ACL_MASK, 0x10, false },      { ARCHIVE_ENTRY_ACL_OTHER, 0x20, false },
};

static void acl_put(Acl *acl, size_t tag, int permissions, int64_t id)
{
    uint16_t kernel_tag = htole16(acl_tags[tag].kernel_tag);
    uint16_t allowed = htole16((uint16_t)(permissions & 7));
    uint32_t who = htole32(acl_tags[tag].has_id ? (uint32_t)id : UINT32_MAX);
    uint8_t *at = acl->bytes + acl->size;
    memcpy(at, &kernel_tag, 2);
    memcpy(at + 2, &allowed, 2);
    memcpy(at + 4, &who, 4);
    acl->size += 8;
}

/* All entries with one tag. */
static bool acl_add(struct archive_entry *from, int type, size_t tag, Acl *acl)
{
    int entry_type, permissions, entry_tag, id;
    const char *name;
    (void)archive_entry_acl_reset(from, type);
    while (archive_entry_acl_next(from, type, &entry_type, &permissions, &entry_tag, &id, &name) ==
           0) {
        if (entry_tag != acl_tags[tag].tag || (acl_tags[tag].has_id && id < 0))
            continue;
        if (acl->size + 8 > sizeof(acl->bytes))
            return false;
        acl_put(acl, tag, permissions, id);
    }
    return true;
}

bool acl_read(struct archive_entry *from, bool is_default, Acl *ret_acl)
{
    int type = is_default ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT : ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
    uint32_t version = htole32(ACL_VERSION);
    ret_acl->size = 0;
    if (archive_entry_acl_count(from, type) == 0)
        return true;
    memcpy(ret_acl->bytes, &version, sizeof(version));
    ret_acl->size = sizeof(version);
    for (size_t i = 0; i < ARRAY_LEN(acl_tags); i++)
        if (!acl_add(from, type, i, ret_acl))
            return false;
    return true;
}
