/*
 * ambit-systemd: one request to systemd, read from standard input (runtime/unit.h), answered on
 * standard output when systemd's job has ended. Started by ambit-oci, never by a person.
 *
 * The trap: systemd answers a request for a job at once and tells its end by a signal, which may
 * arrive before the answer is read. So the signal is subscribed to first, and every end is
 * remembered until we know which one is ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "base/fd.h"
#include "cmd/systemd/value.h"
#include "runtime/unit.h"

#define MAIN_MANAGER     "org.freedesktop.systemd1"
#define MAIN_PATH        "/org/freedesktop/systemd1"
#define MAIN_INTERFACE   "org.freedesktop.systemd1.Manager"
#define MAIN_NO_UNIT     "org.freedesktop.systemd1.NoSuchUnit"
#define MAIN_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

enum { MAIN_REQUEST_MAX = 1024 * 1024, MAIN_TIMEOUT_S = 30, MAIN_ENDS_MAX = 64 };

/* A job that has ended. */
typedef struct MainEnd {
    char *path, *result;
} MainEnd;

typedef struct MainContext {
    const UnitRequest *request;
    sd_bus *bus;
    MainEnd ends[MAIN_ENDS_MAX];
    size_t end_count;
    Arena *arena;
} MainContext;

static void main_bus_closep(sd_bus **bus)
{
    (void)sd_bus_flush_close_unref(*bus);
}

static void main_message_unrefp(sd_bus_message **message)
{
    (void)sd_bus_message_unref(*message);
}

static void main_bus_error_done(sd_bus_error *failure)
{
    sd_bus_error_free(failure);
}

/* JobRemoved(u id, o job, s unit, s result) */
static int main_job_removed(sd_bus_message *message, void *data, sd_bus_error *failure UNUSED)
{
    MainContext *context = data;
    uint32_t id;
    const char *job, *unit, *result;
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) < 0 ||
        context->end_count == MAIN_ENDS_MAX || !str_eq(unit, context->request->name))
        return 0;
    context->ends[context->end_count++] =
        (MainEnd){ arena_strdup(context->arena, job), arena_strdup(context->arena, result) };
    return 0;
}

static int main_connect(MainContext *context, Error *error)
{
    bool user = context->request->user;
    int r = user ? sd_bus_open_user(&context->bus) : sd_bus_open_system(&context->bus);
    if (r == -ENOMEDIUM)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "systemd of the user: neither DBUS_SESSION_BUS_ADDRESS nor "
                         "XDG_RUNTIME_DIR says where its bus is");
    if (r < 0)
        return error_set(error, ERROR_UNSUPPORTED, -r,
                         "no bus of %s systemd: %s; without one use the cgroupfs manager",
                         user ? "the user's" : "the system's", strerror(-r));
    (void)sd_bus_set_method_call_timeout(context->bus, MAIN_TIMEOUT_S * 1000000ULL);
    r = sd_bus_match_signal(context->bus, NULL, MAIN_MANAGER, MAIN_PATH, MAIN_INTERFACE,
                            "JobRemoved", main_job_removed, context);
    return r < 0 ? error_errno(error, r, "listen to systemd") : 0;
}

static int main_failure(const MainContext *context, const sd_bus_error *failure, int code,
                        Error *error)
{
    ErrorKind kind = sd_bus_error_has_name(failure, MAIN_UNIT_EXISTS) ? ERROR_CONFLICT
                     : code == -EACCES || code == -EPERM              ? ERROR_DENIED
                                                                      : ERROR_SYSTEM;
    return error_set(error, kind, code, "systemd, %s: %s", context->request->name,
                     failure->message ? failure->message : strerror(-code));
}

/* The job's path is in the answer; its end in a signal, come or still to come. */
static int main_await_job(MainContext *context, sd_bus_message *reply, Error *error)
{
    const char *job;
    int r = sd_bus_message_read(reply, "o", &job);
    if (r < 0)
        return error_errno(error, r, "systemd's answer");
    time_t deadline = time(NULL) + MAIN_TIMEOUT_S;
    for (size_t seen = 0;;) {
        for (; seen < context->end_count; seen++) {
            if (!str_eq(context->ends[seen].path, job))
                continue;
            if (str_eq(context->ends[seen].result, "done"))
                return 0;
            return error_set(error, ERROR_SYSTEM, EIO, "systemd, %s: the job ended with '%s'",
                             context->request->name, context->ends[seen].result);
        }
        r = sd_bus_process(context->bus, NULL);
        if (r == 0)
            r = sd_bus_wait(context->bus, 1000000);
        if (r < 0)
            return error_errno(error, r, "wait for systemd");
        if (time(NULL) > deadline)
            return error_set(error, ERROR_SYSTEM, ETIMEDOUT,
                             "systemd, %s: the job has not ended after %d s",
                             context->request->name, MAIN_TIMEOUT_S);
    }
}

static int main_append_property(sd_bus_message *message, const UnitProperty *property, Error *error)
{
    int r = sd_bus_message_open_container(message, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append_basic(message, 's', property->name);
    if (r >= 0)
        r = sd_bus_message_open_container(message, 'v', property->signature);
    if (r < 0)
        return error_errno(error, r, "property %s of type '%s'", property->name,
                           property->signature);
    r = value_append(message, property->name, property->signature, property->value, error);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    if (r >= 0)
        r = sd_bus_message_close_container(message);
    return r < 0 ? error_errno(error, r, "property %s", property->name) : 0;
}

static int main_append_properties(const MainContext *context, sd_bus_message *message, Error *error)
{
    const UnitRequest *request = context->request;
    int r = sd_bus_message_open_container(message, 'a', "(sv)");
    if (r >= 0 && request->verb == UNIT_START)
        r = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1, (uint32_t)request->pid);
    if (r < 0)
        return error_errno(error, r, "request to systemd");
    for (size_t i = 0; i < request->properties.count; i++) {
        r = main_append_property(message, &request->properties.items[i], error);
        if (r < 0)
            return r;
    }
    r = sd_bus_message_close_container(message);
    return r < 0 ? error_errno(error, r, "request to systemd") : 0;
}

static int main_new_call(const MainContext *context, const char *method, sd_bus_message **ret,
                         Error *error)
{
    int r = sd_bus_message_new_method_call(context->bus, ret, MAIN_MANAGER, MAIN_PATH,
                                           MAIN_INTERFACE, method);
    if (r >= 0)
        r = sd_bus_message_append_basic(*ret, 's', context->request->name);
    return r < 0 ? error_errno(error, r, "request to systemd") : 0;
}

static int main_control_group(MainContext *context, const char **ret_cgroup, Error *error)
{
    char *path = NULL, *cgroup = NULL;
    sd_bus_error failure CLEANUP(main_bus_error_done) = SD_BUS_ERROR_NULL;
    int r = sd_bus_path_encode(MAIN_PATH "/unit", context->request->name, &path);
    if (r >= 0)
        r = sd_bus_get_property_string(context->bus, MAIN_MANAGER, path,
                                       "org.freedesktop.systemd1.Scope", "ControlGroup", &failure,
                                       &cgroup);
    free(path);
    if (r < 0)
        return main_failure(context, &failure, r, error);
    *ret_cgroup = arena_strdup(context->arena, cgroup);
    free(cgroup);
    return 0;
}

/* One with this name that has failed stays in systemd's memory until it is told to forget. */
static void main_forget(const MainContext *context)
{
    (void)sd_bus_call_method(context->bus, MAIN_MANAGER, MAIN_PATH, MAIN_INTERFACE,
                             "ResetFailedUnit", NULL, NULL, "s", context->request->name);
}

static int main_start_once(MainContext *context, sd_bus_error *failure, Error *error)
{
    sd_bus_message *call CLEANUP(main_message_unrefp) = NULL;
    sd_bus_message *reply CLEANUP(main_message_unrefp) = NULL;
    int r = main_new_call(context, "StartTransientUnit", &call, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(call, 's', "replace");
    if (r < 0)
        return error_errno(error, r, "request to systemd");
    r = main_append_properties(context, call, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append(call, "a(sa(sv))", 0);
    if (r >= 0)
        r = sd_bus_call(context->bus, call, 0, failure, &reply);
    return r < 0 ? main_failure(context, failure, r, error) : main_await_job(context, reply, error);
}

static int main_start(MainContext *context, const char **ret_cgroup, Error *error)
{
    sd_bus_error failure CLEANUP(main_bus_error_done) = SD_BUS_ERROR_NULL;
    int r = main_start_once(context, &failure, error);
    if (r < 0 && sd_bus_error_has_name(&failure, MAIN_UNIT_EXISTS)) {
        main_forget(context);
        sd_bus_error_free(&failure);
        r = main_start_once(context, &failure, error);
    }
    return r < 0 ? r : main_control_group(context, ret_cgroup, error);
}

static int main_set(MainContext *context, const char **ret_cgroup UNUSED, Error *error)
{
    sd_bus_message *call CLEANUP(main_message_unrefp) = NULL;
    sd_bus_error failure CLEANUP(main_bus_error_done) = SD_BUS_ERROR_NULL;
    int runtime = 1; /* until the unit is gone, which is as long as it can last */
    int r = main_new_call(context, "SetUnitProperties", &call, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(call, 'b', &runtime);
    if (r < 0)
        return error_errno(error, r, "request to systemd");
    r = main_append_properties(context, call, error);
    if (r < 0)
        return r;
    r = sd_bus_call(context->bus, call, 0, &failure, NULL);
    return r < 0 ? main_failure(context, &failure, r, error) : 0;
}

static int main_stop(MainContext *context, const char **ret_cgroup UNUSED, Error *error)
{
    sd_bus_message *call CLEANUP(main_message_unrefp) = NULL;
    sd_bus_message *reply CLEANUP(main_message_unrefp) = NULL;
    sd_bus_error failure CLEANUP(main_bus_error_done) = SD_BUS_ERROR_NULL;
    int r = main_new_call(context, "StopUnit", &call, error);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(call, 's', "replace");
    if (r >= 0)
        r = sd_bus_call(context->bus, call, 0, &failure, &reply);
    if (r < 0 && sd_bus_error_has_name(&failure, MAIN_NO_UNIT))
        return 0;
    r = r < 0 ? main_failure(context, &failure, r, error) : main_await_job(context, reply, error);
    main_forget(context);
    return r;
}

static int main_run(MainContext *context, const char **ret_cgroup, Error *error)
{
    static int (*const verbs[UNIT_VERB_MAX])(MainContext *, const char **, Error *) = {
        [UNIT_START] = main_start,
        [UNIT_SET] = main_set,
        [UNIT_STOP] = main_stop,
    };
    char *text;
    size_t size;
    int r = fd_read_all(STDIN_FILENO, MAIN_REQUEST_MAX, context->arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "read the request");
    UnitRequest *request = arena_alloc(context->arena, sizeof(*request));
    r = field_parse(&unit_request_table, text, size, context->arena, request, error);
    if (r < 0)
        return error_wrap(error, "request");
    context->request = request;
    r = main_connect(context, error);
    return r < 0 ? r : verbs[request->verb](context, ret_cgroup, error);
}

int main(void)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    MainContext context = { .arena = &arena };
    Error error = { 0 };
    UnitAnswer answer = { 0 };
    int r = main_run(&context, &answer.cgroup, &error);
    main_bus_closep(&context.bus);
    if (r < 0)
        answer = (UnitAnswer){ .message = error.message,
                               .kind = error_kind_name(error.kind),
                               .code = error.code };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(&unit_answer_table, &answer, false, &text);
    return fd_write_all(STDOUT_FILENO, text.data, text.length) < 0 || r < 0;
}
