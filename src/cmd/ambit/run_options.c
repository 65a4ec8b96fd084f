/*
 * The option table of `run`: docker's words, and ambit's own for what docker cannot say. What a
 * value means is decided in engine/request*.c; here is only where it goes.
 *
 * A word that people know from docker and that is not there yet has a row too, so that they read
 * what is missing instead of "unknown option".
 */
#include "run_options.h"

#include <errno.h>
#include <string.h>

enum { RUN_ATTACHED_OUT = 6 }; /* stdout and stderr */

#define RUN_DETACHED "not supported yet: containers run in the foreground for now"
#define RUN_NETWORK  "not supported yet: there are no bridge networks for now"
#define RUN_WINDOWS  "this is for Windows"
#define RUN_LOGS     "not supported yet: a container's output goes to the terminal for now"

#define RUN_PLATFORM "it is --platform OS/ARCH[/VARIANT]"
#define RUN_REGISTRY "not supported yet: `ambit pull` first, which has this option"
#define RUN_IDS      "not supported yet: each container gets 65,536 ids of its own"

/* An adapter from the parser's form of callback to the request's. */
#define RUN_PARSE(name)                                                                        \
    static int run_##name(void *values, const Option *option, const char *value, Arena *arena, \
                          Error *error)                                                        \
    {                                                                                          \
        (void)option;                                                                          \
        return request_parse_##name(values, value, arena, error);                              \
    }

RUN_PARSE(annotation)
RUN_PARSE(boottime_offset)
RUN_PARSE(cap_add)
RUN_PARSE(cap_drop)
RUN_PARSE(cgroupns)
RUN_PARSE(cpus)
RUN_PARSE(cpuset_cpus)
RUN_PARSE(cpuset_mems)
RUN_PARSE(device)
RUN_PARSE(device_rule)
RUN_PARSE(dns)
RUN_PARSE(dns_search)
RUN_PARSE(domainname)
RUN_PARSE(env)
RUN_PARSE(expose)
RUN_PARSE(group)
RUN_PARSE(host)
RUN_PARSE(hostname)
RUN_PARSE(ipc)
RUN_PARSE(label)
RUN_PARSE(memory_swap)
RUN_PARSE(monotonic_offset)
RUN_PARSE(mount)
RUN_PARSE(name)
RUN_PARSE(oom_score)
RUN_PARSE(pid)
RUN_PARSE(pids)
RUN_PARSE(shares)
RUN_PARSE(platform)
RUN_PARSE(read_bps)
RUN_PARSE(read_iops)
RUN_PARSE(security)
RUN_PARSE(stop_signal)
RUN_PARSE(swappiness)
RUN_PARSE(sysctl)
RUN_PARSE(timens)
RUN_PARSE(tmpfs)
RUN_PARSE(ulimit)
RUN_PARSE(user)
RUN_PARSE(userns)
RUN_PARSE(uts)
RUN_PARSE(volume)
RUN_PARSE(weight)
RUN_PARSE(weight_device)
RUN_PARSE(workdir)
RUN_PARSE(write_bps)
RUN_PARSE(write_iops)

/* Two options that have two names. */
static int run_net(void *values, const Option *option, const char *value, Arena *arena,
                   Error *error)
{
    ((RunRequest *)values)->net_written = option->name;
    return request_parse_net(values, value, arena, error);
}

static int run_dns_option(void *values, const Option *option, const char *value, Arena *arena,
                          Error *error)
{
    RunRequest *request = values;
    (void)error;
    request->dns_option_written = option->name;
    strlist_append(arena, &request->dns_options, value);
    return 0;
}

static int run_sig_proxy(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    (void)option, (void)arena, (void)error;
    ((RunRequest *)values)->no_signal_proxy = str_eq(value, "false");
    return 0;
}

/* Words of docker's that ask for what is so already: the others fail with the reason. */
static int run_detach(void *values, const Option *option, const char *value, Arena *arena,
                      Error *error)
{
    (void)values, (void)option, (void)arena;
    return str_eq(value, "false") ? 0 : error_set(error, ERROR_USAGE, EINVAL, RUN_DETACHED);
}

/* Several of `docker run -a stdin -a stdout -a stderr`: all three are what a foreground container
 * has. */
static int run_attach(void *values, const Option *option, const char *value, Arena *arena,
                      Error *error)
{
    static const char *const streams[] = { "stdin", "stdout", "stderr" };
    RunRequest *request = values;
    (void)option, (void)arena;
    for (unsigned i = 0; i < ARRAY_LEN(streams); i++)
        if (strcasecmp(value, streams[i]) == 0) {
            request->attached |= 1U << i;
            return 0;
        }
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not one of stdin, stdout, stderr", value);
}

static int run_unset_env(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    (void)option;
    if (strchr(value, '=') || str_empty(value))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a variable's name", value);
    strlist_append(arena, &((RunRequest *)values)->env, value);
    return 0;
}

static int run_umask(void *values, const Option *option, const char *value, Arena *arena,
                     Error *error)
{
    RunRequest *request = values;
    (void)option, (void)arena;
    request->umask.set = true;
    return str_to_mode(value, &request->umask.value) < 0 || request->umask.value > 0777
               ? error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a mask (022)", value)
               : 0;
}

static int run_restart(void *values, const Option *option, const char *value, Arena *arena,
                       Error *error)
{
    (void)values, (void)option, (void)arena;
    return str_eq(value, "no") ? 0 : error_set(error, ERROR_USAGE, EINVAL, RUN_DETACHED);
}

static int run_log_driver(void *values, const Option *option, const char *value, Arena *arena,
                          Error *error)
{
    (void)values, (void)option, (void)arena;
    return str_eq(value, "none") ? 0 : error_set(error, ERROR_USAGE, EINVAL, RUN_LOGS);
}

static int run_isolation(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    (void)values, (void)option, (void)arena;
    return str_eq(value, "default") || str_empty(value)
               ? 0
               : error_set(error, ERROR_USAGE, EINVAL, "'%s' is for Windows", value);
}

/* The image's check never runs; no signature is asked for. */
static int run_no_effect(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    (void)values, (void)option, (void)value, (void)arena, (void)error;
    return 0;
}

static const char *const run_upper_words[] = {
    [REQUEST_UPPER_DISK] = "disk",
    [REQUEST_UPPER_MEMORY] = "memory",
    NULL,
};
static const char *const run_pull_words[] = {
    [REQUEST_PULL_MISSING] = "missing",
    [REQUEST_PULL_ALWAYS] = "always",
    [REQUEST_PULL_NEWER] = "newer",
    [REQUEST_PULL_NEVER] = "never",
    NULL,
};
static const char *const run_namespaces[] = { "private", "host", "container:", "ns:", NULL };
static const char *const run_networks[] = { "private", "none", "host", "container:", "ns:", NULL };
static const char *const run_security_words[] = {
    "apparmor=",
    "label=disable",
    "mask=",
    "no-new-privileges",
    "no-new-privileges=false",
    "seccomp=",
    "seccomp=unconfined",
    "systempaths=unconfined",
    "unmask=",
    NULL,
};

#define RUN_VALUE(function) OPTION_CUSTOM(RunRequest, image, run_##function)

const Option run_options[] = {
    OPTION_HEADING("Container"),
    { 0, "name", RUN_VALUE(name), "NAME", "Name the container" },
    { 0, "rm", OPTION_FLAG(RunRequest, remove), NULL, "Remove the container when it exits" },
    { 'l', "label", RUN_VALUE(label), "KEY=VALUE", "Attach a label (repeatable)" },
    { 0, "label-file", OPTION_LIST(RunRequest, label_files), "FILE", "Read labels from a file",
      .completes = "file" },
    { 0, "annotation", RUN_VALUE(annotation), "KEY=VALUE",
      "Put an annotation into the OCI spec (repeatable)" },
    { 0, "expose", RUN_VALUE(expose), "PORT[-PORT][/PROTOCOL]",
      "Say that it listens there: for `ps` and `inspect`, nothing is opened (repeatable)" },
    { 0, "cidfile", OPTION_STRING(RunRequest, cidfile), "FILE",
      "Write the container's id to a new file", .completes = "file" },
    { 0, "plan", OPTION_FLAG(RunRequest, plan), NULL,
      "Show the steps that would be done, and do none of them" },
    { 0, "trace", OPTION_FLAG(RunRequest, trace), NULL,
      "Show the steps that were done and how long each took" },

    OPTION_HEADING("Image"),
    { 0, "pull", OPTION_ENUM(RunRequest, pull, run_pull_words), "WHEN",
      "Pull the image: missing (default), always, newer or never" },
    { 0, "platform", RUN_VALUE(platform), "OS/ARCH", "Choose the image for this platform" },
    { 'q', "quiet", OPTION_FLAG(RunRequest, quiet), NULL, "Do not show the progress of a pull" },
    { 0, "rootfs", OPTION_STRING(RunRequest, rootfs), "DIR",
      "Run in a directory instead of an image", .completes = "directory" },

    OPTION_HEADING("Process"),
    { 'i', "interactive", OPTION_FLAG(RunRequest, interactive), NULL, "Pass standard input on" },
    { 't', "tty", OPTION_FLAG(RunRequest, terminal), NULL, "Give the process a terminal" },
    { 'e', "env", RUN_VALUE(env), "NAME[=VALUE]",
      "Set a variable; without a value, to the caller's (repeatable)" },
    { 0, "env-file", OPTION_LIST(RunRequest, env_files), "FILE", "Read variables from a file",
      .completes = "file" },
    { 0, "unsetenv", RUN_VALUE(unset_env), "NAME",
      "Take a variable of the image's away (repeatable)" },
    { 0, "entrypoint", OPTION_STRING(RunRequest, entrypoint), "PROGRAM",
      "Execute this instead of the image's entrypoint" },
    { 'w', "workdir", RUN_VALUE(workdir), "DIR", "Start in this directory of the container" },
    { 'u', "user", RUN_VALUE(user), "USER[:GROUP]", "Run as this user: names or numbers" },
    { 0, "group-add", RUN_VALUE(group), "GROUP", "Run with this group too (repeatable)" },
    { 0, "umask", RUN_VALUE(umask), "MASK", "Bits that new files do not get (default 0022)" },
    { 0, "init", OPTION_FLAG(RunRequest, init), NULL,
      "Put a small init before the process: it reaps orphans and passes signals on" },
    { 0, "stop-signal", RUN_VALUE(stop_signal), "SIGNAL", "What asks the process to end" },
    { 0, "stop-timeout", OPTION_I64(RunRequest, stop_timeout_s), "SECONDS",
      "How long `stop` waits before it kills; -1: for ever (default 10)", .min = -1,
      .max = INT32_MAX },
    { 0, "sig-proxy", OPTION_CUSTOM_FLAG(RunRequest, no_signal_proxy, run_sig_proxy), NULL,
      "Pass the caller's signals on (default true)" },
    { 0, "no-healthcheck", OPTION_CUSTOM_FLAG(RunRequest, image, run_no_effect), NULL,
      "Has no effect: there are no health checks" },
    { 0, "detach-keys", OPTION_STRING(RunRequest, detach_keys), "KEYS",
      "The keys that leave the container's terminal (default ctrl-p,ctrl-q)" },

    OPTION_HEADING("Files"),
    { 'v', "volume", RUN_VALUE(volume), "[SOURCE:]TARGET[:OPTIONS]",
      "Mount a directory or file of the host, or a volume (repeatable)", .completes = "directory" },
    { 0, "mount", RUN_VALUE(mount), "KEY=VALUE[,...]",
      "Mount: type=bind|volume|tmpfs,source=...,target=...[,readonly] (repeatable)" },
    { 0, "tmpfs", RUN_VALUE(tmpfs), "TARGET[:OPTIONS]", "Mount memory (repeatable)" },
    { 0, "read-only", OPTION_FLAG(RunRequest, read_only), NULL,
      "Make the root file system read-only" },
    { 0, "upper", OPTION_ENUM(RunRequest, upper, run_upper_words), "WHERE",
      "Keep what is written to the root on \"disk\" (default), or in \"memory\": faster, gone at "
      "the "
      "end, counted against --memory" },
    { 0, "device", RUN_VALUE(device), "DEVICE[:PATH][:rwm]",
      "Give the container a device of the host (repeatable)", .completes = "file" },
    { 0, "device-cgroup-rule", RUN_VALUE(device_rule), "RULE",
      "Allow devices by number: 'c 10:* rw' (repeatable)" },
    { 0, "shm-size", OPTION_BYTES(RunRequest, shm_bytes), "SIZE",
      "Size of /dev/shm (default 64m)" },

    OPTION_HEADING("Namespaces (private, host, container:NAME or ns:PATH)"),
    { 0, "pid", RUN_VALUE(pid), "MODE", "Process ids", .choices = run_namespaces },
    { 0, "net", RUN_VALUE(net), "MODE",
      "Network; private (as none) has a loopback only; with host, ports below 1024 are the host's "
      "and need --userns host",
      .alias = "network", .choices = run_networks },
    { 0, "ipc", RUN_VALUE(ipc), "MODE", "System V IPC, message queues and /dev/shm",
      .choices = run_namespaces },
    { 0, "uts", RUN_VALUE(uts), "MODE", "Host and domain name", .choices = run_namespaces },
    { 0, "userns", RUN_VALUE(userns), "MODE",
      "User and group ids and the power of root (default private; with host the container's root "
      "is the host's)",
      .choices = run_namespaces },
    { 0, "cgroupns", RUN_VALUE(cgroupns), "MODE", "View of the control groups",
      .choices = run_namespaces },
    { 0, "timens", RUN_VALUE(timens), "MODE", "Monotonic and boot clocks",
      .choices = run_namespaces },
    { 'h', "hostname", RUN_VALUE(hostname), "NAME",
      "Host name (default: the id's first digits, with --net host the host's)" },
    { 0, "domainname", RUN_VALUE(domainname), "NAME", "NIS domain name" },
    { 0, "monotonic-offset", RUN_VALUE(monotonic_offset), "TIME",
      "Move the monotonic clock: 90, -1.5h, 30d" },
    { 0, "boottime-offset", RUN_VALUE(boottime_offset), "TIME", "Move the clock since boot" },
    { 0, "add-host", RUN_VALUE(host), "NAME:ADDRESS", "Add a line to /etc/hosts (repeatable)" },
    { 0, "dns", RUN_VALUE(dns), "ADDRESS", "Use this name server (repeatable)" },
    { 0, "dns-search", RUN_VALUE(dns_search), "DOMAIN",
      "Search names in this domain; '.' for none (repeatable)" },
    { 0, "dns-option", RUN_VALUE(dns_option), "OPTION", "An option of resolv.conf(5) (repeatable)",
      .alias = "dns-opt" },
    { 0, "sysctl", RUN_VALUE(sysctl), "KEY=VALUE",
      "Set a kernel parameter of the container's own namespaces (repeatable)" },

    OPTION_HEADING("Security"),
    { 0, "cap-add", RUN_VALUE(cap_add), "CAPABILITY", "Add a capability, or ALL (repeatable)" },
    { 0, "cap-drop", RUN_VALUE(cap_drop), "CAPABILITY", "Drop a capability, or ALL (repeatable)" },
    { 0, "security-opt", RUN_VALUE(security), "OPTION",
      "seccomp=FILE|default|unconfined, no-new-privileges[=BOOL], apparmor=PROFILE, "
      "systempaths=unconfined, mask=PATHS, unmask=PATHS|ALL (repeatable)",
      .choices = run_security_words },
    { 0, "privileged", OPTION_FLAG(RunRequest, privileged), NULL,
      "All capabilities and devices, no filter, nothing hidden; still in a user namespace of its "
      "own" },

    OPTION_HEADING("Limits"),
    { 'm', "memory", OPTION_BYTES(RunRequest, limits.memory_bytes), "SIZE",
      "Memory: 512m, 1.5g (at least 6m)" },
    { 0, "memory-swap", RUN_VALUE(memory_swap), "SIZE",
      "Memory and swap together; -1: no limit (default twice the memory)" },
    { 0, "memory-reservation", OPTION_BYTES(RunRequest, limits.memory_reservation_bytes), "SIZE",
      "What is left to it when the host runs short" },
    { 0, "memory-swappiness", RUN_VALUE(swappiness), "N", "0 to 100 (cgroup v1)" },
    { 0, "oom-kill-disable", OPTION_FLAG(RunRequest, limits.oom_kill_disable), NULL,
      "Stop instead of killing at the limit (cgroup v1)" },
    { 0, "oom-score-adj", RUN_VALUE(oom_score), "N",
      "-1000 to 1000: whom the kernel kills first when the host runs short" },
    { 0, "cpus", RUN_VALUE(cpus), "N", "CPU time of this many CPUs: 0.5, 2" },
    { 'c', "cpu-shares", RUN_VALUE(shares), "N", "Weight against others, 2 to 262144" },
    { 0, "cpu-period", OPTION_U64(RunRequest, limits.cpu_period_us), "MICROSECONDS",
      "Period of the quota" },
    { 0, "cpu-quota", OPTION_I64(RunRequest, limits.cpu_quota_us), "MICROSECONDS",
      "CPU time per period; -1: no limit" },
    { 0, "cpuset-cpus", RUN_VALUE(cpuset_cpus), "LIST", "Only these CPUs: 0-2,4" },
    { 0, "cpuset-mems", RUN_VALUE(cpuset_mems), "LIST", "Only memory of these nodes" },
    { 0, "pids-limit", RUN_VALUE(pids), "N",
      "Processes and threads; -1 or 0: no limit (default 4096)" },
    { 0, "ulimit", RUN_VALUE(ulimit), "NAME=SOFT[:HARD]",
      "A limit of setrlimit(2): nofile=1024:4096 (repeatable)" },
    { 0, "blkio-weight", RUN_VALUE(weight), "N", "Weight for block devices, 10 to 1000" },
    { 0, "blkio-weight-device", RUN_VALUE(weight_device), "DEVICE:WEIGHT",
      "The same for one device (repeatable)" },
    { 0, "device-read-bps", RUN_VALUE(read_bps), "DEVICE:RATE",
      "Bytes read per second: /dev/sda:10mb (repeatable)" },
    { 0, "device-write-bps", RUN_VALUE(write_bps), "DEVICE:RATE",
      "Bytes written per second (repeatable)" },
    { 0, "device-read-iops", RUN_VALUE(read_iops), "DEVICE:N", "Reads per second (repeatable)" },
    { 0, "device-write-iops", RUN_VALUE(write_iops), "DEVICE:N", "Writes per second (repeatable)" },
    { 0, "cgroup-parent", OPTION_STRING(RunRequest, limits.cgroup_parent), "PATH",
      "Make the container's cgroup below this one" },

    { 'd', "detach", OPTION_CUSTOM_FLAG(RunRequest, image, run_detach), NULL, "", .hidden = true },
    { 0, "restart", RUN_VALUE(restart), "no", "", .hidden = true },
    { 0, "log-driver", RUN_VALUE(log_driver), "none", "", .hidden = true },
    { 0, "isolation", RUN_VALUE(isolation), "default", "", .hidden = true },
    { 0, "disable-content-trust", OPTION_CUSTOM_FLAG(RunRequest, image, run_no_effect), NULL, "",
      .hidden = true },
    OPTION_REFUSE(0, "health-cmd", RUN_DETACHED),
    OPTION_REFUSE(0, "health-interval", RUN_DETACHED),
    OPTION_REFUSE(0, "health-retries", RUN_DETACHED),
    OPTION_REFUSE(0, "health-start-interval", RUN_DETACHED),
    OPTION_REFUSE(0, "health-start-period", RUN_DETACHED),
    OPTION_REFUSE(0, "health-timeout", RUN_DETACHED),
    OPTION_REFUSE(0, "health-on-failure", RUN_DETACHED),
    { 'a', "attach", RUN_VALUE(attach), "STREAM", "", .hidden = true },
    OPTION_REFUSE(0, "log-opt", RUN_LOGS),
    OPTION_REFUSE('p', "publish", RUN_NETWORK),
    OPTION_REFUSE('P', "publish-all", RUN_NETWORK),
    OPTION_REFUSE(0, "link", RUN_NETWORK),
    OPTION_REFUSE(0, "ip", RUN_NETWORK),
    OPTION_REFUSE(0, "ip6", RUN_NETWORK),
    OPTION_REFUSE(0, "link-local-ip", RUN_NETWORK),
    OPTION_REFUSE(0, "mac-address", RUN_NETWORK),
    OPTION_REFUSE(0, "network-alias", RUN_NETWORK),
    OPTION_REFUSE(0, "net-alias", RUN_NETWORK),
    OPTION_REFUSE(0, "volumes-from", "not supported yet: name the volumes with --volume"),
    OPTION_REFUSE(0, "volume-driver", "there are no volume drivers"),
    OPTION_REFUSE(0, "storage-opt", "not supported yet: the writable layer has no quota"),
    OPTION_REFUSE(0, "gpus", "not supported yet: give the devices with --device"),
    OPTION_REFUSE(0, "runtime", "not supported yet: there is one runtime for now"),
    /* podman's */
    OPTION_REFUSE(0, "arch", RUN_PLATFORM),
    OPTION_REFUSE(0, "os", RUN_PLATFORM),
    OPTION_REFUSE(0, "variant", RUN_PLATFORM),
    OPTION_REFUSE(0, "authfile", RUN_REGISTRY),
    OPTION_REFUSE(0, "creds", RUN_REGISTRY),
    OPTION_REFUSE(0, "tls-verify", RUN_REGISTRY),
    OPTION_REFUSE(0, "replace", "not supported yet: `ambit rm --force NAME` first"),
    OPTION_REFUSE(0, "rmi", "not supported yet: `ambit rmi IMAGE` afterwards"),
    OPTION_REFUSE(0, "timeout", "not supported yet: timeout(1) before `ambit run`"),
    OPTION_REFUSE(0, "env-host", "not supported yet: name the variables with --env"),
    OPTION_REFUSE(0, "env-merge", "not supported yet: give the whole value with --env"),
    OPTION_REFUSE(0, "unsetenv-all", "not supported yet: name the variables with --unsetenv"),
    OPTION_REFUSE(0, "http-proxy", "no variable of the caller's is passed on: name it with --env"),
    OPTION_REFUSE(0, "tz", "not supported yet: --env TZ=..., if the image has time zones"),
    OPTION_REFUSE(0, "uidmap", RUN_IDS),
    OPTION_REFUSE(0, "gidmap", RUN_IDS),
    OPTION_REFUSE(0, "subuidname", RUN_IDS),
    OPTION_REFUSE(0, "subgidname", RUN_IDS),
    OPTION_REFUSE(0, "hostuser", "not supported yet: mount a passwd file with --volume"),
    OPTION_REFUSE(0, "passwd", "not supported: the image's /etc/passwd is left as it is"),
    OPTION_REFUSE(0, "passwd-entry", "not supported: the image's /etc/passwd is left as it is"),
    OPTION_REFUSE(0, "no-hosts", "not supported yet: mount a file at /etc/hosts with --volume"),
    OPTION_REFUSE(0, "image-volume", "not supported yet: an image's volumes are made for it"),
    OPTION_REFUSE(0, "read-only-tmpfs", "not supported yet: --tmpfs /tmp, --tmpfs /run"),
    OPTION_REFUSE(0, "systemd", "not supported yet: --tmpfs /run, --tmpfs /tmp help systemd"),
    OPTION_REFUSE(0, "secret", "not supported yet: mount a file with --volume"),
    OPTION_REFUSE(0, "pod", "not supported yet: --net container:NAME, --ipc container:NAME"),
    OPTION_REFUSE(0, "pod-id-file", "not supported yet: there are no pods"),
    OPTION_REFUSE(0, "requires", RUN_DETACHED),
    OPTION_REFUSE(0, "sdnotify", RUN_DETACHED),
    OPTION_REFUSE(0, "pidfile", "not supported yet: `ambit inspect -f '{{.State.Pid}}' NAME`"),
    OPTION_REFUSE(0, "conmon-pidfile", "there is no process beside `ambit run` itself"),
    OPTION_REFUSE(0, "preserve-fds", "not supported yet: streams are 0, 1 and 2"),
    OPTION_REFUSE(0, "cgroups", "not supported: each container has a cgroup"),
    OPTION_REFUSE(0, "cgroup-conf", "not supported yet: limits have options of their own"),
    OPTION_REFUSE(0, "personality", "not supported yet"),
    OPTION_REFUSE(0, "seccomp-policy", "not supported: --security-opt seccomp=FILE"),
    OPTION_REFUSE(0, "init-path", "not supported: --init puts ambit's own there"),
    OPTION_REFUSE(0, "chrootdirs", "not supported"),
    OPTION_REFUSE(0, "cpu-count", RUN_WINDOWS),
    OPTION_REFUSE(0, "cpu-percent", RUN_WINDOWS),
    OPTION_REFUSE(0, "io-maxbandwidth", RUN_WINDOWS),
    OPTION_REFUSE(0, "io-maxiops", RUN_WINDOWS),
    OPTION_REFUSE(0, "use-api-socket", "there is no daemon, and so no socket of one"),
    OPTION_REFUSE(0, "cpu-rt-period", "not supported: the kernel's own limit is enough for most"),
    OPTION_REFUSE(0, "cpu-rt-runtime", "not supported: the kernel's own limit is enough for most"),
    OPTION_REFUSE(0, "kernel-memory", "Linux 5.4 and newer have no such limit"),
    OPTION_END,
};

int run_options_finish(RunRequest *request, char *const *arguments, size_t count, Arena *arena,
                       Error *error)
{
    if (!request->rootfs) {
        if (count == 0)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "an image is missing (usage: ambit run [OPTIONS] IMAGE [COMMAND "
                             "[ARG...]])");
        request->image = arguments[0];
        arguments++;
        count--;
    }
    for (size_t i = 0; i < count; i++)
        strlist_append(arena, &request->command, arguments[i]);
    if (request->attached && (request->attached & RUN_ATTACHED_OUT) != RUN_ATTACHED_OUT &&
        !request->terminal)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--attach: not supported yet without stdout and stderr both: leave it out "
                         "and redirect one (>/dev/null)");
    return request_load_files(request, arena, error);
}
