/*
 * How long a configuration takes to be read, judged and written: not a test, nothing is asserted.
 *
 *     bench-spec [CONFIG.JSON]      (without one: about 19 KB with an engine's usual profile's
 * size)
 *
 * The first column is the first time in this process, on fresh memory, which is what a runtime
 * pays; the second the median of many.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "spec/spec.h"

enum { ROUNDS = 2001 };

typedef struct Input {
    const char *text;
    size_t size;
    const Spec *spec;
} Input;

static void bench_json(const Input *input, Arena *arena)
{
    const JsonValue *value;
    if (json_parse(input->text, input->size, NULL, arena, &value, NULL) < 0)
        abort();
}

static void bench_parse(const Input *input, Arena *arena)
{
    Spec *spec;
    if (spec_parse(arena, input->text, input->size, &spec, NULL) < 0)
        abort();
}

static void bench_validate(const Input *input, Arena *arena)
{
    (void)arena;
    if (spec_validate(input->spec, NULL) < 0)
        abort();
}

static void bench_encode(const Input *input, Arena *arena)
{
    (void)arena;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    spec_encode(input->spec, false, &text);
}

static const struct {
    const char *name;
    void (*run)(const Input *input, Arena *arena);
} benches[] = {
    { "json_parse", bench_json },
    { "spec_parse", bench_parse },
    { "spec_validate", bench_validate },
    { "spec_encode", bench_encode },
};

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Mounts, environment and syscall names in the proportions of an engine's config. */
static void generate(StrBuf *text)
{
    strbuf_add(text, "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/var/lib/store/rootfs\"},"
                     "\"process\":{\"cwd\":\"/\",\"args\":[\"true\"],\"env\":[\"PATH=/bin\"");
    for (int i = 0; i < 20; i++)
        strbuf_printf(text, ",\"SOME_VARIABLE_%d=/usr/local/lib/%d\"", i, i);
    strbuf_add(text, "]},\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"}");
    for (int i = 0; i < 20; i++)
        strbuf_printf(text,
                      ",{\"destination\":\"/data/%d\",\"type\":\"bind\",\"source\":\"/srv/%d\","
                      "\"options\":[\"rbind\",\"rprivate\",\"nosuid\",\"nodev\"]}",
                      i, i);
    strbuf_add(text,
               "],\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[");
    for (int i = 0; i < 50; i++) {
        strbuf_printf(text, "%s{\"names\":[\"first%d\"", i ? "," : "", i);
        for (int j = 0; j < 18; j++)
            strbuf_printf(text, ",\"syscall_%d_%d\"", i, j);
        strbuf_add(text, "],\"action\":\"SCMP_ACT_ALLOW\"}");
    }
    strbuf_add(text, "]}}}");
}

int main(int argc, char **argv)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf generated CLEANUP(strbuf_done) = { 0 };
    Input input = { 0 };
    Spec *spec;
    Error error = { 0 };
    if (argc > 1) {
        char *text;
        if (file_read_at(AT_FDCWD, argv[1], SPEC_MAX_BYTES, &arena, &text, &input.size) < 0) {
            perror(argv[1]);
            return 1;
        }
        input.text = text;
    } else {
        generate(&generated);
        input.text = generated.data;
        input.size = generated.length;
    }
    if (spec_parse(&arena, input.text, input.size, &spec, &error) < 0 ||
        spec_validate(spec, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    input.spec = spec;
    (void)printf("%zu bytes %22s %10s\n", input.size, "first us", "median us");
    for (size_t i = 0; i < ARRAY_LEN(benches); i++) {
        static double times[ROUNDS];
        for (size_t round = 0; round < ROUNDS; round++) {
            Arena fresh CLEANUP(arena_done) = { 0 };
            double start = now_us();
            benches[i].run(&input, &fresh);
            times[round] = now_us() - start;
        }
        double first = times[0];
        qsort(times, ROUNDS, sizeof(*times), compare_doubles);
        (void)printf("%-16s %18.1f %10.1f\n", benches[i].name, first, times[ROUNDS / 2]);
    }
    return 0;
}
