/*
 * Two passes over two files, line by line in a buffer that was read whole with a bound. A missing
 * passwd or group file is an empty one: numeric ids work in an image that has neither.
 */
#include "runtime/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "linux/inroot.h"

enum { USER_FIELDS = 7 };

typedef struct UserLine {
    char *fields[USER_FIELDS];
    size_t count;
} UserLine;

static int user_read(int root_fd, const char *path, Arena *arena, char **ret_text, Error *error)
{
    /* O_NONBLOCK: a FIFO as /etc/passwd must not hang us (CVE-2024-9676). */
    int fd CLEANUP(fd_closep) = inroot_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, error);
    struct stat st;
    if (fd == -ENOENT || fd == -ENOTDIR) {
        *ret_text = arena_strdup(arena, "");
        return 0;
    }
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(error, ERROR_CORRUPT, EINVAL, "%s of the container is not a file", path);
    int r = fd_read_all(fd, USER_FILE_MAX, arena, ret_text, NULL);
    return r < 0 ? error_errno(error, r, "%s of the container", path) : 0;
}

/* Cuts the next line out of *text at its colons. False at the end. */
static bool user_next(char **text, UserLine *line)
{
    char *p = *text;
    if (!*p)
        return false;
    char *end = strchr(p, '\n');
    *text = end ? end + 1 : p + strlen(p);
    if (end)
        *end = '\0';
    line->count = 0;
    while (line->count < USER_FIELDS) {
        line->fields[line->count++] = p;
        p = strchr(p, ':');
        if (!p)
            break;
        *p++ = '\0';
    }
    return true;
}

static bool user_id(const char *s, uint32_t *ret_id)
{
    return str_to_u32(s, ret_id) == 0 && *ret_id <= USER_ID_MAX;
}

/* All digits: an id, valid or not, and never a name. */
static bool user_is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

static int user_check_part(const char *part, const char *what, Error *error)
{
    uint32_t id;
    if (!*part)
        return error_set(error, ERROR_USAGE, EINVAL, "%s name is empty", what);
    if (user_is_number(part) && !user_id(part, &id))
        return error_set(error, ERROR_USAGE, ERANGE, "%s id %s is out of range (0 to %d)", what,
                         part, USER_ID_MAX);
    if (strpbrk(part, ":\n\r\t /"))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a %s name", part, what);
    return 0;
}

static int user_split(const char *spec, Arena *arena, const char **ret_user, const char **ret_group,
                      Error *error)
{
    char *copy = arena_strdup(arena, spec ? spec : "");
    char *colon = strchr(copy, ':');
    if (colon)
        *colon = '\0';
    *ret_user = *copy || colon ? copy : "0";
    *ret_group = colon ? colon + 1 : NULL;
    int r = user_check_part(*ret_user, "user", error);
    if (r == 0 && colon)
        r = user_check_part(*ret_group, "group", error);
    return r;
}

/* passwd: name:password:uid:gid:gecos:home:shell. The user's name is kept for the group file. */
static int user_from_passwd(char *text, const char *name, Arena *arena, User *user,
                            const char **ret_name, Error *error)
{
    bool number = user_is_number(name);
    uint32_t wanted = 0;
    if (number)
        (void)!str_to_u32(name, &wanted);
    UserLine line;
    while (user_next(&text, &line)) {
        uint32_t uid, gid;
        if (line.count < 6 || !user_id(line.fields[2], &uid) || !user_id(line.fields[3], &gid))
            continue;
        if (number ? uid != wanted : !str_eq(line.fields[0], name))
            continue;
        user->uid = uid;
        user->gid = gid;
        if (line.fields[5][0] == '/')
            user->home = arena_strdup(arena, line.fields[5]);
        *ret_name = arena_strdup(arena, line.fields[0]);
        return 0;
    }
    if (!number)
        return error_set(error, ERROR_USAGE, ENOENT, "no user '%s' in the container's /etc/passwd",
                         name);
    user->uid = wanted;
    return 0;
}

const char *user_home(int root_fd, uint32_t uid, Arena *arena)
{
    User user = { .home = "/" };
    const char *name;
    char *text, number[16];
    (void)snprintf(number, sizeof(number), "%u", (unsigned)uid);
    if (user_read(root_fd, "/etc/passwd", arena, &text, NULL) == 0)
        (void)!user_from_passwd(text, number, arena, &user, &name, NULL);
    return user.home;
}

static void user_add_group(User *user, Arena *arena, uint32_t gid)
{
    if (user->group_count >= USER_GROUPS_MAX)
        return;
    for (size_t i = 0; i < user->group_count; i++)
        if (user->groups[i] == gid)
            return;
    *(uint32_t *)arena_append(arena, &user->groups, &user->group_count, sizeof(uint32_t)) = gid;
}

/* Or a setgid program could shed it, and with it what a file denies to that group
 * (CVE-2022-36109). */
static void user_put_own_group_first(User *user, Arena *arena)
{
    User whole = { 0 };
    user_add_group(&whole, arena, user->gid);
    for (size_t i = 0; i < user->group_count; i++)
        user_add_group(&whole, arena, user->groups[i]);
    user->groups = whole.groups;
    user->group_count = whole.group_count;
}

static bool user_is_member(char *members, const char *name)
{
    size_t length = strlen(name);
    for (char *p = members; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, name, length) == 0 && (p[length] == ',' || p[length] == '\0'))
            return true;
    return false;
}

/* group: name:password:gid:members. One pass serves the primary group, the memberships and the
 * extra groups by name. */
typedef struct UserGroups {
    const char *name;     /* in passwd; NULL: none */
    const char *group;    /* a name to find for the primary group; NULL: memberships count */
    const StrList *extra; /* further names to find */
    bool *found;          /* [0] the group, [i + 1] extra i */
} UserGroups;

static void user_from_group(char *text, const UserGroups *wanted, Arena *arena, User *user)
{
    UserLine line;
    while (user_next(&text, &line)) {
        uint32_t gid;
        if (line.count < 3 || !user_id(line.fields[2], &gid))
            continue;
        if (wanted->group && !wanted->found[0] && str_eq(line.fields[0], wanted->group)) {
            user->gid = gid;
            wanted->found[0] = true;
        }
        /* An explicit group replaces the memberships, as in docker. */
        if (!wanted->group && wanted->name && line.count >= 4 &&
            user_is_member(line.fields[3], wanted->name))
            user_add_group(user, arena, gid);
        for (size_t i = 0; wanted->extra && i < wanted->extra->count; i++) {
            if (str_eq(line.fields[0], wanted->extra->items[i])) {
                user_add_group(user, arena, gid);
                wanted->found[i + 1] = true;
            }
        }
    }
}

int user_lookup(int root_fd, const char *spec, const StrList *extra_groups, Arena *arena,
                User *ret_user, Error *error)
{
    User user = { .home = "/" };
    const char *name, *group, *passwd_name = NULL;
    int r = user_split(spec, arena, &name, &group, error);
    char *text;
    if (r == 0)
        r = user_read(root_fd, "/etc/passwd", arena, &text, error);
    if (r == 0)
        r = user_from_passwd(text, name, arena, &user, &passwd_name, error);
    if (r == 0)
        r = user_read(root_fd, "/etc/group", arena, &text, error);
    if (r < 0)
        return r;

    size_t extra_count = extra_groups ? extra_groups->count : 0;
    bool *found = arena_alloc(arena, (extra_count + 1) * sizeof(*found));
    if (group && user_is_number(group)) {
        (void)!str_to_u32(group, &user.gid);
        found[0] = true;
    }
    UserGroups wanted = { passwd_name, found[0] ? NULL : group, extra_groups, found };
    user_from_group(text, &wanted, arena, &user);
    if (group && found[0] && user_is_number(group))
        user.group_count = 0;
    if (group && !found[0])
        return error_set(error, ERROR_USAGE, ENOENT, "no group '%s' in the container's /etc/group",
                         group);
    for (size_t i = 0; i < extra_count; i++) {
        uint32_t gid;
        if (found[i + 1])
            continue;
        if (!user_id(extra_groups->items[i], &gid))
            return error_set(error, ERROR_USAGE, ENOENT,
                             "no group '%s' in the container's /etc/group", extra_groups->items[i]);
        user_add_group(&user, arena, gid);
    }
    user_put_own_group_first(&user, arena);
    *ret_user = user;
    return 0;
}
