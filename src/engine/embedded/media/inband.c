#include "engine/embedded/media/inband.h"

#include <errno.h>
#include <spandsp.h>
#include <stdlib.h>

#include "engine/embedded/media/codec/codec.h"

enum {
    RATE = 8000,
    SAMPLES_MAX = RATE / 1000 * CODEC_FRAME_MAX_MS,
};

struct inband {
    dtmf_rx_state_t *rx;
    struct codec_decoder decoder[MEDIA_CODECS]; /* as they are wanted */
};

int inband_prepare(void)
{
    dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);

    if (!rx)
        return ENOMEM;
    dtmf_rx_free(rx);
    return 0;
}

int inband_alloc(struct inband **ibp, enum media_codec codec)
{
    struct inband *ib = calloc(1, sizeof(*ib));
    int err;

    if (!ib)
        return ENOMEM;
    ib->rx = dtmf_rx_init(NULL, NULL, NULL);
    err = ib->rx ? codec_decoder_alloc(&ib->decoder[codec], codec, RATE)
                 : ENOMEM;
    if (err) {
        inband_free(ib);
        return err;
    }
    *ibp = ib;
    return 0;
}

void inband_free(struct inband *ib)
{
    if (!ib)
        return;
    if (ib->rx)
        dtmf_rx_free(ib->rx);
    for (int i = 0; i < MEDIA_CODECS; i++)
        codec_decoder_reset(&ib->decoder[i]);
    free(ib);
}

static size_t decode(struct inband *ib, enum media_codec codec,
                     const uint8_t *payload, size_t len,
                     int16_t samples[SAMPLES_MAX])
{
    struct codec_decoder *d = &ib->decoder[codec];

    if (!d->codec && codec_decoder_alloc(d, codec, RATE))
        return 0;
    return codec_decode(d, payload, len, samples, SAMPLES_MAX);
}

size_t inband_packet(struct inband *ib, enum media_codec codec,
                     const uint8_t *payload, size_t len,
                     char keys[INBAND_KEYS_MAX])
{
    int16_t samples[SAMPLES_MAX];
    size_t n;

    n = len ? decode(ib, codec, payload, len, samples) : 0;
    if (n)
        dtmf_rx(ib->rx, samples, (int)n);
    return dtmf_rx_get(ib->rx, keys, INBAND_KEYS_MAX - 1);
}
