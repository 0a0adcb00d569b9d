#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/sdp/sdp.h"

#define HEAD                                                                  \
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.1\r\ns=-\r\n"        \
    "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct sdp_local local_of(const char *codecs)
{
    struct sdp_local l = {0};

    address_read(&l.address, "198.51.100.7", 20200);
    for (; *codecs; codecs++)
        l.codecs[l.n_codecs++] = *codecs == 'u'   ? MEDIA_PCMU
                                 : *codecs == 'a' ? MEDIA_PCMA
                                                  : MEDIA_OPUS;
    return l;
}

/* The body lies at the end of its own allocation, so that ASan sees every
   byte read beyond it. */
static enum sdp_error answer(struct sdp_session *s, const struct sdp_local *l,
                             const char *body)
{
    size_t len = strlen(body);
    char *exact = malloc(len + !len);
    enum sdp_error e;

    assert_non_null(exact);
    memcpy(exact, body, len);
    e = sdp_answer(s, l, exact, len);
    free(exact);
    return e;
}

/* Append to a buffer of at least SDP_BODY_MAX / 2 bytes. */
static void append(char *body, const char *text)
{
    size_t len = strlen(body);

    snprintf(body + len, SDP_BODY_MAX / 2 - len, "%s", text);
}

static unsigned remote_port(const struct sdp_session *s)
{
    return address_port(&s->media.remote);
}

static void a_phone_is_answered_in_full(void **state)
{
    struct sdp_local l = local_of("oua");
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(answer(&s, &l,
                            HEAD "m=audio 49170 RTP/AVP 9 0 8 97\r\n"
                                 "a=rtpmap:0 PCMU/8000\r\n"
                                 "a=rtpmap:97 telephone-event/8000\r\n"
                                 "a=fmtp:97 0-15\r\na=ptime:30\r\n"
                                 "m=video 51372 RTP/AVP 31\r\na=sendonly\r\n"
                                 "m=application 9 UDP/BFCP *\r\n"),
                     SDP_OK);
    assert_string_equal(s.text,
                        "v=0\r\no=- 7 1 IN IP4 198.51.100.7\r\ns=-\r\n"
                        "c=IN IP4 198.51.100.7\r\nt=0 0\r\n"
                        "m=audio 20200 RTP/AVP 0 97\r\n"
                        "a=rtpmap:0 PCMU/8000\r\n"
                        "a=rtpmap:97 telephone-event/8000\r\n"
                        "a=fmtp:97 0-16\r\na=ptime:30\r\na=sendrecv\r\n"
                        "m=video 0 RTP/AVP 31\r\n"
                        "m=application 0 UDP/BFCP *\r\n");
    assert_int_equal(s.text_len, strlen(s.text));
    assert_int_equal(s.media.format.codec, MEDIA_PCMU);
    assert_int_equal(s.media.format.send_pt, 0);
    assert_int_equal(s.media.format.send_dtmf_pt, 97);
    assert_int_equal(s.media.format.recv_dtmf_pt, 97);
    assert_int_equal(s.media.format.ptime_ms, 30);
    assert_true(s.media.send && s.media.receive);
    assert_int_equal(remote_port(&s), 49170);
}

static void codecs_are_chosen_by_whose_order_counts(void **state)
{
    static const struct {
        const char *ours;
        bool ours_first;
        const char *media;
        enum media_codec codec;
        unsigned pt, dtmf_pt;
    } row[] = {
        {"oua", false, "m=audio 9 RTP/AVP 8 0\r\n", MEDIA_PCMA, 8, 0},
        {"oua", true, "m=audio 9 RTP/AVP 8 0\r\n", MEDIA_PCMU, 0, 0},
        {"a", false, "m=audio 9 RTP/AVP 0 8\r\n", MEDIA_PCMA, 8, 0},
        {"ua", false, "m=audio 9 RTP/AVP 96 8\r\na=rtpmap:96 opus/48000/2\r\n",
         MEDIA_PCMA, 8, 0},
        {"oua", false,
         "m=audio 9 RTP/AVP 96 8 101\r\na=rtpmap:96 OPUS/48000/2\r\n"
         "a=rtpmap:101 telephone-event/8000\r\n",
         MEDIA_OPUS, 96, 101},
        {"oua", false,
         "m=audio 9 RTP/AVP 96 101 102\r\na=rtpmap:96 opus/48000/2\r\n"
         "a=rtpmap:101 telephone-event/8000\r\n"
         "a=rtpmap:102 Telephone-Event/48000\r\n",
         MEDIA_OPUS, 96, 102},
        {"oua", true,
         "m=audio 9 RTP/AVP 0 96 101 102\r\na=rtpmap:96 opus/48000/2\r\n"
         "a=rtpmap:101 telephone-event/48000\r\n"
         "a=rtpmap:102 telephone-event/16000\r\n",
         MEDIA_OPUS, 96, 101},
        {"ua", true,
         "m=audio 9 RTP/AVP 0 101\r\n"
         "a=rtpmap:101 telephone-event/48000\r\n",
         MEDIA_PCMU, 0, 0},
        {"oua", false, "m=audio 9 RTP/AVP 100 0\r\na=rtpmap:100 PCMA/8000\r\n",
         MEDIA_PCMA, 100, 0},
        {"oua", false, /* not mu-law, though the number says so */
         "m=audio 9 RTP/AVP 0 8\r\na=rtpmap:0 G729/8000\r\n", MEDIA_PCMA, 8,
         0},
        {"oua", false, /* wide-band mu-law is not ours */
         "m=audio 9 RTP/AVP 96 8\r\na=rtpmap:96 PCMU/16000\r\n", MEDIA_PCMA, 8,
         0},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_local l = local_of(row[i].ours);
        struct sdp_session s;
        char body[1024];

        l.ours_first = row[i].ours_first;
        snprintf(body, sizeof(body), "%s%s", HEAD, row[i].media);
        sdp_session_init(&s, 1);
        if (answer(&s, &l, body) != SDP_OK ||
            s.media.format.codec != row[i].codec ||
            s.media.format.send_pt != row[i].pt ||
            s.media.format.recv_pt != row[i].pt ||
            s.media.format.send_dtmf_pt != row[i].dtmf_pt ||
            s.media.format.recv_dtmf_pt != row[i].dtmf_pt)
            fail_msg("row %zu:\n%s", i, s.text);
    }
}

static void faults_have_their_status(void **state)
{
    static const struct {
        const char *body;
        enum sdp_error error;
    } row[] = {
        {"", SDP_BROKEN},
        {"hello", SDP_BROKEN},
        {"v=1\r\nm=audio 9 RTP/AVP 0\r\n", SDP_BROKEN},
        {HEAD "audio 9 RTP/AVP 0\r\n", SDP_BROKEN},
        {HEAD "m=audio 65536 RTP/AVP 0\r\n", SDP_BROKEN},
        {HEAD "m=audio -1 RTP/AVP 0\r\n", SDP_BROKEN},
        {HEAD "m=audio 9 RTP/AVP\r\n", SDP_BROKEN},
        {HEAD "m=audio 9\r\n", SDP_BROKEN},
        {HEAD "m=audio 9 RTP/AVP 0 / 101\r\n", SDP_OK},
        {HEAD "m=audio 9 RTP/AVP 0/\r\n", SDP_NO_CODEC},
        {HEAD "m=au\"dio 9 RTP/AVP 0\r\n", SDP_BROKEN},
        {HEAD "m=0123456789012345678901234567890123 9 RTP/AVP 0\r\n",
         SDP_BROKEN},
        {HEAD, SDP_NO_AUDIO},
        {HEAD "m=video 9 RTP/AVP 31\r\n", SDP_NO_AUDIO},
        {HEAD "m=audio 0 RTP/AVP 0\r\n", SDP_NO_AUDIO},
        {HEAD "m=audio 9 RTP/SAVP 0\r\n", SDP_SECURE},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n", SDP_SECURE},
        {HEAD "m=audio 9 RTP/AVP 18\r\n", SDP_NO_CODEC},
        {HEAD "m=audio 9 RTP/AVP 101\r\n"
              "a=rtpmap:101 telephone-event/8000\r\n",
         SDP_NO_CODEC},
        {HEAD "m=audio 9 RTP/AVP 128 256\r\na=rtpmap:128 PCMU/8000\r\n",
         SDP_NO_CODEC},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n", SDP_FAMILY},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP4 example.org\r\n", SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n",
         SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP4 239.1.1.1\r\n", SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP4 255.255.255.255\r\n",
         SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=IN IP6 ff02::1\r\n", SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/AVP 0\r\nc=ATM NSAP 47\r\n", SDP_ADDRESS},
        {"v=0\r\nm=audio 9 RTP/AVP 0\r\n", SDP_ADDRESS},
        {HEAD "m=audio 9 RTP/SAVP 0\r\nm=audio 9 RTP/AVP 0\r\n", SDP_OK},
    };
    static const unsigned status[SDP_ERRORS] = {
        [SDP_OK] = 200,       [SDP_BROKEN] = 400,   [SDP_NO_AUDIO] = 488,
        [SDP_SECURE] = 488,   [SDP_NO_CODEC] = 488, [SDP_FAMILY] = 488,
        [SDP_ADDRESS] = 488,  [SDP_MISMATCH] = 488, [SDP_ROOM] = 500,
        [SDP_INSECURE] = 488, [SDP_KEYS] = 488,
    };
    struct sdp_local l = local_of("oua");

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_session s;

        sdp_session_init(&s, 1);
        if (answer(&s, &l, row[i].body) != row[i].error)
            fail_msg("row %zu", i);
        assert_int_equal(s.agreed, row[i].error == SDP_OK);
    }
    for (size_t i = 0; i < SDP_ERRORS; i++) {
        assert_int_equal(sdp_error_info(i)->status, status[i]);
        assert_true(strlen(sdp_error_info(i)->text) > 0);
    }
}

/* A line of sofia-sip's undoing: its parser loops for ever on this. */
static void odd_lines_are_read_to_their_end(void **state)
{
    static const char *const tails[] = {
        "m=x 9 y /\r\n",
        "m=x 9 y a/b / c\r\n",
        "m=x 9 y @\r\n",
        "m=audio 9 RTP/AVP /",
        "b=\r\n",
        "a=\r\n",
        "z=\r\n",
        "\r\n\r\n",
        "\n",
        "a",
        "m=",
        "c=",
    };
    struct sdp_local l = local_of("oua");

    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
        struct sdp_session s;
        char body[512];
        enum sdp_error e;

        snprintf(body, sizeof(body), "%sm=audio 9 RTP/AVP 0\r\n%s", HEAD,
                 tails[i]);
        sdp_session_init(&s, 1);
        e = answer(&s, &l, body);
        assert_true(e == SDP_OK || e == SDP_BROKEN || e == SDP_ADDRESS);
    }
}

static void size_is_bounded(void **state)
{
    struct sdp_local l = local_of("oua");
    struct sdp_session s;
    char *body = malloc(SDP_BODY_MAX + 2);
    size_t len = strlen(HEAD "m=audio 9 RTP/AVP 0\r\n");

    assert_non_null(body);
    memcpy(body, HEAD "m=audio 9 RTP/AVP 0\r\n", len);
    memset(body + len, 'x', SDP_BODY_MAX + 1 - len);
    memcpy(body + len, "a=", 2);
    sdp_session_init(&s, 1);
    assert_int_equal(sdp_answer(&s, &l, body, SDP_BODY_MAX + 1), SDP_BROKEN);
    assert_int_equal(sdp_answer(&s, &l, body, SDP_BODY_MAX), SDP_OK);
    body[len + 5] = '\0';
    assert_int_equal(sdp_answer(&s, &l, body, SDP_BODY_MAX), SDP_BROKEN);
    body[0] = '\0';
    append(body, HEAD);
    for (size_t i = 0; i < SDP_LINES_MAX; i++)
        append(body, "m=audio 9 RTP/AVP 0\r\n");
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    append(body, "m=audio 9 RTP/AVP 0\r\n");
    assert_int_equal(answer(&s, &l, body), SDP_BROKEN);
    body[0] = '\0';
    append(body, HEAD "m=audio 9 RTP/AVP");
    for (unsigned i = 40; i < 128; i++)
        snprintf(body + strlen(body), 8, " %u", i);
    append(body, " 0\r\n"); /* beyond the number that is looked at */
    assert_int_equal(answer(&s, &l, body), SDP_NO_CODEC);
    free(body);
}

/* The longest lines that are echoed fill the answer, and never overrun. */
static void the_longest_answer_fits(void **state)
{
    struct sdp_local l = local_of("oua");
    struct sdp_session s;
    char body[4096] = HEAD "m=audio 9 RTP/AVP 0\r\n";

    for (size_t i = 1; i < SDP_LINES_MAX; i++)
        append(body, "m=0123456789012345678901234567890 9 "
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ/ABCD "
                     "abcdefghijklmnopqrstuvwxyz-ABCD\r\n");
    sdp_session_init(&s, UINT64_MAX);
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    assert_string_equal(s.text + s.text_len - 33,
                        "abcdefghijklmnopqrstuvwxyz-ABCD\r\n");
}

static void hold_is_mirrored_and_versions_grow(void **state)
{
    static const struct {
        const char *tail;
        const char *direction;
        const char *version;
        bool send, receive;
        unsigned port;
    } row[] = {
        {"a=sendrecv\r\n", "a=sendrecv", " 1 IN", true, true, 9},
        {"a=sendrecv\r\n", "a=sendrecv", " 1 IN", true, true, 9},
        {"a=sendonly\r\n", "a=recvonly", " 2 IN", false, true, 9},
        {"a=inactive\r\n", "a=inactive", " 3 IN", false, false, 9},
        {"a=recvonly\r\n", "a=sendonly", " 4 IN", true, false, 9},
        {"c=IN IP4 0.0.0.0\r\n", "a=recvonly", " 5 IN", false, true, 0},
        {"c=IN IP4 0.0.0.0\r\na=inactive\r\n", "a=inactive", " 6 IN", false,
         false, 0},
        {"", "a=sendrecv", " 7 IN", true, true, 9},
    };
    struct sdp_local l = local_of("oua");
    struct sdp_session s;

    sdp_session_init(&s, 1);
    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        char body[512];

        snprintf(body, sizeof(body), "%sm=audio 9 RTP/AVP 0\r\n%s", HEAD,
                 row[i].tail);
        assert_int_equal(answer(&s, &l, body), SDP_OK);
        if (!strstr(s.text, row[i].direction) ||
            !strstr(s.text, row[i].version) || s.media.send != row[i].send ||
            s.media.receive != row[i].receive ||
            remote_port(&s) != row[i].port)
            fail_msg("row %zu:\n%s", i, s.text);
    }
    assert_int_equal(answer(&s, &l,
                            "v=0\r\na=sendonly\r\nc=IN IP4 192.0.2.1\r\n"
                            "m=audio 9 RTP/AVP 0\r\n"),
                     SDP_OK);
    assert_false(s.media.send);
}

static void a_refused_offer_changes_nothing(void **state)
{
    struct sdp_local l = local_of("u");
    struct sdp_session s, before;

    sdp_session_init(&s, 1);
    assert_int_equal(answer(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\n"), SDP_OK);
    before = s;
    assert_int_equal(answer(&s, &l, HEAD "m=audio 9 RTP/AVP 8\r\n"),
                     SDP_NO_CODEC);
    assert_memory_equal(&s, &before, sizeof(s));
}

static void packet_times_are_ones_we_can_send(void **state)
{
    static const struct {
        const char *codec;
        const char *tail;
        unsigned ms;
    } row[] = {
        {"u", "", 20},
        {"u", "a=ptime:10\r\n", 10},
        {"u", "a=ptime:5\r\n", 10},
        {"u", "a=ptime:25\r\n", 20},
        {"u", "a=ptime:200\r\n", 60},
        {"u", "a=ptime:x\r\n", 20},
        {"u", "a=ptime:0\r\n", 20},
        {"u", "a=ptime:99999999999\r\n", 20},
        {"u", "a=ptime:60\r\na=maxptime:30\r\n", 30},
        {"u", "a=maxptime:10\r\n", 10},
        {"o", "a=ptime:30\r\n", 20},
        {"o", "a=ptime:50\r\n", 40},
        {"o", "a=ptime:60\r\n", 60},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_local l = local_of(row[i].codec);
        struct sdp_session s;
        char body[512];

        snprintf(body, sizeof(body),
                 "%sm=audio 9 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/2\r\n%s",
                 HEAD, row[i].tail);
        sdp_session_init(&s, 1);
        assert_int_equal(answer(&s, &l, body), SDP_OK);
        if (s.media.format.ptime_ms != row[i].ms)
            fail_msg("row %zu: %u", i, s.media.format.ptime_ms);
    }
}

static void our_offer_is_accepted(void **state)
{
    struct sdp_local l = local_of("oua");
    struct sdp_session s;
    const char *body;

    sdp_session_init(&s, 9);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_string_equal(s.text,
                        "v=0\r\no=- 9 1 IN IP4 198.51.100.7\r\ns=-\r\n"
                        "c=IN IP4 198.51.100.7\r\nt=0 0\r\n"
                        "m=audio 20200 RTP/AVP 111 0 8 101 100\r\n"
                        "a=rtpmap:111 opus/48000/2\r\n"
                        "a=fmtp:111 useinbandfec=1; stereo=0\r\n"
                        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
                        "a=rtpmap:101 telephone-event/8000\r\n"
                        "a=fmtp:101 0-16\r\n"
                        "a=rtpmap:100 telephone-event/48000\r\n"
                        "a=fmtp:100 0-16\r\na=ptime:20\r\na=sendrecv\r\n");
    assert_false(s.agreed);
    /* Numbers of their own: we send theirs, and receive ours. */
    body = HEAD "m=audio 5004 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
                "a=rtpmap:97 telephone-event/8000\r\n";
    assert_int_equal(sdp_accept(&s, &l, body, strlen(body)), SDP_OK);
    assert_int_equal(s.media.format.codec, MEDIA_OPUS);
    assert_int_equal(s.media.format.send_pt, 96);
    assert_int_equal(s.media.format.recv_pt, 111);
    assert_int_equal(s.media.format.send_dtmf_pt, 97);
    assert_int_equal(s.media.format.recv_dtmf_pt, 101);
    assert_int_equal(remote_port(&s), 5004);
    /* An answer that leaves the names away. */
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    body = HEAD "m=audio 5004 RTP/AVP 111 100\r\na=recvonly\r\n";
    assert_int_equal(sdp_accept(&s, &l, body, strlen(body)), SDP_OK);
    assert_int_equal(s.media.format.codec, MEDIA_OPUS);
    assert_int_equal(s.media.format.send_dtmf_pt, 100);
    assert_true(s.media.send);
    assert_false(s.media.receive);
}

static void answers_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *body;
        enum sdp_error error;
    } row[] = {
        {"", SDP_BROKEN},
        {HEAD, SDP_MISMATCH},
        {HEAD "m=audio 9 RTP/AVP 0\r\nm=video 9 RTP/AVP 31\r\n", SDP_MISMATCH},
        {HEAD "m=audio 0 RTP/AVP 0\r\n", SDP_NO_AUDIO},
        {HEAD "m=video 9 RTP/AVP 0\r\n", SDP_NO_AUDIO},
        {HEAD "m=audio 9 RTP/SAVP 0\r\n", SDP_SECURE},
        {HEAD "m=audio 9 RTP/AVP 9\r\n", SDP_NO_CODEC},
    };
    struct sdp_local l = local_of("oua");

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sdp_session s;

        sdp_session_init(&s, 1);
        assert_int_equal(sdp_accept(&s, &l, HEAD, strlen(HEAD)), SDP_MISMATCH);
        assert_int_equal(sdp_offer(&s, &l), SDP_OK);
        assert_int_equal(answer(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\n"),
                         SDP_MISMATCH);
        if (sdp_accept(&s, &l, row[i].body, strlen(row[i].body)) !=
            row[i].error)
            fail_msg("row %zu", i);
        assert_false(s.agreed || s.offering);
    }
}

/* After their offer our own keeps their m= lines and payload types, and
   offers nothing for which they gave no number. */
static void later_offers_keep_lines_and_numbers(void **state)
{
    struct sdp_local l = local_of("oua");
    struct sdp_session s;

    sdp_session_init(&s, 3);
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=video 7 RTP/AVP 31\r\nm=audio 9 RTP/AVP 96 98\r\n"
                    "a=rtpmap:96 opus/48000/2\r\n"
                    "a=rtpmap:98 telephone-event/8000\r\n"),
        SDP_OK);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_non_null(strstr(s.text, "t=0 0\r\nm=video 0 RTP/AVP 31\r\n"
                                   "m=audio 20200 RTP/AVP 96 0 8 98\r\n"));
    assert_non_null(strstr(s.text, "o=- 3 2 IN"));
    sdp_withdraw(&s);
    assert_int_equal(
        answer(&s, &l, HEAD "m=video 7 RTP/AVP 31\r\nm=audio 9 RTP/AVP 0\r\n"),
        SDP_OK);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_non_null(strstr(s.text, "m=audio 20200 RTP/AVP 0 8\r\n"));
}

static void ipv6_is_spoken_where_it_is_ours(void **state)
{
    struct sdp_local l = local_of("u");
    struct sdp_session s;
    const char *body = "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\n"
                       "c=IN IP6 2001:db8::1\nt=0 0\nm=audio 9 RTP/AVP 0\n";

    address_read(&l.address, "2001:db8::7", 4000);
    sdp_session_init(&s, 1);
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    assert_non_null(strstr(s.text, "c=IN IP6 2001:db8::7\r\n"));
    assert_non_null(strstr(s.text, "m=audio 4000 RTP/AVP 0\r\n"));
    assert_int_equal(answer(&s, &l, HEAD "m=audio 9 RTP/AVP 0\r\n"),
                     SDP_FAMILY);
    assert_int_equal(
        answer(&s, &l, "v=0\nc=IN IP6 ::\nm=audio 9 RTP/AVP 0\na=sendrecv\n"),
        SDP_OK);
    assert_false(s.media.send);
}

/* Every prefix of an offer, and the offer with each byte changed in turn,
   ends in an answer or a refusal, with no byte read beyond the end. */
static void damaged_offers_do_no_harm(void **state)
{
    static const char offer[] =
        HEAD "a=sendrecv\r\nm=audio 49170 RTP/AVP 111 0 8 101\r\n"
             "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n"
             "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
             "a=rtcp-mux\r\na=rtcp:9 IN IP4 192.0.2.1\r\n"
             "m=video 0 RTP/AVP 31\r\n";
    static const char bytes[] = "\0\r\n =:/9\xff";
    struct sdp_local l = local_of("oua");
    size_t n = sizeof(offer) - 1;

    for (size_t at = 0; at < n; at++)
        for (size_t b = 0; b < sizeof(bytes); b++) {
            size_t len = b ? n : at;
            char *copy = malloc(len + !len);
            struct sdp_session s;

            assert_non_null(copy);
            memcpy(copy, offer, len);
            if (b)
                copy[at] = bytes[b - 1];
            sdp_session_init(&s, 1);
            assert_true(sdp_answer(&s, &l, copy, len) < SDP_MISMATCH);
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_is_answered_in_full),
        cmocka_unit_test(codecs_are_chosen_by_whose_order_counts),
        cmocka_unit_test(faults_have_their_status),
        cmocka_unit_test(odd_lines_are_read_to_their_end),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(the_longest_answer_fits),
        cmocka_unit_test(hold_is_mirrored_and_versions_grow),
        cmocka_unit_test(a_refused_offer_changes_nothing),
        cmocka_unit_test(packet_times_are_ones_we_can_send),
        cmocka_unit_test(our_offer_is_accepted),
        cmocka_unit_test(answers_that_do_not_fit_are_refused),
        cmocka_unit_test(later_offers_keep_lines_and_numbers),
        cmocka_unit_test(ipv6_is_spoken_where_it_is_ours),
        cmocka_unit_test(damaged_offers_do_no_harm),
    };

    return cmocka_run_group_tests_name("sdp", tests, NULL, NULL);
}
