/*
 * The process: what is executed, with which variables, where, as whom, within which rlimits.
 *
 * Image data is a stranger's: a variable without '=' would take the caller's value in some engines
 * (CVE-2026-57231), so only whole "NAME=VALUE" entries of an image count.
 */
#include <errno.h>
#include <string.h>

#include "base/environment.h"
#include "engine/build_parts.h"

static const char build_path[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum {
    BUILD_NOFILE_SOFT = 1024,   /* what select(2) can take, and what programs expect */
    BUILD_NOFILE_HARD = 524288, /* never the host's "infinity": moby#38814 */
};

static const StrList build_no_strings;

/* docker's rule: an entrypoint of the command line forgets the image's command too. */
static int build_args(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    const OciImageConfig *image = build->input->image;
    const StrList *entrypoint = image ? &image->entrypoint : &build_no_strings;
    const StrList *command = &request->command;
    StrList *args = &build->spec->process->args;
    if (request->entrypoint) {
        if (*request->entrypoint)
            strlist_append(build->arena, args, request->entrypoint);
        entrypoint = &build_no_strings;
    } else if (command->count == 0 && image) {
        command = &image->cmd;
    }
    for (size_t i = 0; i < entrypoint->count; i++)
        strlist_append(build->arena, args, entrypoint->items[i]);
    for (size_t i = 0; i < command->count; i++)
        strlist_append(build->arena, args, command->items[i]);
    if (args->count == 0 || !args->items[0][0])
        return error_set(error, ERROR_USAGE, EINVAL,
                         image ? "there is no command: the image has none and none is given"
                               : "there is no command: none is given");
    return 0;
}

/* --- environment --------------------------------------------------------------------------- */

static void build_env_set(Build *build, const char *entry)
{
    environment_set(&build->spec->process->env, build->arena, entry);
}

static void build_env(Build *build)
{
    const OciImageConfig *image = build->input->image;
    const char *hostname =
        build_is_new(build, NAMESPACE_UTS) ? build->spec->hostname : build->facts->hostname;
    build_env_set(build, build_path);
    if (hostname && build->namespaces[NAMESPACE_UTS].mode <= REQUEST_NAMESPACE_HOST)
        build_env_set(build, arena_printf(build->arena, "HOSTNAME=%s", hostname));
    if (build->request->terminal)
        build_env_set(build, "TERM=xterm");
    for (size_t i = 0; image && i < image->env.count; i++)
        if (strchr(image->env.items[i], '=') && image->env.items[i][0] != '=')
            build_env_set(build, image->env.items[i]);
    for (size_t i = 0; i < build->request->env.count; i++)
        build_env_set(build, build->request->env.items[i]);
}

static int build_cwd(Build *build, Error *error)
{
    const OciImageConfig *image = build->input->image;
    const char *cwd = build->request->working_directory;
    if (!cwd && image && !str_empty(image->working_dir)) {
        const char *said = image->working_dir;
        if (said[0] != '/')
            said = arena_printf(build->arena, "/%s", said);
        cwd = request_clean_path(said, build->arena);
        if (!cwd)
            return error_set(error, ERROR_CORRUPT, EINVAL,
                             "the image's working directory '%s' is not a path",
                             image->working_dir);
    }
    build->spec->process->cwd = cwd ? cwd : "/";
    return 0;
}

/* --- user ---------------------------------------------------------------------------------- */

/* True if `text` is a number at all; one out of range must never be taken for a name. */
static bool build_is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static int build_id(const IdRange *ranges, size_t count, const char *text, const char *whose,
                    uint32_t *ret_id, Error *error)
{
    uint32_t id, highest = 0;
    if (str_to_u32(text, &id) < 0 || id == UINT32_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "%s: '%s' is not an id", whose, text);
    bool mapped = count == 0;
    for (size_t i = 0; i < count; i++) {
        mapped =
            mapped || (id >= ranges[i].container && id - ranges[i].container < ranges[i].count);
        if (ranges[i].container + ranges[i].count - 1 > highest)
            highest = ranges[i].container + ranges[i].count - 1;
    }
    if (!mapped)
        return error_set(error, ERROR_USAGE, ERANGE,
                         "%s: %s is not among the container's ids (the highest is %u)", whose, text,
                         highest);
    *ret_id = id;
    return 0;
}

/* "1000:1000" is final; everything else needs the passwd file of the root (for a name's id, for an
 * id's group), which is read when the root exists. */
static int build_user(Build *build, Error *error)
{
    const OciImageConfig *image = build->input->image;
    const BuildInput *input = build->input;
    const char *whose = build->request->user ? "--user" : "the image's user";
    const char *user = build->request->user;
    if (!user && image)
        user = image->user;
    if (str_empty(user))
        return 0;
    const char *colon = strchr(user, ':');
    const char *name = colon ? arena_strndup(build->arena, user, (size_t)(colon - user)) : user;
    const char *group = colon ? colon + 1 : NULL;
    SpecUser *ids = &build->spec->process->user;
    int r = 0;
    if (build_is_number(name))
        r = build_id(input->uids, input->uid_count, name, whose, &ids->uid, error);
    if (r == 0 && group && build_is_number(group))
        r = build_id(input->gids, input->gid_count, group, whose, &ids->gid, error);
    if (r == 0 && !(build_is_number(name) && group && build_is_number(group)))
        build->result->user = user;
    return r;
}

static int build_groups(Build *build, Error *error)
{
    const BuildInput *input = build->input;
    SpecUser *user = &build->spec->process->user;
    for (size_t i = 0; i < build->request->groups.count; i++) {
        const char *group = build->request->groups.items[i];
        uint32_t gid;
        if (!build_is_number(group)) {
            strlist_append(build->arena, &build->result->groups, group);
            continue;
        }
        int r = build_id(input->gids, input->gid_count, group, "--group-add", &gid, error);
        if (r < 0)
            return r;
        uint32_t *added = arena_append(build->arena, &user->additional_gids.items,
                                       &user->additional_gids.count, sizeof(*added));
        *added = gid;
    }
    return 0;
}

/* --- limits -------------------------------------------------------------------------------- */

static int build_rlimits(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    SpecRlimits *list = &build->spec->process->rlimits;
    bool nofile = false;
    for (size_t i = 0; i < request->ulimit_count; i++) {
        const RequestUlimit *limit = &request->ulimits[i];
        bool is_nofile = str_eq(limit->name, "RLIMIT_NOFILE");
        nofile = nofile || is_nofile;
        if (is_nofile && limit->hard > build->facts->nofile_hard && !build->facts->may_raise_limits)
            return error_set(error, ERROR_DENIED, EPERM,
                             "--ulimit: nofile: the highest limit this process may give is %llu",
                             (unsigned long long)build->facts->nofile_hard);
        SpecRlimit *row = arena_append(build->arena, &list->items, &list->count, sizeof(*row));
        *row = (SpecRlimit){ .type = limit->name, .soft = limit->soft, .hard = limit->hard };
    }
    if (nofile)
        return 0;
    uint64_t hard = build->facts->nofile_hard < BUILD_NOFILE_HARD ? build->facts->nofile_hard
                                                                  : BUILD_NOFILE_HARD;
    SpecRlimit *row = arena_append(build->arena, &list->items, &list->count, sizeof(*row));
    *row = (SpecRlimit){
        .type = "RLIMIT_NOFILE",
        .soft = hard < BUILD_NOFILE_SOFT ? hard : BUILD_NOFILE_SOFT,
        .hard = hard,
    };
    return 0;
}

int build_process(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    SpecProcess *process = build->spec->process;
    process->terminal = request->terminal;
    if (request->oom_score_given == OPTION_TRUE)
        process->oom_score_adj = (OptI32){ .set = true, .value = (int32_t)request->oom_score_adj };
    process->user.umask = request->umask;
    build_env(build);
    int r = build_args(build, error);
    if (r == 0)
        r = build_cwd(build, error);
    if (r == 0)
        r = build_user(build, error);
    if (r == 0)
        r = build_groups(build, error);
    return r < 0 ? r : build_rlimits(build, error);
}
