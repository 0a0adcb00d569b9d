#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <opus.h>
#include <spandsp.h>
#include <time.h>

#include "engine/embedded/media/g711_tables.h"
#include "rig.h"

static void key_comes(struct rig *r, engine_leg leg, char key)
{
    struct media_report report = rig_report(r);

    assert_int_equal(report.type, MEDIA_KEY);
    assert_int_equal(report.leg, leg);
    assert_int_equal(report.key, key);
}

/* A press by RFC 4733: packets of 20 ms and the end three times; those whose
 * bit in lost is set are left out. */
static void press(struct far *f, uint8_t event, unsigned lost)
{
    enum { STEPS = 5, ENDS = 3 };

    for (unsigned i = 0; i < STEPS + ENDS; i++) {
        unsigned duration = 160 * (i < STEPS ? i + 1 : STEPS);
        uint8_t payload[4] = {event, i >= STEPS - 1 ? 0x8a : 0x0a,
                              (uint8_t)(duration >> 8), (uint8_t)duration};

        if (!(lost & 1u << i))
            far_packet(f, i == 0, RIG_DTMF_PT, f->seq, f->ts, payload, 4);
        f->seq++;
    }
    f->ts += 160 * STEPS;
}

static void events_come_once_whatever_is_lost(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    press(&f, 10, 0);
    key_comes(r, 1, '*');
    press(&f, 6, 0x0f);
    key_comes(r, 1, '6');
    press(&f, 6, 0xf0);
    key_comes(r, 1, '6');
    press(&f, 15, 0x7f);
    key_comes(r, 1, 'D');
    press(&f, 16, 0);
    rig_no_report(r);
    far_close(&f);
    assert_int_equal(rig_counter(r, 1, "keys"), 4);
}

static void events_doubled_and_in_disorder(void **state)
{
    static const uint8_t mid[4] = {1, 0x0a, 1, 0x40};
    static const uint8_t first[4] = {1, 0x0a, 0, 0xa0};
    static const uint8_t end[4] = {1, 0x8a, 3, 0x20};
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    far_packet(&f, false, RIG_DTMF_PT, 31, 5000, mid, 4);
    far_packet(&f, true, RIG_DTMF_PT, 30, 5000, first, 4);
    far_packet(&f, true, RIG_DTMF_PT, 30, 5000, first, 4);
    far_packet(&f, false, RIG_DTMF_PT, 33, 5000, end, 4);
    far_packet(&f, false, RIG_DTMF_PT, 32, 5000, mid, 4);
    far_packet(&f, false, RIG_DTMF_PT, 33, 5000, end, 4);
    key_comes(r, 1, '1');
    rig_no_report(r);
    far_close(&f);
}

static void events_are_not_forwarded(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    struct got before, after;
    uint8_t voice[160];

    memset(voice, 0x21, sizeof(voice));
    far_call(&a, &b, r);
    while (far_receive_within(&b, &before, 60))
        ; /* the last of the silence */
    far_audio(&a, voice, sizeof(voice));
    far_receive(&b, &before);
    assert_int_equal(before.payload[0], 0x21);
    press(&a, 6, 0);
    key_comes(r, 1, '6');
    far_no_packet(&b);
    far_audio(&a, voice, sizeof(voice));
    far_receive(&b, &after);
    assert_int_equal(after.head.seq, (uint16_t)(before.head.seq + 1));
    assert_true(after.head.marker);
    assert_int_equal(after.head.pt, RIG_PCMU_PT);
    far_close(&a);
    far_close(&b);
}

static void keys_are_heard_while_muted_and_while_a_prompt_plays(void **state)
{
    static const char *const name = "long";
    const struct engine_play p = {
        .prompts = &name, .n_prompts = 1, .loop_from = 0, .tag = 1};
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    media_mute(r->media, 1, true);
    media_play(r->media, 1, &p);
    press(&f, 9, 0);
    key_comes(r, 1, '9');
    far_close(&f);
}

/* A tone of one key as packets of 20 ms in the session's codec. */
static void tone(struct far *f, double low, double high, unsigned packets)
{
    enum media_codec codec = f->session.format.codec;
    int err;
    OpusEncoder *e =
        codec == MEDIA_OPUS
            ? opus_encoder_create(8000, 1, OPUS_APPLICATION_VOIP, &err)
            : NULL;
    g722_encode_state_t *wide =
        g722_encode_init(NULL, 64000, G722_SAMPLE_RATE_8000);

    for (unsigned i = 0; i < packets; i++) {
        int16_t x[160];
        uint8_t payload[400];
        size_t len = 160;

        for (int k = 0; k < 160; k++) {
            double t = (160.0 * i + k) / 8000;

            x[k] = (int16_t)(6000 * sin(2 * M_PI * low * t) +
                             6000 * sin(2 * M_PI * high * t));
        }
        if (e)
            len = (size_t)opus_encode(e, x, 160, payload, sizeof(payload));
        else if (codec == MEDIA_G722)
            g722_encode(wide, payload, x, 160);
        else if (codec == MEDIA_PCMU)
            g711_to_pcmu(payload, x, 160);
        else
            g711_to_pcma(payload, x, 160);
        far_audio(f, payload, len);
    }
    g722_encode_free(wide);
    if (e)
        opus_encoder_destroy(e);
}

static void tones_are_heard_where_no_event_was_agreed(void **state)
{
    struct rig *r = *state;

    for (int codec = 0; codec < MEDIA_CODECS; codec++) {
        struct far f;

        far_open(&f, r, 1, (enum media_codec)codec);
        f.session.format.recv_dtmf_pt = 0;
        far_session(&f);
        far_learn(&f);
        tone(&f, 941, 1209, 6);
        key_comes(r, 1, '*');
        tone(&f, 0, 0, 6);
        tone(&f, 770, 1477, 6);
        key_comes(r, 1, '6');
        tone(&f, 0, 0, 6);
        rig_no_report(r);
        far_close(&f);
    }
}

static void tones_are_left_alone_where_events_were_agreed(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    tone(&f, 770, 1477, 6);
    tone(&f, 0, 0, 3);
    rig_no_report(r);
    /* a re-INVITE without telephone-event: now they count */
    f.session.format.recv_dtmf_pt = 0;
    far_session(&f);
    tone(&f, 770, 1477, 6);
    key_comes(r, 1, '6');
    /* and with Opus, the detector changes with the codec */
    f.session.format.codec = MEDIA_OPUS;
    f.session.format.recv_pt = f.session.format.send_pt = RIG_OPUS_PT;
    far_session(&f);
    tone(&f, 0, 0, 6);
    tone(&f, 941, 1477, 6);
    key_comes(r, 1, '#');
    far_close(&f);
}

static void a_key_is_reported_at_its_first_packet(void **state)
{
    static const uint8_t first[4] = {6, 0x0a, 0, 0xa0};
    struct rig *r = *state;
    struct timespec before, after;
    long best_us = 1000000;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    for (int i = 0; i < 10; i++) {
        long us;

        clock_gettime(CLOCK_MONOTONIC, &before);
        far_packet(&f, true, RIG_DTMF_PT, f.seq++, f.ts += 1600, first, 4);
        key_comes(r, 1, '6');
        clock_gettime(CLOCK_MONOTONIC, &after);
        us = (after.tv_sec - before.tv_sec) * 1000000 +
             (after.tv_nsec - before.tv_nsec) / 1000;
        if (us < best_us)
            best_us = us;
    }
    assert_in_range(best_us, 0, 5000);
    far_close(&f);
}

/* Keys that wait are not sent as what they are not. */
static void keys_to_a_far_side_that_takes_none_any_more(void **state)
{
    struct rig *r = *state;
    unsigned events = 0, audio = 0;
    struct far f;
    struct got g;

    far_open(&f, r, 1, MEDIA_PCMU);
    f.session.format.send_dtmf_pt = RIG_DTMF_PT;
    f.session.format.dtmf_rate = 8000;
    far_session(&f);
    for (char key = '1'; key <= '9'; key++)
        media_key(r->media, 1, key);
    while (!events && far_receive_within(&f, &g, RIG_WAIT_MS))
        events += g.head.pt == RIG_DTMF_PT;
    assert_int_equal(events, 1);
    f.session.format.send_dtmf_pt = f.session.format.recv_dtmf_pt = 0;
    far_session(&f);
    while (audio < 10 && far_receive_within(&f, &g, RIG_WAIT_MS)) {
        if (g.head.pt == RIG_DTMF_PT)
            continue; /* of before */
        assert_int_equal(g.head.len, 160);
        audio++;
    }
    assert_int_equal(audio, 10);
    far_close(&f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(events_come_once_whatever_is_lost),
        T(events_doubled_and_in_disorder),
        T(events_are_not_forwarded),
        T(keys_are_heard_while_muted_and_while_a_prompt_plays),
        T(tones_are_heard_where_no_event_was_agreed),
        T(tones_are_left_alone_where_events_were_agreed),
        T(a_key_is_reported_at_its_first_packet),
        T(keys_to_a_far_side_that_takes_none_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
