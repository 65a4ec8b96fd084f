/*
 * Files are replaced whole, so readers need no lock. The trap: a child made while the lock is held
 * inherits its descriptor, and flock(2) locks belong to the open file, not to the process: closing
 * is not enough to release one.
 */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/clone.h"
#include "linux/process.h"

#define RECORD_LOCK "lock"

enum { RECORD_ID_MAX = 255, RECORD_FILE_MAX = SPEC_MAX_BYTES };

static const Field record_fields[] = {
    FIELD_STR(Record, "ociVersion", oci_version, FIELD_REQUIRED),
    FIELD_STR(Record, "id", id, FIELD_REQUIRED),
    FIELD_I32(Record, "pid", pid, FIELD_ALWAYS),
    FIELD_U64(Record, "startTicks", start_ticks, 0),
    FIELD_BOOL(Record, "ready", ready, 0),
    FIELD_STR(Record, "bundle", bundle, FIELD_REQUIRED),
    FIELD_STR(Record, "rootfs", rootfs, 0),
    FIELD_STR(Record, "created", created, FIELD_REQUIRED),
    FIELD_STR(Record, "cgroupPath", cgroup_path, 0),
    FIELD_STR(Record, "unit", unit, 0),
    FIELD_BOOL(Record, "unitUser", unit_user, 0),
    FIELD_STR(Record, "rdtGroup", rdt_group, 0),
    FIELD_BOOL(Record, "rdtOwn", rdt_own, 0),
    FIELD_BOOL(Record, "rdtMonitor", rdt_monitor, 0),
    FIELD_BOOL(Record, "hostUserns", host_userns, 0),
    FIELD_BOOL(Record, "ownPidns", own_pidns, 0),
    FIELD_BOOL(Record, "keepKeyring", keep_keyring, 0),
    FIELD_STRMAP(Record, "annotations", annotations, 0),
};
static const FieldTable record_table = FIELD_TABLE(Record, record_fields);

static int record_check_id(const char *id, Error *error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
    size_t length = strlen(id);
    if (length == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "container id cannot be empty");
    if (length > RECORD_ID_MAX || strspn(id, allowed) != length || str_eq(id, ".") ||
        str_eq(id, ".."))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "invalid container ID format: '%.64s' (letters, digits and _+-. make one)",
                         id);
    return 0;
}

static int record_gone(const RecordPlace *place, Error *error)
{
    return error_set(error, ERROR_NOT_FOUND, ENOENT, "container does not exist: %s", place->id);
}

/* Only the maker creates the file: one that is missing is half made or half removed. */
static int record_lock(RecordPlace *place, int create, int how, Error *error)
{
    if (place->lock < 0)
        place->lock =
            openat(place->dir, RECORD_LOCK, O_RDWR | create | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (place->lock < 0 && errno == ENOENT)
        return record_gone(place, error);
    if (place->lock < 0)
        return error_errno(error, errno, "lock of container %s", place->id);
    int r;
    do
        r = flock(place->lock, LOCK_EX | how);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        r = -errno;
    /* While we waited it was deleted, and its name may be another container's by now. */
    struct stat st;
    if (fstat(place->lock, &st) < 0)
        r = -errno;
    else if (st.st_nlink == 0)
        return record_gone(place, error);
    return r < 0 ? error_errno(error, r, "lock of container %s", place->id) : 0;
}

int record_make(const char *root, const char *id, RecordPlace *ret_place, Error *error)
{
    RecordPlace place CLEANUP(record_place_done) = RECORD_PLACE_NONE;
    place.id = id;
    int r = record_check_id(id, error);
    if (r < 0)
        return r;
    place.root = file_make_dirs_at(AT_FDCWD, root, 0711);
    if (place.root < 0)
        return error_errno(error, place.root, "--root: %s", root);
    if (mkdirat(place.root, id, 0700) < 0)
        return errno == EEXIST ? error_set(error, ERROR_CONFLICT, EEXIST,
                                           "container with given ID already exists")
                               : error_errno(error, errno, "make %s/%s", root, id);
    place.dir = openat(place.root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    r = place.dir < 0 ? error_errno(error, errno, "open %s/%s", root, id)
                      : record_lock(&place, O_CREAT, 0, error);
    if (r < 0) {
        (void)unlinkat(place.dir, RECORD_LOCK, 0);
        (void)unlinkat(place.root, id, AT_REMOVEDIR);
        return r;
    }
    *ret_place = place;
    place = RECORD_PLACE_NONE;
    return 0;
}

int record_open(const char *root, const char *id, bool lock, RecordPlace *ret_place, Error *error)
{
    RecordPlace place CLEANUP(record_place_done) = RECORD_PLACE_NONE;
    place.id = id;
    int r = record_check_id(id, error);
    if (r < 0)
        return r;
    place.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place.root >= 0)
        place.dir = openat(place.root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (place.dir < 0 && errno == ENOENT)
        return record_gone(&place, error);
    if (place.dir < 0)
        return error_errno(error, errno, "%s/%s", root, id);
    r = lock ? record_lock(&place, 0, 0, error) : 0;
    if (r < 0)
        return r;
    *ret_place = place;
    place = RECORD_PLACE_NONE;
    return 0;
}

int record_try_lock(RecordPlace *place, Error *error)
{
    return record_lock(place, 0, LOCK_NB, error);
}

void record_place_done(RecordPlace *place)
{
    if (place->lock >= 0)
        (void)flock(place->lock, LOCK_UN);
    fd_closep(&place->lock);
    fd_closep(&place->dir);
    fd_closep(&place->root);
}

void record_unlock(const RecordPlace *place)
{
    (void)flock(place->lock, LOCK_UN);
}

bool record_relock(const RecordPlace *place)
{
    while (flock(place->lock, LOCK_EX) < 0 && errno == EINTR)
        ;
    return faccessat(place->dir, "state.json", F_OK, 0) == 0;
}

static int record_put(const RecordPlace *place, const char *file, const StrBuf *text, Error *error)
{
    int r = file_write_at(place->dir, file, text->data, text->length, 0600, FILE_VOLATILE);
    return r < 0 ? error_errno(error, r, "container %s: write %s", place->id, file) : 0;
}

static int record_get(const RecordPlace *place, const char *file, Arena *arena, char **ret_text,
                      size_t *ret_size, Error *error)
{
    int r = file_read_at(place->dir, file, RECORD_FILE_MAX, arena, ret_text, ret_size);
    if (r == -ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "container does not exist: %s (no %s)",
                         place->id, file);
    return r < 0 ? error_errno(error, r, "container %s: read %s", place->id, file) : 0;
}

int record_write(const RecordPlace *place, const Record *record, Error *error)
{
    char memory[2048];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    field_print(&record_table, record, false, &text);
    return record_put(place, "state.json", &text, error);
}

static bool record_climbs(const char *path, Arena *arena)
{
    StrList parts = strlist_split(arena, path, '/');
    return strlist_contains(&parts, "..");
}

int record_parse(const char *id, const char *text, size_t size, Arena *arena, Record *ret_record,
                 Error *error)
{
    Record record;
    int r = field_parse(&record_table, text, size, arena, &record, error);
    if (r < 0)
        return r;
    if (!str_eq(record.id, id))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "id: it is another container's");
    if (record.pid < 0 || record.pid == 1) /* kill(2): all there are, or the host's first */
        return error_set(error, ERROR_CORRUPT, EBADMSG, "pid: %d is no container's process",
                         record.pid);
    if (record.cgroup_path && record_climbs(record.cgroup_path, arena))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "cgroupPath: it has '..' in it");
    *ret_record = record;
    return 0;
}

int record_read(const RecordPlace *place, Arena *arena, Record *ret_record, Error *error)
{
    char *text;
    size_t size;
    int r = record_get(place, "state.json", arena, &text, &size, error);
    if (r < 0)
        return r;
    r = record_parse(place->id, text, size, arena, ret_record, error);
    return r < 0 ? error_wrap(error, "container %s: state.json", place->id) : 0;
}

int record_write_spec(const RecordPlace *place, const Spec *spec, Error *error)
{
    char memory[16 * 1024];
    StrBuf text CLEANUP(strbuf_done) = strbuf_in(memory, sizeof(memory));
    spec_encode(spec, false, &text);
    return record_put(place, "config.json", &text, error);
}

int record_read_spec(const RecordPlace *place, Arena *arena, Spec **ret_spec, Error *error)
{
    char *text;
    size_t size;
    int r = record_get(place, "config.json", arena, &text, &size, error);
    if (r == 0)
        r = spec_parse(arena, text, size, ret_spec, error);
    return r < 0 ? error_wrap(error, "container %s: config.json", place->id) : 0;
}

/* What getdents64(2) writes. */
typedef struct RecordEntry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
} RecordEntry;

static int record_empty_listed(const RecordPlace *place, const char *names, size_t size)
{
    int r = 0;
    for (size_t at = 0; r == 0 && at < size;) {
        const RecordEntry *entry = (const void *)(names + at);
        at += entry->length;
        if (!str_eq(entry->name, ".") && !str_eq(entry->name, "..") &&
            !str_eq(entry->name, RECORD_LOCK) && unlinkat(place->dir, entry->name, 0) < 0)
            r = errno == ENOENT ? 0 : file_remove_tree_at(place->dir, entry->name);
    }
    return r;
}

/*
 * The lock goes last, then the directory, which can only be ours while it has our name. So whoever
 * waits for the lock finds it gone, and nobody removes by name what another has made since.
 *
 * Without opendir(3): at the end of each `run` its heap would cost as much as the removing.
 */
static int record_empty(const RecordPlace *place)
{
    _Alignas(RecordEntry) char names[2048];
    int r = lseek(place->dir, 0, SEEK_SET) < 0 ? -errno : 0;
    while (r == 0) {
        long n = syscall(SYS_getdents64, place->dir, names, sizeof(names));
        if (n == 0)
            break;
        r = n < 0 ? -errno : record_empty_listed(place, names, (size_t)n);
    }
    if (r == 0 && unlinkat(place->dir, RECORD_LOCK, 0) < 0 && errno != ENOENT)
        r = -errno;
    return r;
}

int record_remove(const RecordPlace *place, Error *error)
{
    int r = record_empty(place);
    if (r == 0 && unlinkat(place->root, place->id, AT_REMOVEDIR) < 0)
        r = -errno;
    return r < 0 ? error_errno(error, r, "container %s: remove its state", place->id) : 0;
}

void record_sweep(const char *root, const char *id)
{
    int fd CLEANUP(fd_closep) = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && record_check_id(id, NULL) == 0)
        (void)unlinkat(fd, id, AT_REMOVEDIR);
}

int record_pidfd(const Record *record, Error *error)
{
    int pidfd CLEANUP(fd_closep) = record->pid > 0 ? clone_pidfd_open(record->pid, NULL) : -ESRCH;
    int proc CLEANUP(fd_closep) = pidfd < 0 ? -1 : process_open(-1, record->pid, NULL);
    ProcessStat stat;
    /* A zombie has ended, whether or not somebody has asked for its status yet. */
    if (proc < 0 || process_stat(proc, &stat, NULL) < 0 ||
        stat.start_ticks != record->start_ticks || stat.state == 'Z' || stat.state == 'X')
        return error_set(error, ERROR_CONFLICT, ESRCH, "container not running: %s", record->id);
    return TAKE_FD(pidfd);
}

OciStatus record_status(const RecordPlace *place, const Record *record)
{
    int pidfd CLEANUP(fd_closep) = record_pidfd(record, NULL);
    if (pidfd >= 0 && record->ready)
        return faccessat(place->dir, RECORD_START, F_OK, 0) == 0 ? OCI_STATUS_CREATED
                                                                 : OCI_STATUS_RUNNING;
    if (pidfd < 0 && record->pid > 0)
        return OCI_STATUS_STOPPED;
    /* Half made: by somebody who holds the lock, or who died. */
    int lock CLEANUP(fd_closep) = openat(place->dir, RECORD_LOCK, O_RDWR | O_CLOEXEC);
    return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) == 0 ? OCI_STATUS_STOPPED
                                                            : OCI_STATUS_CREATING;
}

OciState record_state(const Record *record, OciStatus status)
{
    return (OciState){
        .oci_version = record->oci_version,
        .id = record->id,
        .status = status,
        .pid = status == OCI_STATUS_STOPPED ? 0 : record->pid,
        .bundle = record->bundle,
        .rootfs = record->rootfs,
        .created = record->created,
        .annotations = record->annotations,
    };
}

const char *record_owner(const RecordPlace *place, Arena *arena)
{
    struct stat st;
    if (fstat(place->dir, &st) < 0)
        return NULL;
    const struct passwd *user = getpwuid(st.st_uid);
    return user ? arena_strdup(arena, user->pw_name)
                : arena_printf(arena, "#%u", (unsigned)st.st_uid);
}

int record_list(const char *root, Arena *arena, StrList *ret_ids, Error *error)
{
    *ret_ids = (StrList){ 0 };
    DIR *dir = opendir(root);
    if (!dir)
        return errno == ENOENT ? 0 : error_errno(error, errno, "--root: %s", root);
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0)
        if (record_check_id(entry->d_name, NULL) == 0)
            strlist_append(arena, ret_ids, entry->d_name);
    (void)closedir(dir);
    return r < 0 ? error_errno(error, r, "--root: %s", root) : 0;
}
