/*
 * The functions over the configuration: the tables say what it holds, base/field.h does the work.
 */
#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>

static int spec_parse_as(const FieldTable *table, Arena *arena, const char *text, size_t size,
                         void **ret_object, Error *error)
{
    void *object = arena_alloc(arena, table->size);
    int r = field_parse(table, text, size, arena, object, error);
    if (r == 0)
        *ret_object = object;
    return r;
}

int spec_parse(Arena *arena, const char *text, size_t size, Spec **ret_spec, Error *error)
{
    void *spec;
    int r = spec_parse_as(&spec_table, arena, text, size, &spec, error);
    if (r == 0)
        *ret_spec = spec;
    return r;
}

int spec_process_parse(Arena *arena, const char *text, size_t size, SpecProcess **ret_process,
                       Error *error)
{
    void *process;
    int r = spec_parse_as(&spec_process_table, arena, text, size, &process, error);
    if (r == 0)
        *ret_process = process;
    return r;
}

int spec_resources_parse(Arena *arena, const char *text, size_t size, SpecResources **ret_resources,
                         Error *error)
{
    void *resources;
    int r = spec_parse_as(&spec_resources_table, arena, text, size, &resources, error);
    if (r == 0)
        *ret_resources = resources;
    return r;
}

void spec_encode(const Spec *spec, bool pretty, StrBuf *text)
{
    field_print(&spec_table, spec, pretty, text);
}

bool spec_zero_pids_is_none(const char *oci_version)
{
    return str_starts(oci_version, "1.") && strtoul(oci_version + strlen("1."), NULL, 10) < 3;
}

const SpecNamespace *spec_namespace(const Spec *spec, const char *type)
{
    if (!spec->linux)
        return NULL;
    for (size_t i = 0; i < spec->linux->namespaces.count; i++)
        if (str_eq(spec->linux->namespaces.items[i].type, type))
            return &spec->linux->namespaces.items[i];
    return NULL;
}

bool spec_namespace_is_new(const Spec *spec, const char *type)
{
    const SpecNamespace *namespace = spec_namespace(spec, type);
    return namespace && str_empty(namespace->path);
}
