/*
 * The eBPF program that answers for each use of a device: built from the rules, loaded, attached.
 *
 * The rules are tested from the last to the first. r3 holds the access that is not decided yet (a
 * bit each for mknod, read, write): an allowing rule clears its bits and the answer is yes when
 * none is left; a denying rule that has one of them ends with no.
 *
 * Loading takes time, most of it in the verifier, which follows each branch with all it knows by
 * then: what it knows of a number makes later tests of it foregone on that path and not on others,
 * so that it walks the rest of the rules once for each. So neighbours of one type ask for it once,
 * and a device is compared as one number: the usual list takes a fifth of the time.
 *
 * The traps: the verifier refuses programs with unreachable instructions, so that nothing may
 * follow a rule that decides everything; and only programs with our name are replaced, because
 * systemd attaches its own to the same cgroup.
 */
#include "linux/cgroup_devices_bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

enum {
    CGROUP_BPF_ATTACHED_MAX = 64, /* the kernel's BPF_CGROUP_MAX_PROGS */
    CGROUP_BPF_RULES_MAX = 400, /* 7 instructions each at most, and kernels before 5.2 take 4096 */
    CGROUP_BPF_MINOR_BITS = 20, /* of the 32 of a device's number: the kernel's MINORBITS */
    CGROUP_BPF_MAJOR_MAX = (1 << 12) - 1,
    CGROUP_BPF_MINOR_MAX = (1 << CGROUP_BPF_MINOR_BITS) - 1,
};

/* At most 15 characters. */
#define CGROUP_BPF_NAME "ambit_devices"

/* The registers of the program; r1 is the context, r0 the answer. */
enum {
    REG_ANSWER,
    REG_CONTEXT,
    REG_TYPE,
    REG_ACCESS,
    REG_MAJOR,
    REG_MINOR,
    REG_DEVICE, /* major and minor in one */
    REG_SCRATCH,
};

/* Where a jump goes, in place of an offset until the place is known. */
enum { TO_NEXT_RULE = -1, TO_NEXT_TYPE = -2, TO_DENY = -3, TO_ALLOW = -4 };

typedef struct BpfProgram {
    Arena *arena;
    struct bpf_insn *items;
    size_t count;
    char type; /* what the rules at the end are for, asked once; 'a': nothing was asked */
} BpfProgram;

static void bpf_add(BpfProgram *program, struct bpf_insn insn)
{
    *(struct bpf_insn *)arena_append(program->arena, &program->items, &program->count,
                                     sizeof(insn)) = insn;
}

static void bpf_load_field(BpfProgram *program, uint8_t reg, int16_t offset)
{
    bpf_add(program, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
                                        .dst_reg = reg & 0xf,
                                        .src_reg = REG_CONTEXT,
                                        .off = offset });
}

static void bpf_alu(BpfProgram *program, uint8_t operation, uint8_t reg, int32_t value)
{
    bpf_add(program, (struct bpf_insn){ .code = (uint8_t)(BPF_ALU | operation | BPF_K),
                                        .dst_reg = reg & 0xf,
                                        .imm = value });
}

static void bpf_alu_with(BpfProgram *program, uint8_t operation, uint8_t reg, uint8_t with)
{
    bpf_add(program, (struct bpf_insn){ .code = (uint8_t)(BPF_ALU | operation | BPF_X),
                                        .dst_reg = reg & 0xf,
                                        .src_reg = with & 0xf });
}

static void bpf_jump_if(BpfProgram *program, uint8_t reg, uint8_t condition, int32_t value,
                        int16_t to)
{
    bpf_add(program, (struct bpf_insn){ .code = (uint8_t)(BPF_JMP | condition | BPF_K),
                                        .dst_reg = reg & 0xf,
                                        .off = to,
                                        .imm = value });
}

static void bpf_answer(BpfProgram *program, bool allow)
{
    bpf_alu(program, BPF_MOV, REG_ANSWER, allow);
    bpf_add(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* The jumps to `to` go to what is added next. Returns whether there are any. */
static bool bpf_arrive(BpfProgram *program, int16_t to)
{
    bool any = false;
    for (size_t i = 0; i < program->count; i++) {
        struct bpf_insn *insn = &program->items[i];
        if (BPF_CLASS(insn->code) != BPF_JMP || insn->off != to)
            continue;
        insn->off = (int16_t)(program->count - i - 1);
        any = true;
    }
    return any;
}

static void bpf_begin(BpfProgram *program)
{
    bpf_load_field(program, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    bpf_alu_with(program, BPF_MOV, REG_ACCESS, REG_TYPE);
    bpf_alu(program, BPF_AND, REG_TYPE, 0xffff);
    bpf_alu(program, BPF_RSH, REG_ACCESS, 16);
    bpf_load_field(program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
    bpf_load_field(program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
    bpf_alu_with(program, BPF_MOV, REG_DEVICE, REG_MAJOR);
    bpf_alu(program, BPF_LSH, REG_DEVICE, CGROUP_BPF_MINOR_BITS);
    bpf_alu_with(program, BPF_OR, REG_DEVICE, REG_MINOR);
}

static int32_t bpf_type(char type)
{
    return type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
}

/* What follows is for devices of this type. */
static void bpf_begin_type(BpfProgram *program, char type)
{
    if (program->type == type)
        return;
    (void)bpf_arrive(program, TO_NEXT_TYPE);
    if (type != 'a')
        bpf_jump_if(program, REG_TYPE, BPF_JNE, bpf_type(type), TO_NEXT_TYPE);
    program->type = type;
}

/* For a rule about some access: what follows is for its devices. */
static void bpf_match(BpfProgram *program, const CgroupDeviceRule *rule)
{
    bpf_begin_type(program, rule->type);
    if (rule->major != CGROUP_DEVICE_ANY)
        bpf_jump_if(program, REG_MAJOR, BPF_JNE, (int32_t)rule->major, TO_NEXT_RULE);
    if (rule->minor != CGROUP_DEVICE_ANY)
        bpf_jump_if(program, REG_MINOR, BPF_JNE, (int32_t)rule->minor, TO_NEXT_RULE);
}

static void bpf_some_access(BpfProgram *program, bool allow, int32_t access)
{
    int32_t all = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
    if (allow) {
        bpf_alu(program, BPF_AND, REG_ACCESS, all & ~access);
        bpf_jump_if(program, REG_ACCESS, BPF_JEQ, 0, TO_ALLOW);
        return;
    }
    bpf_alu_with(program, BPF_MOV, REG_SCRATCH, REG_ACCESS);
    bpf_alu(program, BPF_AND, REG_SCRATCH, access);
    bpf_jump_if(program, REG_SCRATCH, BPF_JNE, 0, TO_DENY);
}

/* Of a rule for one device. */
static int64_t bpf_device(const CgroupDeviceRule *rule)
{
    return rule->major * (1 << CGROUP_BPF_MINOR_BITS) + rule->minor;
}

/* All access, so that a device that matches is decided. Not for a rule about everything. */
static void bpf_all_access(BpfProgram *program, const CgroupDeviceRule *rule)
{
    int16_t to = rule->allow ? TO_ALLOW : TO_DENY;
    bool any_major = rule->major == CGROUP_DEVICE_ANY, any_minor = rule->minor == CGROUP_DEVICE_ANY;
    bool all_of_type = any_major && any_minor;
    bpf_begin_type(program, all_of_type ? 'a' : rule->type);
    if (all_of_type) {
        bpf_jump_if(program, REG_TYPE, BPF_JEQ, bpf_type(rule->type), to);
    } else if (any_minor) {
        bpf_jump_if(program, REG_MAJOR, BPF_JEQ, (int32_t)rule->major, to);
    } else if (any_major) {
        bpf_jump_if(program, REG_MINOR, BPF_JEQ, (int32_t)rule->minor, to);
    } else if (bpf_device(rule) <= INT32_MAX) { /* operands have a sign */
        bpf_jump_if(program, REG_DEVICE, BPF_JEQ, (int32_t)bpf_device(rule), to);
    } else {
        bpf_jump_if(program, REG_MAJOR, BPF_JNE, (int32_t)rule->major, TO_NEXT_RULE);
        bpf_jump_if(program, REG_MINOR, BPF_JEQ, (int32_t)rule->minor, to);
    }
}

static void bpf_rule(BpfProgram *program, const CgroupDeviceRule *rule)
{
    if (rule->read && rule->write && rule->mknod) {
        bpf_all_access(program, rule);
    } else {
        bpf_match(program, rule);
        bpf_some_access(program, rule->allow,
                        (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) |
                            (rule->read ? BPF_DEVCG_ACC_READ : 0) |
                            (rule->write ? BPF_DEVCG_ACC_WRITE : 0));
    }
    (void)bpf_arrive(program, TO_NEXT_RULE);
}

/* What nobody decided gets `allow`. */
static void bpf_end(BpfProgram *program, bool allow)
{
    bpf_begin_type(program, 'a');
    (void)bpf_arrive(program, allow ? TO_ALLOW : TO_DENY);
    bpf_answer(program, allow);
    if (bpf_arrive(program, allow ? TO_DENY : TO_ALLOW))
        bpf_answer(program, !allow);
}

/* No access, or numbers that no device has. */
static bool cgroup_device_is_void(const CgroupDeviceRule *rule)
{
    return !cgroup_device_rule_has_access(rule) || rule->major > CGROUP_BPF_MAJOR_MAX ||
           rule->minor > CGROUP_BPF_MINOR_MAX;
}

int cgroup_devices_bpf_compile(const CgroupDeviceRule *rules, size_t count, Arena *arena,
                               struct bpf_insn **ret_program, size_t *ret_count, Error *error)
{
    if (count > CGROUP_BPF_RULES_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "more than %d device rules",
                         CGROUP_BPF_RULES_MAX);
    for (size_t i = 0; i < count; i++)
        if (cgroup_device_rule_check(&rules[i], error) < 0)
            return error_wrap(error, "device rule %zu", i);

    while (count > 0 && cgroup_device_is_void(&rules[count - 1]))
        count--;
    if (count > 0 && rules[count - 1].allow &&
        cgroup_device_rule_is_everything(&rules[count - 1])) {
        *ret_program = NULL;
        *ret_count = 0;
        return 0;
    }
    BpfProgram program = { .arena = arena, .type = 'a' };
    bpf_begin(&program);
    bool allow = false;
    for (size_t i = count; i > 0; i--) {
        if (cgroup_device_is_void(&rules[i - 1]))
            continue;
        if (cgroup_device_rule_is_everything(&rules[i - 1])) {
            allow = rules[i - 1].allow;
            break;
        }
        bpf_rule(&program, &rules[i - 1]);
    }
    bpf_end(&program, allow);
    *ret_program = program.items;
    *ret_count = program.count;
    return 0;
}

static int bpf_call(int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof(*attr));
    return r < 0 ? -errno : (int)r;
}

/* Before Linux 5.11 programs count against RLIMIT_MEMLOCK, whose usual 64 KiB are soon used up. */
static int bpf_load_unlimited(union bpf_attr *attr)
{
    int fd = bpf_call(BPF_PROG_LOAD, attr);
    struct rlimit old, unlimited = { RLIM_INFINITY, RLIM_INFINITY };
    if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
        setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
        return fd;
    fd = bpf_call(BPF_PROG_LOAD, attr);
    (void)setrlimit(RLIMIT_MEMLOCK, &old);
    return fd;
}

static int bpf_load(const struct bpf_insn *program, size_t count, Error *error)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uint64_t)(uintptr_t)program;
    attr.insn_cnt = (uint32_t)count;
    attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
    memcpy(attr.prog_name, CGROUP_BPF_NAME, sizeof(CGROUP_BPF_NAME));
    int fd = bpf_load_unlimited(&attr);
    if (fd < 0)
        return error_errno(error, fd, "load the eBPF program of %zu instructions for device rules",
                           count);
    return fd;
}

/* The program behind an id if it is one of ours, else -1. */
static int bpf_open_ours(uint32_t id)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.prog_id = id;
    int fd CLEANUP(fd_closep) = bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
    if (fd < 0)
        return -1;
    struct bpf_prog_info info;
    memset(&info, 0, sizeof(info));
    memset(&attr, 0, sizeof(attr));
    attr.info.bpf_fd = (uint32_t)fd;
    attr.info.info_len = sizeof(info);
    attr.info.info = (uint64_t)(uintptr_t)&info;
    if (bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 || !str_eq(info.name, CGROUP_BPF_NAME))
        return -1;
    return TAKE_FD(fd);
}

/* Those attached to this cgroup itself that are ours. The count, or a negative errno. */
static int bpf_find_ours(int directory, int fds[CGROUP_BPF_ATTACHED_MAX], Error *error)
{
    uint32_t ids[CGROUP_BPF_ATTACHED_MAX];
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.query.target_fd = (uint32_t)directory;
    attr.query.attach_type = BPF_CGROUP_DEVICE;
    attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attr.query.prog_cnt = CGROUP_BPF_ATTACHED_MAX;
    int r = bpf_call(BPF_PROG_QUERY, &attr);
    if (r < 0)
        return error_errno(error, r, "list the eBPF programs of the cgroup");
    int count = 0;
    for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
        int fd = bpf_open_ours(ids[i]);
        if (fd >= 0)
            fds[count++] = fd;
    }
    return count;
}

static int bpf_detach(int directory, int program)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)directory;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    return bpf_call(BPF_PROG_DETACH, &attr);
}

/* `old` (or -1) is replaced in one step (Linux 5.6). 1: replaced; 0: attached beside it. */
static int bpf_attach(int directory, int program, int old, Error *error)
{
    union bpf_attr attr;
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)directory;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    if (old >= 0) {
        attr.attach_flags |= BPF_F_REPLACE;
        attr.replace_bpf_fd = (uint32_t)old;
        int r = bpf_call(BPF_PROG_ATTACH, &attr);
        if (r >= 0)
            return 1;
        attr.attach_flags = BPF_F_ALLOW_MULTI;
        attr.replace_bpf_fd = 0;
    }
    int r = bpf_call(BPF_PROG_ATTACH, &attr);
    if (r < 0)
        return error_errno(error, r, "attach the eBPF program for device rules to the cgroup");
    return 0;
}

int cgroup_devices_bpf_apply(int directory, const CgroupDeviceRule *rules, size_t count,
                             Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    struct bpf_insn *program = NULL;
    size_t length = 0;
    int r = cgroup_devices_bpf_compile(rules, count, &arena, &program, &length, error);
    if (r < 0)
        return r;
    int loaded CLEANUP(fd_closep) = length > 0 ? bpf_load(program, length, error) : -1;
    if (length > 0 && loaded < 0)
        return loaded;

    int ours[CGROUP_BPF_ATTACHED_MAX] = { 0 }, replaced = 0;
    int found = bpf_find_ours(directory, ours, error);
    if (found >= 0 && loaded >= 0)
        replaced = bpf_attach(directory, loaded, found > 0 ? ours[0] : -1, error);
    r = found < 0 ? found : replaced < 0 ? replaced : 0;
    for (int i = 0; i < found; i++) {
        int d = r == 0 && i >= replaced ? bpf_detach(directory, ours[i]) : 0;
        if (d < 0)
            r = error_errno(error, d, "detach an old eBPF program for device rules");
        fd_close(ours[i]);
    }
    return r;
}
