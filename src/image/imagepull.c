/*
 * Two helpers and one socket between them: we keep neither end once both run.
 */
#include "image/imagepull.h"

#include <errno.h>

#include "base/fd.h"
#include "image/registryhelper.h"

const char *const imagepull_policies[] = { "missing", "always", "never", "newer", NULL };

int imagepull_run(const ImageStore *store, const ImagePull *pull, Arena *arena,
                  ImageAdded *ret_added, Error *error)
{
    Reference reference;
    RegistryHelper registry CLEANUP(registryhelper_done) = REGISTRYHELPER_NONE;
    int r = reference_parse(pull->reference, arena, &reference, error);
    if (r < 0)
        return r;
    RegistryOpen open = pull->access;
    open.domain = reference.domain;
    open.repository = reference.path;
    r = registryhelper_open(&open, &registry, error);
    if (r < 0)
        return error_wrap(error, "%s", reference_familiar(&reference, arena));

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
    const JsonValue *answer;
    ImageAddedList added;
    r = imagehelper_call(store, &call, arena, &answer, error);
    if (r == 0)
        r = imagehelper_added(answer, arena, &added, error);
    if (r == 0 && added.count != 1)
        r = error_set(error, ERROR_SYSTEM, EPROTO, "ambit-image: unexpected answer");
    if (r < 0)
        return error_wrap(error, "%s", reference_familiar(&reference, arena));
    *ret_added = added.items[0];
    return 0;
}
