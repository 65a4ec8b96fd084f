/*
 * The answer that load and import have in common.
 */
#include "cmd/image/request.h"

void request_answer_images(const RequestContext *context, const Intake *intake)
{
    JsonWriter *w = context->answer;
    json_write_object(w);
    json_write_key(w, "images");
    json_write_array(w);
    for (size_t i = 0; i < intake->image_count; i++) {
        const IntakeImage *image = &intake->images[i];
        json_write_object(w);
        json_write_key(w, "names");
        json_write_array(w);
        for (size_t j = 0; j < image->names.count; j++)
            json_write_string(w, image->names.items[j]);
        json_write_end_array(w);
        json_write_key(w, "id");
        json_write_string(w, image->id);
        json_write_key(w, "manifest");
        json_write_string(w, image->manifest.digest);
        if (image->origin) {
            json_write_key(w, "origin");
            json_write_string(w, image->origin);
        }
        json_write_end_object(w);
    }
    json_write_end_array(w);
    json_write_end_object(w);
}
