/*
 * Both files are written whole (temp file and rename) by the process that holds the container's
 * lock, so a reader sees one version or the other. container.json of a --rm container and
 * state.json need not survive a power cut and are not synced.
 */
#include "engine/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/process.h"
#include "spec/spec.h"

enum { CONTAINER_FILE_MAX = 4 * 1024 * 1024, CONTAINER_PATH_SIZE = 128 };

static const Field container_fields[] = {
    FIELD_STR(Container, "id", id, FIELD_REQUIRED),
    FIELD_STR(Container, "name", name, 0),
    FIELD_STR(Container, "image", image, 0),
    FIELD_STR(Container, "imageId", image_id, 0),
    FIELD_STRLIST(Container, "layers", layers, 0),
    FIELD_STR(Container, "rootfs", rootfs, 0),
    FIELD_STRLIST(Container, "command", command, 0),
    FIELD_STRLIST(Container, "env", env, 0),
    FIELD_STR(Container, "user", user, 0),
    FIELD_STR(Container, "workdir", workdir, 0),
    FIELD_I64(Container, "created", created, FIELD_REQUIRED),
    FIELD_I64(Container, "createdNs", created_ns, 0),
    FIELD_STRMAP(Container, "annotations", annotations, 0),
    FIELD_STRUCT(Container, "settings", settings, 0, &settings_table),
    FIELD_STRLIST(Container, "anonymousVolumes", anonymous_volumes, 0),
    FIELD_STR(Container, "rung", rung, 0),
    FIELD_I64(Container, "started", started, 0),
    FIELD_I64(Container, "finished", finished, 0),
    FIELD_I32(Container, "exitStatus", exit_status, 0),
    FIELD_BOOL(Container, "oomKilled", oom_killed, 0),
    FIELD_STR(Container, "error", error, 0),
};
static const FieldTable container_table = FIELD_TABLE(Container, container_fields);

static const Field container_state_fields[] = {
    FIELD_I32(ContainerState, "pid", pid, FIELD_REQUIRED),
    FIELD_U64(ContainerState, "startTicks", start_ticks, FIELD_REQUIRED),
    FIELD_I32(ContainerState, "enginePid", engine_pid, 0),
    FIELD_I64(ContainerState, "started", started, 0),
    FIELD_STR(ContainerState, "cgroupPath", cgroup_path, 0),
    FIELD_U32(ContainerState, "firstId", first_id, 0),
    FIELD_STR(ContainerState, "user", user, 0),
    FIELD_BOOL(ContainerState, "hostUserns", host_userns, 0),
};
static const FieldTable container_state_table = FIELD_TABLE(ContainerState, container_state_fields);

const char *container_status_name(ContainerStatus status)
{
    static const char *const names[] = {
        [CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
        [CONTAINER_PAUSED] = "paused",   [CONTAINER_EXITED] = "exited",
        [CONTAINER_DEAD] = "dead",
    };
    return names[status];
}

static void container_path(const char *id, const char *file, char path[CONTAINER_PATH_SIZE])
{
    (void)snprintf(path, CONTAINER_PATH_SIZE, "containers/%.64s/%s", id, file);
}

static int container_put(int base_fd, const char *id, const char *file, const StrBuf *text,
                         FileDurability durability, Error *error)
{
    char path[CONTAINER_PATH_SIZE];
    container_path(id, file, path);
    int r = file_write_at(base_fd, path, text->data, text->length, 0600, durability);
    return r < 0 ? error_errno(error, r, "write %s", path) : 0;
}

typedef struct ContainerText {
    char *data;
    size_t size;
} ContainerText;

static int container_get(int base_fd, const char *id, const char *file, Arena *arena,
                         ContainerText *ret_text, Error *error)
{
    char path[CONTAINER_PATH_SIZE];
    container_path(id, file, path);
    int r =
        file_read_at(base_fd, path, CONTAINER_FILE_MAX, arena, &ret_text->data, &ret_text->size);
    if (r == -ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "container %.12s has no %s", id, file);
    return r < 0 ? error_errno(error, r, "read %s", path) : 0;
}

int container_write(const Engine *engine, const Container *container, Error *error)
{
    char memory[2048];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    field_print(&container_table, container, true, &text);
    return container->settings.host.remove
               ? container_put(engine->state_fd, container->id, "container.json", &text,
                               FILE_VOLATILE, error)
               : container_put(engine->root_fd, container->id, "container.json", &text,
                               FILE_DURABLE, error);
}

int container_write_state(const Engine *engine, const char *id, const ContainerState *state,
                          Error *error)
{
    char memory[2048];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    field_print(&container_state_table, state, false, &text);
    return container_put(engine->state_fd, id, "state.json", &text, FILE_VOLATILE, error);
}

int container_read(const Engine *engine, const char *id, Arena *arena, Container **ret_container,
                   Error *error)
{
    ContainerText text;
    int r = container_get(engine->state_fd, id, "container.json", arena, &text, error);
    if (r == -ENOENT)
        r = container_get(engine->root_fd, id, "container.json", arena, &text, error);
    if (r < 0)
        return r;
    Container *container = arena_alloc(arena, sizeof(*container));
    r = field_parse(&container_table, text.data, text.size, arena, container, error);
    if (r < 0)
        return error_wrap(error, "container %.12s: container.json", id);
    *ret_container = container;
    return 0;
}

int container_read_state(const Engine *engine, const char *id, Arena *arena,
                         ContainerState **ret_state, Error *error)
{
    ContainerText text;
    int r = container_get(engine->state_fd, id, "state.json", arena, &text, error);
    if (r < 0)
        return r;
    ContainerState *state = arena_alloc(arena, sizeof(*state));
    r = field_parse(&container_state_table, text.data, text.size, arena, state, error);
    if (r < 0)
        return error_wrap(error, "container %.12s: state.json", id);
    *ret_state = state;
    return 0;
}

int container_write_spec(const Engine *engine, const char *id, const Spec *spec, Error *error)
{
    char memory[16 * 1024];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    spec_encode(spec, false, &text);
    return container_put(engine->state_fd, id, "config.json", &text, FILE_VOLATILE, error);
}

int container_read_spec(const Engine *engine, const char *id, Arena *arena, Spec **ret_spec,
                        Error *error)
{
    ContainerText text;
    int r = container_get(engine->state_fd, id, "config.json", arena, &text, error);
    if (r == 0)
        r = spec_parse(arena, text.data, text.size, ret_spec, error);
    return r < 0 ? error_wrap(error, "container %.12s: config.json", id) : 0;
}

bool container_is_running(const ContainerState *state)
{
    int fd CLEANUP(fd_closep) = state->pid > 0 ? process_open(-1, state->pid, NULL) : -ESRCH;
    ProcessStat stat;
    /* A zombie has ended, whether or not somebody has asked for its status yet. */
    return fd >= 0 && process_stat(fd, &stat, NULL) == 0 &&
           stat.start_ticks == state->start_ticks && stat.state != 'Z' && stat.state != 'X';
}

bool container_exists(const Engine *engine, const char *id)
{
    char path[CONTAINER_PATH_SIZE];
    container_path(id, "", path);
    return faccessat(engine->state_fd, path, F_OK, 0) == 0 ||
           faccessat(engine->root_fd, path, F_OK, 0) == 0;
}

static int container_list_in(int base_fd, Arena *arena, StrList *ids, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = NULL;
    int r = engine_list(base_fd, "containers", &dir, error), more = 0;
    const struct dirent *entry;
    while (dir && (more = file_next_entry(dir, &entry)) > 0)
        if (strlen(entry->d_name) == 64)
            strlist_append_new(arena, ids, entry->d_name);
    return more < 0 ? error_errno(error, more, "containers") : r;
}

int container_list(const Engine *engine, Arena *arena, StrList *ret_ids, Error *error)
{
    StrList ids = { 0 };
    int r = container_list_in(engine->root_fd, arena, &ids, error);
    if (r == 0)
        r = container_list_in(engine->state_fd, arena, &ids, error);
    if (r == 0)
        *ret_ids = ids;
    return r;
}
