/*
 * The tables against the specifications: data/properties.txt has every property of the documents'
 * JSON schemas, with its type. Each must have a row that reads that type, and each row must be in
 * the list, so that neither a forgotten property nor a misspelt one goes unnoticed.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "spec/oci_features.h"
#include "spec/oci_image.h"
#include "spec/oci_state.h"
#include "spec/spec.h"

static const struct {
    const char *name;
    const FieldTable *table;
} documents[] = {
    { "config", &spec_table },           { "state", &oci_state_table },
    { "features", &oci_features_table }, { "descriptor", &oci_descriptor_table },
    { "index", &oci_index_table },       { "manifest", &oci_manifest_table },
    { "image", &oci_image_table },       { "layout", &oci_layout_table },
};

/* What a row reads, in the list's words: what follows the path there. */
static const char *kind_word(const Field *field)
{
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_STR:
    case FIELD_KIND_ENUM: return " string";
    case FIELD_KIND_BOOL:
    case FIELD_KIND_OPT_BOOL: return " bool";
    case FIELD_KIND_I32:
    case FIELD_KIND_OPT_I32: return " int32";
    case FIELD_KIND_I64:
    case FIELD_KIND_OPT_I64: return " int64";
    case FIELD_KIND_U16:
    case FIELD_KIND_OPT_U16: return " uint16";
    case FIELD_KIND_U32:
    case FIELD_KIND_OPT_U32: return " uint32";
    case FIELD_KIND_U64:
    case FIELD_KIND_OPT_U64: return " uint64";
    case FIELD_KIND_STRLIST: return "[] string";
    case FIELD_KIND_U32LIST: return "[] uint32";
    case FIELD_KIND_STRMAP: return "{} string";
    case FIELD_KIND_STRSET: return "{} object";
    case FIELD_KIND_JSON: return " json";
    case FIELD_KIND_STRUCT:
    case FIELD_KIND_OBJECT: return ".";
    case FIELD_KIND_LIST: return "[].";
    case FIELD_KIND_MAP: return "{}.";
    }
    return "?";
}

/* One line for each leaf below a table. */
static void list_rows(Arena *arena, const FieldTable *table, const char *prefix, StrList *rows)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const Field *field = &table->fields[i];
        const char *line = arena_printf(arena, "%s%s%s", prefix, field->name, kind_word(field));
        if (field->table) {
            assert_int_equal(field->item_size, field->table->size); /* row and table agree */
            list_rows(arena, field->table, line, rows);
        } else {
            bool required = field->flags & FIELD_REQUIRED;
            strlist_append(arena, rows,
                           arena_printf(arena, "%s%s", line, required ? " required" : ""));
        }
    }
}

/* The lines of one section, without the "+" of what the specification does not have. */
static StrList list_facts(Arena *arena, const StrList *lines, const char *section)
{
    StrList facts = { 0 };
    bool inside = false;
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->items[i];
        if (*line == '[')
            inside = str_eq(line, arena_printf(arena, "[%s]", section));
        else if (inside && *line && *line != '#')
            strlist_append(arena, &facts, *line == '+' ? line + 1 : line);
    }
    return facts;
}

static size_t report_missing(const char *document, const char *what, const StrList *of,
                             const StrList *in)
{
    size_t missing = 0;
    for (size_t i = 0; i < of->count; i++) {
        if (!strlist_contains(in, of->items[i])) {
            print_error("%s: %s: %s\n", document, what, of->items[i]);
            missing++;
        }
    }
    return missing;
}

static void test_every_property_has_a_row(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    char *text;
    assert_int_equal(file_read_at(AT_FDCWD, TEST_SOURCE_ROOT "/tests/unit/spec/data/properties.txt",
                                  1 << 20, &arena, &text, NULL),
                     0);
    StrList lines = strlist_split(&arena, text, '\n');
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        StrList rows = { 0 }, facts = list_facts(&arena, &lines, documents[i].name);
        assert_true(facts.count > 0);
        list_rows(&arena, documents[i].table, "", &rows);
        wrong += report_missing(documents[i].name, "no such row", &facts, &rows);
        wrong += report_missing(documents[i].name, "not in the list", &rows, &facts);
    }
    assert_int_equal(wrong, 0);
}

/* "linux.resources.rdma{}.hcaHandles" -> "hcaHandles", "process.args[]" -> "args" */
static const char *last_name(Arena *arena, const char *path)
{
    size_t end = strcspn(path, " ");
    while (end > 0 && strchr("[]{}.", path[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '.')
        start--;
    return arena_strndup(arena, path + start, end - start);
}

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool mentions(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p++)
        if ((p == text || !is_word_character(p[-1])) && !is_word_character(p[length]))
            return true;
    return false;
}

/* The file that a line of tests/properties.txt names for a property, or NULL. */
static const char *test_of(Arena *arena, const StrList *entries, const char *property)
{
    size_t length = strcspn(property, " ");
    for (size_t i = 0; i < entries->count; i++) {
        const char *entry = entries->items[i];
        if (strncmp(entry, property, length) == 0 && entry[length] == ' ')
            return arena_strdup(arena, entry + length + strspn(entry + length, " "));
    }
    return NULL;
}

static bool is_tested(Arena *arena, const StrList *entries, const char *property)
{
    const char *file = test_of(arena, entries, property);
    char *text;
    if (!file) {
        print_error("tests/properties.txt: no line for %s\n", property);
        return false;
    }
    const char *path = arena_printf(arena, TEST_SOURCE_ROOT "/%s", file);
    if (file_read_at(AT_FDCWD, path, 1 << 20, arena, &text, NULL) < 0 ||
        !mentions(text, last_name(arena, property))) {
        print_error("%s: not in %s\n", property, file);
        return false;
    }
    return true;
}

static void test_every_property_has_a_test(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    static const char *const names[] = { "config", "state", "features" };
    char *facts_text, *entries_text;
    assert_int_equal(file_read_at(AT_FDCWD, TEST_SOURCE_ROOT "/tests/unit/spec/data/properties.txt",
                                  1 << 20, &arena, &facts_text, NULL),
                     0);
    assert_int_equal(file_read_at(AT_FDCWD, TEST_SOURCE_ROOT "/tests/properties.txt", 1 << 20,
                                  &arena, &entries_text, NULL),
                     0);
    StrList fact_lines = strlist_split(&arena, facts_text, '\n');
    StrList entry_lines = strlist_split(&arena, entries_text, '\n');
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        StrList facts = list_facts(&arena, &fact_lines, names[i]);
        StrList entries = list_facts(&arena, &entry_lines, names[i]);
        assert_true(facts.count > 0);
        for (size_t j = 0; j < facts.count; j++)
            wrong += !is_tested(&arena, &entries, facts.items[j]);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_property_has_a_row),
        cmocka_unit_test(test_every_property_has_a_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
