/*
 * Device nodes and the links of /dev: runtime-spec config-linux.md#default-devices and #devices.
 *
 * On the container's own tmpfs the parent makes them. In a root without such a tmpfs, the host's
 * root makes nodes in place; a container's root cannot, so it gets clones of the host's nodes. An
 * ordinary user can make none at all.
 */
#include <errno.h>
#include <string.h>

#include "runtime/plan_parts.h"

static const struct {
    const char *path;
    uint32_t major, minor;
} plan_default_devices[] = {
    { "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
    { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
    const char *path, *target;
} plan_default_links[] = {
    { "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
    { "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
    { "/dev/ptmx", "pts/ptmx" },
};

/* The path as the step sees it: from the tmpfs, or from the root. */
static const char *plan_device_target(Slot dev, const char *path)
{
    return dev ? path + strlen("/dev") : path;
}

static void plan_device_clone(PlanBuilder *builder, const char *origin, const char *path)
{
    Plan *plan = builder->plan;
    StepMount *mount = arena_alloc(plan->arena, sizeof(*mount));
    Slot slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *clone = plan_add(plan, STEP_MOUNT_CLONE, PHASE_SUPPLY, origin);
    clone->source = path;
    clone->with.mount = mount;
    clone->out = slot;
    Step *attach = plan_add(plan, STEP_MOUNT_ATTACH, PHASE_ROOT, origin);
    attach->target = path;
    plan_use(plan, attach, slot);
}

static void plan_device(PlanBuilder *builder, Slot dev, const char *origin, const char *path,
                        const Device *device)
{
    bool on_tmpfs = dev && str_starts(path, "/dev/");
    if (builder->input->unprivileged || (!on_tmpfs && builder->plan->own_userns)) {
        plan_device_clone(builder, origin, path);
        return;
    }
    Step *step = plan_add(builder->plan, STEP_DEVICE, on_tmpfs ? PHASE_SUPPLY : PHASE_ROOT, origin);
    step->target = plan_device_target(on_tmpfs ? dev : 0, path);
    step->with.device = arena_copy(builder->plan->arena, device, sizeof(*device));
    if (on_tmpfs)
        plan_use(builder->plan, step, dev);
}

static bool plan_device_listed(const Spec *spec, const char *path)
{
    for (size_t i = 0; spec->linux && i < spec->linux->devices.count; i++)
        if (str_eq(spec->linux->devices.items[i].path, path))
            return true;
    return false;
}

static int plan_spec_device(PlanBuilder *builder, Slot dev, size_t index, Error *error)
{
    const SpecDevice *wanted = &builder->input->spec->linux->devices.items[index];
    const char *origin = plan_origin(builder, "linux.devices[%zu]", index);
    char type = wanted->type[0] == 'u' ? 'c' : wanted->type[0];
    if (wanted->major < 0 || wanted->major > UINT32_MAX || wanted->minor < 0 ||
        wanted->minor > UINT32_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "%s: %lld:%lld is not a device number", origin,
                         (long long)wanted->major, (long long)wanted->minor);
    Device device = {
        .type = type,
        .major = (uint32_t)wanted->major,
        .minor = (uint32_t)wanted->minor,
        .mode = wanted->file_mode.set ? wanted->file_mode.value & 07777 : 0666,
        .uid = wanted->uid.set ? wanted->uid.value : 0,
        .gid = wanted->gid.set ? wanted->gid.value : 0,
    };
    plan_device(builder, dev, origin, wanted->path, &device);
    return 0;
}

int plan_devices(PlanBuilder *builder, Slot dev, Error *error)
{
    const Spec *spec = builder->input->spec;
    for (size_t i = 0; i < ARRAY_LEN(plan_default_devices); i++) {
        if (plan_device_listed(spec, plan_default_devices[i].path))
            continue;
        Device device = {
            .type = 'c',
            .major = plan_default_devices[i].major,
            .minor = plan_default_devices[i].minor,
            .mode = 0666,
        };
        plan_device(builder, dev, "default", plan_default_devices[i].path, &device);
    }
    for (size_t i = 0; spec->linux && i < spec->linux->devices.count; i++) {
        int r = plan_spec_device(builder, dev, i, error);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ARRAY_LEN(plan_default_links); i++) {
        Step *step =
            plan_add(builder->plan, STEP_SYMLINK, dev ? PHASE_SUPPLY : PHASE_ROOT, "default");
        step->target = plan_device_target(dev, plan_default_links[i].path);
        step->source = plan_default_links[i].target;
        if (dev)
            plan_use(builder->plan, step, dev);
    }
    return 0;
}
