/* A bridged far side goes on hearing RTP when the other one sends none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <opus.h>
#include <poll.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum {
    FILLED_MS = 1000, /* silence has come by then */
    PACKETS = 25,
};

/* One 20 ms frame as G.711 and, by its first byte, as Opus (CELT). */
static const uint8_t voice[160] = {0x78, 1, 2, 3};

struct kind {
    enum media_codec codec;
    size_t len;
    uint32_t step;
};

static const struct kind pcmu = {MEDIA_PCMU, 160, 160};
static const struct kind opus = {MEDIA_OPUS, 40, 960};

static bool is_voice(const struct got *g, const struct kind *k)
{
    return g->head.len == k->len && !memcmp(g->payload, voice, k->len);
}

/* A phone and a meeting, bridged; the meeting has heard the phone. */
static void call_make(struct rig *r, struct far *phone, struct far *meeting,
                      const struct kind *k, struct got *last)
{
    far_start(phone, r, 1, k->codec);
    far_start(meeting, r, 2, k->codec);
    far_learn(phone);
    far_learn(meeting);
    media_bridge(r->media, 1, 2);
    far_audio(phone, voice, k->len);
    do
        far_receive(meeting, last);
    while (!is_voice(last, k));
}

static void calls_end(struct far *phone, struct far *meeting)
{
    far_close(phone);
    far_close(meeting);
}

/* The next packet that is due, whatever the machine's load. */
static void next_comes(const struct far *f, const struct kind *k,
                       struct got *last)
{
    struct got g;

    far_receive(f, &g);
    assert_int_equal(g.head.seq, (uint16_t)(last->head.seq + 1));
    assert_int_equal(g.head.ssrc, last->head.ssrc);
    assert_in_range((uint32_t)(g.head.ts - last->head.ts), k->step,
                    k->step * 250);
    *last = g;
}

static void sounds_of_nothing(const struct got *g, const struct kind *k)
{
    int16_t pcm[960];
    OpusDecoder *d;
    int err;

    if (k->codec != MEDIA_OPUS) {
        assert_int_equal(g->head.len, 160);
        for (size_t i = 0; i < 160; i++)
            assert_int_equal(g->payload[i], 0xff);
        return;
    }
    d = opus_decoder_create(48000, 1, &err);
    assert_non_null(d);
    assert_int_equal(
        opus_decode(d, g->payload, (opus_int32)g->head.len, pcm, 960, 0), 960);
    for (int i = 0; i < 960; i++)
        assert_in_range(pcm[i] + 8, 0, 16);
    opus_decoder_destroy(d);
}

/* Silence comes in time and goes on, one unbroken stream. */
static void silence_comes(const struct far *f, const struct kind *k,
                          struct got *last)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, FILLED_MS), 1);
    next_comes(f, k, last);
    sounds_of_nothing(last, k);
    for (int i = 0; i < PACKETS; i++) {
        struct got before = *last;

        next_comes(f, k, last);
        sounds_of_nothing(last, k);
        assert_int_equal(last->head.ts, (uint32_t)(before.head.ts + k->step));
        assert_false(last->head.marker);
    }
}

/* The first voice is marked and ends the silence. */
static void voice_returns(const struct far *meeting, const struct kind *k,
                          struct got *last)
{
    do
        next_comes(meeting, k, last);
    while (!is_voice(last, k));
    assert_true(last->head.marker);
    far_no_packet(meeting);
}

static void a_phone_that_holds(struct rig *r, const struct kind *k)
{
    struct far phone, meeting;
    struct got last;

    call_make(r, &phone, &meeting, k, &last);
    phone.session.receive = false;
    phone.session.send = false;
    far_session(&phone);
    far_audio(&phone, voice, k->len); /* said not to come: not relayed */
    silence_comes(&meeting, k, &last);
    far_drain(&phone);
    phone.session.receive = true;
    phone.session.send = true;
    far_session(&phone);
    far_audio(&phone, voice, k->len);
    voice_returns(&meeting, k, &last);
    far_audio(&phone, voice, k->len);
    next_comes(&meeting, k, &last);
    assert_true(is_voice(&last, k));
    assert_false(last.head.marker);
    silence_comes(&meeting, k, &last); /* and again */
    calls_end(&phone, &meeting);
    assert_true(rig_counter(r, 2, "silence") >= 2 * PACKETS);
}

static void the_meeting_hears_silence_while_a_phone_holds(void **state)
{
    a_phone_that_holds(*state, &pcmu);
}

static void so_it_does_in_opus(void **state)
{
    a_phone_that_holds(*state, &opus);
}

static void a_phone_that_just_stops_is_filled_in_for(void **state)
{
    struct far phone, meeting;
    struct got last;

    call_make(*state, &phone, &meeting, &opus, &last);
    silence_comes(&meeting, &opus, &last);
    far_audio(&phone, voice, opus.len);
    voice_returns(&meeting, &opus, &last);
    calls_end(&phone, &meeting);
}

static void a_long_key_leaves_no_hole(void **state)
{
    struct far phone, meeting;
    struct got last;

    call_make(*state, &phone, &meeting, &pcmu, &last);
    for (unsigned i = 1; i <= 40; i++) {
        uint16_t d = (uint16_t)(i * 160);
        uint8_t key[4] = {5, 10, (uint8_t)(d >> 8), (uint8_t)d};

        far_packet(&phone, i == 1, RIG_DTMF_PT, phone.seq++, phone.ts, key,
                   sizeof(key));
        poll(NULL, 0, 20);
    }
    phone.ts += 40 * 160;
    silence_comes(&meeting, &pcmu, &last);
    far_audio(&phone, voice, pcmu.len);
    voice_returns(&meeting, &pcmu, &last);
    calls_end(&phone, &meeting);
}

static void a_short_pause_is_the_phones_own(void **state)
{
    struct far phone, meeting;
    struct got last;

    call_make(*state, &phone, &meeting, &opus, &last);
    for (int i = 0; i < 3; i++) {
        struct got g;

        assert_false(far_receive_within(&meeting, &g, 300));
        far_audio(&phone, voice, opus.len);
        next_comes(&meeting, &opus, &last);
        assert_true(is_voice(&last, &opus));
    }
    calls_end(&phone, &meeting);
}

static void a_prompt_goes_before_silence_and_silence_follows(void **state)
{
    static const char *const name = "one";
    const struct engine_play p = {
        .prompts = &name, .n_prompts = 1, .loop_from = -1, .tag = 4};
    struct rig *r = *state;
    struct far phone, meeting;
    struct got last;

    call_make(r, &phone, &meeting, &pcmu, &last);
    silence_comes(&meeting, &pcmu, &last);
    media_play(r->media, 2, &p);
    do
        next_comes(&meeting, &pcmu, &last);
    while (last.payload[80] == 0xff);
    assert_true(last.head.marker);
    assert_true(rig_report(r).completed);
    do
        next_comes(&meeting, &pcmu, &last);
    while (!last.head.marker);
    sounds_of_nothing(&last, &pcmu);
    calls_end(&phone, &meeting);
}

static void a_phone_on_hold_is_sent_nothing(void **state)
{
    struct far phone, meeting;
    struct got last, g;

    call_make(*state, &phone, &meeting, &pcmu, &last);
    phone.session.send = false;
    far_session(&phone);
    silence_comes(&meeting, &pcmu, &last); /* so the session has arrived */
    far_drain(&phone);
    assert_false(far_receive_within(&phone, &g, FILLED_MS));
    calls_end(&phone, &meeting);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(the_meeting_hears_silence_while_a_phone_holds),
        T(so_it_does_in_opus),
        T(a_phone_that_just_stops_is_filled_in_for),
        T(a_long_key_leaves_no_hole),
        T(a_short_pause_is_the_phones_own),
        T(a_prompt_goes_before_silence_and_silence_follows),
        T(a_phone_on_hold_is_sent_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
