/*
 * --env-file and --label-file: docker's format, one entry per line, nothing quoted or expanded.
 */
#include "engine/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { REQUEST_FILE_MAX = 1024 * 1024 };

/* One line; `line` may be changed. */
static int request_read_line(char *line, bool names_alone, Arena *arena, StrList *lines,
                             Error *error)
{
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return 0;
    size_t length = strcspn(line, "=");
    size_t blank = strcspn(line, " \t");
    if (length == 0 || blank < length)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not NAME=VALUE", line);
    if (line[length] == '=') {
        strlist_append(arena, lines, line);
    } else if (!names_alone) {
        strlist_append(arena, lines, arena_printf(arena, "%s=", line));
    } else {
        const char *own = getenv(line);
        if (own)
            strlist_append(arena, lines, arena_printf(arena, "%s=%s", line, own));
    }
    return 0;
}

int request_read_lines(const char *text, const char *file, bool names_alone, Arena *arena,
                       StrList *ret_lines, Error *error)
{
    StrList lines = { 0 };
    if (str_starts(text, "\xef\xbb\xbf")) /* a byte order mark: editors on Windows */
        text += 3;
    StrList raw = strlist_split(arena, text, '\n');
    for (size_t i = 0; i < raw.count; i++) {
        size_t length = strlen(raw.items[i]);
        if (length > 0 && raw.items[i][length - 1] == '\r')
            raw.items[i][length - 1] = '\0';
        int r = request_read_line(raw.items[i], names_alone, arena, &lines, error);
        if (r < 0)
            return error_wrap(error, "%s:%zu", file, i + 1);
    }
    *ret_lines = lines;
    return 0;
}

static int request_load_file(const char *file, bool names_alone, Arena *arena, StrList *ret_lines,
                             Error *error)
{
    char *text;
    size_t size;
    int r = file_read_at(AT_FDCWD, file, REQUEST_FILE_MAX, arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "cannot read '%s'", file);
    if (strlen(text) != size)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a text file", file);
    return request_read_lines(text, file, names_alone, arena, ret_lines, error);
}

static int request_load_env(RunRequest *request, Arena *arena, Error *error)
{
    StrList env = { 0 };
    for (size_t i = 0; i < request->env_files.count; i++) {
        StrList lines;
        int r = request_load_file(request->env_files.items[i], true, arena, &lines, error);
        if (r < 0)
            return error_wrap(error, "--env-file");
        for (size_t j = 0; j < lines.count; j++)
            strlist_append(arena, &env, lines.items[j]);
    }
    for (size_t i = 0; i < request->env.count; i++)
        strlist_append(arena, &env, request->env.items[i]);
    request->env = env;
    request->env_files = (StrList){ 0 };
    return 0;
}

static int request_load_labels(RunRequest *request, Arena *arena, Error *error)
{
    StrMap given = request->labels;
    request->labels = (StrMap){ 0 };
    for (size_t i = 0; i < request->label_files.count; i++) {
        StrList lines;
        int r = request_load_file(request->label_files.items[i], false, arena, &lines, error);
        for (size_t j = 0; r == 0 && j < lines.count; j++)
            r = request_parse_label(request, lines.items[j], arena, error);
        if (r < 0)
            return error_wrap(error, "--label-file");
    }
    for (size_t i = 0; i < given.count; i++)
        strmap_set(arena, &request->labels, given.items[i].key, given.items[i].value);
    request->label_files = (StrList){ 0 };
    return 0;
}

int request_load_files(RunRequest *request, Arena *arena, Error *error)
{
    int r = request_load_env(request, arena, error);
    return r < 0 ? r : request_load_labels(request, arena, error);
}
