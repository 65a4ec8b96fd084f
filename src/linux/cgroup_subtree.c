/*
 * Enabling controllers of cgroup v2 on the way down.
 *
 * The trap: a cgroup with controllers enabled for its children holds no processes itself (the root
 * of the whole tree excepted), so that enabling fails with EBUSY where somebody lives; and that
 * somebody has to be named for the message to be of use.
 */
#include "linux/cgroup_subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/cgroup_directory.h"
#include "linux/cgroup_host.h"

enum { CGROUP_SUBTREE_WORDS_SIZE = 1024 }; /* of cgroup.controllers */

static int cgroup_subtree_read_controllers(int directory, const char *file, uint32_t *ret_bits,
                                           Error *error)
{
    char words[CGROUP_SUBTREE_WORDS_SIZE];
    ssize_t n = cgroup_directory_read(directory, file, words, sizeof(words), error);
    if (n < 0)
        return (int)n;
    *ret_bits = cgroup_controllers_parse(words, ' ');
    return 0;
}

/* "+memory +pids" */
static const char *cgroup_subtree_control_text(uint32_t bits, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        if ((bits & CGROUP_BIT(c)) && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s+%s", used ? " " : "",
                                     cgroup_controller_name((CgroupController)c, CGROUP_V2));
    return buffer;
}

/* Why an ancestor refused, for people. */
static int cgroup_subtree_explain(int directory, const char *wanted, int code, Error *error)
{
    char name[PATH_MAX];
    (void)cgroup_directory_name(directory, name, sizeof(name));
    if (code != EBUSY)
        return error_errno(error, code, "enable '%s' in %s/cgroup.subtree_control", wanted, name);

    /* Only its own processes count, not those below: cgroup.procs, not cgroup_directory_pids. */
    char text[4096], comm[32] = "?", file[64];
    int pid = 0;
    if (cgroup_directory_read(directory, "cgroup.procs", text, sizeof(text), NULL) > 0)
        pid = (int)strtol(text, NULL, 10);
    (void)snprintf(file, sizeof(file), "/proc/%d/comm", pid);
    int fd CLEANUP(fd_closep) = open(file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd_read_text(fd, comm, sizeof(comm)) > 0)
        comm[strcspn(comm, "\n")] = '\0';
    return error_set(error, ERROR_CONFLICT, EBUSY,
                     "cannot enable '%s' below cgroup %s: it holds processes of its own (%d, %s), "
                     "and cgroup v2 allows none in a cgroup whose children have controllers; move "
                     "them into a child, or use another parent cgroup",
                     wanted, name, pid, comm);
}

/* One ancestor: what it has and does not yet pass on. The first refusal is kept in *error. */
static int cgroup_subtree_enable_in(int directory, uint32_t controllers, Error *error)
{
    uint32_t has = 0, passed = 0;
    int r = cgroup_subtree_read_controllers(directory, "cgroup.controllers", &has, error);
    if (r >= 0)
        r = cgroup_subtree_read_controllers(directory, "cgroup.subtree_control", &passed, error);
    if (r < 0)
        return r;
    uint32_t missing = controllers & has & ~passed;
    char text[256];
    if (!missing ||
        file_write_text_at(directory, "cgroup.subtree_control",
                           cgroup_subtree_control_text(missing, text, sizeof(text))) == 0)
        return 0;
    /* All or nothing: one that is refused must not keep the others out. */
    int result = 0;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!(missing & CGROUP_BIT(c)))
            continue;
        (void)cgroup_subtree_control_text(CGROUP_BIT(c), text, sizeof(text));
        r = file_write_text_at(directory, "cgroup.subtree_control", text);
        if (r < 0 && result == 0)
            result = cgroup_subtree_explain(directory, text, -r, error);
    }
    return result;
}

/* The first component of `names`. */
static int cgroup_subtree_open_child(int directory, const char *names)
{
    char name[NAME_MAX + 1];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(names, "/"), names);
    return openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int cgroup_subtree_enable(const char *mount, const char *path, int directory, uint32_t controllers,
                          Error *error)
{
    uint32_t has = 0;
    int r = controllers
                ? cgroup_subtree_read_controllers(directory, "cgroup.controllers", &has, error)
                : 0;
    if (r < 0 || !(controllers & ~has))
        return r;

    Error first = { 0 };
    int here CLEANUP(fd_closep) = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *name = path + 1; here >= 0; name += strcspn(name, "/") + 1) {
        Error refused = { 0 };
        if (cgroup_subtree_enable_in(here, controllers, &refused) < 0 && first.kind == ERROR_NONE)
            first = refused;
        if (!strchr(name, '/'))
            break; /* the last component passes nothing on */
        int child = cgroup_subtree_open_child(here, name);
        fd_close(here);
        here = child;
    }
    if (here < 0)
        return error_errno(error, errno, "open the ancestors of cgroup %s%s", mount, path);

    r = cgroup_subtree_read_controllers(directory, "cgroup.controllers", &has, error);
    if (r < 0 || !(controllers & ~has))
        return r;
    if (first.kind != ERROR_NONE) {
        if (error)
            *error = first;
        return -first.code;
    }
    char text[256];
    return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                     "cgroup %s%s cannot have '%s': an ancestor does not have it", mount, path,
                     cgroup_subtree_control_text(controllers & ~has, text, sizeof(text)));
}
