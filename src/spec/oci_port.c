/*
 * A list of ports has each of them apart, because that is how a config keeps them and `inspect`
 * shows them; ranges are for reading and writing only.
 */
#include "spec/oci_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OCI_PORT_MAX = 65535 };

static const char *const oci_port_protocols[] = { "tcp", "udp", "sctp" };

typedef struct OciPorts {
    unsigned first, last;
    size_t protocol; /* index in oci_port_protocols */
} OciPorts;

static int oci_port_number(const char *text, size_t length, Arena *arena, unsigned *ret_port)
{
    uint64_t port;
    if (str_to_u64(arena_strndup(arena, text, length), &port) < 0 || port == 0 ||
        port > OCI_PORT_MAX)
        return -EINVAL;
    *ret_port = (unsigned)port;
    return 0;
}

static int oci_port_parse(const char *text, Arena *arena, OciPorts *ret_ports)
{
    OciPorts ports = { 0 };
    size_t length = strcspn(text, "/");
    const char *protocol = text[length] ? text + length + 1 : "tcp";
    while (ports.protocol < ARRAY_LEN(oci_port_protocols) &&
           strcasecmp(protocol, oci_port_protocols[ports.protocol]) != 0)
        ports.protocol++;
    const char *dash = memchr(text, '-', length);
    size_t first = dash ? (size_t)(dash - text) : length;
    if (ports.protocol == ARRAY_LEN(oci_port_protocols) ||
        oci_port_number(text, first, arena, &ports.first) < 0)
        return -EINVAL;
    ports.last = ports.first;
    if (dash && (oci_port_number(dash + 1, length - first - 1, arena, &ports.last) < 0 ||
                 ports.last < ports.first))
        return -EINVAL;
    *ret_ports = ports;
    return 0;
}

int oci_port_add(const char *text, Arena *arena, StrList *ports)
{
    OciPorts range;
    int r = oci_port_parse(text, arena, &range);
    if (r < 0)
        return r;
    const size_t before = ports->count; /* the range itself has no port twice */
    for (unsigned port = range.first; port <= range.last; port++) {
        const char *one = arena_printf(arena, "%u/%s", port, oci_port_protocols[range.protocol]);
        bool known = false;
        for (size_t i = 0; i < before && !known; i++)
            known = str_eq(ports->items[i], one);
        if (!known)
            strlist_append(arena, ports, one);
    }
    return 0;
}

static int oci_port_compare(const void *a, const void *b)
{
    const OciPorts *x = a, *y = b;
    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

char *oci_port_summary(const StrList *ports, Arena *arena)
{
    OciPorts *all = arena_alloc(arena, (ports->count + 1) * sizeof(*all));
    size_t count = 0;
    StrList texts = { 0 };
    for (size_t i = 0; i < ports->count; i++)
        count += oci_port_parse(ports->items[i], arena, &all[count]) == 0;
    if (count > 1)
        qsort(all, count, sizeof(*all), oci_port_compare);
    for (size_t i = 0; i < count; i++) {
        OciPorts range = all[i];
        while (i + 1 < count && all[i + 1].protocol == range.protocol &&
               all[i + 1].first <= range.last + 1)
            range.last = all[++i].last;
        const char *protocol = oci_port_protocols[range.protocol];
        strlist_append(arena, &texts,
                       range.last > range.first
                           ? arena_printf(arena, "%u-%u/%s", range.first, range.last, protocol)
                           : arena_printf(arena, "%u/%s", range.first, protocol));
    }
    return strlist_join(arena, &texts, ", ");
}
