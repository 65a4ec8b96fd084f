/*
 * Host name and network interfaces can only be asked for from inside: a short-lived child joins
 * those two namespaces and sends back what it finds.
 *
 * The trap: while the child is inside, processes there must not get hold of it. It stays outside
 * the pid and mount namespaces, so nobody there can see it, and it is not dumpable.
 *
 * The report is text: one line per interface "name\tkind\tmac\tup\taddress address ...", an empty
 * line, then the host name to the end (which may contain anything).
 */
#include "engine/explain_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/clone.h"
#include "linux/identity.h"
#include "linux/link.h"
#include "linux/namespace_of.h"

enum { EXPLAIN_REPORT_LIMIT = 4 * 1024 * 1024 };

typedef struct ExplainDoors { /* namespaces to join, -1: not needed */
    int user, uts, net;
} ExplainDoors;

static void explain_doors_done(ExplainDoors *doors)
{
    fd_closep(&doors->user);
    fd_closep(&doors->uts);
    fd_closep(&doors->net);
}

static int explain_open_door(int proc_fd, const Explanation *explanation, NamespaceType type,
                             int *ret_fd, Error *error)
{
    if (!explanation_has_own(explanation, type))
        return 0;
    int fd = namespace_of_open(proc_fd, type, error);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}

static void explain_write_links(StrBuf *report)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    int socket CLEANUP(fd_closep) = link_open(-1, NULL);
    Link *links;
    size_t count;
    if (socket < 0 || link_list(socket, &arena, &links, &count, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        strbuf_printf(report, "%s\t%s\t%s\t%d\t", links[i].name, links[i].kind, links[i].mac,
                      (links[i].flags & IFF_UP) != 0);
        for (size_t j = 0; j < links[i].address_count; j++)
            strbuf_printf(report, "%s%s", j ? " " : "", links[i].addresses[j].text);
        strbuf_add_char(report, '\n');
    }
}

/* In the child. Root of the host may join at once; others must first become root inside. */
static int explain_join(const ExplainDoors *doors)
{
    int r = identity_set_dumpable(false, NULL);
    if (r < 0)
        return r;
    if (doors->user >= 0 && geteuid() != 0)
        r = namespace_join(doors->user, NAMESPACE_USER, NULL);
    if (r == 0 && doors->uts >= 0)
        r = namespace_join(doors->uts, NAMESPACE_UTS, NULL);
    if (r == 0 && doors->net >= 0)
        r = namespace_join(doors->net, NAMESPACE_NET, NULL);
    return r;
}

_Noreturn static void explain_report(const ExplainDoors *doors, int pipe_fd)
{
    int r = explain_join(doors);
    if (r < 0)
        _exit(-r < 256 ? -r : 255);
    StrBuf report CLEANUP(strbuf_done) = { 0 };
    char hostname[256] = "";
    explain_write_links(&report);
    (void)gethostname(hostname, sizeof(hostname) - 1);
    strbuf_printf(&report, "\n%s", hostname);
    _exit(fd_write_all(pipe_fd, strbuf_text(&report), report.length) < 0 ? EIO : 0);
}

static void explain_parse_link(char *line, Arena *arena, Explanation *explanation)
{
    StrList words = strlist_split(arena, line, '\t');
    if (words.count != 5)
        return;
    ExplainInterface *link = arena_append(arena, &explanation->interfaces.items,
                                          &explanation->interfaces.count, sizeof(*link));
    link->name = words.items[0];
    link->kind = *words.items[1] ? words.items[1] : NULL;
    link->mac = *words.items[2] ? words.items[2] : NULL;
    link->up = str_eq(words.items[3], "1");
    link->addresses = strlist_split(arena, words.items[4], ' ');
}

int explain_inside_parse(char *report, size_t size, Arena *arena, Explanation *explanation,
                         Error *error)
{
    char *end = report + size;
    for (char *line = report; line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline)
            break;
        *newline = '\0';
        if (newline == line) { /* the empty line */
            explanation->hostname = newline + 1;
            return 0;
        }
        explain_parse_link(line, arena, explanation);
        line = newline + 1;
    }
    return error_set(error, ERROR_CORRUPT, EBADMSG, "the report from inside was cut off");
}

int explain_inside(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    ExplainDoors doors CLEANUP(explain_doors_done) = { -1, -1, -1 };
    int r = explain_open_door(proc_fd, explanation, NAMESPACE_USER, &doors.user, error);
    if (r == 0)
        r = explain_open_door(proc_fd, explanation, NAMESPACE_UTS, &doors.uts, error);
    if (r == 0)
        r = explain_open_door(proc_fd, explanation, NAMESPACE_NET, &doors.net, error);
    if (r < 0)
        return r;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    int read_end CLEANUP(fd_closep) = ends[0];
    int write_end CLEANUP(fd_closep) = ends[1];
    pid_t child = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, error);
    if (child < 0)
        return child;
    if (child == 0) {
        fd_closep(&read_end); /* or its pipe would have a reader as long as it writes */
        explain_report(&doors, write_end);
    }
    fd_closep(&write_end);
    char *report;
    size_t size;
    int got = fd_read_all(read_end, EXPLAIN_REPORT_LIMIT, arena, &report, &size);
    fd_closep(&read_end); /* a child with more to say ends */
    int status;
    r = clone_wait(child, &status, error);
    if (r < 0)
        return r;
    if (got < 0)
        return error_errno(error, got, "the report from inside");
    if (status != 0)
        return error_errno(error, status > 255 ? status >> 8 : EIO, "joining its namespaces");
    return explain_inside_parse(report, size, arena, explanation, error);
}
