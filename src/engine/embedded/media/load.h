/**
 * How busy a worker is, second by second, and what complexity of Opus that
 * leaves room for: two steps down after a second of more than 80 % busy, one
 * up after ten of less than 50 %. Pure: time is given.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_LOAD_H
#define ENGINE_EMBEDDED_MEDIA_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load {
    unsigned most;       /* complexity that was set */
    unsigned complexity; /* at present */
    unsigned percent;    /* busy, of the last second */
    unsigned calm;       /* seconds in a row with room */
    uint64_t since_us;   /* of this second */
    uint64_t busy_us;    /* in it */
};

/** @param complexity  0 to 10. */
void load_begin(struct load *l, unsigned complexity, uint64_t now_us);

/**
 * The worker was busy from from_us to to_us, and has waited before.
 * @return whether the complexity changed.
 */
bool load_add(struct load *l, uint64_t from_us, uint64_t to_us);

#endif
