/*
 * A boundary between two ranges costs one comparison in the tree. A single number that interrupts
 * a range would cost two, but only one if the range's leaf asks for it by equality. So ranges are
 * first gathered into groups of one main action and a few exceptions (the cheapest way is found by
 * dynamic programming over all possible last groups), then the groups become a tree whose halves
 * hold about as many numbers each.
 *
 * Fewer instructions and short paths are what loading costs: the kernel checks and translates
 * each instruction, and runs the filter once for every number to see which ones are always allowed
 * (Linux 5.11); it does so by interpretation of loads, jumps and returns only, so tables or
 * arithmetic would make every later system call slower.
 */
#include "linux/seccomp_tree.h"

enum {
    EXCEPTIONS_MAX = 4, /* per group: they are asked one after the other */
    CANDIDATES = 3,     /* the main action is that of one of a group's last ranges */
};

typedef struct TreeGroup {
    uint32_t first, end;    /* ranges */
    uint32_t action;        /* of what is no exception */
    uint32_t weight_before; /* numbers in all groups before */
} TreeGroup;

typedef struct Tree {
    SeccompCode *code;
    const SeccompRange *ranges;
    size_t count;
    TreeGroup groups[SECCOMP_TREE_RANGES_MAX + 1];
} Tree;

static uint32_t tree_length(const Tree *tree, uint32_t i)
{
    uint64_t end = i + 1 < tree->count ? tree->ranges[i + 1].start : (uint64_t)UINT32_MAX + 1;
    uint64_t length = end - tree->ranges[i].start;
    return length > EXCEPTIONS_MAX ? EXCEPTIONS_MAX + 1 : (uint32_t)length;
}

static bool tree_is_main(const SeccompRange *range, uint32_t action)
{
    return range->clause_count == 0 && range->action == action;
}

typedef struct TreeStep {
    uint32_t cost; /* comparisons for all ranges before this one */
    uint32_t from; /* where the last of their groups begins */
    uint32_t action;
} TreeStep;

/* The groups that end here with this main action: is one cheaper than the best so far? */
static void tree_try_action(const Tree *tree, TreeStep *steps, uint32_t end, uint32_t action)
{
    uint32_t exceptions = 0;
    for (uint32_t first = end; first-- > 0;) {
        if (!tree_is_main(&tree->ranges[first], action))
            exceptions += tree_length(tree, first);
        if (exceptions > EXCEPTIONS_MAX)
            return;
        uint32_t cost = steps[first].cost + 1 + exceptions;
        if (cost < steps[end].cost)
            steps[end] = (TreeStep){ cost, first, action };
    }
}

static void tree_find_step(const Tree *tree, TreeStep *steps, uint32_t end)
{
    const SeccompRange *last = &tree->ranges[end - 1];
    steps[end] = (TreeStep){ steps[end - 1].cost + 1, end - 1, last->action };
    for (uint32_t back = 1; back <= CANDIDATES && back <= end; back++) {
        const SeccompRange *range = &tree->ranges[end - back];
        if (range->clause_count)
            continue;
        if (back > 2 && tree_is_main(last, range->action))
            continue; /* as the first candidate */
        tree_try_action(tree, steps, end, range->action);
    }
}

/* Returns the number of groups. */
static uint32_t tree_group(Tree *tree)
{
    TreeStep steps[SECCOMP_TREE_RANGES_MAX + 1];
    steps[0] = (TreeStep){ 0, 0, 0 };
    for (uint32_t end = 1; end <= tree->count; end++)
        tree_find_step(tree, steps, end);

    uint32_t groups = 0;
    for (uint32_t end = (uint32_t)tree->count; end > 0; end = steps[end].from)
        groups++;
    uint32_t at = groups;
    for (uint32_t end = (uint32_t)tree->count; end > 0; end = steps[end].from)
        tree->groups[--at] = (TreeGroup){ steps[end].from, end, steps[end].action, 0 };
    return groups;
}

static void tree_weigh(Tree *tree, uint32_t groups, uint32_t dense_end)
{
    for (uint32_t i = 0; i < groups; i++) {
        uint32_t start = tree->ranges[tree->groups[i].first].start;
        /* one more per group, so that sparse ones are balanced too */
        tree->groups[i].weight_before = (start < dense_end ? start : dense_end) + i;
    }
    tree->groups[groups].weight_before = dense_end + groups;
}

static SeccompLabel tree_write_verdict(Tree *tree, const SeccompRange *range)
{
    SeccompLabel otherwise = seccomp_code_return(tree->code, range->action);
    return seccomp_clause_write(tree->code, range->clauses, range->clause_count, otherwise);
}

static SeccompLabel tree_write_group(Tree *tree, const TreeGroup *group)
{
    const SeccompRange *first = &tree->ranges[group->first];
    if (group->end - group->first == 1)
        return tree_write_verdict(tree, first);

    SeccompLabel label = seccomp_code_return(tree->code, group->action);
    for (uint32_t i = group->end; i-- > group->first;) {
        const SeccompRange *range = &tree->ranges[i];
        if (tree_is_main(range, group->action))
            continue;
        /* All verdicts before all comparisons would save jumps over code with clauses; there are
         * too few of them to matter. */
        SeccompLabel verdict = tree_write_verdict(tree, range);
        for (uint32_t n = tree_length(tree, i); n-- > 0;)
            label = seccomp_code_jump(tree->code, BPF_JEQ, range->start + n, verdict, label);
    }
    return label;
}

static uint32_t tree_split(const Tree *tree, uint32_t first, uint32_t end)
{
    uint32_t low = tree->groups[first].weight_before, high = tree->groups[end].weight_before;
    uint32_t middle = low + (high - low) / 2;
    uint32_t at = first + 1;
    while (at + 1 < end && tree->groups[at + 1].weight_before <= middle)
        at++;
    if (at + 1 < end) { /* the boundary before the middle or the one after it, if that is nearer */
        int64_t before = (int64_t)middle - tree->groups[at].weight_before;
        int64_t after = (int64_t)tree->groups[at + 1].weight_before - middle;
        at += after < before;
    }
    return at;
}

static SeccompLabel tree_write_groups(Tree *tree, uint32_t first, uint32_t end)
{
    if (end - first == 1)
        return tree_write_group(tree, &tree->groups[first]);
    uint32_t middle = tree_split(tree, first, end);
    SeccompLabel high = tree_write_groups(tree, middle, end);
    SeccompLabel low = tree_write_groups(tree, first, middle);
    uint32_t start = tree->ranges[tree->groups[middle].first].start;
    return seccomp_code_jump(tree->code, BPF_JGE, start, high, low);
}

SeccompLabel seccomp_tree_write(SeccompCode *code, const SeccompRange *ranges, size_t count,
                                uint32_t dense_end)
{
    Tree tree;
    tree.code = code;
    tree.ranges = ranges;
    tree.count = count;
    uint32_t groups = tree_group(&tree);
    tree_weigh(&tree, groups, dense_end);
    return tree_write_groups(&tree, 0, groups);
}
