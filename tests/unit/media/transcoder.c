#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/transcoder.h"
#include "signal.h"
#include "wav.h"

enum { RATE = 16000, FRAMES = 400, PER = RATE / 50, PROMPT = 8000 };

struct fixture {
    struct wav_dir wavs;
    struct prompt_store *ps;
    struct player player;
    unsigned done;
};

static void done_h(uint32_t tag, bool completed, void *arg)
{
    ((struct fixture *)arg)->done++;
}

/* A prompt of 1 s: 900 Hz. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    static int16_t x[2 * PROMPT];

    wav_dir_make(&f->wavs);
    signal_sine(x, PROMPT, 0, 8000, 900, 8000);
    wav_write(&f->wavs, "tone", 8000, 1, x, PROMPT);
    signal_sine(x, 2 * PROMPT, 0, 16000, 900, 8000);
    wav_write(&f->wavs, "tone", 16000, 1, x, 2 * PROMPT);
    assert_int_equal(prompt_store_alloc(&f->ps, f->wavs.path, "en", NULL), 0);
    player_init(&f->player, done_h, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    player_stop(&f->player);
    prompt_store_free(f->ps);
    wav_dir_remove(&f->wavs);
    free(f);
    return 0;
}

static void play(struct fixture *f)
{
    static const char *const name = "tone";
    const struct engine_play p = {
        .prompts = &name, .n_prompts = 1, .loop_from = -1};

    player_add(&f->player, play_alloc(&p, f->ps, NULL));
}

static int16_t heard[FRAMES * PER];

/* 8 s of a meeting's 400 Hz; in its third second a prompt. Heard at 16 kHz,
 * or at 8 kHz for G.711. Returns frames with a prompt in them. */
static unsigned run(struct fixture *f, enum media_codec from,
                    enum media_codec to, bool duck)
{
    unsigned rate_from =
        from == MEDIA_OPUS || from == MEDIA_G722 ? RATE : 8000;
    unsigned rate_to = to == MEDIA_OPUS || to == MEDIA_G722 ? RATE : 8000;
    struct codec_encoder e;
    struct codec_decoder d;
    struct transcoder *t;
    unsigned prompts = 0;

    assert_int_equal(codec_encoder_alloc(&e, from, rate_from), 0);
    assert_int_equal(codec_decoder_alloc(&d, to, rate_to), 0);
    assert_int_equal(transcoder_alloc(&t, from, to), 0);
    assert_true(transcoder_is(t, from, to));
    assert_false(transcoder_is(t, to, from) && from != to);
    for (unsigned i = 0; i < FRAMES; i++) {
        struct transcoder_frame frame = {.now_us = 20000 * (uint64_t)i,
                                         .ms = 20,
                                         .player = &f->player,
                                         .duck = duck,
                                         .tuning = {.complexity = 5}};
        struct rtp_packet p = {.seq = (uint16_t)i, .ssrc = 1};
        uint8_t payload[CODEC_PACKET_MAX];
        int16_t x[PER];
        size_t len, per = rate_from / 50;
        bool played;

        signal_sine(x, per, i * per, rate_from, 400, 8000);
        p.len = codec_encode(&e, x, per, payload, sizeof(payload));
        p.ts = i * codecs[from].clock / 50;
        transcoder_packet(t, JITTER_AUDIO, from, &p, payload, frame.now_us);
        if (i == 100)
            play(f);
        len = transcoder_encode(t, &frame, payload, &played);
        prompts += played;
        assert_int_equal(
            codec_decode(&d, payload, len, heard + i * rate_to / 50, PER),
            rate_to / 50);
        if (i > 160)
            assert_false(played);
    }
    codec_encoder_reset(&e);
    codec_decoder_reset(&d);
    transcoder_free(t);
    return prompts;
}

static double tone(unsigned rate, unsigned frame, unsigned n, double hertz)
{
    int16_t sine[2][RATE];
    const int16_t *x = heard + frame * rate / 50;
    double a = 0, b = 0;
    size_t all = n * rate / 50;

    signal_sine(sine[0], all, 0, rate, hertz, 10000);
    signal_sine(sine[1], all, rate / (unsigned)hertz / 4, rate, hertz, 10000);
    for (size_t i = 0; i < all; i++) {
        a += (double)x[i] * sine[0][i] / 10000;
        b += (double)x[i] * sine[1][i] / 10000;
    }
    a /= (double)all / 2;
    b /= (double)all / 2;
    return a * a + b * b; /* square of the peak */
}

static void assert_peak(unsigned rate, unsigned frame, double hertz,
                        double peak)
{
    double square = tone(rate, frame, 20, hertz);

    if (peak == 0)
        assert_true(square < 300 * 300);
    else
        assert_true(square > peak * peak * 0.72 &&
                    square < peak * peak * 1.39); /* 1.4 dB */
}

static void a_prompt_replaces_or_is_heard_over_the_meeting(void **state)
{
    for (int from = 0; from < MEDIA_CODECS; from++)
        for (int to = 0; to < MEDIA_CODECS; to++)
            for (int duck = 0; duck < 2; duck++) {
                struct fixture *f = *state;
                unsigned rate =
                    to == MEDIA_OPUS || to == MEDIA_G722 ? RATE : 8000;

                f->done = 0;
                assert_int_equal(
                    run(f, (enum media_codec)from, (enum media_codec)to, duck),
                    50);
                assert_int_equal(f->done, 1);
                assert_peak(rate, 60, 400, 8000);
                assert_peak(rate, 60, 900, 0);
                assert_peak(rate, 115, 900, 8000);
                assert_peak(rate, 115, 400, duck ? 8000 * 0.178 : 0);
                assert_peak(rate, 300, 400, 8000);
                assert_peak(rate, 300, 900, 0);
                /* cracks are steps: both tones together make no more */
                assert_true(signal_step(heard + rate / 2,
                                        rate / 50 * FRAMES - rate / 2) <
                            (rate == RATE ? 6500 : 11000));
            }
}

static void what_cannot_be_is_refused(void **state)
{
    struct fixture *f = *state;
    struct transcoder *t;
    struct transcoder_frame frame = {
        .ms = 30, .player = &f->player, .now_us = 1};
    uint8_t payload[CODEC_PACKET_MAX];
    bool played;

    assert_int_equal(transcoder_alloc(&t, MEDIA_PCMU, MEDIA_OPUS), 0);
    assert_int_equal(transcoder_encode(t, &frame, payload, &played), 0);
    frame.ms = 200;
    assert_int_equal(transcoder_encode(t, &frame, payload, &played), 0);
    frame.ms = 60;
    assert_true(transcoder_encode(t, &frame, payload, &played) > 0);
    transcoder_free(t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_prompt_replaces_or_is_heard_over_the_meeting),
        T(what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
