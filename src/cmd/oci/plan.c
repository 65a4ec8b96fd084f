/*
 * `plan`: the bundle's plan in words. Nothing is made, and no root is needed for it.
 */
#include "runtime/plan_print.h"

#include "cmd/program/output.h"
#include "instance.h"

static const Option plan_options[] = {
    { 'b', "bundle", OPTION_STRING(InstanceOptions, bundle), "DIR", "The bundle (default: here)",
      .completes = "directory" },
    OPTION_END,
};

static int plan_run(CommandCall *call, Error *error)
{
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.options = call->values;
    instance.arena = call->arena;
    const char *id = call->argument_count ? call->arguments[0] : "ID";
    int r = instance_read(&instance, id, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    plan_print(&instance.plan, &text);
    return output_write(strbuf_text(&text), error);
}

const Command plan_command = {
    .name = "plan",
    .summary = "Show every step that would make the container, without doing one",
    .arguments = "[ID]",
    .arguments_max = 1,
    .options = plan_options,
    .values_size = sizeof(InstanceOptions),
    .run = plan_run,
};
