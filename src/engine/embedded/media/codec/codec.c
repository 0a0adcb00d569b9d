#include "engine/embedded/media/codec/codec.h"

#include <errno.h>

#include "engine/embedded/media/codec/codecs.h"

const struct codec codecs[MEDIA_CODECS] = {
    [MEDIA_PCMU] =
        {
            .name = "PCMU",
            .clock = 8000,
            .rates = {8000},
            .encode = g711_pcmu_encode,
            .decode = g711_pcmu_decode,
            .units = g711_units,
        },
    [MEDIA_PCMA] =
        {
            .name = "PCMA",
            .clock = 8000,
            .rates = {8000},
            .encode = g711_pcma_encode,
            .decode = g711_pcma_decode,
            .units = g711_units,
        },
    [MEDIA_G722] =
        {
            .name = "G722",
            .clock = 8000,
            .rates = {16000, 8000},
            .encoder_alloc = g722_encoder_alloc,
            .encoder_free = g722_encoder_free,
            .encode = g722_payload_encode,
            .decoder_alloc = g722_decoder_alloc,
            .decoder_free = g722_decoder_free,
            .decode = g722_payload_decode,
            .units = g711_units, /* 64 kbit/s and 8000 units/s as well */
        },
    [MEDIA_OPUS] =
        {
            .name = "opus",
            .clock = 48000,
            .rates = {48000, 16000, 8000},
            .encoder_alloc = opus_payload_encoder_alloc,
            .encoder_free = opus_payload_encoder_free,
            .encoder_tune = opus_payload_tune,
            .encode = opus_payload_encode,
            .decoder_alloc = opus_payload_decoder_alloc,
            .decoder_free = opus_payload_decoder_free,
            .decode = opus_payload_decode,
            .conceal = opus_payload_conceal,
            .units = opus_payload_units,
        },
};

static bool has_rate(const struct codec *c, unsigned rate)
{
    for (const unsigned *r = c->rates; *r; r++)
        if (*r == rate)
            return true;
    return false;
}

unsigned codec_rate(enum media_codec a, enum media_codec b)
{
    for (const unsigned *r = codecs[a].rates; *r; r++)
        if (has_rate(&codecs[b], *r))
            return *r;
    return 8000;
}

int codec_encoder_alloc(struct codec_encoder *e, enum media_codec codec,
                        unsigned rate)
{
    const struct codec *c = &codecs[codec];
    int err = has_rate(c, rate) ? 0 : EINVAL;

    e->state = NULL;
    if (!err && c->encoder_alloc)
        err = c->encoder_alloc(&e->state, rate);
    e->codec = err ? NULL : c;
    return err;
}

void codec_encoder_reset(struct codec_encoder *e)
{
    if (e->state)
        e->codec->encoder_free(e->state);
    e->codec = NULL;
    e->state = NULL;
}

void codec_encoder_tune(struct codec_encoder *e, const struct codec_tuning *t)
{
    if (e->codec->encoder_tune)
        e->codec->encoder_tune(e->state, t);
}

size_t codec_encode(struct codec_encoder *e, const int16_t *samples, size_t n,
                    uint8_t *out, size_t size)
{
    return e->codec->encode(e->state, samples, n, out, size);
}

int codec_decoder_alloc(struct codec_decoder *d, enum media_codec codec,
                        unsigned rate)
{
    const struct codec *c = &codecs[codec];
    int err = has_rate(c, rate) ? 0 : EINVAL;

    d->state = NULL;
    if (!err && c->decoder_alloc)
        err = c->decoder_alloc(&d->state, rate);
    d->codec = err ? NULL : c;
    return err;
}

void codec_decoder_reset(struct codec_decoder *d)
{
    if (d->state)
        d->codec->decoder_free(d->state);
    d->codec = NULL;
    d->state = NULL;
}

size_t codec_decode(struct codec_decoder *d, const uint8_t *payload,
                    size_t len, int16_t *out, size_t max)
{
    return len ? d->codec->decode(d->state, payload, len, out, max) : 0;
}

unsigned codec_units(enum media_codec codec, const uint8_t *payload,
                     size_t len)
{
    const struct codec *c = &codecs[codec];
    unsigned units = len ? c->units(payload, len) : 0;

    return units <= c->clock / 1000 * CODEC_FRAME_MAX_MS ? units : 0;
}
