/* What the codec libraries alone ask for a call between two codecs: a voice
 * decoded and encoded anew in either direction, 20 ms at a time.
 *
 *   codecs DIR CODEC CODEC COMPLEXITY    (pcmu pcma g722 opus)
 *
 * Prints calls_per_core, the seconds of a call for a second of CPU. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "voice.h"

enum { ROUNDS = 3, SECONDS = 60, FRAMES = SECONDS * 1000 / VOICE_MS };

static double cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double direction(const struct voice *voice, enum media_codec from,
                        enum media_codec to, unsigned complexity)
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
        size_t len, n;
        const uint8_t *payload = voice_packet(voice, i, &len);

        n = codec_decode(&d, payload, len, x, sizeof(x) / sizeof(*x));
        codec_encode(&e, x, n, out, sizeof(out));
    }
    begin = cpu_s() - begin;
    codec_decoder_reset(&d);
    codec_encoder_reset(&e);
    return begin;
}

int main(int argc, char **argv)
{
    enum media_codec a, b;
    struct voice *said_a, *said_b;
    unsigned complexity, rate;
    double best = 1e9;

    if (argc != 5)
        errx(2, "usage: codecs DIR CODEC CODEC COMPLEXITY");
    a = voice_codec(argv[2]);
    b = voice_codec(argv[3]);
    rate = codec_rate(a, b);
    said_a = voice_make(argv[1], a, rate);
    said_b = voice_make(argv[1], b, rate);
    complexity = (unsigned)strtoul(argv[4], NULL, 10);
    for (int i = 0; i < ROUNDS; i++) {
        double s = direction(said_a, a, b, complexity) +
                   direction(said_b, b, a, complexity);

        best = s < best ? s : best;
    }
    printf("calls_per_core %.6g calls\n", SECONDS / best);
    free(said_a);
    free(said_b);
    return 0;
}
