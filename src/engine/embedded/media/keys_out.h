/**
 * Keys to be sent as named events in RTP (RFC 4733): one after the other,
 * each for 100 ms, its end said three times, a pause after it. Pure.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_KEYS_OUT_H
#define ENGINE_EMBEDDED_MEDIA_KEYS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEYS_OUT_MAX = 64, KEYS_OUT_BYTES = 4, KEYS_OUT_STEP_MS = 20 };

/** Keys that wait; all zero bytes: none. */
struct keys_out {
    char keys[KEYS_OUT_MAX];
    size_t n;
    unsigned step; /* of the first one */
};

enum keys_out_step {
    KEYS_OUT_NONE,  /* no packet in this step */
    KEYS_OUT_FIRST, /* the first packet of an event: marker, time stamp */
    KEYS_OUT_MORE,  /* one more of it, with the same time stamp */
};

/** Append a key; false: it is none of 0-9 * # A-D, or too many wait. */
bool keys_out_put(struct keys_out *k, char key);

bool keys_out_busy(const struct keys_out *k);

/**
 * A step of KEYS_OUT_STEP_MS.
 *
 * @param rate     Of telephone-event, 8000 or 48000.
 * @param payload  Written unless KEYS_OUT_NONE.
 */
enum keys_out_step keys_out_next(struct keys_out *k, uint32_t rate,
                                 uint8_t payload[KEYS_OUT_BYTES]);

#endif
