/*
 * `image`: the group of all commands on images; docker has some of them at the top as well.
 */
#include "commands.h"

static const Command *const image_children[] = {
    &image_ls_command,      &image_inspect_command, &image_history_command, &image_tag_command,
    &image_pull_command,    &image_push_command,    &image_load_command,    &image_save_command,
    &image_import_command,  &image_rm_command,      &image_prune_command,   &image_mount_command,
    &image_unmount_command, &image_verify_command,  &image_check_command,   NULL,
};

const Command image_command = {
    .name = "image",
    .summary = "Work with images",
    .children = image_children,
};
