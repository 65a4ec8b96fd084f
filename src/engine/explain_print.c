/*
 * The explanation for people. Someone who has never seen a container should be able to read it:
 * every row says what the kernel does, the kernel's own word stands beside it.
 */
#include "engine/explain_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "engine/explain_parts.h"
#include "engine/names.h"

enum {
    EXPLAIN_WIDTH = 96,
    EXPLAIN_INDENT = 2,
    EXPLAIN_LABEL_WIDTH = 14,
    EXPLAIN_WORDS_MOST = 12,      /* capabilities that are told in words, not by name */
    EXPLAIN_NAMESPACE_WIDTH = 33, /* type, id, the host's id */
};

static size_t explain_width(const ExplainPrint *print)
{
    return print->style->width ? print->style->width : EXPLAIN_WIDTH;
}

void explain_print_section(ExplainPrint *print, const char *title)
{
    strbuf_printf(print->text, print->style->colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n", title);
}

/* A line whose right side is wrapped beside the left one. */
static void explain_beside(ExplainPrint *print, const char *left, size_t column, const char *right)
{
    size_t used = printable_width(left);
    strbuf_printf(print->text, "%*s%s", EXPLAIN_INDENT, "", left);
    if (used + 1 > column) {
        strbuf_add_char(print->text, '\n');
        used = 0;
        strbuf_printf(print->text, "%*s", EXPLAIN_INDENT, "");
    }
    strbuf_printf(print->text, "%*s", (int)(column - used), "");
    usage_wrap(right, EXPLAIN_INDENT + column, explain_width(print), print->text);
    strbuf_add_char(print->text, '\n');
}

void explain_print_row(ExplainPrint *print, const char *label, const char *format, ...)
{
    char *raw CLEANUP(mem_freep) = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&raw, format, args) < 0)
        raw = mem_strdup("");
    va_end(args);
    StrBuf left CLEANUP(strbuf_done) = { 0 };
    StrBuf right CLEANUP(strbuf_done) = { 0 };
    printable_add(&left, label);
    printable_add(&right, raw);
    explain_beside(print, strbuf_text(&left), EXPLAIN_LABEL_WIDTH, strbuf_text(&right));
}

static void explain_print_title(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    StrBuf command CLEANUP(strbuf_done) = { 0 };
    printable_add_command(&command, &e->command);
    if (!e->command.count) /* as ps(1) shows those without a command line */
        strbuf_printf(&command, "[%s]", e->name);
    char *line CLEANUP(mem_freep) = mem_strdup(strbuf_text(&command));
    printable_cut(line, explain_width(print));

    StrBuf title CLEANUP(strbuf_done) = { 0 };
    if (e->container) {
        printable_add(&title, e->container->name ? e->container->name : e->container->id);
        strbuf_printf(&title, ": container %.*s", NAMES_SHORT_LENGTH, e->container->id);
        if (e->container->image) {
            strbuf_add(&title, " of ");
            printable_add(&title, e->container->image);
        }
        strbuf_printf(&title, e->container->first ? ", process %d" : ", its process %d", e->pid);
    } else {
        strbuf_printf(&title, "process %d", e->pid);
    }
    strbuf_printf(print->text, print->style->colour ? "\033[1m%s\033[0m\n%s\n" : "%s\n%s\n",
                  strbuf_text(&title), line);
}

/* What else than namespaces bounds the process: "a seccomp filter and limits of its cgroup". */
static void explain_other_bounds(const Explanation *e, StrBuf *text)
{
    const ExplainCgroup *cgroup = e->cgroup;
    const char *bounds[4];
    size_t count = 0;
    if (e->root && e->root->path && !explanation_has_own(e, NAMESPACE_MOUNT))
        bounds[count++] = "a root directory of its own";
    if (!str_eq(e->seccomp, "none"))
        bounds[count++] = "a filter of system calls";
    if (e->no_new_privs)
        bounds[count++] = "no_new_privs";
    if (cgroup && (cgroup->memory_limit.set || cgroup->pids_limit.set || cgroup->cpu_quota_us.set))
        bounds[count++] = "the limits of its cgroup";
    for (size_t i = 0; i < count; i++)
        strbuf_printf(text, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", bounds[i]);
}

static void explain_print_verdict(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    size_t own = explanation_own_count(e), all = e->namespaces.count;
    StrBuf others CLEANUP(strbuf_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    explain_other_bounds(e, &others);
    if (!all)
        strbuf_add(&text, "Its namespaces cannot be read from here, so whether it has a boundary "
                          "cannot be said.");
    else if (!own && !others.length)
        strbuf_add(&text, "This process has no boundary of its own here: what it sees, may do and "
                          "may use is what any process of its user does on this host.");
    else if (!own)
        strbuf_printf(&text,
                      "This process has no namespace of its own: it sees the host. What bounds it "
                      "is %s.",
                      strbuf_text(&others));
    else
        strbuf_printf(&text,
                      "An ordinary process of this host with a boundary around it: %zu of its %zu "
                      "namespaces %s its own, not the host's.",
                      own, all, own == 1 ? "is" : "are");
    strbuf_add_char(print->text, '\n');
    usage_wrap(strbuf_text(&text), 0, explain_width(print), print->text);
    strbuf_add_char(print->text, '\n');
}

static void explain_clock_words(const ExplainClock *clock, StrBuf *text)
{
    double seconds = (double)clock->seconds + (double)clock->nanoseconds / 1e9;
    strbuf_printf(text, "%s clock %.10g s %s", clock->name, seconds < 0 ? -seconds : seconds,
                  seconds < 0 ? "behind the host's" : "ahead of the host's");
}

/* What the namespace means for this very process. */
static void explain_namespace_words(const Explanation *e, NamespaceType type, bool own,
                                    StrBuf *text)
{
    strbuf_add(text, namespace_table[type].isolates);
    if (!own)
        return;
    if (type == NAMESPACE_PID) {
        strbuf_printf(text, ": it is %d inside, %d outside", e->inside_pid, e->pid);
    } else if (type == NAMESPACE_UTS && e->hostname) {
        strbuf_printf(text, ": it is on '%s'", e->hostname);
    } else if (type == NAMESPACE_USER && e->uid_inside.set) {
        strbuf_printf(text, ": it is uid %u inside, %u outside", e->uid_inside.value, e->uid);
    } else if (type == NAMESPACE_USER) {
        strbuf_add(text, ": its uid has no name inside");
    } else if (type == NAMESPACE_MOUNT && e->mounts.count) {
        strbuf_printf(text, ": %zu of them", e->mounts.count);
    } else if (type == NAMESPACE_NET) {
        for (size_t i = 0; i < e->interfaces.count; i++)
            strbuf_printf(text, "%s %s", i ? "," : ":", e->interfaces.items[i].name);
    } else if (type == NAMESPACE_TIME) {
        const char *separator = ": ";
        for (size_t i = 0; i < e->clocks.count; i++) {
            if (!e->clocks.items[i].seconds && !e->clocks.items[i].nanoseconds)
                continue;
            strbuf_add(text, separator);
            explain_clock_words(&e->clocks.items[i], text);
            separator = ", ";
        }
    }
}

static void explain_print_namespaces(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    if (!e->namespaces.count)
        return;
    explain_print_section(print, "What it sees: namespaces");
    strbuf_printf(print->text, "%*s%-9s%-12sthe host's\n", EXPLAIN_INDENT, "", "", "its own");
    for (size_t i = 0; i < e->namespaces.count; i++) {
        const ExplainNamespace *n = &e->namespaces.items[i];
        NamespaceType type = namespace_from_name(n->type);
        if (type == NAMESPACE_INVALID)
            continue;
        StrBuf words CLEANUP(strbuf_done) = { 0 };
        StrBuf right CLEANUP(strbuf_done) = { 0 };
        char own[24] = "shared", left[80];
        if (n->own)
            (void)snprintf(own, sizeof(own), "%llu", (unsigned long long)n->id);
        (void)snprintf(left, sizeof(left), "%-8s %-11s %llu", n->type, own,
                       (unsigned long long)n->host_id);
        explain_namespace_words(e, type, n->own, &words);
        printable_add(&right, strbuf_text(&words));
        explain_beside(print, left, EXPLAIN_NAMESPACE_WIDTH, strbuf_text(&right));
    }
}

static void explain_print_interfaces(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    if (!explanation_has_own(e, NAMESPACE_NET) || !e->interfaces.count)
        return;
    explain_print_section(print, "Its network");
    for (size_t i = 0; i < e->interfaces.count; i++) {
        const ExplainInterface *link = &e->interfaces.items[i];
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        strbuf_add(&text, link->up ? "up" : "down");
        for (size_t j = 0; j < link->addresses.count; j++)
            strbuf_printf(&text, ", %s", link->addresses.items[j]);
        if (link->kind)
            strbuf_printf(&text, ", a %s", link->kind);
        if (link->mac)
            strbuf_printf(&text, ", %s", link->mac);
        explain_print_row(print, link->name, "%s", strbuf_text(&text));
    }
}

/* One example beside the range: the way to read a map. */
static void explain_print_map(ExplainPrint *print, const char *label, const char *id,
                              const ExplainRange *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const ExplainRange *r = &ranges[i];
        uint32_t step = r->count > 1000 && r->inside == 0 ? 1000 : 0;
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        strbuf_printf(&text, "%s %u inside is %u outside", id, r->inside, r->outside);
        if (step)
            strbuf_printf(&text, "; %s %u inside is %u outside", id, r->inside + step,
                          r->outside + step);
        if (r->count > 1)
            strbuf_printf(&text, "; %u ids in all", r->count);
        explain_print_row(print, i ? NULL : label, "%s", strbuf_text(&text));
    }
    if (!count)
        explain_print_row(print, label, "no id is mapped yet: everything belongs to nobody inside");
}

static bool explain_same_map(const Explanation *e)
{
    if (e->uid_map.count != e->gid_map.count)
        return false;
    return memcmp(e->uid_map.items, e->gid_map.items,
                  e->uid_map.count * sizeof(*e->uid_map.items)) == 0;
}

static void explain_print_ids(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    explain_print_section(print, "Who it is: users and groups");
    if (!explanation_has_own(e, NAMESPACE_USER)) {
        bool shared = explanation_own_count(e) > 0;
        explain_print_row(print, "runs as", "uid %u, gid %u%s", e->uid, e->gid,
                          shared ? ", the host's own: root inside is root outside" : "");
        return;
    }
    if (e->uid_inside.set && e->gid_inside.set)
        explain_print_row(print, "runs as", "uid %u, gid %u inside; uid %u, gid %u outside",
                          e->uid_inside.value, e->gid_inside.value, e->uid, e->gid);
    else
        explain_print_row(print, "runs as", "uid %u, gid %u outside, without a number inside",
                          e->uid, e->gid);
    explain_print_map(print, "user ids", "uid", e->uid_map.items, e->uid_map.count);
    if (e->uid_map.items && explain_same_map(e))
        explain_print_row(print, "group ids", "the same");
    else
        explain_print_map(print, "group ids", "gid", e->gid_map.items, e->gid_map.count);
}

static void explain_print_capabilities(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    const ExplainCapabilities *sets = e->capabilities;
    bool inner = explanation_has_own(e, NAMESPACE_USER);
    size_t all = sets->effective.count + sets->missing.count;
    const char *reach = inner ? ", good only for what its own user namespace owns" : "";
    StrBuf list CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < sets->effective.count; i++)
        strbuf_printf(&list, " %s", sets->effective.items[i]);
    if (!sets->effective.count)
        explain_print_row(print, "capabilities", "none of root's %zu powers", all);
    else if (!sets->missing.count)
        explain_print_row(print, "capabilities", "all of root's %zu powers%s", all, reach);
    else if (sets->missing.count < sets->effective.count)
        explain_print_row(print, "capabilities", "root's %zu powers but %zu%s", all,
                          sets->missing.count, reach);
    else
        explain_print_row(print, "capabilities", "%zu of root's %zu powers%s:%s",
                          sets->effective.count, all, reach, strbuf_text(&list));
    if (!sets->missing.count || !sets->effective.count)
        return;
    strbuf_clear(&list);
    explain_capability_words(&sets->missing, EXPLAIN_WORDS_MOST, &list);
    explain_print_row(print, "it may not", "%s", strbuf_text(&list));
}

static void explain_print_powers(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    explain_print_section(print, "What it may do");
    if (e->capabilities)
        explain_print_capabilities(print);
    explain_print_row(
        print, "by exec", "%s",
        e->no_new_privs ? "programs gain no rights, setuid ones neither (no_new_privs)"
                        : "setuid programs and those with file capabilities give it their rights");
    if (str_eq(e->seccomp, "filter") && e->seccomp_filters)
        explain_print_row(print, "system calls", "filtered: %u seccomp filter%s",
                          e->seccomp_filters, e->seccomp_filters == 1 ? "" : "s");
    else if (str_eq(e->seccomp, "filter"))
        explain_print_row(print, "system calls", "filtered by seccomp");
    else if (str_eq(e->seccomp, "strict"))
        explain_print_row(print, "system calls", "only read, write, exit and sigreturn (seccomp)");
    else
        explain_print_row(print, "system calls", "all of them, not filtered (no seccomp)");
    if (e->label)
        explain_print_row(print, "label", "%s", e->label);
}

void explain_print_text(const Explanation *explanation, const UsageStyle *style, bool all_mounts,
                        StrBuf *ret_text)
{
    ExplainPrint print = { explanation, style, all_mounts, ret_text };
    explain_print_title(&print);
    explain_print_verdict(&print);
    explain_print_namespaces(&print);
    explain_print_ids(&print);
    explain_print_files(&print);
    explain_print_interfaces(&print);
    explain_print_powers(&print);
    if (explanation->cgroup || explanation->rlimits.count)
        explain_print_section(&print, "What it may use");
    explain_print_cgroup(&print);
    explain_print_rlimits(&print);
    if (explanation->hidden.count)
        explain_print_section(&print, "Not readable from here");
    for (size_t i = 0; i < explanation->hidden.count; i++)
        explain_print_row(&print, NULL, "%s", explanation->hidden.items[i]);
}
