/*
 * Capabilities in words: what someone who holds one may do, as short as it can be said;
 * capabilities(7) has the long version. Sorted by how much they open, the most dangerous first.
 */
#include "engine/explain_parts.h"

typedef struct ExplainWord {
    const char *name, *words;
} ExplainWord;

static const ExplainWord explain_words[] = {
    { "sys_admin", "mount, join namespaces and administer the kernel in a hundred ways" },
    { "sys_module", "load kernel modules" },
    { "sys_rawio", "reach hardware and memory directly" },
    { "sys_ptrace", "read and change any process" },
    { "sys_boot", "reboot the machine" },
    { "bpf", "load eBPF programs" },
    { "perfmon", "trace the kernel" },
    { "net_admin", "configure networks" },
    { "dac_read_search", "read any file" },
    { "dac_override", "read and write any file" },
    { "mknod", "make device files" },
    { "sys_time", "set the clock" },
    { "mac_override", "override security labels" },
    { "mac_admin", "change security labels" },
    { "audit_control", "configure the audit log" },
    { "audit_read", "read the audit log" },
    { "audit_write", "write to the audit log" },
    { "syslog", "read the kernel's log" },
    { "sys_resource", "exceed limits and quotas" },
    { "sys_nice", "raise priorities" },
    { "sys_pacct", "switch process accounting" },
    { "sys_tty_config", "configure terminals" },
    { "sys_chroot", "change the root directory" },
    { "setuid", "become any user" },
    { "setgid", "become any group" },
    { "setpcap", "pass capabilities on" },
    { "setfcap", "give files capabilities" },
    { "chown", "change the owner of files" },
    { "fowner", "act as the owner of any file" },
    { "fsetid", "keep setuid bits when a file changes" },
    { "kill", "signal any process" },
    { "net_raw", "send and read raw packets" },
    { "net_bind_service", "use ports below 1024" },
    { "net_broadcast", "send broadcasts" },
    { "ipc_lock", "lock memory" },
    { "ipc_owner", "open any System V IPC object" },
    { "lease", "take leases on any file" },
    { "linux_immutable", "make files immutable" },
    { "wake_alarm", "wake the machine" },
    { "block_suspend", "keep the machine awake" },
    { "checkpoint_restore", "checkpoint and restore processes" },
};

static const char *explain_find_words(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(explain_words); i++)
        if (str_eq(explain_words[i].name, name))
            return explain_words[i].words;
    return NULL;
}

void explain_capability_words(const StrList *names, size_t most, StrBuf *ret_text)
{
    StrBuf rest CLEANUP(strbuf_done) = { 0 };
    size_t told = 0;
    for (size_t i = 0; i < ARRAY_LEN(explain_words); i++) {
        const ExplainWord *word = &explain_words[i];
        if (!strlist_contains(names, word->name))
            continue;
        if (told++ < most)
            strbuf_printf(ret_text, "%s%s (%s)", ret_text->length ? ", " : "", word->words,
                          word->name);
        else
            strbuf_printf(&rest, " %s", word->name);
    }
    for (size_t i = 0; i < names->count; i++)
        if (!explain_find_words(names->items[i])) /* newer than the table */
            strbuf_printf(&rest, " %s", names->items[i]);
    if (rest.length)
        strbuf_printf(ret_text, "%s use%s", ret_text->length ? "; nor" : "", strbuf_text(&rest));
}
