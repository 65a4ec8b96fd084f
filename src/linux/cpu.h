/*
 * Where a new process starts: sched(7), sched_setaffinity(2).
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A cloned process waits on its parent's CPU until that one sleeps, though another CPU idles: so
 * it is on a virtual machine, where the scheduler takes a halted CPU for one that the hypervisor
 * has taken away. Two processes that are meant to work side by side then work one after another.
 */
typedef struct CpuSpread {
    bool useful;
    cpu_set_t all;
} CpuSpread;

/*
 * Before the clone: useful when hardly anything else runs on this machine and the caller may use
 * all of it. With a choice among busy CPUs the scheduler's own is better than ours; and of a caller
 * that was kept from some CPUs it cannot be told whether by its cgroup or by wish, so its child
 * could not be given back what it had.
 */
void cpu_spread_prepare(CpuSpread *ret_spread);
/* After it: the child starts on any CPU but the caller's, and is free to go where it likes. One
 * that started elsewhere already stays there. A hint: nothing depends on it. */
void cpu_spread(const CpuSpread *spread, pid_t child);
