#include "voice.h"

#include <err.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { SAMPLES_MAX = 60 * 16000 };

enum media_codec voice_codec(const char *name)
{
    for (int c = 0; c < MEDIA_CODECS; c++)
        if (strcasecmp(codecs[c].name, name) == 0)
            return (enum media_codec)c;
    errx(2, "no codec %s", name);
}

static size_t wav_read(const char *dir, unsigned rate, int16_t *samples)
{
    char path[512];
    SF_INFO info = {0};
    SNDFILE *f;
    sf_count_t n;

    snprintf(path, sizeof(path), "%s/%u/help.wav", dir, rate);
    f = sf_open(path, SFM_READ, &info);
    if (!f || info.channels != 1 || info.samplerate != (int)rate)
        errx(2, "%s: not a voice of %u Hz", path, rate);
    n = sf_readf_short(f, samples, SAMPLES_MAX);
    sf_close(f);
    if (n < (sf_count_t)rate)
        errx(2, "%s: less than a second", path);
    return (size_t)n;
}

static double square_sum(const int16_t *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

struct voice *voice_make(const char *dir, enum media_codec codec,
                         unsigned rate)
{
    struct voice *v = calloc(1, sizeof(*v));
    int16_t *samples = calloc(SAMPLES_MAX, sizeof(*samples));
    size_t frame = rate / 1000 * VOICE_MS, at = 0, n;
    struct codec_encoder e;
    uint32_t bytes = 0;

    if (!v || !samples || codec_encoder_alloc(&e, codec, rate))
        errx(2, "no encoder of %u Hz for %s", rate, codecs[codec].name);
    n = wav_read(dir, rate, samples);
    for (size_t i = 0; i < VOICE_PACKETS; i++, at += frame) {
        if (at + frame > n)
            at = 0;
        v->packet[i].at = bytes;
        v->packet[i].len = (uint16_t)codec_encode(
            &e, samples + at, frame, v->bytes + bytes, VOICE_PACKET_MAX);
        if (!v->packet[i].len)
            errx(2, "%s cannot be encoded", codecs[codec].name);
        bytes += v->packet[i].len;
        v->rms += square_sum(samples + at, frame);
    }
    v->rms = sqrt(v->rms / (double)(frame * VOICE_PACKETS));
    codec_encoder_reset(&e);
    free(samples);
    return v;
}

const uint8_t *voice_packet(const struct voice *v, size_t i, size_t *len)
{
    i %= VOICE_PACKETS;
    *len = v->packet[i].len;
    return v->bytes + v->packet[i].at;
}
