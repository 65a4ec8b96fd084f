/*
 * A directory of the caller's own must exist; of the usual ones the first that does counts.
 */
#include "cmd/registry/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"

enum { TRUST_FILE_MAX = 4 * 1024 * 1024 };

static int trust_take(int dirfd, const char *name, Arena *arena, ExchangeTrust *trust, Error *error)
{
    char *text;
    const char **member = str_ends(name, ".crt")    ? &trust->authorities
                          : str_ends(name, ".cert") ? &trust->certificate
                          : str_ends(name, ".key")  ? &trust->key
                                                    : NULL;
    if (!member)
        return 0;
    int r = file_read_at(dirfd, name, TRUST_FILE_MAX, arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "%s", name);
    bool more = member == &trust->authorities && *member;
    *member = more ? arena_printf(arena, "%s\n%s", *member, text) : text;
    return 0;
}

static int trust_read_directory(const char *path, Arena *arena, ExchangeTrust *trust, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = opendir(path);
    if (!dir)
        return error_errno(error, errno, "%s", path);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (trust_take(dirfd(dir), entry->d_name, arena, trust, error) < 0)
            return error_wrap(error, "%s", path);
    if (!trust->certificate != !trust->key)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "%s: a client's .cert and .key belong together", path);
    return 0;
}

int trust_read(const char *authority, const char *directory, Arena *arena, ExchangeTrust *trust,
               Error *error)
{
    if (directory)
        return trust_read_directory(directory, arena, trust, error);
    const char *home = getenv("HOME");
    const char *paths[] = {
        home ? arena_printf(arena, "%s/.config/containers/certs.d/%s", home, authority) : NULL,
        arena_printf(arena, "/etc/containers/certs.d/%s", authority),
        arena_printf(arena, "/etc/docker/certs.d/%s", authority),
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int r = paths[i] ? trust_read_directory(paths[i], arena, trust, error) : -ENOENT;
        if (r != -ENOENT)
            return r;
        error_clear(error);
    }
    return 0;
}
