/*
 * Golden tests: each plans/NAME.json is planned on a host that exists only here, and the printed
 * plan must be plans/NAME.plan. A plan that fails must fail with the text in NAME.plan.
 *
 * GOLDEN_UPDATE=1 writes the files anew; the difference is then read in review.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "runtime/plan_build.h"
#include "runtime/plan_print.h"
#include "runtime/trace.h"

#define PLANS TEST_SOURCE_ROOT "/tests/unit/runtime/plans"

static const char *const lowers[] = { "layers/top", "layers/bottom" };

static const PlanLayers layers = {
    .base = "/var/lib/ambit",
    .lowers = lowers,
    .lower_count = 2,
    .upper = "containers/web/upper",
    .work = "containers/web/work",
};

/* One more process of the container; "exec_host" has the host's user namespace. */
static int plan_more(const char *name, const Spec *spec, const CgroupHost *host, Plan *plan,
                     Arena *arena, Error *error)
{
    PlanExecInput input = {
        .process = spec->process,
        .spec = spec,
        .id = "web",
        .pid = 4711,
        .cgroup_path = "/box",
        .cgroup_host = host,
        .userns_host = str_starts(name, "exec_host"),
        .keep_keyring = str_starts(name, "exec_host"),
    };
    return plan_build_exec(&input, arena, plan, error);
}

static void plan_text(const char *name, const char *json, size_t size, Arena *arena, StrBuf *text)
{
    bool layered = str_starts(name, "layers"), selinux = str_starts(name, "selinux");
    CgroupHost host = { .mode = CGROUP_V2, .available = ~0u, .unified_mount = "/sys/fs/cgroup" };
    Error error = { 0 };
    Spec *spec;
    Plan plan;
    PlanInput input = {
        .id = "web",
        .bundle = "/bundle",
        .layers = layered ? &layers : NULL,
        .cgroup_host = &host,
        .controllers = CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS),
        .idmap_root = true,
        .engine_mounts = layered,
        .selinux = selinux,
    };
    int r = spec_parse(arena, json, size, &spec, &error);
    if (r == 0) {
        input.spec = spec;
        r = str_starts(name, "exec") ? plan_more(name, spec, &host, &plan, arena, &error)
                                     : plan_build(&input, arena, &plan, &error);
    }
    if (r < 0)
        strbuf_printf(text, "%s: %s\n", error_kind_name(error.kind), error.message);
    else
        plan_print(&plan, text);
}

static void check_plan(const char *name)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char *json, *wanted;
    size_t size;
    const char *golden = arena_printf(&arena, PLANS "/%.*s.plan", (int)strlen(name) - 5, name);
    assert_int_equal(file_read_at(AT_FDCWD, arena_printf(&arena, PLANS "/%s", name), 1 << 20,
                                  &arena, &json, &size),
                     0);
    plan_text(name, json, size, &arena, &text);
    if (getenv("GOLDEN_UPDATE"))
        assert_int_equal(
            file_write_at(AT_FDCWD, golden, text.data, text.length, 0644, FILE_VOLATILE), 0);
    assert_int_equal(file_read_at(AT_FDCWD, golden, 1 << 20, &arena, &wanted, NULL), 0);
    if (!str_eq(wanted, strbuf_text(&text)))
        print_message("%s:\n%s", name, strbuf_text(&text));
    assert_string_equal(strbuf_text(&text), wanted);
}

static void test_golden_plans(void **state)
{
    (void)state;
    DIR *dir = opendir(PLANS);
    size_t count = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!str_ends(entry->d_name, ".json"))
            continue;
        check_plan(entry->d_name);
        count++;
    }
    (void)closedir(dir);
    assert_true(count >= 6);
}

/* What a step is filled with by the parent and used by the child must cross, and nothing else. */
static void test_slots_cross_once(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Plan plan = { .arena = &arena };
    Slot supplied = plan_slot(&plan, SLOT_MOUNT, PHASE_SUPPLY);
    Slot inherited = plan_slot(&plan, SLOT_FILE, PHASE_HOST);
    Slot local = plan_slot(&plan, SLOT_MOUNT, PHASE_ROOT);
    plan_use(&plan, plan_add(&plan, STEP_MOUNT_ATTACH, PHASE_ROOT, "a"), supplied);
    plan_use(&plan, plan_add(&plan, STEP_EXEC, PHASE_FINISH, "b"), inherited);
    plan_use(&plan, plan_add(&plan, STEP_TERMINAL, PHASE_ROOT, "c"), local);
    assert_true(plan.slots[supplied].handed_over);
    assert_false(plan.slots[inherited].handed_over);
    assert_false(plan.slots[local].handed_over);
}

/* In the order of their beginning, whoever did them; what was not reached is not there. */
static void test_trace_is_in_the_order_of_time(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Plan plan = { .arena = &arena };
    plan_add(&plan, STEP_PIVOT, PHASE_ROOT, "root")->target = "last";
    plan_add(&plan, STEP_CGROUP_CREATE, PHASE_HOST, "linux")->target = "/first";
    plan_add(&plan, STEP_EXEC, PHASE_FINISH, "process.args");
    plan_add(&plan, STEP_HOSTNAME, PHASE_ENTER, "hostname")->target = "second";
    StepTime *times = trace_new(&plan, NULL);
    assert_non_null(times);
    times[0] = (StepTime){ 5000000, 5100000 };
    times[1] = (StepTime){ 2000000, 2000500 };
    times[3] = (StepTime){ 3000000, 4000000 };
    trace_print(&plan, times, 1000000, &text);
    trace_free(times, &plan);
    assert_string_equal(strbuf_text(&text), "   at us   took us  phase   step\n"
                                            "    1000       0.5  host    cgroup           /first\n"
                                            "    2000    1000.0  enter   hostname         second\n"
                                            "    4000     100.0  root    pivot-root       last\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_plans),
        cmocka_unit_test(test_slots_cross_once),
        cmocka_unit_test(test_trace_is_in_the_order_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
