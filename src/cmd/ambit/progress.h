/*
 * Layers on their way, shown on standard error: bars with rates that stay in place on a terminal,
 * one line per change of state elsewhere, or JSON objects.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/mem.h"

typedef struct ProgressItem {
    const char *digest, *state;
    int64_t current, total; /* bytes */
    int64_t resumed;        /* of `current`: were there before */
} ProgressItem;

typedef struct ProgressLine {
    ProgressItem item;
    double started; /* seconds; of the bytes that count for the rate */
    int64_t started_at;
    double rate; /* bytes per second */
} ProgressLine;

typedef struct Progress {
    Arena arena;
    ProgressLine *lines;
    size_t count;
    bool json, bars;
    size_t drawn; /* lines on the terminal that belong to us */
    double next;  /* seconds: not drawn again before */
} Progress;

void progress_init(Progress *progress, bool json);
void progress_show(Progress *progress, const ProgressItem *item);
/* An event of ambit-image; for ImagePull.on_event. */
void progress_on_event(void *progress, const JsonValue *event);
/* The last picture stays. */
void progress_done(Progress *progress);
