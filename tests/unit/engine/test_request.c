/*
 * The notation of `ambit run`: what each option's value becomes, and the exact text of every error.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/rlimit.h"
#include "request_line.h"

typedef struct Fixture {
    Arena arena;
    RunRequest request;
    Error error;
} Fixture;

static const RunRequest *good(Fixture *f, const char *line)
{
    error_clear(&f->error);
    int r = request_from_line(line, &f->arena, &f->request, &f->error);
    assert_string_equal(f->error.message, "");
    assert_int_equal(r, 0);
    return &f->request;
}

static const struct {
    const char *line, *message;
} error_rows[] = {
    { "", "an image is missing (usage: ambit run [OPTIONS] IMAGE [COMMAND [ARG...]])" },
    { "--name -x i", "--name: '-x' is not a name (letters, digits, '_', '.', '-', the first a "
                     "letter or digit)" },
    { "--name a/b i", "--name: 'a/b' is not a name (letters, digits, '_', '.', '-', the first "
                      "a letter or digit)" },
    { "-h a_b/ i", "--hostname: 'a_b/' is not a host name (letters, digits, '-', '.'; at most "
                   "64)" },
    { "--domainname .x i",
      "--domainname: '.x' is not a domain name (letters, digits, '-', '.'; at most 64)" },
    { "-e =x i", "--env: '=x' is not a variable (NAME=VALUE or NAME)" },
    { "--label =x i", "--label: '=x' is not a label (KEY=VALUE)" },
    { "--annotation =x i", "--annotation: '=x' is not an annotation (KEY=VALUE)" },
    { "--platform windows/amd64 i",
      "--platform: 'windows/amd64' is not a platform (linux/ARCH or linux/ARCH/VARIANT)" },
    { "--platform linux i",
      "--platform: 'linux' is not a platform (linux/ARCH or linux/ARCH/VARIANT)" },
    { "--pull sometimes i", "--pull: 'sometimes' is not one of missing, always, newer, never" },
    { "--stop-signal NOPE i",
      "--stop-signal: 'NOPE' is not a signal (examples: TERM, SIGINT, 15, RTMIN+3)" },
    { "--stop-timeout -2 i", "--stop-timeout: '-2' is out of range (-1 to 2147483647)" },
    { "-u a:b:c i", "--user: 'a:b:c' is not a user (NAME or UID, optionally :GROUP)" },
    { "-u 4294967295 i", "--user: '4294967295' is not a user (NAME or UID, optionally :GROUP)" },
    { "-u 4294967296 i", "--user: '4294967296' is not a user (NAME or UID, optionally :GROUP)" },
    { "-u 0: i", "--user: '0:' is not a user (NAME or UID, optionally :GROUP)" },
    { "-u -1 i", "--user: '-1' is not a user (NAME or UID, optionally :GROUP)" },
    { "--group-add a~b i", "--group-add: 'a b' is not a group (a name or a number)" },
    { "-w tmp i", "--workdir: 'tmp' is not an absolute path" },
    { "-w /../x i", "--workdir: '/../x' is not an absolute path" },
    { "--oom-score-adj 1001 i", "--oom-score-adj: '1001' is not a number from -1000 to 1000" },
    /* sysctls: one spelling of a key, no way out of /proc/sys */
    { "--sysctl net.ipv4.ip_forward i", "--sysctl: 'net.ipv4.ip_forward' is not a kernel "
                                        "parameter (example: net.ipv4.ip_forward=1)" },
    { "--sysctl net/../kernel/core_pattern=x i",
      "--sysctl: 'net/../kernel/core_pattern=x' is not a kernel parameter (example: "
      "net.ipv4.ip_forward=1)" },
    { "--sysctl net.ipv4.conf./eth0=1 i", "--sysctl: 'net.ipv4.conf./eth0=1' is not a kernel "
                                          "parameter (example: net.ipv4.ip_forward=1)" },
    { "--sysctl net..x=1 i", "--sysctl: 'net..x=1' is not a kernel parameter (example: "
                             "net.ipv4.ip_forward=1)" },
    { "--sysctl /net/x=1 i", "--sysctl: '/net/x=1' is not a kernel parameter (example: "
                             "net.ipv4.ip_forward=1)" },
    { "--sysctl kernel.shm_rmid_forced=1+kernel.core_pattern=x i", "" },
    /* namespaces */
    { "--pid hosts i", "--pid: 'hosts' is not one of private, host, container:NAME, ns:PATH" },
    { "--pid container: i", "--pid: 'container:' does not name a container" },
    { "--ipc container:a/b i", "--ipc: 'container:a/b' does not name a container" },
    { "--uts ns:x i", "--uts: 'ns:x' does not name a namespace file by an absolute path" },
    { "--net bridge i", "--net: 'bridge' is not supported yet (there are private, none, host, "
                        "container:NAME, ns:PATH)" },
    { "--network web i",
      "--network: 'web': networks with names are not supported yet (there are private, none, host, "
      "container:NAME, ns:PATH)" },
    { "--net x:y i", "--net: 'x:y' is not one of private, none, host, container:NAME, ns:PATH" },
    { "--monotonic-offset soon i",
      "--monotonic-offset: 'soon' is not a time (examples: 90, -1.5h, 30d)" },
    { "--boottime-offset 1w i",
      "--boottime-offset: '1w' is not a time (examples: 90, -1.5h, 30d)" },
    { "--boottime-offset 999999999999d i", "--boottime-offset: '999999999999d' is out of range" },
    { "--add-host db i", "--add-host: 'db' is not NAME:ADDRESS (example: db:10.0.0.5)" },
    { "--add-host db:10.0.0.256 i",
      "--add-host: 'db:10.0.0.256' is not NAME:ADDRESS (example: db:10.0.0.5)" },
    { "--add-host db:host-gateway i",
      "--add-host: 'db:host-gateway': host-gateway needs a bridge network, which is not "
      "supported yet" },
    { "--dns one.one i", "--dns: 'one.one' is not an IP address" },
    { "--dns-search a/b i", "--dns-search: 'a/b' is not a domain" },
    /* mounts */
    { "-v a:b i", "--volume: 'a:b': the target 'b' is not an absolute path in the container" },
    { "-v /a:/ i", "--volume: '/a:/': the target must not be '/'" },
    { "-v /a:/../b i",
      "--volume: '/a:/../b': the target '/../b' is not an absolute path in the container" },
    { "-v a/b:/c i", "--volume: 'a/b:/c': the source 'a/b' is not a volume's name (a path "
                     "begins with '/' or './')" },
    { "-v /a:/b:rx i", "--volume: '/a:/b:rx': 'rx' is not a mount option here" },
    { "-v /a:/b:size=1m i", "--volume: '/a:/b:size=1m': 'size=1m' is not a mount option here" },
    { "-v /a:/b:ro:x i", "--volume: '/a:/b:ro:x' is not SOURCE:TARGET[:OPTIONS]" },
    { "-v /a:/b:ro,rw i", "--volume: '/a:/b:ro,rw': 'ro' and 'rw' contradict each other" },
    { "-v /a:/b:rw,ro,ro i", "--volume: '/a:/b:rw,ro,ro': 'rw' and 'ro' contradict each other" },
    { "-v /a:/b:slave,rshared i",
      "--volume: '/a:/b:slave,rshared': 'slave' and 'rshared' contradict each other" },
    { "--tmpfs /t:exec,noexec i",
      "--tmpfs: '/t:exec,noexec': 'exec' and 'noexec' contradict each other" },
    { "-v /a:/b:nocopy i", "--volume: '/a:/b:nocopy': 'nocopy' is not a mount option here" },
    { "--tmpfs tmp i",
      "--tmpfs: 'tmp': the target 'tmp' is not an absolute path in the container" },
    { "--tmpfs /t:size=12x i", "--tmpfs: '/t:size=12x': 'size=12x' has not a good value" },
    { "--tmpfs /t:mode=9 i", "--tmpfs: '/t:mode=9': 'mode=9' has not a good value" },
    { "--tmpfs /t:uid=-1 i", "--tmpfs: '/t:uid=-1': 'uid=-1' has not a good value" },
    { "--tmpfs /t:rshared i", "--tmpfs: '/t:rshared': 'rshared' is not a mount option here" },
    { "--mount type=bind,source=/a i",
      "--mount: 'type=bind,source=/a': the target is missing (target=PATH)" },
    { "--mount type=bind,target=/a i",
      "--mount: 'type=bind,target=/a': the source is missing (source=PATH)" },
    { "--mount type=bind,src=a,dst=/a i",
      "--mount: 'type=bind,src=a,dst=/a': the source 'a' is not a path (write './a' for one "
      "here)" },
    { "--mount type=image,src=a,dst=/a i", "--mount: 'type=image,src=a,dst=/a': the type "
                                           "'image' is not one of bind, volume, tmpfs" },
    { "--mount src=/a,dst=/a i",
      "--mount: 'src=/a,dst=/a': the source '/a' is not a volume's name (a path begins with "
      "'/' or './')" },
    { "--mount type=tmpfs,src=a,dst=/a i",
      "--mount: 'type=tmpfs,src=a,dst=/a': 'src=a' is not known for this type" },
    { "--mount type=bind,src=/a,dst=/a,volume-nocopy i",
      "--mount: 'type=bind,src=/a,dst=/a,volume-nocopy': 'volume-nocopy' needs a value" },
    { "--mount type=bind,src=/a,dst=/a,bind-propagation=up i",
      "--mount: 'type=bind,src=/a,dst=/a,bind-propagation=up': 'bind-propagation=up' is not "
      "known for this type" },
    { "--mount type=bind,src=/a,dst=/a,bind-recursive=x i",
      "--mount: 'type=bind,src=/a,dst=/a,bind-recursive=x': 'x' is not one of enabled, "
      "disabled, writable, readonly" },
    { "--mount type=bind,src=/a,dst=/a,ro=maybe i",
      "--mount: 'type=bind,src=/a,dst=/a,ro=maybe': 'maybe' is not true or false" },
    { "--mount dst=/a,volume-subpath=x i",
      "--mount: 'dst=/a,volume-subpath=x': 'volume-subpath' is not supported yet" },
    { "--device fuse i", "--device: 'fuse' is not DEVICE[:PATH][:rwm] (examples: /dev/fuse, "
                         "/dev/sda:/dev/xvda:r)" },
    { "--device /dev/a:/dev/b:x i",
      "--device: '/dev/a:/dev/b:x' is not DEVICE[:PATH][:rwm] (examples: /dev/fuse, "
      "/dev/sda:/dev/xvda:r)" },
    { "--device-cgroup-rule c~1~rw i", "--device-cgroup-rule: 'c 1 rw' is not a rule of the "
                                       "devices controller (example: c 10:* rw)" },
    { "--device-cgroup-rule x~1:3~rw i",
      "--device-cgroup-rule: 'x 1:3 rw' is not a rule of the devices controller (example: c "
      "10:* rw)" },
    /* limits */
    { "--memory 12x i", "--memory: '12x' is not a size (examples: 512m, 1.5g)" },
    { "--memory-swap x i", "--memory-swap: 'x' is not a size (examples: 512m, 1.5g) or -1 (no "
                           "limit)" },
    { "--memory-swappiness 101 i",
      "--memory-swappiness: '101' is not a number from 0 to 100, or -1 (the host's)" },
    { "--cpus -1 i", "--cpus: '-1' is not a number of CPUs (examples: 0.5, 2)" },
    { "--cpus 1e3 i", "--cpus: '1e3' is not a number of CPUs (examples: 0.5, 2)" },
    { "--cpus . i", "--cpus: '.' is not a number of CPUs (examples: 0.5, 2)" },
    { "--cpu-shares 1 i", "--cpu-shares: '1' is not a weight from 2 to 262144" },
    { "--cpuset-cpus 1- i", "--cpuset-cpus: '1-' is not a list of CPUs (example: 0-2,4)" },
    { "--cpuset-cpus 3-1 i", "--cpuset-cpus: '3-1' is not a list of CPUs (example: 0-2,4)" },
    { "--cpuset-cpus 1,,2 i", "--cpuset-cpus: '1,,2' is not a list of CPUs (example: 0-2,4)" },
    { "--cpuset-cpus 99999 i", "--cpuset-cpus: '99999' is not a list of CPUs (example: 0-2,4)" },
    { "--cpuset-mems a i", "--cpuset-mems: 'a' is not a list of memory nodes (example: 0,1)" },
    { "--pids-limit -2 i", "--pids-limit: '-2' is not a number of processes, or -1 (no limit)" },
    { "--ulimit nofile i",
      "--ulimit: 'nofile' is not NAME=SOFT[:HARD] (example: nofile=1024:4096)" },
    { "--ulimit nofile=1:2:3 i",
      "--ulimit: 'nofile=1:2:3' is not NAME=SOFT[:HARD] (example: nofile=1024:4096)" },
    { "--ulimit files=1 i", "--ulimit: there is no limit 'files' (see setrlimit(2))" },
    { "--ulimit nofile=2:1 i", "--ulimit: 'nofile=2:1': the soft limit is above the hard one" },
    { "--blkio-weight 5 i", "--blkio-weight: '5' is not a weight from 10 to 1000" },
    { "--blkio-weight-device /dev/sda:5 i",
      "--blkio-weight-device: '5' is not a weight from 10 to 1000" },
    { "--device-read-bps sda:1m i",
      "--device-read-bps: 'sda:1m' is not DEVICE:RATE (example: /dev/sda:10mb)" },
    { "--device-write-bps /dev/sda:0 i",
      "--device-write-bps: '/dev/sda:0' is not DEVICE:RATE (example: /dev/sda:10mb)" },
    { "--device-read-iops /dev/sda:1m i",
      "--device-read-iops: '/dev/sda:1m' is not DEVICE:NUMBER (example: /dev/sda:1000)" },
    { "--device-write-iops /dev/sda i",
      "--device-write-iops: '/dev/sda' is not DEVICE:NUMBER (example: /dev/sda:1000)" },
    /* security */
    { "--cap-add FLY i", "--cap-add: 'FLY' is not a capability (see capabilities(7)) or ALL" },
    { "--cap-drop , i", "--cap-drop: '' is not a capability (see capabilities(7)) or ALL" },
    { "--security-opt seccomp= i",
      "--security-opt: 'seccomp=' needs a file, 'default' or 'unconfined'" },
    { "--security-opt no-new-privileges=maybe i",
      "--security-opt: 'no-new-privileges=maybe' is not true or false" },
    { "--security-opt mask=tmp i",
      "--security-opt: 'tmp' is not an absolute path in the container" },
    { "--security-opt label=type:x i",
      "--security-opt: 'label=type:x': SELinux labels are not supported yet" },
    { "--security-opt systempaths=x i",
      "--security-opt: 'systempaths=x' is not one of seccomp=FILE|default|unconfined, "
      "no-new-privileges[=BOOL], apparmor=PROFILE, label=disable, systempaths=unconfined, "
      "mask=PATHS, unmask=PATHS|ALL" },
    /* what is not there yet */
    { "-d i", "--detach: not supported yet: containers run in the foreground for now" },
    { "-itd i", "--detach: not supported yet: containers run in the foreground for now" },
    { "-p 80:80 i", "--publish: not supported yet: there are no bridge networks for now" },
    { "--restart=always i",
      "--restart: not supported yet: containers run in the foreground for now" },
    { "--health-cmd true i",
      "--health-cmd: not supported yet: containers run in the foreground for now" },
    { "--hostnmae x i", "unknown option '--hostnmae' (did you mean '--hostname'?)" },
    { "--env-file /does/not/exist i",
      "--env-file: cannot read '/does/not/exist': No such file or directory" },
};

static void test_errors(void **state)
{
    Fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(error_rows); i++) {
        error_clear(&f->error);
        int r = request_from_line(error_rows[i].line, &f->arena, &f->request, &f->error);
        assert_string_equal(f->error.message, error_rows[i].message);
        assert_int_equal(r < 0, error_rows[i].message[0] != '\0');
    }
}

static void test_plain(void **state)
{
    Fixture *f = *state;
    const RunRequest *r = good(f, "-it --rm --name web -h box -w /srv//a/./b/../c -u 1000:users "
                                  "--stop-timeout 0 --sig-proxy=false alpine ls -l --rm");
    assert_true(r->interactive && r->terminal && r->remove && r->no_signal_proxy);
    assert_string_equal(r->name, "web");
    assert_string_equal(r->hostname, "box");
    assert_string_equal(r->working_directory, "/srv/a/c");
    assert_string_equal(r->user, "1000:users");
    assert_int_equal(r->stop_timeout_s, 0);
    assert_string_equal(r->image, "alpine");
    assert_int_equal(r->command.count, 3);
    assert_string_equal(r->command.items[2], "--rm");

    r = good(f, "--rootfs ./root ls -l");
    assert_null(r->image);
    assert_string_equal(r->rootfs, "./root");
    assert_int_equal(r->command.count, 2);
    assert_int_equal(r->stop_timeout_s, REQUEST_NO_TIMEOUT);
    assert_int_equal(r->limits.memory_swappiness, REQUEST_NO_SWAPPINESS);
    assert_false(r->no_signal_proxy);
}

static void test_pairs(void **state)
{
    Fixture *f = *state;
    const RunRequest *r = good(f, "-l a=b -l c -l a=d=e --annotation x= i");
    assert_int_equal(r->labels.count, 2);
    assert_string_equal(strmap_get(&r->labels, "a"), "d=e");
    assert_string_equal(strmap_get(&r->labels, "c"), "");
    assert_string_equal(strmap_get(&r->annotations, "x"), "");

    r = good(f, "--sysctl net.ipv4.conf.eth0/1.forwarding=1 --sysctl kernel/shmmax=5=6 i");
    assert_string_equal(strmap_get(&r->sysctls, "net/ipv4/conf/eth0.1/forwarding"), "1");
    assert_string_equal(strmap_get(&r->sysctls, "kernel/shmmax"), "5=6");
    r = good(f, "--sysctl net/ipv4/conf/eth0.1/forwarding=1 i");
    assert_string_equal(strmap_get(&r->sysctls, "net/ipv4/conf/eth0.1/forwarding"), "1");
}

static void test_env(void **state)
{
    Fixture *f = *state;
    assert_int_equal(setenv("REQUEST_TEST_SET", "here", 1), 0);
    assert_int_equal(unsetenv("REQUEST_TEST_UNSET"), 0);
    const RunRequest *r = good(f, "-e A=b=c -e REQUEST_TEST_SET -e REQUEST_TEST_UNSET -e E= i");
    static const char *const expected[] = { "A=b=c", "REQUEST_TEST_SET=here", "REQUEST_TEST_UNSET",
                                            "E=" };
    assert_int_equal(r->env.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(r->env.items[i], expected[i]);
}

static void test_files(void **state)
{
    Fixture *f = *state;
    char path[] = "/tmp/test-request-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "\xef\xbb\xbf# comment\r\n\r\n  A=file\r\nB=b c \nREQUEST_TEST_SET\n"
                               "REQUEST_TEST_UNSET\nQ=\"q\"";
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    assert_int_equal(close(fd), 0);
    const RunRequest *r = good(f, arena_printf(&f->arena, "-e A=given --env-file %s i", path));
    static const char *const expected[] = { "A=file", "B=b c ", "REQUEST_TEST_SET=here", "Q=\"q\"",
                                            "A=given" };
    assert_int_equal(r->env.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(r->env.items[i], expected[i]);

    r = good(f, arena_printf(&f->arena, "--label A=given --label-file %s i", path));
    assert_string_equal(strmap_get(&r->labels, "A"), "given");
    assert_string_equal(strmap_get(&r->labels, "B"), "b c ");
    assert_string_equal(strmap_get(&r->labels, "REQUEST_TEST_UNSET"), "");
    assert_int_equal(unlink(path), 0);
}

static void test_file_errors(void **state)
{
    Fixture *f = *state;
    StrList lines;
    assert_true(request_read_lines("A=b\n two words=x\n", "f", true, &f->arena, &lines, &f->error) <
                0);
    assert_string_equal(f->error.message, "f:2: 'two words=x' is not NAME=VALUE");
    assert_true(request_read_lines("=x", "f", true, &f->arena, &lines, &f->error) < 0);
    assert_string_equal(f->error.message, "f:1: '=x' is not NAME=VALUE");
    assert_int_equal(request_read_lines("", "f", true, &f->arena, &lines, &f->error), 0);
    assert_int_equal(lines.count, 0);
}

static void test_namespaces(void **state)
{
    Fixture *f = *state;
    const RunRequest *r = good(f, "--pid=host --network none --ipc shareable --uts ns:/run/n "
                                  "--userns=host --cgroupns container:web i");
    assert_int_equal(r->namespaces[NAMESPACE_PID].mode, REQUEST_NAMESPACE_HOST);
    assert_int_equal(r->namespaces[NAMESPACE_NET].mode, REQUEST_NAMESPACE_PRIVATE);
    assert_int_equal(r->namespaces[NAMESPACE_IPC].mode, REQUEST_NAMESPACE_PRIVATE);
    assert_int_equal(r->namespaces[NAMESPACE_UTS].mode, REQUEST_NAMESPACE_PATH);
    assert_string_equal(r->namespaces[NAMESPACE_UTS].target, "/run/n");
    assert_int_equal(r->namespaces[NAMESPACE_USER].mode, REQUEST_NAMESPACE_HOST);
    assert_string_equal(r->namespaces[NAMESPACE_CGROUP].target, "web");
    assert_int_equal(r->namespaces[NAMESPACE_TIME].mode, REQUEST_NAMESPACE_DEFAULT);

    /* the user namespace follows the one of the processes, then of IPC, then of the network */
    r = good(f, "--net container:a --pid container:b i");
    assert_string_equal(request_namespace(r, NAMESPACE_USER).target, "b");
    r = good(f, "--net container:a i");
    assert_string_equal(request_namespace(r, NAMESPACE_USER).target, "a");
    assert_int_equal(request_namespace(r, NAMESPACE_PID).mode, REQUEST_NAMESPACE_DEFAULT);
    r = good(f, "--net container:a --userns private i");
    assert_int_equal(request_namespace(r, NAMESPACE_USER).mode, REQUEST_NAMESPACE_PRIVATE);
    r = good(f, "--uts container:a i");
    assert_int_equal(request_namespace(r, NAMESPACE_USER).mode, REQUEST_NAMESPACE_DEFAULT);
}

static void test_offsets(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        { "90", 90000000000 },       { "-90s", -90000000000 }, { "+1.5h", 5400000000000 },
        { "30d", 2592000000000000 }, { "0.25", 250000000 },    { "2m", 120000000000 },
        { "-0.000000001", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const RunRequest *r =
            good(f, arena_printf(&f->arena, "--monotonic-offset=%s i", rows[i].text));
        assert_int_equal(r->monotonic_offset_ns, rows[i].ns);
    }
}

static void test_names(void **state)
{
    Fixture *f = *state;
    const RunRequest *r =
        good(f, "--add-host db:10.0.0.5 --add-host six=::1 --add-host b:[fe80::1] "
                "--dns 1.1.1.1 --dns ::1 --dns-search a.b --dns-opt ndots:1 i");
    assert_int_equal(r->host_count, 3);
    assert_string_equal(r->hosts[0].name, "db");
    assert_string_equal(r->hosts[0].address, "10.0.0.5");
    assert_string_equal(r->hosts[1].address, "::1");
    assert_string_equal(r->hosts[2].address, "fe80::1");
    assert_int_equal(r->dns.count, 2);
    assert_string_equal(r->dns_options.items[0], "ndots:1");
}

static void test_mounts(void **state)
{
    Fixture *f = *state;
    const RunRequest *r =
        good(f, "-v /a//b/:/c/./d:ro,z,rslave -v data:/data:nocopy,noexec -v /anon -v ./x:/x "
                "--tmpfs /t:size=64m,mode=700,exec,ro "
                "--mount type=bind,\"source=/a,b\",destination=/e,readonly,bind-recursive=writable "
                "--mount target=/f,volume-nocopy=true,source=vol "
                "--mount dst=/g,type=tmpfs,tmpfs-size=1g,tmpfs-mode=0700 i");
    assert_int_equal(r->mount_count, 8);
    const RequestMount *m = r->mounts;
    assert_int_equal(m[0].kind, REQUEST_MOUNT_BIND);
    assert_string_equal(m[0].source, "/a/b");
    assert_string_equal(m[0].target, "/c/d");
    assert_string_equal(m[0].propagation, "rslave");
    assert_true(m[0].readonly);
    assert_int_equal(m[0].options.count, 0);
    assert_int_equal(m[1].kind, REQUEST_MOUNT_VOLUME);
    assert_string_equal(m[1].source, "data");
    assert_true(m[1].no_copy);
    assert_string_equal(m[1].options.items[0], "noexec");
    assert_int_equal(m[2].kind, REQUEST_MOUNT_VOLUME);
    assert_null(m[2].source);
    assert_string_equal(m[2].target, "/anon");
    assert_int_equal(m[3].kind, REQUEST_MOUNT_BIND);
    assert_string_equal(m[3].source, "./x");
    assert_int_equal(m[4].kind, REQUEST_MOUNT_TMPFS);
    assert_int_equal(m[4].options.count, 3);
    assert_true(m[4].readonly);
    assert_string_equal(m[5].source, "/a,b");
    assert_true(m[5].readonly && m[5].readonly_shallow);
    assert_int_equal(m[6].kind, REQUEST_MOUNT_VOLUME);
    assert_true(m[6].no_copy);
    assert_int_equal(m[7].kind, REQUEST_MOUNT_TMPFS);
    assert_string_equal(m[7].options.items[0], "size=1g");
    assert_string_equal(m[7].options.items[1], "mode=0700");
}

static void test_limits(void **state)
{
    Fixture *f = *state;
    const RunRequest *r =
        good(f, "-m 512m --memory-swap -1 --memory-swappiness 0 --cpus 1.5 --cpuset-cpus 0-2,4 "
                "--pids-limit -1 --ulimit nofile=1:2 --ulimit nofile=3 --ulimit core=-1 "
                "--ulimit nproc=5:unlimited --blkio-weight 10 --device-read-bps /dev/a:b:1mb "
                "--device-write-iops /dev/a:7 --blkio-weight-device /dev/a:1000 "
                "--oom-score-adj -5 i");
    assert_int_equal(r->limits.memory_bytes, 512 << 20);
    assert_int_equal(r->limits.memory_swap_bytes, -1);
    assert_int_equal(r->limits.memory_swappiness, 0);
    assert_int_equal(r->limits.cpus_nano, 1500000000);
    assert_int_equal(r->limits.pids, -1);
    assert_int_equal(r->ulimit_count, 3);
    assert_string_equal(r->ulimits[0].name, "RLIMIT_NOFILE");
    assert_int_equal(r->ulimits[0].soft, 3);
    assert_int_equal(r->ulimits[0].hard, 3);
    assert_true(r->ulimits[1].soft == RLIMIT_UNLIMITED);
    assert_true(r->ulimits[2].hard == RLIMIT_UNLIMITED);
    assert_int_equal(r->limits.throttle_count, 3);
    assert_string_equal(r->limits.throttles[0].device, "/dev/a:b");
    assert_int_equal(r->limits.throttles[0].value, 1 << 20);
    assert_int_equal(r->limits.throttles[1].value, 7);
    assert_int_equal(r->limits.throttles[2].kind, REQUEST_THROTTLE_WEIGHT);
    assert_int_equal(r->oom_score_adj, -5);

    r = good(f, "--cpus 0.0 --cpu-shares 0 --blkio-weight 0 --memory 0 --cpu-quota 0 i");
    assert_int_equal(r->limits.cpus_nano + r->limits.cpu_shares + r->limits.blkio_weight, 0);

    r = good(f, "--cpus .5 i");
    assert_int_equal(r->limits.cpus_nano, 500000000);
    r = good(f, "--cpus 2.000000000000 i");
    assert_int_equal(r->limits.cpus_nano, 2000000000);
}

static void test_lists(void **state)
{
    (void)state;
    assert_int_equal(request_list_highest("0"), 0);
    assert_int_equal(request_list_highest("0-3"), 3);
    assert_int_equal(request_list_highest("7,1-3"), 7);
    assert_int_equal(request_list_highest("0-8191"), 8191);
    static const char *const bad[] = { "",    ",", "1,",  "-1",   "1-",
                                       "2-1", "a", "1 2", "8192", "0-99999999999" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(request_list_highest(bad[i]), -1);
}

static void test_security(void **state)
{
    Fixture *f = *state;
    const RunRequest *r = good(
        f, "--security-opt seccomp=/p.json --security-opt no-new-privileges:false "
           "--security-opt apparmor=unconfined --security-opt mask=/a:/b/ "
           "--security-opt unmask=/proc/kcore --security-opt label=disable "
           "--cap-add net_raw --cap-add CAP_SYS_PTRACE,kill --cap-drop all --device /dev/fuse "
           "--device /dev/sda:/dev/xvda:r --device /dev/x:rw --device-cgroup-rule c~10:*~rw i");
    assert_int_equal(r->security.seccomp, REQUEST_SECCOMP_FILE);
    assert_string_equal(r->security.seccomp_file, "/p.json");
    assert_int_equal(r->security.no_new_privileges, OPTION_FALSE);
    assert_string_equal(r->security.apparmor, "unconfined");
    assert_string_equal(r->security.mask.items[1], "/b");
    assert_string_equal(r->security.unmask.items[0], "/proc/kcore");
    assert_int_equal(r->security.cap_add.count, 3);
    assert_string_equal(r->security.cap_drop.items[0], "ALL");
    assert_int_equal(r->device_count, 3);
    assert_string_equal(r->devices[0].target, "/dev/fuse");
    assert_string_equal(r->devices[0].access, "rwm");
    assert_string_equal(r->devices[1].target, "/dev/xvda");
    assert_string_equal(r->devices[1].access, "r");
    assert_string_equal(r->devices[2].target, "/dev/x");
    assert_string_equal(r->devices[2].access, "rw");
    assert_int_equal(r->device_rule_count, 1);
    assert_int_equal(r->device_rules[0].major, 10);
    assert_int_equal(r->device_rules[0].minor, -1);

    r = good(f, "--security-opt seccomp=unconfined --security-opt no-new-privileges "
                "--security-opt unmask=ALL i");
    assert_int_equal(r->security.seccomp, REQUEST_SECCOMP_UNCONFINED);
    assert_int_equal(r->security.no_new_privileges, OPTION_TRUE);
    assert_true(r->security.paths_unconfined);
    r = good(f, "--security-opt seccomp=x --security-opt seccomp=default i");
    assert_int_equal(r->security.seccomp, REQUEST_SECCOMP_DEFAULT);
}

static void test_clean_path(void **state)
{
    Fixture *f = *state;
    static const struct {
        const char *path, *clean;
    } rows[] = {
        { "/", "/" },
        { "//", "/" },
        { "/a/", "/a" },
        { "/a//b", "/a/b" },
        { "/a/./b", "/a/b" },
        { "/a/../b", "/b" },
        { "/a/..", "/" },
        { "/..", NULL },
        { "/a/../..", NULL },
        { "a", NULL },
        { "", NULL },
        { "/...", "/..." },
        { "/a/.b/..c", "/a/.b/..c" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *clean = request_clean_path(rows[i].path, &f->arena);
        if (rows[i].clean)
            assert_string_equal(clean, rows[i].clean);
        else
            assert_null(clean);
    }
}

static int setup(void **state)
{
    *state = mem_alloc(sizeof(Fixture));
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    arena_done(&f->arena);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_namespaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offsets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_security, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clean_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
