/*
 * timer ROUNDS IDLE_MS < COMMANDS: starts each command once per round, one after another, and
 * prints "INDEX NANOSECONDS" for each run, from before the spawn to after the wait. Interleaving
 * lets drift of the machine hit every command alike; a new order in each round spreads what a
 * command leaves behind (cold caches, kernel work) over all of them. A line of COMMANDS is the
 * program and its arguments, separated by tabs. IDLE_MS > 0 sleeps before each run, as people
 * start containers. A line whose first word is "+N" belongs to the line above: such a sequence
 * keeps its order within a round, and N ms pass before the command (create, start, kill, +20
 * delete).
 *
 * The trap: what the measuring process does counts. So it is small and static, uses posix_spawn
 * (vfork-like: its own size does not matter) and prints only at the end. A command that fails ends
 * the measurement: the time of an error says nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMANDS_MAX = 64, WORDS_MAX = 128 };

extern char **environ;

typedef struct Command {
    char *words[WORDS_MAX];
    bool follows; /* the command before it */
    long pause_ms;
} Command;

static size_t commands_read(Command *commands)
{
    size_t count = 0;
    char *line = NULL;
    size_t room = 0;
    while (count < COMMANDS_MAX && getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = strdup(line);
        size_t word = 0;
        while (rest && word < WORDS_MAX - 1)
            commands[count].words[word++] = strsep(&rest, "\t");
        commands[count].words[word] = NULL;
        if (commands[count].words[0] && commands[count].words[0][0] == '+') {
            commands[count].follows = true;
            commands[count].pause_ms = strtol(commands[count].words[0], NULL, 10);
            memmove(commands[count].words, commands[count].words + 1, word * sizeof(char *));
        }
        count++;
    }
    free(line);
    return count;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t command_run(const Command *command, const posix_spawn_file_actions_t *actions)
{
    int status = 0;
    pid_t pid;
    int64_t start = now_ns();
    int r = posix_spawn(&pid, command->words[0], actions, NULL, command->words, environ);
    if (r == 0 && waitpid(pid, &status, 0) < 0)
        r = errno;
    int64_t end = now_ns();
    if (r != 0 || status != 0) {
        fprintf(stderr, "timer: %s: %s, wait status %#x\n", command->words[0], strerror(r),
                (unsigned)status);
        exit(1);
    }
    return end - start;
}

static void order_shuffle(size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)random() % i;
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void sleep_ms(long ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    if (ms > 0)
        (void)nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: timer ROUNDS IDLE_MS < COMMANDS\n");
        return 2;
    }
    long rounds = strtol(argv[1], NULL, 10);
    long idle_ms = strtol(argv[2], NULL, 10);
    static Command commands[COMMANDS_MAX];
    size_t count = commands_read(commands);
    int64_t *times = calloc((size_t)rounds * count + 1, sizeof(*times));
    size_t order[COMMANDS_MAX], sequences = 0;
    for (size_t i = 0; i < count; i++)
        if (!commands[i].follows)
            order[sequences++] = i;

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

    for (size_t round = 0; round < (size_t)rounds; round++) {
        order_shuffle(order, sequences);
        for (size_t i = 0; i < sequences; i++) {
            sleep_ms(idle_ms);
            for (size_t c = order[i]; c < count && (c == order[i] || commands[c].follows); c++) {
                sleep_ms(commands[c].pause_ms);
                times[round * count + c] = command_run(&commands[c], &actions);
            }
        }
    }
    for (size_t i = 0; i < (size_t)rounds * count; i++)
        printf("%zu %lld\n", i % count, (long long)times[i]);
    return 0;
}
