#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/sdp/sdp.h"

#define HEAD                                                                  \
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.1\r\ns=-\r\n"        \
    "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"

/* All codecs; G.722 is not Jigasi's. */
static struct sdp_local local(void)
{
    struct sdp_local l = {
        .codecs = {MEDIA_OPUS, MEDIA_PCMU, MEDIA_PCMA, MEDIA_G722},
        .n_codecs = 4,
        .n_preferred = 3,
    };

    address_read(&l.address, "198.51.100.7", 20200);
    return l;
}

static void what_passes_through_is_preferred(void **state)
{
    static const struct {
        const char *media;
        enum media_codec codec;
    } row[] = {
        {"m=audio 9 RTP/AVP 9 8 0\r\n", MEDIA_PCMA},
        {"m=audio 9 RTP/AVP 9 96\r\na=rtpmap:96 opus/48000/2\r\n", MEDIA_OPUS},
        {"m=audio 9 RTP/AVP 9\r\n", MEDIA_G722},
        {"m=audio 9 RTP/AVP 99\r\na=rtpmap:99 G722/8000\r\n", MEDIA_G722},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_local l = local();
        struct sdp_session s;
        char body[1024];

        snprintf(body, sizeof(body), "%s%s", HEAD, row[i].media);
        sdp_session_init(&s, 1);
        assert_int_equal(sdp_answer(&s, &l, body, strlen(body)), SDP_OK);
        assert_int_equal(s.media.format.codec, row[i].codec);
    }
}

static void what_is_said_of_opus_is_read(void **state)
{
    static const struct {
        const char *fmtp;
        bool fec;
        unsigned bitrate;
    } row[] = {
        {"", false, 0},
        {"a=fmtp:96 useinbandfec=1\r\n", true, 0},
        {"a=fmtp:96 usedtx=1; UseInbandFEC=1 ;maxaveragebitrate=20000\r\n",
         true, 20000},
        {"a=fmtp:96 useinbandfec=0;maxaveragebitrate=20\r\n", false, 0},
        {"a=fmtp:96 maxaveragebitrate=99999999999999999999\r\n", false, 0},
        {"a=fmtp:97 useinbandfec=1\r\na=fmtp:96\r\na=fmtp:x\r\n", false, 0},
        {"a=fmtp:96 ;;=1;useinbandfec;=\r\n", false, 0},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_local l = local();
        struct sdp_session s;
        char body[1024];

        snprintf(body, sizeof(body), "%s%s%s", HEAD,
                 "m=audio 9 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
                 row[i].fmtp);
        sdp_session_init(&s, 1);
        assert_int_equal(sdp_answer(&s, &l, body, strlen(body)), SDP_OK);
        assert_int_equal(s.media.format.fec, row[i].fec);
        assert_int_equal(s.media.format.bitrate_max, row[i].bitrate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_through_is_preferred),
        cmocka_unit_test(what_is_said_of_opus_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
