/*
 * deny LIST -- COMMAND...: runs a command that finds some system calls missing, for instance
 * `deny openat2=ENOSYS,clone3=EPERM -- ambit run ...`. The fault lane runs whole test files so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "denial.h"

int main(int argc, char **argv)
{
    Error error = { 0 };
    if (argc < 4 || strcmp(argv[2], "--") != 0) {
        (void)fprintf(stderr, "usage: deny CALL[/ARGUMENT:VALUE]=ERRNO[,...] -- COMMAND...\n");
        return 125;
    }
    if (denial_install(argv[1], &error) < 0) {
        (void)fprintf(stderr, "deny: %s\n", error.message);
        return 125;
    }
    (void)execvp(argv[3], argv + 3);
    (void)fprintf(stderr, "deny: %s: %s\n", argv[3], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}
