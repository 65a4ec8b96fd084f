/*
 * The first try is at an index derived from the container's id, so that thousands of running
 * containers do not make the search for a free range long.
 */
#include "engine/idrange.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/clone.h"

static uint32_t idrange_start(const char *id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * 16777619u;
    return hash % IDRANGE_COUNT;
}

int idrange_take(const Engine *engine, const char *id, uint32_t *ret_first, Error *error)
{
    int directory_fd CLEANUP(fd_closep) = engine_directory(engine->state_fd, "idranges", error);
    if (directory_fd < 0)
        return directory_fd;
    uint32_t start = idrange_start(id);
    for (uint32_t i = 0; i < IDRANGE_COUNT; i++) {
        uint32_t index = (start + i) % IDRANGE_COUNT;
        char name[16];
        (void)snprintf(name, sizeof(name), "%u", index);
        if (symlinkat(id, directory_fd, name) == 0) {
            *ret_first = IDRANGE_FIRST + index * IDRANGE_SIZE;
            return 0;
        }
        if (errno != EEXIST)
            return error_errno(error, errno, "id range: idranges/%s", name);
    }
    return error_set(error, ERROR_LIMIT, EUSERS,
                     "all %d id ranges are in use: `ambit system check --repair` frees those of "
                     "containers that are gone",
                     IDRANGE_COUNT);
}

void idrange_path(uint32_t first, char ret_path[IDRANGE_PATH_SIZE])
{
    (void)snprintf(ret_path, IDRANGE_PATH_SIZE, "idranges/%u",
                   (first - IDRANGE_FIRST) / IDRANGE_SIZE);
}

void idrange_release(const Engine *engine, uint32_t first)
{
    char path[IDRANGE_PATH_SIZE];
    idrange_path(first, path);
    (void)unlinkat(engine->state_fd, path, 0);
}

int idrange_each(const Engine *engine, int (*visit)(void *context, uint32_t first, const char *id),
                 void *context, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = NULL;
    int r = engine_list(engine->state_fd, "idranges", &dir, error);
    for (struct dirent *entry; dir && r == 0 && (entry = readdir(dir));) {
        uint32_t index;
        char id[256];
        if (str_to_u32(entry->d_name, &index) < 0 || index >= IDRANGE_COUNT)
            continue;
        ssize_t length = readlinkat(dirfd(dir), entry->d_name, id, sizeof(id) - 1);
        if (length < 0)
            continue;
        id[length] = '\0';
        r = visit(context, IDRANGE_FIRST + index * IDRANGE_SIZE, id);
    }
    return r;
}

void idrange_process_owner(pid_t pid, uint64_t ticks, char ret_owner[IDRANGE_OWNER_SIZE])
{
    (void)snprintf(ret_owner, IDRANGE_OWNER_SIZE, "process-%d-%llu", (int)pid,
                   (unsigned long long)ticks);
}

bool idrange_process_lives(const char *owner)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList words = strlist_split(&arena, owner, '-');
    uint32_t pid;
    uint64_t ticks, now;
    return words.count == 3 && str_eq(words.items[0], "process") &&
           str_to_u32(words.items[1], &pid) == 0 && str_to_u64(words.items[2], &ticks) == 0 &&
           clone_start_time((pid_t)pid, &now) == 0 && now == ticks;
}
