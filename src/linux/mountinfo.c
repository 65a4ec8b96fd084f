/*
 * One line of mountinfo has ten or more fields divided by single blanks; everything that could hold
 * a blank, tab, newline or backslash is written as \ooo. Fields 7 to n are optional and end at "-".
 *
 * The trap: the number of optional fields is not fixed, so fields are never counted from the left
 * beyond the sixth. Unescaping happens in place and only shortens.
 */
#include "linux/mountinfo.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

/* Cuts the next field off; NULL at the end of the line. */
static char *mountinfo_field(char **position)
{
    char *field = *position;
    if (!field || !*field)
        return NULL;
    char *blank = strchr(field, ' ');
    if (blank)
        *blank++ = '\0';
    *position = blank;
    return field;
}

static bool mountinfo_is_octal(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

static const char *mountinfo_unescape(char *text)
{
    char *to = strchr(text, '\\');
    if (!to)
        return text;
    for (const char *from = to; *from;) {
        if (from[0] == '\\' && mountinfo_is_octal(from + 1)) {
            char c = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
            if (c != '\0') /* a name cannot hold one; a forged line might */
                *to++ = c;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

static int mountinfo_device(char *text, MountinfoEntry *entry)
{
    char *colon = strchr(text, ':');
    if (!colon)
        return -EINVAL;
    *colon = '\0';
    return str_to_u32(text, &entry->major) < 0 || str_to_u32(colon + 1, &entry->minor) < 0 ? -EINVAL
                                                                                           : 0;
}

static int mountinfo_optional(const char *tag, MountinfoEntry *entry)
{
    if (str_starts(tag, "shared:"))
        return str_to_u32(tag + strlen("shared:"), &entry->shared);
    if (str_starts(tag, "master:"))
        return str_to_u32(tag + strlen("master:"), &entry->master);
    if (str_eq(tag, "unbindable"))
        entry->unbindable = true;
    return 0; /* "propagate_from:N", and what later kernels invent */
}

static int mountinfo_line(char *line, MountinfoEntry *entry)
{
    char *position = line;
    const char *id = mountinfo_field(&position);
    const char *parent = mountinfo_field(&position);
    char *device = mountinfo_field(&position);
    char *root = mountinfo_field(&position);
    char *target = mountinfo_field(&position);
    char *options = mountinfo_field(&position);
    if (!options || str_to_u64(id, &entry->id) < 0 || str_to_u64(parent, &entry->parent_id) < 0 ||
        mountinfo_device(device, entry) < 0)
        return -EBADMSG;

    const char *tag;
    while ((tag = mountinfo_field(&position)) && !str_eq(tag, "-"))
        if (mountinfo_optional(tag, entry) < 0)
            return -EBADMSG;
    if (!tag)
        return -EBADMSG;

    char *type = mountinfo_field(&position);
    char *source = mountinfo_field(&position);
    char *super_options = mountinfo_field(&position);
    if (!type || !source || !super_options)
        return -EBADMSG;
    entry->root = mountinfo_unescape(root);
    entry->target = mountinfo_unescape(target);
    entry->options = options;
    entry->type = mountinfo_unescape(type);
    entry->source = mountinfo_unescape(source);
    entry->super_options = super_options;
    return 0;
}

int mountinfo_parse(char *text, Arena *arena, MountinfoEntry **ret_entries, size_t *ret_count,
                    Error *error)
{
    MountinfoEntry *entries = NULL;
    size_t count = 0;
    char *next;
    for (char *line = text; *line; line = next) {
        next = strchr(line, '\n');
        if (!next)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "mountinfo: line %zu has no end",
                             count + 1);
        *next++ = '\0';
        MountinfoEntry *entry = arena_append(arena, &entries, &count, sizeof(*entry));
        if (mountinfo_line(line, entry) < 0)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "mountinfo: malformed line %zu", count);
    }
    *ret_entries = entries;
    *ret_count = count;
    return 0;
}

int mountinfo_read(int proc_pid_fd, Arena *arena, MountinfoEntry **ret_entries, size_t *ret_count,
                   Error *error)
{
    char *text;
    int r = file_read_at(proc_pid_fd, "mountinfo", MOUNTINFO_LIMIT, arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "read mountinfo");
    return mountinfo_parse(text, arena, ret_entries, ret_count, error);
}

bool mountinfo_has_option(const char *options, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = options; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, length) == 0 && (p[length] == ',' || p[length] == '\0'))
            return true;
    }
    return false;
}
