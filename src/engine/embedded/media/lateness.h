/**
 * How late packets come: the delay that a jitter buffer needs. Every packet's
 * way takes at least as long as the fastest of the last seconds; by how much
 * more is counted, and the 98th percentile of the last 256 packets is the
 * target. A sender's clock that drifts moves the fastest one with it. Pure.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_LATENESS_H
#define ENGINE_EMBEDDED_MEDIA_LATENESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LATENESS_PACKETS = 256,
    LATENESS_BIN_US = 4000,
    LATENESS_BINS = 76, /* 300 ms and more in the last */
};

struct lateness {
    bool any;
    int64_t fastest_us[2]; /* arrival - sending, of this window and before */
    uint64_t window_us;    /* when this window began */
    uint16_t count[LATENESS_BINS];
    uint8_t packet[LATENESS_PACKETS]; /* their bins, a ring */
    unsigned n;
    unsigned at;
    unsigned target_us;
};

void lateness_begin(struct lateness *l);

/** The sender's clock jumped: forget the fastest, keep the target. */
void lateness_rebase(struct lateness *l);

/** A packet sent at sent_us of the sender's clock came. */
void lateness_add(struct lateness *l, int64_t sent_us, uint64_t now_us);

/** When a packet sent at sent_us comes at the earliest. */
int64_t lateness_due_us(const struct lateness *l, int64_t sent_us);

unsigned lateness_target_us(const struct lateness *l);

#endif
