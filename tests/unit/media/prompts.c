#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <opus.h>
#include <stdio.h>
#include <time.h>

#include "engine/embedded/media/g711_tables.h"
#include "rig.h"

enum { LEAD_PACKETS = 15 }; /* of 20 ms, before the first prompt of a leg */

static void play(struct rig *r, engine_leg leg, const char *name,
                 int loop_from, bool replace, uint32_t tag)
{
    const struct engine_play p = {.prompts = &name,
                                  .n_prompts = 1,
                                  .loop_from = loop_from,
                                  .replace = replace,
                                  .tag = tag};

    media_play(r->media, leg, &p);
}

static void played(struct rig *r, uint32_t tag, bool completed)
{
    struct media_report report = rig_report(r);

    assert_int_equal(report.type, MEDIA_PLAYED);
    assert_int_equal(report.tag, tag);
    assert_int_equal(report.completed, completed);
}

/* Encoded sample i of the prompt of this seed. */
static uint8_t encoded(enum media_codec codec, size_t i, unsigned seed)
{
    int16_t sample = wav_sample(i, seed);
    uint8_t byte;

    if (codec == MEDIA_PCMU)
        g711_to_pcmu(&byte, &sample, 1);
    else
        g711_to_pcma(&byte, &sample, 1);
    return byte;
}

static bool all_silence(const struct got *g, enum media_codec codec)
{
    uint8_t silence =
        codec == MEDIA_PCMU ? G711_PCMU_SILENCE : G711_PCMA_SILENCE;

    for (size_t i = 0; i < g->head.len; i++)
        if (g->payload[i] != silence)
            return false;
    return true;
}

/* Wait for the first packet of a prompt. */
static void prompt_start(const struct far *f, struct got *g)
{
    do
        far_receive(f, g);
    while (all_silence(g, f->session.format.codec));
}

/* Compare a prompt that begins with packet g, sample by sample, and that
 * numbers go on without a break; g is its last packet afterwards. */
static void prompt_check(const struct far *f, struct got *g, size_t samples,
                         unsigned seed)
{
    enum media_codec codec = f->session.format.codec;
    uint8_t silence =
        codec == MEDIA_PCMU ? G711_PCMU_SILENCE : G711_PCMA_SILENCE;
    size_t at = 0;

    for (;;) {
        struct got last = *g;

        for (size_t i = 0; i < g->head.len; i++)
            assert_int_equal(g->payload[i], at + i < samples
                                                ? encoded(codec, at + i, seed)
                                                : silence);
        at += g->head.len;
        if (at >= samples)
            return;
        far_receive(f, g);
        assert_int_equal(g->head.seq, (uint16_t)(last.head.seq + 1));
        assert_int_equal(g->head.ts, (uint32_t)(last.head.ts + last.head.len));
        assert_false(g->head.marker);
    }
}

static void a_prompt_is_heard_sample_by_sample(void **state)
{
    static const struct {
        enum media_codec codec;
        uint8_t ptime_ms;
        uint8_t told_ms;
    } row[] = {
        {MEDIA_PCMU, 20, 20}, {MEDIA_PCMA, 20, 20}, {MEDIA_PCMU, 10, 10},
        {MEDIA_PCMA, 30, 30}, {MEDIA_PCMU, 40, 40}, {MEDIA_PCMU, 60, 60},
        {MEDIA_PCMU, 20, 0},  {MEDIA_PCMU, 20, 25}, {MEDIA_PCMU, 20, 200},
    };
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct far f;
        struct got g;

        far_open(&f, r, 1, row[i].codec);
        f.session.format.ptime_ms = row[i].told_ms;
        far_session(&f);
        play(r, 1, "two", -1, false, 5);
        prompt_start(&f, &g);
        assert_true(g.head.marker);
        assert_int_equal(g.head.len, 8 * row[i].ptime_ms);
        prompt_check(&f, &g, 1000, 2);
        played(r, 5, true);
        far_receive(&f, &g); /* silence again, the phone stays on */
        assert_true(all_silence(&g, row[i].codec));
        far_close(&f);
        rig_no_report(r);
    }
}

static void short_packets_keep_time(void **state)
{
    struct rig *r = *state;
    struct timespec from, to;
    struct far f;
    struct got g;

    far_open(&f, r, 1, MEDIA_PCMU);
    f.session.format.ptime_ms = 10; /* two a tick */
    far_session(&f);
    play(r, 1, "long", -1, false, 5);
    prompt_start(&f, &g);
    clock_gettime(CLOCK_MONOTONIC, &from);
    played(r, 5, true);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_in_range((to.tv_sec - from.tv_sec) * 1000 +
                        (to.tv_nsec - from.tv_nsec) / 1000000,
                    800, 1600);
    far_close(&f);
}

static void opus_prompts_decode(void **state)
{
    struct rig *r = *state;
    struct far f;
    struct got g, last;
    int err, loud = 0;
    OpusDecoder *d = opus_decoder_create(48000, 1, &err);

    far_start(&f, r, 1, MEDIA_OPUS);
    far_receive(&f, &last); /* silence until something plays */
    play(r, 1, "long", -1, false, 5);
    for (int i = 0; i < 60 + LEAD_PACKETS; i++) {
        int16_t pcm[960];

        far_receive(&f, &g);
        assert_int_equal(g.head.pt, RIG_OPUS_PT);
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
        assert_int_equal(g.head.ts, (uint32_t)(last.head.ts + 960));
        assert_int_equal(
            opus_decode(d, g.payload, (opus_int32)g.head.len, pcm, 960, 0),
            960);
        for (int k = 0; k < 960; k++)
            if (abs(pcm[k]) > 3000) {
                loud++;
                break;
            }
        last = g;
    }
    assert_in_range(loud, 45, 53);
    played(r, 5, true);
    opus_decoder_destroy(d);
    far_close(&f);
}

static void a_list_queues_replaces_and_loops(void **state)
{
    static const char *const both[] = {"one", "two"};
    struct rig *r = *state;
    struct engine_play list = {
        .prompts = both, .n_prompts = 2, .loop_from = 1, .tag = 1};
    struct far f;
    struct got g;

    far_start(&f, r, 1, MEDIA_PCMA);
    media_play(r->media, 1, &list);
    prompt_start(&f, &g);
    prompt_check(&f, &g, 800, 1);
    for (int i = 0; i < 3; i++) {
        far_receive(&f, &g);
        prompt_check(&f, &g, 1000, 2);
    }
    play(r, 1, "two", -1, false, 2);
    play(r, 1, "one", -1, true, 3);
    played(r, 1, false);
    played(r, 2, false);
    while (g.payload[0] != encoded(MEDIA_PCMA, 0, 1) ||
           g.payload[1] != encoded(MEDIA_PCMA, 1, 1))
        far_receive(&f, &g);
    prompt_check(&f, &g, 800, 1);
    played(r, 3, true);
    play(r, 1, "long", -1, false, 4);
    play(r, 1, "long", 0, false, 5);
    media_play_stop(r->media, 1);
    played(r, 4, false);
    played(r, 5, false);
    far_close(&f);
    rig_no_report(r);
}

static void an_unknown_prompt_is_skipped(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    play(r, 1, "no-such", -1, false, 8);
    played(r, 8, true);
    assert_true(rig_logged(r, "prompt unknown, skipped name=no-such"));
    far_close(&f);
}

/* A phone that has just answered loses the first sounds. */
static void a_prompt_waits_for_the_session_and_a_moment(void **state)
{
    struct rig *r = *state;
    struct far f;
    struct got g;
    int lead = 0;

    far_open(&f, r, 1, MEDIA_PCMU);
    play(r, 1, "one", -1, false, 1);
    rig_no_report(r);
    far_no_packet(&f);
    far_session(&f);
    for (far_receive(&f, &g); all_silence(&g, MEDIA_PCMU); lead++)
        far_receive(&f, &g);
    assert_in_range(lead, LEAD_PACKETS - 1, LEAD_PACKETS + 1);
    prompt_check(&f, &g, 800, 1);
    played(r, 1, true);
    far_close(&f);
}

static void a_prompt_takes_the_place_of_the_bridge(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    struct got last, g;
    uint8_t voice[160];

    memset(voice, 0x21, sizeof(voice));
    far_call(&a, &b, r);
    while (far_receive_within(&a, &last, 60))
        ; /* the last of the silence */
    far_audio(&b, voice, sizeof(voice));
    far_receive(&a, &last);
    assert_int_equal(last.payload[0], 0x21);
    play(r, 1, "one", -1, false, 1);
    for (int i = 0; i < 5; i++) { /* not heard meanwhile */
        far_audio(&b, voice, sizeof(voice));
        far_receive(&a, &g);
        if (!i) {
            assert_true(g.head.marker);
            assert_true((uint32_t)(g.head.ts - last.head.ts) >= 160);
        } else {
            assert_int_equal(g.head.ts, (uint32_t)(last.head.ts + 160));
        }
        assert_int_equal(g.payload[0],
                         encoded(MEDIA_PCMU, 160 * (size_t)i, 1));
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
        last = g;
        far_audio(&a, voice, sizeof(voice)); /* the other way goes on */
        far_receive(&b, &g);
    }
    played(r, 1, true);
    far_audio(&b, voice, sizeof(voice));
    far_receive(&a, &g);
    assert_int_equal(g.payload[0], 0x21);
    assert_true(g.head.marker);
    assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
    assert_in_range((uint32_t)(g.head.ts - last.head.ts), 160, 800);
    assert_int_equal(g.head.ssrc, last.head.ssrc);
    far_no_packet(&a); /* a bridged leg whose peer is quiet gets nothing */
    far_close(&a);
    far_close(&b);
}

static void a_stream_that_closes_ends_what_plays(void **state)
{
    struct rig *r = *state;
    struct far f;
    struct got g;

    far_start(&f, r, 1, MEDIA_PCMU);
    play(r, 1, "long", 0, false, 1);
    play(r, 1, "one", -1, false, 2);
    prompt_start(&f, &g);
    far_close(&f);
    played(r, 1, false);
    played(r, 2, false);
    play(r, 1, "one", -1, false, 3); /* names no stream any more */
    media_play_stop(r->media, 1);
    media_mute(r->media, 1, true);
    media_bridge(r->media, 1, 2);
    media_stream_close(r->media, 1);
    rig_no_report(r);
}

static void the_pool_ends_with_streams_that_play(void **state)
{
    struct rig *r = *state;
    static struct far f[8];
    struct got g;

    for (engine_leg leg = 1; leg <= 8; leg++) {
        far_start(&f[leg - 1], r, leg, (enum media_codec)(leg % 3));
        play(r, leg, "long", 0, false, (uint32_t)leg);
    }
    media_bridge(r->media, 1, 2);
    media_bridge(r->media, 3, 4);
    far_receive(&f[7], &g);
    /* teardown frees the pool */
}

static void many_prompts_at_once_keep_time(void **state)
{
    struct rig *r = *state;
    static struct far f[20];

    for (engine_leg leg = 1; leg <= 20; leg++) {
        far_start(&f[leg - 1], r, leg, MEDIA_PCMA);
        play(r, leg, "long", -1, false, (uint32_t)leg);
    }
    for (int i = 0; i < 20; i++) {
        struct got g;

        prompt_start(&f[i], &g);
        prompt_check(&f[i], &g, 8000, 3);
    }
    for (int i = 0; i < 20; i++)
        assert_true(rig_report(r).completed);
    for (int i = 0; i < 20; i++)
        far_close(&f[i]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(a_prompt_is_heard_sample_by_sample),
        T(short_packets_keep_time),
        T(opus_prompts_decode),
        T(a_list_queues_replaces_and_loops),
        T(an_unknown_prompt_is_skipped),
        T(a_prompt_waits_for_the_session_and_a_moment),
        T(a_prompt_takes_the_place_of_the_bridge),
        T(a_stream_that_closes_ends_what_plays),
        T(the_pool_ends_with_streams_that_play),
        T(many_prompts_at_once_keep_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
