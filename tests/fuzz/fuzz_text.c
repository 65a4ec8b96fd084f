/*
 * The texts of the kernel and of a container's files: the first byte says which of them the rest
 * is. Those of /proc are hostile where a container names its mounts or processes; passwd and group
 * are its own files.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "linux/cgroup_host.h"
#include "linux/idmap.h"
#include "linux/mountinfo.h"
#include "linux/process.h"
#include "runtime/user.h"

static char fuzz_directory[] = "/tmp/fuzz-text-XXXXXX";
static int fuzz_directory_fd = -1;

static void fuzz_clean(void)
{
    (void)unlinkat(fuzz_directory_fd, "etc/passwd", 0);
    (void)unlinkat(fuzz_directory_fd, "etc/group", 0);
    (void)unlinkat(fuzz_directory_fd, "etc", AT_REMOVEDIR);
    (void)rmdir(fuzz_directory);
}

/* A root with /etc/passwd and /etc/group. */
static int fuzz_root(const char *text)
{
    static const char *const names[] = { "etc/passwd", "etc/group" };
    if (fuzz_directory_fd < 0) {
        FUZZ_ASSERT(mkdtemp(fuzz_directory) && atexit(fuzz_clean) == 0);
        fuzz_directory_fd = open(fuzz_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        FUZZ_ASSERT(mkdirat(fuzz_directory_fd, "etc", 0700) == 0);
    }
    int fd = fuzz_directory_fd;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int file = openat(fd, names[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        FUZZ_ASSERT(file >= 0 && write(file, text, strlen(text)) >= 0 && close(file) == 0);
    }
    return fd;
}

static void fuzz_user(const char *text, Arena *arena)
{
    static const char *const users[] = { "anna", "anna:staff", "1000", "0:0" };
    StrList extra = strlist_split(arena, "staff,7", ',');
    int root = fuzz_root(text);
    for (size_t i = 0; i < ARRAY_LEN(users); i++) {
        Error error = { 0 };
        User user;
        if (user_lookup(root, users[i], &extra, arena, &user, &error) < 0)
            FUZZ_ASSERT(*error.message);
        else
            FUZZ_ASSERT(user.uid <= USER_ID_MAX && user.gid <= USER_ID_MAX && user.home);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    if (size == 0 || memchr(data, 0, size))
        return 0;
    char *text = arena_strndup(&arena, (const char *)data + 1, size - 1);
    size_t count;
    MountinfoEntry *entries;
    IdRange *ranges;
    ProcessStatus status;
    ProcessStat stat;
    CgroupHost host;
    int r = 0;
    switch (data[0]) {
    case 'm': r = mountinfo_parse(text, &arena, &entries, &count, &error); break;
    case 'i': r = idmap_parse(text, &arena, &ranges, &count, &error); break;
    case 's': r = process_status_parse(text, &arena, &status, &error); break;
    case 'p': r = process_stat_parse(text, &stat, &error); break;
    case 'c': cgroup_host_parse(text, "0::/\n3:memory:/x\n", &arena, &host); break;
    case 'g': cgroup_host_parse("", text, &arena, &host); break;
    case 'u': fuzz_user(text, &arena); break;
    default: break;
    }
    FUZZ_ASSERT(r == 0 || *error.message);
    return 0;
}
