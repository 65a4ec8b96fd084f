/*
 * Interfaces in two network namespaces of our own. They are veth pairs whose other end stays, made
 * by a netlink message that is built here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "linux/link.h"
#include "linux/namespace.h"
#include "root.h"

static int home = -1; /* where we came from; then the namespace the tests run in */
static int there = -1;

static int setup(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    there = namespace_open(0, NAMESPACE_NET, NULL);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    home = namespace_open(0, NAMESPACE_NET, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(home);
    fd_close(there);
    return 0;
}

static const Link *find(const Link *links, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(links[i].name, name) == 0)
            return &links[i];
    return NULL;
}

static const Link *list_one(int netns, const char *name, Arena *arena)
{
    Error error = { 0 };
    Link *links = NULL;
    size_t count = 0;
    int fd CLEANUP(fd_closep) = link_open(netns, &error);
    if (fd < 0 || link_list(fd, arena, &links, &count, &error) < 0)
        fail_msg("%s", error.message);
    return find(links, count, name);
}

typedef struct Message {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    };
    char attributes[256];
} Message;

static void add(Message *message, unsigned short type, const void *data, size_t size)
{
    struct rtattr *a = (void *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(a), data, size);
    message->header.nlmsg_len =
        (uint32_t)(NLMSG_ALIGN(message->header.nlmsg_len) + RTA_SPACE(size));
}

static void ask(Message *message)
{
    char answer[4096] __attribute__((aligned(4)));
    int fd CLEANUP(fd_closep) = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    message->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    assert_true(send(fd, message, message->header.nlmsg_len, 0) > 0);
    assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
    const struct nlmsgerr *result = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
    assert_int_equal(result->error, 0);
}

static void set_up(uint32_t index)
{
    Message m = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.link)),
                              .nlmsg_type = RTM_NEWLINK },
                  .link = { .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };
    ask(&m);
}

static void make_veth(const char *name)
{
    Message m = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.link)),
                              .nlmsg_type = RTM_NEWLINK,
                              .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    const unsigned char mac[6] = { 2, 0, 0, 0, 0, 0x5a };
    const uint32_t mtu = 1400;
    struct rtattr kind = { .rta_len = RTA_LENGTH(5), .rta_type = IFLA_INFO_KIND };
    char nested[RTA_SPACE(5)] = { 0 };
    memcpy(nested, &kind, sizeof(kind));
    memcpy(nested + RTA_LENGTH(0), "veth", 5);
    add(&m, IFLA_IFNAME, name, strlen(name) + 1);
    add(&m, IFLA_ADDRESS, mac, sizeof(mac));
    add(&m, IFLA_MTU, &mtu, sizeof(mtu));
    add(&m, IFLA_LINKINFO, nested, sizeof(nested));
    ask(&m);
}

static void give_address(uint32_t index, int family, const unsigned char *bytes, uint8_t prefix)
{
    Message m = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.address)),
                              .nlmsg_type = RTM_NEWADDR,
                              .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    m.address.ifa_family = (unsigned char)family;
    m.address.ifa_prefixlen = prefix;
    m.address.ifa_index = index;
    add(&m, IFA_LOCAL, bytes, family == AF_INET ? 4 : 16);
    add(&m, IFA_ADDRESS, bytes, family == AF_INET ? 4 : 16);
    ask(&m);
}

static bool has_address(const Link *link, const char *text)
{
    for (size_t i = 0; i < link->address_count; i++)
        if (strcmp(link->addresses[i].text, text) == 0)
            return true;
    return false;
}

static void test_loopback(void **state)
{
    (void)state;
    skip_unless_root();
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    const Link *lo = list_one(-1, "lo", &arena);
    assert_non_null(lo);
    assert_int_equal(lo->index, 1);
    assert_false(lo->flags & IFF_UP);
    assert_int_equal(lo->address_count, 0);
    assert_int_equal(link_loopback_up(&error), 0);
    lo = list_one(-1, "lo", &arena);
    assert_true(lo->flags & IFF_UP);
    assert_true(has_address(lo, "127.0.0.1/8"));
    assert_string_equal(lo->kind, "");
    assert_false(list_one(there, "lo", &arena)->flags & IFF_UP);
}

static void test_move(void **state)
{
    (void)state;
    skip_unless_root();
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    make_veth("dev0");
    const Link *link = list_one(-1, "dev0", &arena);
    assert_non_null(link);
    assert_string_equal(link->mac, "02:00:00:00:00:5a");
    assert_string_equal(link->kind, "veth");
    assert_int_equal(link->mtu, 1400);
    const unsigned char four[4] = { 10, 1, 2, 3 };
    const unsigned char six[16] = { 0xfd, 0, 0, 1, [15] = 7 };
    give_address(link->index, AF_INET, four, 24);
    give_address(link->index, AF_INET6, six, 64);
    LinkMoved moved;
    set_up(link->index);

    if (link_move("dev0", there, "eth0", &moved, &error) < 0)
        fail_msg("%s", error.message);
    assert_null(list_one(-1, "dev0", &arena));
    link = list_one(there, "eth0", &arena);
    assert_non_null(link);
    assert_true(link->flags & IFF_UP);
    assert_string_equal(link->mac, "02:00:00:00:00:5a");
    assert_int_equal(link->mtu, 1400);
    assert_true(has_address(link, "10.1.2.3/24"));
    assert_true(has_address(link, "fd00:1::7/64"));
    /* The caller is where it was. */
    uint64_t before = 0, now = 1;
    assert_int_equal(namespace_id(home, &before, &error), 0);
    assert_int_equal(namespace_id_of_pid(0, NAMESPACE_NET, &now, &error), 0);
    assert_int_equal(before, now);

    if (link_return(&moved, there, &error) < 0)
        fail_msg("%s", error.message);
    assert_null(list_one(there, "eth0", &arena));
    link = list_one(-1, "dev0", &arena);
    assert_non_null(link);
    assert_true(link->flags & IFF_UP);
    assert_true(has_address(link, "10.1.2.3/24"));
    assert_true(has_address(link, "fd00:1::7/64"));
}

static void test_move_refused(void **state)
{
    (void)state;
    skip_unless_root();
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    LinkMoved moved;
    make_veth("eth0");
    if (link_move("eth0", there, NULL, &moved, &error) < 0)
        fail_msg("%s", error.message);
    make_veth("dev1");
    assert_int_equal(link_move("dev1", there, "eth0", &moved, &error), -EEXIST);
    assert_non_null(list_one(-1, "dev1", &arena)); /* it stayed */
    assert_int_equal(link_move("no-such", there, NULL, &moved, &error), -ENODEV);
    assert_int_equal(link_move("dev1", there, "much-too-long-name", &moved, &error), -EINVAL);
    assert_int_equal(link_move("dev1", there, "a/b", &moved, &error), -EINVAL);
    assert_int_equal(link_move("dev1", there, NULL, &moved, &error), 0);
    assert_non_null(list_one(there, "dev1", &arena));
    assert_int_equal(link_return(&moved, there, &error), 0);
    assert_false(list_one(-1, "dev1", &arena)->flags & IFF_UP); /* as it was */
}

static void test_many(void **state)
{
    (void)state;
    skip_unless_root();
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    Link *links = NULL;
    size_t count = 0, before;
    int fd CLEANUP(fd_closep) = link_open(-1, &error);
    assert_int_equal(link_list(fd, &arena, &links, &before, &error), 0);
    for (int i = 0; i < 60; i++) { /* more than one part of a dump */
        char name[16];
        (void)snprintf(name, sizeof(name), "many%d", i);
        make_veth(name);
    }
    assert_int_equal(link_list(fd, &arena, &links, &count, &error), 0);
    assert_int_equal(count, before + 120);
    assert_non_null(find(links, count, "many59"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_move_refused),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
