/* linux/cgroup_devices on real kernels: v1's files, and the eBPF program on the v2 tree. */
#include "base/clock.h"
#include "cgroup_place.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "linux/cgroup_devices.h"

enum { ANY = CGROUP_DEVICE_ANY };

#define RULE(verdict, kind, major_, minor_, access)   \
    ((CgroupDeviceRule){ .allow = verdict,            \
                         .type = kind,                \
                         .major = major_,             \
                         .minor = minor_,             \
                         .read = (access)[0] == 'r',  \
                         .write = (access)[1] == 'w', \
                         .mknod = (access)[2] == 'm' })

/* What a process in the cgroup can do: a letter for each of null r, null w, zero r, mknod of
 * 1:3 as b, and mknod of a character device. */
static const char *abilities(Place *place)
{
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0) {
        char *p = shared, node[64];
        (void)snprintf(node, sizeof(node), "/tmp/ambit-node-%d", (int)getpid());
        *p++ = open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 'r' : '-';
        *p++ = open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 ? 'w' : '-';
        *p++ = open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0 ? 'z' : '-';
        *p++ = mknod(node, S_IFBLK | 0600, makedev(7, 200)) == 0 ? 'b' : '-';
        (void)unlink(node);
        *p++ = mknod(node, S_IFCHR | 0600, makedev(1, 3)) == 0 ? 'c' : '-';
        (void)unlink(node);
        _exit(0);
    }
    assert_int_equal(place_wait(pid), 0);
    const char *text = arena_strdup(&place->arena, shared);
    (void)munmap(shared, 4096);
    return text;
}

static void apply(const Place *place, const CgroupDeviceRule *rules, size_t count)
{
    assert_done(cgroup_devices_apply(&place->cgroup, rules, count, failure));
}

static void rules_are_obeyed_and_replaced(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    if (!(place->host.available & CGROUP_BIT(CGROUP_DEVICES)))
        place_skip("no devices controller");
    place_create(place, CGROUP_BIT(CGROUP_DEVICES));
    assert_string_equal(abilities(place), "rwzbc");

    const CgroupDeviceRule null_only[] = {
        RULE(false, 'a', ANY, ANY, "rwm"),
        RULE(true, 'c', ANY, ANY, "--m"),
        RULE(true, 'c', 1, 3, "rw-"),
    };
    apply(place, null_only, ARRAY_LEN(null_only));
    assert_string_equal(abilities(place), "rw--c");

    /* From one list to another; nothing that is in both is touched (v1), one program for another
     * (v2). */
    const CgroupDeviceRule null_read[] = {
        RULE(false, 'a', ANY, ANY, "rwm"),
        RULE(true, 'c', 1, 3, "r--"),
        RULE(true, 'b', ANY, ANY, "--m"),
        RULE(true, 'c', 1, 5, "rwm"),
    };
    apply(place, null_read, ARRAY_LEN(null_read));
    assert_string_equal(abilities(place), "r-zb-");
    apply(place, null_read, ARRAY_LEN(null_read)); /* the same again */
    assert_string_equal(abilities(place), "r-zb-");

    /* Everything but one. */
    const CgroupDeviceRule not_zero[] = {
        RULE(true, 'a', ANY, ANY, "rwm"),
        RULE(false, 'c', 1, 5, "rwm"),
    };
    apply(place, not_zero, ARRAY_LEN(not_zero));
    assert_string_equal(abilities(place), "rw-bc");
    apply(place, not_zero, 1);
    assert_string_equal(abilities(place), "rwzbc");
    apply(place, NULL, 0); /* no rule: nothing */
    assert_string_equal(abilities(place), "-----");
}

/* Both at once in the default of an allowed range: only v2 can do it. */
static void a_hole_in_a_range_is_for_v2(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    if (!(place->host.available & CGROUP_BIT(CGROUP_DEVICES)))
        place_skip("no devices controller");
    place_create(place, CGROUP_BIT(CGROUP_DEVICES));
    const CgroupDeviceRule hole[] = {
        RULE(false, 'a', ANY, ANY, "rwm"),
        RULE(true, 'c', 1, ANY, "rwm"),
        RULE(false, 'c', 1, 5, "r--"),
    };
    Error error = { 0 };
    int r = cgroup_devices_apply(&place->cgroup, hole, ARRAY_LEN(hole), &error);
    if (place->host.mode == CGROUP_V2) {
        assert_int_equal(r, 0);
        assert_string_equal(abilities(place), "rw--c");
    } else {
        assert_int_equal(r, -EOPNOTSUPP);
        assert_string_equal(abilities(place), "rwzbc"); /* nothing was changed */
    }
}

/* What is in both lists works all the while they are exchanged, and what is in neither does not. */
static void what_stays_does_so_all_the_time(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    if (!(place->host.available & CGROUP_BIT(CGROUP_DEVICES)))
        place_skip("no devices controller");
    struct stat st;
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    place_create(place, CGROUP_BIT(CGROUP_DEVICES));
    const CgroupDeviceRule lists[2][3] = {
        { RULE(false, 'a', ANY, ANY, "rwm"), RULE(true, 'c', 1, 3, "rw-"),
          RULE(true, 'c', 1, 5, "r--") },
        { RULE(false, 'a', ANY, ANY, "rwm"), RULE(true, 'c', 1, 8, "r--"),
          RULE(true, 'c', 1, 3, "rwm") },
    };
    struct {
        unsigned opened;
        int failed, wrong; /* errno of what should have been allowed; what should not have been */
    } volatile *child =
        mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(child != MAP_FAILED);
    apply(place, lists[0], 3);
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0)
        for (;;) {
            int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
            child->failed = fd < 0 ? errno : 0;
            child->wrong = open("/dev/full", O_RDWR | O_CLOEXEC) >= 0;
            if (child->failed || child->wrong)
                _exit(1);
            (void)close(fd);
            child->opened += 1;
        }
    /* place_fork's children have 10 s. */
    for (uint64_t i = 0, end = clock_ms() + 5000; clock_ms() < end && child->opened < 50000; i++) {
        apply(place, lists[(i + 1) % 2], 3);
        if (i % 64 == 0) {
            (void)usleep(100); /* on one processor it would never run */
            assert_int_equal(child->failed, 0);
            assert_false(child->wrong);
        }
    }
    assert_true(child->opened >= 1000); /* as many as an emulated machine does */
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    (void)munmap((void *)(uintptr_t)child, sizeof(*child));
    (void)kill(pid, SIGKILL);
    (void)place_wait(pid);
}

int main(void)
{
#define ON_HOST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
#define ON_V2(test)   cmocka_unit_test_setup_teardown(test, place_setup_v2, place_teardown)
    const struct CMUnitTest tests[] = {
        ON_HOST(rules_are_obeyed_and_replaced),   ON_V2(rules_are_obeyed_and_replaced),
        ON_HOST(a_hole_in_a_range_is_for_v2),     ON_V2(a_hole_in_a_range_is_for_v2),
        ON_HOST(what_stays_does_so_all_the_time), ON_V2(what_stays_does_so_all_the_time),
    };
    (void)alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
