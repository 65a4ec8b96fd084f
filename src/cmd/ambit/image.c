/*
 * `image`: the group of all commands on images; docker has some of them at the top as well.
 */
#include "commands.h"

static const Command *const image_children[] = {
    &image_ls_command,
    &image_inspect_command,
    &image_history_command,
    &image_tag_command,
    &image_pull_command,
    &image_push_command,
    &image_load_command,
    &image_save_command,
    &image_import_command,
    &image_rm_command,
    &image_prune_command,
    &image_mount_command,
    &image_unmount_command,
    &image_verify_command,
    &image_check_command,
    /* docker's and podman's that are not there yet, or elsewhere */
    COMMAND_REFUSE("build", COMMANDS_BUILD),
    COMMAND_REFUSE("search", "it is `ambit search`"),
    COMMAND_REFUSE("untag", COMMANDS_UNTAG),
    COMMAND_REFUSE("exists", "not supported yet: `ambit image inspect` answers by its status"),
    COMMAND_REFUSE("diff", "not supported yet: `ambit diff` compares a container with its image"),
    COMMAND_REFUSE("tree", "not supported yet: `ambit history` shows an image's layers"),
    COMMAND_REFUSE("sign", COMMANDS_TRUST),
    COMMAND_REFUSE("trust", COMMANDS_TRUST),
    COMMAND_REFUSE("scp", "not supported yet: `ambit save IMAGE | ssh HOST ambit load`"),
    NULL,
};

const Command image_command = {
    .name = "image",
    .summary = "Work with images",
    .children = image_children,
};
