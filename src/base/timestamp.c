/*
 * Always in UTC and to the second, but for the runtime's `created`, where runc writes nanoseconds.
 */
#include "base/timestamp.h"

#include <string.h>
#include <time.h>

const char *timestamp_text(int64_t seconds, char ret_text[TIMESTAMP_SIZE])
{
    time_t moment = (time_t)seconds;
    struct tm utc = { 0 };
    (void)gmtime_r(&moment, &utc);
    (void)strftime(ret_text, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return ret_text;
}

const char *timestamp_now(Arena *arena)
{
    char text[TIMESTAMP_SIZE];
    return arena_strdup(arena, timestamp_text(time(NULL), text));
}

const char *timestamp_now_ns(Arena *arena)
{
    char text[TIMESTAMP_SIZE];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    text[strlen(timestamp_text(now.tv_sec, text)) - 1] = '\0';
    return arena_printf(arena, "%s.%09ldZ", text, now.tv_nsec);
}
