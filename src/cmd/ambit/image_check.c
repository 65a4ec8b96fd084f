/*
 * Looking only, without digests, is done here; repairing (a lost layer is unpacked again from its
 * blob) and digests are the helper's work.
 */
#include "image_check.h"

#include "base/printable.h"
#include "cmd/program/output.h"
#include "image/imagecheck.h"
#include "image/imagehelper.h"

/* `reason`: why it could not be repaired; may be NULL. */
static void image_check_line(const char *subject, const char *problem, bool repaired,
                             const char *reason, StrBuf *text)
{
    strbuf_add(text, "image ");
    printable_add(text, subject);
    strbuf_add(text, ": ");
    printable_add(text, problem);
    if (repaired)
        strbuf_add(text, " (repaired)");
    if (reason) {
        strbuf_add(text, " (not repaired: ");
        printable_add(text, reason);
        strbuf_add_char(text, ')');
    }
    strbuf_add_char(text, '\n');
}

static int image_check_here(const ImageSession *session, const ImageGcUse *use, Arena *arena,
                            StrBuf *text, ImageCheckCount *count, Error *error)
{
    ImageProblems problems;
    ImageCheck check = { .use = use };
    int r = imagecheck_run(&session->store, &check, arena, &problems, error);
    for (size_t i = 0; r == 0 && i < problems.count; i++)
        image_check_line(problems.items[i].subject, problems.items[i].text, false, NULL, text);
    count->findings = r == 0 ? problems.count : 0;
    return r;
}

static bool image_check_is_true(const JsonValue *value)
{
    return value && value->type == JSON_BOOL && value->boolean;
}

static int image_check_helper(const ImageSession *session, const ImageCheckOptions *options,
                              const ImageGcUse *use, Arena *arena, const JsonValue **ret_problems,
                              Error *error)
{
    ImageHelperCall call = { .command = "check", .data_fd = -1 };
    if (options->repair)
        strlist_append(arena, &call.options, "--repair");
    if (options->deep)
        strlist_append(arena, &call.options, "--deep");
    for (size_t i = 0; i < use->layers.count; i++) {
        strlist_append(arena, &call.options, "--layer-in-use");
        strlist_append(arena, &call.options, use->layers.items[i]);
    }
    const JsonValue *answer;
    int r = imagehelper_call(&session->store, &call, arena, &answer, error);
    if (r == 0)
        *ret_problems = json_member(answer, "problems");
    return r;
}

int image_check_add(const ImageSession *session, const ImageCheckOptions *options, Arena *arena,
                    StrBuf *text, ImageCheckCount *ret_count, Error *error)
{
    ImageGcUse use;
    const JsonValue *problems = NULL;
    *ret_count = (ImageCheckCount){ 0 };
    int r = image_session_use(session, arena, &use, error);
    if (r == 0 && !options->repair && !options->deep)
        return image_check_here(session, &use, arena, text, ret_count, error);
    if (r == 0)
        r = image_check_helper(session, options, &use, arena, &problems, error);
    if (r < 0 || !problems || problems->type != JSON_ARRAY)
        return r;
    for (const JsonValue *item = problems->first; item; item = item->next) {
        bool repaired = image_check_is_true(json_member(item, "repaired"));
        image_check_line(json_member_string(item, "subject"), json_member_string(item, "problem"),
                         repaired, json_member_string(item, "reason"), text);
        ret_count->findings++;
        ret_count->repaired += repaired;
    }
    return 0;
}

static const Option image_check_options[] = {
    { 0, "repair", OPTION_FLAG(ImageCheckOptions, repair), NULL,
      "Remove leftovers and lost images, unpack missing layers again" },
    { 0, "deep", OPTION_FLAG(ImageCheckOptions, deep), NULL,
      "Compute the digest of every blob (reads all of them)" },
    { 'q', "quiet", OPTION_FLAG(ImageCheckOptions, quiet), NULL, "Print findings only" },
    OPTION_END,
};

static int image_check_run(CommandCall *call, Error *error)
{
    const ImageCheckOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    ImageCheckCount count;
    int r =
        image_session_open(call, options->repair ? ENGINE_CHANGE : ENGINE_LOOK, &session, error);
    if (r == 0)
        r = image_check_add(&session, options, call->arena, &text, &count, error);
    if (r < 0)
        return r;
    if (!options->quiet)
        strbuf_printf(&text, "%zu finding%s, %zu repaired\n", count.findings,
                      count.findings == 1 ? "" : "s", count.repaired);
    call->exit_status = count.repaired < count.findings ? 1 : 0;
    return output_write(strbuf_text(&text), error);
}

const Command image_check_command = {
    .name = "check",
    .summary = "Find what is missing, damaged or left over in the image store",
    .description = "Compares the disk with what index.json promises. Exits with 1 if something is "
                   "left to repair. Part of `system check`.",
    .options = image_check_options,
    .values_size = sizeof(ImageCheckOptions),
    .run = image_check_run,
};
