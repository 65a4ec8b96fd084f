/* Instructions of a Containerfile on an image's config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/imagechange.h"

/* What the config looks like after the instructions, as compact JSON. */
static const char *apply(const char *const *instructions, Arena *arena)
{
    OciImageConfig config = { 0 };
    Error error = { 0 };
    for (size_t i = 0; instructions[i]; i++)
        if (imagechange_apply(&config, instructions[i], arena, &error) < 0)
            return arena_printf(arena, "! %s", error.message);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(&oci_image_config_table, &config, false, &text);
    return arena_strdup(arena, strbuf_text(&text));
}

static void instructions_change_the_config(void **state)
{
    (void)state;
    static const struct {
        const char *instructions[4];
        const char *config;
    } rows[] = {
        { { "CMD [\"a\", \"b c\"]" }, "{\"Cmd\":[\"a\",\"b c\"]}" },
        { { "cmd echo $HOME  x" }, "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo $HOME  x\"]}" },
        { { "CMD []" }, "{}" },
        { { "ENTRYPOINT [\"/e\"]", "ENTRYPOINT [\"/f\"]" }, "{\"Entrypoint\":[\"/f\"]}" },
        { { "ENV A=1 B='x y' C=\"q\\\"z\"" }, "{\"Env\":[\"A=1\",\"B=x y\",\"C=q\\\"z\"]}" },
        { { "ENV A 1", "ENV A=2", "ENV AB=3" }, "{\"Env\":[\"A=2\",\"AB=3\"]}" },
        { { "ENV A=" }, "{\"Env\":[\"A=\"]}" },
        { { "EXPOSE 80 53/udp 80/tcp" }, "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}" },
        { { "LABEL a.b=c \"d e\"=f" }, "{\"Labels\":{\"a.b\":\"c\",\"d e\":\"f\"}}" },
        { { "USER 1000:100" }, "{\"User\":\"1000:100\"}" },
        { { "VOLUME /a /b", "VOLUME [\"/a\", \"/c d\"]" },
          "{\"Volumes\":{\"/a\":{},\"/b\":{},\"/c d\":{}}}" },
        { { "  WORKDIR\t/w" }, "{\"WorkingDir\":\"/w\"}" },
        { { "STOPSIGNAL SIGINT" }, "{\"StopSignal\":\"SIGINT\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        assert_string_equal(apply(rows[i].instructions, &arena), rows[i].config);
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *instruction, *says;
    } rows[] = {
        { "", "none of" },
        { "RUN x", "none of" },
        { "CMDX a", "none of" },
        { "CMD [\"a\"", "JSON" },
        { "CMD [1]", "JSON" },
        { "ENV", "KEY=VALUE" },
        { "ENV =x", "KEY=VALUE" },
        { "ENV A", "KEY=VALUE" },
        { "ENV A='x", "quote" },
        { "EXPOSE", "port" },
        { "EXPOSE 0", "PORT" },
        { "EXPOSE 65536", "PORT" },
        { "EXPOSE 80/icmp", "PORT" },
        { "EXPOSE -1", "PORT" },
        { "USER", "USER" },
        { "USER a b", "USER" },
        { "VOLUME rel", "absolute" },
        { "WORKDIR rel", "absolute" },
        { "WORKDIR", "absolute" },
        { "STOPSIGNAL", "signal" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        OciImageConfig config = { 0 };
        Error error = { 0 };
        if (imagechange_apply(&config, rows[i].instruction, &arena, &error) >= 0)
            fail_msg("accepted: %s", rows[i].instruction);
        if (!strstr(error.message, rows[i].says))
            fail_msg("%s: %s", rows[i].instruction, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_change_the_config),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
