/**
 * Fuzz targets: one file a parser. Each gives any bytes to it and checks
 * what its header promises of the result; a broken promise aborts.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Entry point, as libFuzzer names it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PROMISE(cond)                                                         \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "%s:%d: promise broken: %s\n", __FILE__,          \
                    __LINE__, #cond);                                         \
            abort();                                                          \
        }                                                                     \
    } while (0)

#endif
