/* What a phone offers, judged before anybody is called for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/fs.h"
#include "engine/sdp/sdp.h"

#define KEY " inline:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0"

/** An offer: its c= and m= line, what follows, and what is said to it. */
struct offer {
    const char *srtp, *from; /* rtp_secure_media_inbound, sip_network_ip */
    const char *connection, *audio, *more;
    unsigned status, warning;
};

static const struct offer offers[] = {
    /* As a phone does. */
    {"optional", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0", "", 0,
     0},
    {"forbidden", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0", "", 0,
     0},
    {"optional", "2001:db8::7", "IP6 2001:db8::7", "audio 4000 RTP/AVP 8", "",
     0, 0},
    {"optional", "192.0.2.7", "IP4 0.0.0.0", "audio 4000 RTP/AVP 0", "", 0, 0},
    /* Encrypted. */
    {"mandatory", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/SAVP 0",
     "a=crypto:1 AES_CM_128_HMAC_SHA1_80" KEY "\r\n", 0, 0},
    {"optional", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/SAVP 0",
     "a=crypto:1 AES_CM_128_HMAC_SHA1_80" KEY "\r\n", 0, 0},
    {"forbidden", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/SAVP 0",
     "a=crypto:1 AES_CM_128_HMAC_SHA1_80" KEY "\r\n", 488, 302},
    {"mandatory", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0", "",
     488, 302},
    /* Keys beside RTP/AVP (RFC 8643). */
    {"mandatory", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0",
     "a=crypto:1 AES_CM_128_HMAC_SHA1_80" KEY "\r\n", 488, 302},
    {"forbidden", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0",
     "a=crypto:1 AES_CM_128_HMAC_SHA1_80" KEY "\r\n", 0, 0},
    /* A suite, a profile, a text that FreeSWITCH may know and we do not. */
    {"mandatory", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/SAVP 0",
     "a=crypto:1 AEAD_AES_256_GCM" KEY "\r\n", 0, 0},
    {"optional", "192.0.2.7", "IP4 192.0.2.7",
     "audio 4000 UDP/TLS/RTP/SAVPF 0", "", 0, 0},
    {"optional", "192.0.2.7", "IP4 192.0.2.7", "nonsense", "", 0, 0},
    /* What reaches nobody. */
    {"optional", "192.0.2.7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 18", "",
     488, 305},
    {"optional", "192.0.2.7", "IP4 192.0.2.7", "video 4000 RTP/AVP 96",
     "a=rtpmap:96 H264/90000\r\n", 488, 304},
    {"optional", "192.0.2.7", "IP6 2001:db8::7", "audio 4000 RTP/AVP 0", "",
     488, 301},
    {"optional", "2001:db8::7", "IP4 192.0.2.7", "audio 4000 RTP/AVP 0", "",
     488, 301},
    {"optional", "192.0.2.7", "IP4 224.0.0.9", "audio 4000 RTP/AVP 0", "", 488,
     301},
    {"optional", "192.0.2.7", "IP4 phone.example", "audio 4000 RTP/AVP 0", "",
     488, 301},
};

static void event_of(struct esl_event *ev, char *text, size_t size,
                     const struct offer *o)
{
    char sdp[512], encoded[3 * sizeof(sdp)];
    int n = snprintf(sdp, sizeof(sdp),
                     "v=0\r\no=- 1 1 IN %s\r\ns=-\r\nc=IN %s\r\nt=0 0\r\n"
                     "m=%s\r\n%s",
                     o->connection, o->connection, o->audio, o->more);

    assert_int_equal(esl_encode(sdp, (size_t)n, encoded, sizeof(encoded)), 0);
    n = snprintf(text, size,
                 "Event-Name: CHANNEL_PARK\nvariable_sip_network_ip: %s\n"
                 "variable_rtp_secure_media_inbound: %s\n"
                 "variable_switch_r_sdp: %s\n\n",
                 o->from, o->srtp, encoded);
    esl_event_open(ev, (struct slice){text, (size_t)n});
}

static const struct sdp_error_info *judge(const struct offer *o, bool jigasi,
                                          bool encrypted)
{
    struct config cfg = {.jigasi_srtp = encrypted};
    struct freeswitch fs = {.cfg = &cfg};
    struct fs_leg leg = {.fs = &fs, .jigasi = jigasi};
    struct esl_event ev;
    char text[4096];

    event_of(&ev, text, sizeof(text), o);
    return fs_sdp_refused(&leg, &ev);
}

static void phones(void **state)
{
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        const struct sdp_error_info *info = judge(&offers[i], false, false);

        if (info)
            print_message("%s: %s\n", offers[i].audio, info->text);
        assert_int_equal(info ? info->status : 0, offers[i].status);
        assert_int_equal(info ? info->warning : 0, offers[i].warning);
    }
}

/* Whether it is encrypted is JIGASI_ENABLE_SDES_SRTP's to say. */
static void jigasi(void **state)
{
    const struct offer plain = offers[0], keys = offers[4];

    assert_null(judge(&plain, true, false));
    assert_int_equal(judge(&plain, true, true)->status, 488);
    assert_null(judge(&keys, true, true));
    assert_int_equal(judge(&keys, true, false)->status, 488);
}

static void without_an_offer(void **state)
{
    static const char text[] = "Event-Name: CHANNEL_PARK\n\n";
    struct config cfg = {0};
    struct freeswitch fs = {.cfg = &cfg};
    struct fs_leg leg = {.fs = &fs};
    struct esl_event ev;

    esl_event_open(&ev, slice_of(text));
    assert_null(fs_sdp_refused(&leg, &ev));
}

/* Of a far side's audio alone, whatever its other media do. */
static void holding(void **state)
{
    static const struct {
        const char *connection, *media;
        bool holds;
    } rows[] = {
        {"IP4 192.0.2.7", "m=audio 4000 RTP/AVP 0\r\n", false},
        {"IP4 192.0.2.7", "m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", false},
        {"IP4 192.0.2.7", "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", true},
        {"IP4 192.0.2.7", "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", true},
        {"IP4 192.0.2.7", "a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n", true},
        {"IP4 192.0.2.7",
         "a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n", false},
        {"IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0\r\n", true},
        {"IP6 ::", "m=audio 4000 RTP/AVP 0\r\n", true},
        {"IP4 192.0.2.7",
         "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n"
         "a=inactive\r\n",
         false},
        {"IP4 192.0.2.7",
         "m=video 4002 RTP/AVP 96\r\na=inactive\r\n"
         "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n",
         true},
        {"IP4 192.0.2.7", "m=video 4002 RTP/AVP 96\r\na=inactive\r\n", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sdp[512];

        snprintf(sdp, sizeof(sdp),
                 "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN %s\r\n"
                 "t=0 0\r\n%s",
                 rows[i].connection, rows[i].media);
        print_message("%s %s\n", rows[i].connection, rows[i].media);
        assert_int_equal(fs_sdp_holds(slice_of(sdp)), rows[i].holds);
    }
    assert_false(fs_sdp_holds(slice_of("_undef_")));
    assert_false(fs_sdp_holds((struct slice){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones),
        cmocka_unit_test(jigasi),
        cmocka_unit_test(without_an_offer),
        cmocka_unit_test(holding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
