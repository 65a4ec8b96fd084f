/*
 * `state`: the record, with a status that is looked up now.
 */
#include "cmd/program/output.h"
#include "instance.h"

static int state_run(CommandCall *call, Error *error)
{
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    int r = instance_open(&instance, call, false, error);
    if (r < 0)
        return r;
    OciState state = record_state(&instance.record, instance_status(&instance));
    state.owner = record_owner(&instance.place, call->arena);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    oci_state_encode(&state, true, &text);
    return output_write(strbuf_text(&text), error);
}

const Command state_command = {
    .name = "state",
    .summary = "Print the state of a container as JSON",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .run = state_run,
};
