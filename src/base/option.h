/*
 * Options as a table: one row says how an option is written, where its value goes in the command's
 * own struct, and how it is explained. Parsing, --help, shell completion and the man page read the
 * same rows.
 *
 *     typedef struct PullOptions { bool quiet; const char *platform; } PullOptions;
 *     static const Option pull_options[] = {
 *         { 'q', "quiet", OPTION_FLAG(PullOptions, quiet), NULL, "Print only the digest" },
 *         OPTION_HEADING("Image"),
 *         { 0, "platform", OPTION_STRING(PullOptions, platform), "OS/ARCH", "..." },
 *         OPTION_END,
 *     };
 *
 * Spelling is docker's and GNU's: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -n=VALUE, flags in
 * clusters (-it, -iteA=B), --flag=false, and "--" for the end of the options. A line may ask for
 * Go's besides, which runc's callers know: -name VALUE, -name=VALUE, --n VALUE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

typedef enum OptionKind {
    OPTION_KIND_END,         /* last row */
    OPTION_KIND_HEADING,     /* `help` is the title of the rows that follow */
    OPTION_KIND_FLAG,        /* bool */
    OPTION_KIND_TRISTATE,    /* OptionTristate: tells "not given" from "given as false" */
    OPTION_KIND_STRING,      /* const char *; the last one given counts */
    OPTION_KIND_LIST,        /* StrList; each one given is appended */
    OPTION_KIND_ENUM,        /* an int or enum: the index of the word in `words` */
    OPTION_KIND_U64,         /* uint64_t, `min` to `max` */
    OPTION_KIND_I64,         /* int64_t, `min` to `max` */
    OPTION_KIND_BYTES,       /* uint64_t: docker's sizes (base/str.h) */
    OPTION_KIND_CUSTOM,      /* parse() decides */
    OPTION_KIND_CUSTOM_FLAG, /* parse() decides; takes no value, `value` is "true" or "false" */
    OPTION_KIND_REFUSED,     /* a word people know from elsewhere; using it fails with `help` */
} OptionKind;

typedef enum OptionTristate { OPTION_UNSET, OPTION_FALSE, OPTION_TRUE } OptionTristate;

typedef struct Option Option;

/*
 * A row's own reading of a value, into the whole struct of the command. An error message begins
 * with the value ("'12x' is not a size"): the parser puts "--name: " before it. option->name is as
 * it was written: the alias, if that was, for messages that come later.
 */
typedef int OptionParse(void *values, const Option *option, const char *value, Arena *arena,
                        Error *error);

struct Option {
    char letter; /* 0: none */
    const char *name;
    OptionKind kind;
    size_t offset;            /* of the member in the command's struct */
    OptionParse *parse;       /* OPTION_KIND_CUSTOM* */
    const char *const *words; /* OPTION_KIND_ENUM: NULL-terminated */
    /* Written after the macro that fills the four members above: */
    const char *value; /* what --help calls the value: "SIZE"; NULL for flags */
    const char *help;  /* one sentence without a full stop */
    /* By name, where needed: */
    const char *alias;     /* a second long name, not shown in --help */
    int64_t min, max;      /* U64 and I64; both 0: the whole range */
    const char *env;       /* STRING: the environment variable that serves when it is not given */
    const char *implied;   /* kinds with a value: it may be left out, and is then this; one that is
                              given needs the '=' ("--net", "--net=host") */
    const char *completes; /* "file", "directory" or a word of the program's own ("image") */
    /* Words that completion offers for other kinds, NULL-terminated. Behind one that ends with ':'
     * ("container:") stands what it says, a `completes`. */
    const char *const *choices;
    bool hidden; /* parsed, not shown */
};

/* The size of an array with a negative bound stops the build where the member's type is wrong. */
#define OPTION_OFFSET(type, member, expected)                                                   \
    offsetof(type, member) +                                                                    \
        0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), expected) \
                            ? 1                                                                 \
                            : -1])

#define OPTION_FIELD(k, type, member, expected)                                              \
    .kind = OPTION_KIND_##k, .offset = OPTION_OFFSET(type, member, expected), .parse = NULL, \
    .words = NULL
#define OPTION_FLAG(type, member)     OPTION_FIELD(FLAG, type, member, bool)
#define OPTION_TRISTATE(type, member) OPTION_FIELD(TRISTATE, type, member, OptionTristate)
#define OPTION_STRING(type, member)   OPTION_FIELD(STRING, type, member, const char *)
#define OPTION_LIST(type, member)     OPTION_FIELD(LIST, type, member, StrList)
#define OPTION_U64(type, member)      OPTION_FIELD(U64, type, member, uint64_t)
#define OPTION_I64(type, member)      OPTION_FIELD(I64, type, member, int64_t)
#define OPTION_BYTES(type, member)    OPTION_FIELD(BYTES, type, member, uint64_t)
#define OPTION_ENUM(type, member, word_list)                                         \
    .kind = OPTION_KIND_ENUM,                                                        \
    .offset = offsetof(type, member) +                                               \
              0 * sizeof(char[sizeof(((type *)0)->member) == sizeof(int) ? 1 : -1]), \
    .parse = NULL, .words = (word_list)
/* parse() finds the member, if it wants one, by option->offset. */
#define OPTION_CUSTOM(type, member, function) \
    .kind = OPTION_KIND_CUSTOM, .offset = offsetof(type, member), .parse = (function), .words = NULL
#define OPTION_CUSTOM_FLAG(type, member, function)                                          \
    .kind = OPTION_KIND_CUSTOM_FLAG, .offset = offsetof(type, member), .parse = (function), \
    .words = NULL

#define OPTION_HEADING(title)                        \
    {                                                \
        .kind = OPTION_KIND_HEADING, .help = (title) \
    }
#define OPTION_REFUSE(char_or_0, long_name, reason)                                                \
    {                                                                                              \
        .letter = (char_or_0), .name = (long_name), .kind = OPTION_KIND_REFUSED, .help = (reason), \
        .hidden = true                                                                             \
    }
#define OPTION_END              \
    {                           \
        .kind = OPTION_KIND_END \
    }

/* The member an option's value goes to. */
static inline void *option_member(void *values, const Option *option)
{
    return (char *)values + option->offset;
}

/* True for the kinds that are complete without a value. */
bool option_is_flag(const Option *option);
/* A row that can be given on a command line: neither a heading nor the end. */
bool option_is_real(const Option *option);
/* By long name or alias (`length` bytes of it), or by letter; NULL if there is none. */
const Option *option_find(const Option *options, const char *name, size_t length);
const Option *option_find_letter(const Option *options, char letter);

typedef enum OptionMode {
    OPTION_PERMUTE,          /* options may follow arguments: `rm web -f` */
    OPTION_STOP_AT_ARGUMENT, /* the first argument ends the options: `run IMAGE ls -l` */
} OptionMode;

enum { OPTION_HELP = 1 }; /* a positive answer of option_parse: --help (or a free -h) was given */

/* What is read: words[0..count), with a table that may be NULL. */
typedef struct OptionLine {
    const Option *options;
    OptionMode mode;
    char *const *words;
    size_t count;
    bool go_spelling;
} OptionLine;

/*
 * Reads the line into `values`; what is not an option goes to *ret_arguments, in order. Strings in
 * `values` point into the words or the arena. Returns 0, OPTION_HELP, or a negative errno with one
 * line that names the option and the cause.
 */
int option_parse(const OptionLine *line, void *values, Arena *arena, StrList *ret_arguments,
                 Error *error) MUST_CHECK;
