/* Offer and answer of a leg. A session is large, for it holds what was said
   last in a buffer for the largest; a leg keeps it without that room. It may
   hold keys, so nothing of it is left behind in memory that is free. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/ua.h"

/** struct sdp_session as it lies in a leg: what is before text; text, as long
 *  as it is; what is behind it, without the zeros at its end. */
struct ua_sdp {
    size_t text_len;
    size_t behind_len;
    char before[offsetof(struct sdp_session, text)];
    char rest[]; /* text and its NUL, then what is behind */
};

enum {
    BEHIND = offsetof(struct sdp_session, text) + SDP_TEXT_SIZE,
    BEHIND_MAX = sizeof(struct sdp_session) - BEHIND,
};

static void unpack(const struct ua_leg *leg, struct sdp_session *s)
{
    const struct ua_sdp *p = leg->sdp;

    if (!p) {
        sdp_session_init(s, leg->number ^ leg->ua->session_id);
        return;
    }
    memset(s, 0, sizeof(*s));
    memcpy(s, p->before, sizeof(p->before));
    memcpy(s->text, p->rest, p->text_len + 1);
    memcpy((char *)s + BEHIND, p->rest + p->text_len + 1, p->behind_len);
}

void ua_sdp_free(struct ua_leg *leg)
{
    struct ua_sdp *p = leg->sdp;

    if (p)
        explicit_bzero(p, sizeof(*p) + p->text_len + 1 + p->behind_len);
    free(p);
    leg->sdp = NULL;
}

static enum sdp_error pack(struct ua_leg *leg, const struct sdp_session *s)
{
    const char *behind = (const char *)s + BEHIND;
    size_t n = BEHIND_MAX;
    struct ua_sdp *p;

    while (n && !behind[n - 1])
        n--;
    p = malloc(sizeof(*p) + s->text_len + 1 + n);
    if (!p)
        return SDP_ROOM;
    ua_sdp_free(leg);
    p->text_len = s->text_len;
    p->behind_len = n;
    memcpy(p->before, s, sizeof(p->before));
    memcpy(p->rest, s->text, s->text_len);
    p->rest[s->text_len] = '\0';
    memcpy(p->rest + s->text_len + 1, behind, n);
    leg->sdp = p;
    leg->audio = s->media;
    return SDP_OK;
}

/* A key for what may be agreed anew; one in force is kept by the session. */
static void key_renew(struct ua_leg *leg)
{
    if (leg->local.srtp == SDP_SRTP_OFF)
        return;
    for (size_t at = 0; at < MEDIA_KEY_MAX; at += sizeof(uint64_t)) {
        uint64_t r = ua_random();
        size_t left = MEDIA_KEY_MAX - at;

        memcpy(leg->local.key + at, &r, left < sizeof(r) ? left : sizeof(r));
    }
}

typedef enum sdp_error take(struct sdp_session *s, const struct sdp_local *l,
                            const char *body, size_t len);

static enum sdp_error apply(struct ua_leg *leg, take *f, const sip_t *sip)
{
    const sip_payload_t *pl = sip->sip_payload;
    struct sdp_session s;
    enum sdp_error e;

    unpack(leg, &s);
    if (!s.offering) /* else the key that was offered holds */
        key_renew(leg);
    e = f(&s, &leg->local, pl ? pl->pl_data : "", pl ? pl->pl_len : 0);
    if (e == SDP_OK)
        e = pack(leg, &s);
    explicit_bzero(&s, sizeof(s));
    return e;
}

enum sdp_error ua_sdp_answer(struct ua_leg *leg, const sip_t *sip)
{
    return apply(leg, sdp_answer, sip);
}

enum sdp_error ua_sdp_accept(struct ua_leg *leg, const sip_t *sip)
{
    return apply(leg, sdp_accept, sip);
}

enum sdp_error ua_sdp_preview(struct ua_leg *leg, const sip_t *sip)
{
    const sip_payload_t *pl = sip->sip_payload;
    struct sdp_session s;
    enum sdp_error e;

    unpack(leg, &s);
    e = sdp_accept(&s, &leg->local, pl ? pl->pl_data : "",
                   pl ? pl->pl_len : 0);
    if (e == SDP_OK)
        leg->audio = s.media;
    explicit_bzero(&s, sizeof(s));
    return e;
}

enum sdp_error ua_sdp_offer(struct ua_leg *leg)
{
    struct sdp_session s;
    enum sdp_error e;

    key_renew(leg);
    unpack(leg, &s);
    e = sdp_offer(&s, &leg->local);
    if (e == SDP_OK)
        e = pack(leg, &s);
    explicit_bzero(&s, sizeof(s));
    return e;
}

void ua_sdp_withdraw(struct ua_leg *leg)
{
    struct sdp_session s;

    unpack(leg, &s);
    sdp_withdraw(&s);
    pack(leg, &s);
    explicit_bzero(&s, sizeof(s));
}

const char *ua_sdp_text(const struct ua_leg *leg)
{
    return leg->sdp ? leg->sdp->rest : "";
}

bool ua_has_body(const sip_t *sip)
{
    return sip->sip_payload && sip->sip_payload->pl_len;
}
