/*
 * The monotonic clock, for what something took and for how long to wait: clock_gettime(2). It means
 * nothing outside this boot, and stands still while the machine sleeps.
 */
#pragma once

#include <stdint.h>

uint64_t clock_ns(void);
uint64_t clock_us(void);
uint64_t clock_ms(void);

/* Sleeps that long, or until a signal comes. */
void clock_pause_us(unsigned us);
