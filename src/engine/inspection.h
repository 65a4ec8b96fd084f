/*
 * The document of `inspect`: docker's names where docker has them (.State, .Config, .HostConfig,
 * .Mounts, .NetworkSettings), then what only ambit knows (.Rung, .FirstHostId, .Spec).
 */
#pragma once

#include "engine/listing.h"

/* `spec` is NULL of a container that does not run. Ends with a line break. */
void inspection_write(const ListingItem *item, const Spec *spec, StrBuf *ret_text);
