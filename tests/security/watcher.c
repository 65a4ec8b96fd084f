/*
 * Process 1 of a hostile container: looks at every process that appears in its pid namespace,
 * before the runtime has become the program. Attaches to it, opens its program, its memory and its
 * descriptors; keeps handles on programs and tries to write them later, when nobody executes them
 * (CVE-2019-5736). One line for each thing that should not work:
 *
 *     attached PID PROGRAM    the runtime itself was stopped by ptrace
 *     opened PID FILE         its memory, environment, descriptors
 *     wrote PROGRAM           a program that is not the container's was opened for writing
 *
 * watcher [seen]: also says "seen PROGRAM" for what is only looked at. Ends when /tmp/enough
 * exists.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANDLES_MAX = 256 };

static struct stat own; /* the container's program: what every process of it executes in the end */
static int handles[HANDLES_MAX];
static int handle_count;

/* Whether the program of a process is another one than the container's; its name. */
static int is_foreign(const char *pid, char *name, size_t size)
{
    char path[300];
    struct stat st;
    (void)snprintf(path, sizeof(path), "/proc/%s/exe", pid);
    if (stat(path, &st) < 0 || (st.st_dev == own.st_dev && st.st_ino == own.st_ino))
        return 0;
    ssize_t n = readlink(path, name, size - 1);
    name[n > 0 ? n : 0] = '\0';
    return 1;
}

static void try_attach(const char *pid)
{
    char name[300] = "";
    int number = atoi(pid), status;
    if (ptrace(PTRACE_SEIZE, number, 0, 0) < 0)
        return;
    (void)ptrace(PTRACE_INTERRUPT, number, 0, 0);
    if (waitpid(number, &status, __WALL) == number && is_foreign(pid, name, sizeof(name)))
        printf("attached %s %s\n", pid, name);
    (void)ptrace(PTRACE_DETACH, number, 0, 0);
}

static void try_open(const char *pid)
{
    static const char *const files[] = { "mem", "environ", "fd/0",     "root",
                                         "cwd", "maps",    "map_files" };
    char path[300], name[300] = "";
    if (!is_foreign(pid, name, sizeof(name)))
        return;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        (void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
        int fd = open(path, i == 0 ? O_RDWR : O_RDONLY);
        if (fd < 0)
            continue;
        if (is_foreign(pid, name, sizeof(name)))
            printf("opened %s %s of %s\n", pid, files[i], name);
        close(fd);
    }
}

/* A handle on a program outlives the process. */
static void keep_program(const char *pid, int tell)
{
    char path[300], name[300] = "";
    if (handle_count == HANDLES_MAX || !is_foreign(pid, name, sizeof(name)))
        return;
    (void)snprintf(path, sizeof(path), "/proc/%s/exe", pid);
    int fd = open(path, O_PATH);
    if (fd < 0)
        return;
    if (tell)
        printf("seen %s\n", name);
    handles[handle_count++] = fd;
    fd = open(path, O_RDWR);
    if (fd >= 0)
        printf("wrote %s\n", name);
    close(fd);
}

static void try_handles(void)
{
    char path[64], name[300];
    for (int i = 0; i < handle_count; i++) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", handles[i]);
        ssize_t n = readlink(path, name, sizeof(name) - 1);
        struct stat st;
        if (fstat(handles[i], &st) == 0 && st.st_dev == own.st_dev && st.st_ino == own.st_ino)
            continue; /* it became the container's program between two looks */
        int fd = open(path, O_RDWR);
        if (fd < 0)
            continue;
        name[n > 0 ? n : 0] = '\0';
        printf("wrote %s\n", name);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    int tell = argc > 1 && strcmp(argv[1], "seen") == 0;
    if (stat("/init", &own) < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("up");
    for (unsigned round = 0; access("/tmp/enough", F_OK) < 0 && round < 4000000; round++) {
        DIR *proc = opendir("/proc");
        for (struct dirent *e; proc && (e = readdir(proc));) {
            if (atoi(e->d_name) <= 1)
                continue;
            keep_program(e->d_name, tell);
            try_open(e->d_name);
            try_attach(e->d_name);
        }
        if (proc)
            closedir(proc);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        usleep(round % 4 == 0 ? 100 : 0);
    }
    try_handles();
    puts("done");
    return 0;
}
