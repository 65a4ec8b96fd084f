/*
 * The trap: an archive is data from strangers. What is passed to criu besides it comes from the
 * caller's configuration: sources of mounts, cgroups, the root. What the archive brings
 * nevertheless (credentials, filters) is compared by `restore` before the processes run. And its
 * files are files: criu follows links where it reads, and where it writes its log.
 */
#include "criu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/clone.h"

#define CRIU_LOG    "ambit-criu.log"
#define CRIU_PARENT "parent" /* a link that criu makes: where the images before these are */

enum { CRIU_LOG_MAX = 64 * 1024 * 1024, CRIU_PARENTS_MAX = 64 };

const char *const criu_cgroup_modes[] = { "soft", "full", "strict", "ignore", NULL };

static int criu_check_file(int directory, const char *path, const char *name, Error *error)
{
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "%s/%s", path, name);
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode))
        return 0;
    return error_set(error, ERROR_DENIED, EPERM, "%s/%s: %s instead of a file", path, name,
                     S_ISLNK(st.st_mode) ? "a symbolic link" : "a device or FIFO");
}

/* The images of one directory. */
static int criu_check_directory(int directory, const char *path, Error *error)
{
    int list = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = list < 0 ? NULL : fdopendir(list);
    if (!dir)
        return error_errno(error, errno, "%s", path);
    const struct dirent *entry;
    int r = 0, more = 0;
    while (r == 0 && (more = file_next_entry(dir, &entry)) > 0)
        if (!str_eq(entry->d_name, CRIU_PARENT))
            r = criu_check_file(directory, path, entry->d_name, error);
    return more < 0 ? error_errno(error, more, "%s", path) : r;
}

/* Links would give processes what the host keeps in other files, or write there. */
static int criu_check_images(const char *path, Error *error)
{
    int here CLEANUP(fd_closep) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int depth = 0; here >= 0 && depth < CRIU_PARENTS_MAX; depth++) {
        int r = criu_check_directory(here, path, error);
        if (r < 0)
            return r;
        int parent = openat(here, CRIU_PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0 && errno == ENOENT)
            return 0;
        fd_close(here);
        here = parent;
    }
    return error_errno(error, here < 0 ? errno : ELOOP, "%s/" CRIU_PARENT, path);
}

int criu_images(const CriuOptions *options, bool make, Arena *arena, const char **ret_path,
                Error *error)
{
    char path[PATH_MAX];
    const char *wanted = str_empty(options->image_path) ? "checkpoint" : options->image_path;
    int fd CLEANUP(fd_closep) = make ? file_make_dirs_at(AT_FDCWD, wanted, 0700) : -1;
    if (make && fd < 0)
        return error_errno(error, fd, "--image-path: %s", wanted);
    if (!realpath(wanted, path))
        return error_errno(error, errno, "--image-path: %s", wanted);
    *ret_path = arena_strdup(arena, path);
    return criu_check_images(path, error);
}

static int criu_add_parent(const CriuOptions *options, const char *images, StrList *words,
                           Arena *arena, Error *error)
{
    if (str_empty(options->parent_path))
        return 0;
    if (options->parent_path[0] == '/')
        return error_set(error, ERROR_USAGE, EINVAL, "--parent-path must be relative");
    const char *path = arena_printf(arena, "%s/%s", images, options->parent_path);
    int fd CLEANUP(fd_closep) = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "invalid --parent-path: %s", path);
    strlist_append(arena, words, "--prev-images-dir");
    strlist_append(arena, words, options->parent_path);
    strlist_append(arena, words, "--track-mem");
    return 0;
}

static int criu_add_server(const CriuOptions *options, StrList *words, Arena *arena, Error *error)
{
    if (str_empty(options->page_server))
        return 0;
    const char *colon = strrchr(options->page_server, ':');
    uint32_t port;
    if (!colon || colon == options->page_server || str_to_u32(colon + 1, &port) < 0 || port > 65535)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "Use --page-server ADDRESS:PORT to specify page server");
    strlist_append(arena, words, "--page-server");
    strlist_append(arena, words, "--address");
    strlist_append(
        arena, words,
        arena_strndup(arena, options->page_server, (size_t)(colon - options->page_server)));
    strlist_append(arena, words, "--port");
    strlist_append(arena, words, colon + 1);
    return 0;
}

int criu_begin(const Instance *instance, const CriuOptions *options, const char *action,
               const char *images, StrList *ret_words, Error *error)
{
    Arena *arena = instance->arena;
    const char *program = instance->globals->criu;
    StrList words = { 0 };
    for (size_t i = 0; i < options->empty_ns.count; i++)
        if (!str_eq(options->empty_ns.items[i], "network"))
            return error_set(error, ERROR_USAGE, EINVAL,
                             "--empty-ns: namespace \"%s\" is not "
                             "supported",
                             options->empty_ns.items[i]);
    const struct {
        bool given;
        const char *word;
    } flags[] = {
        { options->leave_running, "--leave-running" },
        { options->tcp_established, "--tcp-established" },
        { options->tcp_close, "--tcp-close" },
        { options->tcp_skip_in_flight, "--skip-in-flight" },
        { options->link_remap, "--link-remap" },
        { options->ext_unix_sk, "--ext-unix-sk" },
        { options->shell_job, "--shell-job" },
        { options->lazy_pages, "--lazy-pages" },
        { options->file_locks, "--file-locks" },
        { options->auto_dedup, "--auto-dedup" },
    };
    strlist_append(arena, &words, str_empty(program) ? "criu" : program);
    strlist_append(arena, &words, action);
    const char *const fixed[] = {
        "--no-default-config",
        "--images-dir",
        images,
        "--work-dir",
        str_empty(options->work_path) ? images : options->work_path,
        "--log-file",
        CRIU_LOG,
        "-v4",
        arena_printf(arena, "--manage-cgroups=%s", criu_cgroup_modes[options->cgroups_mode]),
    };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        strlist_append(arena, &words, fixed[i]);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i].given)
            strlist_append(arena, &words, flags[i].word);
    if (options->status_fd >= 0) {
        strlist_append(arena, &words, "--status-fd");
        strlist_append(arena, &words, arena_printf(arena, "%d", (int)options->status_fd));
    }
    *ret_words = words;
    int r = criu_add_parent(options, images, ret_words, arena, error);
    return r < 0 ? r : criu_add_server(options, ret_words, arena, error);
}

const char *criu_mount_key(const char *destination, Arena *arena)
{
    StrBuf key CLEANUP(strbuf_done) = { 0 };
    strbuf_add_char(&key, 'm');
    for (const char *p = destination; *p; p++)
        strbuf_printf(&key, "%02x", (unsigned char)*p);
    return arena_strdup(arena, strbuf_text(&key));
}

bool criu_is_bind(const SpecMount *mount)
{
    if (mount->type && str_eq(mount->type, "bind"))
        return true;
    for (size_t i = 0; i < mount->options.count; i++)
        if (str_eq(mount->options.items[i], "bind") || str_eq(mount->options.items[i], "rbind"))
            return true;
    return false;
}

/* "(00.123) Error (criu/files.c:12): words": the first such line, or NULL. */
static const char *criu_complaint(const char *work, Arena *arena)
{
    char *text;
    if (file_read_at(AT_FDCWD, arena_printf(arena, "%s/" CRIU_LOG, work), CRIU_LOG_MAX, arena,
                     &text, NULL) < 0)
        return NULL;
    char *line = strstr(text, "Error (");
    if (!line)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* What criu writes there, by fixed names. */
static int criu_check_work(int directory, const char *path, Error *error)
{
    static const char *const names[] = { CRIU_LOG, "stats-dump", "stats-restore", "irmap-cache" };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++)
        r = criu_check_file(directory, path, names[i], error);
    return r;
}

int criu_run(const CriuOptions *options, const StrList *words, const char *images, Arena *arena,
             Error *error)
{
    const char *work = str_empty(options->work_path) ? images : options->work_path;
    int fd CLEANUP(fd_closep) = file_make_dirs_at(AT_FDCWD, work, 0700);
    if (fd < 0)
        return error_errno(error, fd, "--work-path: %s", work);
    pid_t pid;
    int status;
    int r = criu_check_work(fd, work, error);
    if (r < 0)
        return r;
    r = posix_spawnp(&pid, words->items[0], NULL, NULL, words->items, environ);
    if (r != 0)
        return error_errno(error, r, "%s: checkpoint and restore need the program criu",
                           words->items[0]);
    r = clone_wait(pid, &status, error);
    if (r < 0 || status == 0)
        return r;
    const char *complaint = criu_complaint(work, arena);
    return error_set(error, ERROR_SYSTEM, EIO, "criu %s failed: %.500s (log: %s/" CRIU_LOG ")",
                     words->items[1], complaint ? complaint : "no reason in its log", work);
}
