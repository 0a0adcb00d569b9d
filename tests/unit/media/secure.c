#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/media/secure.h"
#include "freed.h"
#include "rig.h"

static const uint8_t voice[160] = {0x21, 0x22, 0x23};

/* What the far side has: our keys the other way round. */
static struct media_crypto keys(enum media_suite suite, uint8_t first)
{
    struct media_crypto c = {.suite = suite};

    memset(c.send_key, first, sizeof(c.send_key));
    memset(c.recv_key, first + 1, sizeof(c.recv_key));
    return c;
}

static struct media_crypto mirrored(const struct media_crypto *c)
{
    struct media_crypto m = {.suite = c->suite};

    memcpy(m.send_key, c->recv_key, sizeof(m.send_key));
    memcpy(m.recv_key, c->send_key, sizeof(m.recv_key));
    return m;
}

static size_t make(uint8_t *packet, uint16_t seq)
{
    rtp_header_write(packet, false, 0, seq, seq * 160U, 0x1234);
    memcpy(packet + RTP_HEADER_SIZE, voice, sizeof(voice));
    return RTP_HEADER_SIZE + sizeof(voice);
}

static void every_suite_goes_there_and_back(void **state)
{
    static const size_t trailer[MEDIA_SUITES] = {0, 10, 4, 10};

    for (unsigned suite = MEDIA_PLAIN + 1; suite < MEDIA_SUITES; suite++) {
        struct media_crypto a = keys((enum media_suite)suite, 1);
        struct media_crypto b = mirrored(&a);
        uint8_t packet[RTP_PACKET_MAX + SECURE_TRAILER_MAX], before[200];
        struct secure *here, *there;
        size_t len, n;

        assert_int_equal(secure_alloc(&here, &a), 0);
        assert_int_equal(secure_alloc(&there, &b), 0);
        for (uint16_t seq = 65530; seq != 10; seq++) { /* over the end */
            n = len = make(packet, seq);
            memcpy(before, packet, len);
            assert_int_equal(secure_protect(here, packet, &len), 0);
            assert_int_equal(len, n + trailer[suite]);
            assert_memory_not_equal(packet + RTP_HEADER_SIZE, voice, 160);
            assert_int_equal(secure_unprotect(there, packet, &len), 0);
            assert_int_equal(len, n);
            assert_memory_equal(packet, before, len);
        }
        secure_free(here);
        secure_free(there);
    }
}

static void forged_and_repeated_packets_are_refused(void **state)
{
    struct media_crypto a = keys(MEDIA_AES_CM_128_HMAC_SHA1_80, 1);
    struct media_crypto b = mirrored(&a);
    struct media_crypto wrong = keys(MEDIA_AES_CM_128_HMAC_SHA1_80, 9);
    uint8_t packet[RTP_PACKET_MAX + SECURE_TRAILER_MAX], copy[200];
    struct secure *here, *there, *stranger;
    size_t len = make(packet, 1), n;

    assert_int_equal(secure_alloc(&here, &a), 0);
    assert_int_equal(secure_alloc(&there, &b), 0);
    assert_int_equal(secure_alloc(&stranger, &wrong), 0);
    n = len;
    assert_int_equal(secure_unprotect(there, packet, &n), EBADMSG);
    assert_int_equal(secure_protect(here, packet, &len), 0);
    for (size_t i = 0; i < len; i++) { /* every byte is signed */
        memcpy(copy, packet, len);
        copy[i] ^= 0x40;
        n = len;
        assert_int_equal(secure_unprotect(there, copy, &n), EBADMSG);
    }
    for (n = 0; n < len; n++) { /* cut at every position */
        size_t cut = n;

        memcpy(copy, packet, len);
        assert_int_equal(secure_unprotect(there, copy, &cut), EBADMSG);
    }
    memcpy(copy, packet, len);
    n = len;
    assert_int_equal(secure_unprotect(stranger, copy, &n), EBADMSG);
    memcpy(copy, packet, len);
    n = len;
    assert_int_equal(secure_unprotect(there, copy, &n), 0);
    memcpy(copy, packet, len);
    n = len;
    assert_int_equal(secure_unprotect(there, copy, &n), EBADMSG);
    secure_free(here);
    secure_free(there);
    secure_free(stranger);
}

static void plain_is_no_suite(void **state)
{
    struct media_crypto c = keys(MEDIA_PLAIN, 1);
    struct secure *s;

    assert_int_equal(secure_alloc(&s, &c), EINVAL);
    c.suite = MEDIA_SUITES;
    assert_int_equal(secure_alloc(&s, &c), EINVAL);
}

/* From one to the other; the far side's error is returned. */
static int carry(struct secure *from, struct secure *to, uint16_t seq)
{
    uint8_t packet[RTP_PACKET_MAX + SECURE_TRAILER_MAX];
    size_t len = make(packet, seq);

    assert_int_equal(secure_protect(from, packet, &len), 0);
    return secure_unprotect(to, packet, &len);
}

/* Sequence numbers have wrapped, and both sides count on: whose key stays
   must not begin anew. */
static void a_new_key_of_one_side_leaves_the_other_direction(void **state)
{
    struct media_crypto a = keys(MEDIA_AES_CM_128_HMAC_SHA1_80, 1);
    struct media_crypto b = mirrored(&a);
    struct secure *here, *hears, *says;

    assert_int_equal(secure_alloc(&here, &a), 0);
    assert_int_equal(secure_alloc(&hears, &b), 0);
    for (uint32_t seq = 65000; seq != 65636; seq++)
        assert_int_equal(carry(here, hears, (uint16_t)seq), 0);
    memset(a.recv_key, 0x77, sizeof(a.recv_key));
    b = mirrored(&a);
    assert_int_equal(secure_alloc(&says, &b), 0);
    assert_int_equal(secure_renew(here, &a), 0);
    assert_int_equal(carry(here, hears, 100), 0);
    for (uint32_t seq = 65000; seq != 65636; seq++)
        assert_int_equal(carry(says, here, (uint16_t)seq), 0);
    memset(a.send_key, 0x78, sizeof(a.send_key));
    assert_int_equal(secure_renew(here, &a), 0);
    assert_int_equal(carry(here, hears, 101), EBADMSG);
    assert_int_equal(carry(says, here, 100), 0);
    a.suite = MEDIA_SUITES;
    assert_int_equal(secure_renew(here, &a), EINVAL);
    assert_int_equal(carry(says, here, 101), 0);
    secure_free(here);
    secure_free(hears);
    secure_free(says);
}

static void sources_without_end_are_forgotten(void **state)
{
    struct media_crypto a = keys(MEDIA_AES_CM_128_HMAC_SHA1_80, 1);
    struct media_crypto b = mirrored(&a);
    uint8_t first[RTP_PACKET_MAX + SECURE_TRAILER_MAX], packet[sizeof(first)];
    struct secure *here, *there;
    size_t first_len = 0, len;

    assert_int_equal(secure_alloc(&here, &a), 0);
    assert_int_equal(secure_alloc(&there, &b), 0);
    for (uint32_t ssrc = 1; ssrc <= 65; ssrc++) {
        rtp_header_write(packet, false, 0, 1, 160, ssrc);
        memcpy(packet + RTP_HEADER_SIZE, voice, sizeof(voice));
        len = RTP_HEADER_SIZE + sizeof(voice);
        assert_int_equal(secure_protect(here, packet, &len), 0);
        if (!first_len)
            memcpy(first, packet, first_len = len);
        assert_int_equal(secure_unprotect(there, packet, &len), 0);
        memcpy(packet, first, len = first_len);
        if (ssrc < 65) /* remembered still, so it is a repetition */
            assert_int_equal(secure_unprotect(there, packet, &len), EBADMSG);
        else
            assert_int_equal(secure_unprotect(there, packet, &len), 0);
    }
    secure_free(here);
    secure_free(there);
}

/* A far side that encrypts. */
struct secure_far {
    struct far far;
    struct secure *secure;
};

static void secure_start_far(struct secure_far *f, struct rig *r,
                             engine_leg leg, uint8_t first)
{
    struct media_crypto c = keys(MEDIA_AES_CM_128_HMAC_SHA1_80, first), m;

    far_open(&f->far, r, leg, MEDIA_PCMU);
    f->far.session.crypto = c;
    far_session(&f->far);
    m = mirrored(&c);
    assert_int_equal(secure_alloc(&f->secure, &m), 0);
}

static void send_voice(struct secure_far *f)
{
    uint8_t packet[RTP_PACKET_MAX + SECURE_TRAILER_MAX];
    size_t len = make(packet, f->far.seq++);

    assert_int_equal(secure_protect(f->secure, packet, &len), 0);
    far_raw(&f->far, packet, len);
}

static bool hears_voice(struct secure_far *f, int ms)
{
    uint8_t packet[RTP_PACKET_MAX];
    struct rtp_packet head;
    struct got g;

    while (far_receive_within(&f->far, &g, ms)) {
        size_t len = RTP_HEADER_SIZE + g.head.len;

        rtp_header_write(packet, g.head.marker, g.head.pt, g.head.seq,
                         g.head.ts, g.head.ssrc);
        memcpy(packet + RTP_HEADER_SIZE, g.payload, g.head.len);
        assert_int_equal(secure_unprotect(f->secure, packet, &len), 0);
        assert_int_equal(rtp_parse(packet, len, &head), RTP_OK);
        if (memcmp(packet + head.payload, voice, 3) == 0)
            return true;
    }
    return false;
}

/* Two far sides with keys of their own, the first heard by the second. */
static void secure_call(struct secure_far *a, struct secure_far *b,
                        struct rig *r)
{
    secure_start_far(a, r, 1, 1);
    secure_start_far(b, r, 2, 7);
    media_bridge(r->media, 1, 2);
    send_voice(a);
    assert_true(hears_voice(b, RIG_WAIT_MS));
}

static void an_encrypted_call_is_relayed_with_other_keys(void **state)
{
    struct rig *r = *state;
    struct secure_far a, b;

    secure_call(&a, &b, r);
    send_voice(&b);
    assert_true(hears_voice(&a, RIG_WAIT_MS));
    /* what is not signed is counted, and ends nothing */
    for (int i = 0; i < 20; i++)
        far_audio(&a.far, voice, sizeof(voice));
    assert_false(hears_voice(&b, RIG_QUIET_MS));
    send_voice(&a);
    assert_true(hears_voice(&b, RIG_WAIT_MS));
    far_close(&a.far);
    far_close(&b.far);
    assert_int_equal(rig_counter(r, 1, "insecure"), 20);
    assert_int_equal(rig_counter(r, 1, "relayed"), 2);
    secure_free(a.secure);
    secure_free(b.secure);
}

static void the_same_session_told_again_goes_on(void **state)
{
    struct rig *r = *state;
    struct secure_far a, b;

    secure_call(&a, &b, r);
    far_session(&a.far);
    far_session(&b.far);
    send_voice(&a);
    assert_true(hears_voice(&b, RIG_WAIT_MS));
    far_close(&a.far);
    far_close(&b.far);
    secure_free(a.secure);
    secure_free(b.secure);
}

static void a_suite_that_cannot_be_made_stays_silent(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_open(&f, r, 1, MEDIA_PCMU);
    f.session.crypto.suite = MEDIA_SUITES;
    far_session(&f);
    media_play(r->media, 1,
               &(struct engine_play){
                   .prompts = (const char *const[]){"one"},
                   .n_prompts = 1,
                   .loop_from = -1,
                   .tag = 5,
               });
    far_no_packet(&f);
    far_close(&f);
    assert_true(rig_logged(r, "no SRTP for leg=1"));
}

static void no_key_is_in_memory_given_back(void **state)
{
    struct rig *r = rig_make(1, 4);
    struct secure_far a;
    uint8_t key[2][30];

    memset(key[0], 0xa7, sizeof(key[0]));
    memset(key[1], 0xa8, sizeof(key[1]));
    freed_watch(key[0], sizeof(key[0]));
    freed_watch(key[1], sizeof(key[1]));
    secure_start_far(&a, r, 1, 0xa7);
    send_voice(&a);
    far_session(&a.far);
    far_close(&a.far);
    media_stream_session(r->media, 1, &a.far.session); /* nobody's */
    rig_free(r);
    secure_free(a.secure);
    assert_int_equal(freed_found(), 0);
    freed_forget();
}

static int library_setup(void **state)
{
    return secure_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_suite_goes_there_and_back, library_setup),
        cmocka_unit_test_setup(forged_and_repeated_packets_are_refused,
                               library_setup),
        cmocka_unit_test_setup(
            a_new_key_of_one_side_leaves_the_other_direction, library_setup),
        cmocka_unit_test_setup(sources_without_end_are_forgotten,
                               library_setup),
        cmocka_unit_test(plain_is_no_suite),
        cmocka_unit_test_setup_teardown(
            an_encrypted_call_is_relayed_with_other_keys, rig_setup,
            rig_teardown),
        cmocka_unit_test_setup_teardown(the_same_session_told_again_goes_on,
                                        rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            a_suite_that_cannot_be_made_stays_silent, rig_setup, rig_teardown),
        cmocka_unit_test(no_key_is_in_memory_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
