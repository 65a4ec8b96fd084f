/* Nanoseconds of the monotonic clock fill 64 bits after 584 years. */
#include "base/clock.h"

#include <time.h>

uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_us(void)
{
    return clock_ns() / 1000;
}

uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

void clock_pause_us(unsigned us)
{
    (void)nanosleep(
        &(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 }, NULL);
}
