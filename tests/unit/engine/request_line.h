/*
 * Requests for tests: a command line of `ambit run`, split at blanks, read by the real option
 * table.
 */
#pragma once

#include "base/error.h"
#include "cmd/ambit/run_options.h"
#include "engine/request.h"

/* "-it --rm alpine ls". "~" in a word stands for a blank. Returns as option_parse does. */
static inline int request_from_line(const char *line, Arena *arena, RunRequest *ret_request,
                                    Error *error)
{
    StrList words = strlist_split(arena, line, ' ');
    StrList arguments = { 0 };
    for (size_t i = 0; i < words.count; i++)
        for (char *p = words.items[i]; *p; p++)
            if (*p == '~')
                *p = ' ';
    *ret_request = request_defaults;
    OptionLine wanted = { run_options, OPTION_STOP_AT_ARGUMENT, words.items, words.count };
    int r = option_parse(&wanted, ret_request, arena, &arguments, error);
    return r ? r : run_options_finish(ret_request, arguments.items, arguments.count, arena, error);
}
