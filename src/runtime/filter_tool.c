/*
 * Runs during the build: prints the program of the built-in profile as initializers for
 * filter_builtin.c. It is linked with filter_translate.c alone, which does not know of the table.
 */
#include <linux/filter.h>
#include <stdio.h>

#include "runtime/filter_translate.h"
#include "spec/seccomp_default.h"

int main(void)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProgram program;
    uint32_t flags;
    if (filter_translate(seccomp_default_usual(), &arena, &program, &flags, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (uint16_t i = 0; i < program.count; i++) {
        const struct sock_filter *f = &program.instructions[i];
        (void)printf("    { 0x%02x, %u, %u, 0x%x },\n", f->code, f->jt, f->jf, f->k);
    }
    return 0;
}
