/*
 * Runs a fuzz target over the files of directories, without a fuzzer: so the corpora, and every
 * input that once failed, are part of the unit tests. Each file is also given cut off at every
 * length, which parsers dislike most.
 *
 *     replay DIRECTORY...
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

static int replay_file(int dirfd, const char *name)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *text;
    size_t size;
    if (file_read_at(dirfd, name, 1 << 20, &arena, &text, &size) < 0) {
        (void)fprintf(stderr, "cannot read %s\n", name);
        return 1;
    }
    size_t step = 1 + size / 2000; /* long ones at fewer lengths */
    for (size_t length = 0; length < size; length += step) {
        uint8_t *exact = mem_alloc(length); /* so that the sanitizers see a read behind the end */
        if (length)
            memcpy(exact, text, length);
        (void)LLVMFuzzerTestOneInput(exact, length);
        free(exact);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)text, size);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        if (!directory) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(directory));) {
            if (entry->d_name[0] == '.')
                continue;
            failed += replay_file(dirfd(directory), entry->d_name);
            files++;
        }
        (void)closedir(directory);
    }
    (void)printf("%d files\n", files);
    return failed > 0 || files == 0;
}
