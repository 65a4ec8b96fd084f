/*
 * The tree of files as the process sees it: its mountinfo.
 *
 * Mounts can lie on top of each other; of those at one place the last one is seen.
 */
#include "engine/explain_parts.h"

#include <string.h>

#include "linux/mountinfo.h"
#include "linux/process.h"

/* "lowerdir=/a:/b" has one layer per colon, with "\:" for a colon in a name; "::" begins data-only
 * layers. "lowerdir+=/a,lowerdir+=/b" (Linux 6.7) has one per option. */
bool explain_count_layers(const char *super_options, uint32_t *ret_layers)
{
    uint32_t layers = 0;
    for (const char *option = super_options; option && *option;) {
        size_t length = 0;
        while (option[length] && option[length] != ',')
            length += option[length] == '\\' && option[length + 1] ? 2 : 1;
        if (str_starts(option, "lowerdir+=") || str_starts(option, "datadir+=")) {
            layers++;
        } else if (str_starts(option, "lowerdir=")) {
            layers++;
            for (size_t i = strlen("lowerdir="); i < length; i++) {
                if (option[i] == '\\')
                    i++;
                else if (option[i] == ':' && option[i + 1] != ':')
                    layers++;
            }
        }
        option += length;
        option += *option == ',';
    }
    *ret_layers = layers;
    return layers > 0;
}

static const char *explain_propagation(const MountinfoEntry *entry)
{
    if (entry->unbindable)
        return "unbindable";
    if (entry->shared && entry->master)
        return "shared and slave";
    if (entry->shared)
        return "shared";
    return entry->master ? "slave" : NULL;
}

static void explain_root(const MountinfoEntry *entry, const char *root_path, Arena *arena,
                         Explanation *explanation)
{
    ExplainRoot *root = arena_alloc(arena, sizeof(*root));
    root->type = entry->type;
    root->source = entry->source;
    root->path = str_eq(entry->root, "/") ? NULL : entry->root;
    if (!root->path && root_path && !str_eq(root_path, "/"))
        root->path = root_path;
    root->writable = mountinfo_has_option(entry->options, "rw") &&
                     !mountinfo_has_option(entry->super_options, "ro");
    if (str_eq(entry->type, "overlay"))
        root->layers.set = explain_count_layers(entry->super_options, &root->layers.value);
    explanation->root = root;
}

int explain_files(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    MountinfoEntry *entries;
    size_t count;
    int r = mountinfo_read(proc_fd, arena, &entries, &count, error);
    if (r < 0)
        return r;
    char *root_path;
    r = process_link(proc_fd, "root", arena, &root_path, error);
    if (r < 0)
        return r;
    if (explanation_has_own(explanation, NAMESPACE_MOUNT))
        root_path = NULL; /* told as seen from here, or "/" if it cannot be reached: says nothing */
    for (size_t i = 0; i < count; i++) {
        ExplainMount *mount = arena_append(arena, &explanation->mounts.items,
                                           &explanation->mounts.count, sizeof(*mount));
        *mount = (ExplainMount){
            .target = entries[i].target,
            .type = entries[i].type,
            .source = entries[i].source,
            .root = entries[i].root,
            .options = entries[i].options,
            .super_options = entries[i].super_options,
            .propagation = explain_propagation(&entries[i]),
        };
        if (str_eq(entries[i].target, "/"))
            explain_root(&entries[i], root_path, arena, explanation);
    }
    return 0;
}
