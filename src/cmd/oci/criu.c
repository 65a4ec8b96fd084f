/*
 * The trap: an archive is data from strangers. What is passed to criu besides it comes from the
 * caller's configuration: sources of mounts, cgroups, the root. What the archive brings
 * nevertheless (credentials, filters) is compared by `restore` before the processes run.
 */
#include "criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/clone.h"

enum { CRIU_LOG_MAX = 64 * 1024 * 1024 };

const char *const criu_cgroup_modes[] = { "soft", "full", "strict", "ignore", NULL };

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
    return 0;
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
        "ambit-criu.log",
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
    if (file_read_at(AT_FDCWD, arena_printf(arena, "%s/ambit-criu.log", work), CRIU_LOG_MAX, arena,
                     &text, NULL) < 0)
        return NULL;
    char *line = strstr(text, "Error (");
    if (!line)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line;
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
    int r = posix_spawnp(&pid, words->items[0], NULL, NULL, words->items, environ);
    if (r != 0)
        return error_errno(error, r, "%s: checkpoint and restore need the program criu",
                           words->items[0]);
    r = clone_wait(pid, &status, error);
    if (r < 0 || status == 0)
        return r;
    const char *complaint = criu_complaint(work, arena);
    return error_set(error, ERROR_SYSTEM, EIO, "criu %s failed: %.500s (log: %s/ambit-criu.log)",
                     words->items[1], complaint ? complaint : "no reason in its log", work);
}
