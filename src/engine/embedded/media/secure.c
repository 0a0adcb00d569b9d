#include "engine/embedded/media/secure.h"

#include <errno.h>
#include <limits.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLAY_WINDOW = 512, /* packets that may come late: 10 s of audio */
    SOURCES_MAX = 64,    /* SSRCs of the far side that libsrtp may remember */
};

_Static_assert(SECURE_TRAILER_MAX >= SRTP_MAX_TRAILER_LEN + 4,
               "room that libsrtp wants behind a packet");

struct secure {
    srtp_t out;
    srtp_t in;
    struct media_crypto crypto;
    size_t n_sources;
    uint32_t source[SOURCES_MAX]; /* heard, as they stand in packets */
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

/* NULL: the session stays. */
static void replace(srtp_t *session, srtp_t by)
{
    if (!by)
        return;
    if (*session)
        srtp_dealloc(*session);
    *session = by;
}

/* A direction whose key and suite stay goes on: begun anew it would count
   packets from the start again, with a key that was used for that count. */
int secure_renew(struct secure *s, const struct media_crypto *c)
{
    bool suite = s->crypto.suite == c->suite;
    struct media_crypto next = *c;
    srtp_t out = NULL, in = NULL;
    int err = 0;

    if (c->suite <= MEDIA_PLAIN || c->suite >= MEDIA_SUITES)
        return EINVAL;
    if (!suite || memcmp(s->crypto.send_key, c->send_key, MEDIA_KEY_MAX) != 0)
        err = create(&out, c->suite, ssrc_any_outbound, next.send_key);
    if (!err && (!suite ||
                 memcmp(s->crypto.recv_key, c->recv_key, MEDIA_KEY_MAX) != 0))
        err = create(&in, c->suite, ssrc_any_inbound, next.recv_key);
    if (err) {
        if (out)
            srtp_dealloc(out);
    } else {
        replace(&s->out, out);
        replace(&s->in, in);
        if (in)
            s->n_sources = 0;
        s->crypto = next;
    }
    explicit_bzero(&next, sizeof(next));
    return err;
}

int secure_alloc(struct secure **sp, const struct media_crypto *c)
{
    struct secure *s = calloc(1, sizeof(*s));
    int err;

    if (!s)
        return ENOMEM;
    err = secure_renew(s, c);
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

/* libsrtp keeps a state for each SSRC that was ever heard, and looks through
   all of them: a far side that makes up new ones must not fill the memory.
   Where it does, all are forgotten but the key. */
static void source_note(struct secure *s, const uint8_t *ssrc)
{
    srtp_t in = NULL;
    uint32_t source;

    memcpy(&source, ssrc, sizeof(source));
    for (size_t i = 0; i < s->n_sources; i++)
        if (s->source[i] == source)
            return;
    if (s->n_sources == SOURCES_MAX) {
        if (create(&in, s->crypto.suite, ssrc_any_inbound, s->crypto.recv_key))
            return;
        replace(&s->in, in);
        s->n_sources = 0;
    }
    s->source[s->n_sources++] = source;
}

int secure_unprotect(struct secure *s, uint8_t *packet, size_t *len)
{
    int err = step(srtp_unprotect, s->in, packet, len);

    if (!err)
        source_note(s, packet + 8); /* RFC 3550 section 5.1 */
    return err;
}

int secure_unprotect_rtcp(struct secure *s, uint8_t *packet, size_t *len)
{
    int err = step(srtp_unprotect_rtcp, s->in, packet, len);

    if (!err)
        source_note(s, packet + 4); /* RFC 3550 section 6.4 */
    return err;
}
