/*
 * Private to the runtime-spec's tables: those that another file's rows refer to, and the checks.
 */
#pragma once

#include "spec/spec.h"

extern const JsonLimits spec_limits;
extern const FieldTable spec_seccomp_arg_table;
extern const char *const spec_seccomp_actions[];
extern const char *const spec_seccomp_flags[];
extern const char *const spec_seccomp_architectures[];

/* Column .check: NULL or what was expected. */
const char *spec_check_version(const char *value);       /* x.y.z... */
const char *spec_check_host_name(const char *value);     /* sethostname(2): at most 64 bytes */
const char *spec_check_env(const char *value);           /* environ(7): NAME=VALUE */
const char *spec_check_rlimit(const char *value);        /* RLIMIT_[A-Z]+ */
const char *spec_check_cpu_list(const char *value);      /* [0-9, -]* */
const char *spec_check_optional_path(const char *value); /* "" or absolute */
const char *spec_check_net_device(const char *value);    /* what the kernel takes as a name */
const char *spec_check_sysctl(const char *value);        /* no way out of /proc/sys */
const char *spec_check_device_access(const char *value); /* of "rwm" */
const char *spec_check_page_size(const char *value);     /* 64KB, 2MB, 1GB */
const char *spec_check_cgroup_file(const char *value);   /* one file name */
const char *spec_check_clos_id(const char *value);       /* one directory name, or "/" */
const char *spec_check_one_line(const char *value);
const char *spec_check_mem_bw(const char *value); /* MB:... in one line */
