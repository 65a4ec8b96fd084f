/*
 * `login` and `logout`: credentials are tried at the registry before they are kept.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "access.h"
#include "base/fd.h"
#include "cmd/program/output.h"
#include "commands.h"
#include "image/reference.h"
#include "image/registryauth.h"
#include "image/registryhelper.h"

#define LOGIN_DEFAULT "docker.io"

enum { LOGIN_SECRET_MAX = 64 * 1024 };

typedef struct LoginOptions {
    const char *username, *password;
    bool password_stdin, get_login;
    Access access;
} LoginOptions;

static const Option login_options[] = {
    { 'u', "username", OPTION_STRING(LoginOptions, username), "NAME", "User name" },
    { 'p', "password", OPTION_STRING(LoginOptions, password), "PASSWORD",
      "Password (others can see it in the list of processes; prefer --password-stdin)" },
    { 0, "password-stdin", OPTION_FLAG(LoginOptions, password_stdin), NULL,
      "Read the password from standard input" },
    { 0, "get-login", OPTION_FLAG(LoginOptions, get_login), NULL,
      "Print the user name that is known" },
    ACCESS_OPTIONS(LoginOptions),
    OPTION_END,
};

/* A registry as people write it: with "https://" before it or a path behind. */
static int login_domain(const CommandCall *call, const char **ret_domain, Error *error)
{
    Reference reference;
    const char *word = call->argument_count > 0 ? call->arguments[0] : LOGIN_DEFAULT;
    if (str_starts(word, "https://"))
        word += strlen("https://");
    char *domain = arena_strndup(call->arena, word, strcspn(word, "/"));
    if (str_eq(domain, "index.docker.io"))
        domain = arena_strdup(call->arena, LOGIN_DEFAULT);
    /* Read as the beginning of a reference it must be one. */
    const char *probe = arena_printf(call->arena, "%s/probe/probe", domain);
    int r = reference_parse(probe, call->arena, &reference, NULL);
    if (r < 0 || !str_eq(reference.domain, domain))
        return error_set(error, ERROR_USAGE, EINVAL, "\"%.100s\" is not the name of a registry",
                         domain);
    *ret_domain = domain;
    return 0;
}

/*** Asking. ***/

/* Up to the end of the line, or the character `end` and with it. */
static int login_read_line(char end, Arena *arena, char **ret_line, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char c = '\0';
    while (text.length < LOGIN_SECRET_MAX && c != end && read(STDIN_FILENO, &c, 1) == 1 &&
           c != '\n')
        strbuf_add_char(&text, c);
    if (text.length == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "nothing was entered");
    *ret_line = arena_strdup(arena, strbuf_text(&text));
    return 0;
}

/* Without echo. Ctrl-C is a character meanwhile, which ends the line, or it would end us and leave
 * the terminal as it is. */
static int login_read_secret(const struct termios *old, Arena *arena, char **ret_line, Error *error)
{
    struct termios quiet = *old;
    const char interrupt = (char)old->c_cc[VINTR];
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_cc[VEOL] = old->c_cc[VINTR];
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    int r = login_read_line(interrupt, arena, ret_line, error);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, old);
    (void)!output_write_to(STDERR_FILENO, "\n", NULL);
    if (r == 0 && strchr(*ret_line, interrupt))
        (void)raise(SIGINT);
    return r;
}

static int login_prompt(const char *words, bool secret, Arena *arena, char **ret_line, Error *error)
{
    struct termios terminal;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "no terminal to ask on: use --username and --password-stdin");
    (void)!output_write_to(STDERR_FILENO, words, NULL);
    return secret ? login_read_secret(&terminal, arena, ret_line, error)
                  : login_read_line('\n', arena, ret_line, error);
}

static int login_password(const LoginOptions *options, Arena *arena, const char **ret, Error *error)
{
    char *text;
    size_t size;
    if (options->password) {
        *ret = options->password;
        return 0;
    }
    if (!options->password_stdin) {
        int r = login_prompt("Password: ", true, arena, &text, error);
        *ret = r == 0 ? text : NULL;
        return r;
    }
    int r = fd_read_all(STDIN_FILENO, LOGIN_SECRET_MAX, arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "standard input");
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        text[--size] = '\0';
    if (size == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "standard input has no password");
    *ret = text;
    return 0;
}

static int login_credentials(const CommandCall *call, RegistryOpen *open, Error *error)
{
    const LoginOptions *options = call->values;
    char *name;
    if (options->username)
        open->username = options->username;
    if (!open->username) {
        if (options->password_stdin)
            return error_set(error, ERROR_USAGE, EINVAL, "--password-stdin needs --username");
        int r = login_prompt("Username: ", false, call->arena, &name, error);
        if (r < 0)
            return r;
        open->username = name;
    }
    return str_empty(open->password) ? login_password(options, call->arena, &open->password, error)
                                     : 0;
}

/*** Doing. ***/

static int login_try(const RegistryOpen *open, Arena *arena, const char **ret_token, Error *error)
{
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    RegistryReply reply;
    RegistryRequest request = { .operation = REGISTRY_LOGIN };
    int r = registryhelper_open(open, &registry, error);
    if (r == 0)
        r = registryhelper_ask(&registry, request, NULL, arena, &reply, error);
    if (r == 0)
        *ret_token = reply.identity_token;
    return r;
}

static int login_get(const char *domain, const LoginOptions *options, Arena *arena, Error *error)
{
    RegistryLogin login;
    int r = registryauth_find(domain, NULL, options->access.auth_file, arena, &login, error);
    if (r < 0)
        return r;
    if (!login.username)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "not logged in to %s", domain);
    return output_write(arena_printf(arena, "%s\n", login.username), error);
}

static int login_run(CommandCall *call, Error *error)
{
    const LoginOptions *options = call->values;
    RegistryOpen open;
    const char *domain, *place;
    int r = login_domain(call, &domain, error);
    if (r == 0 && options->get_login)
        return login_get(domain, options, call->arena, error);
    if (r == 0)
        r = access_open(&options->access, call->arena, &open, error);
    if (r == 0)
        r = login_credentials(call, &open, error);
    if (r < 0)
        return r;
    RegistryLogin login = { .username = open.username, .password = open.password };
    open.domain = domain;
    open.direct = true;
    r = login_try(&open, call->arena, &login.identity_token, error);
    if (login.identity_token)
        login.password = "";
    if (r == 0)
        r = registryauth_store(domain, &login, options->access.auth_file, call->arena, &place,
                               error);
    if (r < 0)
        return r;
    return output_write(
        arena_printf(call->arena, "Login succeeded; the credentials are in %s\n", place), error);
}

const Command login_command = {
    .name = "login",
    .heading = "Registries",
    .summary = "Keep credentials for a registry",
    .arguments = "[REGISTRY]",
    .arguments_max = 1,
    .description =
        "Tries the credentials at the registry (docker.io if none is named) and keeps them where "
        "docker and podman look as well: in the program that credHelpers or credsStore name, in "
        "docker's config.json if there is one, else in containers/auth.json below the user's "
        "configuration.",
    .examples = "ambit login registry.example\n"
                "pass show registry | ambit login -u me --password-stdin registry.example\n",
    .options = login_options,
    .values_size = sizeof(LoginOptions),
    .run = login_run,
};

typedef struct LogoutOptions {
    const char *auth_file;
    bool all;
} LogoutOptions;

static const Option logout_options[] = {
    { 'a', "all", OPTION_FLAG(LogoutOptions, all), NULL, "Forget those of every registry" },
    { 0, "authfile", OPTION_STRING(LogoutOptions, auth_file), "FILE", "Credentials are in FILE",
      .completes = "file" },
    OPTION_END,
};

static int logout_run(CommandCall *call, Error *error)
{
    const LogoutOptions *options = call->values;
    const char *domain = NULL;
    int r = options->all ? 0 : login_domain(call, &domain, error);
    if (r == 0)
        r = registryauth_erase(domain, options->auth_file, call->arena, error);
    if (r < 0)
        return r;
    if (r == 0 && !options->all)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "not logged in to %s", domain);
    return output_write(arena_printf(call->arena, "Removed the credentials for %s\n",
                                     domain ? domain : "all registries"),
                        error);
}

const Command logout_command = {
    .name = "logout",
    .summary = "Forget the credentials for a registry",
    .arguments = "[REGISTRY]",
    .arguments_max = 1,
    .options = logout_options,
    .values_size = sizeof(LogoutOptions),
    .run = logout_run,
};
