/*
 * The pieces explain_gather() is made of, for its own files. Each fills its part of the
 * explanation; a failure is remembered in `hidden` by the caller.
 */
#pragma once

#include "engine/explanation.h"

/* explain_files.c */
int explain_files(int proc_fd, Arena *arena, Explanation *explanation, Error *error);
/* Read-only layers in an overlay's mount options; false if they do not tell. */
bool explain_count_layers(const char *super_options, uint32_t *ret_layers);

/* explain_limits.c */
int explain_cgroup(pid_t pid, Arena *arena, Explanation *explanation, Error *error);
int explain_rlimits(int proc_fd, Arena *arena, Explanation *explanation, Error *error);

/* explain_inside.c: what only a process inside can see: host name, interfaces. */
int explain_inside(int proc_fd, Arena *arena, Explanation *explanation, Error *error);
/* The report the process inside writes, read back. */
int explain_inside_parse(char *report, size_t size, Arena *arena, Explanation *explanation,
                         Error *error);

/* explain_words.c */
/* "load kernel modules (sys_module), ...", the most dangerous first; those after the first `most`
 * by name only. ret_text is empty before. */
void explain_capability_words(const StrList *names, size_t most, StrBuf *ret_text);
