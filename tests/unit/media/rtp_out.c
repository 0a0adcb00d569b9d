#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/rtp_out.h"

enum { MS = 1000 };

static struct rtp_packet packet(uint32_t ssrc, uint16_t seq, uint32_t ts)
{
    return (struct rtp_packet){.ssrc = ssrc, .seq = seq, .ts = ts, .len = 160};
}

/* A stream that has relayed one packet of source 7: 100 at time stamp 5000,
 * sent as 31 at 900. */
static struct rtp_out relaying(void)
{
    struct rtp_out o;
    struct rtp_packet p = packet(7, 100, 5000);
    struct rtp_numbers n;

    rtp_out_init(&o, 8000, 1, 30, 900);
    assert_true(rtp_out_relay(&o, &p, 0, &n));
    assert_int_equal(n.seq, 31);
    assert_int_equal(n.ts, 900);
    assert_true(n.marker);
    return o;
}

static void relayed(struct rtp_out *o, uint32_t ssrc, uint16_t seq,
                    uint32_t ts, uint64_t ms, uint16_t seq_out,
                    uint32_t ts_out, bool marker)
{
    struct rtp_packet p = packet(ssrc, seq, ts);
    struct rtp_numbers n;

    assert_true(rtp_out_relay(o, &p, ms * MS, &n));
    assert_int_equal(n.seq, seq_out);
    assert_int_equal(n.ts, ts_out);
    assert_int_equal(n.marker, marker);
}

static void dropped(struct rtp_out *o, uint32_t ssrc, uint16_t seq,
                    uint32_t ts, uint64_t ms)
{
    struct rtp_packet p = packet(ssrc, seq, ts);
    struct rtp_numbers n;

    assert_false(rtp_out_relay(o, &p, ms * MS, &n));
}

static void loss_and_order_are_kept(void **state)
{
    struct rtp_out o = relaying();

    relayed(&o, 7, 101, 5160, 20, 32, 1060, false);
    relayed(&o, 7, 104, 5640, 80, 35, 1540, false); /* two lost */
    relayed(&o, 7, 103, 5480, 81, 34, 1380, false); /* one was only late */
    relayed(&o, 7, 104, 5640, 82, 35, 1540, false); /* doubled */
    relayed(&o, 7, 105, 5800, 100, 36, 1700, false);
}

static void markers_of_the_source_pass(void **state)
{
    struct rtp_out o = relaying();
    struct rtp_packet p = packet(7, 101, 5000 + 16000);
    struct rtp_numbers n;

    p.marker = true; /* talks again after two seconds of DTX */
    assert_true(rtp_out_relay(&o, &p, 2000 * MS, &n));
    assert_true(n.marker);
    assert_int_equal(n.seq, 32);
    assert_int_equal(n.ts, 900 + 16000);
}

static void numbers_wrap(void **state)
{
    struct rtp_out o;

    rtp_out_init(&o, 8000, 1, 65534, 0xffffff80u);
    relayed(&o, 7, 65535, 0xffffffffu, 0, 65535, 0xffffff80u, true);
    relayed(&o, 7, 0, 159, 20, 0, 0x20, false);
    relayed(&o, 7, 1, 319, 40, 1, 0xc0, false);
}

static void a_new_ssrc_is_joined_at_the_time_it_comes(void **state)
{
    struct rtp_out o = relaying();

    relayed(&o, 9, 40000, 77, 500, 32, 900 + 4000, true);
    relayed(&o, 9, 40001, 237, 520, 33, 900 + 4160, false);
    dropped(&o, 9, 39999, 0, 521); /* from before the change */
    /* a third, at once: one packet's time at the least */
    relayed(&o, 11, 101, 5160, 520, 34, 900 + 4320, true);
}

static void two_sources_at_once_do_not_alternate(void **state)
{
    struct rtp_out o = relaying();

    relayed(&o, 9, 500, 77, 10, 32, 900 + 160, true);
    for (uint16_t i = 1; i < 10; i++) {
        dropped(&o, 7, (uint16_t)(100 + i), 5000 + 160u * i, 20u * i);
        relayed(&o, 9, (uint16_t)(500 + i), 77 + 160u * i, 20u * i + 10,
                (uint16_t)(32 + i), 1060 + 160u * i, false);
    }
    /* the later one has paused */
    relayed(&o, 7, 115, 5000 + 2400, 300, 42, 1060 + 1440 + 880, true);
    dropped(&o, 9, 510, 77 + 1600, 310);
}

static void a_jump_of_the_sequence_needs_two_packets(void **state)
{
    struct rtp_out o = relaying();

    dropped(&o, 7, 20000, 5160, 20);
    relayed(&o, 7, 101, 5160, 20, 32, 1060, false); /* a stray one */
    dropped(&o, 7, 20000, 5320, 40);
    relayed(&o, 7, 20001, 5480, 60, 33, 1060 + 320, true);
    relayed(&o, 7, 20002, 5640, 80, 34, 1060 + 480, false);
}

static void a_jump_of_time_stamps_is_smoothed(void **state)
{
    struct rtp_out o = relaying();

    relayed(&o, 7, 101, 5160 + 80000, 20, 32, 1060, true);
    relayed(&o, 7, 102, 5320 + 80000, 40, 33, 1220, false);
    relayed(&o, 7, 103, 400, 60, 34, 1380, true); /* back */
    /* time stamps that stood still while the source was silent */
    relayed(&o, 7, 104, 560, 5060, 35, 1380 + 40000, true);
}

static void our_own_packets_follow_each_other(void **state)
{
    struct rtp_out o;
    struct rtp_numbers n;

    rtp_out_init(&o, 8000, 1, 30, 900);
    for (unsigned i = 0; i < 10; i++) {
        /* the clock trembles; the audio does not */
        rtp_out_local(&o, RTP_SILENCE, (i * 20 + i % 3 * 8) * MS, 160, &n);
        assert_int_equal(n.seq, 31 + i);
        assert_int_equal(n.ts, 900 + 160 * i);
        assert_int_equal(n.marker, i == 0);
    }
    rtp_out_local(&o, RTP_PROMPT, 200 * MS, 160, &n);
    assert_int_equal(n.ts, 900 + 160 * 10);
    assert_true(n.marker);
    /* held up for a second: time went on */
    rtp_out_local(&o, RTP_PROMPT, 1200 * MS, 160, &n);
    assert_int_equal(n.ts, 900 + 160 * 10 + 8000);
    assert_int_equal(n.seq, 42);
}

static void prompt_and_bridge_take_turns(void **state)
{
    struct rtp_out o = relaying();
    struct rtp_numbers n;

    rtp_out_local(&o, RTP_PROMPT, 30 * MS, 160, &n);
    assert_int_equal(n.seq, 32);
    assert_int_equal(n.ts, 900 + 240);
    assert_true(n.marker);
    rtp_out_local(&o, RTP_PROMPT, 50 * MS, 160, &n);
    assert_int_equal(n.ts, 900 + 400);
    relayed(&o, 7, 104, 5000 + 640, 75, 34, 900 + 600, true);
    dropped(&o, 7, 103, 5480, 76);
    relayed(&o, 7, 105, 5000 + 800, 95, 35, 900 + 760, false);
}

static void keys_leave_no_hole_in_the_sequence(void **state)
{
    struct rtp_out o = relaying();
    struct rtp_packet p;

    for (uint16_t seq = 101; seq < 110; seq++) {
        p = packet(7, seq, 5160); /* all packets of a key have one stamp */
        rtp_out_skip(&o, &p);
        rtp_out_skip(&o, &p); /* doubled */
    }
    relayed(&o, 7, 110, 5000 + 1600, 200, 32, 900 + 1600, true);
    dropped(&o, 7, 105, 5800, 201);
    relayed(&o, 7, 111, 5000 + 1760, 220, 33, 900 + 1760, false);
}

static void another_clock_takes_another_ssrc(void **state)
{
    struct rtp_out o = relaying();
    struct rtp_numbers n;

    rtp_out_rate(&o, 8000, 2, 5);
    assert_int_equal(o.ssrc, 1);
    rtp_out_rate(&o, 48000, 2, 5);
    assert_int_equal(o.ssrc, 2);
    rtp_out_local(&o, RTP_SILENCE, 20 * MS, 960, &n);
    assert_int_equal(n.seq, 32);
    assert_int_equal(n.ts, 5);
    rtp_out_local(&o, RTP_SILENCE, 40 * MS, 960, &n);
    assert_int_equal(n.ts, 965);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_order_are_kept),
        cmocka_unit_test(markers_of_the_source_pass),
        cmocka_unit_test(numbers_wrap),
        cmocka_unit_test(a_new_ssrc_is_joined_at_the_time_it_comes),
        cmocka_unit_test(two_sources_at_once_do_not_alternate),
        cmocka_unit_test(a_jump_of_the_sequence_needs_two_packets),
        cmocka_unit_test(a_jump_of_time_stamps_is_smoothed),
        cmocka_unit_test(our_own_packets_follow_each_other),
        cmocka_unit_test(prompt_and_bridge_take_turns),
        cmocka_unit_test(keys_leave_no_hole_in_the_sequence),
        cmocka_unit_test(another_clock_takes_another_ssrc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
