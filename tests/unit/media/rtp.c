#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/rtp.h"

static void verdicts(void **state)
{
    static const struct {
        const char *what;
        enum rtp_verdict verdict;
        size_t len;
        size_t payload;
        size_t payload_len;
        uint8_t bytes[40];
    } row[] = {
        {"nothing", RTP_MALFORMED, 0, 0, 0, {0}},
        {"one byte", RTP_MALFORMED, 1, 0, 0, {0x80}},
        {"cut header", RTP_MALFORMED, 11, 0, 0, {0x80}},
        {"header alone", RTP_OK, 12, 12, 0, {0x80}},
        {"version 0", RTP_MALFORMED, 13, 0, 0, {0x00}},
        {"version 1", RTP_MALFORMED, 13, 0, 0, {0x40}},
        {"version 3", RTP_MALFORMED, 13, 0, 0, {0xc0}},
        {"sender report", RTP_RTCP, 28, 0, 0, {0x80, 200}},
        {"short receiver report", RTP_RTCP, 8, 0, 0, {0x80, 201}},
        {"first of RTCP", RTP_RTCP, 12, 0, 0, {0x80, 192}},
        {"last of RTCP", RTP_RTCP, 12, 0, 0, {0x80, 223}},
        {"below RTCP", RTP_OK, 12, 12, 0, {0x80, 191}},
        {"above RTCP", RTP_OK, 12, 12, 0, {0x80, 224}},
        {"payload", RTP_OK, 16, 12, 4, {0x80}},
        {"two CSRC", RTP_OK, 23, 20, 3, {0x82}},
        {"15 CSRC do not fit", RTP_MALFORMED, 40, 0, 0, {0x8f}},
        {"extension header cut", RTP_MALFORMED, 15, 0, 0, {0x90}},
        {"empty extension", RTP_OK, 17, 16, 1, {0x90}},
        {"extension too long",
         RTP_MALFORMED,
         19,
         0,
         0,
         {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
        {"extension of 65535 words",
         RTP_MALFORMED,
         40,
         0,
         0,
         {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}},
        {"padding of 0", RTP_MALFORMED, 13, 0, 0, {0xa0}},
        {"padding of 1",
         RTP_OK,
         14,
         12,
         1,
         {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1}},
        {"all padding",
         RTP_OK,
         14,
         12,
         0,
         {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 2}},
        {"padding into the header",
         RTP_MALFORMED,
         14,
         0,
         0,
         {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 3}},
        {"padding flag, no room", RTP_MALFORMED, 12, 0, 0, {0xa0}},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct rtp_packet p;

        print_message("# %s\n", row[i].what);
        assert_int_equal(rtp_parse(row[i].bytes, row[i].len, &p),
                         row[i].verdict);
        if (row[i].verdict != RTP_OK)
            continue;
        assert_int_equal(p.payload, row[i].payload);
        assert_int_equal(p.len, row[i].payload_len);
    }
}

static void longest(void **state)
{
    uint8_t packet[RTP_PACKET_MAX + 1] = {0x80};
    struct rtp_packet p;

    assert_int_equal(rtp_parse(packet, RTP_PACKET_MAX, &p), RTP_OK);
    assert_int_equal(p.len, RTP_PACKET_MAX - RTP_HEADER_SIZE);
    assert_int_equal(rtp_parse(packet, RTP_PACKET_MAX + 1, &p), RTP_MALFORMED);
}

static void fields_are_read_as_written(void **state)
{
    uint8_t packet[RTP_HEADER_SIZE];
    struct rtp_packet p;

    rtp_header_write(packet, true, 111, 0xfffe, 0x89abcdef, 0xfedcba98);
    assert_int_equal(rtp_parse(packet, sizeof(packet), &p), RTP_OK);
    assert_true(p.marker);
    assert_int_equal(p.pt, 111);
    assert_int_equal(p.seq, 0xfffe);
    assert_int_equal(p.ts, 0x89abcdef);
    assert_int_equal(p.ssrc, 0xfedcba98);
    rtp_header_write(packet, false, 0, 1, 2, 3);
    assert_memory_equal(packet, "\x80\0\0\1\0\0\0\2\0\0\0\3", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(longest),
        cmocka_unit_test(fields_are_read_as_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
