/*
 * Private to the field table engine: where it stands in a document, and the judgement of a row's
 * rules, which decoding and checking share.
 */
#pragma once

#include "base/field.h"

/* One step on the way from the document's root: a property, an array's index or a map's key. The
 * steps are links on the C stack; the text is made only when something is wrong. */
typedef struct FieldPath {
    const struct FieldPath *up;
    const char *name; /* the property, or NULL */
    const char *key;  /* the map's key, or NULL: then it is the index */
    size_t index;
} FieldPath;

/* The members of rows whose C type varies; reading them through these is no aliasing fault. */
typedef struct FieldAnyList {
    void *items;
    size_t count;
} __attribute__((may_alias)) FieldAnyList;
typedef void *FieldAnyPointer __attribute__((may_alias));

/* How an integer kind lies in memory. */
typedef struct FieldInteger {
    uint8_t size; /* bytes; 0: not an integer kind */
    bool is_signed;
    bool optional; /* an Opt...: `set` is its first byte */
    uint8_t value_offset;
} FieldInteger;
extern const FieldInteger field_integers[];

/* An integer of any kind: negative ones in `negative`, others in `positive`. */
typedef struct FieldNumber {
    bool is_negative;
    int64_t negative;
    uint64_t positive;
} FieldNumber;

FieldNumber field_number_load(const Field *field, const void *member);
void field_number_store(const Field *field, FieldNumber number, void *member);

bool field_is_absent(const Field *field, const void *member);

/* Fills the error with "<path>: <message>" (ERROR_CORRUPT); returns -EINVAL. */
int field_fail(const FieldPath *path, Error *error, const char *format, ...) PRINTF_LIKE(3, 4);
int field_fail_missing(const FieldPath *path, const char *name, Error *error);
/* The value is none of the row's words. */
int field_fail_word(const Field *field, const char *value, const FieldPath *path, Error *error);

/* The rules of one row. They return 0 or -EINVAL with the error filled. */
int field_judge_string(const Field *field, const char *value, const FieldPath *path, Error *error);
int field_judge_number(const Field *field, FieldNumber number, const FieldPath *path, Error *error);
int field_judge_count(const Field *field, size_t count, const FieldPath *path, Error *error);
/* The key of a map. */
int field_judge_key(const Field *field, const char *key, const FieldPath *path, Error *error);
