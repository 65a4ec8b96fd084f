/*
 * What this program says about itself, in the forms of runc (logrus) that engines read: to the
 * file, the syslog or the journal of --log, without one to standard error.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"
#include "commands.h"

typedef enum LogLevel { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_DEBUG } LogLevel;

/* From here on with these settings; NULL: as if there were no options. */
void log_configure(const OciGlobals *globals);

/* Makes the file of --log, which callers read also where nothing was to be said. Where it cannot be
 * written the error belongs on standard error, and goes there from now on. */
int log_check(Error *error) MUST_CHECK;

/* One line, if --log-level does not leave it out. */
void log_line(LogLevel level, const char *format, ...) PRINTF_LIKE(2, 3);
bool log_is_debug(void);

/*
 * The error that ends the program. With --log the file has it as a log line and standard error as
 * plain text; without, a person at a terminal reads plain text, and a caller the log line.
 */
void log_fatal(const char *message);
