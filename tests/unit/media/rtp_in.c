#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/embedded/media/rtp_in.h"

enum { RATE = 8000, FRAME = 160, FRAME_US = 20000 };

/* A source on time: packet n at n * 20 ms. */
static void arrives(struct rtp_in *in, uint32_t ssrc, uint32_t n,
                    int64_t late_us)
{
    const struct rtp_packet p = {
        .seq = (uint16_t)(65000 + n),
        .ts = 0xfffff000u + n * FRAME,
        .ssrc = ssrc,
    };

    rtp_in_packet(in, &p, RATE,
                  (uint64_t)(1000000000 + (int64_t)n * FRAME_US + late_us));
}

static void nothing_is_reported_of_nobody(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    assert_false(rtp_in_report(&in, &r));
    assert_int_equal(rtp_in_received(&in), 0);
    assert_int_equal(rtp_in_lost(&in), 0);
    assert_int_equal(rtp_in_jitter_us(&in), 0);
}

static void an_even_stream_over_the_wrap_loses_nothing(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    for (uint32_t n = 0; n < 2000; n++)
        arrives(&in, 7, n, 0);
    assert_true(rtp_in_report(&in, &r));
    assert_int_equal(r.ssrc, 7);
    assert_int_equal(r.fraction, 0);
    assert_int_equal(r.lost, 0);
    assert_int_equal(r.highest, 65000 + 1999); /* 1 cycle, and the rest */
    assert_int_equal(r.jitter, 0);
    assert_int_equal(rtp_in_received(&in), 2000);
}

static void loss_is_told_by_interval_and_in_all(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    for (uint32_t n = 0; n < 100; n++)
        if (n % 4 != 1) /* a quarter is lost */
            arrives(&in, 7, n, 0);
    assert_true(rtp_in_report(&in, &r));
    assert_int_equal(r.fraction, 64);
    assert_int_equal(r.lost, 25);
    for (uint32_t n = 100; n < 200; n++)
        arrives(&in, 7, n, 0);
    assert_true(rtp_in_report(&in, &r));
    assert_int_equal(r.fraction, 0);
    assert_int_equal(r.lost, 25);
    assert_int_equal(rtp_in_lost(&in), 25);
    assert_false(rtp_in_report(&in, &r)); /* nothing came since */
}

static void changed_order_is_no_loss_and_doubles_make_it_negative(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    for (uint32_t n = 0; n < 50; n += 2) {
        arrives(&in, 7, n + 1, 0);
        arrives(&in, 7, n, 0);
    }
    assert_int_equal(rtp_in_lost(&in), 0);
    for (uint32_t n = 40; n < 50; n++)
        arrives(&in, 7, n, 0);
    assert_true(rtp_in_report(&in, &r));
    assert_int_equal(r.fraction, 0);
    assert_true(r.lost < 0);
    assert_int_equal(rtp_in_lost(&in), 0);
}

static void jitter_comes_near_its_mean(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    /* Every other packet 10 ms late: each differs by 10 ms from the last. */
    for (uint32_t n = 0; n < 200; n++)
        arrives(&in, 7, n, n % 2 ? 10000 : 0);
    assert_true(rtp_in_report(&in, &r));
    assert_in_range(r.jitter, 78, 81); /* 80 units are 10 ms */
    assert_in_range(rtp_in_jitter_us(&in), 9900, 10000);
}

static void keys_and_jumps_are_no_jitter(void **state)
{
    struct rtp_in in = {0};
    struct rtp_packet p = {.ssrc = 7};

    for (uint32_t n = 0; n < 100; n++) {
        arrives(&in, 7, n, 0);
        p.seq = (uint16_t)(65000 + n);
        p.ts = 5; /* that of a key: begins long ago */
        rtp_in_packet(&in, &p, 0, 1000000000 + n * FRAME_US);
    }
    assert_int_equal(rtp_in_jitter_us(&in), 0);
    p.seq++;
    p.ts = 0x40000000;
    rtp_in_packet(&in, &p, RATE, 1010000000);
    assert_int_equal(rtp_in_jitter_us(&in), 0);
}

/* A re-INVITE from G.711 to Opus, from the same source on the same clock. */
static void a_change_of_clock_is_no_jitter(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    for (uint32_t n = 0; n < 200; n++) {
        const uint32_t rate = n < 100 ? 8000 : 48000;
        const struct rtp_packet p = {
            .seq = (uint16_t)n, .ts = n * (rate / 50), .ssrc = 7};
        uint64_t late_us = n % 2 ? 5000 : 0;

        rtp_in_packet(&in, &p, rate, 1000000 + n * FRAME_US + late_us);
        if (n % 100 != 99)
            continue;
        assert_true(rtp_in_report(&in, &r));
        assert_in_range(r.jitter * 1000 / rate, 4, 5);
        assert_in_range(rtp_in_jitter_us(&in), 4900, 5000);
    }
}

static void another_source_begins_anew_and_totals_go_on(void **state)
{
    struct rtp_in in = {0};
    struct rtp_in_report r;

    for (uint32_t n = 0; n < 10; n++)
        if (n != 5)
            arrives(&in, 7, n, 0);
    for (uint32_t n = 300; n < 310; n++)
        if (n != 305)
            arrives(&in, 8, n, 0);
    assert_int_equal(rtp_in_received(&in), 18);
    assert_int_equal(rtp_in_lost(&in), 2);
    assert_true(rtp_in_report(&in, &r));
    assert_int_equal(r.ssrc, 8);
    assert_int_equal(r.lost, 1);
    assert_int_equal(r.highest, (uint16_t)(65000 + 309));
}

static void a_jump_is_believed_at_its_second_packet(void **state)
{
    struct rtp_in in = {0};

    for (uint32_t n = 0; n < 10; n++)
        arrives(&in, 7, n, 0);
    arrives(&in, 7, 20000, 0); /* one forged packet */
    assert_int_equal(rtp_in_lost(&in), 0);
    assert_int_equal(rtp_in_received(&in), 10);
    arrives(&in, 7, 10, 0);
    assert_int_equal(rtp_in_received(&in), 11);
    for (uint32_t n = 30000; n < 30010; n++)
        arrives(&in, 7, n, 0);
    assert_int_equal(rtp_in_lost(&in), 0);
    assert_int_equal(rtp_in_received(&in), 20); /* but for the first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_reported_of_nobody),
        cmocka_unit_test(an_even_stream_over_the_wrap_loses_nothing),
        cmocka_unit_test(loss_is_told_by_interval_and_in_all),
        cmocka_unit_test(
            changed_order_is_no_loss_and_doubles_make_it_negative),
        cmocka_unit_test(jitter_comes_near_its_mean),
        cmocka_unit_test(keys_and_jumps_are_no_jitter),
        cmocka_unit_test(a_change_of_clock_is_no_jitter),
        cmocka_unit_test(another_source_begins_anew_and_totals_go_on),
        cmocka_unit_test(a_jump_is_believed_at_its_second_packet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
