/*
 * A wish for a container: everything `ambit run` can say, checked for form but not yet for sense.
 * build.h makes an OCI spec of it, together with the image's config and facts about the host.
 *
 * The request_parse_... functions read one value of one option in docker's notation and are the
 * only place that knows it; their error messages begin with the value. Strings live in the arena
 * they are given or in the caller's words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/field.h"
#include "base/option.h"
#include "base/str.h"
#include "base/strmap.h"
#include "linux/namespace.h"

/* --- namespaces ------------------------------------------------------------------------------ */

typedef enum RequestNamespaceMode {
    REQUEST_NAMESPACE_DEFAULT, /* private, where the host can */
    REQUEST_NAMESPACE_PRIVATE,
    REQUEST_NAMESPACE_HOST,
    REQUEST_NAMESPACE_CONTAINER, /* that of the container `target` */
    REQUEST_NAMESPACE_PATH,      /* the namespace file `target` */
} RequestNamespaceMode;

typedef struct RequestNamespace {
    RequestNamespaceMode mode;
    const char *target;
} RequestNamespace;

/* --- files ----------------------------------------------------------------------------------- */

typedef enum RequestMountKind {
    REQUEST_MOUNT_BIND,   /* source: absolute, or begins with "./" or "../" */
    REQUEST_MOUNT_VOLUME, /* source: the volume's name; NULL: an anonymous one */
    REQUEST_MOUNT_TMPFS,
} RequestMountKind;

typedef struct RequestMount {
    RequestMountKind kind;
    const char *source;
    const char *target; /* absolute and clean: no "..", no doubled slashes, not "/" */
    bool readonly;
    bool readonly_shallow;   /* mounts below it keep what they are */
    bool shallow;            /* bind: without the mounts below it */
    bool no_copy;            /* volume: a new one stays empty */
    const char *subpath;     /* volume: a directory in it; relative and clean */
    const char *propagation; /* bind: "rshared", ...; NULL: "rprivate" */
    StrList options;         /* "noexec", "size=64m", ...: checked words */
    const char *option;      /* the option it came from, for messages: "--volume" */
} RequestMount;

typedef struct RequestDevice {
    const char *source; /* absolute path on the host */
    const char *target; /* absolute path in the container */
    const char *access; /* of "rwm" */
} RequestDevice;

/* --- limits ---------------------------------------------------------------------------------- */

typedef struct RequestUlimit {
    const char *name;    /* "RLIMIT_NOFILE"; a literal */
    uint64_t soft, hard; /* RLIMIT_UNLIMITED */
} RequestUlimit;

typedef enum RequestThrottleKind {
    REQUEST_THROTTLE_READ_BPS,
    REQUEST_THROTTLE_WRITE_BPS,
    REQUEST_THROTTLE_READ_IOPS,
    REQUEST_THROTTLE_WRITE_IOPS,
    REQUEST_THROTTLE_WEIGHT,
    REQUEST_THROTTLE_MAX,
} RequestThrottleKind;

typedef struct RequestThrottle {
    RequestThrottleKind kind;
    const char *device; /* absolute path on the host */
    uint64_t value;     /* bytes or operations per second, or a weight of 10 to 1000 */
} RequestThrottle;

typedef struct RequestDeviceRule {
    char type;            /* 'a', 'b', 'c' */
    int64_t major, minor; /* -1: all */
    const char *access;
} RequestDeviceRule;

/* 0 is "not given" for every number here, unless it says otherwise. */
typedef struct RequestLimits {
    uint64_t memory_bytes, memory_reservation_bytes;
    int64_t memory_swap_bytes; /* memory and swap together; -1: no limit */
    int64_t memory_swappiness; /* 0 to 100; REQUEST_NO_SWAPPINESS */
    bool oom_kill_disable;
    uint64_t cpus_nano; /* billionths of a CPU */
    uint64_t cpu_shares;
    uint64_t cpu_period_us;
    int64_t cpu_quota_us;                  /* -1: no limit */
    const char *cpuset_cpus, *cpuset_mems; /* checked lists: "0-2,4" */
    int64_t pids;                          /* -1: no limit */
    uint64_t blkio_weight;
    RequestThrottle *throttles;
    size_t throttle_count;
    const char *cgroup_parent;
} RequestLimits;
#define REQUEST_NO_SWAPPINESS (-1)

/* --- security -------------------------------------------------------------------------------- */

typedef enum RequestSeccomp {
    REQUEST_SECCOMP_DEFAULT,
    REQUEST_SECCOMP_UNCONFINED,
    REQUEST_SECCOMP_FILE,
} RequestSeccomp;

typedef struct RequestSecurity {
    RequestSeccomp seccomp;
    const char *seccomp_file;
    OptionTristate no_new_privileges;
    const char *apparmor;      /* a profile's name or "unconfined" */
    bool paths_unconfined;     /* systempaths=unconfined, unmask=ALL */
    StrList mask, unmask;      /* absolute paths */
    StrList cap_add, cap_drop; /* "ALL" or names as given */
} RequestSecurity;

/* --- names ----------------------------------------------------------------------------------- */

typedef struct RequestHost {
    const char *name;
    const char *address; /* an IPv4 or IPv6 address */
} RequestHost;

typedef enum RequestUpper { REQUEST_UPPER_DISK, REQUEST_UPPER_MEMORY } RequestUpper;

typedef enum RequestPull {
    REQUEST_PULL_MISSING,
    REQUEST_PULL_ALWAYS,
    REQUEST_PULL_NEWER,
    REQUEST_PULL_NEVER
} RequestPull;

struct ImageStore;

typedef struct RunRequest {
    /* what to run */
    const char *image;    /* NULL with rootfs */
    const char *rootfs;   /* a directory instead of an image; absolute or relative */
    StrList command;      /* what stands behind the image */
    const char *platform; /* "linux/arm64"; NULL: the host's */
    RequestPull pull;
    bool quiet; /* no progress of the pull */
    /* Brings the image into the store; NULL: nobody can. */
    int (*fetch)(const struct RunRequest *request, const struct ImageStore *store, Error *error);
    /* Told what works, but not as somebody may expect; NULL: nobody listens. */
    void (*warn)(const char *message);

    /* the container */
    const char *name;
    const char *cidfile;
    StrMap labels, annotations;
    StrList expose; /* "80/tcp": told by `inspect` and `ps`, nothing more */
    StrList label_files;
    bool remove;

    /* the process */
    bool interactive, terminal, init;
    bool no_signal_proxy;
    const char *detach_keys;
    const char *entrypoint; /* "": none, not the image's either */
    StrList env;            /* "NAME=VALUE"; "NAME" alone takes it away */
    StrList env_files;
    const char *working_directory;
    const char *user; /* "USER[:GROUP]", names or numbers */
    StrList groups;   /* further ones: names or numbers */
    OptU32 umask;
    unsigned attached; /* --attach: bits of standard input, output and error; 0: not given */
    const char *stop_signal;
    int64_t stop_timeout_s; /* REQUEST_NO_TIMEOUT: the default; -1 waits for ever */
    RequestUlimit *ulimits;
    size_t ulimit_count;
    OptionTristate oom_score_given;
    int64_t oom_score_adj;

    /* its files */
    bool read_only;
    RequestUpper upper; /* where what it writes goes */
    RequestMount *mounts;
    size_t mount_count;
    RequestDevice *devices;
    size_t device_count;
    RequestDeviceRule *device_rules;
    size_t device_rule_count;
    uint64_t shm_bytes; /* 0: 64 MiB */

    /* its view */
    RequestNamespace namespaces[NAMESPACE_MAX];
    const char *hostname, *domainname;
    int64_t monotonic_offset_ns, boottime_offset_ns;
    StrMap sysctls; /* keys as in /proc/sys, with slashes */
    RequestHost *hosts;
    size_t host_count;
    StrList dns, dns_search, dns_options;
    /* Which of an option's two names was typed, for messages: "network", "dns-opt". NULL: not given
     * by a command line. */
    const char *net_written, *dns_option_written;

    /* its bounds */
    bool privileged;
    RequestSecurity security;
    RequestLimits limits;

    /* what the engine shows of its work */
    bool plan, trace;
} RunRequest;
#define REQUEST_NO_TIMEOUT (-2)

/* The request of a command line without options. */
extern const RunRequest request_defaults;

/* One value of one option. All return 0 or a negative errno with an error of kind ERROR_USAGE. */
typedef int RequestParse(RunRequest *request, const char *value, Arena *arena, Error *error);

/* request.c */
RequestParse request_parse_name, request_parse_hostname, request_parse_domainname,
    request_parse_env, request_parse_label, request_parse_annotation, request_parse_platform,
    request_parse_stop_signal, request_parse_user, request_parse_group, request_parse_expose,
    request_parse_workdir, request_parse_sysctl, request_parse_oom_score;
/* request_namespace.c */
RequestParse request_parse_pid, request_parse_net, request_parse_ipc, request_parse_uts,
    request_parse_userns, request_parse_cgroupns, request_parse_timens,
    request_parse_monotonic_offset, request_parse_boottime_offset, request_parse_host,
    request_parse_dns, request_parse_dns_search;
/* request_mount.c */
RequestParse request_parse_volume, request_parse_mount, request_parse_tmpfs;
/* request_limit.c */
RequestParse request_parse_memory_swap, request_parse_swappiness, request_parse_cpus,
    request_parse_cpuset_cpus, request_parse_cpuset_mems, request_parse_pids, request_parse_shares,
    request_parse_ulimit, request_parse_weight, request_parse_weight_device, request_parse_read_bps,
    request_parse_write_bps, request_parse_read_iops, request_parse_write_iops;
/* request_security.c */
RequestParse request_parse_security, request_parse_device, request_parse_device_rule,
    request_parse_cap_add, request_parse_cap_drop;

/* request_files.c: reads --env-file and --label-file into env and labels; those given directly
 * come later and win. */
int request_load_files(RunRequest *request, Arena *arena, Error *error) MUST_CHECK;
/* The lines of such a file: "NAME=VALUE", "NAME" (the caller's value; left out without one),
 * comments and blanks. `file` is for messages. */
int request_read_lines(const char *text, const char *file, bool names_alone, Arena *arena,
                       StrList *ret_lines, Error *error) MUST_CHECK;

/*
 * Which namespace the container really gets of this type. Without a word about it a container is in
 * a user namespace of its own, except when it joins other namespaces of another container: those
 * belong to that container's user namespace, which it then joins too.
 */
RequestNamespace request_namespace(const RunRequest *request, NamespaceType type);
/* The type whose option decides that: `type` itself, or the one that is followed. */
NamespaceType request_namespace_leader(const RunRequest *request, NamespaceType type);
/* The option that says what namespace of this type it has, as it was typed: "network". */
const char *request_namespace_option(const RunRequest *request, NamespaceType type);

/* --- grammar that others need too ------------------------------------------------------------ */

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most 255 bytes: containers and volumes. */
bool request_is_name(const char *name);
/* An absolute path without empty, "." and ".." components and trailing slashes, by lexical rules;
 * NULL if it is not absolute or leaves the root. */
const char *request_clean_path(const char *path, Arena *arena);
/* "0-2,4": the highest number, or -1 if it is no such list. */
int64_t request_list_highest(const char *list);
