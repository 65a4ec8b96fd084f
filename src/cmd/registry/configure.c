/*
 * Which hosts, with which trust and which credentials: everything that files and the environment
 * have to say, read once.
 */
#include "cmd/registry/configure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/registry/mirror.h"
#include "cmd/registry/trust.h"
#include "cmd/registry/url.h"

#define CONFIGURE_HUB "docker.io"

enum { CONFIGURE_AUTHORITIES_MAX = 16 * 1024 * 1024 };

/* The system's certificate authorities, where the distributions keep them. */
static int configure_authorities(Session *session, Error *error)
{
    const char *files[] = {
        getenv("SSL_CERT_FILE"),
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char *text;
        if (str_empty(files[i]))
            continue;
        int r = file_read_at(AT_FDCWD, files[i], CONFIGURE_AUTHORITIES_MAX, session->arena, &text,
                             NULL);
        if (r == 0) {
            session->authorities = text;
            return 0;
        }
        if (r != -ENOENT || i == 0)
            return error_errno(error, r, "%s", files[i]);
    }
    return 0; /* then nothing is trusted */
}

/* The registry itself: the last to be asked. */
static int configure_registry(Session *session, Error *error)
{
    const RegistryOpen *open = &session->open;
    const char *authority = str_eq(open->domain, CONFIGURE_HUB) ? HOST_HUB : open->domain;
    Host *host = hostlist_append(&session->hosts, session->arena, authority, open->repository);
    host->trust.authorities = session->authorities;
    host->trust.insecure = open->insecure;
    host->plain_allowed = open->insecure || url_authority_is_loopback(authority);
    int r = trust_read(open->domain, open->certificates, session->arena, &host->trust, error);
    host->login = (RegistryLogin){ open->username, open->password, open->identity_token };
    if (r == 0 && !open->username && !open->identity_token)
        r = registryauth_find(open->domain, open->repository, open->auth_file, session->arena,
                              &host->login, error);
    return r;
}

int configure_session(const RegistryOpen *open, Arena *arena, Session *ret_session, Error *error)
{
    Session session = { .arena = arena, .open = *open };
    int r = configure_authorities(&session, error);
    bool complete = false;
    if (r == 0)
        r = mirror_read(&session, &complete, error);
    if (r == 0 && !complete)
        r = configure_registry(&session, error);
    if (r < 0)
        return r;
    *ret_session = session;
    return 0;
}
