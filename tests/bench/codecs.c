/* What the codec libraries alone ask for one call: a voice decoded and
 * encoded anew in either direction, 20 ms at a time.
 *
 *   codecs WAV CODEC CODEC COMPLEXITY    (8 or 16 kHz; pcmu g722 opus)
 *
 * Prints calls_per_core, the seconds of a call for a second of CPU. */
#include <err.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/embedded/media/codec/codec.h"

enum { SECONDS = 60, FRAMES = SECONDS * 50, SAMPLES_MAX = 1 << 20 };

struct packet {
    size_t len;
    uint8_t bytes[CODEC_PACKET_MAX];
};

static struct packet packets[FRAMES];

static enum media_codec codec_named(const char *name)
{
    for (int c = 0; c < MEDIA_CODECS; c++)
        if (strcasecmp(codecs[c].name, name) == 0)
            return (enum media_codec)c;
    errx(2, "no codec %s", name);
}

static double cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What the far side says, encoded beforehand. */
static void say(enum media_codec codec, unsigned rate, const int16_t *voice,
                size_t n)
{
    struct codec_encoder e;
    size_t frame = rate / 50, at = 0;

    if (codec_encoder_alloc(&e, codec, rate))
        errx(2, "no encoder");
    for (size_t i = 0; i < FRAMES; i++, at += frame) {
        if (at + frame > n)
            at = 0;
        packets[i].len = codec_encode(&e, voice + at, frame, packets[i].bytes,
                                      CODEC_PACKET_MAX);
    }
    codec_encoder_reset(&e);
}

static double direction(enum media_codec from, enum media_codec to,
                        unsigned complexity)
{
    unsigned rate = codec_rate(from, to);
    const struct codec_tuning tuning = {.complexity = complexity};
    struct codec_decoder d;
    struct codec_encoder e;
    uint8_t out[CODEC_PACKET_MAX];
    int16_t x[48 * CODEC_FRAME_MAX_MS];
    double begin;

    if (codec_decoder_alloc(&d, from, rate) ||
        codec_encoder_alloc(&e, to, rate))
        errx(2, "no codec");
    codec_encoder_tune(&e, &tuning);
    begin = cpu_s();
    for (size_t i = 0; i < FRAMES; i++) {
        size_t n = codec_decode(&d, packets[i].bytes, packets[i].len, x,
                                sizeof(x) / sizeof(*x));

        codec_encode(&e, x, n, out, sizeof(out));
    }
    begin = cpu_s() - begin;
    codec_decoder_reset(&d);
    codec_encoder_reset(&e);
    return begin;
}

static double both(enum media_codec a, enum media_codec b, unsigned complexity,
                   const int16_t *voice, size_t n)
{
    unsigned rate = codec_rate(a, b);
    double s;

    say(a, rate, voice, n);
    s = direction(a, b, complexity);
    say(b, rate, voice, n);
    return s + direction(b, a, complexity);
}

int main(int argc, char **argv)
{
    static int16_t voice[SAMPLES_MAX];
    SF_INFO info = {0};
    SNDFILE *f;
    sf_count_t n;
    double best = 1e9;

    if (argc != 5)
        errx(2, "usage: codecs WAV CODEC CODEC COMPLEXITY");
    f = sf_open(argv[1], SFM_READ, &info);
    if (!f || info.channels != 1)
        errx(2, "%s: cannot be read", argv[1]);
    n = sf_readf_short(f, voice, SAMPLES_MAX);
    sf_close(f);
    for (int i = 0; i < 3; i++) {
        double s =
            both(codec_named(argv[2]), codec_named(argv[3]),
                 (unsigned)strtoul(argv[4], NULL, 10), voice, (size_t)n);

        best = s < best ? s : best;
    }
    printf("calls_per_core %.6g calls\n", SECONDS / best);
    return 0;
}
