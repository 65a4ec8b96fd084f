/*
 * The program `ambit-image`, which reads archives and computes digests for us in a sandbox of its
 * own (src/cmd/image/main.c has its protocol): finding it, starting it, understanding its answer.
 *
 * It is looked for in $AMBIT_LIBEXEC (tests), beside the running program, in ../libexec/ambit from
 * there, and where `make install` put it.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "image/image.h"
#include "image/imagestore.h"

typedef struct ImageHelperCall {
    const char *command; /* "load", "import", "check", "pull", "push", ... */
    int data_fd;         /* the archive or directory to read, or the socket of ambit-registry; -1 */
    StrList options;     /* "--name", "base", ... */
    /* Called with each object that tells progress (pull, push); NULL: none is wanted. */
    void (*on_event)(void *context, const JsonValue *event);
    void *event_context;
} ImageHelperCall;

/* Runs it to its end. Its JSON answer lives in the arena; its error becomes ours. */
int imagehelper_call(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                     const JsonValue **ret_answer, Error *error) MUST_CHECK;

/* What the answer says was added. */
typedef struct ImageAdded {
    StrList names; /* whole references; may be empty */
    const char *id, *manifest_digest;
    const char *origin; /* pull: digest of the index that the name stands for; NULL: the manifest */
} ImageAdded;
typedef struct ImageAddedList {
    ImageAdded *items;
    size_t count;
} ImageAddedList;

/* A call that adds images: "load", "import", "commit", "pull". */
int imagehelper_add(const ImageStore *store, const ImageHelperCall *call, Arena *arena,
                    ImageAddedList *ret_added, Error *error) MUST_CHECK;

/* Appends the options that stand for a platform. */
void imagehelper_say_platform(const OciPlatform *platform, Arena *arena, StrList *options);

/* image_variant of what `text` names, with its layers, which are unpacked where they are missing.
 */
int imagehelper_variant(const ImageStore *store, const char *text, const OciPlatform *platform,
                        Arena *arena, Image *ret_image, Error *error) MUST_CHECK;

/* Does `text` name the image that comes with the program, and that no registry is asked for? */
bool imagehelper_is_base(const char *text, Arena *arena);

/*
 * image_resolve; and if the image "base" (docker.io/library/base:latest) is not stored, it is
 * loaded from the archive that comes with the program: ../base.tar or ../share/ambit/base.tar from
 * the program's directory, or where `make install` put it ($AMBIT_DATADIR first, for tests).
 */
int imagehelper_resolve(const ImageStore *store, const char *text, Arena *arena, Image *ret_image,
                        Error *error) MUST_CHECK;
