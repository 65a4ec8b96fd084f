/*
 * From a command line to an OCI spec: golden files for what is built, a table for what is refused.
 *
 * A golden file is golden/NAME.txt: the spec as JSON, then what else build_spec answers. With
 * GOLDEN_UPDATE=1 in the environment the files are written instead of compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "engine/build.h"
#include "request_line.h"

static const char container_id[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static FactsDevice host_devices[] = {
    { .path = "/dev/fuse", .type = 'c', .major = 10, .minor = 229, .mode = 0666 },
    { .path = "/dev/sda", .type = 'b', .major = 8, .minor = 0, .mode = 0660, .gid = 6 },
};

static const Facts host_v1 = {
    .namespaces = (1u << NAMESPACE_MAX) - 1,
    .capabilities = (1ULL << 41) - 1,
    .cgroup_mode = CGROUP_V1,
    .controllers = CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_MEMORY) |
                   CGROUP_BIT(CGROUP_IO) | CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_DEVICES),
    .swap_limit = true,
    .cpu_count = 4,
    .cpu_highest = 3,
    .nofile_hard = 1048576,
    .recursive_readonly = true,
    .mqueue = true,
    .hostname = "bighost",
    .working_directory = "/home/me/work",
    .resolv_conf = "# made by hand\nnameserver 10.0.0.1\nnameserver ::1\nsearch example.org\n",
    .hosts = "127.0.0.1 localhost bighost",
    .devices = host_devices,
    .device_count = ARRAY_LEN(host_devices),
};

static StrPair image_labels[] = { { "vendor", "somebody" }, { "version", "1" } };

static const IdRange ids[] = { { .container = 0, .host = 1000000, .count = 65536 } };
static const SeccompProfile seccomp_default = { .default_action = "SCMP_ACT_ERRNO" };
static const SeccompProfile seccomp_file = { .default_action = "SCMP_ACT_LOG" };

typedef struct Fixture {
    Arena arena;
    RunRequest request;
    Facts facts;
    OciImageConfig image;
    BuildInput input;
    BuildResult result;
    Error error;
} Fixture;

static StrList words(Fixture *f, const char *text)
{
    return strlist_split(&f->arena, text, '|');
}

static int setup(void **state)
{
    Fixture *f = mem_alloc(sizeof(Fixture));
    f->facts = host_v1;
    f->image = (OciImageConfig){
        .env = words(f, "PATH=/image/bin|LANG=C|GOLDEN_UNSET=image"),
        .entrypoint = words(f, "/entry|--flag"),
        .cmd = words(f, "serve"),
        .volumes = words(f, "/var/lib/data|/etc/conf.d/|/etc/hosts"),
        .working_dir = "/app",
        .user = "app:staff",
        .stop_signal = "SIGINT",
        .labels = { image_labels, ARRAY_LEN(image_labels) },
    };
    f->input = (BuildInput){
        .id = container_id,
        .rootfs = "/run/ambit/containers/c/root",
        .uids = ids,
        .gids = ids,
        .uid_count = 1,
        .gid_count = 1,
        .joined_shm = "/proc/77/root/dev/shm",
        .joined_files = "/var/lib/ambit/containers/web/files",
        .volumes = "/var/lib/ambit/volumes",
        .files = "/var/lib/ambit/containers/c/files",
        .seccomp_default = &seccomp_default,
        .seccomp_file = &seccomp_file,
    };
    static const char *const paths[NAMESPACE_MAX] = {
        [NAMESPACE_USER] = "/proc/77/ns/user", [NAMESPACE_CGROUP] = "/proc/77/ns/cgroup",
        [NAMESPACE_IPC] = "/proc/77/ns/ipc",   [NAMESPACE_UTS] = "/proc/77/ns/uts",
        [NAMESPACE_NET] = "/proc/77/ns/net",   [NAMESPACE_PID] = "/proc/77/ns/pid",
        [NAMESPACE_TIME] = "/proc/77/ns/time",
    };
    for (int i = 0; i < NAMESPACE_MAX; i++)
        f->input.joins[i].path = paths[i];
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    arena_done(&f->arena);
    free(f);
    return 0;
}

static int build(Fixture *f, const char *line)
{
    error_clear(&f->error);
    int r = request_from_line(line, &f->arena, &f->request, &f->error);
    assert_string_equal(f->error.message, "");
    assert_int_equal(r, 0);
    f->input.request = &f->request;
    f->input.facts = &f->facts;
    f->input.image = f->request.rootfs ? NULL : &f->image;
    return build_spec(&f->input, &f->arena, &f->result, &f->error);
}

static const Spec *good(Fixture *f, const char *line)
{
    int r = build(f, line);
    assert_string_equal(f->error.message, "");
    assert_int_equal(r, 0);
    assert_int_equal(spec_validate(f->result.spec, &f->error), 0);
    return f->result.spec;
}

/* --- golden files ---------------------------------------------------------------------------- */

static void print_list(const char *name, const StrList *list, StrBuf *text)
{
    for (size_t i = 0; i < list->count; i++)
        strbuf_printf(text, "%s: %s\n", name, list->items[i]);
}

static void print_result(const BuildResult *result, StrBuf *text)
{
    spec_encode(result->spec, true, text);
    strbuf_printf(text, "user: %s\n", result->user ? result->user : "(by number)");
    print_list("group", &result->groups, text);
    strbuf_printf(text, "stop: signal %d, %d s\n", result->stop_signal,
                  (int)result->stop_timeout_s);
    for (size_t i = 0; i < result->labels.count; i++)
        strbuf_printf(text, "label: %s=%s\n", result->labels.items[i].key,
                      result->labels.items[i].value);
    for (size_t i = 0; i < result->volume_count; i++)
        strbuf_printf(text, "volume: %s at %s%s%s\n", result->volumes[i].name,
                      result->volumes[i].target, result->volumes[i].anonymous ? " anonymous" : "",
                      result->volumes[i].copy ? " copy" : "");
    for (size_t i = 0; i < result->file_count; i++)
        strbuf_printf(text, "--- %s\n%s", result->files[i].name, result->files[i].text);
}

static void check_golden(Fixture *f, const char *name, const char *line)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    (void)good(f, line);
    strbuf_printf(&text, "# %s\n", line);
    print_result(&f->result, &text);
    const char *path =
        arena_printf(&f->arena, "%s/tests/unit/engine/golden/%s.txt", TEST_SOURCE_ROOT, name);
    if (getenv("GOLDEN_UPDATE")) {
        assert_int_equal(file_write_at(AT_FDCWD, path, text.data, text.length, 0644, FILE_VOLATILE),
                         0);
        return;
    }
    char *expected;
    assert_int_equal(file_read_at(AT_FDCWD, path, 1 << 20, &f->arena, &expected, NULL), 0);
    assert_string_equal(strbuf_text(&text), expected);
}

static void test_golden(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *name, *line;
    } rows[] = {
        { "plain", "i" },
        { "process",
          "-it -h box --domainname lab -w /srv -u 1000:1000 --group-add 20 --group-add "
          "audio -e LANG=de -e NEW=1 -e GOLDEN_SET -e GOLDEN_UNSET --entrypoint /bin/sh "
          "--oom-score-adj 100 "
          "--ulimit nofile=5:6 --ulimit core=0 --read-only --label a=b --label vendor=me "
          "--annotation note=x --stop-signal RTMIN+3 --stop-timeout -1 i -c ls" },
        { "limits", "-m 512m --memory-swap 1g --memory-reservation 256m --memory-swappiness 10 "
                    "--oom-kill-disable --cpus 1.5 --cpu-shares 512 --cpuset-cpus 0-1 "
                    "--cpuset-mems 0 --pids-limit 100 --blkio-weight 300 --blkio-weight-device "
                    "/dev/sda:200 --device-read-bps /dev/sda:1mb --device-write-bps /dev/sda:2mb "
                    "--device-read-iops /dev/sda:3 --device-write-iops /dev/sda:4 "
                    "--cgroup-parent /batch/ i" },
        { "host", "--pid host --net host --ipc host --uts host --userns host --cgroupns host "
                  "--timens host i" },
        { "borrowed", "--pid host --net host --ipc host i" },
        { "joined", "--pid container:web --net container:web --ipc container:web --uts "
                    "container:web i" },
        { "mounts", "-v /srv/www:/www:ro,rslave -v ./here:/here -v data:/data:nocopy -v /anon "
                    "--tmpfs /tmp:size=64m,exec --tmpfs /run --mount "
                    "type=bind,src=/a,dst=/b/c/d,readonly,bind-recursive=disabled "
                    "--tmpfs /dev/shm:size=1m -v /etc/hosts:/etc/hosts -v v2:/var/lib/data "
                    "--shm-size 1g i" },
        { "privileged", "--privileged --userns host i" },
        { "security", "--cap-drop CHOWN --cap-add NET_ADMIN --security-opt seccomp=/p.json "
                      "--security-opt unmask=/proc/kcore:/proc/sys --security-opt mask=/secret "
                      "--device /dev/fuse:/dev/f:rw --device-cgroup-rule c~116:*~rwm i" },
        { "rootfs", "--rootfs ./root --monotonic-offset -1.5s --boottime-offset 30d "
                    "--sysctl net.ipv4.conf.eth0/1.forwarding=1 --sysctl kernel.shmmax=7 "
                    "--dns 9.9.9.9 --dns-search . --dns-option ndots:1 --add-host db:10.0.0.5 ls" },
    };
    assert_int_equal(setenv("GOLDEN_SET", "here", 1), 0);
    assert_int_equal(unsetenv("GOLDEN_UNSET"), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_golden(f, rows[i].name, rows[i].line);
}

/* --- what is refused -----------------------------------------------------------------------------
 */

static void on_v2(Fixture *f)
{
    f->facts.cgroup_mode = CGROUP_V2;
}
static void on_bare_host(Fixture *f)
{
    f->facts.controllers = 0;
}
static void on_old_kernel(Fixture *f)
{
    f->facts.namespaces &=
        ~(FACTS_BIT(NAMESPACE_TIME) | FACTS_BIT(NAMESPACE_CGROUP) | FACTS_BIT(NAMESPACE_USER));
}
static void without_swap(Fixture *f)
{
    f->facts.swap_limit = false;
}
static void on_one_cpu(Fixture *f)
{
    f->facts.cpu_count = 1;
}
static void with_systemd(Fixture *f)
{
    f->facts.systemd_cgroups = true;
}
static void without_ids(Fixture *f)
{
    f->input.uid_count = 0;
}
static void with_few_capabilities(Fixture *f)
{
    f->facts.capabilities = (1ULL << 38) - 1;
}
static void without_joins(Fixture *f)
{
    memset(f->input.joins, 0, sizeof(f->input.joins));
}
static void joining_host_user(Fixture *f)
{
    f->input.joins[NAMESPACE_USER] = (BuildJoin){ .host = true };
}
static void without_profile(Fixture *f)
{
    f->input.seccomp_file = NULL;
}
static void with_empty_image(Fixture *f)
{
    f->image = (OciImageConfig){ 0 };
}
static void with_proc_volume(Fixture *f)
{
    f->image.volumes = words(f, "/proc");
}
static void with_big_user(Fixture *f)
{
    f->image.user = "4294967296";
}
static void with_bad_directory(Fixture *f)
{
    f->image.working_dir = "../..";
}

static const struct {
    const char *line, *message;
    ErrorKind kind;
    void (*change)(Fixture *f);
} error_rows[] = {
    /* namespaces */
    { "--hostname x --uts host i",
      "--hostname: cannot be used with --uts=host (the name is not its own)", ERROR_USAGE, NULL },
    { "--domainname x --uts container:web i",
      "--domainname: cannot be used with --uts=container:web (the name is not its own)",
      ERROR_USAGE, NULL },
    { "--add-host a:1.1.1.1 --net container:web i",
      "--add-host: cannot be used with --net=container:web (it shares that one's hosts)",
      ERROR_USAGE, NULL },
    { "--dns 1.1.1.1 --net container:web i",
      "--dns: cannot be used with --net=container:web (it shares that one's name servers)",
      ERROR_USAGE, NULL },
    { "--dns-search a --net ns:/n i",
      "--dns-search: cannot be used with --net=ns:/n (it shares that one's name servers)",
      ERROR_USAGE, NULL },
    { "--shm-size 1m --ipc host i",
      "--shm-size: cannot be used with --ipc=host (/dev/shm is not its own)", ERROR_USAGE, NULL },
    { "--pid container:web --userns private i",
      "--pid=container:web: cannot be used with a user namespace of its own (only the user "
      "namespace it belongs to can show it)",
      ERROR_USAGE, NULL },
    { "--pid container:web --userns container:db i",
      "--pid=container:web: cannot be used with --userns=container:db (only the user "
      "namespace it belongs to can show it)",
      ERROR_USAGE, NULL },
    { "--pid ns:/n i",
      "--pid=ns:/n: cannot be used with a user namespace of its own (only the user namespace "
      "it belongs to can show it)",
      ERROR_USAGE, NULL },
    { "--pid container:web i",
      "--pid=container:web: cannot be used with a user namespace of its own (only the user "
      "namespace it belongs to can show it)",
      ERROR_USAGE, joining_host_user },
    { "--net container:web i", "--net=container:web: the container is not running", ERROR_NOT_FOUND,
      without_joins },
    { "--net container:web --userns private i", "--net=container:web: the container is not running",
      ERROR_NOT_FOUND, without_joins },
    { "--userns host --timens private i", "--timens=private: this kernel has no time namespaces",
      ERROR_UNSUPPORTED, on_old_kernel },
    { "i", "--userns=private: this kernel has no user namespaces", ERROR_UNSUPPORTED,
      on_old_kernel },
    { "--userns host --boottime-offset 1 i",
      "--boottime-offset: this kernel has no time namespaces", ERROR_UNSUPPORTED, on_old_kernel },
    { "--timens host --monotonic-offset 1 i",
      "--monotonic-offset: only a new time namespace can have one, not --timens=host", ERROR_USAGE,
      NULL },
    { "i",
      "--userns=private: there are no ids for another container (--userns=host runs it with "
      "the host's)",
      ERROR_LIMIT, without_ids },
    { "--rootfs /r --platform linux/arm64 sh",
      "--platform: cannot be used with --rootfs (there is no image to choose)", ERROR_USAGE, NULL },
    { "--rootfs /r --pull always sh",
      "--pull: cannot be used with --rootfs (there is no image to pull)", ERROR_USAGE, NULL },
    /* process */
    { "--rootfs /r", "there is no command: none is given", ERROR_USAGE, NULL },
    { "i", "there is no command: the image has none and none is given", ERROR_USAGE,
      with_empty_image },
    { "--entrypoint= i", "there is no command: the image has none and none is given", ERROR_USAGE,
      NULL },
    { "-u 65536 i", "--user: 65536 is not among the container's ids (the highest is 65535)",
      ERROR_USAGE, NULL },
    { "-u 0:70000 i", "--user: 70000 is not among the container's ids (the highest is 65535)",
      ERROR_USAGE, NULL },
    { "--group-add 70000 i",
      "--group-add: 70000 is not among the container's ids (the highest is 65535)", ERROR_USAGE,
      NULL },
    { "i", "the image's user: '4294967296' is not an id", ERROR_USAGE, with_big_user },
    { "i", "the image's working directory '../..' is not a path", ERROR_CORRUPT,
      with_bad_directory },
    { "--ulimit nofile=2000000 i",
      "--ulimit: nofile: the highest limit this process may give is 1048576", ERROR_DENIED, NULL },
    /* limits */
    { "-m 4m i", "--memory: 4MiB is less than a container needs (6MiB)", ERROR_USAGE, NULL },
    { "-m 10m --memory-swap 9m i",
      "--memory-swap: 9MiB is less than --memory, which it includes (10MiB)", ERROR_USAGE, NULL },
    { "--memory-swap 9m i", "--memory-swap: needs --memory (it is memory and swap together)",
      ERROR_USAGE, NULL },
    { "-m 10m --memory-swap 20m i", "--memory-swap: this kernel does not limit swap",
      ERROR_UNSUPPORTED, without_swap },
    { "-m 10m --memory-reservation 11m i",
      "--memory: 10MiB is less than --memory-reservation (11MiB)", ERROR_USAGE, NULL },
    { "--oom-kill-disable i", "--oom-kill-disable: needs --memory, or the host could hang",
      ERROR_USAGE, NULL },
    { "-m 10m --oom-kill-disable i", "--oom-kill-disable: cgroup v2 has no such limit",
      ERROR_UNSUPPORTED, on_v2 },
    { "--memory-swappiness 5 i", "--memory-swappiness: cgroup v2 has no such limit",
      ERROR_UNSUPPORTED, on_v2 },
    { "-m 10m i", "--memory: this host has no cgroup controller 'memory'", ERROR_UNSUPPORTED,
      on_bare_host },
    { "--memory-reservation 10m i",
      "--memory-reservation: this host has no cgroup controller 'memory'", ERROR_UNSUPPORTED,
      on_bare_host },
    { "--cpus 1 i", "--cpus: this host has no cgroup controller 'cpu'", ERROR_UNSUPPORTED,
      on_bare_host },
    { "--cpuset-cpus 0 i", "--cpuset-cpus: this host has no cgroup controller 'cpuset'",
      ERROR_UNSUPPORTED, on_bare_host },
    { "--pids-limit 5 i", "--pids-limit: this host has no cgroup controller 'pids'",
      ERROR_UNSUPPORTED, on_bare_host },
    { "--cpus 4.1 i", "--cpus: this host has only 4 CPUs", ERROR_USAGE, NULL },
    { "--cpus 2 i", "--cpus: this host has only 1 CPU", ERROR_USAGE, on_one_cpu },
    { "--cpus 0.001 i", "--cpus: the least is 0.01", ERROR_USAGE, NULL },
    { "--cpus 1 --cpu-quota 5000 i", "--cpus: cannot be used with --cpu-quota", ERROR_USAGE, NULL },
    { "--cpus 1 --cpu-period 5000 i", "--cpus: cannot be used with --cpu-period", ERROR_USAGE,
      NULL },
    { "--cpu-period 5 i", "--cpu-period: 5 is out of range (1000 to 1000000 µs)", ERROR_USAGE,
      NULL },
    { "--cpu-quota 5 i", "--cpu-quota: 5 is out of range (1000 µs or more, or -1)", ERROR_USAGE,
      NULL },
    { "--cpuset-cpus 2-4 i", "--cpuset-cpus: 2-4: this host has only 0-3", ERROR_USAGE, NULL },
    { "--cpuset-mems 1 i", "--cpuset-mems: 1: this host has only 0-0", ERROR_USAGE, NULL },
    { "--device-read-bps /dev/fuse:1m i",
      "--device-read-bps: '/dev/fuse' is not a block device of this host", ERROR_NOT_FOUND, NULL },
    { "--blkio-weight-device /dev/none:10 i",
      "--blkio-weight-device: '/dev/none' is not a block device of this host", ERROR_NOT_FOUND,
      NULL },
    { "--cgroup-parent /x/../../y i", "--cgroup-parent: '/x/../../y' is not a path", ERROR_USAGE,
      NULL },
    { "--cgroup-parent /x i", "--cgroup-parent: '/x' is not a slice of systemd (NAME.slice)",
      ERROR_USAGE, with_systemd },
    /* security */
    { "--cap-add KILL --cap-drop CAP_KILL i", "--cap-add: CAP_KILL is also in --cap-drop",
      ERROR_USAGE, NULL },
    { "--cap-add BPF i", "--cap-add: this kernel has no CAP_BPF", ERROR_UNSUPPORTED,
      with_few_capabilities },
    { "--security-opt seccomp=/p.json i",
      "--security-opt: the seccomp profile '/p.json' was not read", ERROR_USAGE, without_profile },
    { "--security-opt apparmor=mine i",
      "--security-opt: apparmor=mine: AppArmor is not active on this host", ERROR_UNSUPPORTED,
      NULL },
    { "--device /dev/none i", "--device: '/dev/none' is not a device of this host", ERROR_NOT_FOUND,
      NULL },
    { "--device /dev/fuse --device /dev/fuse i", "--device: '/dev/fuse' is given twice",
      ERROR_USAGE, NULL },
    /* sysctls */
    { "--sysctl kernel.core_pattern=x i",
      "--sysctl: kernel.core_pattern belongs to no namespace: it is the host's", ERROR_USAGE,
      NULL },
    { "--sysctl kernel.shmmaxx=x i",
      "--sysctl: kernel.shmmaxx belongs to no namespace: it is the host's", ERROR_USAGE, NULL },
    { "--sysctl kernel.hostname=x i", "--sysctl: kernel.hostname is set by --hostname", ERROR_USAGE,
      NULL },
    { "--net host --sysctl net.ipv4.ip_forward=1 i",
      "--sysctl: net.ipv4.ip_forward cannot be used with --net=host (it is not the "
      "container's own)",
      ERROR_USAGE, NULL },
    { "--ipc container:web --sysctl kernel.sem=1 i",
      "--sysctl: kernel.sem cannot be used with --ipc=container:web (it is not the "
      "container's own)",
      ERROR_USAGE, NULL },
    { "--userns host --sysctl user.max_user_namespaces=1 i",
      "--sysctl: user.max_user_namespaces cannot be used with --userns=host (it is not the "
      "container's own)",
      ERROR_USAGE, NULL },
    /* mounts */
    { "-v /a:/x --tmpfs /x i", "--tmpfs: there is already a mount at '/x' (--volume)", ERROR_USAGE,
      NULL },
    { "-v /a:/x:rshared i",
      "--volume: 'rshared' cannot reach the host out of a user namespace (--userns=host "
      "allows it)",
      ERROR_USAGE, NULL },
    { "-v ../../../../x:/x i", "--volume: '../../../../x' leaves the root", ERROR_USAGE, NULL },
    { "i", "the image asks for a volume at '/proc', where none can be", ERROR_CORRUPT,
      with_proc_volume },
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(error_rows); i++) {
        (void)teardown(state);
        (void)setup(state);
        Fixture *f = *state;
        if (error_rows[i].change)
            error_rows[i].change(f);
        int r = build(f, error_rows[i].line);
        assert_string_equal(f->error.message, error_rows[i].message);
        assert_true(r < 0);
        assert_int_equal(f->error.kind, error_rows[i].kind);
        assert_int_equal(error_exit_status(&f->error), 125);
    }
}

/* --- single decisions ----------------------------------------------------------------------------
 */

static void test_command(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line;
        size_t count;
        const char *first, *last;
    } rows[] = {
        { "i", 3, "/entry", "serve" },
        { "i other", 3, "/entry", "other" },
        { "--entrypoint sh i", 1, "sh", "sh" },
        { "--entrypoint sh i -c x", 3, "sh", "x" },
        { "--entrypoint= i -c x", 2, "-c", "x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const Spec *spec = good(f, rows[i].line);
        assert_int_equal(spec->process->args.count, rows[i].count);
        assert_string_equal(spec->process->args.items[0], rows[i].first);
        assert_string_equal(spec->process->args.items[rows[i].count - 1], rows[i].last);
    }
}

static void test_user(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line, *user;
        uint32_t uid, gid;
    } rows[] = {
        { "i", "app:staff", 0, 0 },    { "-u 5:6 i", NULL, 5, 6 },
        { "-u 5 i", "5", 5, 0 },       { "-u 5:staff i", "5:staff", 5, 0 },
        { "-u me:6 i", "me:6", 0, 6 }, { "-u 0:0 i", NULL, 0, 0 },
        { "-u 1e3 i", "1e3", 0, 0 },   { "--rootfs /r ls", NULL, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const Spec *spec = good(f, rows[i].line);
        assert_int_equal(spec->process->user.uid, rows[i].uid);
        assert_int_equal(spec->process->user.gid, rows[i].gid);
        if (rows[i].user)
            assert_string_equal(f->result.user, rows[i].user);
        else
            assert_null(f->result.user);
    }
}

static void test_capabilities(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *line;
        size_t permitted, bounding, ambient;
    } rows[] = {
        { "-u 0 i", 11, 14, 0 },
        { "-u 0 --cap-drop ALL i", 0, 0, 0 },
        { "-u 0 --cap-drop ALL --cap-add KILL i", 1, 1, 0 },
        { "-u 0 --cap-drop NET_RAW,KILL i", 10, 12, 0 },
        { "-u 0 --cap-add NET_RAW i", 12, 14, 0 },
        { "-u 5 --cap-add NET_RAW i", 12, 14, 1 },
        { "-u 5 --cap-add ALL i", 41, 41, 41 },
        { "-u 0 --cap-add ALL --cap-drop KILL i", 40, 40, 0 },
        { "-u 0 --privileged i", 41, 41, 0 },
        { "-u 0 --privileged --cap-drop KILL i", 40, 40, 0 },
        /* without no_new_privs the bounding set must grant nothing */
        { "-u 0 --security-opt no-new-privileges=false i", 11, 11, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const SpecCapabilities *c = good(f, rows[i].line)->process->capabilities;
        assert_int_equal(c->permitted.count, rows[i].permitted);
        assert_int_equal(c->effective.count, rows[i].permitted);
        assert_int_equal(c->bounding.count, rows[i].bounding);
        assert_int_equal(c->ambient.count, rows[i].ambient);
        assert_int_equal(c->inheritable.count, rows[i].ambient);
    }
}

static void test_device_of_an_owner_outside_is_nobodys(void **state)
{
    Fixture *f = *state;
    FactsDevice device = {
        .path = "/dev/kfd", .type = 'c', .major = 236, .uid = 100000, .gid = 44
    };
    f->facts.devices = &device;
    f->facts.device_count = 1;
    const SpecDevice *made = good(f, "--privileged i")->linux->devices.items;
    assert_string_equal(made->path, device.path);
    assert_int_equal(made->uid.value, 65534);
    assert_int_equal(made->gid.value, 44);
    f->input.uid_count = f->input.gid_count = 0;
    made = good(f, "--privileged --userns host i")->linux->devices.items;
    assert_int_equal(made->uid.value, 100000);
}

static void test_old_kernel_does_without(void **state)
{
    Fixture *f = *state;
    on_old_kernel(f);
    const Spec *spec = good(f, "--userns host i");
    assert_null(spec_namespace(spec, "time"));
    assert_null(spec_namespace(spec, "cgroup"));
    assert_non_null(spec_namespace(spec, "pid"));
}

static void test_bare_host_has_defaults_only_where_it_can(void **state)
{
    Fixture *f = *state;
    on_bare_host(f);
    assert_null(good(f, "i")->linux->resources->pids);
    without_swap(f);
    f->facts.controllers = CGROUP_BIT(CGROUP_MEMORY);
    const Spec *spec = good(f, "-m 10m i");
    assert_false(spec->linux->resources->memory->swap.set);
    f->facts.swap_limit = true;
    spec = good(f, "-m 10m i");
    assert_int_equal(spec->linux->resources->memory->swap.value, 20 << 20);
}

static void test_limits_of_the_host(void **state)
{
    Fixture *f = *state;
    f->facts.nofile_hard = 500;
    const SpecRlimits *limits = &good(f, "i")->process->rlimits;
    assert_int_equal(limits->items[0].soft, 500);
    assert_int_equal(limits->items[0].hard, 500);
    f->facts.nofile_hard = UINT64_MAX;
    limits = &good(f, "i")->process->rlimits;
    assert_int_equal(limits->items[0].soft, 1024);
    assert_int_equal(limits->items[0].hard, 524288);
    f->facts.may_raise_limits = true;
    f->facts.nofile_hard = 500;
    limits = &good(f, "--ulimit nofile=600 i")->process->rlimits;
    assert_int_equal(limits->count, 1);
    assert_int_equal(limits->items[0].hard, 600);
}

static void test_systemd_paths(void **state)
{
    Fixture *f = *state;
    with_systemd(f);
    const char *path = good(f, "i")->linux->cgroups_path;
    assert_string_equal(path, arena_printf(&f->arena, ":ambit:%s", container_id));
    path = good(f, "--cgroup-parent batch.slice i")->linux->cgroups_path;
    assert_true(str_starts(path, "batch.slice:ambit:0123"));
}

/* The user namespace that is joined by following must not turn out to be the host's. */
static void test_following_never_ends_in_the_host(void **state)
{
    Fixture *f = *state;
    joining_host_user(f);
    const Spec *spec = good(f, "--net container:web i");
    assert_true(spec_namespace_is_new(spec, "user"));
    assert_int_equal(spec->linux->uid_mappings.count, 1);
    spec = good(f, "--net container:web --userns container:web i");
    assert_null(spec_namespace(spec, "user"));
}

/* With the host's network the files are still the container's own. */
static void test_names_with_the_hosts_network(void **state)
{
    Fixture *f = *state;
    (void)good(f, "--net host --add-host db:10.0.0.5 --dns 9.9.9.9 i");
    assert_string_equal(f->result.files[1].name, "hosts");
    assert_non_null(strstr(f->result.files[1].text, "127.0.0.1 localhost bighost\n"));
    assert_non_null(strstr(f->result.files[1].text, "10.0.0.5\tdb\n"));
    assert_non_null(strstr(f->result.files[2].text, "nameserver 9.9.9.9\n"));
}

/* Class F of the field's holes: nothing an image says may steer the engine. */
static void test_hostile_image_changes_nothing(void **state)
{
    Fixture *f = *state;
    static StrPair labels[] = {
        { "io.containerd.restart.loguri", "binary:///bin/sh" },
        { "run.oci.handler", "krun" },
        { "run.oci.seccomp_bpf_data", "AAAA" },
        { "io.podman.annotations.privileged", "TRUE" },
        { "org.systemd.property.ExecStopPost", "['/bin/sh']" },
        { "io.kubernetes.cri-o.userns-mode", "host" },
        { "PODMAN_SYSTEMD_UNIT", "sshd.service" },
        { "cdi.k8s.io/x", "vendor.com/device=all" },
    };
    StrBuf plain CLEANUP(strbuf_done) = { 0 };
    StrBuf hostile CLEANUP(strbuf_done) = { 0 };
    assert_int_equal(setenv("FOO", "the host's secret", 1), 0);
    spec_encode(good(f, "i"), true, &plain);
    f->image.labels = (StrMap){ labels, ARRAY_LEN(labels) };
    f->image.env = words(f, "PATH=/image/bin|LANG=C|GOLDEN_UNSET=image|FOO|*||=x|HOME*");
    spec_encode(good(f, "i"), true, &hostile);
    assert_string_equal(strbuf_text(&plain), strbuf_text(&hostile));
    assert_int_equal(f->result.labels.count, ARRAY_LEN(labels)); /* kept as data */
    f->image.stop_signal = "KABOOM";
    (void)good(f, "i");
    assert_int_equal(f->result.stop_signal, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_capabilities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_of_an_owner_outside_is_nobodys, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_old_kernel_does_without, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bare_host_has_defaults_only_where_it_can, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_limits_of_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_following_never_ends_in_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_with_the_hosts_network, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_image_changes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
