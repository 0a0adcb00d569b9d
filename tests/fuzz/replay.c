/*
 * Runs a target without libFuzzer, for the test suite: every file of a kept
 * corpus, every beginning of it, and a fixed number of mutations that are the
 * same in every run. Each input lies in memory of its own size, so that the
 * address sanitizer sees one byte too far.
 */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, PREFIX_MAX = 2048, MUTATIONS = 200 };

static uint64_t dice = 0x9e3779b97f4a7c15u;

/* xorshift64: the same sequence everywhere */
static size_t roll(size_t below)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)(dice % below);
}

static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        err(2, "malloc");
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void mutate(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    size_t n = 1 + roll(4);

    if (!copy)
        err(2, "malloc");
    memcpy(copy, data, len);
    for (size_t i = 0; i < n && len; i++) {
        size_t at = roll(len), from = roll(len);

        switch (roll(4)) {
        case 0:
            copy[at] ^= (uint8_t)(1u << roll(8));
            break;
        case 1:
            copy[at] = (uint8_t)roll(256);
            break;
        case 2:
            copy[at] = copy[from];
            break;
        default: /* take a byte out */
            memmove(copy + at, copy + at + 1, --len - at);
        }
    }
    run(copy, len);
    free(copy);
}

static size_t replay(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *f = fopen(path, "rb");
    size_t len;

    if (!data || !f)
        err(2, "%s", path);
    len = fread(data, 1, INPUT_MAX, f);
    fclose(f);
    run(data, len);
    for (size_t i = 0; i < len && i < PREFIX_MAX; i++)
        run(data, i);
    for (size_t i = 0; i < MUTATIONS; i++)
        mutate(data, len);
    free(data);
    return 1;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    size_t done = 0;

    for (int i = 1; i < argc; i++) {
        struct dirent **list;
        int n = scandir(argv[i], &list, visible, alphasort);

        if (n < 0)
            err(2, "%s", argv[i]);
        for (int k = 0; k < n; k++) {
            char path[4096];

            snprintf(path, sizeof(path), "%s/%s", argv[i], list[k]->d_name);
            done += replay(path);
            free(list[k]);
        }
        free(list);
    }
    if (!done)
        errx(2, "no corpus: usage: replay FOLDER …");
    return 0;
}
