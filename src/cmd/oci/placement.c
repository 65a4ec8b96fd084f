/*
 * Paths: an absolute one counts from the top of the tree, a relative one from where the caller may
 * make cgroups. For root that is the top as well. An ordinary user owns a part of the v2 tree, and
 * his own processes are in a leaf of it; beside that leaf is where a new one can have controllers
 * (below it, the leaf would hold processes and pass on controllers, which v2 forbids).
 */
#include "placement.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "linux/namespace.h"

/* The command line has checked the word. */
bool placement_is_unprivileged(const OciGlobals *globals)
{
    const char *word = globals->rootless;
    if (str_empty(word) || strcasecmp(word, "auto") == 0)
        return geteuid() != 0 || !namespace_user_is_initial();
    return strchr("1tT", word[0]);
}

static const char *placement_path(const SpecLinux *lx, const char *id, bool unprivileged,
                                  const CgroupHost *host, Arena *arena)
{
    const char *wanted = str_empty(lx->cgroups_path) ? id : lx->cgroups_path;
    if (wanted[0] == '/')
        return wanted;
    const char *own = host->unified_own_path, *parent = "";
    if (unprivileged && host->mode == CGROUP_V2 && own)
        parent = arena_strndup(arena, own, (size_t)(strrchr(own, '/') - own));
    return arena_printf(arena, "%s/%s", parent, wanted);
}

/* "slice:prefix:name", the form for systemd. */
static bool placement_is_scope(const char *path)
{
    const char *colon = path ? strchr(path, ':') : NULL;
    return colon && strchr(colon + 1, ':');
}

static int placement_scope(const PlacementInput *input, const Spec *spec, Arena *arena,
                           Placement *placement, Error *error)
{
    if (input->host->mode == CGROUP_NONE)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT, "no cgroup filesystem is mounted");
    ScopeInput wish = {
        .path = spec->linux->cgroups_path,
        .id = input->id,
        .user = placement->unprivileged,
        .mode = input->host->mode,
        .resources = spec->linux->resources,
        .annotations = &spec->annotations,
    };
    Scope *scope = arena_alloc(arena, sizeof(*scope));
    placement->scope = scope;
    return scope_build(&wish, arena, scope, error);
}

int placement_choose(const PlacementInput *input, Spec *spec, Arena *arena,
                     Placement *ret_placement, Error *error)
{
    const OciGlobals *globals = input->globals;
    Placement placement = { .unprivileged = placement_is_unprivileged(globals) };
    int r = 0;
    if (!spec->linux)
        spec->linux = arena_alloc(arena, sizeof(SpecLinux));
    SpecLinux *lx = spec->linux;
    if (globals->systemd_cgroup || globals->cgroup_manager == OCI_CGROUP_SYSTEMD) {
        r = placement_scope(input, spec, arena, &placement, error);
        lx->cgroups_path = NULL; /* systemd will say */
    } else if (globals->cgroup_manager == OCI_CGROUP_DISABLED) {
        lx->cgroups_path = NULL;
    } else if (placement_is_scope(lx->cgroups_path)) {
        r = error_set(error, ERROR_USAGE, EINVAL,
                      "linux.cgroupsPath: '%.200s' is a path for systemd: use --systemd-cgroup",
                      lx->cgroups_path);
    } else {
        placement.optional = placement.unprivileged && str_empty(lx->cgroups_path);
        lx->cgroups_path =
            placement_path(lx, input->id, placement.unprivileged, input->host, arena);
    }
    if (r == 0)
        *ret_placement = placement;
    return r;
}

int placement_update(const Record *record, const CgroupLimit *limit, const StrMap *unified,
                     CgroupMode mode, Arena *arena, Error *error)
{
    UnitRequest request = { .verb = UNIT_SET, .name = record->unit, .user = record->unit_user };
    if (!record->unit)
        return 0;
    int r = scope_limits(limit, unified, mode, arena, &request.properties, error);
    return r < 0 || request.properties.count == 0 ? r : unit_ask(&request, arena, NULL, error);
}

int placement_stop(const Record *record, Arena *arena, Error *error)
{
    UnitRequest request = { .verb = UNIT_STOP, .name = record->unit, .user = record->unit_user };
    return record->unit ? unit_ask(&request, arena, NULL, error) : 0;
}
