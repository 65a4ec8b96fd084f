/*
 * What the helper is asked to do, from its command line, and what it answers: one JSON document on
 * standard output. Descriptor 3 is the store's directory, descriptor 4 what is read or written, or
 * the socket of ambit-registry; to descriptor 5, if it is open, progress is told, one JSON object a
 * line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "cmd/image/intake.h"

enum { REQUEST_STORE_FD = 3, REQUEST_DATA_FD = 4, REQUEST_EVENT_FD = 5 };

typedef struct Request {
    StrList names; /* references to give; load: only if the archive holds one image; pull: what is
                      wanted */
    StrList only;  /* load: references to take */
    const char *architecture, *variant;
    bool whole; /* pull, load: with everything else in the index that the image is chosen from */
    const char *config;                        /* import: an image config's `config` as JSON */
    const char *message, *author, *created_by; /* import, commit: what history says */
    const char *image;                         /* commit: id of the image below; verify */
    StrList layers; /* commit: the directory of changes; export: all, topmost first. Paths in the
                       store */
    const char *created; /* import: RFC 3339 */
    bool repair, deep;
    StrList layers_in_use; /* check */
    IntakeLimits limits;
} Request;

typedef struct RequestContext {
    const Request *request;
    const ImageStore *store;
    int data_fd;  /* the stream or socket, or a detached read-only tree; -1: none */
    int event_fd; /* -1: nobody wants to know */
    bool data_is_dir;
    Arena *arena;
    JsonWriter *answer;
} RequestContext;

/* Each answers with one JSON object. */
int load_run(const RequestContext *context, Error *error) MUST_CHECK;
int commit_run(const RequestContext *context, Error *error) MUST_CHECK;
int export_run(const RequestContext *context, Error *error) MUST_CHECK;
int import_run(const RequestContext *context, Error *error) MUST_CHECK;
int pull_run(const RequestContext *context, Error *error) MUST_CHECK;
int restore_run(const RequestContext *context, Error *error) MUST_CHECK;
int verify_run(const RequestContext *context, Error *error) MUST_CHECK;
int check_run(const RequestContext *context, Error *error) MUST_CHECK;

/* {"images": [{"names": [...], "id": "sha256:...", "manifest": "sha256:..."}]} */
void request_answer_images(const RequestContext *context, const Intake *intake);
