/*
 * A hostile program: writes a GiB to standard output.
 */
#include <unistd.h>
static char page[65536];
int main(void)
{
    for (int i = 0; i < 16384; i++) /* one GiB */
        if (write(1, page, sizeof(page)) < 0)
            return 1;
    return 0;
}
