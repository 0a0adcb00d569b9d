#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <spandsp.h>

#include "engine/embedded/media/codec/codec.h"
#include "signal.h"

enum { SECONDS = 2, RATE_MAX = 48000 };

static int16_t said[RATE_MAX * SECONDS], heard[RATE_MAX * SECONDS];

/* Say n samples in frames of ms and hear them; returns the bytes it took. */
static size_t through(enum media_codec codec, unsigned rate, unsigned ms,
                      size_t n)
{
    struct codec_encoder e;
    struct codec_decoder d;
    size_t per = (size_t)rate / 1000 * ms, bytes = 0;

    assert_int_equal(codec_encoder_alloc(&e, codec, rate), 0);
    assert_int_equal(codec_decoder_alloc(&d, codec, rate), 0);
    codec_encoder_tune(&e, &(struct codec_tuning){.complexity = 5});
    for (size_t i = 0; i + per <= n; i += per) {
        uint8_t payload[CODEC_PACKET_MAX];
        size_t len = codec_encode(&e, said + i, per, payload, sizeof(payload));

        assert_true(len > 0);
        bytes += len;
        assert_int_equal(codec_units(codec, payload, len),
                         codecs[codec].clock / 1000 * ms);
        assert_int_equal(codec_decode(&d, payload, len, heard + i, per), per);
    }
    codec_encoder_reset(&e);
    codec_decoder_reset(&d);
    return bytes;
}

/* The voice for codecs of wave forms; Opus keeps that of a tone only. */
static void each_codec_sounds_as_it_should(void **state)
{
    static const struct {
        enum media_codec codec;
        unsigned rate, ms;
        double snr_db;
        size_t delay_max;
    } row[] = {
        {MEDIA_PCMU, 8000, 20, 36, 0},    {MEDIA_PCMU, 8000, 30, 36, 0},
        {MEDIA_PCMA, 8000, 20, 36, 0},    {MEDIA_G722, 16000, 20, 20, 30},
        {MEDIA_G722, 16000, 50, 20, 30},  {MEDIA_G722, 8000, 10, 20, 0},
        {MEDIA_OPUS, 8000, 20, 15, 80},   {MEDIA_OPUS, 8000, 60, 15, 80},
        {MEDIA_OPUS, 16000, 40, 15, 160}, {MEDIA_OPUS, 48000, 10, 15, 480},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        size_t n = (size_t)row[i].rate * SECONDS, delay = 0;

        if (row[i].codec == MEDIA_OPUS)
            signal_sine(said, n, 0, row[i].rate, 430, 12000);
        else
            signal_voice(said, n, 0, row[i].rate, 16000);
        memset(heard, 0, sizeof(heard));
        through(row[i].codec, row[i].rate, row[i].ms, n);
        assert_true(signal_snr(said + n / 2, heard + n / 2, n / 4,
                               row[i].delay_max + 1, &delay) > row[i].snr_db);
    }
}

/* A square of full scale: the sum of the bands overshoots by a quarter. What
 * the library joins by itself differs from ours only where it wraps round. */
static void loud_audio_does_not_wrap_in_g722(void **state)
{
    enum { N = 16000 };
    g722_encode_state_t *e = g722_encode_init(NULL, 64000, 0);
    g722_decode_state_t *plain = g722_decode_init(NULL, 64000, 0);
    struct codec_decoder d;
    static uint8_t payload[N / 2];
    static int16_t other[N];
    size_t edge = 0;

    for (size_t i = 0; i < N; i++)
        said[i] = i / 10 % 2 ? -32767 : 32767;
    assert_int_equal(g722_encode(e, payload, said, N), N / 2);
    assert_int_equal(codec_decoder_alloc(&d, MEDIA_G722, 16000), 0);
    assert_int_equal(codec_decode(&d, payload, N / 2, heard, N), N);
    assert_int_equal(g722_decode(plain, other, payload, N / 2), N);
    for (size_t i = 0; i < N; i++) {
        bool at_edge = heard[i] == INT16_MAX || heard[i] == INT16_MIN;

        edge += at_edge;
        if (heard[i] != other[i])
            assert_true(at_edge && (heard[i] > 0) == (other[i] < 0));
    }
    assert_true(edge > N / 20);
    codec_decoder_reset(&d);
    g722_encode_free(e);
    g722_decode_free(plain);
}

static void g722_of_both_rates_is_one_codec(void **state)
{
    enum { N = 16000 };
    struct codec_encoder e;
    struct codec_decoder d;
    static uint8_t payload[N / 2];
    size_t delay;

    signal_sine(said, N, 0, 16000, 700, 8000);
    assert_int_equal(codec_encoder_alloc(&e, MEDIA_G722, 16000), 0);
    assert_int_equal(codec_decoder_alloc(&d, MEDIA_G722, 8000), 0);
    assert_int_equal(codec_encode(&e, said, N, payload, N / 2), N / 2);
    assert_int_equal(codec_decode(&d, payload, N / 2, heard, N), N / 2);
    signal_sine(said, N / 2, 0, 8000, 700, 8000);
    assert_true(signal_snr(said, heard + 4000, 4000, 40, &delay) > 20);
    assert_in_range(signal_rms(heard + 4000, 4000), 5200, 6000);
    codec_encoder_reset(&e);
    codec_decoder_reset(&d);
}

static void rates_are_the_best_that_both_have(void **state)
{
    assert_int_equal(codec_rate(MEDIA_PCMU, MEDIA_OPUS), 8000);
    assert_int_equal(codec_rate(MEDIA_OPUS, MEDIA_PCMA), 8000);
    assert_int_equal(codec_rate(MEDIA_G722, MEDIA_OPUS), 16000);
    assert_int_equal(codec_rate(MEDIA_G722, MEDIA_PCMU), 8000);
    assert_int_equal(codec_rate(MEDIA_OPUS, MEDIA_OPUS), 48000);
    for (int c = 0; c < MEDIA_CODECS; c++) {
        struct codec_encoder e;
        struct codec_decoder d;

        assert_int_equal(codec_encoder_alloc(&e, (enum media_codec)c, 11025),
                         EINVAL);
        assert_null(e.codec);
        assert_int_equal(codec_decoder_alloc(&d, (enum media_codec)c, 11025),
                         EINVAL);
        codec_decoder_reset(&d);
    }
}

static void opus_obeys_what_the_far_side_wishes(void **state)
{
    struct codec_encoder e;
    size_t bytes[2] = {0};

    signal_voice(said, 48000, 0, 16000, 16000);
    for (int k = 0; k < 2; k++) {
        const struct codec_tuning t = {.complexity = 5,
                                       .bitrate_max = k ? 9000 : 0};

        assert_int_equal(codec_encoder_alloc(&e, MEDIA_OPUS, 16000), 0);
        for (size_t i = 0; i < 32000; i += 320) {
            uint8_t payload[CODEC_PACKET_MAX];

            codec_encoder_tune(&e, &t);
            bytes[k] +=
                codec_encode(&e, said + i, 320, payload, sizeof(payload));
        }
        codec_encoder_reset(&e);
    }
    assert_in_range(bytes[0] * 8 / 2, 14000, 36000); /* bit/s */
    assert_in_range(bytes[1] * 8 / 2, 6000, 13000);
}

/* With FEC the packet behind a lost one brings it back: SNR of the whole. */
static double snr_with_loss(bool fec)
{
    enum { N = 64000, PER = 320 };
    const struct codec_tuning t = {
        .complexity = 5, .fec = fec, .loss_percent = 20};
    struct codec_encoder e;
    struct codec_decoder d;
    uint8_t payload[CODEC_PACKET_MAX];
    size_t delay;

    assert_int_equal(codec_encoder_alloc(&e, MEDIA_OPUS, 16000), 0);
    assert_int_equal(codec_decoder_alloc(&d, MEDIA_OPUS, 16000), 0);
    codec_encoder_tune(&e, &t);
    for (size_t i = 0; i < N; i += PER) /* what cannot be guessed */
        signal_sine(said + i, PER, i, 16000,
                    300 + (double)(i * 7 / PER % 9) * 100, 8000);
    for (size_t i = 0; i < N; i += PER) {
        size_t len = codec_encode(&e, said + i, PER, payload, sizeof(payload));

        if (i / PER % 5 == 3) /* lost, … */
            continue;
        if (i / PER % 5 == 4) /* … and made up from the one behind */
            assert_int_equal(
                d.codec->conceal(d.state, payload, len, heard + i - PER, PER),
                PER);
        assert_int_equal(codec_decode(&d, payload, len, heard + i, PER), PER);
    }
    codec_encoder_reset(&e);
    codec_decoder_reset(&d);
    return signal_snr(said + N / 2, heard + N / 2, N / 2, 200, &delay);
}

static void fec_brings_a_lost_packet_back(void **state)
{
    assert_true(snr_with_loss(true) > snr_with_loss(false) + 0.5);
}

/* libopus begins with another one, which must not stay. */
static void complexity_0_is_obeyed_from_the_begin(void **state)
{
    int16_t x[160];
    uint8_t out[2][CODEC_PACKET_MAX];
    struct codec_encoder e[2];

    for (int i = 0; i < 2; i++)
        assert_int_equal(codec_encoder_alloc(&e[i], MEDIA_OPUS, 8000), 0);
    codec_encoder_tune(&e[0], &(struct codec_tuning){.complexity = 1});
    for (int i = 0; i < 2; i++)
        codec_encoder_tune(&e[i], &(struct codec_tuning){.complexity = 0});
    for (size_t at = 0; at < 100; at++) {
        size_t len[2];

        signal_voice(x, 160, 160 * at, 8000, 8000);
        for (int i = 0; i < 2; i++)
            len[i] = codec_encode(&e[i], x, 160, out[i], sizeof(out[i]));
        assert_int_equal(len[0], len[1]);
        assert_memory_equal(out[0], out[1], len[0]);
    }
    for (int i = 0; i < 2; i++)
        codec_encoder_reset(&e[i]);
}

static void garbage_harms_nothing(void **state)
{
    uint32_t random = 3;

    for (int c = 0; c < MEDIA_CODECS; c++) {
        struct codec_decoder d;

        assert_int_equal(codec_decoder_alloc(&d, (enum media_codec)c, 8000),
                         0);
        for (int i = 0; i < 3000; i++) {
            uint8_t payload[1500];
            size_t len;

            for (size_t k = 0; k < sizeof(payload); k++) {
                random = random * 1664525 + 1013904223;
                payload[k] = (uint8_t)(random >> 24);
            }
            len = random % sizeof(payload);
            assert_true(codec_units((enum media_codec)c, payload, len) <=
                        codecs[c].clock / 1000 * CODEC_FRAME_MAX_MS);
            assert_true(codec_decode(&d, payload, len, heard, 960) <= 960);
            if (d.codec->conceal)
                assert_true(d.codec->conceal(d.state, payload, len, heard,
                                             960) <= 960);
        }
        assert_int_equal(codec_decode(&d, (const uint8_t *)"", 0, heard, 960),
                         0);
        codec_decoder_reset(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_codec_sounds_as_it_should),
        cmocka_unit_test(loud_audio_does_not_wrap_in_g722),
        cmocka_unit_test(g722_of_both_rates_is_one_codec),
        cmocka_unit_test(rates_are_the_best_that_both_have),
        cmocka_unit_test(opus_obeys_what_the_far_side_wishes),
        cmocka_unit_test(fec_brings_a_lost_packet_back),
        cmocka_unit_test(complexity_0_is_obeyed_from_the_begin),
        cmocka_unit_test(garbage_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
