#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/sdp/sdp.h"

#define KEY   "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define PLAIN "YS___semctl () {\t220;}\n}\nunles" /* KEY decoded */
#define OURS  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Bodies of the far side: a profile, then keys as often as wanted. */
#define HEAD                                                                  \
    "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"    \
    "t=0 0\r\n"
#define AVP              HEAD "m=audio 49170 RTP/AVP 0\r\n"
#define SAVP             HEAD "m=audio 49170 RTP/SAVP 0\r\n"
#define KEYS(tag, suite) "a=crypto:" tag " " suite " inline:" KEY "\r\n"
#define SHA1_80          "AES_CM_128_HMAC_SHA1_80"
#define SHA1_32          "AES_CM_128_HMAC_SHA1_32"

/* Our side of one call. */
struct side {
    struct sdp_local l;
    struct sdp_session s;
};

static struct side side_of(enum sdp_srtp srtp)
{
    struct side us = {
        .l = {.codecs = {MEDIA_PCMU}, .n_codecs = 1, .srtp = srtp},
    };

    address_read(&us.l.address, "198.51.100.7", 20200);
    sdp_session_init(&us.s, 7);
    return us;
}

static enum sdp_error offered(struct side *us, const char *body)
{
    return sdp_answer(&us->s, &us->l, body, strlen(body));
}

static enum sdp_error answered(struct side *us, const char *body)
{
    return sdp_accept(&us->s, &us->l, body, strlen(body));
}

static void we_offer(struct side *us)
{
    assert_int_equal(sdp_offer(&us->s, &us->l), SDP_OK);
}

static bool says(const struct side *us, const char *text)
{
    return strstr(us->s.text, text);
}

static void an_offer_of_srtp_is_answered(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    assert_int_equal(
        offered(&us, SAVP KEYS("3", "AEAD_AES_128_GCM") KEYS("9", SHA1_32)),
        SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(us.s.media.crypto.recv_key, PLAIN, 30);
    assert_memory_equal(us.s.media.crypto.send_key, us.l.key, 30);
    assert_true(says(&us, "m=audio 20200 RTP/SAVP 0\r\n"));
    assert_true(says(&us, "a=crypto:9 " SHA1_32 " inline:" OURS "\r\n"));
}

static void keys_beside_a_plain_profile_are_taken(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    assert_int_equal(offered(&us, AVP KEYS("1", SHA1_80)), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_80);
    assert_true(says(&us, "m=audio 20200 RTP/AVP 0\r\n"));
    assert_true(says(&us, "a=crypto:1 "));
}

static void a_later_offer_without_keys_goes_on_in_the_clear(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    assert_int_equal(offered(&us, AVP KEYS("1", SHA1_80)), SDP_OK);
    assert_int_equal(offered(&us, AVP), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_PLAIN);
    assert_false(says(&us, "crypto"));
}

static void what_the_setting_forbids_is_refused(void **state)
{
    static const struct {
        enum sdp_srtp srtp;
        const char *body;
        enum sdp_error e;
    } rows[] = {
        {SDP_SRTP_OFF, SAVP KEYS("1", SHA1_80), SDP_SECURE},
        {SDP_SRTP_OPTIONAL, SAVP, SDP_KEYS},
        {SDP_SRTP_OPTIONAL, SAVP "a=crypto:1 " SHA1_80 " inline:AAAA\r\n",
         SDP_KEYS},
        {SDP_SRTP_MANDATORY, AVP, SDP_INSECURE},
        {SDP_SRTP_MANDATORY,
         HEAD "m=audio 49170 UDP/TLS/RTP/SAVP 0\r\n"
              "a=fingerprint:sha-256 00\r\n",
         SDP_SECURE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct side us = side_of(rows[i].srtp);

        assert_int_equal(offered(&us, rows[i].body), rows[i].e);
        assert_int_equal(sdp_error_info(rows[i].e)->status, 488);
    }
}

static void with_srtp_off_keys_beside_a_plain_profile_are_left(void **state)
{
    struct side us = side_of(SDP_SRTP_OFF);

    assert_int_equal(offered(&us, AVP KEYS("1", SHA1_80)), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_PLAIN);
    assert_false(says(&us, "crypto"));
}

static void where_mandatory_we_offer_every_suite(void **state)
{
    struct side us = side_of(SDP_SRTP_MANDATORY);

    we_offer(&us);
    assert_true(says(&us, "m=audio 20200 RTP/SAVP 0 101\r\n"));
    assert_true(says(&us, "a=crypto:1 " SHA1_80 " inline:" OURS));
    assert_true(says(&us, "a=crypto:2 " SHA1_32 " inline:" OURS));
    assert_true(says(&us, "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:AAAA"));
    assert_int_equal(answered(&us, SAVP KEYS("2", SHA1_32)), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_AES_CM_128_HMAC_SHA1_32);
    assert_memory_equal(us.s.media.crypto.recv_key, PLAIN, 30);
    /* Later offers hold on to what was agreed. */
    we_offer(&us);
    assert_true(says(&us, "a=crypto:2 " SHA1_32 " inline:" OURS));
    assert_false(says(&us, "a=crypto:1 "));
}

static void an_answer_that_fits_no_key_of_ours_is_refused(void **state)
{
    static const char *const bodies[] = {
        SAVP KEYS("1", SHA1_32), /* the tag of another suite */
        SAVP,
        AVP,
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct side us = side_of(SDP_SRTP_MANDATORY);

        we_offer(&us);
        assert_int_not_equal(answered(&us, bodies[i]), SDP_OK);
        assert_false(us.s.agreed);
    }
}

static void keys_that_we_did_not_ask_for_are_none(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    we_offer(&us);
    assert_false(says(&us, "crypto"));
    assert_int_equal(answered(&us, AVP KEYS("1", SHA1_80)), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_PLAIN);
}

static void an_answer_that_would_encrypt_with_them_is_refused(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    we_offer(&us);
    assert_int_equal(answered(&us, SAVP KEYS("1", SHA1_80)), SDP_MISMATCH);
    assert_false(us.s.agreed);
}

static void optional_offers_name_keys_on_private_ways_only(void **state)
{
    struct side us = side_of(SDP_SRTP_OPTIONAL);

    us.l.offer_keys = true;
    we_offer(&us);
    assert_true(says(&us, "m=audio 20200 RTP/AVP 0 101\r\n"));
    assert_true(says(&us, "a=crypto:1 "));
    assert_int_equal(answered(&us, AVP), SDP_OK);
    assert_int_equal(us.s.media.crypto.suite, MEDIA_PLAIN);
}

static void the_suite_that_goes_on_keeps_its_key(void **state)
{
    static const char *const body = AVP KEYS("1", SHA1_80);
    struct side us = side_of(SDP_SRTP_OPTIONAL);
    const uint8_t *key = us.s.media.crypto.send_key;
    uint8_t first[MEDIA_KEY_MAX];

    memset(us.l.key, 1, sizeof(us.l.key));
    memcpy(first, us.l.key, sizeof(first));
    assert_int_equal(offered(&us, body), SDP_OK);
    memset(us.l.key, 2, sizeof(us.l.key));
    assert_int_equal(offered(&us, body), SDP_OK);
    assert_memory_equal(key, first, 30);
    we_offer(&us);
    assert_int_equal(answered(&us, body), SDP_OK);
    assert_memory_equal(key, first, 30);
    memset(us.l.key, 3, sizeof(us.l.key));
    assert_int_equal(offered(&us, AVP KEYS("1", SHA1_32)), SDP_OK);
    assert_memory_equal(key, us.l.key, 30);
    assert_int_equal(offered(&us, AVP), SDP_OK);
    memset(us.l.key, 4, sizeof(us.l.key));
    assert_int_equal(offered(&us, body), SDP_OK);
    assert_memory_equal(key, us.l.key, 30);
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
        cmocka_unit_test(keys_that_we_did_not_ask_for_are_none),
        cmocka_unit_test(an_answer_that_would_encrypt_with_them_is_refused),
        cmocka_unit_test(optional_offers_name_keys_on_private_ways_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
