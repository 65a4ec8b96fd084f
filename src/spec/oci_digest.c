/*
 * Digests: the names of blobs, and file names in the store. The grammar is the narrowest that
 * serves, so that a digest that passed can be made part of a path.
 */
#include <string.h>

#include "spec/oci_image.h"

bool oci_digest_is_valid(const char *digest)
{
    return digest && str_starts(digest, "sha256:") &&
           strspn(digest + 7, "0123456789abcdef") == OCI_DIGEST_HEX &&
           digest[7 + OCI_DIGEST_HEX] == '\0';
}

const char *oci_digest_hex(const char *digest)
{
    return digest + 7;
}

const char *oci_digest_check(const char *value)
{
    return oci_digest_is_valid(value) ? NULL : "sha256: and 64 hexadecimal digits";
}
