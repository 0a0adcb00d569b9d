#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/sdp.h"

#define HEAD                                                                  \
    "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"    \
    "t=0 0\r\n"
#define KEY   "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define PLAIN "YS___semctl () {\t220;}\n}\nunles" /* KEY decoded */
#define OURS  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct sdp_local local_of(enum sdp_srtp srtp)
{
    struct sdp_local l = {.codecs = {MEDIA_PCMU}, .n_codecs = 1, .srtp = srtp};
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&l.address;

    in->sin_family = AF_INET;
    in->sin_port = htons(20200);
    in->sin_addr.s_addr = inet_addr("198.51.100.7");
    return l;
}

static enum sdp_error answer(struct sdp_session *s, const struct sdp_local *l,
                             const char *body)
{
    return sdp_answer(s, l, body, strlen(body));
}

static enum sdp_error take_answer(struct sdp_session *s,
                                  const struct sdp_local *l, const char *body)
{
    return sdp_accept(s, l, body, strlen(body));
}

static bool says(const struct sdp_session *s, const char *text)
{
    return strstr(s->text, text);
}

static void an_offer_of_srtp_is_answered(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_OPTIONAL);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=audio 49170 RTP/SAVP 0\r\n"
                    "a=crypto:3 AEAD_AES_128_GCM inline:" KEY "\r\n"
                    "a=crypto:9 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n"),
        SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(s.media.crypto.recv_key, PLAIN, 30);
    assert_memory_equal(s.media.crypto.send_key, l.key, 30);
    assert_true(says(&s, "m=audio 20200 RTP/SAVP 0\r\n"));
    assert_true(
        says(&s, "a=crypto:9 AES_CM_128_HMAC_SHA1_32 inline:" OURS "\r\n"));
}

static void keys_beside_a_plain_profile_are_taken(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_OPTIONAL);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=audio 49170 RTP/AVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"),
        SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_80);
    assert_true(says(&s, "m=audio 20200 RTP/AVP 0\r\n"));
    assert_true(says(&s, "a=crypto:1 "));
}

static void a_later_offer_without_keys_goes_on_in_the_clear(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_OPTIONAL);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=audio 49170 RTP/AVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"),
        SDP_OK);
    assert_int_equal(answer(&s, &l, HEAD "m=audio 49170 RTP/AVP 0\r\n"),
                     SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_PLAIN);
    assert_false(says(&s, "crypto"));
}

static void what_the_setting_forbids_is_refused(void **state)
{
    static const struct {
        enum sdp_srtp srtp;
        const char *body;
        enum sdp_error e;
    } rows[] = {
        {SDP_SRTP_OFF,
         HEAD "m=audio 49170 RTP/SAVP 0\r\n"
              "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
         SDP_SECURE},
        {SDP_SRTP_OPTIONAL, HEAD "m=audio 49170 RTP/SAVP 0\r\n", SDP_KEYS},
        {SDP_SRTP_OPTIONAL,
         HEAD "m=audio 49170 RTP/SAVP 0\r\n"
              "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n",
         SDP_KEYS},
        {SDP_SRTP_MANDATORY, HEAD "m=audio 49170 RTP/AVP 0\r\n", SDP_INSECURE},
        {SDP_SRTP_MANDATORY,
         HEAD "m=audio 49170 UDP/TLS/RTP/SAVP 0\r\n"
              "a=fingerprint:sha-256 00\r\n",
         SDP_SECURE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sdp_local l = local_of(rows[i].srtp);
        struct sdp_session s;

        sdp_session_init(&s, 7);
        assert_int_equal(answer(&s, &l, rows[i].body), rows[i].e);
        assert_int_equal(sdp_error_info(rows[i].e)->status, 488);
    }
}

static void with_srtp_off_keys_beside_a_plain_profile_are_left(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_OFF);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=audio 49170 RTP/AVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"),
        SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_PLAIN);
    assert_false(says(&s, "crypto"));
}

static void where_mandatory_we_offer_every_suite(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_MANDATORY);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_true(says(&s, "m=audio 20200 RTP/SAVP 0 101\r\n"));
    assert_true(says(&s, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" OURS));
    assert_true(says(&s, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" OURS));
    assert_true(says(&s, "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:AAAA"));
    assert_int_equal(
        take_answer(&s, &l,
                    HEAD "m=audio 49170 RTP/SAVP 0\r\n"
                         "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY
                         "\r\n"),
        SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(s.media.crypto.recv_key, PLAIN, 30);
    /* Later offers hold on to what was agreed. */
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_true(says(&s, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" OURS));
    assert_false(says(&s, "a=crypto:1 "));
}

static void an_answer_that_fits_no_key_of_ours_is_refused(void **state)
{
    static const char *const bodies[] = {
        /* the tag of another suite */
        HEAD "m=audio 49170 RTP/SAVP 0\r\n"
             "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n",
        HEAD "m=audio 49170 RTP/SAVP 0\r\n",
        HEAD "m=audio 49170 RTP/AVP 0\r\n",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct sdp_local l = local_of(SDP_SRTP_MANDATORY);
        struct sdp_session s;

        sdp_session_init(&s, 7);
        assert_int_equal(sdp_offer(&s, &l), SDP_OK);
        assert_int_not_equal(take_answer(&s, &l, bodies[i]), SDP_OK);
        assert_false(s.agreed);
    }
}

static void optional_offers_name_keys_on_private_ways_only(void **state)
{
    struct sdp_local l = local_of(SDP_SRTP_OPTIONAL);
    struct sdp_session s;

    sdp_session_init(&s, 7);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_false(says(&s, "crypto"));
    /* keys that we did not ask for are none */
    assert_int_equal(
        take_answer(&s, &l,
                    HEAD "m=audio 49170 RTP/AVP 0\r\n"
                         "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY
                         "\r\n"),
        SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_PLAIN);

    /* an answer that would encrypt with them finds nobody to do it */
    sdp_session_init(&s, 9);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_int_equal(
        take_answer(&s, &l,
                    HEAD "m=audio 49170 RTP/SAVP 0\r\n"
                         "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY
                         "\r\n"),
        SDP_MISMATCH);
    assert_false(s.agreed);

    l.offer_keys = true;
    sdp_session_init(&s, 8);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_true(says(&s, "m=audio 20200 RTP/AVP 0 101\r\n"));
    assert_true(says(&s, "a=crypto:1 "));
    assert_int_equal(take_answer(&s, &l, HEAD "m=audio 49170 RTP/AVP 0\r\n"),
                     SDP_OK);
    assert_int_equal(s.media.crypto.suite, MEDIA_PLAIN);
}

static void the_suite_that_goes_on_keeps_its_key(void **state)
{
    static const char *const body =
        HEAD "m=audio 49170 RTP/AVP 0\r\n"
             "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n";
    struct sdp_local l = local_of(SDP_SRTP_OPTIONAL);
    uint8_t first[MEDIA_KEY_MAX];
    struct sdp_session s;

    sdp_session_init(&s, 7);
    memset(l.key, 1, sizeof(l.key));
    memcpy(first, l.key, sizeof(first));
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    memset(l.key, 2, sizeof(l.key));
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    assert_memory_equal(s.media.crypto.send_key, first, 30);
    assert_int_equal(sdp_offer(&s, &l), SDP_OK);
    assert_int_equal(take_answer(&s, &l, body), SDP_OK);
    assert_memory_equal(s.media.crypto.send_key, first, 30);
    memset(l.key, 3, sizeof(l.key));
    assert_int_equal(
        answer(&s, &l,
               HEAD "m=audio 49170 RTP/AVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n"),
        SDP_OK);
    assert_memory_equal(s.media.crypto.send_key, l.key, 30);
    assert_int_equal(answer(&s, &l, HEAD "m=audio 49170 RTP/AVP 0\r\n"),
                     SDP_OK);
    memset(l.key, 4, sizeof(l.key));
    assert_int_equal(answer(&s, &l, body), SDP_OK);
    assert_memory_equal(s.media.crypto.send_key, l.key, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_of_srtp_is_answered),
        cmocka_unit_test(keys_beside_a_plain_profile_are_taken),
        cmocka_unit_test(a_later_offer_without_keys_goes_on_in_the_clear),
        cmocka_unit_test(what_the_setting_forbids_is_refused),
        cmocka_unit_test(with_srtp_off_keys_beside_a_plain_profile_are_left),
        cmocka_unit_test(where_mandatory_we_offer_every_suite),
        cmocka_unit_test(an_answer_that_fits_no_key_of_ours_is_refused),
        cmocka_unit_test(the_suite_that_goes_on_keeps_its_key),
        cmocka_unit_test(optional_offers_name_keys_on_private_ways_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
