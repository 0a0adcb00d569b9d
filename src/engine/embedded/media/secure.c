#include "engine/embedded/media/secure.h"

#include <errno.h>
#include <limits.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum { REPLAY_WINDOW = 512 }; /* packets that may come late: 10 s of audio */

_Static_assert(SECURE_TRAILER_MAX >= SRTP_MAX_TRAILER_LEN + 4,
               "room that libsrtp wants behind a packet");

struct secure {
    srtp_t out;
    srtp_t in;
    struct media_crypto crypto;
};

typedef void policy_set(srtp_crypto_policy_t *p);

/* RTCP is signed with 80 bits in every suite (RFC 4568 section 6.2.2). */
static const struct {
    policy_set *rtp;
    policy_set *rtcp;
} suites[MEDIA_SUITES] = {
    [MEDIA_AES_CM_128_HMAC_SHA1_80] = {srtp_crypto_policy_set_rtp_default,
                                       srtp_crypto_policy_set_rtp_default},
    [MEDIA_AES_CM_128_HMAC_SHA1_32] =
        {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
         srtp_crypto_policy_set_rtp_default},
    [MEDIA_AES_256_CM_HMAC_SHA1_80] =
        {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
         srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
};

static int create(srtp_t *session, enum media_suite suite,
                  srtp_ssrc_type_t ssrc, uint8_t *key)
{
    srtp_policy_t policy = {
        .ssrc.type = ssrc,
        .key = key,
        .window_size = REPLAY_WINDOW,
    };

    suites[suite].rtp(&policy.rtp);
    suites[suite].rtcp(&policy.rtcp);
    return srtp_create(session, &policy) == srtp_err_status_ok ? 0 : ENOMEM;
}

int secure_alloc(struct secure **sp, const struct media_crypto *c)
{
    struct secure *s;
    int err;

    if (c->suite <= MEDIA_PLAIN || c->suite >= MEDIA_SUITES)
        return EINVAL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return ENOMEM;
    s->crypto = *c;
    err = create(&s->out, c->suite, ssrc_any_outbound, s->crypto.send_key);
    if (!err)
        err = create(&s->in, c->suite, ssrc_any_inbound, s->crypto.recv_key);
    if (err)
        secure_free(s);
    else
        *sp = s;
    return err;
}

/* libsrtp takes no second start, but then it runs: that is what counts. */
int secure_start(void)
{
    const struct media_crypto trial = {
        MEDIA_AES_CM_128_HMAC_SHA1_80, {0}, {0}};
    struct secure *s;

    srtp_init();
    if (secure_alloc(&s, &trial))
        return EIO;
    secure_free(s);
    return 0;
}

void secure_free(struct secure *s)
{
    if (!s)
        return;
    if (s->out)
        srtp_dealloc(s->out);
    if (s->in)
        srtp_dealloc(s->in);
    explicit_bzero(s, sizeof(*s));
    free(s);
}

bool secure_same(const struct secure *s, const struct media_crypto *c)
{
    return s->crypto.suite == c->suite &&
           memcmp(s->crypto.send_key, c->send_key, MEDIA_KEY_MAX) == 0 &&
           memcmp(s->crypto.recv_key, c->recv_key, MEDIA_KEY_MAX) == 0;
}

typedef srtp_err_status_t srtp_step(srtp_t session, void *packet, int *len);

static int step(srtp_step *f, srtp_t session, uint8_t *packet, size_t *len)
{
    int n = (int)*len;

    if (*len > INT_MAX || f(session, packet, &n) != srtp_err_status_ok ||
        n < 0)
        return EBADMSG;
    *len = (size_t)n;
    return 0;
}

int secure_protect(struct secure *s, uint8_t *packet, size_t *len)
{
    return step(srtp_protect, s->out, packet, len);
}

int secure_protect_rtcp(struct secure *s, uint8_t *packet, size_t *len)
{
    return step(srtp_protect_rtcp, s->out, packet, len);
}

int secure_unprotect(struct secure *s, uint8_t *packet, size_t *len)
{
    return step(srtp_unprotect, s->in, packet, len);
}

int secure_unprotect_rtcp(struct secure *s, uint8_t *packet, size_t *len)
{
    return step(srtp_unprotect_rtcp, s->in, packet, len);
}
