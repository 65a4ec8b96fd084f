/*
 * Where a new process starts.
 *
 * The trap: an affinity that was set once is kept by the kernel as the process's wish (6.2), also
 * against a cpuset it comes into later. So nothing is touched unless the wish that stays is "any".
 */
#include "linux/cpu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/identity.h"

enum {
    CPU_TEXT_MAX = 256, /* a list of CPUs with more holes than fit is not worth the reading */
    CPU_QUIET = 8,      /* of so many other CPUs at most one may have work */
};

static bool cpu_read(const char *path, char text[CPU_TEXT_MAX])
{
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_text(fd, text, CPU_TEXT_MAX) <= 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return true;
}

/* How many others run now, by "0.20 0.18 0.12 1/80 11206" of proc_loadavg(5): the number before the
 * slash, less the caller. */
static unsigned long cpu_running(const char *loads)
{
    const char *running = strchr(loads, '/');
    while (running && running > loads && running[-1] >= '0' && running[-1] <= '9')
        running--;
    unsigned long count = running ? strtoul(running, NULL, 10) : 0;
    return count > 0 ? count - 1 : 0;
}

void cpu_spread_prepare(CpuSpread *ret_spread)
{
    char text[CPU_TEXT_MAX];
    cpu_set_t online;
    ret_spread->useful = false;
    CPU_ZERO(&ret_spread->all);
    if (sched_getaffinity(0, sizeof(ret_spread->all), &ret_spread->all) < 0)
        return;
    unsigned others = (unsigned)CPU_COUNT(&ret_spread->all) - 1;
    if (others == 0 || !cpu_read("/proc/loadavg", text) || cpu_running(text) * CPU_QUIET > others)
        return;
    ret_spread->useful = cpu_read("/sys/devices/system/cpu/online", text) &&
                         identity_cpu_list(text, &online) == 0 &&
                         CPU_EQUAL(&online, &ret_spread->all);
}

void cpu_spread(const CpuSpread *spread, pid_t child)
{
    int own = spread->useful ? sched_getcpu() : -1;
    if (own < 0)
        return;
    cpu_set_t others = spread->all;
    CPU_CLR(own, &others);
    if (sched_setaffinity(child, sizeof(others), &others) == 0)
        (void)sched_setaffinity(child, sizeof(spread->all), &spread->all);
}
