/* spandsp's decoder of 16 kHz joins its two bands without saturation: loud
 * audio wraps round to the opposite sign, which is heard as a crack. So it is
 * told to give the bands apart, as for the test sequences of the ITU, and
 * they are joined here (ITU-T G.722 section 4.4, receive QMF). */
#include "engine/embedded/media/codec/codecs.h"

#include <errno.h>
#include <spandsp.h>
#include <spandsp/private/g722.h>
#include <stdlib.h>
#include <string.h>

enum { BIT_RATE = 64000, TAPS = 12, CHUNK = 160 };

/* Table 11/G.722: every second coefficient; the others are the same ones in
 * reverse. Gain at 0 Hz: 4096. */
static const int16_t qmf[TAPS] = {3,    -11,  12,  32,   -210, 951,
                                  3876, -805, 362, -156, 53,   -11};

struct g722_decoder {
    g722_decode_state_t *bands;
    bool narrow;                      /* 8000 Hz: the lower band as it is */
    int16_t sum[TAPS + CHUNK];        /* of the bands; the last TAPS - 1 … */
    int16_t difference[TAPS + CHUNK]; /* … of the chunk before go first */
};

int g722_encoder_alloc(void **ep, unsigned rate)
{
    *ep = g722_encode_init(NULL, BIT_RATE,
                           rate == 8000 ? G722_SAMPLE_RATE_8000 : 0);
    return *ep ? 0 : ENOMEM;
}

void g722_encoder_free(void *e)
{
    g722_encode_free(e);
}

size_t g722_payload_encode(void *e, const int16_t *samples, size_t n,
                           uint8_t *out, size_t size)
{
    const g722_encode_state_t *state = e;
    size_t bytes = state->eight_k ? n : n / 2;

    if (bytes > size)
        return 0;
    return (size_t)g722_encode(e, out, samples, (int)n);
}

int g722_decoder_alloc(void **dp, unsigned rate)
{
    struct g722_decoder *d = calloc(1, sizeof(*d));

    if (!d)
        return ENOMEM;
    d->narrow = rate == 8000;
    d->bands = g722_decode_init(NULL, BIT_RATE,
                                d->narrow ? G722_SAMPLE_RATE_8000 : 0);
    if (!d->bands) {
        free(d);
        return ENOMEM;
    }
    d->bands->itu_test_mode = !d->narrow;
    *dp = d;
    return 0;
}

void g722_decoder_free(void *dp)
{
    struct g722_decoder *d = dp;

    g722_decode_free(d->bands);
    free(d);
}

static int16_t saturated(int32_t x)
{
    return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : (int16_t)x;
}

/* The bands lie interleaved in x, and become twice as many samples. */
static void join(struct g722_decoder *d, int16_t *x, size_t n)
{
    enum { KEPT = TAPS - 1 };

    for (size_t i = 0; i < n; i++) {
        int32_t low = x[2 * i] >> 1, high = x[2 * i + 1] >> 1;

        d->sum[KEPT + i] = saturated(low + high);
        d->difference[KEPT + i] = saturated(low - high);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t even = 0, odd = 0;

        for (size_t k = 0; k < TAPS; k++) {
            even += d->difference[i + k] * qmf[TAPS - 1 - k];
            odd += d->sum[i + k] * qmf[k];
        }
        x[2 * i] = saturated(even >> 11);
        x[2 * i + 1] = saturated(odd >> 11);
    }
    memmove(d->sum, d->sum + n, KEPT * sizeof(*d->sum));
    memmove(d->difference, d->difference + n, KEPT * sizeof(*d->difference));
}

size_t g722_payload_decode(void *dp, const uint8_t *payload, size_t len,
                           int16_t *out, size_t max)
{
    struct g722_decoder *d = dp;
    size_t n = 0;

    if (d->narrow)
        return len > max
                   ? 0
                   : (size_t)g722_decode(d->bands, out, payload, (int)len);
    if (2 * len > max)
        return 0;
    while (len) {
        size_t now = len < CHUNK ? len : CHUNK;

        g722_decode(d->bands, out + n, payload, (int)now);
        join(d, out + n, now);
        payload += now;
        len -= now;
        n += 2 * now;
    }
    return n;
}
