/*
 * Named and anonymous volumes: <root>/volumes/<name>/data.
 */
#pragma once

#include "engine/build.h"
#include "engine/engine.h"
#include "runtime/plan_build.h"

/*
 * Makes the volume if it is new. A new one gets what the image has at the mount's target, as
 * docker's users expect; `layers` NULL: nothing to copy from. All or nothing: a volume that
 * exists has its whole first content.
 */
int volume_make(const Engine *engine, const BuildVolume *volume, const PlanLayers *layers,
                Error *error) MUST_CHECK;
