/**
 * Audio codecs behind one table: RTP clock, sample rates, encoder, decoder.
 * Nothing here knows of packets, time or loss; see decoder.h for streams that
 * lose packets.
 *
 * An encoder or decoder belongs to one stream and one thread. None of these
 * functions allocates but the two alloc functions.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_CODEC_CODEC_H
#define ENGINE_EMBEDDED_MEDIA_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/media.h"

enum {
    CODEC_FRAME_MAX_MS = 120, /* audio in one packet (RFC 6716, 3.2.5) */
    CODEC_PACKET_MAX = 1275,  /* bytes that an encoder writes at most */
};

/** What an encoder may be told at any time; G.711 and G.722 have no use for
 *  it. */
struct codec_tuning {
    unsigned complexity;   /* of Opus, 0 to 10 */
    unsigned bitrate_max;  /* that the far side wishes, bit/s; 0: none */
    unsigned loss_percent; /* expected; with it … */
    bool fec;              /* … in-band FEC (RFC 7587 section 6.1) */
};

struct codec {
    const char *name;
    uint32_t clock;    /* of RTP time stamps, Hz: G.722's is 8000 though it
                          samples at 16000 (RFC 3551 section 4.5.2) */
    unsigned rates[4]; /* sample rates, best first, ends with 0 */

    int (*encoder_alloc)(void **ep, unsigned rate); /* NULL: no state */
    void (*encoder_free)(void *e);
    void (*encoder_tune)(void *e, const struct codec_tuning *t); /* or NULL */
    size_t (*encode)(void *e, const int16_t *samples, size_t n, uint8_t *out,
                     size_t size);

    int (*decoder_alloc)(void **dp, unsigned rate); /* NULL: no state */
    void (*decoder_free)(void *d);
    size_t (*decode)(void *d, const uint8_t *payload, size_t len, int16_t *out,
                     size_t max);
    /* What was lost before payload; NULL payload: not known. NULL: the codec
       has no concealment of its own. */
    size_t (*conceal)(void *d, const uint8_t *payload, size_t len,
                      int16_t *out, size_t n);

    unsigned (*units)(const uint8_t *payload, size_t len);
};

/** By enum media_codec. */
extern const struct codec codecs[MEDIA_CODECS];

/** The best sample rate that two codecs share. */
unsigned codec_rate(enum media_codec a, enum media_codec b);

struct codec_encoder {
    const struct codec *codec; /* NULL: not allocated */
    void *state;
};

/** @param rate  One of the codec's. Returns 0, ENOMEM or EINVAL. */
int codec_encoder_alloc(struct codec_encoder *e, enum media_codec codec,
                        unsigned rate);
void codec_encoder_reset(struct codec_encoder *e);
void codec_encoder_tune(struct codec_encoder *e, const struct codec_tuning *t);

/** Encode 10, 20, 40 or 60 ms (Opus), any even number of samples (others).
 *  @return bytes written to out, 0 when size is too small or libopus
 *  refuses. */
size_t codec_encode(struct codec_encoder *e, const int16_t *samples, size_t n,
                    uint8_t *out, size_t size);

struct codec_decoder {
    const struct codec *codec; /* NULL: not allocated */
    void *state;
};

int codec_decoder_alloc(struct codec_decoder *d, enum media_codec codec,
                        unsigned rate);
void codec_decoder_reset(struct codec_decoder *d);

/** Decode one payload, any bytes.
 *  @return samples; 0 when it is broken or needs more than max. */
size_t codec_decode(struct codec_decoder *d, const uint8_t *payload,
                    size_t len, int16_t *out, size_t max);

/** Length of a payload in RTP clock units, 0 when it is broken or longer
 *  than CODEC_FRAME_MAX_MS. */
unsigned codec_units(enum media_codec codec, const uint8_t *payload,
                     size_t len);

#endif
