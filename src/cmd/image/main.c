/*
 * ambit-image: the helper that touches what strangers wrote. `ambit` starts it, never a person:
 *
 *     ambit-image COMMAND [OPTION...]      commands: load import pull commit export check verify
 *                                          restore
 *
 * Descriptor 3 is the image store's directory (made and opened by the caller), descriptor 4 the
 * archive or directory to read. One JSON document on standard output and status 0; or one line of
 * JSON on standard error, {"kind": "corrupt", "code": 22, "message": "..."}, and status 1.
 *
 * Order matters here: everything that needs the host's files (locale, OpenSSL's tables) comes
 * before sandbox_enter, after which "/" is the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/option.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cmd/image/request.h"
#include "cmd/image/sandbox.h"
#include "image/reference.h"
#include "linux/machine.h"
#include "linux/threads.h"

static const struct {
    const char *name;
    int (*run)(const RequestContext *context, Error *error);
    bool has_data;
} main_commands[] = {
    { "load", load_run, true },      { "import", import_run, true },
    { "pull", pull_run, true },      { "commit", commit_run, false },
    { "export", export_run, true },  { "check", check_run, false },
    { "verify", verify_run, false }, { "restore", restore_run, false },
};

static const Option main_options[] = {
    { 0, "name", OPTION_LIST(Request, names), "REFERENCE", "Name for the image" },
    { 0, "only", OPTION_LIST(Request, only), "REFERENCE", "Take this image only" },
    { 0, "architecture", OPTION_STRING(Request, architecture), "ARCH", "Platform to choose" },
    { 0, "variant", OPTION_STRING(Request, variant), "VARIANT", "Variant of the platform" },
    { 0, "whole", OPTION_FLAG(Request, whole), NULL, "All platforms of the index" },
    { 0, "config", OPTION_STRING(Request, config), "JSON", "Config of the imported image" },
    { 0, "message", OPTION_STRING(Request, message), "TEXT", "Comment in the image's history" },
    { 0, "author", OPTION_STRING(Request, author), "TEXT", "Author of the image" },
    { 0, "created-by", OPTION_STRING(Request, created_by), "TEXT", "Command in its history" },
    { 0, "image", OPTION_STRING(Request, image), "ID", "The image below" },
    { 0, "layer", OPTION_LIST(Request, layers), "PATH", "A directory of the store" },
    { 0, "created", OPTION_STRING(Request, created), "TIME", "Creation time, RFC 3339" },
    { 0, "repair", OPTION_FLAG(Request, repair), NULL, "Repair what can be repaired" },
    { 0, "deep", OPTION_FLAG(Request, deep), NULL, "Compute every digest" },
    { 0, "layer-in-use", OPTION_LIST(Request, layers_in_use), "NAME", "A container uses it" },
    { 0, "layer-bytes", OPTION_BYTES(Request, limits.layer_bytes), "SIZE", "Bound per layer" },
    { 0, "layer-entries", OPTION_U64(Request, limits.layer_entries), "N", "Bound per layer" },
    OPTION_END,
};

/* References become whole ones. */
static int main_normalise(StrList *names, Arena *arena, Error *error)
{
    StrList whole = { 0 };
    for (size_t i = 0; i < names->count; i++) {
        Reference reference;
        int r = reference_parse(names->items[i], arena, &reference, error);
        if (r < 0)
            return r;
        strlist_append(arena, &whole, reference_text(&reference, arena));
    }
    *names = whole;
    return 0;
}

static int main_parse(int argc, char **argv, Arena *arena, Request *ret, size_t *ret_command,
                      Error *error)
{
    *ret = (Request){
        .limits = { .layer_bytes = 256ULL << 30, .layer_entries = 10 * 1000 * 1000 },
        .architecture = machine_architecture(arena),
        .created = timestamp_now(arena),
    };
    StrList arguments;
    size_t command = 0;
    while (command < ARRAY_LEN(main_commands) &&
           (argc < 2 || !str_eq(argv[1], main_commands[command].name)))
        command++;
    if (command == ARRAY_LEN(main_commands))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "ambit-image is started by ambit; commands: load import pull commit "
                         "export check verify restore");
    OptionLine line = { .options = main_options, .words = argv + 2, .count = (size_t)argc - 2 };
    int r = option_parse(&line, ret, arena, &arguments, error);
    if (r != 0 || arguments.count > 0)
        return r < 0 ? r : error_set(error, ERROR_USAGE, EINVAL, "unexpected arguments");
    *ret_command = command;
    r = main_normalise(&ret->names, arena, error);
    return r < 0 ? r : main_normalise(&ret->only, arena, error);
}

/* Descriptor 4: a directory as a tree of its own from which nothing leads out, or a stream. */
static int main_open_data(RequestContext *context, Error *error)
{
    struct stat st;
    if (fstat(REQUEST_DATA_FD, &st) < 0)
        return error_errno(error, errno, "descriptor %d", REQUEST_DATA_FD);
    context->data_is_dir = S_ISDIR(st.st_mode);
    context->data_fd = context->data_is_dir ? sandbox_detach_tree(REQUEST_DATA_FD, true, error)
                                            : fcntl(REQUEST_DATA_FD, F_DUPFD_CLOEXEC, 8);
    if (context->data_fd < 0)
        return context->data_is_dir ? context->data_fd : error_errno(error, errno, "dup");
    (void)close(REQUEST_DATA_FD);
    return 0;
}

static int main_run(int argc, char **argv, StrBuf *answer, Error *error)
{
    static Arena arena; /* lives as long as the process */
    Request request;
    size_t command = 0;
    JsonWriter writer = { .text = answer };
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    RequestContext context = {
        .request = &request,
        .store = &store,
        .data_fd = -1,
        .event_fd = fcntl(REQUEST_EVENT_FD, F_DUPFD_CLOEXEC, 8),
        .arena = &arena,
        .answer = &writer,
    };
    (void)close(REQUEST_EVENT_FD);
    int r = main_parse(argc, argv, &arena, &request, &command, error);
    if (r == 0 && main_commands[command].has_data)
        r = main_open_data(&context, error);
    int root CLEANUP(fd_closep) = -1;
    if (r == 0)
        r = sandbox_enter(REQUEST_STORE_FD, &root, error);
    (void)close(REQUEST_STORE_FD);
    if (r == 0)
        r = imagestore_open(root, ".", &store, error);
    return r < 0 ? r : main_commands[command].run(&context, error);
}

static void main_report(const Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter w = { .text = &text };
    json_write_object(&w);
    json_write_key(&w, "kind");
    json_write_string(&w, error_kind_name(error->kind));
    json_write_key(&w, "code");
    json_write_int(&w, error->code);
    json_write_key(&w, "message");
    json_write_string(&w, error->message);
    json_write_end_object(&w);
    strbuf_add_char(&text, '\n');
    (void)!fd_write_all(STDERR_FILENO, text.data, text.length);
}

/* Nobody would hear the answer of one whose caller has ended. The signal tells from now on, the
 * pipe to it whether it has before: a process closes its files before its children are told. */
static bool main_is_heard(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    return poll(&out, 1, 0) < 0 || !(out.revents & POLLERR);
}

int main(int argc, char **argv)
{
    Error error = { 0 };
    StrBuf answer CLEANUP(strbuf_done) = { 0 };
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* names in archives are UTF-8 */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!main_is_heard())
        return 1;
    (void)umask(0);
    int r = threads_prepare(&error);
    if (r == 0)
        r = main_run(argc, argv, &answer, &error);
    if (r == 0) {
        strbuf_add_char(&answer, '\n');
        r = fd_write_all(STDOUT_FILENO, answer.data, answer.length);
        if (r < 0)
            (void)error_errno(&error, r, "standard output");
    }
    if (r < 0)
        main_report(&error);
    return r < 0;
}
