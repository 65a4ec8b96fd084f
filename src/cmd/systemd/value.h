/*
 * D-Bus values from JSON, by their signature: dbus.freedesktop.org, "Type System".
 */
#pragma once

#include <systemd/sd-bus.h>

#include "base/json.h"

/*
 * Appends one complete value: b, y, n, q, i, u, x, t, d, s, o, arrays of any of these and of
 * structs (JSON arrays both). ERROR_USAGE where value and signature do not fit; `name` is for the
 * message.
 */
int value_append(sd_bus_message *message, const char *name, const char *signature,
                 const JsonValue *value, Error *error) MUST_CHECK;
