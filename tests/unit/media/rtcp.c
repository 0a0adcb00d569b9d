#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/media/rtcp.h"

enum { OURS = 0x0a0b0c0d };

/* By hand, octet for octet: SR with one block, SDES, BYE. */
static const uint8_t sample[] = {
    0x81, 200,  0,    12,   0x11, 0x22, 0x33, 0x44, /* SR, 13 words */
    0xe0, 0x01, 0x02, 0x03, 0x80, 0x00, 0x00, 0x00, /* NTP */
    0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x64, /* RTP time, 100 */
    0x00, 0x00, 0x3e, 0x80,                         /* 16000 octets */
    0x0a, 0x0b, 0x0c, 0x0d, 0x40, 0xff, 0xff, 0xfe, /* block: lost -2 */
    0x00, 0x01, 0x00, 0x05, 0x00, 0x00, 0x00, 0x20, /* highest, jitter */
    0x02, 0x03, 0x80, 0x00, 0x00, 0x01, 0x80, 0x00, /* LSR, DLSR 1.5 s */
    0x81, 202,  0,    3,    0x11, 0x22, 0x33, 0x44, /* SDES */
    0x01, 0x04, 'a',  'b',  'c',  'd',  0x00, 0x00, /* CNAME abcd */
    0x81, 203,  0,    1,    0x11, 0x22, 0x33, 0x44, /* BYE */
};

static void a_report_is_read(void **state)
{
    struct rtcp_report r;

    assert_true(rtcp_parse(sample, sizeof(sample), OURS, &r));
    assert_int_equal(r.ssrc, 0x11223344);
    assert_true(r.is_sender);
    assert_int_equal(r.ntp_middle, 0x02038000);
    assert_true(r.bye);
    assert_true(r.has_block);
    assert_int_equal(r.block.fraction, 0x40);
    assert_int_equal(r.block.lost, -2);
    assert_int_equal(r.block.highest, 0x10005);
    assert_int_equal(r.block.jitter, 0x20);
    assert_int_equal(r.block.lsr, 0x02038000);
    assert_int_equal(r.block.dlsr, 0x18000);
}

static void blocks_about_others_are_passed_over(void **state)
{
    struct rtcp_report r;

    assert_true(rtcp_parse(sample, sizeof(sample), OURS + 1, &r));
    assert_false(r.has_block);
}

static void no_length_is_read_beyond(void **state)
{
    for (size_t len = 0; len < sizeof(sample); len++) {
        uint8_t *copy = test_malloc(len + 1);
        struct rtcp_report r;
        bool whole = len == 52 || len == 68; /* ends between packets */

        memcpy(copy, sample, len);
        assert_int_equal(rtcp_parse(copy, len, OURS, &r), whole);
        test_free(copy);
    }
}

/* One octet of the sample replaced. */
static bool taken_with(size_t at, uint8_t octet)
{
    uint8_t copy[sizeof(sample)];
    struct rtcp_report r;

    memcpy(copy, sample, sizeof(copy));
    copy[at] = octet;
    return rtcp_parse(copy, sizeof(copy), OURS, &r);
}

static void what_appendix_a2_refuses_is_refused(void **state)
{
    assert_false(taken_with(0, 0x41));  /* version 1 */
    assert_false(taken_with(52, 0x41)); /* … of the second packet */
    assert_false(taken_with(1, 202));   /* begins with no report */
    assert_false(taken_with(1, 203));
    assert_false(taken_with(0, 0xa1));  /* padding in the first */
    assert_false(taken_with(52, 0xa1)); /* … in one that is not the last */
    assert_false(taken_with(3, 11));    /* lengths that do not add up */
    assert_false(taken_with(3, 13));
    assert_false(taken_with(55, 200));
    assert_false(taken_with(0, 0x82)); /* a block more than fits */
    assert_false(taken_with(0, 0x9f));
    assert_false(taken_with(68, 0x82)); /* BYE of two, with one */
    assert_true(taken_with(68, 0x80));  /* … of none: allowed */
    assert_true(taken_with(69, 204));   /* an APP instead */
    assert_true(taken_with(69, 210));   /* … or what is not known */
}

static void padding_at_the_end_is_taken_off(void **state)
{
    uint8_t copy[sizeof(sample) + 8] = {0};
    struct rtcp_report r;

    memcpy(copy, sample, sizeof(sample));
    copy[68] = 0xa1;
    copy[71] = 3;
    copy[sizeof(copy) - 1] = 8;
    assert_true(rtcp_parse(copy, sizeof(copy), OURS, &r));
    assert_true(r.bye);
    copy[sizeof(copy) - 1] = 12; /* more than there is besides */
    assert_false(rtcp_parse(copy, sizeof(copy), OURS, &r));
    copy[sizeof(copy) - 1] = 7;
    assert_false(rtcp_parse(copy, sizeof(copy), OURS, &r));
    copy[sizeof(copy) - 1] = 0;
    assert_false(rtcp_parse(copy, sizeof(copy), OURS, &r));
}

static void a_mixers_reports_of_others_are_not_the_far_sides(void **state)
{
    uint8_t copy[2 * 52];
    struct rtcp_report r;

    memcpy(copy, sample, 52);
    memcpy(copy + 52, sample, 52);
    copy[52 + 4] ^= 1; /* another sender, about us */
    copy[52 + 28 + 4] = 0x99;
    assert_true(rtcp_parse(copy, sizeof(copy), OURS, &r));
    assert_int_equal(r.ssrc, 0x11223344);
    assert_int_equal(r.block.fraction, 0x40);
}

static void what_is_written_is_as_the_rfc_draws_it(void **state)
{
    const struct rtcp_sender s = {0xe001020380000000, 0x1000, 100, 16000};
    const struct rtcp_block b = {OURS, 0x40,       -2,     0x10005,
                                 0x20, 0x02038000, 0x18000};
    const struct rtcp_own own = {0x11223344, &s, &b, "abcd", true};
    uint8_t out[RTCP_OWN_MAX];

    assert_int_equal(rtcp_write(out, &own), sizeof(sample));
    assert_memory_equal(out, sample, sizeof(sample));
}

static void every_form_can_be_read_back(void **state)
{
    const struct rtcp_sender s = {1ull << 40, 1, 2, 3};
    const struct rtcp_block b = {OURS, 1, 0x7fffff, 2, 3, 4, 5};
    const char *names[] = {"",
                           "a",
                           "ab",
                           "abc",
                           "abcd",
                           "0123456789abcdef",
                           "0123456789abcdef and more than there is room"};
    struct rtcp_report r;

    for (int i = 0; i < 8; i++)
        for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
            const struct rtcp_own own = {9, i & 1 ? &s : NULL,
                                         i & 2 ? &b : NULL, names[n], i & 4};
            uint8_t out[RTCP_OWN_MAX];
            size_t len = rtcp_write(out, &own);

            assert_in_range(len, 20, RTCP_OWN_MAX);
            assert_true(rtcp_parse(out, len, OURS, &r));
            assert_int_equal(r.ssrc, 9);
            assert_int_equal(r.is_sender, i & 1);
            assert_int_equal(r.has_block, (i & 2) != 0);
            assert_int_equal(r.bye, (i & 4) != 0);
            if (i & 2)
                assert_int_equal(r.block.lost, 0x7fffff);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_read),
        cmocka_unit_test(blocks_about_others_are_passed_over),
        cmocka_unit_test(no_length_is_read_beyond),
        cmocka_unit_test(what_appendix_a2_refuses_is_refused),
        cmocka_unit_test(padding_at_the_end_is_taken_off),
        cmocka_unit_test(a_mixers_reports_of_others_are_not_the_far_sides),
        cmocka_unit_test(what_is_written_is_as_the_rfc_draws_it),
        cmocka_unit_test(every_form_can_be_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
