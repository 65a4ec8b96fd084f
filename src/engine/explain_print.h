/*
 * The explanation for people: sections of rows, a row being a label and a text that is wrapped
 * beside it.
 */
#pragma once

#include "base/usage.h"
#include "engine/explanation.h"

/* all_mounts: every mount, not only those that tell something. */
void explain_print_text(const Explanation *explanation, const UsageStyle *style, bool all_mounts,
                        StrBuf *ret_text);

/* For the explain_print_*.c files: */
typedef struct ExplainPrint {
    const Explanation *explanation;
    const UsageStyle *style;
    bool all_mounts;
    StrBuf *text;
} ExplainPrint;

void explain_print_section(ExplainPrint *print, const char *title);
/* The text is a stranger's or holds a stranger's: it is made printable here. label NULL: none. */
void explain_print_row(ExplainPrint *print, const char *label, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* explain_print_files.c */
void explain_print_files(ExplainPrint *print);
/* explain_print_limits.c */
void explain_print_cgroup(ExplainPrint *print);
void explain_print_rlimits(ExplainPrint *print);
