/*
 * The helper is given nothing of ours but what it needs: the store's directory, the data, pipes for
 * its answer, an almost empty environment. What it writes is bounded and parsed as strictly as any
 * stranger's document.
 */
#include "image/imagehelper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/companion.h"
#include "base/fd.h"
#include "base/str.h"
#include "image/imagemark.h"

#define IMAGEHELPER_PROGRAM "ambit-image"
#define IMAGEHELPER_BASE    "docker.io/library/base:latest"

enum {
    IMAGEHELPER_ANSWER_MAX = 4 * 1024 * 1024,
    IMAGEHELPER_STORE_FD = 3,
    IMAGEHELPER_DATA_FD = 4,
    IMAGEHELPER_EVENT_FD = 5,
    IMAGEHELPER_FDS = 6,
    IMAGEHELPER_EVENT_MAX = 64 * 1024,
};

#define IMAGEHELPER_ARCHIVE "base.tar"
static const CompanionPlaces imagehelper_archive_places = {
    .variable = "AMBIT_DATADIR",
    .relative = { "../base.tar", "../share/ambit/base.tar" },
    .installed = AMBIT_DATADIR "/base.tar",
    .access = R_OK,
};

/*** Starting it. ***/

typedef struct ImageHelperRun {
    pid_t pid;
    const ImageHelperCall *call;
    int out, err, events; /* the reading ends */
    StrBuf out_text, err_text, event_text;
} ImageHelperRun;

static void imagehelper_run_done(ImageHelperRun *run)
{
    fd_closep(&run->out);
    fd_closep(&run->err);
    fd_closep(&run->events);
    if (run->pid > 0) {
        (void)kill(run->pid, SIGKILL);
        while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    strbuf_done(&run->out_text);
    strbuf_done(&run->err_text);
    strbuf_done(&run->event_text);
}

/* Pipes for what it says; the writing ends at their places in `fds`. */
static int imagehelper_pipes(ImageHelperRun *run, int fds[IMAGEHELPER_FDS], Error *error)
{
    const struct {
        int *reading;
        int number;
    } rows[] = {
        { &run->out, STDOUT_FILENO },
        { &run->err, STDERR_FILENO },
        { &run->events, IMAGEHELPER_EVENT_FD },
    };
    for (size_t i = 0; i < (run->call->on_event ? 3 : 2); i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
            return error_errno(error, errno, "pipe");
        *rows[i].reading = ends[0];
        fds[rows[i].number] = ends[1];
    }
    return 0;
}

static int imagehelper_start(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                             ImageHelperRun *run, Error *error)
{
    int fds[IMAGEHELPER_FDS] = { -1, -1, -1, -1, -1, -1 };
    char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *const environment[] = { path_variable, NULL };
    const char *path = companion_program(IMAGEHELPER_PROGRAM, arena);
    StrList words = { 0 };
    strlist_append(arena, &words, IMAGEHELPER_PROGRAM);
    strlist_append(arena, &words, call->command);
    for (size_t i = 0; i < call->options.count; i++)
        strlist_append(arena, &words, call->options.items[i]);

    int r = imagehelper_pipes(run, fds, error);
    fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fds[IMAGEHELPER_STORE_FD] = store->root_fd;
    fds[IMAGEHELPER_DATA_FD] = call->data_fd;
    CompanionStart start = {
        .path = path,
        .arguments = words.items,
        .environment = environment,
        .fds = fds,
        .fd_count = IMAGEHELPER_FDS,
    };
    int started = r < 0 ? 0 : companion_start(&start, &run->pid);
    for (int i = 0; i <= STDERR_FILENO; i++)
        fd_close(fds[i]);
    fd_close(fds[IMAGEHELPER_EVENT_FD]);
    return started < 0 ? error_errno(error, started, "start %s", path) : r;
}

/*** Its answer. ***/

/* Takes what is there; at the end of the stream *fd becomes -1. */
static int imagehelper_take(int *fd, StrBuf *text)
{
    char buffer[4096];
    ssize_t n = read(*fd, buffer, sizeof(buffer));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (n == 0)
        fd_closep(fd);
    strbuf_add_bytes(text, buffer, (size_t)n);
    return text->length > IMAGEHELPER_ANSWER_MAX ? -EFBIG : 0;
}

/* Every whole line that came; the rest of the text stays. */
static void imagehelper_tell(ImageHelperRun *run)
{
    const char *text = strbuf_text(&run->event_text), *end;
    StrBuf rest = { 0 };
    for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        Arena arena CLEANUP(arena_done) = { 0 };
        const JsonValue *event;
        if (json_parse(text, (size_t)(end - text), NULL, &arena, &event, NULL) == 0)
            run->call->on_event(run->call->event_context, event);
    }
    if (strlen(text) < IMAGEHELPER_EVENT_MAX) /* no line of ours is that long */
        strbuf_add(&rest, text);
    strbuf_done(&run->event_text);
    run->event_text = rest;
}

static int imagehelper_take_events(ImageHelperRun *run)
{
    int r = imagehelper_take(&run->events, &run->event_text);
    if (r == 0)
        imagehelper_tell(run);
    return r;
}

static int imagehelper_listen(ImageHelperRun *run, Error *error)
{
    while (run->out >= 0 || run->err >= 0) {
        struct pollfd polls[3] = { { run->out, POLLIN, 0 },
                                   { run->err, POLLIN, 0 },
                                   { run->events, POLLIN, 0 } };
        if (poll(polls, 3, -1) < 0 && errno != EINTR)
            return error_errno(error, errno, "poll");
        int r = polls[0].revents ? imagehelper_take(&run->out, &run->out_text) : 0;
        if (r == 0 && polls[1].revents)
            r = imagehelper_take(&run->err, &run->err_text);
        if (r == 0 && polls[2].revents)
            r = imagehelper_take_events(run);
        if (r < 0)
            return error_errno(error, r, IMAGEHELPER_PROGRAM);
    }
    return 0;
}

/* Its last line on standard error is the error as JSON; anything else is passed on as text. */
static int imagehelper_failure(const ImageHelperRun *run, int status, Arena *arena, Error *error)
{
    StrList lines = strlist_split(arena, strbuf_text(&run->err_text), '\n');
    while (lines.count > 0 && str_empty(lines.items[lines.count - 1]))
        lines.count--;
    const char *last = lines.count > 0 ? lines.items[lines.count - 1] : "";
    const JsonValue *value = NULL;
    if (*last == '{' && json_parse(last, strlen(last), NULL, arena, &value, NULL) == 0) {
        const char *message = json_member_string(value, "message");
        const JsonValue *code = json_member(value, "code");
        bool valid = code && code->type == JSON_INT && code->integer > 0 && code->integer < 4096;
        if (message)
            return error_set(error, error_kind_named(json_member_string(value, "kind")),
                             valid ? (int)code->integer : EIO, "%s", message);
    }
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_SYSTEM, EINTR, IMAGEHELPER_PROGRAM ": %s%s%.500s",
                         strsignal(WTERMSIG(status)), *last ? ": " : "", last);
    return error_set(error, ERROR_SYSTEM, EIO, IMAGEHELPER_PROGRAM ": %.500s",
                     *last ? last : "failed without a reason");
}

static int imagehelper_run_all(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                               const JsonValue **ret_answer, Error *error)
{
    ImageHelperRun run CLEANUP(
        imagehelper_run_done) = { .call = call, .out = -1, .err = -1, .events = -1 };
    int r = imagehelper_start(store, call, arena, &run, error);
    if (r == 0)
        r = imagehelper_listen(&run, error);
    if (r < 0)
        return r;
    int status = 0;
    while (waitpid(run.pid, &status, 0) < 0 && errno == EINTR)
        ;
    run.pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return imagehelper_failure(&run, status, arena, error);
    r = json_parse(strbuf_text(&run.out_text), run.out_text.length, NULL, arena, ret_answer, error);
    return r < 0 ? error_wrap(error, IMAGEHELPER_PROGRAM) : 0;
}

int imagehelper_call(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                     const JsonValue **ret_answer, Error *error)
{
    /* Ctrl-C ends the helper, and we clean up after it. */
    struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGQUIT, &ignore, &quit);
    int r = imagehelper_run_all(store, call, arena, ret_answer, error);
    if (r < 0)
        imagemark_clean(store);
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGQUIT, &quit, NULL);
    return r;
}

static int imagehelper_added(const JsonValue *answer, Arena *arena, ImageAddedList *ret_list,
                             Error *error)
{
    ImageAddedList list = { 0 };
    const JsonValue *images = json_member(answer, "images");
    if (!images || images->type != JSON_ARRAY)
        return error_set(error, ERROR_SYSTEM, EPROTO, IMAGEHELPER_PROGRAM ": unexpected answer");
    for (const JsonValue *image = images->first; image; image = image->next) {
        ImageAdded *added = arena_append(arena, &list.items, &list.count, sizeof(*added));
        added->id = json_member_string(image, "id");
        added->manifest_digest = json_member_string(image, "manifest");
        added->origin = json_member_string(image, "origin");
        const JsonValue *names = json_member(image, "names");
        if (!oci_digest_is_valid(added->id) || !oci_digest_is_valid(added->manifest_digest) ||
            (added->origin && !oci_digest_is_valid(added->origin)))
            return error_set(error, ERROR_SYSTEM, EPROTO,
                             IMAGEHELPER_PROGRAM ": unexpected answer");
        if (!names || names->type != JSON_ARRAY)
            continue;
        for (const JsonValue *name = names->first; name; name = name->next)
            if (name->type == JSON_STRING)
                strlist_append(arena, &added->names, name->string);
    }
    *ret_list = list;
    return 0;
}

int imagehelper_add(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                    ImageAddedList *ret_added, Error *error)
{
    const JsonValue *answer;
    int r = imagehelper_call(store, call, arena, &answer, error);
    return r < 0 ? r : imagehelper_added(answer, arena, ret_added, error);
}

/*** An image for another machine. ***/

void imagehelper_say_platform(const OciPlatform *platform, Arena *arena, StrList *options)
{
    strlist_append(arena, options, "--architecture");
    strlist_append(arena, options, platform->architecture);
    if (platform->variant) {
        strlist_append(arena, options, "--variant");
        strlist_append(arena, options, platform->variant);
    }
}

static int imagehelper_restore(const ImageStore *store, const char *name,
                               const OciPlatform *platform, Arena *arena, Error *error)
{
    const JsonValue *answer;
    ImageHelperCall call = { .command = "restore", .data_fd = -1 };
    strlist_append(arena, &call.options, "--image");
    strlist_append(arena, &call.options, name);
    imagehelper_say_platform(platform, arena, &call.options);
    return imagehelper_call(store, &call, arena, &answer, error);
}

int imagehelper_variant(const ImageStore *store, const char *text, const OciPlatform *platform,
                        Arena *arena, Image *ret_image, Error *error)
{
    Image sibling;
    int r = image_variant(store, text, platform, arena, &sibling, error);
    if (r == 0 && image_find_layers(store, &sibling, arena, NULL) < 0) {
        r = imagehelper_restore(store, sibling.name, platform, arena, error);
        if (r == 0)
            r = image_find_layers(store, &sibling, arena, error);
    }
    if (r == 0)
        *ret_image = sibling;
    return r;
}

/*** The image that comes with the program. ***/

bool imagehelper_is_base(const char *text, Arena *arena)
{
    Reference reference;
    return reference_parse(text, arena, &reference, NULL) == 0 &&
           str_eq(reference_text(&reference, arena), IMAGEHELPER_BASE);
}

static int imagehelper_load_base(const ImageStore *store, Arena *arena, Error *error)
{
    const CompanionPlaces *places = &imagehelper_archive_places;
    const char *path = companion_find(IMAGEHELPER_ARCHIVE, places, arena);
    int fd CLEANUP(fd_closep) = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "the image base comes with the program, in one of %s",
                           companion_places(IMAGEHELPER_ARCHIVE, places, arena));
    ImageHelperCall call = { .command = "load", .data_fd = fd };
    strlist_append(arena, &call.options, "--name");
    strlist_append(arena, &call.options, IMAGEHELPER_BASE);
    const JsonValue *answer;
    int r = imagehelper_call(store, &call, arena, &answer, error);
    return r < 0 ? error_wrap(error, "%s", path) : 0;
}

int imagehelper_resolve(const ImageStore *store, const char *text, Arena *arena, Image *ret_image,
                        Error *error)
{
    Error first = { 0 };
    int r = image_resolve(store, text, arena, ret_image, &first);
    if (r == 0)
        return 0;
    if (first.kind != ERROR_NOT_FOUND || !imagehelper_is_base(text, arena)) {
        if (error)
            *error = first;
        return r;
    }
    r = imagehelper_load_base(store, arena, error);
    return r < 0 ? r : image_resolve(store, text, arena, ret_image, error);
}
