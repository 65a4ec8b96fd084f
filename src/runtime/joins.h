/*
 * What has to be known of namespaces that exist already before a plan for a container in them can
 * be made.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "spec/spec.h"

/* CLONE_NEW... of the namespaces that the spec names by path and over which the user namespace that
 * it names as well has no power: a network that was made for a pod before its user namespace, by
 * the host. What cannot be looked at is left out; joining it will say why. */
uint64_t joins_outside(const Spec *spec);

/* A path may lead to the caller's own namespace, which is the host's mostly: nothing of it is
 * changed by linux.sysctl, hostname and domainname. ERROR_USAGE names the first that would. */
int joins_check_settings(const Spec *spec, Error *error) MUST_CHECK;
