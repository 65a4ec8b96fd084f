/*
 * The trap: podman puts an image's annotations among the container's. What is here may therefore
 * take rights away from the container or say who its agent is, and must not name files of the host
 * that are written (crun's run.oci.hooks.stdout).
 */
#include "annotation.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/filter.h"

#define ANNOTATION_RECEIVER     "run.oci.seccomp.receiver"
#define ANNOTATION_FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"

const char *const annotation_keys[] = {
    "org.systemd.property.",        "run.oci.handler",
    "run.oci.keep_original_groups", ANNOTATION_RECEIVER,
    "run.oci.seccomp.plugins",      "run.oci.seccomp_bpf_data",
    ANNOTATION_FAIL_UNKNOWN,        NULL,
};

static const struct {
    const char *key, *why;
} annotation_refused[] = {
    { "run.oci.handler", "containers are processes here, no virtual machines and no WebAssembly" },
    { "run.oci.seccomp.plugins",
      "no plugins are loaded: linux.seccomp.listenerPath names an agent" },
    { "run.oci.seccomp_bpf_data", "the filter is linux.seccomp's" },
};

bool annotation_is_set(const Spec *spec, const char *key)
{
    const char *value = strmap_get(&spec->annotations, key);
    return value && !str_eq(value, "0") && !str_eq(value, "false");
}

static int annotation_refuse(const Spec *spec, Error *error)
{
    for (size_t i = 0; i < ARRAY_LEN(annotation_refused); i++) {
        const char *value = strmap_get(&spec->annotations, annotation_refused[i].key);
        if (!str_empty(value))
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "annotations.%s: '%.64s': %s",
                             annotation_refused[i].key, value, annotation_refused[i].why);
    }
    return 0;
}

static int annotation_check_names(const SpecSeccomp *seccomp, Error *error)
{
    StrBuf names CLEANUP(strbuf_done) = { 0 };
    filter_unknown_names(seccomp, &names);
    if (names.length == 0)
        return 0;
    return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                     "annotations." ANNOTATION_FAIL_UNKNOWN
                     ": linux.seccomp has system calls that are not known: %s",
                     strbuf_text(&names));
}

int annotation_apply(Spec *spec, Error *error)
{
    int r = annotation_refuse(spec, error);
    SpecSeccomp *seccomp = spec->linux ? spec->linux->seccomp : NULL;
    if (r < 0 || !seccomp)
        return r;
    const char *receiver = strmap_get(&spec->annotations, ANNOTATION_RECEIVER);
    if (str_empty(seccomp->listener_path))
        seccomp->listener_path = receiver ? receiver : getenv("RUN_OCI_SECCOMP_RECEIVER");
    return annotation_is_set(spec, ANNOTATION_FAIL_UNKNOWN) ? annotation_check_names(seccomp, error)
                                                            : 0;
}
