/*
 * `image verify`: is an image still what its digests say, packed and unpacked?
 */
#include "base/printable.h"
#include "cmd/program/output.h"
#include "image/imagehelper.h"
#include "image_session.h"

static int image_verify_one(const ImageSession *session, const char *word, Arena *arena,
                            StrBuf *text, size_t *problems, Error *error)
{
    Image image;
    const JsonValue *answer;
    int r = image_resolve(&session->store, word, arena, &image, error);
    ImageHelperCall helper = { .command = "verify", .data_fd = -1 };
    if (r < 0)
        return r;
    strlist_append(arena, &helper.options, "--image");
    strlist_append(arena, &helper.options, image.id);
    r = imagehelper_call(&session->store, &helper, arena, &answer, error);
    if (r < 0)
        return error_wrap(error, "%.200s", word);
    const JsonValue *list = json_member(answer, "problems");
    size_t count = 0;
    for (const JsonValue *item = list && list->type == JSON_ARRAY ? list->first : NULL; item;
         item = item->next, count++) {
        printable_add(text, word);
        strbuf_add(text, ": ");
        printable_add(text, item->type == JSON_STRING ? item->string : "?");
        strbuf_add_char(text, '\n');
    }
    if (count == 0) {
        printable_add(text, word);
        strbuf_printf(text, ": %zu layers are what %s says\n", image.layers.count, image.id);
    }
    *problems += count;
    return 0;
}

static int image_verify_run(CommandCall *call, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    size_t problems = 0;
    int r = image_session_open(call, ENGINE_LOOK, &session, error);
    for (size_t i = 0; r == 0 && i < call->argument_count; i++)
        r = image_verify_one(&session, call->arguments[i], call->arena, &text, &problems, error);
    call->exit_status = problems > 0 ? 1 : 0;
    int written = output_write(strbuf_text(&text), error);
    return r < 0 ? r : written;
}

const Command image_verify_command = {
    .name = "verify",
    .summary = "Compare an image with its digests, file by file",
    .description = "Computes the digest of every blob, unpacks every layer once more beside the "
                   "store's and compares the two: names, contents, owners, modes, times, "
                   "attributes. Takes as long and as much disk as loading the image; exits with 1 "
                   "if something differs. `image check --repair` unpacks a layer again that was "
                   "removed.",
    .arguments = "IMAGE...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "image",
    .examples = "# was something changed below /var/lib/ambit?\n"
                "ambit image verify $(ambit images -q)\n",
    .run = image_verify_run,
};
