/*
 * Use against limit, one row per resource.
 */
#include <string.h>

#include "engine/explain_print.h"
#include "linux/identity.h"

enum { EXPLAIN_BYTES_SIZE = 16 };

static void explain_bytes(StrBuf *text, OptU64 bytes)
{
    char buffer[EXPLAIN_BYTES_SIZE];
    strbuf_add(text, str_from_bytes(bytes.value, buffer, sizeof(buffer)));
}

/* "21MiB used of 512MiB (4%)", "21MiB used, no limit". */
static void explain_used_bytes(StrBuf *text, OptU64 used, OptU64 limit)
{
    if (used.set)
        explain_bytes(text, used);
    strbuf_add(text, used.set ? " used" : "");
    if (!limit.set) {
        strbuf_add(text, used.set ? ", no limit" : "no limit");
        return;
    }
    strbuf_add(text, used.set ? " of " : "at most ");
    explain_bytes(text, limit);
    if (used.set && limit.value) {
        double percent = 100.0 * (double)used.value / (double)limit.value;
        strbuf_printf(text, percent < 10 ? " (%.1f%%)" : " (%.0f%%)", percent);
    }
}

static void explain_print_memory(ExplainPrint *print, const ExplainCgroup *cgroup)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    explain_used_bytes(&text, cgroup->memory, cgroup->memory_limit);
    if (cgroup->memory_cache.set && cgroup->memory_cache.value) {
        strbuf_add(&text, ", ");
        explain_bytes(&text, cgroup->memory_cache);
        strbuf_add(&text, " of it cache");
    }
    if (cgroup->memory_peak.set) {
        strbuf_add(&text, "; peak ");
        explain_bytes(&text, cgroup->memory_peak);
    }
    if (cgroup->oom_kills.set && cgroup->oom_kills.value)
        strbuf_printf(&text, "; the kernel killed %llu of its processes for want of memory",
                      (unsigned long long)cgroup->oom_kills.value);
    if (cgroup->memory.set || cgroup->memory_limit.set)
        explain_print_row(print, "memory", "%s", strbuf_text(&text));
    strbuf_clear(&text);
    if (!cgroup->swap_limit.set && (!cgroup->swap.set || !cgroup->swap.value))
        return;
    if (cgroup->swap_limit.set && cgroup->swap_limit.value == 0)
        strbuf_add(&text, "none allowed");
    else
        explain_used_bytes(&text, cgroup->swap, cgroup->swap_limit);
    explain_print_row(print, "swap", "%s", strbuf_text(&text));
}

static void explain_print_cpu(ExplainPrint *print, const ExplainCgroup *cgroup)
{
    const Explanation *e = print->explanation;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (cgroup->cpu_quota_us.set && cgroup->cpu_period_us.set && cgroup->cpu_period_us.value)
        strbuf_printf(&text, "at most %.2f of the host's %u CPUs (%g ms in each %g ms)",
                      (double)cgroup->cpu_quota_us.value / (double)cgroup->cpu_period_us.value,
                      e->host_cpus, (double)cgroup->cpu_quota_us.value / 1e3,
                      (double)cgroup->cpu_period_us.value / 1e3);
    else
        strbuf_printf(&text, "no limit: all of the host's %u CPUs", e->host_cpus);
    if (cgroup->cpu_us.set)
        strbuf_printf(&text, "; %.3f s used", (double)cgroup->cpu_us.value / 1e6);
    if (cgroup->throttled.set && cgroup->throttled.value)
        strbuf_printf(&text, "; held back %llu times for %.3f s",
                      (unsigned long long)cgroup->throttled.value,
                      cgroup->throttled_us.set ? (double)cgroup->throttled_us.value / 1e6 : 0.0);
    explain_print_row(print, "cpu time", "%s", strbuf_text(&text));
    if (cgroup->cpu_weight.set && cgroup->cpu_weight.value != 100)
        explain_print_row(print, "cpu weight", "%llu (100 is usual)",
                          (unsigned long long)cgroup->cpu_weight.value);
    else if (cgroup->cpu_shares.set && cgroup->cpu_shares.value != 1024)
        explain_print_row(print, "cpu shares", "%llu (1024 is usual)",
                          (unsigned long long)cgroup->cpu_shares.value);
    cpu_set_t set;
    if (cgroup->cpus && identity_cpu_list(cgroup->cpus, &set) == 0 &&
        (uint32_t)CPU_COUNT(&set) < e->host_cpus)
        explain_print_row(print, "cpus", "%s%s%s", cgroup->cpus,
                          cgroup->memory_nodes ? ", memory of node " : "",
                          cgroup->memory_nodes ? cgroup->memory_nodes : "");
}

void explain_print_cgroup(ExplainPrint *print)
{
    const ExplainCgroup *cgroup = print->explanation->cgroup;
    if (!cgroup)
        return;
    explain_print_row(print, "cgroup", "%s (%s)%s", cgroup->path, cgroup->version,
                      str_eq(cgroup->path, "/") ? ": the top one, that of the whole host" : "");
    if (str_eq(cgroup->path, "/"))
        return;
    explain_print_memory(print, cgroup);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (cgroup->pids.set || cgroup->pids_limit.set) {
        if (cgroup->pids.set)
            strbuf_printf(&text, "%llu", (unsigned long long)cgroup->pids.value);
        if (cgroup->pids_limit.set)
            strbuf_printf(&text, "%s%llu", cgroup->pids.set ? " of " : "at most ",
                          (unsigned long long)cgroup->pids_limit.value);
        else
            strbuf_add(&text, ", no limit");
        explain_print_row(print, "processes", "%s", strbuf_text(&text));
    }
    explain_print_cpu(print, cgroup);
    if (cgroup->io_read.value == 0 && cgroup->io_written.value == 0)
        return;
    strbuf_clear(&text);
    explain_bytes(&text, cgroup->io_read);
    strbuf_add(&text, " read, ");
    explain_bytes(&text, cgroup->io_written);
    strbuf_add(&text, " written");
    explain_print_row(print, "disks", "%s", strbuf_text(&text));
}

static void explain_limit_number(StrBuf *text, OptU64 number)
{
    if (number.set)
        strbuf_printf(text, "%llu", (unsigned long long)number.value);
    else
        strbuf_add(text, "unlimited");
}

static bool explain_same_number(OptU64 a, OptU64 b)
{
    return a.set == b.set && a.value == b.value;
}

static void explain_soft_hard(StrBuf *text, OptU64 soft, OptU64 hard)
{
    explain_limit_number(text, soft);
    if (explain_same_number(soft, hard))
        return;
    strbuf_add(text, ", can be raised to ");
    explain_limit_number(text, hard);
}

void explain_print_rlimits(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    for (size_t i = 0; i < e->rlimits.count; i++) {
        const ExplainRlimit *limit = &e->rlimits.items[i];
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        explain_soft_hard(&text, limit->soft, limit->hard);
        strbuf_add(&text, " (you have ");
        explain_soft_hard(&text, limit->host_soft, limit->host_hard);
        strbuf_add_char(&text, ')');
        StrBuf label CLEANUP(strbuf_done) = { 0 };
        strbuf_printf(&label, "ulimit %s", limit->name);
        explain_print_row(print, strbuf_text(&label), "%s", strbuf_text(&text));
    }
}
