/*
 * The rules across properties: each is broken once, with the whole message, and kept once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spec/spec.h"

#define PROCESS    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]}"
#define ROOT       "\"root\":{\"path\":\"r\"}"
#define PROC(x)    ROOT ",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]," x "}"
#define LINUX(x)   PROCESS "," ROOT ",\"linux\":{" x "}"
#define NS(types)  "\"namespaces\":[" types "]"
#define MAPPING(w) "\"" w "\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"
#define SECCOMP(x) LINUX("\"seccomp\":{" x "}")

typedef struct Case {
    const char *members; /* after ociVersion */
    const char *message; /* "" : fine */
} Case;

static const Case cases[] = {
    { PROCESS "," ROOT, "" },
    { PROCESS, "root: required, but missing" },
    { ROOT, "" },
    { ROOT ",\"process\":{\"cwd\":\"/\"}", "process.args: expected at least one item, found none" },
    { ROOT ",\"process\":{\"cwd\":\"/\",\"args\":[]}",
      "process.args: expected at least one item, found none" },
    { ROOT ",\"process\":{\"cwd\":\"/\",\"args\":[\"\"]}",
      "" }, /* not found when it is looked for */
    { PROC("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":1,\"soft\":1},{\"type\":\"RLIMIT_AS\","
           "\"hard\":1,\"soft\":1},{\"type\":\"RLIMIT_CPU\",\"hard\":2,\"soft\":2}]"),
      "process.rlimits[2].type: RLIMIT_CPU is there twice" },
    { PROC("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":1,\"soft\":2}]"),
      "process.rlimits[0].soft: 2 is above the hard limit 1" },
    { PROC("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":10}"), "" },
    { PROC("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"priority\":10}"),
      "process.scheduler.priority: must be 0 with SCHED_BATCH" },
    { PROC("\"scheduler\":{\"policy\":\"SCHED_RR\",\"period\":1}"),
      "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE only" },
    { PROCESS "," ROOT ",\"mounts\":[{\"destination\":\"/a\"},{\"destination\":\"/b\"," MAPPING(
          "uidMappings") "}]",
      "mounts[1].gidMappings: needed along with uidMappings" },
    { PROCESS "," ROOT ",\"mounts\":[{\"destination\":\"/b\"," MAPPING("gidMappings") "}]",
      "mounts[0].uidMappings: needed along with gidMappings" },
    { PROCESS "," ROOT ",\"mounts\":[{\"destination\":\"/b\",\"options\":[\"bind\",\"idmap\"]}]",
      "mounts[0].options: idmap needs uidMappings and gidMappings, or a user namespace" },
    { PROCESS "," ROOT ",\"mounts\":[{\"destination\":\"/b\",\"options\":[\"ridmap\"]," MAPPING(
          "uidMappings") "," MAPPING("gidMappings") "}]",
      "" },
    { PROCESS "," ROOT ",\"hostname\":\"h\"", "hostname: needs a namespace of type uts" },
    { PROCESS "," ROOT ",\"hostname\":\"\"", "" },
    { LINUX("\"namespaces\":[]") ",\"domainname\":\"d\"",
      "domainname: needs a namespace of type uts" },
    { LINUX(NS("{\"type\":\"uts\"}")) ",\"hostname\":\"h\",\"domainname\":\"d\"", "" },
    { LINUX(NS("{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"pid\",\"path\":\"/p\"}")),
      "linux.namespaces[2].type: pid is there twice" },
    { LINUX(MAPPING("uidMappings") "," MAPPING("gidMappings")),
      "linux.uidMappings: needs a namespace of type user" },
    { LINUX(MAPPING("gidMappings")), "linux.gidMappings: needs a namespace of type user" },
    { LINUX(NS("{\"type\":\"user\"}")), "linux.uidMappings: needed for a new user namespace" },
    { LINUX(NS("{\"type\":\"user\"}") "," MAPPING("uidMappings")),
      "linux.gidMappings: needed for a new user namespace" },
    { LINUX(NS("{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}")), "" },
    { LINUX(NS("{\"type\":\"user\",\"path\":\"\"}")),
      "linux.uidMappings: needed for a new user namespace" },
    { LINUX("\"netDevices\":{\"eth0\":{}}"),
      "linux.netDevices: needs a namespace of type network" },
    { LINUX("\"maskedPaths\":[\"/a\"]"), "linux.maskedPaths: needs a namespace of type mount" },
    { LINUX("\"readonlyPaths\":[\"/a\"]"), "linux.readonlyPaths: needs a namespace of type mount" },
    { LINUX("\"readonlyPaths\":[]"), "" },
    { LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}"),
      "linux.memoryPolicy.nodes: must be empty with MPOL_LOCAL" },
    { LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}"),
      "linux.memoryPolicy.nodes: needed with MPOL_BIND" },
    { LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}"), "" },
    { LINUX("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"),
      "linux.personality.flags[0]: the specification has none yet" },
    { LINUX("\"timeOffsets\":{}"), "linux.timeOffsets: needs a namespace of type time" },
    { LINUX(NS("{\"type\":\"time\",\"path\":\"/t\"}") ",\"timeOffsets\":{}"),
      "linux.timeOffsets: cannot be set in a namespace that exists" },
    { LINUX(NS("{\"type\":\"network\"},{\"type\":\"ipc\"}") ",\"sysctl\":{\"net.core.somaxconn\":"
                                                            "\"1\",\"net/ipv4/ip_forward\":\"1\","
                                                            "\"kernel.sem\":\"1\",\"kernel/"
                                                            "shmmax\":\"1\",\"fs.mqueue.msg_max\":"
                                                            "\"1\"}"),
      "" },
    { LINUX("\"sysctl\":{\"net.core.somaxconn\":\"1\"}"),
      "linux.sysctl[\"net.core.somaxconn\"]: needs a namespace of type network" },
    { LINUX("\"sysctl\":{\"fs/mqueue/msg_max\":\"1\"}"),
      "linux.sysctl[\"fs/mqueue/msg_max\"]: needs a namespace of type ipc" },
    { LINUX(NS("{\"type\":\"ipc\"}") ",\"sysctl\":{\"kernel.core_pattern\":\"|/x\"}"),
      "linux.sysctl[\"kernel.core_pattern\"]: not a namespaced sysctl, it would change the host" },
    { LINUX(NS("{\"type\":\"ipc\"}") ",\"sysctl\":{\"kernel.semaphore\":\"1\"}"),
      "linux.sysctl[\"kernel.semaphore\"]: not a namespaced sysctl, it would change the host" },
    { LINUX(NS("{\"type\":\"network\"}") ",\"sysctl\":{\"net\":\"1\"}"),
      "linux.sysctl[\"net\"]: not a namespaced sysctl, it would change the host" },
    { LINUX(NS("{\"type\":\"network\"}") ",\"sysctl\":{\"network.x\":\"1\"}"),
      "linux.sysctl[\"network.x\"]: not a namespaced sysctl, it would change the host" },
    { LINUX("\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}"),
      "linux.resources.blockIO.weightDevice[0]: needs weight or leafWeight" },
    { LINUX("\"resources\":{\"rdma\":{\"m\":{}}}"),
      "linux.resources.rdma[\"m\"]: needs hcaHandles or hcaObjects" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":1"), "" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1"),
      "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has no errno" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/l\""),
      "linux.seccomp.defaultAction: cannot be SCMP_ACT_NOTIFY" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
              "\"SCMP_ACT_KILL\",\"errnoRet\":0}]"),
      "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL has no errno" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
              "\"SCMP_ACT_NOTIFY\"}]"),
      "linux.seccomp.listenerPath: needed for SCMP_ACT_NOTIFY" },
    { SECCOMP("\"defaultAction\":\"SCMP_ACT_LOG\",\"listenerMetadata\":\"m\""),
      "linux.seccomp.listenerMetadata: needs listenerPath" },
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Spec *spec;
        Error error = { 0 };
        char *text = arena_printf(&arena, "{\"ociVersion\":\"1.3.0\",%s}", cases[i].members);
        if (spec_parse(&arena, text, strlen(text), &spec, &error) < 0)
            fail_msg("%s: %s", text, error.message);
        int r = spec_validate(spec, &error);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(r, *cases[i].message ? -EINVAL : 0);
    }
}

/* A spec that a program built is held to the rows' rules as well. */
static void test_built(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SpecRoot root = { .path = "r" };
    SpecProcess process = { .cwd = "/" };
    Spec spec = { .root = &root, .process = &process };
    strlist_append(&arena, &process.args, "sh");
    assert_int_equal(spec_validate(&spec, &error), -EINVAL);
    assert_string_equal(error.message, "ociVersion: required, but missing");
    spec.oci_version = "2.0.0";
    assert_int_equal(spec_validate(&spec, &error), -EOPNOTSUPP);
    assert_string_equal(error.message, "ociVersion: only 1.x is supported, found \"2.0.0\"");
    spec.oci_version = "1.3.0";
    assert_int_equal(spec_validate(&spec, &error), 0);
    SpecMount *mount = arena_append(&arena, &spec.mounts.items, &spec.mounts.count, sizeof(*mount));
    assert_int_equal(spec_validate(&spec, &error), -EINVAL);
    assert_string_equal(error.message, "mounts[0].destination: required, but missing");
    mount->destination = "relative/is/allowed";
    assert_int_equal(spec_validate(&spec, &error), 0);
    assert_int_equal(spec_validate(&spec, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
