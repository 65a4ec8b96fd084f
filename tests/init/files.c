/* Reading, making and changing files; nothing follows a link unless it says so. */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int cat_run(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        int fd = open(words[i], O_RDONLY | O_CLOEXEC);
        char buffer[65536];
        ssize_t n;
        while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
            (void)fwrite(buffer, 1, (size_t)n, stdout);
        if (fd < 0 || n < 0)
            return command_failed("cat", words[i]);
        close(fd);
    }
    return 0;
}

static int ls_run(int count, char **words)
{
    const char *path = count > 0 ? words[0] : ".";
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0)
        return command_failed("ls", path);
    for (int i = 0; i < n; i++)
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
            puts(entries[i]->d_name);
    return 0;
}

static int readlink_run(int count, char **words)
{
    (void)count;
    char target[4096];
    ssize_t n = readlink(words[0], target, sizeof(target) - 1);
    if (n < 0)
        return command_failed("readlink", words[0]);
    printf("%.*s\n", (int)n, target);
    return 0;
}

static const char *stat_type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "link";
    case S_IFCHR: return "char";
    case S_IFBLK: return "block";
    case S_IFIFO: return "fifo";
    default: return "socket";
    }
}

static int stat_run(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        struct stat st;
        if (lstat(words[i], &st) < 0)
            return command_failed("stat", words[i]);
        printf("%s type=%s mode=%04o uid=%u gid=%u size=%lld rdev=%u:%u nlink=%lu\n", words[i],
               stat_type(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid,
               (long long)st.st_size, major(st.st_rdev), minor(st.st_rdev),
               (unsigned long)st.st_nlink);
    }
    return 0;
}

static int put(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    size_t size = strlen(text);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size || close(fd) < 0)
        return command_failed("write", path);
    return 0;
}

static int write_run(int count, char **words)
{
    return put(words[0], count > 1 ? words[1] : "", O_CREAT | O_TRUNC);
}

static int append_run(int count, char **words)
{
    return put(words[0], count > 1 ? words[1] : "", O_CREAT | O_APPEND);
}

static int set_run(int count, char **words) /* to an existing file only: sysctl, cgroup, ... */
{
    (void)count;
    return put(words[0], words[1], 0);
}

static int touch_run(int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (put(words[i], "", O_CREAT) != 0)
            return 1;
    return 0;
}

static int mkdir_run(int count, char **words)
{
    (void)count;
    return mkdir(words[0], 0755) == 0 ? 0 : command_failed("mkdir", words[0]);
}

static int remove_run(int count, char **words)
{
    (void)count;
    return remove(words[0]) == 0 ? 0 : command_failed("remove", words[0]);
}

static int rename_run(int count, char **words)
{
    (void)count;
    return rename(words[0], words[1]) == 0 ? 0 : command_failed("rename", words[0]);
}

static int symlink_run(int count, char **words)
{
    (void)count;
    return symlink(words[0], words[1]) == 0 ? 0 : command_failed("symlink", words[1]);
}

static int chmod_run(int count, char **words)
{
    (void)count;
    return chmod(words[1], (mode_t)strtol(words[0], NULL, 8)) == 0
               ? 0
               : command_failed("chmod", words[1]);
}

static int chown_run(int count, char **words)
{
    (void)count;
    bool done =
        lchown(words[2], (uid_t)command_number(words[0]), (gid_t)command_number(words[1])) == 0;
    return done ? 0 : command_failed("chown", words[2]);
}

static int mknod_run(int count, char **words)
{
    (void)count;
    mode_t type = words[1][0] == 'b' ? S_IFBLK : words[1][0] == 'p' ? S_IFIFO : S_IFCHR;
    dev_t device = makedev((unsigned)command_number(words[2]), (unsigned)command_number(words[3]));
    return mknod(words[0], type | 0666, device) == 0 ? 0 : command_failed("mknod", words[0]);
}

static int open_run(int count, char **words)
{
    int flags = count > 1 && strcmp(words[1], "rw") == 0 ? O_RDWR : O_RDONLY;
    int fd = open(words[0], flags | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return command_failed("open", words[0]);
    close(fd);
    return 0;
}

const Command file_commands[] = {
    { "append", "FILE [TEXT]", 1, append_run },
    { "cat", "FILE...", 1, cat_run },
    { "chmod", "OCTAL PATH", 2, chmod_run },
    { "chown", "UID GID PATH", 3, chown_run },
    { "ls", "[DIR]", 0, ls_run },
    { "mkdir", "PATH", 1, mkdir_run },
    { "mknod", "PATH c|b|p MAJOR MINOR", 4, mknod_run },
    { "open", "PATH [rw]", 1, open_run },
    { "readlink", "PATH", 1, readlink_run },
    { "remove", "PATH", 1, remove_run },
    { "rename", "OLD NEW", 2, rename_run },
    { "set", "FILE TEXT", 2, set_run },
    { "stat", "PATH...", 1, stat_run },
    { "symlink", "TARGET PATH", 2, symlink_run },
    { "touch", "FILE...", 1, touch_run },
    { "write", "FILE [TEXT]", 1, write_run },
    { NULL, NULL, 0, NULL },
};
