/* INVITE to one contact, or through the trunk, until its final response
   (RFC 3261 section 13.2). Never forked, never redirected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"

enum { HEADERS_MAX = 16384 }; /* bytes of the headers given with a dial */

/** An INVITE that may have to be sent again with credentials. */
struct ua_invite {
    char uri[REGISTRAR_URI_SIZE];
    char *headers; /* lines, or NULL */
    struct sockaddr_storage to;
    struct trunk_auth auth;
};

_Static_assert((int)REGISTRAR_URI_SIZE >= (int)TRUNK_URI_SIZE, "fits");

void ua_uac_invite_free(struct ua_invite *inv)
{
    if (!inv)
        return;
    free(inv->headers);
    free(inv);
}

/* What the new leg may speak; the codec of the leg that it is for lets audio
   pass through as it comes. */
static void codecs_for(struct ua_leg *leg, const struct ua_leg *peer)
{
    bool known = peer && peer->audio.remote.ss_family;
    const enum media_codec *other = known ? &peer->audio.format.codec : NULL;

    if (leg->side->which == ENGINE_INTERNAL) {
        codec_policy_jigasi(&leg->ua->codecs, other, &leg->local);
        return;
    }
    codec_policy_phone(&leg->ua->codecs, &leg->local);
    if (other)
        codec_policy_first(&leg->local, *other);
}

/* The headers as text; NULL when there are none or memory ran out. One that
   could break out of its line is left out. */
static char *header_lines(struct ua_leg *leg, const struct command *c)
{
    size_t size = 1, n = 0;
    char *text;

    for (size_t i = 0; i < c->n_headers; i++)
        size += strlen(c->headers[i].name) + strlen(c->headers[i].value) + 4;
    if (size == 1 || size > HEADERS_MAX)
        return NULL;
    text = malloc(size);
    for (size_t i = 0; text && i < c->n_headers; i++) {
        const struct engine_header *h = &c->headers[i];

        if (!header_token_ok(h->name) || !header_text_ok(h->value)) {
            log_line(leg->ua->log, LOG_WARN, leg->call,
                     "header %s left out: its name or value is not fit for "
                     "SIP",
                     h->name);
            continue;
        }
        n += (size_t)snprintf(text + n, size - n, "%s: %s\r\n", h->name,
                              h->value);
    }
    if (n == 0) {
        free(text);
        return NULL;
    }
    return text;
}

void ua_uac_ack(struct ua_leg *leg, uint32_t cseq)
{
    sip_cseq_t cs[1];
    nta_outgoing_t *ack;
    char branch[40];

    sip_cseq_init(cs);
    cs->cs_seq = cseq;
    cs->cs_method = sip_method_ack;
    cs->cs_method_name = sip_method_name_ack;
    /* nta finds a 200 that is sent again by the INVITE's branch. */
    if (leg->invite_out && nta_outgoing_branch(leg->invite_out))
        snprintf(branch, sizeof(branch), "%s",
                 nta_outgoing_branch(leg->invite_out));
    else
        snprintf(branch, sizeof(branch), "z9hG4bK%016llx",
                 (unsigned long long)ua_random());
    ack = nta_outgoing_tcreate(leg->dialog, NULL, NULL, ua_leg_route(leg),
                               SIP_METHOD_ACK, NULL, SIPTAG_CSEQ(cs),
                               NTATAG_ACK_BRANCH(branch), TAG_END());
    if (ack)
        nta_outgoing_destroy(ack); /* it goes on catching such 200s */
}

static void answered(struct ua_leg *leg, const sip_t *sip)
{
    const struct engine_event ev = {
        .type = ENGINE_ANSWERED,
        .leg = leg->number,
    };
    enum sdp_error e = SDP_MISMATCH;

    nta_leg_rtag(leg->dialog, sip->sip_to->a_tag);
    nta_leg_client_route(leg->dialog, sip->sip_record_route, sip->sip_contact);
    if ((leg->trunk || sip->sip_record_route) && !ua_side_is_tls(leg->side))
        *leg->route = '\0';
    leg->can_update =
        sip->sip_allow && sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
    ua_uac_ack(leg, sip->sip_cseq->cs_seq);
    nta_outgoing_destroy(leg->invite_out);
    leg->invite_out = NULL;
    ua_uac_invite_free(leg->invite);
    leg->invite = NULL;
    if (leg->state == UA_ENDING) {
        ua_leg_bye(leg);
        return;
    }
    if (sip->sip_payload)
        e = ua_sdp_accept(leg, sip);
    if (e != SDP_OK) {
        log_line(leg->ua->log, LOG_WARN, leg->call,
                 "ended: the answer to our INVITE was refused: %s",
                 sdp_error_info(e)->text);
        ua_leg_gone(leg, ENGINE_END_REFUSED, 488, 0, "");
        ua_leg_bye(leg);
        return;
    }
    leg->state = UA_UP;
    ua_leg_media(leg);
    ua_leg_watch(leg);
    ua_tell(leg->ua, &ev);
}

static void refused(struct ua_leg *leg, int status, const sip_t *sip)
{
    bool ours = !sip || nta_sip_is_internal(sip);
    char text[HEADER_TEXT_MAX];
    unsigned cause;

    ua_leg_reason(sip, &cause, text, sizeof(text));
    if (!cause && !*text && sip && !ours)
        header_display_get(sip->sip_status->st_phrase, text, sizeof(text));
    if (ours && status == 408)
        ua_leg_gone(leg, ENGINE_END_TIMEOUT, 408, 0, "");
    else if (ours)
        ua_leg_gone(leg, ENGINE_END_TRANSPORT, 503, 0, "");
    else
        ua_leg_gone(leg, ENGINE_END_REFUSED, (unsigned)status, cause, text);
    ua_leg_free(leg);
}

void ua_uac_cancel(struct ua_leg *leg)
{
    /* nta could hold it back for us, but falls over a response to a CANCEL
       that it has not sent. */
    leg->cancel = !leg->proceeding;
    if (leg->proceeding)
        nta_outgoing_tcancel(
            leg->invite_out, NULL, NULL,
            TAG_IF(*leg->reason, SIPTAG_REASON_STR(leg->reason)), TAG_END());
}

static int invite_h(void *magic, nta_outgoing_t *orq, const sip_t *sip);

static int send_invite(struct ua_leg *leg)
{
    struct ua_invite *inv = leg->invite;
    char authorization[DIGEST_CLIENT_ANSWER_SIZE + 32] = "";

    if (leg->trunk)
        trunk_authorize(leg->ua->trunk, &inv->auth, "INVITE", inv->uri,
                        authorization);
    leg->invite_out = nta_outgoing_tcreate(
        leg->dialog, invite_h, leg, ua_url(leg->route), SIP_METHOD_INVITE,
        ua_url(inv->uri), SIPTAG_CONTACT_STR(leg->contact),
        SIPTAG_ALLOW_STR(UA_ALLOW), SIPTAG_USER_AGENT_STR(UA_AGENT),
        TAG_IF(*authorization, SIPTAG_HEADER_STR(authorization)),
        TAG_IF(inv->headers, SIPTAG_HEADER_STR(inv->headers)),
        SIPTAG_CONTENT_TYPE_STR("application/sdp"),
        SIPTAG_PAYLOAD_STR(ua_sdp_text(leg)), TAG_END());
    return leg->invite_out ? 0 : ENOMEM;
}

/* The trunk asks who we are: the INVITE is sent again (RFC 3261 section
   22.2). */
static bool sent_again(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                       const sip_t *sip)
{
    struct ua_invite *inv = leg->invite;

    if (!leg->trunk || (status != 401 && status != 407) ||
        leg->state != UA_CALLING ||
        !trunk_challenged(leg->ua->trunk, &inv->auth,
                          (const struct sockaddr *)&inv->to, orq, sip))
        return false;
    leg->proceeding = false;
    if (send_invite(leg)) {
        leg->invite_out = orq;
        return false;
    }
    nta_outgoing_destroy(orq);
    return true;
}

/* The first time, and the first time that there is audio with it; that may
   come from elsewhere later. */
static void rings(struct ua_leg *leg, const sip_t *sip)
{
    bool early = ua_has_body(sip) && ua_sdp_preview(leg, sip) == SDP_OK;
    const struct engine_event ev = {
        .type = ENGINE_RINGING,
        .leg = leg->number,
        .ringing = {early},
    };

    if (early)
        ua_leg_media(leg);
    if (!leg->ringing || (early && !leg->early))
        ua_tell(leg->ua, &ev);
    leg->ringing = true;
    leg->early |= early;
}

static int invite_h(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
    struct ua_leg *leg = magic;
    int status = nta_outgoing_status(orq);

    if (status >= 300) {
        if (!sent_again(leg, orq, status, sip))
            refused(leg, status, sip);
        return 0;
    }
    if (status >= 200) {
        answered(leg, sip);
        return 0;
    }
    leg->proceeding = true;
    if (leg->cancel)
        ua_uac_cancel(leg);
    if (status >= 180 && status < 190 && leg->state == UA_CALLING)
        rings(leg, sip);
    return 0;
}

/* ---- whom to call ---- */

struct callee {
    struct ua_side *side;
    struct sockaddr_storage to;
    bool tcp;
    const char *uri;
    const char *from; /* URI */
    struct trunk_target trunk;
    char ours[HEADER_URI_MAX];
};

static int find_contact(struct callee *ce, struct ua *ua,
                        const struct command *c)
{
    const struct registrar_binding *b =
        registrar_find(ua->registrar, c->contact);

    if (!b) {
        log_line(ua->log, LOG_WARN, c->call,
                 "not dialled: contact %s is not registered any more",
                 c->contact);
        return ENOTCONN;
    }
    ce->side = ua_side_of(ua, b);
    ce->to = b->source;
    ce->tcp = b->transport != REGISTRAR_UDP;
    ce->uri = b->uri;
    snprintf(ce->ours, sizeof(ce->ours), "sip:jigate@%s", ua->cfg->sip_domain);
    ce->from = ce->ours;
    return 0;
}

static int find_number(struct callee *ce, struct ua *ua,
                       const struct command *c)
{
    int err = trunk_find(ua->trunk, &ce->trunk, c->number, c->caller_number);

    if (err) {
        log_line(ua->log, LOG_WARN, c->call, "not dialled: %s",
                 err == EINVAL ? "the number is none"
                 : ua->trunk   ? "the trunk is not registered"
                               : "there is no trunk; set SIPGW_SIP_PASSWORD");
        return err;
    }
    ce->side = ce->trunk.side;
    ce->to = ce->trunk.to;
    ce->tcp = ce->trunk.tcp;
    ce->uri = ce->trunk.uri;
    ce->from = ce->trunk.from;
    return 0;
}

static int invite(struct ua_leg *leg, const struct command *c,
                  const struct callee *ce)
{
    char from[HEADER_URI_MAX + 2 * HEADER_NAME_MAX];
    char to[REGISTRAR_URI_SIZE + 2];
    char name[2 * HEADER_NAME_MAX];

    leg->invite = calloc(1, sizeof(*leg->invite));
    if (!leg->invite)
        return ENOMEM;
    leg->trunk = c->target == ENGINE_TO_TRUNK;
    leg->invite->headers = header_lines(leg, c);
    leg->invite->to = ce->to;
    snprintf(leg->invite->uri, sizeof(leg->invite->uri), "%s", ce->uri);
    header_quote(c->name, name, sizeof(name));
    snprintf(from, sizeof(from), "%s <%s>", *c->name ? name : "", ce->from);
    snprintf(to, sizeof(to), "<%s>", ce->uri);
    leg->dialog =
        nta_leg_tcreate(leg->side->agent, ua_dialog_request_h, leg,
                        SIPTAG_FROM_STR(from), SIPTAG_TO_STR(to), TAG_END());
    if (!leg->dialog || !nta_leg_tag(leg->dialog, NULL))
        return ENOMEM;
    return send_invite(leg);
}

static void tell_not_sent(struct ua *ua, const struct command *c)
{
    const struct engine_event ev = {
        .type = ENGINE_GONE,
        .leg = c->leg,
        .gone = {.end = ENGINE_END_TRANSPORT,
                 .status = 503,
                 .reason = "",
                 .call = c->call},
    };

    ua_tell(ua, &ev);
}

void ua_uac_dial(struct ua *ua, const struct command *c)
{
    struct callee ce = {.side = NULL};
    struct ua_leg *leg;
    const struct sockaddr *to = (const struct sockaddr *)&ce.to;
    int err = c->target == ENGINE_TO_TRUNK ? find_number(&ce, ua, c)
                                           : find_contact(&ce, ua, c);

    if (err || ua->stopping ||
        ua_leg_alloc(&leg, ce.side, c->leg, c->call, UA_CALLING)) {
        tell_not_sent(ua, c);
        return;
    }
    leg->told = true;
    ua_side_route(leg->side, to, ce.tcp, leg->route);
    ua_side_contact(leg->side, to, ce.tcp, leg->contact);
    codecs_for(leg, leg_table_find(ua->legs, c->peer));
    if (ua_leg_open_media(leg, to) || ua_sdp_offer(leg) != SDP_OK ||
        invite(leg, c, &ce)) {
        ua_leg_gone(leg, ENGINE_END_TRANSPORT, 503, 0, "");
        ua_leg_free(leg);
        return;
    }
    log_line(ua->log, LOG_DEBUG, leg->call, "dialling uri=%s route=%s", ce.uri,
             leg->route);
}
