/**
 * A slice: bytes inside a buffer that somebody else owns. Not
 * NUL-terminated; may hold any byte.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *p;
    size_t len;
};

/** Slice over a C string; NULL gives the empty slice. */
struct slice slice_of(const char *text);

/** Whether the slice holds exactly this text. */
bool slice_is(struct slice s, const char *text);

/** Same without regard to ASCII case. */
bool slice_is_nocase(struct slice s, const char *text);

/**
 * Parse an unsigned decimal number: digits only, all of them, in [min, max].
 * @return 0, EINVAL when it is no number, ERANGE when out of range.
 */
int slice_to_u64(struct slice s, uint64_t min, uint64_t max, uint64_t *out);

/**
 * Cut off what stands before the first separator, which is dropped; all of
 * it where there is none.
 *
 * @param text  What is left after the cut.
 */
struct slice slice_split(struct slice *text, char separator);

/**
 * Copy into a NUL-terminated buffer of size bytes.
 * @return 0, or EOVERFLOW (buffer set to "") when it does not fit or the
 * slice holds a NUL byte.
 */
int slice_copy(struct slice s, char *buf, size_t size);

#endif
