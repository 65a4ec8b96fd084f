/*
 * rtnetlink by hand. A request is built in a buffer of fixed size; an answer is walked with bounds
 * checked at each step, because a length field is the only thing that leads to the next one.
 *
 * The traps: a socket belongs to the network namespace it was made in, for ever; a dump that was
 * disturbed says so by NLM_F_DUMP_INTR and must be asked for again; moving an interface takes it
 * down and its addresses away.
 */
#include "linux/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/* The macros of <linux/netlink.h> walk a char pointer; the buffers here are aligned for them. */
#pragma GCC diagnostic ignored "-Wcast-align"

enum {
    LINK_REQUEST_MAX = 1024,
    LINK_ANSWER_MAX = 32 * 1024, /* the kernel's largest part of a dump */
    LINK_DUMP_TRIES = 5,
    LINK_LOOPBACK_INDEX = 1, /* in every network namespace */
};

/* ---- messages ---- */

typedef struct LinkRequest {
    union {
        struct nlmsghdr header;
        char bytes[LINK_REQUEST_MAX];
    };
} LinkRequest;

/* Starts a request whose fixed part has `size` bytes, zeroed; returns that part. */
static void *link_request_start(LinkRequest *request, uint16_t type, uint16_t flags, size_t size)
{
    memset(request, 0, sizeof(*request));
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header.nlmsg_seq = 1;
    return NLMSG_DATA(&request->header);
}

/* Requests here are far below the buffer's size; a name is bounded before it comes here. */
static void link_request_add(LinkRequest *request, uint16_t type, const void *data, size_t size)
{
    size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr *attribute = (struct rtattr *)(void *)(request->bytes + at);
    if (at + RTA_SPACE(size) > sizeof(request->bytes))
        return;
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), data, size);
    request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(size));
}

/* The kernel's own words in an extended acknowledgement; NULL if there are none. */
static const char *link_ack_text(const struct nlmsghdr *header)
{
    const struct nlmsgerr *answer = NLMSG_DATA(header);
    size_t used = NLMSG_LENGTH(sizeof(*answer));
    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
        return NULL;
    if (!(header->nlmsg_flags & NLM_F_CAPPED))
        used += NLMSG_ALIGN(answer->msg.nlmsg_len) - NLMSG_HDRLEN;
    if (used >= header->nlmsg_len)
        return NULL;
    const struct rtattr *a = (const void *)((const char *)header + used);
    for (size_t left = header->nlmsg_len - used; RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == NLMSGERR_ATTR_MSG && memchr(RTA_DATA(a), '\0', RTA_PAYLOAD(a)))
            return RTA_DATA(a);
    return NULL;
}

static int link_send(int socket, const LinkRequest *request, Error *error)
{
    ssize_t n;
    do
        n = send(socket, request->bytes, request->header.nlmsg_len, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(error, errno, "send to netlink");
    return 0;
}

static ssize_t link_receive(int socket, char *buffer, Error *error)
{
    ssize_t n;
    do
        n = recv(socket, buffer, LINK_ANSWER_MAX, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(error, errno, "receive from netlink");
    if (n > LINK_ANSWER_MAX)
        return error_errno(error, EMSGSIZE, "receive from netlink");
    return n;
}

/* Sends a request and waits for its acknowledgement. `what` is for the message. */
static int link_change(int socket, LinkRequest *request, const char *what, Error *error)
{
    char buffer[LINK_ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    request->header.nlmsg_flags |= NLM_F_ACK;
    int r = link_send(socket, request, error);
    if (r < 0)
        return r;
    ssize_t n = link_receive(socket, buffer, error);
    if (n < 0)
        return (int)n;
    const struct nlmsghdr *header = (const void *)buffer;
    if (!NLMSG_OK(header, (size_t)n) || header->nlmsg_type != NLMSG_ERROR ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "%s: no answer from netlink", what);
    const struct nlmsgerr *answer = NLMSG_DATA(header);
    if (answer->error == 0)
        return 0;
    const char *text = link_ack_text(header);
    return error_errno(error, answer->error, "%s%s%s", what, text ? ": " : "", text ? text : "");
}

/* ---- dumps ---- */

typedef void LinkVisit(const struct nlmsghdr *header, void *context);

/* One part of a dump. 1: the dump is complete, 0: more to come. */
static int link_dump_part(const char *buffer, size_t size, LinkVisit *visit, void *context,
                          bool *ret_disturbed)
{
    const struct nlmsghdr *header = (const void *)buffer;
    for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_flags & NLM_F_DUMP_INTR)
            *ret_disturbed = true;
        if (header->nlmsg_type == NLMSG_DONE)
            return 1;
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *answer = NLMSG_DATA(header);
            return header->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)) || answer->error >= 0
                       ? -EBADMSG
                       : answer->error;
        }
        visit(header, context);
    }
    return 0;
}

/* Asks for all objects of a kind. -EINTR: something changed meanwhile, what came is not whole. */
static int link_dump(int socket, uint16_t type, LinkVisit *visit, void *context, Error *error)
{
    char buffer[LINK_ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    LinkRequest request;
    /* The kernel wants the header of the kind; the family in its first byte, 0: all. */
    size_t size = type == RTM_GETLINK ? sizeof(struct ifinfomsg) : sizeof(struct ifaddrmsg);
    (void)link_request_start(&request, type, NLM_F_DUMP, size);
    int r = link_send(socket, &request, error);
    if (r < 0)
        return r;
    bool disturbed = false;
    do {
        ssize_t n = link_receive(socket, buffer, error);
        if (n < 0)
            return (int)n;
        r = link_dump_part(buffer, (size_t)n, visit, context, &disturbed);
    } while (r == 0);
    if (r < 0)
        return error_errno(error, r, "list network interfaces");
    return disturbed ? -EINTR : 0;
}

typedef struct LinkDump {
    Arena *arena;
    Link *links;
    size_t count;
} LinkDump;

/* The payload as a terminated text of at most size-1 bytes. */
static void link_copy_text(const struct rtattr *attribute, char *buffer, size_t size)
{
    size_t length = strnlen(RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    if (length >= size)
        length = size - 1;
    memcpy(buffer, RTA_DATA(attribute), length);
    buffer[length] = '\0';
}

static void link_copy_mac(const struct rtattr *attribute, Link *link)
{
    const uint8_t *bytes = RTA_DATA(attribute);
    if (RTA_PAYLOAD(attribute) == 6) /* tunnels and InfiniBand have others */
        (void)snprintf(link->mac, sizeof(link->mac), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0],
                       bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
}

static void link_copy_kind(const struct rtattr *info, Link *link)
{
    const struct rtattr *a = RTA_DATA(info);
    for (size_t left = RTA_PAYLOAD(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_INFO_KIND)
            link_copy_text(a, link->kind, sizeof(link->kind));
}

static void link_visit_link(const struct nlmsghdr *header, void *context)
{
    LinkDump *dump = context;
    const struct ifinfomsg *info = NLMSG_DATA(header);
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return;
    Link *link = arena_append(dump->arena, &dump->links, &dump->count, sizeof(*link));
    link->index = (uint32_t)info->ifi_index;
    link->flags = info->ifi_flags;
    const struct rtattr *a = IFLA_RTA(info);
    for (size_t left = IFLA_PAYLOAD(header); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFLA_IFNAME)
            link_copy_text(a, link->name, sizeof(link->name));
        else if (a->rta_type == IFLA_MTU && RTA_PAYLOAD(a) >= sizeof(link->mtu))
            memcpy(&link->mtu, RTA_DATA(a), sizeof(link->mtu));
        else if (a->rta_type == IFLA_ADDRESS)
            link_copy_mac(a, link);
        else if (a->rta_type == IFLA_LINKINFO)
            link_copy_kind(a, link);
    }
}

/* IFA_LOCAL is the interface's own; IFA_ADDRESS is that too, or the peer of a point-to-point one.
 */
static const struct rtattr *link_own_address(const struct nlmsghdr *header, size_t size,
                                             uint32_t *flags)
{
    const struct ifaddrmsg *info = NLMSG_DATA(header);
    const struct rtattr *own = NULL;
    const struct rtattr *a = IFA_RTA(info);
    for (size_t left = IFA_PAYLOAD(header); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof(*flags))
            memcpy(flags, RTA_DATA(a), sizeof(*flags));
        if (RTA_PAYLOAD(a) == size &&
            (a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !own)))
            own = a;
    }
    return own;
}

static void link_visit_address(const struct nlmsghdr *header, void *context)
{
    LinkDump *dump = context;
    const struct ifaddrmsg *info = NLMSG_DATA(header);
    if (header->nlmsg_type != RTM_NEWADDR || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
        (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
        return;
    size_t size = info->ifa_family == AF_INET ? 4 : 16;
    uint32_t flags = info->ifa_flags;
    const struct rtattr *own = link_own_address(header, size, &flags);
    Link *link = NULL;
    for (size_t i = 0; i < dump->count && !link; i++)
        if (dump->links[i].index == info->ifa_index)
            link = &dump->links[i];
    if (!link || !own)
        return;

    LinkAddress *address =
        arena_append(dump->arena, &link->addresses, &link->address_count, sizeof(*address));
    char text[INET6_ADDRSTRLEN];
    address->family = info->ifa_family;
    address->prefix_length = info->ifa_prefixlen;
    address->scope = info->ifa_scope;
    address->flags = flags;
    memcpy(address->bytes, RTA_DATA(own), size);
    if (inet_ntop(address->family, address->bytes, text, sizeof(text)))
        (void)snprintf(address->text, sizeof(address->text), "%s/%u", text, info->ifa_prefixlen);
}

int link_list(int socket, Arena *arena, Link **ret_links, size_t *ret_count, Error *error)
{
    for (int tries = 0; tries < LINK_DUMP_TRIES; tries++) {
        LinkDump dump = { .arena = arena };
        int r = link_dump(socket, RTM_GETLINK, link_visit_link, &dump, error);
        if (r == 0)
            r = link_dump(socket, RTM_GETADDR, link_visit_address, &dump, error);
        if (r == -EINTR)
            continue;
        if (r == 0) {
            *ret_links = dump.links;
            *ret_count = dump.count;
        }
        return r;
    }
    return error_errno(error, EAGAIN, "list network interfaces (they change all the time)");
}

/* ---- sockets and changes ---- */

static int link_socket(Error *error)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? error_errno(error, errno, "open a netlink socket") : fd;
}

static int link_open_here(Error *error)
{
    int fd = link_socket(error);
    if (fd < 0)
        return fd;
    const int on = 1; /* errors in words, and not the whole request back; both since Linux 4.12 */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    return fd;
}

int link_open(int netns_fd, Error *error)
{
    if (netns_fd < 0)
        return link_open_here(error);
    int back CLEANUP(fd_closep) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (back < 0)
        return error_errno(error, errno, "open the caller's network namespace");
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return error_errno(error, errno, "enter a network namespace");
    int fd = link_open_here(error);
    if (setns(back, CLONE_NEWNET) < 0) {
        int code = errno;
        fd_close(fd);
        return error_errno(error, code, "return to the caller's network namespace");
    }
    return fd;
}

static int link_name_check(const char *name, Error *error)
{
    size_t length = strlen(name);
    if (length == 0 || length >= IFNAMSIZ || strchr(name, '/') || str_eq(name, ".") ||
        str_eq(name, ".."))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "\"%.32s\" is not a name of a network interface (1 to 15 characters)",
                         name);
    return 0;
}

static int link_up(int socket, uint32_t index, Error *error)
{
    LinkRequest request;
    struct ifinfomsg *info = link_request_start(&request, RTM_NEWLINK, 0, sizeof(*info));
    info->ifi_index = (int)index;
    info->ifi_flags = IFF_UP;
    info->ifi_change = IFF_UP;
    return link_change(socket, &request, "bring a network interface up", error);
}

/* In the path of each start: without the words of an error that hardly comes. */
int link_loopback_up(Error *error)
{
    int fd CLEANUP(fd_closep) = link_socket(error);
    return fd < 0 ? fd : link_up(fd, LINK_LOOPBACK_INDEX, error);
}

static const Link *link_find(const Link *links, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(links[i].name, name))
            return &links[i];
    return NULL;
}

static int link_add_address(int socket, uint32_t index, const LinkAddress *address, Error *error)
{
    LinkRequest request;
    struct ifaddrmsg *info =
        link_request_start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
    size_t size = address->family == AF_INET ? 4 : 16;
    info->ifa_family = (uint8_t)address->family;
    info->ifa_prefixlen = address->prefix_length;
    info->ifa_scope = address->scope;
    info->ifa_index = index;
    const uint32_t flags = address->flags & IFA_F_NOPREFIXROUTE;
    link_request_add(&request, IFA_LOCAL, address->bytes, size);
    link_request_add(&request, IFA_ADDRESS, address->bytes, size);
    link_request_add(&request, IFA_FLAGS, &flags, sizeof(flags));
    return link_change(socket, &request, address->text, error);
}

static int link_send_away(int socket, uint32_t index, int netns_fd, const char *new_name,
                          Error *error)
{
    LinkRequest request;
    struct ifinfomsg *info = link_request_start(&request, RTM_NEWLINK, 0, sizeof(*info));
    const uint32_t fd = (uint32_t)netns_fd;
    info->ifi_index = (int)index;
    link_request_add(&request, IFLA_NET_NS_FD, &fd, sizeof(fd));
    link_request_add(&request, IFLA_IFNAME, new_name, strlen(new_name) + 1);
    return link_change(socket, &request, "move a network interface", error);
}

/* The interfaces of a namespace. */
typedef struct LinkSet {
    Link *links;
    size_t count;
} LinkSet;

/* By its name; under a template ("eth%d") the kernel chose one: then the one that is new. */
static const Link *link_arrived(const LinkSet *now, const LinkSet *earlier, const char *name)
{
    if (!strchr(name, '%'))
        return link_find(now->links, now->count, name);
    for (size_t i = 0; i < now->count; i++)
        if (!link_find(earlier->links, earlier->count, now->links[i].name))
            return &now->links[i];
    return NULL;
}

/* What the interface had before, in its new namespace. */
static int link_settle(int socket, const Link *moved, const Link *before, bool up, Error *error)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < before->address_count; i++) {
        const LinkAddress *address = &before->addresses[i];
        if (address->scope == RT_SCOPE_UNIVERSE && (address->flags & IFA_F_PERMANENT))
            r = link_add_address(socket, moved->index, address, error);
    }
    return r < 0 || !up ? r : link_up(socket, moved->index, error);
}

/* A way from one namespace into another. */
typedef struct LinkWay {
    int here, there;   /* rtnetlink sockets */
    int there_fd;      /* the namespace */
    bool up;           /* that is how it arrives */
    const char *owner; /* of the namespace there, for people */
} LinkWay;

/* The interface is there, whether this succeeds or not, once ret_moved->name is filled. */
static int link_transfer(const LinkWay *way, const char *name, const char *new_name,
                         LinkMoved *ret_moved, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    LinkSet inside = { 0 }, outside = { 0 }, now = { 0 };
    int r = link_list(way->there, &arena, &inside.links, &inside.count, error);
    if (r < 0)
        return r;
    /* The kernel would move it first and then find the name taken. */
    if (link_find(inside.links, inside.count, new_name))
        return error_set(error, ERROR_CONFLICT, EEXIST, "%s has a network interface %s already",
                         way->owner, new_name);
    r = link_list(way->here, &arena, &outside.links, &outside.count, error);
    if (r < 0)
        return r;
    const Link *before = link_find(outside.links, outside.count, name);
    if (!before)
        return error_set(error, ERROR_NOT_FOUND, ENODEV, "no network interface %s", name);
    r = link_send_away(way->here, before->index, way->there_fd, new_name, error);
    if (r == 0)
        r = link_list(way->there, &arena, &now.links, &now.count, error);
    if (r < 0)
        return r;
    const Link *moved = link_arrived(&now, &inside, new_name);
    if (!moved)
        return error_set(error, ERROR_SYSTEM, ENODEV, "the interface did not arrive as %s",
                         new_name);
    ret_moved->was_up = before->flags & IFF_UP;
    memcpy(ret_moved->name, before->name, sizeof(ret_moved->name));
    memcpy(ret_moved->new_name, moved->name, sizeof(ret_moved->new_name));
    return link_settle(way->there, moved, before, way->up, error);
}

int link_return(const LinkMoved *moved, int netns_fd, Error *error)
{
    int here_fd CLEANUP(fd_closep) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (here_fd < 0)
        return error_errno(error, errno, "/proc/self/ns/net");
    int inside CLEANUP(fd_closep) = link_open(netns_fd, error);
    if (inside < 0)
        return inside;
    int here CLEANUP(fd_closep) = link_open(-1, error);
    if (here < 0)
        return here;
    const LinkWay way = { inside, here, here_fd, moved->was_up, "the host" };
    LinkMoved back = { 0 };
    return link_transfer(&way, moved->new_name, moved->name, &back, error);
}

int link_move(const char *name, int netns_fd, const char *new_name, LinkMoved *ret_moved,
              Error *error)
{
    if (!new_name)
        new_name = name;
    int r = link_name_check(new_name, error);
    if (r < 0)
        return r;
    int here CLEANUP(fd_closep) = link_open(-1, error);
    if (here < 0)
        return here;
    int there CLEANUP(fd_closep) = link_open(netns_fd, error);
    if (there < 0)
        return there;
    const LinkWay way = { here, there, netns_fd, true, "the container" };
    LinkMoved moved = { 0 };
    r = link_transfer(&way, name, new_name, &moved, error);
    if (r < 0 && *moved.name)
        (void)!link_return(&moved, netns_fd, NULL);
    if (r == 0)
        *ret_moved = moved;
    return r;
}
