/*
 * The program is found in PATH, as docker finds it. The trap: its name comes from a file; it must
 * be one word, or it would be a path.
 */
#include "image/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"

enum { CREDENTIAL_ANSWER_MAX = 64 * 1024 };

typedef struct CredentialRun {
    pid_t pid;
    int in, out; /* our ends */
} CredentialRun;

static int credential_spawn(const char *name, const char *word, const int in[2], const int out[2],
                            pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    char *arguments[] = { (char *)name, (char *)word, NULL };
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (r == 0)
        r = posix_spawnp(ret_pid, name, &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int credential_start(const char *name, const char *word, CredentialRun *run, Error *error)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    if (pipe2(out, O_CLOEXEC) < 0) {
        int r = error_errno(error, errno, "pipe");
        fd_close(in[0]);
        fd_close(in[1]);
        return r;
    }
    int r = credential_spawn(name, word, in, out, &run->pid);
    fd_close(in[0]);
    fd_close(out[1]);
    run->in = in[1];
    run->out = out[0];
    return r < 0 ? error_errno(error, r, "%s", name) : 0;
}

/* It may end without reading, which its status tells, and is not our end. */
static void credential_write(int fd, const char *input)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    (void)sigaction(SIGPIPE, &ignore, &before);
    (void)!fd_write_all(fd, input, strlen(input));
    (void)sigaction(SIGPIPE, &before, NULL);
}

/* The program's exit status, its output in the arena. */
static int credential_run(const char *program, const char *word, const char *input, Arena *arena,
                          char **ret_output, Error *error)
{
    const char *name = arena_printf(arena, CREDENTIAL_PREFIX "%s", program);
    CredentialRun run = { .in = -1, .out = -1 };
    int status = 0;
    if (str_empty(program) || strchr(program, '/') || strlen(program) > 64)
        return error_set(error, ERROR_USAGE, EINVAL, "\"%.64s\" is no credential helper", program);
    int r = credential_start(name, word, &run, error);
    if (r == 0) {
        credential_write(run.in, input);
        fd_closep(&run.in);
        r = fd_read_all(run.out, CREDENTIAL_ANSWER_MAX, arena, ret_output, NULL);
        if (r < 0)
            (void)error_errno(error, r, "%s", name);
    }
    fd_close(run.in);
    fd_close(run.out);
    if (run.pid > 0)
        while (waitpid(run.pid, &status, 0) < 0 && errno == EINTR)
            ;
    return r < 0 ? r : WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int credential_get(const char *program, const char *server, Arena *arena, RegistryLogin *login,
                   Error *error)
{
    char *output = NULL;
    int r = credential_run(program, "get", server, arena, &output, error);
    if (r < 0)
        return r;
    if (r > 0 && strstr(output, "not found"))
        return 0;
    const JsonValue *value;
    if (r > 0)
        return error_set(error, ERROR_SYSTEM, EIO, CREDENTIAL_PREFIX "%s: %.200s", program,
                         *output ? output : "failed");
    r = json_parse(output, strlen(output), NULL, arena, &value, error);
    if (r < 0)
        return error_wrap(error, CREDENTIAL_PREFIX "%s", program);
    const char *name = json_member_string(value, "Username");
    const char *secret = json_member_string(value, "Secret");
    if (str_empty(secret))
        return 0;
    if (str_eq(name, "<token>")) {
        login->identity_token = secret;
    } else {
        login->username = name;
        login->password = secret;
    }
    return 0;
}

static int credential_tell(const char *program, const char *word, const char *input, Arena *arena,
                           Error *error)
{
    char *output = NULL;
    int r = credential_run(program, word, input, arena, &output, error);
    if (r > 0)
        return error_set(error, ERROR_SYSTEM, EIO, CREDENTIAL_PREFIX "%s %s: %.200s", program, word,
                         output && *output ? output : "failed");
    return r;
}

int credential_store(const char *program, const char *server, const RegistryLogin *login,
                     Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter w = { .text = &text };
    json_write_object(&w);
    json_write_key(&w, "ServerURL");
    json_write_string(&w, server);
    json_write_key(&w, "Username");
    json_write_string(&w, login->identity_token ? "<token>" : login->username);
    json_write_key(&w, "Secret");
    json_write_string(&w, login->identity_token ? login->identity_token : login->password);
    json_write_end_object(&w);
    return credential_tell(program, "store", strbuf_text(&text), &arena, error);
}

int credential_erase(const char *program, const char *server, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    return credential_tell(program, "erase", server, &arena, error);
}
