/* Offers and answers; a NUL byte parts a first description from a later
 * one of the same dialog. */
#include <arpa/inet.h>
#include <string.h>

#include "engine/sdp/sdp.h"
#include "fuzz.h"

static void check(const struct sdp_session *s, const struct sdp_local *l,
                  enum sdp_error e)
{
    PROMISE(e < SDP_ERRORS);
    PROMISE(s->text_len < SDP_TEXT_SIZE);
    if (e != SDP_OK) {
        PROMISE(sdp_error_info(e)->status >= 400);
        return;
    }
    PROMISE(s->media.format.codec < MEDIA_CODECS);
    PROMISE(s->media.format.ptime_ms >= 10 && s->media.format.ptime_ms <= 60);
    PROMISE(s->media.format.send_pt < 128 && s->media.format.recv_pt < 128);
    PROMISE(s->media.remote.ss_family == AF_INET);
    PROMISE(s->media.crypto.suite < MEDIA_SUITES);
    PROMISE(l->srtp != SDP_SRTP_OFF || s->media.crypto.suite == MEDIA_PLAIN);
    PROMISE(l->srtp != SDP_SRTP_MANDATORY ||
            s->media.crypto.suite != MEDIA_PLAIN);
}

/* Everything once, with this wish for encryption. */
static void negotiate(enum sdp_srtp srtp, bool offer_keys, const char *p,
                      size_t len)
{
    struct sdp_local l = {
        .codecs = {MEDIA_OPUS, MEDIA_G722, MEDIA_PCMU, MEDIA_PCMA},
        .n_codecs = 4,
        .srtp = srtp,
        .offer_keys = offer_keys,
    };
    struct sockaddr_in *in = (struct sockaddr_in *)&l.address;
    const char *nul = len ? memchr(p, '\0', len) : NULL;
    size_t first = nul ? (size_t)(nul - p) : len;
    struct sdp_session s;

    in->sin_family = AF_INET;
    in->sin_port = htons(20200);
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sdp_session_init(&s, 7);
    check(&s, &l, sdp_answer(&s, &l, p, first));
    if (nul)
        check(&s, &l, sdp_answer(&s, &l, nul + 1, len - first - 1));
    sdp_session_init(&s, 8);
    PROMISE(sdp_offer(&s, &l) == SDP_OK);
    check(&s, &l, sdp_accept(&s, &l, p, first));
    if (nul)
        check(&s, &l, sdp_answer(&s, &l, nul + 1, len - first - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    negotiate(SDP_SRTP_OFF, false, (const char *)data, len);
    negotiate(SDP_SRTP_OPTIONAL, true, (const char *)data, len);
    negotiate(SDP_SRTP_MANDATORY, true, (const char *)data, len);
    return 0;
}
