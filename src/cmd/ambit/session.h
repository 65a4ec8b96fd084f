/*
 * What every command on containers begins with: the engine's directories, from the global options.
 */
#pragma once

#include "commands.h"
#include "engine/engine.h"

int session_open(const CommandCall *call, EngineUse use, Engine *ret_engine, Error *error)
    MUST_CHECK;

enum { SESSION_NOTHING = 1 };
typedef int SessionAct(const Engine *engine, CommandCall *call, const char *word, Error *error);
/* podman's words for the containers that a command is about, besides its arguments. */
typedef struct SessionChoice {
    bool all;    /* all that there are, or of a command on what runs, all that run */
    bool ignore; /* one that is not there is no error */
    StrList cidfiles;
} SessionChoice;
#define SESSION_CHOICE(type, what)                                                                \
    { 'a', "all", OPTION_FLAG(type, choice.all), NULL, what },                                    \
        { 'i', "ignore", OPTION_FLAG(type, choice.ignore), NULL,                                  \
          "A container that is not there is no error" },                                          \
    {                                                                                             \
        0, "cidfile", OPTION_LIST(type, choice.cidfiles), "FILE",                                 \
            "Also the container whose id `run --cidfile` wrote (repeatable)", .completes = "file" \
    }

/*
 * Runs `act` for each of them (`rm a b c`) and prints the word after each success, as docker does,
 * unless `act` returned SESSION_NOTHING: there was nothing to be done. All are tried; the first
 * error is returned, further ones are printed. `running`: only what runs is meant by --all.
 */
int session_chosen(CommandCall *call, const SessionChoice *choice, bool running, SessionAct *act,
                   Error *error) MUST_CHECK;
