/*
 * Network interfaces: rtnetlink(7) spoken by hand, as much as one container's life needs. Networks
 * (bridges, veth pairs, routes) are the folder net/'s.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct LinkAddress {
    int family;        /* AF_INET or AF_INET6 */
    uint8_t bytes[16]; /* 4 or 16 of them, network order */
    uint8_t prefix_length;
    uint8_t scope;  /* RT_SCOPE_...: 0 global, 253 link, 254 host */
    uint32_t flags; /* IFA_F_... */
    char text[64];  /* "10.88.0.2/16" */
} LinkAddress;

typedef struct Link {
    char name[IFNAMSIZ];
    uint32_t index;
    uint32_t flags; /* IFF_UP, ... */
    uint32_t mtu;
    char mac[24];  /* "02:42:ac:11:00:02"; "" if it has none */
    char kind[16]; /* "veth", "bridge"; "" for hardware and loopback */
    LinkAddress *addresses;
    size_t address_count;
} Link;

/* A rtnetlink socket of the network namespace netns_fd; -1: the caller's. The caller is for a
 * moment inside that namespace (it must be single-threaded). */
int link_open(int netns_fd, Error *error) MUST_CHECK;

/* Brings "lo" up in the caller's namespace, opening and closing a socket: 20 us. */
int link_loopback_up(Error *error) MUST_CHECK;

/* All interfaces with their addresses, in the arena. */
int link_list(int socket, Arena *arena, Link **ret_links, size_t *ret_count, Error *error)
    MUST_CHECK;

typedef struct LinkMoved {
    char name[IFNAMSIZ], new_name[IFNAMSIZ];
    bool was_up;
} LinkMoved;

/*
 * Moves interface `name` of the caller's namespace into netns_fd as `new_name` (NULL: same;
 * "eth%d": the kernel chooses a number), gives it back its permanent addresses of global scope and
 * brings it up: runtime-spec config-linux.md#network-devices. No such interface: -ENODEV. A name in
 * use there: -EEXIST. On failure it is where it was.
 */
int link_move(const char *name, int netns_fd, const char *new_name, LinkMoved *ret_moved,
              Error *error) MUST_CHECK;
/* Undoes it, while netns_fd holds that namespace: back in the caller's under its old name, with its
 * addresses, up if it was. A virtual interface would end with the namespace. */
int link_return(const LinkMoved *moved, int netns_fd, Error *error) MUST_CHECK;
