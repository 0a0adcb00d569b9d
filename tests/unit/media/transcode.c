/* Streams of two codecs, over real sockets, in a time of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/codec/codec.h"
#include "rig.h"
#include "signal.h"
#include "stepped.h"

enum { RATE_MAX = 16000, SECONDS_MAX = 4 };

/* A far side that says a sine and keeps what it hears. */
struct voice {
    struct far far;
    unsigned rate;
    unsigned said_ms; /* in a packet */
    double hertz;
    size_t said;
    struct codec_encoder encoder;
    struct codec_decoder decoder;
    int16_t heard[RATE_MAX * SECONDS_MAX];
    size_t n;
    unsigned packets;
    unsigned breaks; /* numbers that do not follow on */
    struct rtp_packet last;
};

static void voice_start(struct voice *v, struct rig *r, engine_leg leg,
                        enum media_codec codec, unsigned said_ms,
                        unsigned ptime_ms, double hertz)
{
    memset(v, 0, sizeof(*v));
    v->rate = codec == MEDIA_PCMU || codec == MEDIA_PCMA ? 8000 : 16000;
    v->said_ms = said_ms;
    v->hertz = hertz;
    far_open(&v->far, r, leg, codec);
    v->far.session.format.ptime_ms = (uint8_t)ptime_ms;
    far_session(&v->far);
    assert_int_equal(codec_encoder_alloc(&v->encoder, codec, v->rate), 0);
    assert_int_equal(codec_decoder_alloc(&v->decoder, codec, v->rate), 0);
}

static void voice_stop(struct voice *v)
{
    codec_encoder_reset(&v->encoder);
    codec_decoder_reset(&v->decoder);
    far_close(&v->far);
}

static void voice_say(struct voice *v)
{
    size_t n = v->rate / 1000 * v->said_ms;
    int16_t x[RATE_MAX / 1000 * 60];
    uint8_t payload[CODEC_PACKET_MAX];
    size_t len;

    signal_sine(x, n, v->said, v->rate, v->hertz, 8000);
    v->said += n;
    len = codec_encode(&v->encoder, x, n, payload, sizeof(payload));
    far_packet(&v->far, false, v->far.session.format.recv_pt, v->far.seq++,
               v->far.ts, payload, len);
    v->far.ts += v->encoder.codec->clock / 1000 * v->said_ms;
    stepped_receive();
}

static void voice_hear(struct voice *v)
{
    struct got g;

    while (far_receive_within(&v->far, &g, 0)) {
        /* silence before the bridge comes in packets of 20 ms */
        uint32_t silence = v->decoder.codec->clock / 50;
        uint32_t step =
            v->decoder.codec->clock / 1000 * v->far.session.format.ptime_ms;
        uint32_t most = step > silence ? step : silence;
        uint32_t least = step < silence ? step : silence;
        size_t room = sizeof(v->heard) / sizeof(*v->heard) - v->n;

        assert_int_equal(g.head.pt, v->far.session.format.send_pt);
        if (v->packets &&
            (g.head.seq != (uint16_t)(v->last.seq + 1) ||
             g.head.ts - v->last.ts < least || g.head.ts - v->last.ts > most))
            v->breaks++;
        v->packets++;
        v->last = g.head;
        v->n += codec_decode(&v->decoder, g.payload, g.head.len,
                             v->heard + v->n, room);
    }
}

/* Both talk for a while. */
static void talk(struct voice *a, struct voice *b, unsigned ms)
{
    for (unsigned at = 0; at < ms; at += 10) {
        if (at % a->said_ms == 0)
            voice_say(a);
        if (at % b->said_ms == 0)
            voice_say(b);
        stepped_pass(10);
        voice_hear(a);
        voice_hear(b);
    }
}

/* All of what v heard in the last half second is a clean sine of this pitch;
   codecs and jitter buffer had the time before it to settle. */
static void assert_hears(const struct voice *v, double hertz, double min_db)
{
    enum { PARTS = 5 };
    size_t n = v->rate / 10, delay;
    int16_t sine[RATE_MAX / 10];

    assert_true(v->n > PARTS * n);
    signal_sine(sine, n, 0, v->rate, hertz, 8000);
    for (size_t i = 1; i <= PARTS; i++) {
        const int16_t *part = v->heard + v->n - i * n;
        double rms = signal_rms(part, n);

        assert_true(signal_snr(sine, part, n, 80, &delay) > min_db);
        assert_true(rms > 4500 && rms < 6800);
    }
}

static void every_pair_of_codecs_talks(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;

    for (int i = 0; i < MEDIA_CODECS; i++)
        for (int k = i + 1; k < MEDIA_CODECS; k++) {
            voice_start(&a, r, 1, (enum media_codec)i, 20, 20, 500);
            voice_start(&b, r, 2, (enum media_codec)k, 20, 20, 800);
            media_bridge(r->media, 1, 2);
            talk(&a, &b, 1000);
            assert_hears(&a, 800, 15);
            assert_hears(&b, 500, 15);
            voice_stop(&a);
            voice_stop(&b);
        }
}

static void packets_are_as_long_as_each_side_wishes(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;
    static const struct {
        unsigned a_says, a_hears, b_says, b_hears;
    } row[] = {{20, 60, 40, 10},
               {60, 20, 20, 60},
               {30, 40, 10, 20},
               {10, 30, 60, 40}};

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        voice_start(&a, r, 1, MEDIA_PCMU, row[i].a_says, row[i].a_hears, 500);
        voice_start(&b, r, 2, MEDIA_OPUS, row[i].b_says, row[i].b_hears, 800);
        media_bridge(r->media, 1, 2);
        talk(&a, &b, 1200);
        assert_in_range(a.packets, 700 / row[i].a_hears,
                        1400 / row[i].a_hears);
        assert_in_range(b.packets, 700 / row[i].b_hears,
                        1400 / row[i].b_hears);
        assert_int_equal(a.breaks, 0);
        assert_int_equal(b.breaks, 0);
        assert_hears(&a, 800, 15);
        assert_hears(&b, 500, 15);
        voice_stop(&a);
        voice_stop(&b);
    }
}

static void mute_is_silence_without_a_break(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;
    size_t before;

    voice_start(&a, r, 1, MEDIA_PCMU, 20, 20, 500);
    voice_start(&b, r, 2, MEDIA_OPUS, 20, 20, 800);
    media_bridge(r->media, 1, 2);
    talk(&a, &b, 600);
    media_mute(r->media, 1, true);
    talk(&a, &b, 300);
    before = b.n;
    talk(&a, &b, 300);
    assert_true(b.n > before);
    assert_true(signal_rms(b.heard + before, b.n - before) < 30);
    assert_hears(&a, 800, 15); /* the other direction is untouched */
    media_mute(r->media, 1, false);
    talk(&a, &b, 800);
    assert_hears(&b, 500, 15);
    assert_int_equal(b.breaks, 0);
    voice_stop(&a);
    voice_stop(&b);
    assert_true(rig_counter(r, 1, "muted") > 20);
}

static void keys_are_reported_and_leave_a_pause(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;
    static const uint8_t key[] = {7, 0x0a, 0, 160};
    uint32_t ts;

    voice_start(&a, r, 1, MEDIA_PCMU, 20, 20, 500);
    voice_start(&b, r, 2, MEDIA_OPUS, 20, 20, 800);
    media_bridge(r->media, 1, 2);
    talk(&a, &b, 400);
    ts = a.far.ts;
    for (int i = 0; i < 8; i++) {
        far_packet(&a.far, i == 0, RIG_DTMF_PT, a.far.seq++, ts, key, 4);
        stepped_receive();
        stepped_pass(20);
        voice_hear(&b);
    }
    a.far.ts += 8 * 160;
    assert_int_equal(rig_report(r).key, '7');
    talk(&a, &b, 800);
    assert_hears(&b, 500, 15);
    assert_int_equal(b.breaks, 0);
    voice_stop(&a);
    voice_stop(&b);
}

static void a_phone_that_goes_quiet_is_silence_not_a_gap(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;
    unsigned before;
    size_t n;

    voice_start(&a, r, 1, MEDIA_PCMU, 20, 20, 500);
    voice_start(&b, r, 2, MEDIA_OPUS, 20, 20, 800);
    media_bridge(r->media, 1, 2);
    talk(&a, &b, 400);
    before = b.packets;
    stepped_pass(500);
    n = b.n;
    voice_hear(&b);
    assert_in_range(b.packets - before, 20, 30);
    assert_true(signal_rms(b.heard + b.n - 3200, 3200) < 20);
    assert_true(b.n > n);
    assert_int_equal(b.breaks, 0);
    voice_stop(&a);
    voice_stop(&b);
}

static void another_codec_in_a_reinvite_is_taken(void **state)
{
    struct rig *r = *state;
    static struct voice a, b;

    voice_start(&a, r, 1, MEDIA_PCMU, 20, 20, 500);
    voice_start(&b, r, 2, MEDIA_PCMU, 20, 20, 800);
    media_bridge(r->media, 1, 2);
    talk(&a, &b, 200);
    codec_encoder_reset(&b.encoder);
    codec_decoder_reset(&b.decoder);
    assert_int_equal(codec_encoder_alloc(&b.encoder, MEDIA_OPUS, 8000), 0);
    assert_int_equal(codec_decoder_alloc(&b.decoder, MEDIA_OPUS, 8000), 0);
    b.far.session.format.codec = MEDIA_OPUS;
    b.far.session.format.send_pt = b.far.session.format.recv_pt = RIG_OPUS_PT;
    far_session(&b.far);
    stepped_pass(40);
    far_drain(&b.far);
    b.packets = 0;
    talk(&a, &b, 900);
    assert_hears(&a, 800, 15);
    assert_hears(&b, 500, 15);
    assert_true(
        rig_logged(r, "audio is encoded anew leg=2 from=PCMU to=opus"));
    voice_stop(&a);
    voice_stop(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(every_pair_of_codecs_talks),
        T(packets_are_as_long_as_each_side_wishes),
        T(mute_is_silence_without_a_break),
        T(keys_are_reported_and_leave_a_pause),
        T(a_phone_that_goes_quiet_is_silence_not_a_gap),
        T(another_codec_in_a_reinvite_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
