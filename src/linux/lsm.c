/*
 * A label is one line in one write. Trap: AppArmor wants "exec LABEL" in the exec file; SELinux has
 * the bare label.
 */
#include "linux/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* Linux 5.13 */
#endif

enum { LANDLOCK_ASK_VERSION = 1, SELINUXFS_MAGIC = (int)0xf97cff8c };

uint32_t lsm_from_list(const char *list)
{
    static const struct {
        const char *name;
        LsmKind kind;
    } words[] = {
        { "apparmor", LSM_APPARMOR }, { "selinux", LSM_SELINUX }, { "smack", LSM_SMACK },
        { "landlock", LSM_LANDLOCK }, { "yama", LSM_YAMA },       { "bpf", LSM_BPF },
    };
    uint32_t set = 0;
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ",\n");
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            if (strlen(words[i].name) == length && strncmp(p, words[i].name, length) == 0)
                set |= words[i].kind;
        }
        p += length;
        p += strspn(p, ",\n");
    }
    return set;
}

static bool lsm_read_file(const char *path, char *buffer, size_t size)
{
    int fd CLEANUP(fd_closep) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 && fd_read_text(fd, buffer, size) >= 0;
}

uint32_t lsm_active(void)
{
    char text[512];
    if (lsm_read_file("/sys/kernel/security/lsm", text, sizeof(text)))
        return lsm_from_list(text);

    uint32_t set = 0;
    struct statfs fs;
    if (lsm_read_file("/sys/module/apparmor/parameters/enabled", text, sizeof(text)) &&
        text[0] == 'Y')
        set |= LSM_APPARMOR;
    if (statfs("/sys/fs/selinux", &fs) == 0 && (uint32_t)fs.f_type == (uint32_t)SELINUXFS_MAGIC)
        set |= LSM_SELINUX;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASK_VERSION) > 0)
        set |= LSM_LANDLOCK;
    return set;
}

static bool lsm_is_label(const char *label)
{
    size_t length = 0;
    for (; label[length]; length++) {
        if (length >= LSM_LABEL_SIZE - 1 || (unsigned char)label[length] < ' ' ||
            label[length] == 0x7f)
            return false;
    }
    return length > 0;
}

int lsm_set_exec_label(int fd, LsmKind kind, const char *label, Error *error)
{
    if (!lsm_is_label(label))
        return error_set(error, ERROR_USAGE, EINVAL, "not a label for a process");
    char text[LSM_LABEL_SIZE + 8];
    int length = snprintf(text, sizeof(text), "%s%s", kind == LSM_APPARMOR ? "exec " : "", label);
    ssize_t n = write(fd, text, (size_t)length); /* one write: the kernel takes it as a whole */
    if (n == length)
        return 0;
    int code = n < 0 ? errno : EIO;
    if (kind == LSM_APPARMOR && code == ENOENT)
        return error_set(error, ERROR_NOT_FOUND, code, "AppArmor profile \"%s\" is not loaded",
                         label);
    return error_errno(error, code, "set the label \"%s\"", label);
}
