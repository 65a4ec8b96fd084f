/*
 * linux/cgroup_device_rule and cgroup_devices_bpf: one meaning in three forms. The rules
 * themselves, their reduction for v1 and the eBPF program have to agree about every access; the
 * program is run by a small interpreter here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linux/cgroup_devices_bpf.h"

enum { ANY = CGROUP_DEVICE_ANY };

/* "+c 1:3 rw", "-a *:* rwm" */
static CgroupDeviceRule rule(const char *text)
{
    CgroupDeviceRule r = { .allow = text[0] == '+', .type = text[1], .major = ANY, .minor = ANY };
    char *p = (char *)(uintptr_t)text + 3;
    if (*p != '*')
        r.major = strtol(p, &p, 10);
    p = strchr(p, ':') + 1;
    if (*p != '*')
        r.minor = strtol(p, &p, 10);
    p = strchr(p, ' ');
    r.read = strchr(p, 'r');
    r.write = strchr(p, 'w');
    r.mknod = strchr(p, 'm');
    return r;
}

static size_t rules(const char *const *texts, CgroupDeviceRule *ret_rules)
{
    size_t count = 0;
    for (; texts[count]; count++)
        ret_rules[count] = rule(texts[count]);
    return count;
}

/* The instructions that the compiler uses; -1: a program the kernel would refuse. */
static int run(const struct bpf_insn *program, size_t count, const struct bpf_cgroup_dev_ctx *ctx)
{
    uint64_t reg[11] = { 0 };
    for (size_t pc = 0, steps = 0; pc < count && steps < 10000; pc++, steps++) {
        const struct bpf_insn *in = &program[pc];
        uint64_t *dst = &reg[in->dst_reg];
        switch (in->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            if (in->src_reg != 1 || in->off < 0 || in->off > 8 || in->off % 4)
                return -1;
            *dst = ((const uint32_t *)ctx)[in->off / 4];
            break;
        case BPF_ALU | BPF_MOV | BPF_X: *dst = (uint32_t)reg[in->src_reg]; break;
        case BPF_ALU | BPF_OR | BPF_X: *dst = (uint32_t)(*dst | reg[in->src_reg]); break;
        case BPF_ALU | BPF_LSH | BPF_K: *dst = (uint32_t)(*dst << in->imm); break;
        case BPF_ALU | BPF_MOV | BPF_K: *dst = (uint32_t)in->imm; break;
        case BPF_ALU | BPF_AND | BPF_K: *dst = (uint32_t)*dst & (uint32_t)in->imm; break;
        case BPF_ALU | BPF_RSH | BPF_K: *dst = (uint32_t)*dst >> in->imm; break;
        case BPF_JMP | BPF_JNE | BPF_K:
            pc += *dst != (uint64_t)in->imm ? (size_t)in->off : 0;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += *dst == (uint64_t)in->imm ? (size_t)in->off : 0;
            break;
        case BPF_JMP | BPF_EXIT: return (int)reg[0];
        default: return -1;
        }
    }
    return -1;
}

/* Every instruction is reached by falling through or a jump: the verifier insists. */
static void assert_reachable(const struct bpf_insn *program, size_t count)
{
    bool *reached = mem_alloc(count + 1);
    reached[0] = true;
    for (size_t i = 0; i < count; i++) {
        assert_true(reached[i]);
        bool jump = BPF_CLASS(program[i].code) == BPF_JMP;
        bool leaves = jump && BPF_OP(program[i].code) == BPF_EXIT;
        if (!leaves)
            reached[i + 1] = true;
        if (jump && !leaves) {
            assert_true(program[i].off >= 0 && i + 1 + (size_t)program[i].off < count);
            reached[i + 1 + (size_t)program[i].off] = true;
        }
    }
    assert_false(reached[count]);
    mem_freep(&reached);
}

static bool program_allows(const struct bpf_insn *program, size_t count,
                           const CgroupDeviceRule *access)
{
    if (count == 0)
        return true;
    uint32_t bits = (access->mknod ? BPF_DEVCG_ACC_MKNOD : 0u) |
                    (access->read ? BPF_DEVCG_ACC_READ : 0u) |
                    (access->write ? BPF_DEVCG_ACC_WRITE : 0u);
    struct bpf_cgroup_dev_ctx ctx = {
        .access_type =
            bits << 16 | (access->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
        .major = (uint32_t)access->major,
        .minor = (uint32_t)access->minor,
    };
    int verdict = run(program, count, &ctx);
    assert_true(verdict == 0 || verdict == 1);
    return verdict;
}

/* What v1's kernel says of a default and exceptions: one of them must cover the access. With the
 * default to allow, one that shares a bit with it denies. */
static bool set_allows(const CgroupDeviceSet *set, const CgroupDeviceRule *access)
{
    for (size_t i = 0; i < set->count; i++) {
        const CgroupDeviceRule *e = &set->exceptions[i];
        if (e->type != access->type || (e->major != ANY && e->major != access->major) ||
            (e->minor != ANY && e->minor != access->minor))
            continue;
        bool covers = (e->read || !access->read) && (e->write || !access->write) &&
                      (e->mknod || !access->mknod);
        bool shares =
            (e->read && access->read) || (e->write && access->write) || (e->mknod && access->mknod);
        if (set->allow_all ? shares : covers)
            return !set->allow_all;
    }
    return set->allow_all;
}

typedef void Visit(const CgroupDeviceRule *access, void *context);

/* All accesses to the devices of a small world; as the kernel asks: mknod alone, or r, w, rw. */
static void each_access(Visit *visit, void *context)
{
    for (int i = 0; i < 2 * 3 * 3 * 4; i++) {
        int bits = i % 4;
        CgroupDeviceRule access = { .type = "bc"[i / 36],
                                    .major = i / 12 % 3,
                                    .minor = i / 4 % 3,
                                    .read = bits == 1 || bits == 3,
                                    .write = bits == 2 || bits == 3,
                                    .mknod = bits == 0 };
        visit(&access, context);
    }
}

typedef struct Forms {
    CgroupDeviceRule rules[16];
    size_t count;
    struct bpf_insn *program;
    size_t length;
    CgroupDeviceSet set;
    bool reduced;
} Forms;

static void compare(const CgroupDeviceRule *access, void *context)
{
    const Forms *forms = context;
    bool verdict = cgroup_device_rules_allow(forms->rules, forms->count, access);
    assert_int_equal(program_allows(forms->program, forms->length, access), verdict);
    /* v1 asks for one exception that covers read and write together: that is stricter when they
     * were allowed by different rules. */
    bool both = access->read && access->write;
    if (forms->reduced && !(both && verdict))
        assert_int_equal(set_allows(&forms->set, access), verdict);
}

static void make_forms(Forms *forms, Arena *arena)
{
    Error error;
    assert_int_equal(cgroup_devices_bpf_compile(forms->rules, forms->count, arena, &forms->program,
                                                &forms->length, &error),
                     0);
    if (forms->length > 0)
        assert_reachable(forms->program, forms->length);
    int r = cgroup_device_rules_reduce(forms->rules, forms->count, arena, &forms->set, &error);
    forms->reduced = r == 0;
    if (r < 0)
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
}

static void the_three_forms_agree(void **state)
{
    (void)state;
    unsigned reduced = 0, refused = 0;
    srand(20240601);
    for (int round = 0; round < 3000; round++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Forms forms = { .count = (size_t)(rand() % 9) };
        for (size_t i = 0; i < forms.count; i++) {
            int bits = rand() % 8;
            forms.rules[i] = (CgroupDeviceRule){
                .allow = rand() % 2,
                .type = "abc"[rand() % 3],
                .major = rand() % 4 - 1,
                .minor = rand() % 4 - 1,
                .read = bits & 1,
                .write = bits & 2,
                .mknod = bits & 4,
            };
            if (rand() % 6 == 0)
                forms.rules[i] = rule(rand() % 2 ? "+a *:* rwm" : "-a *:* rwm");
        }
        make_forms(&forms, &arena);
        each_access(compare, &forms);
        *(forms.reduced ? &reduced : &refused) += 1;
    }
    assert_true(reduced > 1000 && refused > 200);
}

/* A device's number is 12 bits and 20, and an operand of the program has a sign. */
static void large_numbers_are_told_apart(void **state)
{
    (void)state;
    static const char *const texts[] = { "+c 2047:1048575 rwm",
                                         "+c 2048:0 rwm",
                                         "+c 4095:1048575 rwm",
                                         "+c 4096:0 rwm",
                                         "+c 7:1048576 rwm",
                                         "-c 4095:7 rwm",
                                         NULL };
    static const struct {
        const char *access;
        bool allowed;
    } rows[] = {
        { "+c 2047:1048575 rw", true },  { "+c 2047:1048574 rw", false }, { "+c 2048:0 rw", true },
        { "+b 2048:0 rw", false },       { "+c 2048:1 rw", false },       { "+c 0:0 rw", false },
        { "+c 4095:1048575 rw", true },  { "+c 4095:7 rw", false },       { "+c 8:0 rw", false },
        { "+c 4094:1048575 rw", false },
    };
    Arena arena CLEANUP(arena_done) = { 0 };
    Forms forms = { 0 };
    forms.count = rules(texts, forms.rules);
    make_forms(&forms, &arena);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CgroupDeviceRule access = rule(rows[i].access);
        assert_int_equal(program_allows(forms.program, forms.length, &access), rows[i].allowed);
    }
}

/* The kernel's verifier takes 4 to 7 us for each: one a rule, not five. */
static void neighbours_share_their_instructions(void **state)
{
    (void)state;
    static const char *const texts[] = { "-a *:* rwm", "+c *:* m",   "+b *:* m",     "+c 1:3 rwm",
                                         "+c 1:5 rwm", "+c 1:7 rwm", "+c 1:8 rwm",   "+c 1:9 rwm",
                                         "+c 5:0 rwm", "+c 5:2 rwm", "+c 136:* rwm", NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    Forms forms = { 0 };
    forms.count = rules(texts, forms.rules);
    make_forms(&forms, &arena);
    enum { BEGIN = 9, CHARACTERS = 1 + 8, MKNOD = 3 + 3, END = 4 };
    assert_int_equal(forms.length, BEGIN + CHARACTERS + MKNOD + END);
}

/* What docker and podman ask for. */
static void the_usual_list_is_a_default_and_exceptions(void **state)
{
    (void)state;
    static const char *const texts[] = { "-a *:* rwm",   "+c *:* m",   "+b *:* m",
                                         "+c 1:3 rwm",   "+c 1:5 rwm", "+c 5:2 rwm",
                                         "+c 136:* rwm", "+c 1:3 r",   NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    Forms forms = { 0 };
    forms.count = rules(texts, forms.rules);
    make_forms(&forms, &arena);
    assert_true(forms.reduced);
    assert_false(forms.set.allow_all);
    assert_int_equal(forms.set.count, 6); /* the last one is in the fourth */
    static const struct {
        const char *access;
        bool allowed;
    } rows[] = {
        { "+c 1:3 rw", true },   { "+c 1:3 m", true },  { "+c 136:9 rw", true },
        { "+b 8:0 m", true },    { "+b 8:0 r", false }, { "+c 10:200 rw", false },
        { "+c 10:200 m", true }, { "+b 1:3 r", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CgroupDeviceRule access = rule(rows[i].access);
        assert_int_equal(cgroup_device_rules_allow(forms.rules, forms.count, &access),
                         rows[i].allowed);
        assert_int_equal(program_allows(forms.program, forms.length, &access), rows[i].allowed);
        assert_int_equal(set_allows(&forms.set, &access), rows[i].allowed);
    }
}

static void allowing_everything_needs_no_program(void **state)
{
    (void)state;
    static const char *const texts[] = { "-a *:* rwm", "+c 1:3 r", "+a *:* rwm", "-c 1:3 ", NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    Forms forms = { 0 };
    forms.count = rules(texts, forms.rules);
    make_forms(&forms, &arena);
    assert_int_equal(forms.length, 0);
    assert_true(forms.set.allow_all);
    assert_int_equal(forms.set.count, 0);
}

static void no_rules_allow_nothing(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Forms forms = { 0 };
    make_forms(&forms, &arena);
    CgroupDeviceRule access = rule("+c 1:3 r");
    assert_false(program_allows(forms.program, forms.length, &access));
    assert_false(set_allows(&forms.set, &access));
    assert_false(cgroup_device_rules_allow(NULL, 0, &access));
}

static void v1_refuses_a_hole_in_a_range(void **state)
{
    (void)state;
    static const char *const texts[] = { "-a *:* rwm", "+c 1:* rw", "-c 1:3 w", NULL };
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupDeviceRule list[4];
    CgroupDeviceSet set;
    Error error;
    assert_int_equal(cgroup_device_rules_reduce(list, rules(texts, list), &arena, &set, &error),
                     -EOPNOTSUPP);
    assert_string_equal(error.message,
                        "device rule 2: cgroup v1 cannot deny 'c 1:3 w' after it was "
                        "told to allow 'c 1:* rw': only whole rules can be taken "
                        "back");
}

static void numbers_and_types_are_checked(void **state)
{
    (void)state;
    static const CgroupDeviceRule rows[] = {
        { .type = 'x', .major = 1, .minor = 1, .read = true },
        { .type = 'c', .major = -2, .minor = 1, .read = true },
        { .type = 'c', .major = 1LL << 32, .minor = 1, .read = true },
        { .type = 'c', .major = 1, .minor = 1LL << 32, .read = true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        CgroupDeviceSet set;
        struct bpf_insn *program;
        size_t count;
        Error error;
        assert_true(cgroup_device_rules_reduce(&rows[i], 1, &arena, &set, &error) < 0);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_true(cgroup_devices_bpf_compile(&rows[i], 1, &arena, &program, &count, &error) < 0);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_forms_agree),
        cmocka_unit_test(large_numbers_are_told_apart),
        cmocka_unit_test(neighbours_share_their_instructions),
        cmocka_unit_test(the_usual_list_is_a_default_and_exceptions),
        cmocka_unit_test(allowing_everything_needs_no_program),
        cmocka_unit_test(no_rules_allow_nothing),
        cmocka_unit_test(v1_refuses_a_hole_in_a_range),
        cmocka_unit_test(numbers_and_types_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
