/* The program of a container that is there to be looked at and killed. */
#include <unistd.h>

int main(void)
{
    for (;;)
        pause();
}
