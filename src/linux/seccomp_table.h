/*
 * System call numbers per ABI, from syscalls.txt: the same data on every build host.
 *
 * Used by the seccomp generator; a row is an index into the table and names one system call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum SeccompColumn {
    SECCOMP_COLUMN_X86_64,
    SECCOMP_COLUMN_I386,
    SECCOMP_COLUMN_X32,
    SECCOMP_COLUMN_AARCH64,
    SECCOMP_COLUMN_ARM,
    SECCOMP_COLUMN_MAX,
} SeccompColumn;

/* One way to make system calls that the kernel tells apart (seccomp_data.arch and bit 30). */
typedef struct SeccompAbi {
    uint32_t architecture; /* as in SeccompPolicy */
    uint32_t audit;        /* seccomp_data.arch: x32 shares it with x86_64 */
    uint32_t base;         /* added to every number: x32's bit 30 */
    bool wide;             /* arguments have 64 bits; otherwise only the low words are compared,
                              as libseccomp does, also for x32 */
} SeccompAbi;

extern const SeccompAbi seccomp_table_abis[SECCOMP_COLUMN_MAX];

/* The column of an architecture, or -1: no table for it. */
int seccomp_table_column(uint32_t architecture);

/* The row of a name, or -1: never heard of. */
int seccomp_table_row(const char *name);
const char *seccomp_table_name(int row);
/* The number without the ABI's base, or -1. */
int32_t seccomp_table_number(int row, SeccompColumn column);
uint32_t seccomp_table_newest(SeccompColumn column);

/*
 * i386 has socketcall(2) and ipc(2), which do the work of other calls by their first argument.
 * Returns the multiplexer's row and the value of that argument, or -1.
 */
int seccomp_table_multiplexer(int row, uint32_t *ret_call);
bool seccomp_table_is_multiplexer(int row);

/*
 * Numbers are kept in arrays of SECCOMP_TABLE_SLOTS: the slot is the number itself, except for the
 * six private calls of arm (0xf0001 to 0xf0006), which have the last slots.
 */
enum {
    SECCOMP_TABLE_PRIVATE_SLOT = 600,
    SECCOMP_TABLE_SLOTS = 608,
    SECCOMP_TABLE_PRIVATE_NUMBER = 0xf0000,
};
static inline uint32_t seccomp_table_slot_number(uint32_t slot)
{
    return slot < SECCOMP_TABLE_PRIVATE_SLOT
               ? slot
               : slot - SECCOMP_TABLE_PRIVATE_SLOT + SECCOMP_TABLE_PRIVATE_NUMBER;
}
/* The slots of all rows in one ABI, -1 where it has no such call. */
const int16_t *seccomp_table_slots(SeccompColumn column);
