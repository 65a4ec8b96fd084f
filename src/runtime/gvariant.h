/*
 * Values in GVariant's text format, as engines write them into annotations
 * (org.systemd.property.TimeoutStopUSec = "uint64 5000000").
 */
#pragma once

#include "base/json.h"

/*
 * Booleans, strings, numbers with or without their type's word (byte, int16 ... uint64, double),
 * and arrays of these; "@as []" for an empty array. The value as JSON, and its D-Bus signature;
 * both in the arena. ERROR_USAGE says at which byte it went wrong.
 */
int gvariant_parse(const char *text, Arena *arena, const char **ret_signature,
                   const JsonValue **ret_value, Error *error) MUST_CHECK;
