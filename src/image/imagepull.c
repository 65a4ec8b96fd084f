/*
 * Two helpers and one socket between them: we keep neither end once both run.
 */
#include "image/imagepull.h"

#include <errno.h>

#include "base/fd.h"
#include "image/registryhelper.h"
#include "linux/machine.h"

const char *const imagepull_policies[] = { "missing", "always", "never", "newer", NULL };

/* *ret_reference without a tag beside a digest, which says nothing then. */
static int imagepull_open(const ImagePull *pull, Arena *arena, Reference *ret_reference,
                          RegistryHelper *ret_registry, Error *error)
{
    RegistryOpen open = pull->access;
    Reference reference;
    int r = reference_parse(pull->reference, arena, &reference, error);
    if (r < 0)
        return r;
    if (reference.digest)
        reference.tag = NULL;
    registrycall_name(&open, &reference, arena);
    r = registryhelper_open(&open, ret_registry, error);
    if (r < 0)
        return error_wrap(error, "%s", reference_familiar(&reference, arena));
    *ret_reference = reference;
    return 0;
}

/* Chosen from an index, it is the right one for this machine or another one. */
static bool imagepull_fits(const ImagePull *pull, const Image *image, Arena *arena)
{
    if (!image->origin)
        return true;
    if (pull->whole && !image->whole)
        return false;
    return pull->options.count == 0 &&
           str_eq(image->config.architecture, machine_architecture(arena));
}

int imagepull_is_current(const ImagePull *pull, const Image *image, Arena *arena, bool *ret_current,
                         Error *error)
{
    Reference reference;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    RegistryReply reply;
    int r = imagepull_open(pull, arena, &reference, &registry, error);
    if (r < 0)
        return r;
    RegistryRequest request = { .operation = REGISTRY_RESOLVE,
                                .name = reference.digest ? reference.digest : reference.tag };
    r = registryhelper_ask(&registry, request, NULL, arena, &reply, error);
    if (r < 0)
        return error_wrap(error, "%s", reference_familiar(&reference, arena));
    const char *stored = image->origin ? image->origin : image->manifest_digest;
    *ret_current = str_eq(reply.digest, stored) && imagepull_fits(pull, image, arena);
    return 0;
}

int imagepull_run(const ImageStore *store, const ImagePull *pull, Arena *arena,
                  ImageAdded *ret_added, Error *error)
{
    Reference reference;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    int r = imagepull_open(pull, arena, &reference, &registry, error);
    if (r < 0)
        return r;
    ImageHelperCall call = {
        .command = "pull",
        .data_fd = registry.socket,
        .on_event = pull->on_event,
        .event_context = pull->event_context,
    };
    strlist_append(arena, &call.options, "--name");
    strlist_append(arena, &call.options, reference_text(&reference, arena));
    for (size_t i = 0; i < pull->options.count; i++)
        strlist_append(arena, &call.options, pull->options.items[i]);
    if (pull->whole)
        strlist_append(arena, &call.options, "--whole");
    ImageAddedList added;
    r = imagehelper_add(store, &call, arena, &added, error);
    if (r == 0 && added.count != 1)
        r = error_set(error, ERROR_SYSTEM, EPROTO, "ambit-image: unexpected answer");
    if (r < 0)
        return error_wrap(error, "%s", reference_familiar(&reference, arena));
    *ret_added = added.items[0];
    return 0;
}
