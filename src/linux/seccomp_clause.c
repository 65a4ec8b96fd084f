/*
 * Clauses become a decision tree: neighbours that begin with the same test share it, and a word
 * that is still in the accumulator is not loaded again (`loaded`), so that five allowed values of
 * one argument cost one load and five comparisons. Everything is written from its end
 * (seccomp_code.h): the code for "it does not match" exists before the test that jumps to it.
 *
 * Trap: `loaded` may name a word only if the accumulator holds it unmasked on every way to the
 * place in question.
 */
#include "linux/seccomp_clause.h"

#include <linux/seccomp.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the offsets of the low and high words are those of little-endian machines"
#endif

enum { HIGH_WORD = 4, NOT_LOADED = 0 /* the offset of the number, never of an argument */ };

static uint8_t clause_offset(uint32_t argument)
{
    return (uint8_t)(offsetof(struct seccomp_data, args) + 8 * argument);
}

/* The condition without what an ABI of 32 bits does not look at; false: it always holds. */
static bool clause_normalize(const SeccompCondition *from, bool wide, SeccompCondition *ret)
{
    uint64_t all = wide ? UINT64_MAX : UINT32_MAX;
    *ret = *from;
    ret->value &= all;
    if (from->op != SECCOMP_OP_MASKED_EQ)
        return true;
    ret->value_two &= ret->value;
    return ret->value != 0;
}

static void clause_add_test(SeccompClause *clause, SeccompTest test)
{
    clause->tests[clause->test_count++] = test;
}

bool seccomp_clause_needed(const SeccompCondition *conditions, size_t count, bool wide)
{
    SeccompCondition c;
    for (size_t i = 0; i < count; i++) {
        if (clause_normalize(&conditions[i], wide, &c))
            return true;
    }
    return false;
}

/* Equality of both words: two tests in a row, none for a word whose mask is empty. */
static void clause_add_equal(SeccompClause *clause, uint8_t offset, uint64_t mask, uint64_t value)
{
    uint32_t high = (uint32_t)(mask >> 32), low = (uint32_t)mask;
    SeccompTest test = { .op = BPF_JEQ };
    if (high) {
        test.offset = offset + HIGH_WORD;
        test.mask = high;
        test.value = value >> 32;
        clause_add_test(clause, test);
    }
    if (low) {
        test.offset = offset;
        test.mask = low;
        test.value = (uint32_t)value;
        clause_add_test(clause, test);
    }
}

static void clause_add_condition(SeccompClause *clause, const SeccompCondition *c, bool wide)
{
    static const struct {
        uint8_t op;
        bool negated;
    } forms[] = {
        [SECCOMP_OP_NE] = { BPF_JEQ, true },  [SECCOMP_OP_EQ] = { BPF_JEQ, false },
        [SECCOMP_OP_GT] = { BPF_JGT, false }, [SECCOMP_OP_LE] = { BPF_JGT, true },
        [SECCOMP_OP_GE] = { BPF_JGE, false }, [SECCOMP_OP_LT] = { BPF_JGE, true },
    };
    uint8_t offset = clause_offset(c->argument);

    if (c->op == SECCOMP_OP_MASKED_EQ) {
        clause_add_equal(clause, offset, c->value, c->value_two);
        return;
    }
    if (c->op == SECCOMP_OP_EQ) {
        clause_add_equal(clause, offset, wide ? UINT64_MAX : UINT32_MAX, c->value);
        return;
    }
    if (c->op == SECCOMP_OP_GE && c->value == 0)
        return; /* always true: "and in all other cases" */
    clause_add_test(clause, (SeccompTest){ .offset = offset,
                                           .op = forms[c->op].op,
                                           .wide = wide,
                                           .negated = forms[c->op].negated,
                                           .mask = UINT32_MAX,
                                           .value = c->value });
}

void seccomp_clause_fill(SeccompClause *clause, const SeccompCondition *conditions, size_t count,
                         bool wide, Arena *arena)
{
    *clause = (SeccompClause){ .action = clause->action };
    clause->conditions = arena_alloc(arena, count * sizeof(*clause->conditions));
    clause->tests = arena_alloc(arena, 2 * count * sizeof(*clause->tests));
    for (size_t i = 0; i < count; i++) {
        SeccompCondition c;
        if (!clause_normalize(&conditions[i], wide, &c))
            continue;
        uint32_t at = clause->condition_count++;
        for (; at > 0 && clause->conditions[at - 1].argument > c.argument; at--)
            clause->conditions[at] = clause->conditions[at - 1];
        clause->conditions[at] = c;
    }
    for (uint32_t i = 0; i < clause->condition_count; i++)
        clause_add_condition(clause, &clause->conditions[i], wide);
}

/* libseccomp's classes: equality is asked before "less", and that before "greater". */
static int clause_class(uint32_t op)
{
    switch ((SeccompOp)op) {
    case SECCOMP_OP_GE:
    case SECCOMP_OP_GT: return 1;
    case SECCOMP_OP_LE:
    case SECCOMP_OP_LT: return 2;
    case SECCOMP_OP_EQ:
    case SECCOMP_OP_NE:
    case SECCOMP_OP_MASKED_EQ: return 3;
    case SECCOMP_OP_INVALID: break;
    }
    return 0;
}

/* > 0 if a is to be asked before b. */
static int clause_compare_condition(const SeccompCondition *a, const SeccompCondition *b)
{
    if (a->argument != b->argument)
        return a->argument > b->argument ? 1 : -1;
    int class = clause_class(a->op);
    if (class != clause_class(b->op))
        return class - clause_class(b->op);
    uint64_t x = a->op == SECCOMP_OP_MASKED_EQ ? a->value_two : a->value;
    uint64_t y = b->op == SECCOMP_OP_MASKED_EQ ? b->value_two : b->value;
    if (x == y)
        return 0;
    return (x > y) == (class != 2) ? 1 : -1; /* of two upper bounds the smaller is the tighter */
}

static int clause_compare(const SeccompClause *a, const SeccompClause *b)
{
    uint32_t n = a->condition_count < b->condition_count ? a->condition_count : b->condition_count;
    for (uint32_t i = 0; i < n; i++) {
        int r = clause_compare_condition(&a->conditions[i], &b->conditions[i]);
        if (r)
            return r;
    }
    return (int)a->condition_count - (int)b->condition_count;
}

static bool clause_same_actions(const SeccompClause *clauses, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (clauses[i].action != clauses[0].action)
            return false;
    }
    return true;
}

void seccomp_clause_sort(SeccompClause *clauses, size_t count)
{
    if (clause_same_actions(clauses, count))
        return; /* then the order cannot matter */
    for (size_t i = 1; i < count; i++) {
        if (clause_compare(&clauses[i], &clauses[i - 1]) <= 0)
            continue;
        SeccompClause moved = clauses[i];
        size_t at = i;
        for (; at > 0 && clause_compare(&moved, &clauses[at - 1]) > 0; at--)
            clauses[at] = clauses[at - 1];
        clauses[at] = moved;
    }
}

static SeccompLabel clause_load(SeccompCode *code, uint32_t offset, SeccompLabel next)
{
    (void)seccomp_code_goto(code, next);
    return seccomp_code_add(code, BPF_LD | BPF_W | BPF_ABS, offset);
}

static bool clause_single_bit(uint32_t mask)
{
    return (mask & (mask - 1)) == 0;
}

/* A masked comparison that JSET can do leaves the accumulator as it is. */
static bool clause_uses_jset(const SeccompTest *test)
{
    return test->value == 0 || (test->value == test->mask && clause_single_bit(test->mask));
}

static bool clause_keeps_word(const SeccompTest *test)
{
    return !test->wide && (test->mask == UINT32_MAX || clause_uses_jset(test));
}

/* high > H: yes; high == H: low decides; else: no. And high == H: low decides; else: no. */
static SeccompLabel clause_write_wide(SeccompCode *code, const SeccompTest *test, SeccompLabel yes,
                                      SeccompLabel no)
{
    uint32_t high = (uint32_t)(test->value >> 32), low = (uint32_t)test->value;
    SeccompLabel label = seccomp_code_jump(code, test->op, low, yes, no);
    label = clause_load(code, test->offset, label);
    if (test->op == BPF_JEQ) {
        label = seccomp_code_jump(code, BPF_JEQ, high, label, no);
    } else if (high == 0) { /* anything else is greater */
        label = seccomp_code_jump(code, BPF_JEQ, 0, label, yes);
    } else {
        label = seccomp_code_jump(code, BPF_JEQ, high, label, no);
        label = seccomp_code_jump(code, BPF_JGT, high, yes, label);
    }
    return clause_load(code, test->offset + HIGH_WORD, label);
}

static SeccompLabel clause_write_test(SeccompCode *code, const SeccompTest *test, SeccompLabel yes,
                                      SeccompLabel no, uint32_t loaded)
{
    uint32_t value = (uint32_t)test->value;
    if (test->negated) {
        SeccompLabel other = yes;
        yes = no;
        no = other;
    }
    if (test->wide)
        return clause_write_wide(code, test, yes, no);

    SeccompLabel label;
    if (test->mask == UINT32_MAX) {
        label = seccomp_code_jump(code, test->op, value, yes, no);
    } else if (clause_uses_jset(test)) {
        label = value ? seccomp_code_jump(code, BPF_JSET, test->mask, yes, no)
                      : seccomp_code_jump(code, BPF_JSET, test->mask, no, yes);
    } else {
        label = seccomp_code_jump(code, BPF_JEQ, value, yes, no);
        (void)seccomp_code_goto(code, label);
        label = seccomp_code_add(code, BPF_ALU | BPF_AND | BPF_K, test->mask);
    }
    return loaded == test->offset ? label : clause_load(code, test->offset, label);
}

static bool clause_test_equal(const SeccompTest *a, const SeccompTest *b)
{
    return a->offset == b->offset && a->mask == b->mask && a->op == b->op && a->wide == b->wide &&
           a->negated == b->negated && a->value == b->value;
}

/* The clauses that begin, from test `depth` on, with the same test as the first one. */
static size_t clause_group(const SeccompClause *clauses, size_t count, uint32_t depth,
                           bool *ret_may_fail)
{
    size_t n = 0;
    *ret_may_fail = true;
    for (; n < count && clauses[n].test_count > depth; n++) {
        if (!clause_test_equal(&clauses[n].tests[depth], &clauses[0].tests[depth]))
            break;
        if (clauses[n].test_count == depth + 1)
            *ret_may_fail = false; /* nothing more to ask: this one decides at the latest */
    }
    return n;
}

static SeccompLabel clause_write_from(SeccompCode *code, const SeccompClause *clauses, size_t count,
                                      uint32_t depth, SeccompLabel otherwise, uint32_t loaded)
{
    if (count == 0 || code->count > SECCOMP_CODE_MAX)
        return otherwise;
    if (clauses[0].test_count == depth)
        return seccomp_code_return(code, clauses[0].action);

    bool may_fail;
    size_t n = clause_group(clauses, count, depth, &may_fail);
    const SeccompTest *test = &clauses[0].tests[depth];
    uint32_t after = clause_keeps_word(test) ? test->offset : NOT_LOADED;

    SeccompLabel no = clause_write_from(code, clauses + n, count - n, depth, otherwise,
                                        may_fail ? NOT_LOADED : after);
    SeccompLabel yes = clause_write_from(code, clauses, n, depth + 1, no, after);
    return clause_write_test(code, test, yes, no, loaded);
}

SeccompLabel seccomp_clause_write(SeccompCode *code, const SeccompClause *clauses, size_t count,
                                  SeccompLabel otherwise)
{
    return clause_write_from(code, clauses, count, 0, otherwise, NOT_LOADED);
}
