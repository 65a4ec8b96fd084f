/*
 * A program that says that it runs and stays until SIGTERM: what a process, a container and a
 * virtual machine are compared with. As process 1 it gets no signal that it does not handle.
 */
#include <signal.h>
#include <unistd.h>

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

int main(void)
{
    (void)signal(SIGTERM, end);
    if (write(1, "ready\n", 6) != 6)
        return 1;
    for (;;)
        pause();
}
