/*
 * `ambit version`: one line, the same as `ambit --version`; with --format what docker's scripts ask
 * for, where client and server are one program.
 */
#include <sys/utsname.h>

#include "base/listformat.h"
#include "cmd/program/output.h"
#include "commands.h"

typedef struct VersionOptions {
    const char *format;
} VersionOptions;

static const Option version_options[] = {
    { 'f', "format", OPTION_STRING(VersionOptions, format), "TEXT",
      "\"json\", or TEXT with {{.Version}}, {{.Client.Version}}, {{.Server.Version}}, and of both "
      "{{.Os}}, {{.Arch}} and {{.KernelVersion}}" },
    OPTION_END,
};

static void version_part(const char *name, const struct utsname *names, JsonWriter *writer)
{
    const struct {
        const char *key, *value;
    } members[] = {
        { "Version", AMBIT_VERSION },
        { "Os", "linux" },
        { "Arch", str_eq(names->machine, "x86_64") ? "amd64" : names->machine },
        { "KernelVersion", names->release },
    };
    json_write_key(writer, name);
    json_write_object(writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_write_key(writer, members[i].key);
        json_write_string(writer, members[i].value);
    }
    json_write_end_object(writer);
}

static int version_run(CommandCall *call, Error *error)
{
    const VersionOptions *options = call->values;
    ListFormat format CLEANUP(listformat_done) = { 0 };
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &json };
    struct utsname names;
    if (listformat_is_default(options->format))
        return output_write("ambit " AMBIT_VERSION "\n", error);
    (void)uname(&names);
    json_write_object(&writer);
    json_write_key(&writer, "Version");
    json_write_string(&writer, AMBIT_VERSION);
    version_part("Client", &names, &writer);
    version_part("Server", &names, &writer);
    json_write_end_object(&writer);
    listformat_init(&format, options->format, NULL);
    int r = listformat_add(&format, &json, &text, error);
    listformat_end(&format, &text);
    return r < 0 ? r : output_write(strbuf_text(&text), error);
}

const Command version_command = {
    .name = "version",
    .summary = "Print the version",
    .options = version_options,
    .values_size = sizeof(VersionOptions),
    .run = version_run,
};
