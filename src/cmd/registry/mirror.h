/*
 * Who else may answer for a registry: containerd's certs.d/HOST/hosts.toml, and podman's
 * registries.conf (version 2) with registries.conf.d. The first that says something about the
 * registry counts; containerd's, which is the more exact, is looked at first.
 */
#pragma once

#include "cmd/registry/session.h"

/* Appends hosts to the session, the first to ask first, for session->open. *ret_complete: the
 * registry itself is among them (or is not to be asked). */
int mirror_read(Session *session, bool *ret_complete, Error *error) MUST_CHECK;
