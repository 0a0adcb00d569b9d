#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/codec/codec.h"
#include "engine/embedded/media/playout.h"
#include "signal.h"

enum { SECONDS = 60, RATE = 8000, MS = 1000 };

/* A far side that says a tone in packets, and one who listens. */
struct talk {
    struct playout *p;
    struct codec_encoder e;
    enum media_codec codec;
    uint16_t seq;
    uint32_t ts;
    size_t said;
    bool pauses; /* of 200 ms, after 400 of tone */
    uint64_t now;
    int16_t heard[RATE * SECONDS];
    size_t n;
};

static struct talk talk;

static void begin(enum media_codec codec)
{
    memset(&talk, 0, sizeof(talk));
    talk.codec = codec;
    talk.now = 10000000;
    talk.ts = 0xffff0000;
    assert_int_equal(playout_alloc(&talk.p, codec, RATE), 0);
    assert_int_equal(codec_encoder_alloc(&talk.e, codec, RATE), 0);
}

static void end(void)
{
    playout_free(talk.p);
    codec_encoder_reset(&talk.e);
}

/* A packet of 20 ms; sent: else it is lost on the way. */
static void say(uint64_t at, bool sent)
{
    uint8_t payload[CODEC_PACKET_MAX];
    int16_t x[RATE / 50];
    struct rtp_packet p = {.seq = talk.seq++, .ts = talk.ts, .ssrc = 1};

    signal_sine(x, RATE / 50, talk.said, RATE, 400, 8000);
    if (talk.pauses && p.seq % 30 >= 20)
        memset(x, 0, sizeof(x));
    talk.said += RATE / 50;
    p.len = codec_encode(&talk.e, x, RATE / 50, payload, sizeof(payload));
    talk.ts += codecs[talk.codec].clock / 50;
    if (sent)
        playout_packet(talk.p, JITTER_AUDIO, talk.codec, &p, payload, at);
}

static void hear(size_t n)
{
    assert_true(talk.n + n <= sizeof(talk.heard) / sizeof(*talk.heard));
    playout_read(talk.p, talk.now, talk.heard + talk.n, n);
    talk.n += n;
    talk.now += n * 1000000 / RATE;
}

/* From there on, in any 40 ms. */
static void assert_louder(size_t from, double than)
{
    for (size_t i = from; i + 320 <= talk.n; i += 160)
        assert_true(signal_rms(talk.heard + i, 320) > than);
}

static void assert_no_gap(size_t from)
{
    assert_louder(from, 4000);
}

static void every_codec_without_a_gap(void **state)
{
    for (int c = 0; c < MEDIA_CODECS; c++) {
        begin((enum media_codec)c);
        for (int i = 0; i < 100; i++) {
            say(talk.now, true);
            hear(160);
        }
        assert_no_gap(4000);
        /* and soon: the tone begins 60 ms after it was said, at most */
        assert_true(signal_rms(talk.heard + 480, 160) > 4000);
        assert_true(signal_step(talk.heard + 1000, talk.n - 1000) < 3400);
        end();
    }
}

static void readers_take_what_they_want(void **state)
{
    static const size_t piece[] = {80, 240, 480, 400, 160};

    begin(MEDIA_PCMU);
    for (int i = 0; i < 100; i++) {
        uint64_t until;

        hear(piece[(unsigned)i % 5]);
        until = talk.now;
        while (10000000 + talk.said * 125 < until)
            say(10000000 + talk.said * 125, true);
    }
    assert_no_gap(4000);
    end();
}

static void loss_is_concealed(void **state)
{
    for (int c = 0; c < MEDIA_CODECS; c++) {
        begin((enum media_codec)c);
        for (int i = 0; i < 500; i++) {
            say(talk.now, i % 20 != 13); /* 5 % */
            hear(160);
        }
        /* libopus lowers the voice more than we do */
        assert_louder(4000, c == MEDIA_OPUS ? 1500 : 4800);
        assert_int_equal(playout_stats(talk.p)->lost, 25);
        assert_int_equal(playout_loss_percent(talk.p), 5);
        /* no crack: 400 Hz of 8000 moves by 2513 a sample at most */
        assert_true(signal_step(talk.heard + 1000, talk.n - 1000) < 4500);
        end();
    }
}

/* Clocks that differ by 1 in 1000, ten times what quartz does: in 50 s they
 * are 50 ms apart. */
static void drift_is_not_heard(void **state)
{
    for (int direction = -1; direction <= 1; direction += 2) {
        uint64_t next;

        begin(MEDIA_PCMU);
        next = talk.now;
        while (talk.n + 160 <= RATE * 50) {
            while (next <= talk.now) {
                say(next, true);
                next += (uint64_t)(20000 + direction * 20);
            }
            hear(160);
        }
        assert_no_gap(4000);
        assert_true(signal_step(talk.heard + 1000, talk.n - 1000) < 3200);
        assert_int_equal(playout_stats(talk.p)->lost, 0);
        assert_int_equal(playout_stats(talk.p)->skipped, 0);
        end();
    }
}

/* The next sample at which the tone has begun, or has ended. */
static size_t next_edge(size_t at, bool begins)
{
    enum { STEP = RATE / 400 }; /* a period */

    while (at + STEP <= talk.n &&
           (signal_rms(talk.heard + at, STEP) > 2000) != begins)
        at += STEP;
    return at;
}

/* For 4 s packets come five at a time. What the buffer has too much of then is
 * taken out of the pauses: what is said keeps its length. */
static void a_deep_buffer_shrinks_in_pauses(void **state)
{
    enum { ROUGH = 200, ALL = 900, BEAT = 30 * RATE / 50 };
    size_t at, late_first, late_last = 0, tones = 0;

    begin(MEDIA_PCMU);
    talk.pauses = true;
    for (size_t i = 0; i < ALL; i++) {
        for (int k = i >= ROUGH ? 1 : i % 5 == 4 ? 5 : 0; k; k--)
            say(talk.now, true);
        hear(160);
    }
    at = next_edge(next_edge((ROUGH + 20) * 160, false), true);
    late_first = at % BEAT;
    while (at + 2 * BEAT < talk.n) {
        size_t ended = next_edge(at, false);

        assert_in_range(ended - at, RATE * 395 / 1000, RATE * 405 / 1000);
        late_last = at % BEAT;
        at = next_edge(ended, true);
        tones++;
    }
    assert_true(tones > 15);
    assert_in_range(late_first, RATE * 75 / 1000, RATE * 200 / 1000);
    assert_in_range(late_last, 0, RATE * 60 / 1000);
    assert_int_equal(playout_stats(talk.p)->skipped, 0);
    end();
}

static void comfort_noise_is_heard_in_a_pause(void **state)
{
    static const uint8_t level = 50; /* -50 dBov: 104 */
    struct rtp_packet p = {.ssrc = 1, .len = 1};
    size_t from;

    begin(MEDIA_PCMU);
    for (int i = 0; i < 50; i++) {
        say(talk.now, true);
        hear(160);
    }
    p.seq = talk.seq++;
    p.ts = talk.ts;
    playout_packet(talk.p, JITTER_NOISE, MEDIA_PCMU, &p, &level, talk.now);
    for (int i = 0; i < 100; i++)
        hear(160);
    from = talk.n - 80 * 160;
    assert_in_range(signal_rms(talk.heard + from, 80 * 160), 80, 130);
    talk.ts += 100 * 160;
    for (int i = 0; i < 50; i++) {
        say(talk.now, true);
        hear(160);
    }
    assert_no_gap(talk.n - 45 * 160);
    assert_int_equal(playout_stats(talk.p)->lost, 0);
    end();
}

/* Opus in DTX: a packet of one byte each 400 ms. */
static void opus_pauses_without_a_gap_in_numbers(void **state)
{
    begin(MEDIA_OPUS);
    for (int i = 0; i < 50; i++) {
        say(talk.now, true);
        hear(160);
    }
    for (int i = 0; i < 5; i++) {
        struct rtp_packet p = {
            .seq = talk.seq++, .ts = talk.ts, .ssrc = 1, .len = 1};
        static const uint8_t toc = 0x08; /* SILK, narrow band, 20 ms */

        playout_packet(talk.p, JITTER_AUDIO, MEDIA_OPUS, &p, &toc, talk.now);
        talk.ts += 20 * 960;
        for (int k = 0; k < 20; k++)
            hear(160);
    }
    assert_true(signal_rms(talk.heard + talk.n - 8000, 8000) < 200);
    for (int i = 0; i < 50; i++) {
        say(talk.now, true);
        hear(160);
    }
    assert_no_gap(talk.n - 40 * 160);
    assert_int_equal(playout_stats(talk.p)->lost, 0);
    assert_int_equal(playout_stats(talk.p)->resyncs, 0);
    end();
}

static void a_stalled_source_fades_and_comes_back(void **state)
{
    for (int c = 0; c < MEDIA_CODECS; c++) {
        size_t at;

        begin((enum media_codec)c);
        for (int i = 0; i < 50; i++) {
            say(talk.now, true);
            hear(160);
        }
        at = talk.n;
        for (int i = 0; i < 250; i++)
            hear(160);
        assert_true(signal_rms(talk.heard + talk.n - 8000, 8000) < 10);
        assert_true(signal_step(talk.heard + at, talk.n - at) < 3400);
        for (int i = 0; i < 50; i++) {
            say(talk.now, true);
            hear(160);
        }
        assert_no_gap(talk.n - 40 * 160);
        end();
    }
}

/* Passed through until now: no seam where decoding begins. */
static void what_was_heard_before_goes_on(void **state)
{
    for (int c = 0; c < MEDIA_CODECS; c++) {
        uint8_t payload[CODEC_PACKET_MAX];
        int16_t x[RATE / 50];
        size_t len = 0;
        bool g711 = c == MEDIA_PCMU || c == MEDIA_PCMA;

        begin((enum media_codec)c);
        for (int i = 0; i < 10; i++) {
            signal_sine(x, RATE / 50, talk.said, RATE, 400, 8000);
            talk.said += RATE / 50;
            len =
                codec_encode(&talk.e, x, RATE / 50, payload, sizeof(payload));
        }
        playout_continue(talk.p, (enum media_codec)c, payload, len);
        for (int i = 0; i < 50; i++) {
            say(talk.now, true);
            hear(160);
        }
        /* 40 ms are made up: little by codecs that have much state to find
           again in one packet */
        assert_true(signal_rms(talk.heard, 160) > (g711 ? 4500 : 100));
        assert_true(signal_rms(talk.heard + 160, 160) > (g711 ? 3000 : 50));
        assert_true(signal_step(talk.heard, talk.n) < 4500);
        end();
    }
}

static void a_phone_may_change_law(void **state)
{
    begin(MEDIA_PCMU);
    for (int i = 0; i < 100; i++) {
        if (i == 50) {
            codec_encoder_reset(&talk.e);
            talk.codec = MEDIA_PCMA;
            assert_int_equal(codec_encoder_alloc(&talk.e, MEDIA_PCMA, RATE),
                             0);
        }
        say(talk.now, true);
        hear(160);
    }
    assert_no_gap(4000);
    assert_true(signal_step(talk.heard + 1000, talk.n - 1000) < 3400);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_without_a_gap),
        cmocka_unit_test(readers_take_what_they_want),
        cmocka_unit_test(loss_is_concealed),
        cmocka_unit_test(drift_is_not_heard),
        cmocka_unit_test(a_deep_buffer_shrinks_in_pauses),
        cmocka_unit_test(comfort_noise_is_heard_in_a_pause),
        cmocka_unit_test(opus_pauses_without_a_gap_in_numbers),
        cmocka_unit_test(a_stalled_source_fades_and_comes_back),
        cmocka_unit_test(what_was_heard_before_goes_on),
        cmocka_unit_test(a_phone_may_change_law),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
