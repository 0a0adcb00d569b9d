/**
 * What a far side says, as a steady flow of samples: jitter buffer, decoder,
 * concealment, comfort noise. Whoever reads keeps the time. Pure: time is
 * given. Nothing is allocated per packet or frame once it runs.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_PLAYOUT_H
#define ENGINE_EMBEDDED_MEDIA_PLAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/jitter.h"
#include "engine/embedded/media/media.h"

struct playout;

/**
 * @param codec  Of the far side. From one that speaks G.711 either law is
 *               taken.
 * @param rate   Of the samples, Hz: one that the codec has.
 * @return 0, ENOMEM or EINVAL.
 */
int playout_alloc(struct playout **pp, enum media_codec codec, unsigned rate);
void playout_free(struct playout *p);

/** A packet came. codec tells the payload of JITTER_AUDIO. */
void playout_packet(struct playout *p, enum jitter_kind kind,
                    enum media_codec codec, const struct rtp_packet *packet,
                    const uint8_t *payload, uint64_t now_us);

/** This payload was heard last: what is made up until the first packet is
 *  due goes on from it. */
void playout_continue(struct playout *p, enum media_codec codec,
                      const uint8_t *payload, size_t len);

/** The next n samples (at most 60 ms), silence where there is nothing. */
void playout_read(struct playout *p, uint64_t now_us, int16_t *out, size_t n);

const struct jitter_stats *playout_stats(const struct playout *p);

/** Loss of the last seconds, in percent: for how much FEC is worth. */
unsigned playout_loss_percent(const struct playout *p);

#endif
