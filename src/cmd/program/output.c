/*
 * NO_COLOR (https://no-color.org): any value but the empty one turns colours off.
 */
#include "cmd/program/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/printable.h"

enum { OUTPUT_WIDTH_MIN = 60, OUTPUT_WIDTH_MAX = 110 };

int output_write(const char *text, Error *error)
{
    return output_write_to(STDOUT_FILENO, text, error);
}

int output_write_to(int fd, const char *text, Error *error)
{
    int r = fd_write_all(fd, text, strlen(text));
    return r < 0 ? error_errno(error, r, "cannot write to standard %s",
                               fd == STDOUT_FILENO ? "output" : "error")
                 : 0;
}

void output_error(const char *path, const Error *error)
{
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    strbuf_printf(&line, "%s: ", path);
    printable_add(&line, error->message);
    strbuf_add_char(&line, '\n');
    (void)!fd_write_all(STDERR_FILENO, line.data, line.length);
}

void output_failure(const char *path, int r, const Error *failure, int *first, Error *ret_error)
{
    if (*first < 0) {
        output_error(path, failure);
        return;
    }
    *first = r;
    *ret_error = *failure;
}

UsageStyle output_style(int fd)
{
    UsageStyle style = { 0 };
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0)
        return style; /* not a terminal */
    if (size.ws_col > 0)
        style.width = size.ws_col;
    if (size.ws_col > OUTPUT_WIDTH_MAX)
        style.width = OUTPUT_WIDTH_MAX;
    if (size.ws_col > 0 && size.ws_col < OUTPUT_WIDTH_MIN)
        style.width = OUTPUT_WIDTH_MIN;
    const char *term = getenv("TERM");
    style.colour = str_empty(getenv("NO_COLOR")) && !str_empty(term) && !str_eq(term, "dumb");
    return style;
}
