/*
 * One question, one helper process: the request is its standard input (a memory file, which cannot
 * block), the answer one JSON document on its standard output.
 *
 * The trap: the helper finds the user's bus by the caller's environment, which is why it gets all
 * of it; it runs with the caller's powers and trusts nobody but the caller.
 */
#include "runtime/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/companion.h"
#include "base/fd.h"

#define UNIT_HELPER "ambit-systemd"

enum { UNIT_ANSWER_MAX = 64 * 1024 };

static const char *const unit_verbs[UNIT_VERB_MAX + 1] = {
    [UNIT_START] = "start",
    [UNIT_SET] = "set",
    [UNIT_STOP] = "stop",
};

static const Field unit_property_fields[] = {
    FIELD_STR(UnitProperty, "name", name, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STR(UnitProperty, "signature", signature, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_JSON(UnitProperty, "value", value, FIELD_REQUIRED),
};
static const FieldTable unit_property_table = FIELD_TABLE(UnitProperty, unit_property_fields);

static const Field unit_request_fields[] = {
    FIELD_ENUM(UnitRequest, "verb", verb, FIELD_REQUIRED, unit_verbs),
    FIELD_STR(UnitRequest, "name", name, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_BOOL(UnitRequest, "user", user, 0),
    FIELD_I32(UnitRequest, "pid", pid, 0, FIELD_RANGE(0, INT32_MAX)),
    FIELD_LIST(UnitRequest, "properties", properties, 0, &unit_property_table),
};
const FieldTable unit_request_table = FIELD_TABLE(UnitRequest, unit_request_fields);

static const Field unit_answer_fields[] = {
    FIELD_STR(UnitAnswer, "cgroup", cgroup, 0),
    FIELD_STR(UnitAnswer, "message", message, 0),
    FIELD_STR(UnitAnswer, "kind", kind, 0),
    FIELD_I32(UnitAnswer, "code", code, 0, FIELD_RANGE(0, 4095)),
};
const FieldTable unit_answer_table = FIELD_TABLE(UnitAnswer, unit_answer_fields);

static int unit_input(const UnitRequest *request)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(&unit_request_table, request, false, &text);
    return fd_memory("ambit-unit", text.data, text.length);
}

static int unit_spawn(const char *path, int input, int output, pid_t *ret_pid)
{
    char name[] = UNIT_HELPER;
    char *const arguments[] = { name, NULL };
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawn(ret_pid, path, &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* The helper's whole output, after its end. */
static int unit_run(int input, Arena *arena, char **ret_text, size_t *ret_size, Error *error)
{
    const char *path = companion_program(UNIT_HELPER, arena);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    pid_t pid = 0;
    int r = unit_spawn(path, input, ends[1], &pid);
    fd_close(ends[1]);
    int output CLEANUP(fd_closep) = ends[0];
    if (r < 0)
        return error_errno(error, r, "start %s, which speaks to systemd", path);
    r = fd_read_all(output, UNIT_ANSWER_MAX, arena, ret_text, ret_size);
    fd_closep(&output); /* of one that says more nobody waits for the end */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r < 0 ? error_errno(error, r, UNIT_HELPER) : 0;
}

static int unit_failure(const UnitAnswer *answer, Error *error)
{
    return error_set(error, error_kind_named(answer->kind), answer->code ? answer->code : EIO, "%s",
                     answer->message);
}

int unit_ask(const UnitRequest *request, Arena *arena, const char **ret_cgroup, Error *error)
{
    int input CLEANUP(fd_closep) = unit_input(request);
    if (input < 0)
        return error_errno(error, input, "request for systemd");
    char *text;
    size_t size;
    int r = unit_run(input, arena, &text, &size, error);
    if (r < 0)
        return r;
    UnitAnswer answer;
    r = field_parse(&unit_answer_table, text, size, arena, &answer, error);
    if (r < 0)
        return error_wrap(error, UNIT_HELPER);
    if (answer.message)
        return unit_failure(&answer, error);
    if (request->verb == UNIT_START && (str_empty(answer.cgroup) || answer.cgroup[0] != '/'))
        return error_set(error, ERROR_SYSTEM, EPROTO, UNIT_HELPER ": %s has no cgroup",
                         request->name);
    if (ret_cgroup)
        *ret_cgroup = answer.cgroup;
    return 0;
}
