/*
 * The little that is asked of URLs here; libcurl does the rest.
 */
#pragma once

#include <stdbool.h>

#include "base/mem.h"

/* The part between "://" and the path, without what stands before an "@". */
const char *url_authority(const char *url, Arena *arena);
/* "localhost", "127.1.2.3", "[::1]", each with or without a port. */
bool url_authority_is_loopback(const char *authority);
/* Is it the same host and port? Ports of the scheme count as written. */
bool url_has_authority(const char *url, const char *authority);
/* Printable ASCII, no user name or password in it. */
bool url_is_clean(const char *url);
/* For a query: everything but letters, digits and -._~ as %XX. */
const char *url_escape(const char *text, Arena *arena);
