/*
 * The root filesystem and those mounts that say something: what every container has below /proc,
 * /sys and /dev is counted, not listed.
 */
#include <string.h>

#include "engine/explain_parts.h"
#include "engine/explain_print.h"

static bool explain_below(const char *path, const char *top)
{
    size_t length = strlen(top);
    return str_starts(path, top) && (path[length] == '/' || path[length] == '\0');
}

/* Kernel filesystems and what hides parts of them, and the files that the engine makes for the
 * container (/etc/hosts). Bind mounts of others' files are never it. */
static bool explain_is_usual(const ExplainMount *mount, const ExplainContainer *container)
{
    static const char *const types[] = {
        "proc",    "sysfs",      "tmpfs",       "devpts",   "devtmpfs",  "mqueue", "cgroup",
        "cgroup2", "securityfs", "debugfs",     "tracefs",  "bpf",       "pstore", "configfs",
        "fusectl", "hugetlbfs",  "binfmt_misc", "efivarfs", "selinuxfs", "autofs",
    };
    if (container && explain_below(mount->target, "/etc") && strstr(mount->root, container->id))
        return true;
    if (!explain_below(mount->target, "/proc") && !explain_below(mount->target, "/sys") &&
        !explain_below(mount->target, "/dev"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eq(mount->type, types[i]))
            return true;
    return false;
}

static void explain_print_root(ExplainPrint *print, const ExplainRoot *root)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&text, root->type);
    if (root->layers.set)
        strbuf_printf(&text, ": %u read-only layer%s%s", root->layers.value,
                      root->layers.value == 1 ? "" : "s",
                      root->writable ? ", and one of its own for what it writes" : "");
    else if (root->writable)
        strbuf_add(&text, ", writable");
    if (!root->writable)
        strbuf_add(&text, ", read-only");
    if (root->path)
        strbuf_printf(&text, "; its root is the directory %s there", root->path);
    explain_print_row(print, "root", "%s", strbuf_text(&text));
}

static void explain_print_mount(ExplainPrint *print, const ExplainMount *mount)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&text, mount->type);
    if (!str_eq(mount->source, mount->type) && !str_eq(mount->source, "none"))
        strbuf_printf(&text, " of %s", mount->source);
    if (!str_eq(mount->root, "/"))
        strbuf_printf(&text, ", its %s", mount->root);
    strbuf_printf(&text, " (%s", mount->options);
    if (mount->propagation)
        strbuf_printf(&text, "; %s", mount->propagation);
    strbuf_add_char(&text, ')');
    explain_print_row(print, mount->target, "%s", strbuf_text(&text));
}

void explain_print_files(ExplainPrint *print)
{
    const Explanation *e = print->explanation;
    bool own = explanation_has_own(e, NAMESPACE_MOUNT);
    if (!e->mounts.count)
        return;
    explain_print_section(print, "Its files: the root and the mounts below it");
    if (e->root)
        explain_print_root(print, e->root);
    size_t usual = 0, shown = 0;
    for (size_t i = 0; i < e->mounts.count; i++) {
        const ExplainMount *mount = &e->mounts.items[i];
        if (!print->all_mounts && (!own || str_eq(mount->target, "/")))
            continue;
        if (!print->all_mounts && explain_is_usual(mount, e->container)) {
            usual++;
            continue;
        }
        explain_print_mount(print, mount);
        shown++;
    }
    if (!own && !print->all_mounts)
        explain_print_row(print, "mounts", "the host's %zu (--all lists them)", e->mounts.count);
    else if (usual)
        explain_print_row(
            print, shown ? "and" : "mounts",
            "%zu of the usual kind below /proc, /sys, /dev and /etc (--all lists them)", usual);
}
