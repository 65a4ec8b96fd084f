/*
 * The kernel's names are older than Go's, and differ for the common machines.
 */
#include "linux/machine.h"

#include <sys/utsname.h>

#include "base/str.h"

const char *machine_architecture(Arena *arena)
{
    static const struct {
        const char *machine, *architecture;
    } rows[] = {
        { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm" },
        { "armv6l", "arm" },   { "i686", "386" },
    };
    struct utsname name;
    if (uname(&name) < 0)
        return "amd64";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eq(name.machine, rows[i].machine))
            return rows[i].architecture;
    return arena_strdup(arena, name.machine); /* riscv64, ppc64le, s390x are called alike */
}
