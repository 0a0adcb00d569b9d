/**
 * What is known of a stream's quality, readable from every thread while its
 * worker goes on: single numbers, each right by itself.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_FIGURES_H
#define ENGINE_EMBEDDED_MEDIA_FIGURES_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/engine.h"

enum figure {
    FIGURE_CODEC, /* enum media_codec */
    FIGURE_PTIME_MS,
    FIGURE_RECEIVED,
    FIGURE_LOST,
    FIGURE_JITTER_US,
    FIGURE_SENT,
    FIGURE_FAR_REPORTS, /* 0: the far side has told nothing */
    FIGURE_FAR_LOST,
    FIGURE_FAR_JITTER_US,
    FIGURE_RTT_US,
    FIGURES,
};

/** All zero bytes are those of a stream without a packet. */
struct figures {
    _Atomic uint32_t v[FIGURES];
};

static inline void figures_set(struct figures *f, enum figure which,
                               uint32_t value)
{
    atomic_store_explicit(&f->v[which], value, memory_order_relaxed);
}

/** Make the record of a leg of it. */
void figures_quality(const struct figures *f, struct engine_quality *q);

#endif
