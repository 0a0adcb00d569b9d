#include "engine/embedded/media/inband.h"

#include <errno.h>
#include <opus.h>
#include <spandsp.h>
#include <stdlib.h>

#include "engine/embedded/media/g711_tables.h"

enum {
    SAMPLES_MAX = 8 * 120, /* Opus packets last 120 ms at most */
};

struct inband {
    dtmf_rx_state_t *rx;
    OpusDecoder *decoder; /* NULL for G.711 */
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
    if (codec == MEDIA_OPUS)
        ib->decoder = opus_decoder_create(8000, 1, &err);
    if (!ib->rx || (codec == MEDIA_OPUS && !ib->decoder)) {
        inband_free(ib);
        return ENOMEM;
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
    if (ib->decoder)
        opus_decoder_destroy(ib->decoder);
    free(ib);
}

static size_t decode(struct inband *ib, enum media_codec codec,
                     const uint8_t *payload, size_t len,
                     int16_t samples[SAMPLES_MAX])
{
    int n;

    if (codec == MEDIA_OPUS) {
        if (!ib->decoder)
            return 0;
        n = opus_decode(ib->decoder, payload, (opus_int32)len, samples,
                        SAMPLES_MAX, 0);
        return n > 0 ? (size_t)n : 0;
    }
    if (len > SAMPLES_MAX)
        len = SAMPLES_MAX;
    if (codec == MEDIA_PCMU)
        g711_from_pcmu(samples, payload, len);
    else
        g711_from_pcma(samples, payload, len);
    return len;
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
