/*
 * --help: the same rendering for every command of every program.
 */
#include <unistd.h>

#include "cmd/program/output.h"
#include "cmd/program/program.h"

int program_help(const CommandCall *call, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    UsageStyle style = output_style(STDOUT_FILENO);
    usage_render(call->command, call->path, &style, &text);
    return output_write(strbuf_text(&text), error);
}
