/*
 * The explanation of a made-up container and of plain processes, as people read it and as JSON,
 * against golden files; hostile names in it; and the parsers behind it.
 *
 * GOLDEN_UPDATE=1 writes the files anew.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "engine/explain_parts.h"
#include "engine/explain_print.h"

static void check_golden(const char *name, const char *text)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *path = arena_printf(&arena, TEST_SOURCE_ROOT "/tests/unit/engine/golden/%s", name);
    char *expected;
    if (getenv("GOLDEN_UPDATE"))
        assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0644, FILE_VOLATILE), 0);
    assert_int_equal(file_read_at(AT_FDCWD, path, 1 << 20, &arena, &expected, NULL), 0);
    assert_string_equal(text, expected);
}

static StrList words(Arena *arena, const char *text)
{
    return strlist_split(arena, text, ' ');
}

/* Namespaces: type by type "user:1" is the host's, "user:1:2" its own (2) beside the host's (1). */
static void set_namespaces(Explanation *e, Arena *arena, const char *own)
{
    StrList list = words(arena, own);
    for (int type = 0; type < NAMESPACE_MAX; type++) {
        const char *name = namespace_table[type].name;
        ExplainNamespace *n =
            arena_append(arena, &e->namespaces.items, &e->namespaces.count, sizeof(*n));
        n->type = name;
        n->own = strlist_contains(&list, name);
        n->host_id = 4026531830u + (unsigned)type;
        n->id = n->own ? 4026532400u + (unsigned)type : n->host_id;
    }
}

static void add_mount(Explanation *e, Arena *arena, const ExplainMount *mount)
{
    *(ExplainMount *)arena_append(arena, &e->mounts.items, &e->mounts.count, sizeof(*mount)) =
        *mount;
}

static void make_plain(Explanation *e, Arena *arena)
{
    *e = (Explanation){
        .pid = 812,
        .parent = 1,
        .inside_pid = 812,
        .name = "sshd",
        .command = words(arena, "/usr/sbin/sshd -D"),
        .state = "sleeping",
        .host_cpus = 4,
        .seccomp = "none",
    };
    set_namespaces(e, arena, "");
    e->root = arena_alloc(arena, sizeof(*e->root));
    *e->root = (ExplainRoot){ .type = "ext4", .source = "/dev/vda1", .writable = true };
    add_mount(e, arena, &(ExplainMount){ "/", "ext4", "/dev/vda1", "/", "rw", "rw", "shared" });
    e->capabilities = arena_alloc(arena, sizeof(*e->capabilities));
    e->capabilities->effective = words(arena, "chown sys_admin sys_time");
    e->cgroup = arena_alloc(arena, sizeof(*e->cgroup));
    *e->cgroup = (ExplainCgroup){ .version = "v2", .path = "/" };
}

static void make_files(Explanation *e, Arena *arena)
{
    static const ExplainMount mounts[] = {
        { "/", "overlay", "overlay", "/", "rw,nodev", "rw,lowerdir=/a:/b", NULL },
        { "/proc", "proc", "proc", "/", "rw,nosuid", "rw", NULL },
        { "/proc/acpi", "tmpfs", "tmpfs", "/", "ro", "ro", NULL },
        { "/dev", "tmpfs", "tmpfs", "/", "rw,nosuid", "rw", NULL },
        { "/etc/hosts", "ext4", "/dev/vda1", "/run/c/0123456789abcdef/hosts", "rw", "rw", NULL },
        { "/data", "ext4", "/dev/vda1", "/srv/da\033[2Jta", "ro,nodev", "rw", "slave" },
        { "/dev/snd", "devtmpfs", "devtmpfs", "/snd", "rw", "rw", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++)
        add_mount(e, arena, &mounts[i]);
    e->root = arena_alloc(arena, sizeof(*e->root));
    *e->root = (ExplainRoot){
        .type = "overlay", .source = "overlay", .layers = { true, 2 }, .writable = true
    };
}

static void make_limits(Explanation *e, Arena *arena)
{
    e->cgroup = arena_alloc(arena, sizeof(*e->cgroup));
    *e->cgroup = (ExplainCgroup){
        .version = "v2",
        .path = "/ambit-0123",
        .memory = { true, 21 << 20 },
        .memory_limit = { true, 64 << 20 },
        .memory_cache = { true, 3 << 20 },
        .memory_peak = { true, 40 << 20 },
        .swap_limit = { true, 0 },
        .oom_kills = { true, 2 },
        .cpu_us = { true, 1234567 },
        .cpu_quota_us = { true, 50000 },
        .cpu_period_us = { true, 100000 },
        .throttled = { true, 7 },
        .throttled_us = { true, 250000 },
        .cpus = "0-1",
        .memory_nodes = "0",
        .pids = { true, 3 },
        .pids_limit = { true, 100 },
        .io_read = { true, 5 << 20 },
    };
    ExplainRlimit *limit =
        arena_append(arena, &e->rlimits.items, &e->rlimits.count, sizeof(*limit));
    *limit = (ExplainRlimit){ "nofile", { true, 512 }, { true, 1024 }, { true, 20000 }, { 0 } };
}

static void make_container(Explanation *e, Arena *arena)
{
    static ExplainRange range = { 0, 1879048192, 65536 };
    static ExplainClock clocks[] = { { "monotonic", 0, 0 }, { "boottime", -86400, 0 } };
    *e = (Explanation){
        .pid = 12345,
        .parent = 12300,
        .inside_pid = 1,
        .name = "nginx",
        .command = words(arena, "nginx -g daemon_off;"),
        .state = "sleeping",
        .host_cpus = 4,
        .uid = 1879048192,
        .gid = 1879048192,
        .uid_inside = { true, 0 },
        .gid_inside = { true, 0 },
        .uid_map = { &range, 1 },
        .gid_map = { &range, 1 },
        .hostname = "web\033]0;gotcha\a",
        .clocks = { clocks, ARRAY_LEN(clocks) },
        .no_new_privs = true,
        .seccomp = "filter",
        .seccomp_filters = 1,
        .label = "ambit-default (enforce)",
    };
    e->container = arena_alloc(arena, sizeof(*e->container));
    *e->container = (ExplainContainer){ "0123456789abcdef", "web", "nginx:1.25", true };
    set_namespaces(e, arena, "user cgroup ipc uts net pid time mount");
    ExplainInterface *link =
        arena_append(arena, &e->interfaces.items, &e->interfaces.count, sizeof(*link));
    *link = (ExplainInterface){ "eth0", "veth", "02:42:ac:11:00:02", true,
                                words(arena, "10.88.0.2/16 fe80::42/64") };
    e->capabilities = arena_alloc(arena, sizeof(*e->capabilities));
    e->capabilities->effective = words(arena, "chown setuid");
    e->capabilities->missing = words(arena, "sys_admin sys_module time_travel net_raw");
    make_files(e, arena);
    make_limits(e, arena);
}

static void check_text(const char *golden, const Explanation *e, size_t width, bool all)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    explain_print_text(e, &(UsageStyle){ .width = width }, all, &text);
    for (const char *p = strbuf_text(&text); *p; p++) /* nothing steers the terminal */
        assert_true(*p == '\n' || (unsigned char)*p >= ' ');
    check_golden(golden, strbuf_text(&text));
}

static void test_container(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Explanation e;
    make_container(&e, &arena);
    check_text("explain_container.txt", &e, 80, false);
    check_text("explain_container_all.txt", &e, 0, true);

    StrBuf json CLEANUP(strbuf_done) = { 0 };
    field_print(&explanation_table, &e, true, &json);
    check_golden("explain_container.json", strbuf_text(&json));
}

static void test_plain_process(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Explanation e;
    make_plain(&e, &arena);
    check_text("explain_plain.txt", &e, 80, false);
}

/* No namespace of its own, yet something around it. */
static void test_partly_bounded(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Explanation e;
    make_plain(&e, &arena);
    e.command = (StrList){ 0 };
    e.seccomp = "strict";
    e.root->path = "/var/empty";
    e.cgroup->path = "/system.slice";
    e.cgroup->pids_limit = (OptU64){ true, 10 };
    check_text("explain_partly.txt", &e, 80, false);
}

static void test_unreadable(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Explanation e = { .pid = 1, .name = "init", .state = "sleeping", .seccomp = "none" };
    strlist_append(&arena, &e.hidden, "namespaces: Permission denied");
    check_text("explain_unreadable.txt", &e, 80, false);
}

static void test_colour_only_when_asked(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Explanation e;
    make_container(&e, &arena);
    explain_print_text(&e, &(UsageStyle){ .colour = true }, false, &text);
    assert_non_null(strstr(strbuf_text(&text), "\033[1mWhat it sees"));
    assert_null(strstr(strbuf_text(&text), "\033[2J"));
    assert_null(strstr(strbuf_text(&text), "\033]"));
}

static void test_count_layers(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        uint32_t layers;
    } rows[] = {
        { "rw,lowerdir=/a,upperdir=/u,workdir=/w", 1 },
        { "rw,lowerdir=/a:/b:/c,upperdir=/u", 3 },
        { "rw,lowerdir=/with\\:colon:/with\\,comma", 2 },
        { "ro,lowerdir=/a:/b::/data", 3 },
        { "rw,lowerdir+=/a,lowerdir+=/b,datadir+=/c", 3 },
        { "rw,relatime", 0 },
        { "", 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t layers = 99;
        assert_int_equal(explain_count_layers(rows[i].options, &layers), rows[i].layers > 0);
        assert_int_equal(layers, rows[i].layers);
    }
}

static int parse_report(const char *report, Arena *arena, Explanation *e)
{
    *e = (Explanation){ 0 };
    return explain_inside_parse(arena_strdup(arena, report), strlen(report), arena, e, NULL);
}

static void test_report_from_inside(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Explanation e;
    assert_int_equal(parse_report("lo\t\t\t1\t127.0.0.1/8 ::1/128\n"
                                  "eth0\tveth\t02:42:ac:11:00:02\t0\t\n"
                                  "\nweb\n\nserver",
                                  &arena, &e),
                     0);
    assert_int_equal(e.interfaces.count, 2);
    assert_true(e.interfaces.items[0].up && !e.interfaces.items[1].up);
    assert_null(e.interfaces.items[0].kind);
    assert_int_equal(e.interfaces.items[0].addresses.count, 2);
    assert_string_equal(e.interfaces.items[1].kind, "veth");
    assert_string_equal(e.hostname, "web\n\nserver"); /* as hostile as it likes */
    assert_int_equal(parse_report("\n", &arena, &e), 0);
    assert_string_equal(e.hostname, "");
    assert_true(parse_report("lo\t\t\t1\t\n", &arena, &e) < 0);
    assert_true(parse_report("", &arena, &e) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_plain_process),
        cmocka_unit_test(test_partly_bounded),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_colour_only_when_asked),
        cmocka_unit_test(test_count_layers),
        cmocka_unit_test(test_report_from_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
