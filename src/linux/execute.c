/*
 * The trap: execve of a directory answers EACCES, which would hide a program later in the path, and
 * EACCES itself is remembered while the search goes on.
 */
#include "linux/execute.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXECUTE_FILE_MAX = 4096 }; /* PATH_MAX */

static const char execute_default_path[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Without `args` it only looks. */
static int execute_try(const char *file, char *const *args, char *const *environment)
{
    struct stat st;
    if ((args || file[0] == '/') && stat(file, &st) == 0 && S_ISDIR(st.st_mode))
        return EISDIR;
    if (args)
        (void)execve(file, args, environment);
    else if (file[0] != '/' || access(file, X_OK) == 0)
        return 0;
    return errno;
}

/* The search goes on: the next directory may have one. */
static bool execute_is_absent(int code)
{
    return code == ENOENT || code == ENOTDIR || code == EISDIR || code == ELOOP ||
           code == ENAMETOOLONG || code == ENODEV || code == ESTALE;
}

static int execute_search(const char *command, const char *path, char *const *args,
                          char *const *environment)
{
    if (strchr(command, '/'))
        return execute_try(command, args, environment);
    int code = ENOENT;
    char file[EXECUTE_FILE_MAX];
    for (path = path ? path : execute_default_path; *path;) {
        size_t length = strcspn(path, ":");
        int n = snprintf(file, sizeof(file), "%.*s/%s", length ? (int)length : 1,
                         length ? path : ".", command);
        if (n > 0 && (size_t)n < sizeof(file)) {
            int r = execute_try(file, args, environment);
            if (r == 0)
                return 0;
            if (!execute_is_absent(r))
                code = r;
            if (code != ENOENT && code != EACCES)
                break;
        }
        path += length;
        path += *path == ':';
    }
    return code;
}

int execute_command(char *const *args, char *const *environment, const char *path)
{
    return execute_search(args[0], path, args, environment);
}

int execute_check(const char *command, const char *path)
{
    return execute_search(command, path, NULL, NULL);
}
