/**
 * One direction of a bridge whose legs have no codec in common, or whose
 * audio is mixed with a prompt: jitter buffer, decoder, mixer, encoder. Both
 * codecs run at the best sample rate that they share (PCMU and Opus: 8 kHz),
 * so that nothing is resampled. Pure: time is given.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_TRANSCODER_H
#define ENGINE_EMBEDDED_MEDIA_TRANSCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/codec/codec.h"
#include "engine/embedded/media/jitter.h"
#include "engine/embedded/media/media.h"
#include "engine/embedded/media/player.h"

enum { TRANSCODER_PTIME_MAX_MS = 60 };

struct transcoder;

/** @return 0, ENOMEM or EINVAL. */
int transcoder_alloc(struct transcoder **tp, enum media_codec from,
                     enum media_codec to);
void transcoder_free(struct transcoder *t);

/** Whether it is one for these codecs. */
bool transcoder_is(const struct transcoder *t, enum media_codec from,
                   enum media_codec to);

/** A packet of the side heard; see playout_packet(). */
void transcoder_packet(struct transcoder *t, enum jitter_kind kind,
                       enum media_codec codec, const struct rtp_packet *p,
                       const uint8_t *payload, uint64_t now_us);

/** The far side heard this payload until now, passed through: what comes
 *  first goes on from there. */
void transcoder_continue(struct transcoder *t, enum media_codec codec,
                         const uint8_t *payload, size_t len);

/** What of a frame is to be said. */
struct transcoder_frame {
    uint64_t now_us;
    unsigned ms;           /* 10, 20, 40 or 60; 30 and 50 but for Opus */
    struct player *player; /* its prompts are played */
    bool duck;  /* … over the far side's audio, else in its place */
    bool muted; /* the side heard */
    struct codec_tuning tuning;
};

/**
 * Encode the next frame.
 *
 * @param out    Room for CODEC_PACKET_MAX bytes.
 * @param played Set to whether a prompt is in it.
 * @return bytes; 0 when libopus refuses.
 */
size_t transcoder_encode(struct transcoder *t,
                         const struct transcoder_frame *f, uint8_t *out,
                         bool *played);

/** Whether it would not be heard if the far side's audio were passed through
 *  from now on: no prompt, or what is left of one, and nobody speaks. */
bool transcoder_may_end(const struct transcoder *t);

const struct jitter_stats *transcoder_stats(const struct transcoder *t);

/** Loss of the side heard in the last seconds, in percent. */
unsigned transcoder_loss_percent(const struct transcoder *t);

#endif
