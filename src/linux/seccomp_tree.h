/*
 * From verdicts for ranges of numbers to a search tree in BPF.
 */
#pragma once

#include "linux/seccomp_clause.h"

/* The numbers from `start` to the start of the next range (or to the largest number) get the same
 * verdict: an action, or clauses with the action where none of them matches. */
typedef struct SeccompRange {
    uint32_t start;
    uint32_t action;
    const SeccompClause *clauses;
    uint32_t clause_count;
} SeccompRange;

enum { SECCOMP_TREE_RANGES_MAX = 2 * 608 + 8 };

/*
 * Code that finds the range of the number in the accumulator; ranges[0].start is 0 and starts
 * ascend. Numbers below `dense_end` are what the kernel will ask for most: all of them once when
 * the filter is loaded.
 */
SeccompLabel seccomp_tree_write(SeccompCode *code, const SeccompRange *ranges, size_t count,
                                uint32_t dense_end);
