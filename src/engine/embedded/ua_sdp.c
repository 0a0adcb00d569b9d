/* Offer and answer of a leg. A session is large, for it holds what was said
   last in a buffer for the largest; a leg keeps it without that room. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/ua.h"

/** struct sdp_session as it lies in a leg: what is before text, what is
 *  behind it, then text itself as long as it is. */
struct ua_sdp {
    char before[offsetof(struct sdp_session, text)];
    char behind[sizeof(struct sdp_session) -
                offsetof(struct sdp_session, text_len)];
    char text[];
};

static void unpack(const struct ua_leg *leg, struct sdp_session *s)
{
    const struct ua_sdp *p = leg->sdp;

    if (!p) {
        sdp_session_init(s, leg->number ^ leg->ua->session_id);
        return;
    }
    memcpy(s, p->before, sizeof(p->before));
    memcpy(&s->text_len, p->behind, sizeof(p->behind));
    memcpy(s->text, p->text, s->text_len + 1);
}

static enum sdp_error pack(struct ua_leg *leg, const struct sdp_session *s)
{
    struct ua_sdp *p = realloc(leg->sdp, sizeof(*p) + s->text_len + 1);

    if (!p)
        return SDP_ROOM;
    memcpy(p->before, s, sizeof(p->before));
    memcpy(p->behind, &s->text_len, sizeof(p->behind));
    memcpy(p->text, s->text, s->text_len);
    p->text[s->text_len] = '\0';
    leg->sdp = p;
    leg->audio = s->media;
    return SDP_OK;
}

typedef enum sdp_error take(struct sdp_session *s, const struct sdp_local *l,
                            const char *body, size_t len);

static enum sdp_error apply(struct ua_leg *leg, take *f, const sip_t *sip)
{
    const sip_payload_t *pl = sip->sip_payload;
    struct sdp_session s;
    enum sdp_error e;

    unpack(leg, &s);
    e = f(&s, &leg->local, pl ? pl->pl_data : "", pl ? pl->pl_len : 0);
    return e == SDP_OK ? pack(leg, &s) : e;
}

enum sdp_error ua_sdp_answer(struct ua_leg *leg, const sip_t *sip)
{
    return apply(leg, sdp_answer, sip);
}

enum sdp_error ua_sdp_accept(struct ua_leg *leg, const sip_t *sip)
{
    return apply(leg, sdp_accept, sip);
}

enum sdp_error ua_sdp_offer(struct ua_leg *leg)
{
    struct sdp_session s;
    enum sdp_error e;

    unpack(leg, &s);
    e = sdp_offer(&s, &leg->local);
    return e == SDP_OK ? pack(leg, &s) : e;
}

void ua_sdp_withdraw(struct ua_leg *leg)
{
    struct sdp_session s;

    unpack(leg, &s);
    sdp_withdraw(&s);
    pack(leg, &s);
}

const char *ua_sdp_text(const struct ua_leg *leg)
{
    return leg->sdp ? leg->sdp->text : "";
}

bool ua_has_body(const sip_t *sip)
{
    return sip->sip_payload && sip->sip_payload->pl_len;
}
