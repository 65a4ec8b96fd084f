/*
 * The only program in most test containers: their whole rootfs is this one static file, so a test
 * needs no image, no shell and no network, and sees exactly what the runtime made.
 *
 *     /init COMMAND [ARGUMENT...] [, COMMAND [ARGUMENT...]]...
 *
 * runs commands one after another (a lone "," separates them) and stops at the first that fails.
 * A failure prints "COMMAND ARGUMENT: reason" on standard error and exits 1; `/init help` lists the
 * commands. The trap: nothing here may depend on /proc, /dev or a writable rootfs unless the
 * command's own purpose does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const Command *const tables[] = { file_commands, self_commands, life_commands,
                                         boundary_commands };

int command_failed(const char *command, const char *what)
{
    fprintf(stderr, "%s %s: %s\n", command, what, strerror(errno));
    return 1;
}

long command_number(const char *word)
{
    return strtol(word, NULL, 0);
}

static const Command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const Command *command = tables[i]; command->name; command++)
            if (strcmp(command->name, name) == 0)
                return command;
    return NULL;
}

static int help(void)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const Command *command = tables[i]; command->name; command++)
            printf("%s %s\n", command->name, command->arguments);
    return 0;
}

static int command_call(int count, char **words)
{
    if (strcmp(words[0], "help") == 0)
        return help();
    const Command *command = command_find(words[0]);
    if (!command) {
        fprintf(stderr, "%s: no such command\n", words[0]);
        return 2;
    }
    if (count - 1 < command->least) {
        fprintf(stderr, "usage: %s %s\n", command->name, command->arguments);
        return 2;
    }
    return command->run(count - 1, words + 1);
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int start = 1; start < argc && status == 0; start++) {
        int end = start;
        while (end < argc && strcmp(argv[end], ",") != 0)
            end++;
        argv[end] = NULL;
        if (end > start)
            status = command_call(end - start, argv + start);
        start = end;
    }
    if (fflush(stdout) != 0 && status == 0)
        status = command_failed("init", "standard output");
    return status;
}
