/*
 * ambit-registry: the helper that speaks with registries. `ambit` starts it, never a person;
 * descriptor 3 is the socket of image/registrycall.h.
 *
 * Order matters: everything that needs the host's files (credentials, certificates, the
 * configuration, OpenSSL's own) comes before confine_self; the network only after it.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/registry/configure.h"
#include "cmd/registry/confine.h"
#include "cmd/registry/serve.h"
#include "linux/descriptors.h"
#include "linux/threads.h"

enum { MAIN_SOCKET = 3 };

/* libcurl does not read the variable in capitals, in which a CGI program would find what its client
 * says; docker and podman do, and nobody's CGI program starts us. */
static void main_proxy(void)
{
    const char *proxy = getenv("HTTP_PROXY");
    if (proxy && !getenv("http_proxy"))
        (void)setenv("http_proxy", proxy, 1);
}

static int main_open(Arena *arena, Session *session, Error *error)
{
    RegistryOpen open;
    int r = threads_prepare(error);
    if (r < 0)
        return r;
    r = registrycall_receive_open(MAIN_SOCKET, arena, &open, error);
    if (r <= 0)
        return r < 0 ? r : error_set(error, ERROR_SYSTEM, EPIPE, "nobody asked");
    r = configure_session(&open, arena, session, error);
    if (r == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        r = error_set(error, ERROR_SYSTEM, ENOMEM, "libcurl");
    return r < 0 ? r : confine_self(error);
}

int main(void)
{
    static Arena arena; /* lives as long as the process */
    static Session session;
    Error error = { 0 };
    (void)signal(SIGPIPE, SIG_IGN);
    main_proxy();
    descriptors_close_from(MAIN_SOCKET + 1);
    int r = main_open(&arena, &session, &error);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); /* a change of ids clears it */
    RegistryFailure failure = { error_kind_name(error.kind), error.code, error.message };
    RegistryReply reply = { .done = true, .failure = r < 0 ? &failure : NULL };
    (void)!registrycall_send_reply(MAIN_SOCKET, &reply, NULL);
    if (r == 0)
        r = serve_run(&session, MAIN_SOCKET, &error);
    _exit(r < 0); /* not exit(): threads may be at work with what it would clean up */
}
