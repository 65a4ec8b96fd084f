/*
 * A name is a symlink, so taking one is atomic and a crash leaves a link that names its owner.
 * Prefixes are searched in both directories: a container that is being removed may be in one only.
 */
#include "engine/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void names_random(void *buffer, size_t size)
{
    /* getrandom does not fail for so few bytes once the pool is ready, and waits until then. */
    while (getrandom(buffer, size, 0) != (ssize_t)size) {
    }
}

void names_new_id(char ret_id[NAMES_ID_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[NAMES_ID_LENGTH / 2];
    names_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        ret_id[2 * i] = digits[bytes[i] >> 4];
        ret_id[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_id[NAMES_ID_LENGTH] = '\0';
}

int names_check(const char *name, Error *error)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = strlen(name);
    if (length < 2 || length > NAMES_NAME_MAX || !strchr(first, name[0]) ||
        strspn(name, rest) != length)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--name: '%.140s' is not a container name (2 to %d of a-z A-Z 0-9 _ . -, "
                         "the first a letter or digit)",
                         name, NAMES_NAME_MAX);
    return 0;
}

/* Names of bounds and boundaries; with 3 random digits enough for any number of containers. */
static char *names_generate(Arena *arena)
{
    static const char *const adjectives[] = {
        "able",  "brisk", "calm",  "clear", "crisp", "eager", "early", "even",
        "exact", "fair",  "fleet", "fresh", "keen",  "light", "lucid", "mild",
        "neat",  "plain", "prime", "quick", "quiet", "rapid", "sharp", "small",
        "snug",  "solid", "sound", "spare", "still", "swift", "tidy",  "true",
    };
    static const char *const nouns[] = {
        "ambit", "arbor", "basin", "bay",   "border", "bower", "brink", "canal",
        "cove",  "court", "crest", "dale",  "delta",  "edge",  "fence", "field",
        "fjord", "frame", "garth", "glade", "hedge",  "inlet", "isle",  "lane",
        "ledge", "moat",  "orbit", "patio", "quay",   "rim",   "shore", "yard",
    };
    uint16_t r[3];
    names_random(r, sizeof(r));
    return arena_printf(arena, "%s_%s%u", adjectives[r[0] % ARRAY_LEN(adjectives)],
                        nouns[r[1] % ARRAY_LEN(nouns)], r[2] % 1000u);
}

/* 1: taken; 0: somebody has it, and owner says who. */
static int names_try(int own_fd, int other_fd, const char *name, const char *id,
                     char owner[NAMES_ID_LENGTH + 1])
{
    char path[NAMES_NAME_MAX + 8];
    (void)snprintf(path, sizeof(path), "names/%s", name);
    owner[0] = '\0';
    if (symlinkat(id, own_fd, path) < 0) {
        if (errno != EEXIST)
            return -errno;
        (void)!readlinkat(own_fd, path, owner, NAMES_SHORT_LENGTH);
        return 0;
    }
    /* Whoever takes the same name in the other place looks here after taking it there: at least
     * one of two sees the other. */
    if (readlinkat(other_fd, path, owner, NAMES_SHORT_LENGTH) < 0)
        return 1;
    (void)unlinkat(own_fd, path, 0);
    return 0;
}

int names_take(const Engine *engine, const NamesWish *wish, Arena *arena, char **ret_name,
               Error *error)
{
    int r = wish->name ? names_check(wish->name, error) : 0;
    if (r < 0)
        return r;
    int own_fd = wish->passing ? engine->state_fd : engine->root_fd;
    int other_fd = wish->passing ? engine->root_fd : engine->state_fd;
    char owner[NAMES_ID_LENGTH + 1] = "";
    for (int tries = 0; tries < 100; tries++) {
        char *name = wish->name ? arena_strdup(arena, wish->name) : names_generate(arena);
        r = names_try(own_fd, other_fd, name, wish->id, owner);
        /* EEXIST: another first start made it meanwhile. */
        if (r == -ENOENT && (mkdirat(own_fd, "names", 0700) == 0 || errno == EEXIST))
            r = names_try(own_fd, other_fd, name, wish->id, owner);
        if (r < 0)
            return error_errno(error, r, "--name: names/%s", name);
        if (r > 0) {
            *ret_name = name;
            return 0;
        }
        if (wish->name)
            break;
    }
    return error_set(error, ERROR_CONFLICT, EEXIST,
                     "--name: '%s' is the name of container %s: choose another or `ambit rm` it",
                     wish->name ? wish->name : "", owner);
}

void names_release(const Engine *engine, const char *name, const char *id)
{
    char path[NAMES_NAME_MAX + 8];
    if (str_empty(name))
        return;
    (void)snprintf(path, sizeof(path), "names/%s", name);
    if (file_link_is(engine->state_fd, path, id))
        (void)unlinkat(engine->state_fd, path, 0);
    if (file_link_is(engine->root_fd, path, id))
        (void)unlinkat(engine->root_fd, path, 0);
}

static bool names_lookup(int base_fd, const char *name, char ret_id[NAMES_ID_LENGTH + 1])
{
    char path[NAMES_NAME_MAX + 8];
    (void)snprintf(path, sizeof(path), "names/%s", name);
    ssize_t length = readlinkat(base_fd, path, ret_id, NAMES_ID_LENGTH);
    if (length != NAMES_ID_LENGTH)
        return false;
    ret_id[length] = '\0';
    return true;
}

/* Counts the ids below base_fd/containers that begin with `prefix`; the last one in ret_id. */
static int names_match(int base_fd, const char *prefix, char ret_id[NAMES_ID_LENGTH + 1], int count)
{
    int fd = openat(base_fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fd_close(fd);
        return count;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strlen(entry->d_name) != NAMES_ID_LENGTH || !str_starts(entry->d_name, prefix) ||
            (count && str_eq(entry->d_name, ret_id)))
            continue;
        memcpy(ret_id, entry->d_name, NAMES_ID_LENGTH + 1);
        count++;
    }
    (void)closedir(dir);
    return count;
}

int names_resolve(const Engine *engine, const char *word, char ret_id[NAMES_ID_LENGTH + 1],
                  Error *error)
{
    if (names_check(word, NULL) == 0 && (names_lookup(engine->state_fd, word, ret_id) ||
                                         names_lookup(engine->root_fd, word, ret_id)))
        return 0;
    size_t length = strlen(word);
    int count = 0;
    if (length > 0 && length <= NAMES_ID_LENGTH && strspn(word, "0123456789abcdef") == length) {
        count = names_match(engine->root_fd, word, ret_id, 0);
        count = names_match(engine->state_fd, word, ret_id, count);
    }
    if (count == 1)
        return 0;
    return count == 0 ? error_set(error, ERROR_NOT_FOUND, ENOENT, "no such container: %s", word)
                      : error_set(error, ERROR_CONFLICT, ENOTUNIQ,
                                  "'%s' stands for more than one container", word);
}
