#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <opus.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/g711_tables.h"
#include "rig.h"

enum { PACKETS = 50 };

/* Two legs of a call with learnt sources, bridged; nothing waits. */
static void call_make(struct rig *r, struct far *a, struct far *b,
                      enum media_codec codec_a, enum media_codec codec_b)
{
    far_start(a, r, 1, codec_a);
    far_start(b, r, 2, codec_b);
    far_learn(a);
    far_learn(b);
    media_bridge(r->media, 1, 2);
    /* the legs are silent to each other now; swallow the last silence */
    while (far_receive_within(a, &(struct got){0}, 60) ||
           far_receive_within(b, &(struct got){0}, 60))
        ;
}

static void payload_fill(uint8_t *payload, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        payload[i] = (uint8_t)(i * 7 + seed * 31);
}

static void one_way(struct far *from, struct far *to, size_t len, uint8_t pt)
{
    struct got first = {0};

    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t payload[400];
        struct got g;

        payload_fill(payload, len, i);
        far_audio(from, payload, len);
        do /* silence came first if the other direction took its time */
            far_receive(to, &g);
        while (!i && (g.head.len != len || memcmp(g.payload, payload, len)));
        assert_int_equal(g.head.len, len);
        assert_memory_equal(g.payload, payload, len);
        assert_int_equal(g.head.pt, pt);
        if (!i)
            first = g;
        assert_int_equal(g.head.marker, i == 0);
        assert_int_equal(g.head.seq, (uint16_t)(first.head.seq + i));
        assert_int_equal(g.head.ssrc, first.head.ssrc);
        assert_int_equal(
            g.head.ts,
            (uint32_t)(first.head.ts +
                       i * (from->session.format.codec == MEDIA_OPUS ? 960
                                                                     : 160)));
        assert_int_not_equal(g.head.ssrc, from->ssrc);
    }
}

static void audio_passes_both_ways_byte_for_byte(void **state)
{
    struct far a, b;

    call_make(*state, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    one_way(&a, &b, 160, RIG_PCMU_PT);
    one_way(&b, &a, 160, RIG_PCMU_PT);
    far_close(&a);
    far_close(&b);
    assert_int_equal(rig_counter(*state, 1, "relayed"), PACKETS);
    assert_int_equal(rig_counter(*state, 2, "relayed"), PACKETS);
}

static void opus_passes_with_payload_types_of_each_side(void **state)
{
    struct far a, b;

    call_make(*state, &a, &b, MEDIA_OPUS, MEDIA_OPUS);
    b.session.format.send_pt = 96;
    far_session(&b);
    one_way(&a, &b, 77, 96);
    one_way(&b, &a, 400, RIG_OPUS_PT);
    far_close(&a);
    far_close(&b);
}

static void laws_are_converted(void **state)
{
    struct far a, b;
    uint8_t all[256];
    int16_t before[256], after[256];
    struct got g;

    call_make(*state, &a, &b, MEDIA_PCMU, MEDIA_PCMA);
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    far_audio(&a, all, sizeof(all));
    far_receive(&b, &g);
    assert_int_equal(g.head.pt, RIG_PCMA_PT);
    assert_int_equal(g.head.len, 256);
    g711_from_pcmu(before, all, 256);
    g711_from_pcma(after, g.payload, 256);
    for (int i = 0; i < 256; i++) /* within a quantising step */
        assert_true(abs(before[i] - after[i]) <= abs(before[i]) / 16 + 24);
    far_audio(&b, all, sizeof(all));
    far_receive(&a, &g);
    assert_int_equal(g.head.pt, RIG_PCMU_PT);
    g711_from_pcma(before, all, 256);
    g711_from_pcmu(after, g.payload, 256);
    for (int i = 0; i < 256; i++)
        assert_true(abs(before[i] - after[i]) <= abs(before[i]) / 16 + 24);
    far_close(&a);
    far_close(&b);
}

static void a_phone_may_change_law_by_itself(void **state)
{
    struct far a, b;
    uint8_t payload[160];
    struct got g;

    call_make(*state, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    memset(payload, G711_PCMA_SILENCE, sizeof(payload));
    far_packet(&a, false, RIG_PCMA_PT, a.seq++, a.ts += 160, payload, 160);
    far_receive(&b, &g);
    assert_int_equal(g.head.pt, RIG_PCMU_PT);
    assert_true(g.payload[0] == 0xff || g.payload[0] == 0x7f ||
                g.payload[0] == 0xfe || g.payload[0] == 0x7e);
    far_close(&a);
    far_close(&b);
}

static void header_parts_and_padding_are_taken_off(void **state)
{
    struct far a, b;
    struct got g;
    /* 1 CSRC, extension of 1 word, payload "abcd", 4 bytes of padding */
    static const uint8_t packet[] = {
        0xb1, 0x00, 0x12, 0x34, 0, 0, 0, 9, 0,   0,   0x10, 0x01, 1, 2, 3, 4,
        0,    0xbe, 0,    1,    9, 9, 9, 9, 'a', 'b', 'c',  'd',  0, 0, 0, 4,
    };

    call_make(*state, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    far_raw(&a, packet, sizeof(packet));
    /* a jump of the sequence is believed with its second packet */
    far_packet(&a, false, 0, 0x1235, 169, "efgh", 4);
    far_receive(&b, &g);
    assert_int_equal(g.head.len, 4);
    assert_memory_equal(g.payload, "abcd", 4);
    far_receive(&b, &g);
    assert_memory_equal(g.payload, "efgh", 4);
    far_close(&a);
    far_close(&b);
}

static void a_new_source_is_joined_on(void **state)
{
    struct far a, b;
    uint8_t payload[160] = {0};
    struct got last, g;

    call_make(*state, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    far_audio(&a, payload, 160);
    far_receive(&b, &last);
    a.ssrc += 77;
    a.seq += 12345;
    a.ts += 987654321;
    far_audio(&a, payload, 160);
    far_receive(&b, &g);
    assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
    assert_int_equal(g.head.ssrc, last.head.ssrc);
    assert_true(g.head.marker);
    assert_in_range((uint32_t)(g.head.ts - last.head.ts), 160, 8000);
    last = g;
    a.ts += 90 * 8000; /* same source, its clock jumps */
    far_audio(&a, payload, 160);
    far_receive(&b, &g);
    assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
    assert_in_range((uint32_t)(g.head.ts - last.head.ts), 160, 8000);
    far_close(&a);
    far_close(&b);
}

static void mute_sends_silence_without_a_break(void **state)
{
    static const struct {
        enum media_codec codec;
        uint8_t silence;
    } row[] = {{MEDIA_PCMU, 0xff}, {MEDIA_PCMA, 0xd5}};
    struct rig *r = *state;

    for (size_t k = 0; k < 2; k++) {
        struct far a, b;
        uint8_t payload[160], quiet[160];
        struct got last, g;

        call_make(r, &a, &b, MEDIA_PCMU, row[k].codec);
        memset(payload, 0x22, 160);
        memset(quiet, row[k].silence, 160);
        far_audio(&a, payload, 160);
        far_receive(&b, &last);
        media_mute(r->media, 1, true);
        for (int i = 0; i < 3; i++) {
            far_audio(&a, payload, 160);
            far_receive(&b, &g);
            assert_int_equal(g.head.len, 160);
            assert_memory_equal(g.payload, quiet, 160);
            assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
            assert_int_equal(g.head.ts, (uint32_t)(last.head.ts + 160));
            assert_false(g.head.marker);
            last = g;
        }
        far_audio(&b, payload, 160); /* the other direction is untouched */
        far_receive(&a, &g);
        assert_memory_not_equal(g.payload, quiet, 160);
        media_mute(r->media, 1, false);
        far_audio(&a, payload, 160);
        far_receive(&b, &g);
        assert_memory_not_equal(g.payload, quiet, 160);
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
        far_close(&a);
        far_close(&b);
    }
}

static void mute_of_opus_sends_frames_that_decode_to_silence(void **state)
{
    static const uint8_t voice20[40] = {0x78, 1, 2, 3}; /* SILK-free, 20 ms */
    struct rig *r = *state;
    struct far a, b;
    struct got g;
    int err;
    OpusDecoder *d = opus_decoder_create(48000, 1, &err);

    call_make(r, &a, &b, MEDIA_OPUS, MEDIA_OPUS);
    media_mute(r->media, 1, true);
    for (int i = 0; i < 5; i++) {
        int16_t pcm[960];

        far_audio(&a, voice20, sizeof(voice20));
        far_receive(&b, &g);
        assert_int_equal(
            opus_decode(d, g.payload, (opus_int32)g.head.len, pcm, 960, 0),
            opus_packet_get_nb_samples(voice20, 40, 48000));
        for (int k = 0; k < 960; k++)
            assert_in_range(pcm[k] + 8, 0, 16);
    }
    opus_decoder_destroy(d);
    far_close(&a);
    far_close(&b);
}

static void a_muted_packet_at_its_very_end_of_the_buffer(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    uint8_t packet[RTP_PACKET_MAX] = {0x90, RIG_OPUS_PT};
    struct got g;

    call_make(r, &a, &b, MEDIA_OPUS, MEDIA_OPUS);
    media_mute(r->media, 1, true);
    /* the largest packet, all extension but for its last four bytes */
    packet[14] = (RTP_PACKET_MAX - 20) / 4 >> 8;
    packet[15] = (RTP_PACKET_MAX - 20) / 4 & 0xff;
    packet[11] = 9;
    packet[RTP_PACKET_MAX - 4] = 0x78;
    far_raw(&a, packet, sizeof(packet));
    far_receive(&b, &g);
    assert_true(g.head.len > 0);
    far_close(&a);
    far_close(&b);
}

static void garbage_harms_nothing_and_is_counted(void **state)
{
    static const uint8_t rtcp[8] = {0x80, 200, 0, 1};
    static const uint8_t v1[12] = {0x40};
    static const uint8_t padded[12] = {0xa0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5};
    static const uint8_t extended[14] = {0x90};
    struct rig *r = *state;
    struct far a, b;
    uint8_t big[RTP_PACKET_MAX + 1] = {0x80};
    uint8_t payload[160] = {0};
    struct got g;

    call_make(r, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    far_raw(&a, rtcp, sizeof(rtcp));
    far_raw(&a, v1, sizeof(v1));
    far_raw(&a, padded, sizeof(padded));
    far_raw(&a, extended, sizeof(extended));
    far_raw(&a, big, sizeof(big));
    far_raw(&a, "", 0);
    far_packet(&a, false, 0, a.seq, a.ts, "", 0);
    far_packet(&a, false, 77 - 40, a.seq, a.ts, "x", 1);
    far_no_packet(&b);
    far_audio(&a, payload, 160);
    far_receive(&b, &g);
    far_close(&a);
    far_close(&b);
    assert_int_equal(rig_counter(r, 1, "rtcp"), 1);
    assert_int_equal(rig_counter(r, 1, "malformed"), 6);
    assert_int_equal(rig_counter(r, 1, "unknown_pt"), 1);
    assert_int_equal(rig_counter(r, 1, "relayed"), 1);
}

static void a_new_bridge_leaves_the_old_peer(void **state)
{
    struct rig *r = *state;
    struct far a, b, c;
    uint8_t payload[160];
    uint8_t quiet[160];
    struct got g;

    memset(payload, 0x33, 160);
    memset(quiet, 0xff, 160);
    call_make(r, &a, &b, MEDIA_PCMU, MEDIA_PCMU);
    far_start(&c, r, 3, MEDIA_PCMU);
    far_learn(&c);
    media_bridge(r->media, 1, 3);
    far_receive(&b, &g); /* on its own now: silence */
    assert_memory_equal(g.payload, quiet, 160);
    far_audio(&a, payload, 160);
    do
        far_receive(&c, &g);
    while (!memcmp(g.payload, quiet, 160));
    assert_memory_equal(g.payload, payload, 160);
    far_close(&a); /* the end of one leg does not end the other */
    far_receive(&c, &g);
    assert_memory_equal(g.payload, quiet, 160);
    far_close(&b);
    far_close(&c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(audio_passes_both_ways_byte_for_byte),
        T(opus_passes_with_payload_types_of_each_side),
        T(laws_are_converted),
        T(a_phone_may_change_law_by_itself),
        T(header_parts_and_padding_are_taken_off),
        T(a_new_source_is_joined_on),
        T(mute_sends_silence_without_a_break),
        T(mute_of_opus_sends_frames_that_decode_to_silence),
        T(a_muted_packet_at_its_very_end_of_the_buffer),
        T(garbage_harms_nothing_and_is_counted),
        T(a_new_bridge_leaves_the_old_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
