/*
 * A hostile program with the power to ptrace: for four seconds it looks at the program of every
 * process in sight. One line for each that is not its own container's:
 *
 *     saw PROGRAM
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    time_t end = time(NULL) + 4;
    puts("up");
    fflush(stdout);
    while (time(NULL) < end) {
        DIR *proc = opendir("/proc");
        for (struct dirent *e; proc && (e = readdir(proc));) {
            char path[300], target[300];
            if (atoi(e->d_name) <= 1)
                continue;
            snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
            ssize_t n = readlink(path, target, sizeof(target) - 1);
            if (n > 0 && (target[n] = 0, strcmp(target, "/init") != 0))
                printf("saw %s\n", target);
        }
        closedir(proc);
    }
    puts("done");
    return 0;
}
