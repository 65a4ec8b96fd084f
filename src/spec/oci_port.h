/*
 * Ports as EXPOSE, --expose and an image's config write them (image-spec config.md, ExposedPorts):
 * "80", "80/udp", "8000-8010/tcp". A word about what listens, nothing more.
 */
#pragma once

#include "base/str.h"

/* Appends what `text` says, "80/tcp" for each port, without those that are there. Returns 0 or
 * -EINVAL; the list is untouched on failure. */
int oci_port_add(const char *text, Arena *arena, StrList *ports) MUST_CHECK;

/* For people, as docker's `ps`: neighbours as ranges, "80/tcp, 8000-8010/tcp". */
char *oci_port_summary(const StrList *ports, Arena *arena);
