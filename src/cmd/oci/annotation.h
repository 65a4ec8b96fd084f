/*
 * Annotations of config.json that change what is done with a container: crun(1), "Extensions to
 * OCI". Those of systemd are runtime/scope.h's.
 */
#pragma once

#include "base/error.h"
#include "spec/spec.h"

/* "1" and anything but "0" and "false". */
bool annotation_is_set(const Spec *spec, const char *key);

/*
 * Puts what they ask for into the spec, which was not judged yet. Refused are those without which
 * the container would have a weaker boundary than its author counts on; all others do nothing.
 */
int annotation_apply(Spec *spec, Error *error) MUST_CHECK;

/* Those that do something, for `features`: NULL-terminated; with '.' at its end, all that begin so.
 */
extern const char *const annotation_keys[];
