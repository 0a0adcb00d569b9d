#include "engine/embedded/media/codec/codecs.h"

#include <errno.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

struct opus_payload_encoder {
    OpusEncoder *opus;
    unsigned bitrate; /* for this sample rate */
    bool tuned;       /* libopus was told this: */
    struct codec_tuning tuning;
};

struct opus_payload_decoder {
    OpusDecoder *opus;
    unsigned rate;
};

/* Speech in good quality at each bandwidth; RFC 7587 section 3.1.1 names 8
 * to 12, 16 to 20 and 28 to 40 kbit/s as sweet spots, to which is added what
 * a second coding loses. */
static unsigned bitrate_for(unsigned rate)
{
    return rate == 8000 ? 20000 : rate == 16000 ? 32000 : 48000;
}

int opus_payload_encoder_alloc(void **ep, unsigned rate)
{
    struct opus_payload_encoder *e = calloc(1, sizeof(*e));
    int err;

    if (!e)
        return ENOMEM;
    e->bitrate = bitrate_for(rate);
    e->opus =
        opus_encoder_create((opus_int32)rate, 1, OPUS_APPLICATION_VOIP, &err);
    if (!e->opus) {
        free(e);
        return err == OPUS_ALLOC_FAIL ? ENOMEM : EINVAL;
    }
    opus_encoder_ctl(e->opus, OPUS_SET_BITRATE((opus_int32)e->bitrate));
    *ep = e;
    return 0;
}

void opus_payload_encoder_free(void *ep)
{
    struct opus_payload_encoder *e = ep;

    opus_encoder_destroy(e->opus);
    free(e);
}

void opus_payload_tune(void *ep, const struct codec_tuning *t)
{
    struct opus_payload_encoder *e = ep;
    unsigned bitrate = e->bitrate;

    if (e->tuned && memcmp(&e->tuning, t, sizeof(*t)) == 0)
        return;
    e->tuned = true;
    e->tuning = *t;
    if (t->bitrate_max && t->bitrate_max < bitrate)
        bitrate = t->bitrate_max < 6000 ? 6000 : t->bitrate_max;
    opus_encoder_ctl(e->opus, OPUS_SET_BITRATE((opus_int32)bitrate));
    opus_encoder_ctl(e->opus, OPUS_SET_COMPLEXITY((int)t->complexity));
    opus_encoder_ctl(e->opus, OPUS_SET_INBAND_FEC(t->fec));
    opus_encoder_ctl(
        e->opus, OPUS_SET_PACKET_LOSS_PERC(t->fec ? (int)t->loss_percent : 0));
}

size_t opus_payload_encode(void *ep, const int16_t *samples, size_t n,
                           uint8_t *out, size_t size)
{
    struct opus_payload_encoder *e = ep;
    opus_int32 len =
        opus_encode(e->opus, samples, (int)n, out, (opus_int32)size);

    return len > 0 ? (size_t)len : 0;
}

int opus_payload_decoder_alloc(void **dp, unsigned rate)
{
    struct opus_payload_decoder *d = calloc(1, sizeof(*d));
    int err;

    if (!d)
        return ENOMEM;
    d->rate = rate;
    d->opus = opus_decoder_create((opus_int32)rate, 1, &err);
    if (!d->opus) {
        free(d);
        return err == OPUS_ALLOC_FAIL ? ENOMEM : EINVAL;
    }
    *dp = d;
    return 0;
}

void opus_payload_decoder_free(void *dp)
{
    struct opus_payload_decoder *d = dp;

    opus_decoder_destroy(d->opus);
    free(d);
}

size_t opus_payload_decode(void *dp, const uint8_t *payload, size_t len,
                           int16_t *out, size_t max)
{
    struct opus_payload_decoder *d = dp;
    int n = opus_decode(d->opus, payload, (opus_int32)len, out, (int)max, 0);

    return n > 0 ? (size_t)n : 0;
}

/* libopus conceals in steps of 2.5 ms; the payload of the packet after the
 * lost one may carry a copy of it at a lower rate. */
size_t opus_payload_conceal(void *dp, const uint8_t *payload, size_t len,
                            int16_t *out, size_t n)
{
    struct opus_payload_decoder *d = dp;
    size_t step = d->rate / 400;
    int got;

    n -= n % step;
    if (!n)
        return 0;
    got = opus_decode(d->opus, payload, (opus_int32)(payload ? len : 0), out,
                      (int)n, payload != NULL);
    return got > 0 ? (size_t)got : 0;
}

unsigned opus_payload_units(const uint8_t *payload, size_t len)
{
    int n = len > INT32_MAX
                ? 0
                : opus_packet_get_nb_samples(payload, (opus_int32)len, 48000);

    return n > 0 ? (unsigned)n : 0;
}
