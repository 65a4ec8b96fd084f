/*
 * The eBPF program that answers for each use of a device: built from the rules, loaded, attached.
 *
 * The rules are tested from the last to the first. r3 holds the access that is not decided yet (a
 * bit each for mknod, read, write): an allowing rule clears its bits and the answer is yes when
 * none is left; a denying rule that has one of them ends with no.
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
    CGROUP_BPF_RULES_MAX = 400, /* 10 instructions each at most, and kernels before 5.2 take 4096 */
};

/* At most 15 characters. */
#define CGROUP_BPF_NAME "ambit_devices"

/* The registers of the program; r1 is the context, r0 the answer. */
enum { REG_ANSWER, REG_CONTEXT, REG_TYPE, REG_ACCESS, REG_MAJOR, REG_MINOR, REG_SCRATCH };

typedef struct BpfProgram {
    Arena *arena;
    struct bpf_insn *items;
    size_t count;
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

static void bpf_move(BpfProgram *program, uint8_t to, uint8_t from)
{
    bpf_add(program, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
                                        .dst_reg = to & 0xf,
                                        .src_reg = from & 0xf });
}

/* A jump out of the present rule; bpf_end_rule sets how far. */
static void bpf_leave_if(BpfProgram *program, uint8_t condition, uint8_t reg, int32_t value)
{
    bpf_add(program, (struct bpf_insn){ .code = (uint8_t)(BPF_JMP | condition | BPF_K),
                                        .dst_reg = reg & 0xf,
                                        .imm = value });
}

static void bpf_answer(BpfProgram *program, bool allow)
{
    bpf_alu(program, BPF_MOV, REG_ANSWER, allow);
    bpf_add(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static void bpf_end_rule(BpfProgram *program, size_t first)
{
    for (size_t i = first; i < program->count; i++) {
        uint8_t code = program->items[i].code;
        if (BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_EXIT)
            program->items[i].off = (int16_t)(program->count - i - 1);
    }
}

static void bpf_rule(BpfProgram *program, const CgroupDeviceRule *rule)
{
    size_t first = program->count;
    int32_t access = (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) |
                     (rule->read ? BPF_DEVCG_ACC_READ : 0) |
                     (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
    if (rule->type != 'a')
        bpf_leave_if(program, BPF_JNE, REG_TYPE,
                     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule->major != CGROUP_DEVICE_ANY)
        bpf_leave_if(program, BPF_JNE, REG_MAJOR, (int32_t)rule->major);
    if (rule->minor != CGROUP_DEVICE_ANY)
        bpf_leave_if(program, BPF_JNE, REG_MINOR, (int32_t)rule->minor);

    int32_t all = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
    if (access != all && rule->allow) {
        bpf_alu(program, BPF_AND, REG_ACCESS, all & ~access);
        bpf_leave_if(program, BPF_JNE, REG_ACCESS, 0);
    } else if (access != all) {
        bpf_move(program, REG_SCRATCH, REG_ACCESS);
        bpf_alu(program, BPF_AND, REG_SCRATCH, access);
        bpf_leave_if(program, BPF_JEQ, REG_SCRATCH, 0);
    }
    bpf_answer(program, rule->allow);
    bpf_end_rule(program, first);
}

/* No access, or numbers no device has (and which a signed 32-bit operand cannot hold). */
static bool cgroup_device_is_void(const CgroupDeviceRule *rule)
{
    return !(rule->read || rule->write || rule->mknod) || rule->major > INT32_MAX ||
           rule->minor > INT32_MAX;
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
    BpfProgram program = { .arena = arena };
    bpf_load_field(&program, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    bpf_move(&program, REG_ACCESS, REG_TYPE);
    bpf_alu(&program, BPF_AND, REG_TYPE, 0xffff);
    bpf_alu(&program, BPF_RSH, REG_ACCESS, 16);
    bpf_load_field(&program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
    bpf_load_field(&program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
    bool decided = false;
    for (size_t i = count; i > 0 && !decided; i--) {
        if (cgroup_device_is_void(&rules[i - 1]))
            continue;
        bpf_rule(&program, &rules[i - 1]);
        decided = cgroup_device_rule_is_everything(&rules[i - 1]);
    }
    if (!decided)
        bpf_answer(&program, false);
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
