/*
 * The container's configuration: a document with every property read, written back byte for byte
 * and copied; what is refused, with the whole message.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "spec/spec.h"

static void test_every_property_round_trips(void **state)
{
    (void)state;
    Arena first = { 0 }, second CLEANUP(arena_done) = { 0 };
    Arena files CLEANUP(arena_done) = { 0 };
    size_t size;
    char *text = sample_read(&files, "config-full.json", &size);
    Spec *spec;
    Error error = { 0 };
    if (spec_parse(&first, text, size, &spec, &error) < 0 || spec_validate(spec, &error) < 0)
        fail_msg("%s", error.message);
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    spec_encode(spec, true, &out);
    assert_string_equal(out.data, text);

    Spec copy;
    field_copy(&spec_table, spec, &second, &copy);
    arena_done(&first); /* what the copy shared would be gone: the sanitizers see it */
    strbuf_clear(&out);
    spec_encode(&copy, true, &out);
    assert_string_equal(out.data, text);

    /* The compact form leads to the same. */
    strbuf_clear(&out);
    spec_encode(&copy, false, &out);
    assert_null(strchr(out.data, '\n'));
    assert_int_equal(spec_parse(&files, out.data, out.length, &spec, &error), 0);
    StrBuf again CLEANUP(strbuf_done) = { 0 };
    spec_encode(spec, true, &again);
    assert_string_equal(again.data, text);
}

static void test_values(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    size_t size;
    char *text = sample_read(&arena, "config-full.json", &size);
    Spec *spec;
    assert_int_equal(spec_parse(&arena, text, size, &spec, NULL), 0);
    assert_int_equal(spec->process->user.umask.value, 022);
    assert_true(spec->process->rlimits.items[1].hard == UINT64_MAX);
    assert_true(spec->process->capabilities->inheritable.items);
    assert_int_equal(spec->process->capabilities->inheritable.count, 0);
    assert_int_equal(spec->process->oom_score_adj.value, -100);
    assert_string_equal(spec->mounts.items[1].options.items[2], "idmap");
    assert_null(spec->mounts.items[0].options.items);
    assert_int_equal(spec->mounts.items[1].gid_mappings.items[0].host_id, 200000);
    assert_string_equal(spec->hooks->poststop.items[0].path, "/usr/bin/poststop");
    assert_string_equal(strmap_get(&spec->annotations, "org.example.b"), "2");
    assert_false(spec->linux->resources->devices.items[0].major.set);
    assert_string_equal(spec->linux->resources->rdma.items[0].device, "mlx5_1");
    assert_string_equal(spec->linux->net_devices.items[1].host_name, "eth1");
    assert_null(spec->linux->net_devices.items[1].name);
    assert_int_equal(spec->linux->seccomp->syscalls.items[1].args.items[0].value, 0x7e020000);
    assert_int_equal(spec->linux->time_offsets->boottime->secs, -5);
    assert_string_equal(spec_namespace(spec, "network")->path, "/run/netns/one");
    assert_false(spec_namespace_is_new(spec, "network"));
    assert_true(spec_namespace_is_new(spec, "pid"));
    spec->linux = NULL;
    assert_null(spec_namespace(spec, "pid"));
    assert_false(spec_namespace_is_new(spec, "pid"));
}

/* Nothing is invented: what was not there is not written. */
static void test_absent_stays_absent(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    static const char *const texts[] = {
        "{\"ociVersion\":\"1.0.0\"}",
        "{\"ociVersion\":\"0.5.0-dev\",\"root\":{\"path\":\"r\"}}",
        "{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\"},"
        "\"hooks\":{},\"linux\":{\"resources\":{\"memory\":{},\"unified\":{}},\"seccomp\":"
        "{\"defaultAction\":\"SCMP_ACT_LOG\"}}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        Spec *spec;
        StrBuf out CLEANUP(strbuf_done) = { 0 };
        assert_int_equal(spec_parse(&arena, texts[i], strlen(texts[i]), &spec, NULL), 0);
        spec_encode(spec, false, &out);
        assert_string_equal(out.data, texts[i]);
    }
}

typedef struct Refused {
    const char *members; /* after ociVersion */
    const char *message;
} Refused;

static const Refused refused[] = {
    { "\"root\":{}", "root.path: required, but missing" },
    { "\"root\":{\"path\":\"\"}", "root.path: expected a text that is not empty, found \"\"" },
    { "\"hostname\":\"12345678901234567890123456789012345678901234567890123456789012345\"",
      "hostname: expected at most 64 bytes, found "
      "\"12345678901234567890123456789012345678901234567890123456789012345\"" },
    { "\"process\":{\"args\":[]}", "process.cwd: required, but missing" },
    { "\"process\":{\"cwd\":\"/\",\"env\":[\"A=b\",\"HOME\"]}",
      "process.env[1]: expected NAME=VALUE, found \"HOME\"" },
    { "\"process\":{\"cwd\":\"/\",\"env\":[\"=b\"]}",
      "process.env[0]: expected NAME=VALUE, found \"=b\"" },
    { "\"process\":{\"cwd\":\"tmp\"}", "process.cwd: expected an absolute path, found \"tmp\"" },
    { "\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}",
      "process.args: expected an array, found \"sh\"" },
    { "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":-1}}",
      "process.user.uid: expected an integer from 0 to 4294967294, found -1" },
    { "\"process\":{\"cwd\":\"/\",\"user\":{\"umask\":512}}",
      "process.user.umask: expected an integer from 0 to 511, found 512" },
    { "\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":1001}",
      "process.oomScoreAdj: expected an integer from -1000 to 1000, found 1001" },
    { "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"NOFILE\",\"hard\":1,\"soft\":1}]}",
      "process.rlimits[0].type: expected RLIMIT_ and capital letters, found \"NOFILE\"" },
    { "\"process\":{\"cwd\":\"/\",\"ioPriority\":{\"class\":\"RT\"}}",
      "process.ioPriority.class: found \"RT\", expected one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, "
      "IOPRIO_CLASS_IDLE" },
    { "\"process\":{\"cwd\":\"/\",\"execCPUAffinity\":{\"initial\":\"a\"}}",
      "process.execCPUAffinity.initial: expected a list of CPUs like 0-3,7, found \"a\"" },
    { "\"mounts\":[{\"destination\":\"/a\"},{\"source\":\"b\"}]",
      "mounts[1].destination: required, but missing" },
    { "\"mounts\":{}", "mounts: expected an array, found an object" },
    { "\"hooks\":{\"poststop\":[{\"path\":\"bin/x\"}]}",
      "hooks.poststop[0].path: expected an absolute path, found \"bin/x\"" },
    { "\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":0}]}",
      "hooks.prestart[0].timeout: expected an integer from 1 to 2147483647, found 0" },
    { "\"annotations\":{\"\":\"x\"}", "annotations: expected a key that is not empty, found \"\"" },
    { "\"annotations\":{\"a\":1}", "annotations[\"a\"]: expected a string, found 1" },
    { "\"linux\":{\"namespaces\":[{\"type\":\"net\"}]}",
      "linux.namespaces[0].type: found \"net\", expected one of mount, pid, network, uts, ipc, "
      "user, cgroup, time" },
    { "\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"ns/pid\"}]}",
      "linux.namespaces[0].path: expected an absolute path, found \"ns/pid\"" },
    { "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":1}]}",
      "linux.uidMappings[0].size: required, but missing" },
    { "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]}",
      "linux.uidMappings[0].size: expected an integer from 1 to 4294967295, found 0" },
    { "\"linux\":{\"sysctl\":{\"net/../kernel/core_pattern\":\"x\"}}",
      "linux.sysctl: expected the name of a sysctl, found \"net/../kernel/core_pattern\"" },
    { "\"linux\":{\"sysctl\":{\"net..x\":\"1\"}}",
      "linux.sysctl: expected the name of a sysctl, found \"net..x\"" },
    { "\"linux\":{\"sysctl\":{\"/net/x\":\"x\"}}",
      "linux.sysctl: expected the name of a sysctl, found \"/net/x\"" },
    { "\"linux\":{\"resources\":{\"memory\":{\"limit\":\"x\"}}}",
      "linux.resources.memory.limit: expected an integer, found \"x\"" },
    { "\"linux\":{\"resources\":{\"memory\":{\"limit\":-2}}}",
      "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found "
      "-2" },
    { "\"linux\":{\"resources\":{\"cpu\":{\"shares\":-1}}}",
      "linux.resources.cpu.shares: expected an integer from 0 to 18446744073709551615, found -1" },
    { "\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}}",
      "linux.resources.devices[0].access: expected letters of \"rwm\", found \"rx\"" },
    { "\"linux\":{\"resources\":{\"hugepageLimits\":[{\"limit\":1,\"pageSize\":\"64kB\"}]}}",
      "linux.resources.hugepageLimits[0].pageSize: expected a page size like 64KB, 2MB or 1GB, "
      "found \"64kB\"" },
    { "\"linux\":{\"resources\":{\"unified\":{\"../cpu.max\":\"1\"}}}",
      "linux.resources.unified: expected the name of a cgroup file, found \"../cpu.max\"" },
    { "\"linux\":{\"resources\":{\"rdma\":{\"m\":{\"hcaHandles\":\"no\"}}}}",
      "linux.resources.rdma[\"m\"].hcaHandles: expected an integer, found \"no\"" },
    { "\"linux\":{\"netDevices\":{\"eth0\":{\"name\":\"../eth1\"}}}",
      "linux.netDevices[\"eth0\"].name: expected the name of a network device, found "
      "\"../eth1\"" },
    { "\"linux\":{\"netDevices\":{\"a:b\":{}}}",
      "linux.netDevices: expected the name of a network device, found \"a:b\"" },
    { "\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"d\"}]}",
      "linux.devices[0].type: found \"d\", expected one of c, b, u, p" },
    { "\"linux\":{\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\"}]}",
      "linux.devices[0].path: expected an absolute path, found \"dev/x\"" },
    { "\"linux\":{\"seccomp\":{}}", "linux.seccomp.defaultAction: required, but missing" },
    { "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[],"
      "\"action\":\"SCMP_ACT_LOG\"}]}}",
      "linux.seccomp.syscalls[0].names: expected at least one item, found none" },
    { "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[\"a\"],"
      "\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}}",
      "linux.seccomp.syscalls[0].args[0].index: expected an integer from 0 to 5, found 6" },
    { "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":[\"TSYNC\"]}}",
      "linux.seccomp.flags[0]: found \"TSYNC\", expected one of SECCOMP_FILTER_FLAG_TSYNC, "
      "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "
      "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
    { "\"linux\":{\"rootfsPropagation\":\"lshared\"}",
      "linux.rootfsPropagation: found \"lshared\", expected one of private, shared, slave, "
      "unbindable, rprivate, rshared, rslave, runbindable" },
    { "\"linux\":{\"maskedPaths\":[\"/a\",\"b\"]}",
      "linux.maskedPaths[1]: expected an absolute path, found \"b\"" },
    { "\"linux\":{\"intelRdt\":{\"closID\":\"../x\"}}",
      "linux.intelRdt.closID: expected the name of a resctrl group, found \"../x\"" },
    { "\"linux\":{\"intelRdt\":{\"schemata\":[\"L3:0=f\\nL3:1=f\"]}}",
      "linux.intelRdt.schemata[0]: expected one line, found \"L3:0=f\\x0aL3:1=f\"" },
    { "\"linux\":{\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}}",
      "linux.intelRdt.memBwSchema: expected one line that begins with MB:, found \"L3:0=f\"" },
    { "\"linux\":{\"memoryPolicy\":{\"mode\":\"BIND\"}}",
      "linux.memoryPolicy.mode: found \"BIND\", expected one of MPOL_DEFAULT, MPOL_BIND, "
      "MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, "
      "MPOL_LOCAL" },
    { "\"linux\":{\"personality\":{}}", "linux.personality.domain: required, but missing" },
    { "\"linux\":{\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}}",
      "linux.timeOffsets.monotonic.nanosecs: expected an integer from 0 to 999999999, found "
      "1000000000" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Spec *spec = NULL;
        Error error = { 0 };
        char *text = arena_printf(&arena, "{\"ociVersion\":\"1.3.0\",%s}", refused[i].members);
        int r = spec_parse(&arena, text, strlen(text), &spec, &error);
        assert_string_equal(error.message, refused[i].message);
        assert_int_equal(r, -EINVAL);
        assert_null(spec);
    }
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        bool fine;
    } versions[] = {
        { "1.3.0", true },     { "1.0.0-rc5", true }, { "1.2.1+dev", true }, { "10.20.30", true },
        { "1.0.2-dev", true }, { "1.0", false },      { "1", false },        { "", false },
        { "1.0.", false },     { "1.0.x", false },    { "v1.0.0", false },   { "1.0.0.0", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Spec *spec;
        Error error = { 0 };
        char *text = arena_printf(&arena, "{\"ociVersion\":\"%s\"}", versions[i].version);
        int r = spec_parse(&arena, text, strlen(text), &spec, &error);
        if ((r == 0) != versions[i].fine)
            fail_msg("version \"%s\": %d", versions[i].version, r);
        if (r < 0)
            assert_string_equal(error.message,
                                arena_printf(&arena,
                                             "ociVersion: expected a version like 1.3.0, found "
                                             "\"%s\"",
                                             versions[i].version));
    }
}

static void test_bounds(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Spec *spec;
    Error error = { 0 };
    strbuf_add(&text, "{\"ociVersion\":\"1.0.0\",\"x\":[");
    for (int i = 0; i < SPEC_MAX_VALUES; i++)
        strbuf_add(&text, i ? ",0" : "0");
    strbuf_add(&text, "]}");
    assert_int_equal(spec_parse(&arena, text.data, text.length, &spec, &error), -EFBIG);
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_non_null(strstr(error.message, "more than 250000 values"));

    char *large = arena_alloc(&arena, SPEC_MAX_BYTES + 1);
    memset(large, ' ', SPEC_MAX_BYTES + 1);
    assert_int_equal(spec_parse(&arena, large, SPEC_MAX_BYTES + 1, &spec, &error), -EFBIG);
    assert_string_equal(error.message, "text of 8388609 bytes, at most 8388608 are allowed");

    strbuf_clear(&text);
    for (int i = 0; i < SPEC_MAX_DEPTH + 1; i++)
        strbuf_add(&text, "{\"x\":");
    assert_int_equal(spec_parse(&arena, text.data, text.length, &spec, &error), -EFBIG);
    assert_string_equal(error.message, "line 1, column 161: nested deeper than 32 levels");
}

static void test_parts(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SpecProcess *process;
    const char *text = "{\"cwd\":\"/\",\"args\":[\"ps\"],\"terminal\":true}";
    assert_int_equal(spec_process_parse(&arena, text, strlen(text), &process, &error), 0);
    assert_true(process->terminal);
    assert_int_equal(spec_process_validate(process, &error), 0);
    process->cwd = "x";
    assert_int_equal(spec_process_validate(process, &error), -EINVAL);
    assert_string_equal(error.message, "process.cwd: expected an absolute path, found \"x\"");

    SpecResources *resources;
    text = "{\"pids\":{\"limit\":7}}";
    assert_int_equal(spec_resources_parse(&arena, text, strlen(text), &resources, &error), 0);
    assert_int_equal(resources->pids->limit.value, 7);
    text = "{\"pids\":{\"limit\":{}}}";
    assert_int_equal(spec_resources_parse(&arena, text, strlen(text), &resources, &error), -EINVAL);
    assert_string_equal(error.message, "pids.limit: expected an integer, found an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_property_round_trips),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_absent_stays_absent),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
