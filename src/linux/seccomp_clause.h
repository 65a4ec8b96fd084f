/*
 * Conditions on arguments, as BPF: what is asked once the number of the call is known.
 *
 * A clause is one rule's conditions for one ABI, cut into tests; the clauses of one call are asked
 * in order and the first whose tests all succeed decides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux/seccomp.h"
#include "linux/seccomp_code.h"

typedef struct SeccompTest {
    uint8_t offset; /* of the word in struct seccomp_data; of the low one for a wide test */
    uint8_t op;     /* BPF_JEQ, BPF_JGT or BPF_JGE */
    bool wide;      /* compares high word and low word with value */
    bool negated;
    uint32_t mask; /* with BPF_JEQ on one word; all ones else */
    uint64_t value;
} SeccompTest;

typedef struct SeccompClause {
    uint32_t action;
    uint16_t condition_count;
    uint16_t test_count;
    SeccompCondition *conditions; /* normalized, sorted by argument */
    SeccompTest *tests;
} SeccompClause;

/* False if all conditions hold by their form (a zero mask): the rule is an unconditional one. */
bool seccomp_clause_needed(const SeccompCondition *conditions, size_t count, bool wide);

/*
 * Drops conditions that hold always by their form, cuts values to 32 bits for narrow ABIs and
 * sorts by argument. At most SECCOMP_CONDITIONS_MAX conditions.
 */
void seccomp_clause_fill(SeccompClause *clause, const SeccompCondition *conditions, size_t count,
                         bool wide, Arena *arena);

/* Sorts as SeccompPolicy says: from the special to the general, otherwise as they came. */
void seccomp_clause_sort(SeccompClause *clauses, size_t count);

/* The code for all clauses, with a jump to `otherwise` where none matches. */
SeccompLabel seccomp_clause_write(SeccompCode *code, const SeccompClause *clauses, size_t count,
                                  SeccompLabel otherwise);
