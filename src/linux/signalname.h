/*
 * Signals by name: signal(7).
 */
#pragma once

/* "SIGTERM", "TERM", "term", "15", "SIGRTMIN+3", "RTMAX-1": the number, or -EINVAL. 0 is not one.
 * The real-time range is the kernel's own, 32 to 64, less what the libcs keep: RTMIN is 34. */
int signalname_parse(const char *text);

/* "SIGTERM", "SIGRTMIN+3": into the buffer if it is not a fixed text; "SIG<n>" if unknown. */
enum { SIGNALNAME_SIZE = 16 };
const char *signalname_of(int signal, char buffer[SIGNALNAME_SIZE]);
