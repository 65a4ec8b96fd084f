/*
 * What every command on containers begins with: the engine's directories, from the global options.
 */
#pragma once

#include "commands.h"
#include "engine/engine.h"

int session_open(const CommandCall *call, EngineUse use, Engine *ret_engine, Error *error)
    MUST_CHECK;

/*
 * Runs `act` for each argument of a command (`rm a b c`) and prints the argument after each
 * success, as docker does, unless `act` returned SESSION_NOTHING: there was nothing to be done. All
 * are tried; the first error is returned, further ones are printed.
 */
enum { SESSION_NOTHING = 1 };
typedef int SessionAct(const Engine *engine, CommandCall *call, const char *word, Error *error);
int session_each(CommandCall *call, SessionAct *act, Error *error) MUST_CHECK;
