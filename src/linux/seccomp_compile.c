/*
 * From a policy to a program: rules are looked up by name and sorted into one cell per number,
 * ABI by ABI; cells with the same verdict become ranges (seccomp_tree.h), conditions become clauses
 * (seccomp_clause.h). Everything here is written backwards (seccomp_code.h): the last architecture
 * first, at the end the dispatch on seccomp_data.arch that the program begins with.
 *
 * Trap: x32 has no seccomp_data.arch of its own, only bit 30 of the number; one section of the
 * program serves both ABIs. The number -1 is not a call but a tracer's way to skip one: it must get
 * the default action and never the one for a bad architecture (seccomp(2)).
 */
#include "linux/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "linux/seccomp_clause.h"
#include "linux/seccomp_code.h"
#include "linux/seccomp_table.h"
#include "linux/seccomp_tree.h"

enum { RULES_MAX = 60000, X32_BIT = 0x40000000, TRACER_SKIPS = -1 };

/* What was said about one number: an unconditional action, or a list of conditional rules. */
typedef struct Cell {
    uint32_t action;
    uint16_t first, last; /* in links; 0: none, DECIDED in `first`: the action it is */
} Cell;
enum { DECIDED = UINT16_MAX };

/* One conditional rule of one number. */
typedef struct Link {
    uint16_t next;
    uint16_t rule;
    uint16_t call; /* not 0: of a multiplexer, whose first argument must have this value */
} Link;

/* What the passes over all rules, one per ABI, need to know; they stay in the cache. */
typedef struct Brief {
    uint32_t action;
    int16_t row;   /* -1: no such call */
    bool is_empty; /* unconditional with the default action: says nothing, so as not to beat a later
                      one (peers leave such rules out) */
    bool conditional;
    bool multiplexed;
} Brief;

typedef struct Builder {
    const SeccompPolicy *policy;
    Arena *arena;
    SeccompCode *code;
    Brief *briefs; /* per rule */
    Link *links;   /* links[0] is unused */
    uint16_t link_count;
    Cell *cells; /* of the ABI at hand: SECCOMP_TABLE_SLOTS */
    SeccompRange *ranges;
    size_t range_count;
    /* Multiplexers that a rule names to give them the default action: other rules do not reach. */
    int sealed[2];
    size_t sealed_count;
} Builder;

uint32_t seccomp_native_architecture(void)
{
#if defined(__x86_64__)
    return seccomp_table_abis[SECCOMP_COLUMN_X86_64].architecture;
#elif defined(__aarch64__)
    return seccomp_table_abis[SECCOMP_COLUMN_AARCH64].architecture;
#else
#error "seccomp filters: no system call table for this architecture yet"
#endif
}

static int builder_check_rule(const SeccompRule *rule, Error *error)
{
    if (rule->condition_count > SECCOMP_CONDITIONS_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "system call %s: more than %d conditions",
                         rule->syscall, SECCOMP_CONDITIONS_MAX);
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (rule->conditions[i].argument > 5 || rule->conditions[i].op >= SECCOMP_OP_INVALID)
            return error_set(error, ERROR_USAGE, EINVAL, "system call %s: condition %zu is invalid",
                             rule->syscall, i);
    }
    return 0;
}

static bool builder_is_sealed(const Builder *builder, int row)
{
    for (size_t i = 0; i < builder->sealed_count; i++) {
        if (builder->sealed[i] == row)
            return true;
    }
    return false;
}

/* Looks every name up, once for all ABIs. */
static int builder_resolve(Builder *builder, Error *error)
{
    const SeccompPolicy *policy = builder->policy;
    if (policy->rule_count > RULES_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "more than %d seccomp rules", RULES_MAX);

    size_t links = 1;
    uint32_t call;
    builder->briefs = arena_alloc(builder->arena, policy->rule_count * sizeof(Brief));
    for (size_t i = 0; i < policy->rule_count; i++) {
        const SeccompRule *rule = &policy->rules[i];
        Brief *brief = &builder->briefs[i];
        int r = builder_check_rule(rule, error);
        if (r < 0)
            return r;
        brief->action = rule->action;
        brief->conditional = rule->condition_count > 0;
        brief->row = (int16_t)seccomp_table_row(rule->syscall);
        if (brief->row < 0 && policy->ret_unknown)
            strbuf_printf(policy->ret_unknown, "%s ", rule->syscall);
        brief->is_empty = !brief->conditional && rule->action == policy->default_action;
        brief->multiplexed = brief->row >= 0 && !brief->is_empty &&
                             seccomp_table_multiplexer(brief->row, &call) >= 0;
        if (brief->is_empty && seccomp_table_is_multiplexer(brief->row) &&
            !builder_is_sealed(builder, brief->row))
            builder->sealed[builder->sealed_count++] = brief->row;
        links += brief->conditional + brief->multiplexed;
    }
    if (links > UINT16_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "more than %d conditional seccomp rules",
                         RULES_MAX);
    builder->links = arena_alloc(builder->arena, links * sizeof(*builder->links));
    return 0;
}

static void builder_link(Builder *builder, Cell *cell, size_t rule, uint32_t call)
{
    if (cell->first == DECIDED)
        return;
    uint16_t at = ++builder->link_count;
    builder->links[at] = (Link){ 0, (uint16_t)rule, (uint16_t)call };
    if (cell->first)
        builder->links[cell->last].next = at;
    else
        cell->first = at;
    cell->last = at;
}

/* Actions in the order in which the kernel prefers them: the most severe is the smallest. */
static bool builder_is_stricter(uint32_t a, uint32_t b)
{
    return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

static void builder_add_multiplexed(Builder *builder, size_t rule, bool conditional)
{
    const SeccompPolicy *policy = builder->policy;
    if (conditional && !builder_is_stricter(policy->rules[rule].action, policy->default_action))
        return;
    uint32_t call;
    int row = seccomp_table_multiplexer(builder->briefs[rule].row, &call);
    if (builder_is_sealed(builder, row))
        return;
    int16_t slot = seccomp_table_slots(SECCOMP_COLUMN_I386)[row];
    builder_link(builder, &builder->cells[slot], rule, call);
}

/* Returns the newest number that a rule names. */
static uint32_t builder_fill_cells(Builder *builder, SeccompColumn column)
{
    const SeccompPolicy *policy = builder->policy;
    const int16_t *slots = seccomp_table_slots(column);
    bool wide = seccomp_table_abis[column].wide;
    memset(builder->cells, 0, SECCOMP_TABLE_SLOTS * sizeof(*builder->cells));
    builder->link_count = 0;
    int16_t newest = -1;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const Brief *brief = &builder->briefs[i];
        if (brief->row < 0)
            continue;
        int16_t slot = slots[brief->row];
        if (slot > newest && slot < SECCOMP_TABLE_PRIVATE_SLOT)
            newest = slot;
        if (brief->is_empty)
            continue;
        const SeccompRule *rule = &policy->rules[i];
        bool conditional = brief->conditional &&
                           seccomp_clause_needed(rule->conditions, rule->condition_count, wide);
        if (brief->multiplexed && column == SECCOMP_COLUMN_I386)
            builder_add_multiplexed(builder, i, conditional);
        if (slot < 0)
            continue;
        Cell *cell = &builder->cells[slot];
        if (conditional)
            builder_link(builder, cell, i, 0);
        else if (cell->first != DECIDED)
            *cell = (Cell){ brief->action, DECIDED, 0 };
    }
    return newest < 0 ? seccomp_table_newest(column) : (uint32_t)newest;
}

static int builder_fill_clauses(Builder *builder, const Cell *cell, bool wide, SeccompRange *range,
                                Error *error)
{
    uint32_t count = 0;
    for (uint32_t i = cell->first; i; i = builder->links[i].next)
        count++;
    if (count > SECCOMP_CODE_MAX) /* each needs an instruction; bounds the recursion over them */
        return error_set(error, ERROR_LIMIT, E2BIG, "more than %d conditional rules for one call",
                         SECCOMP_CODE_MAX);

    SeccompClause *clauses = arena_alloc(builder->arena, count * sizeof(*clauses));
    size_t n = 0;
    for (uint32_t i = cell->first; i; i = builder->links[i].next, n++) {
        const Link *link = &builder->links[i];
        const SeccompRule *rule = &builder->policy->rules[link->rule];
        SeccompCondition is_call = { 0, SECCOMP_OP_EQ, link->call, 0 };
        clauses[n].action = rule->action;
        if (link->call)
            seccomp_clause_fill(&clauses[n], &is_call, 1, wide, builder->arena);
        else
            seccomp_clause_fill(&clauses[n], rule->conditions, rule->condition_count, wide,
                                builder->arena);
    }
    seccomp_clause_sort(clauses, count);
    range->clauses = clauses;
    range->clause_count = count;
    return 0;
}

/* Starts a range of one action, unless it would only continue the one before. */
static inline void builder_add_range(Builder *builder, uint32_t start, uint32_t action)
{
    size_t count = builder->range_count;
    const SeccompRange *last = count ? &builder->ranges[count - 1] : NULL;
    if (last && last->clause_count == 0 && last->action == action)
        return;
    builder->ranges[count] = (SeccompRange){ start, action, NULL, 0 };
    builder->range_count = count + 1;
}

/* The ranges of one ABI, from its base to its newest number and what follows. */
static int builder_add_abi(Builder *builder, SeccompColumn column, Error *error)
{
    const SeccompPolicy *policy = builder->policy;
    const SeccompAbi *abi = &seccomp_table_abis[column];
    uint32_t unknown = policy->unknown_action ? policy->unknown_action : policy->default_action;
    uint32_t newest = builder_fill_cells(builder, column);
    uint32_t end = column == SECCOMP_COLUMN_ARM ? SECCOMP_TABLE_SLOTS : newest + 2;

    for (uint32_t slot = 0; slot < end; slot++) {
        const Cell *cell = &builder->cells[slot];
        uint32_t start = abi->base + seccomp_table_slot_number(slot);
        uint32_t action = slot <= newest ? policy->default_action : unknown;
        if (cell->first == 0 || cell->first == DECIDED) {
            builder_add_range(builder, start, cell->first ? cell->action : action);
            continue;
        }
        SeccompRange *range = &builder->ranges[builder->range_count++];
        *range = (SeccompRange){ start, action, NULL, 0 };
        int r = builder_fill_clauses(builder, cell, abi->wide, range, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The search for the number, for all ABIs that share a seccomp_data.arch. */
static int builder_write_section(Builder *builder, uint32_t audit, const bool *used,
                                 SeccompLabel *ret_label, Error *error)
{
    const SeccompPolicy *policy = builder->policy;
    bool is_x86 = audit == seccomp_table_abis[SECCOMP_COLUMN_X32].audit;
    uint32_t dense_end = 0;
    builder->range_count = 0;
    for (int i = 0; i < SECCOMP_COLUMN_MAX; i++) {
        if (!used[i] || seccomp_table_abis[i].audit != audit)
            continue;
        if (builder->range_count == 0 && seccomp_table_abis[i].base)
            builder_add_range(builder, 0, policy->bad_architecture_action);
        if (!seccomp_table_abis[i].base)
            dense_end = seccomp_table_newest((SeccompColumn)i) + 1;
        int r = builder_add_abi(builder, (SeccompColumn)i, error);
        if (r < 0)
            return r;
    }
    if (is_x86 && !used[SECCOMP_COLUMN_X32])
        builder_add_range(builder, X32_BIT, policy->bad_architecture_action);
    builder_add_range(builder, (uint32_t)TRACER_SKIPS, policy->default_action);

    SeccompLabel label =
        seccomp_tree_write(builder->code, builder->ranges, builder->range_count, dense_end);
    (void)seccomp_code_goto(builder->code, label);
    *ret_label = seccomp_code_add(builder->code, BPF_LD | BPF_W | BPF_ABS,
                                  offsetof(struct seccomp_data, nr));
    return 0;
}

/* The sections' architectures, the native one first. */
static size_t builder_architectures(const SeccompPolicy *policy, uint32_t *audits, bool *used)
{
    size_t count = 0;
    for (size_t i = 0; i <= policy->architecture_count; i++) {
        int column =
            seccomp_table_column(i ? policy->architectures[i - 1] : seccomp_native_architecture());
        if (column < 0)
            continue;
        uint32_t audit = seccomp_table_abis[column].audit;
        size_t at = 0;
        while (at < count && audits[at] != audit)
            at++;
        if (at == count)
            audits[count++] = audit;
        used[column] = true;
    }
    return count;
}

static int builder_write(Builder *builder, Error *error)
{
    uint32_t audits[SECCOMP_COLUMN_MAX];
    bool used[SECCOMP_COLUMN_MAX] = { false };
    size_t count = builder_architectures(builder->policy, audits, used);

    SeccompLabel labels[SECCOMP_COLUMN_MAX];
    for (size_t i = count; i-- > 0;) {
        int r = builder_write_section(builder, audits[i], used, &labels[i], error);
        if (r < 0)
            return r;
    }
    SeccompLabel label =
        seccomp_code_return(builder->code, builder->policy->bad_architecture_action);
    for (size_t i = count; i-- > 0;)
        label = seccomp_code_jump(builder->code, BPF_JEQ, audits[i], labels[i], label);
    (void)seccomp_code_goto(builder->code, label);
    (void)seccomp_code_add(builder->code, BPF_LD | BPF_W | BPF_ABS,
                           offsetof(struct seccomp_data, arch));
    if (builder->code->count > SECCOMP_CODE_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG,
                         "the seccomp filter needs more than the %d instructions of the kernel",
                         SECCOMP_CODE_MAX);
    return 0;
}

int seccomp_compile(const SeccompPolicy *policy, Arena *arena, SeccompProgram *ret_program,
                    Error *error)
{
    Cell cells[SECCOMP_TABLE_SLOTS];
    SeccompRange ranges[SECCOMP_TREE_RANGES_MAX];
    SeccompCode code;
    Builder builder = {
        .policy = policy,
        .arena = arena,
        .code = &code,
        .cells = cells,
        .ranges = ranges,
    };

    seccomp_code_start(&code);
    int r = builder_resolve(&builder, error);
    if (r == 0)
        r = builder_write(&builder, error);
    if (r < 0)
        return r;
    ret_program->count = (uint16_t)code.count;
    ret_program->instructions =
        arena_copy(arena, seccomp_code_first(&code), code.count * sizeof(struct sock_filter));
    return 0;
}

int seccomp_syscall_number(uint32_t architecture, const char *name)
{
    int column = seccomp_table_column(architecture);
    int row = seccomp_table_row(name);
    if (column < 0 || row < 0)
        return -1;
    int32_t number = seccomp_table_number(row, (SeccompColumn)column);
    return number < 0 ? -1 : (int)(seccomp_table_abis[column].base + (uint32_t)number);
}

bool seccomp_syscall_known(const char *name)
{
    return seccomp_table_row(name) >= 0;
}
