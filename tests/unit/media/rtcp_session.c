#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/media/quality.h"
#include "engine/embedded/media/rtcp_session.h"

enum { SECOND = 1000000, RATE = 8000 };

static const uint64_t wall = 1700000000ull * SECOND;

/* One end of a call: what it sends and hears, and its reports. */
struct end {
    struct rtcp_session s;
    struct rtp_in in;
    struct rtp_out out;
};

static void end_init(struct end *e, uint64_t seed, uint32_t ssrc, uint64_t now)
{
    const struct rtcp_random r = {seed, {1, 2, 3, 4, 5, 6, 7, 0xff}};

    memset(e, 0, sizeof(*e));
    rtcp_session_init(&e->s, &r, now, wall);
    rtp_out_init(&e->out, RATE, ssrc, 0, 0);
}

/* One packet from an end to the other, delay_us later; lost: it never is. */
static void packet(struct end *from, struct end *to, uint64_t now,
                   uint64_t delay_us, bool lost)
{
    struct rtp_packet p = {.ssrc = from->out.ssrc};
    struct rtp_numbers n;

    rtp_out_local(&from->out, RTP_PROMPT, now, 160, &n);
    rtcp_session_sent(&from->s, from->out.ssrc, 160);
    p.seq = n.seq;
    p.ts = n.ts;
    if (!lost)
        rtp_in_packet(&to->in, &p, RATE, now + delay_us);
}

static enum rtcp_outcome report(struct end *from, struct end *to, uint64_t now,
                                uint64_t delay_us)
{
    uint8_t bytes[RTCP_OWN_MAX];
    size_t len =
        rtcp_session_write(&from->s, &from->out, &from->in, now, false, bytes);

    return rtcp_session_receive(&to->s, &to->out, &to->in, bytes, len,
                                now + delay_us);
}

static void the_round_trip_and_the_loss_are_measured(void **state)
{
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now + 7777);
    for (int i = 0; i < 100; i++, now += 20000) {
        packet(&a, &b, now, 30000, i % 10 == 5);
        packet(&b, &a, now, 40000, false);
    }
    assert_int_equal(report(&a, &b, now, 30000), RTCP_TAKEN);
    assert_int_equal(rtcp_session_rtt_us(&b.s), 0); /* not asked yet */
    now += 2 * SECOND;
    assert_int_equal(report(&b, &a, now, 40000), RTCP_TAKEN);
    assert_in_range(rtcp_session_rtt_us(&a.s), 69950, 70050);
    assert_true(a.s.far_reports);
    assert_int_equal(rtcp_session_far_lost(&a.s), 10);
    assert_int_equal(rtcp_session_far_lost(&b.s), 0);
}

static void a_sender_report_tells_one_moment_by_both_clocks(void **state)
{
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;
    uint8_t bytes[RTCP_OWN_MAX];
    uint32_t ntp_s, rtp_ts, first;

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now);
    packet(&a, &b, now, 0, false);
    first = a.out.ts;
    rtcp_session_write(&a.s, &a.out, &a.in, now + SECOND / 2, false, bytes);
    assert_int_equal(bytes[1], RTCP_SR);
    ntp_s = (uint32_t)bytes[8] << 24 | (uint32_t)bytes[9] << 16 |
            (uint32_t)bytes[10] << 8 | bytes[11];
    assert_int_equal(ntp_s, 1700000050 + 2208988800u);
    assert_int_equal(bytes[12], 0x80); /* half a second */
    rtp_ts = (uint32_t)bytes[16] << 24 | (uint32_t)bytes[17] << 16 |
             (uint32_t)bytes[18] << 8 | bytes[19];
    assert_int_equal(rtp_ts - first, RATE / 2);
    assert_int_equal(bytes[23], 1);   /* packets */
    assert_int_equal(bytes[27], 160); /* octets */
}

static void who_stops_sending_goes_on_as_receiver(void **state)
{
    static const uint8_t types[] = {RTCP_SR, RTCP_SR, RTCP_RR, RTCP_RR};
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;
    uint8_t bytes[RTCP_OWN_MAX];

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now);
    rtcp_session_write(&a.s, &a.out, &a.in, now, false, bytes);
    assert_int_equal(bytes[1], RTCP_RR); /* has sent nothing yet */
    packet(&a, &b, now, 0, false);
    for (size_t i = 0; i < sizeof(types); i++) {
        rtcp_session_write(&a.s, &a.out, &a.in, now, false, bytes);
        assert_int_equal(bytes[1], types[i]);
    }
    packet(&a, &b, now, 0, false);
    rtcp_session_write(&a.s, &a.out, &a.in, now, false, bytes);
    assert_int_equal(bytes[1], RTCP_SR);
}

static void an_interval_without_a_packet_has_no_block(void **state)
{
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;
    uint8_t bytes[RTCP_OWN_MAX];

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now);
    packet(&a, &b, now, 0, false);
    rtcp_session_write(&b.s, &b.out, &b.in, now, false, bytes);
    assert_int_equal(bytes[0], 0x81);
    rtcp_session_write(&b.s, &b.out, &b.in, now, false, bytes);
    assert_int_equal(bytes[0], 0x80);
}

/* A report of b about a, with what a test changes in it. */
static enum rtcp_outcome forged(struct end *a, const struct rtcp_block *b,
                                uint32_t ssrc, uint64_t now)
{
    const struct rtcp_own own = {ssrc, NULL, b, "x", true};
    uint8_t bytes[RTCP_OWN_MAX];
    size_t len = rtcp_write(bytes, &own);

    return rtcp_session_receive(&a->s, &a->out, &a->in, bytes, len, now);
}

static void what_cannot_be_is_counted_and_not_believed(void **state)
{
    struct rtcp_block good = {.ssrc = 100, .lost = 1, .jitter = 8};
    struct rtcp_block bad;
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now);
    for (int i = 0; i < 10; i++, now += 20000) {
        packet(&a, &b, now, 0, false);
        packet(&b, &a, now, 0, false);
    }
    report(&a, &b, now, 0);
    good.lsr = b.s.far_ntp;
    bad = good;
    bad.lost = 11; /* more than we sent */
    assert_int_equal(forged(&a, &bad, 200, now), RTCP_IMPLAUSIBLE);
    bad = good;
    bad.jitter = RATE * 10 + 1;
    assert_int_equal(forged(&a, &bad, 200, now), RTCP_IMPLAUSIBLE);
    bad = good;
    bad.lsr++; /* a report that we never sent */
    assert_int_equal(forged(&a, &bad, 200, now), RTCP_IMPLAUSIBLE);
    bad = good;
    bad.dlsr = 65536; /* held for longer than it is old */
    assert_int_equal(forged(&a, &bad, 200, now), RTCP_IMPLAUSIBLE);
    assert_int_equal(forged(&a, &good, 200, now + 11 * SECOND),
                     RTCP_IMPLAUSIBLE);
    assert_int_equal(forged(&a, &good, 201, now), RTCP_FOREIGN);
    assert_false(a.s.far_reports);
    assert_int_equal(rtcp_session_far_lost(&a.s), 0);
    assert_int_equal(rtcp_session_rtt_us(&a.s), 0);
    assert_int_equal(forged(&a, &good, 200, now), RTCP_TAKEN);
    assert_int_equal(rtcp_session_far_lost(&a.s), 1);
    assert_int_equal(rtcp_session_rtt_us(&a.s), 1); /* none, but measured */
}

static void losses_of_an_ssrc_before_are_kept(void **state)
{
    const struct rtcp_block first = {.ssrc = 100, .lost = 3};
    const struct rtcp_block second = {.ssrc = 101, .lost = 1};
    struct end a, b;
    uint64_t now = 50 * (uint64_t)SECOND;

    end_init(&a, 1, 100, now);
    end_init(&b, 2, 200, now);
    for (int i = 0; i < 10; i++)
        packet(&a, &b, now, 0, false);
    assert_int_equal(forged(&a, &first, 200, now), RTCP_TAKEN);
    rtp_out_rate(&a.out, 48000, 101, 0);
    assert_int_equal(forged(&a, &second, 200, now), RTCP_TAKEN);
    assert_int_equal(rtcp_session_far_lost(&a.s), 3); /* nothing sent yet */
    for (int i = 0; i < 10; i++)
        packet(&a, &b, now, 0, false);
    assert_int_equal(forged(&a, &second, 200, now), RTCP_TAKEN);
    assert_int_equal(rtcp_session_far_lost(&a.s), 4);
}

enum { CALLS = 300, SLOTS = 60, SLOT = SECOND / 10 };

/* Reports of many calls that begin in one moment, over 60 s. */
static void reports_spread_and_keep_their_interval(void **state)
{
    static struct end ends[CALLS];
    unsigned first[SLOTS] = {0}, sent = 0, most = 0;
    const uint64_t begin = 50 * (uint64_t)SECOND;
    uint8_t bytes[RTCP_OWN_MAX];

    for (int i = 0; i < CALLS; i++)
        end_init(&ends[i], (uint64_t)rand() << 32 | (uint64_t)i, 1, begin);
    for (uint64_t now = begin; now < begin + 60 * SECOND; now += 10000)
        for (int i = 0; i < CALLS; i++) {
            struct end *e = &ends[i];
            bool is_first = !e->s.reported;

            if (now < e->s.due_us || !rtcp_session_expire(&e->s, now))
                continue;
            if (is_first)
                first[(now - begin) / SLOT]++;
            else /* 2.05 to 6.16 s, by section 6.3 */
                assert_in_range(now - e->s.last_us, 2052000, 6166000);
            rtcp_session_write(&e->s, &e->out, &e->in, now, false, bytes);
            sent++;
        }
    for (int i = 0; i < SLOTS; i++)
        if (first[i] > most)
            most = first[i];
    assert_in_range(most, 1, CALLS / 5); /* in a tenth of a second */
    /* 5 s on the average: 12 each, within a fifth. */
    assert_in_range(sent, CALLS * 12 * 4 / 5, CALLS * 12 * 6 / 5);
}

static unsigned mos(uint64_t received, uint64_t lost, uint32_t jitter_us,
                    uint32_t rtt_us)
{
    const struct quality_path p = {MEDIA_PCMU, received, lost,
                                   jitter_us,  rtt_us,   20};

    return quality_mos(&p);
}

/* Worked by hand from G.107: R = 93.2 - Id - Ie,eff. */
static void the_estimate_follows_g107(void **state)
{
    assert_int_equal(mos(0, 0, 0, 0), 0);
    /* d = 40 ms: R = 92.24 */
    assert_in_range(mos(1000, 0, 0, 0), 437, 440);
    /* 2 %: Ie,eff = 95 * 2 / 27.1 = 7.01; R = 85.2 */
    assert_in_range(mos(980, 20, 0, 0), 416, 421);
    /* 10 %: Ie,eff = 27.07; R = 65.2 */
    assert_in_range(mos(900, 100, 0, 0), 332, 340);
    /* d = 440 ms: Id = 10.56 + 28.9; R = 53.7 */
    assert_in_range(mos(1000, 0, 0, 800000), 273, 281);
    assert_int_equal(mos(1, 999, 9000000, 9000000), 100);
    for (unsigned lost = 0; lost < 900; lost += 10)
        assert_true(mos(1000, lost, 0, 0) >= mos(1000, lost + 10, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_round_trip_and_the_loss_are_measured),
        cmocka_unit_test(a_sender_report_tells_one_moment_by_both_clocks),
        cmocka_unit_test(who_stops_sending_goes_on_as_receiver),
        cmocka_unit_test(an_interval_without_a_packet_has_no_block),
        cmocka_unit_test(what_cannot_be_is_counted_and_not_believed),
        cmocka_unit_test(losses_of_an_ssrc_before_are_kept),
        cmocka_unit_test(reports_spread_and_keep_their_interval),
        cmocka_unit_test(the_estimate_follows_g107),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
