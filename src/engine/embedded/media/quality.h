/**
 * How a listener would judge audio that came over a network: the E-model
 * (ITU-T G.107), simplified to what a gateway knows: codec, loss, delay.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_QUALITY_H
#define ENGINE_EMBEDDED_MEDIA_QUALITY_H

#include <stdint.h>

#include "engine/embedded/media/media.h"

/** One way of the audio, from who sends it to who hears it. */
struct quality_path {
    enum media_codec codec;
    uint64_t received; /* packets */
    uint64_t lost;
    uint32_t jitter_us;
    uint32_t rtt_us; /* 0: unknown, taken for none */
    unsigned ptime_ms;
};

/**
 * Mean opinion score, 100 to 441 for 1.00 to 4.41; 0 when nothing was
 * received.
 *
 * The scale is that of telephone-band audio for all codecs, so that figures
 * of different codecs compare: a wide-band codec sounds better than it tells.
 * The listener is taken to conceal losses as G.711 appendix I does, and to
 * hold back audio for twice the jitter.
 */
unsigned quality_mos(const struct quality_path *p);

#endif
