/*
 * The tables themselves are made at build time from syscalls.txt (build-aux/syscall-table.py);
 * here is only how to find something in them. Numbers are stored by column: compiling a policy
 * touches 1 KiB of them per ABI, which in a process that just started is what counts. Trap:
 * table_hash must stay the same function as in the script; a lookup of every name in
 * tests/unit/linux/test_seccomp_table.c proves it.
 */
#include "linux/seccomp_table.h"

#include <elf.h>
#include <linux/audit.h>
#include <string.h>

#include "linux/seccomp.h"

typedef struct SyscallRow {
    uint16_t name;       /* offset in table_names */
    uint8_t multiplexer; /* 1 socketcall, 2 ipc */
    uint8_t call;
} SyscallRow;

#include "linux/seccomp_table.inc"

const SeccompAbi seccomp_table_abis[SECCOMP_COLUMN_MAX] = {
    [SECCOMP_COLUMN_X86_64] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, true },
    [SECCOMP_COLUMN_I386] = { AUDIT_ARCH_I386, AUDIT_ARCH_I386, 0, false },
    [SECCOMP_COLUMN_X32] = { SECCOMP_ARCHITECTURE_X32, AUDIT_ARCH_X86_64, 0x40000000, false },
    [SECCOMP_COLUMN_AARCH64] = { AUDIT_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, true },
    [SECCOMP_COLUMN_ARM] = { AUDIT_ARCH_ARM, AUDIT_ARCH_ARM, 0, false },
};

int seccomp_table_column(uint32_t architecture)
{
    for (int i = 0; i < SECCOMP_COLUMN_MAX; i++) {
        if (seccomp_table_abis[i].architecture == architecture)
            return i;
    }
    return -1;
}

static uint32_t table_hash(const char *name)
{
    uint32_t value = 5381;
    for (const char *p = name; *p; p++)
        value = (value * 33) ^ (uint8_t)*p;
    return (value ^ value >> 11) % TABLE_HASH_SIZE;
}

const char *seccomp_table_name(int row)
{
    return row >= 0 && row < TABLE_ROWS ? table_names + table_rows[row].name : NULL;
}

int seccomp_table_row(const char *name)
{
    uint32_t at = table_hash(name);
    while (table_index[at]) {
        int row = table_index[at] - 1;
        if (strcmp(table_names + table_rows[row].name, name) == 0)
            return row;
        at = (at + 1) % TABLE_HASH_SIZE;
    }
    return -1;
}

const int16_t *seccomp_table_slots(SeccompColumn column)
{
    return table_slots[column];
}

int32_t seccomp_table_number(int row, SeccompColumn column)
{
    int16_t slot = table_slots[column][row];
    return slot < 0 ? -1 : (int32_t)seccomp_table_slot_number((uint32_t)slot);
}

uint32_t seccomp_table_newest(SeccompColumn column)
{
    return table_newest[column];
}

static const char *const table_multiplexers[] = { NULL, "socketcall", "ipc" };

int seccomp_table_multiplexer(int row, uint32_t *ret_call)
{
    const SyscallRow *r = &table_rows[row];
    if (!r->multiplexer)
        return -1;
    *ret_call = r->call;
    return seccomp_table_row(table_multiplexers[r->multiplexer]);
}

bool seccomp_table_is_multiplexer(int row)
{
    const char *name = seccomp_table_name(row);
    return name &&
           (strcmp(name, table_multiplexers[1]) == 0 || strcmp(name, table_multiplexers[2]) == 0);
}
