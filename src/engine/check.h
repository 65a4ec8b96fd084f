/*
 * `ambit system check`: what a killed engine process, a crash or a full disk left behind, found
 * from the disk and the kernel alone, and taken away with `repair`.
 */
#pragma once

#include "engine/engine.h"
#include "linux/cgroup.h"

typedef struct CheckFinding {
    const char *what; /* "container", "name", "id range", "cgroup", "file" */
    const char *which;
    const char *why;
    bool repaired;
} CheckFinding;

typedef struct CheckReport {
    CheckFinding *findings; /* in the arena */
    size_t count;
    size_t containers; /* looked at */
} CheckReport;

int check_run(const Engine *engine, const CgroupHost *cgroup_host, bool repair, Arena *arena,
              CheckReport *ret_report, Error *error) MUST_CHECK;
