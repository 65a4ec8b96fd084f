#!/usr/bin/env python3
"""syscall-table.py IN OUT: turns src/linux/syscalls.txt into the C tables of seccomp_table.c.

The names go into one pool with a hash index (open addressing, the hash of seccomp_table_hash), so
that a name is found with one or two comparisons and the data needs no relocation.
"""
import sys

COLUMNS = 5  # x86_64 i386 x32 aarch64 arm: the order of SeccompColumn
HASH_SIZE = 2048
NUMBER_LIMIT = 600  # below it: ordinary numbers, slot = number (SECCOMP_TABLE_PRIVATE_SLOT)
PRIVATE_FIRST, PRIVATE_LAST = 0xF0000, 0xF0007  # the arm-private calls
MULTIPLEXERS = {"socketcall": 1, "ipc": 2}


def hash_name(name):
    value = 5381
    for byte in name.encode():
        value = (value * 33 ^ byte) & 0xFFFFFFFF
    return (value ^ value >> 11) & (HASH_SIZE - 1)


def read_rows(path):
    rows = []
    with open(path) as lines:
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            name, numbers, rest = words[0], words[1 : 1 + COLUMNS], words[1 + COLUMNS :]
            numbers = [-1 if n == "-" else int(n) for n in numbers]
            for n in numbers:
                if not (n < NUMBER_LIMIT or PRIVATE_FIRST <= n <= PRIVATE_LAST):
                    sys.exit(f"{path}: {name}: number {n} is out of the ranges the generator knows")
            call = (0, 0)
            if rest:
                word, sub = rest[0].split(":")
                call = (MULTIPLEXERS[word], int(sub))
            rows.append((name, numbers, call))
    names = [row[0] for row in rows]
    if names != sorted(set(names)):
        sys.exit(f"{path}: rows must be sorted by name and unique")
    for column in range(COLUMNS):
        used = [row[1][column] for row in rows if row[1][column] >= 0]
        if len(used) != len(set(used)):
            sys.exit(f"{path}: a number appears twice in column {column + 1}")
    return rows


def hash_index(rows):
    slots = [0] * HASH_SIZE
    for i, (name, _, _) in enumerate(rows):
        at = hash_name(name)
        while slots[at]:
            at = (at + 1) % HASH_SIZE
        slots[at] = i + 1
    return slots


def main():
    rows = read_rows(sys.argv[1])
    with open(sys.argv[2], "w") as out:
        out.write("/* Made by build-aux/syscall-table.py from src/linux/syscalls.txt. */\n")
        out.write(f"enum {{ TABLE_ROWS = {len(rows)}, TABLE_HASH_SIZE = {HASH_SIZE} }};\n")
        newest = [
            max(n for _, numbers, _ in rows if (n := numbers[c]) < NUMBER_LIMIT)
            for c in range(COLUMNS)
        ]
        out.write("static const uint16_t table_newest[] = {%s};\n" % ", ".join(map(str, newest)))
        out.write("static const char table_names[] =\n")
        for name, _, _ in rows:
            out.write(f'    "{name}\\0"\n')
        out.write("    ;\nstatic const SyscallRow table_rows[TABLE_ROWS] = {\n")
        offset = 0
        for name, _, (multiplexer, call) in rows:
            out.write(f"    {{ {offset}, {multiplexer}, {call} }},\n")
            offset += len(name) + 1
        out.write("};\nstatic const int16_t table_slots[SECCOMP_COLUMN_MAX][TABLE_ROWS] = {\n")
        for c in range(COLUMNS):
            write_numbers(out, [slot(numbers[c]) for _, numbers, _ in rows], "{", "},")
        out.write("};\nstatic const uint16_t table_index[TABLE_HASH_SIZE] = ")
        write_numbers(out, hash_index(rows), "{", "};")


def slot(number):
    return number if number < NUMBER_LIMIT else number - PRIVATE_FIRST + NUMBER_LIMIT


def write_numbers(out, numbers, before, after):
    out.write(before + "\n")
    for i in range(0, len(numbers), 16):
        out.write("    " + ", ".join(map(str, numbers[i : i + 16])) + ",\n")
    out.write(after + "\n")


main()
