/*
 * Words into what the helper is told.
 */
#include "access.h"

#include <string.h>

int access_open(const Access *access, Arena *arena, RegistryOpen *ret_open, Error *error)
{
    (void)error;
    *ret_open = (RegistryOpen){
        .insecure = access->tls_verify == OPTION_FALSE,
        .certificates = access->certificates,
        .auth_file = access->auth_file,
    };
    if (!access->credentials)
        return 0;
    char *name = arena_strdup(arena, access->credentials);
    char *colon = strchr(name, ':');
    ret_open->username = name;
    ret_open->password = "";
    if (colon) {
        *colon = '\0';
        ret_open->password = colon + 1;
    }
    return 0;
}
