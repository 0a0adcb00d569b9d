#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/report.h"
#include "engine/embedded/sdes.h"
#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"

static const char *const end_names[] = {
    [ENGINE_END_HANGUP] = "hangup",   [ENGINE_END_REFUSED] = "refused",
    [ENGINE_END_TIMEOUT] = "timeout", [ENGINE_END_TRANSPORT] = "transport",
    [ENGINE_END_SILENT] = "silent",   [ENGINE_END_LOCAL] = "local",
    [ENGINE_END_ENGINE] = "engine",
};

/** A request of ours in a dialog, until its final response. */
struct ua_request {
    struct ua_request *next;
    struct ua_leg *leg;
    nta_outgoing_t *orq;
    ua_response_h *h;
};

int ua_leg_alloc(struct ua_leg **lp, struct ua_side *side, engine_leg number,
                 const char *call, enum ua_state state)
{
    struct ua_leg *leg = calloc(1, sizeof(*leg));
    int err;

    if (!leg)
        return ENOMEM;
    leg->ua = side->ua;
    leg->side = side;
    leg->number = number;
    leg->state = state;
    leg->fixed = state == UA_CALLING;
    snprintf(leg->call, sizeof(leg->call), "%s", call);
    err = report_reserve(&leg->last);
    if (!err)
        err = leg_table_add(side->ua->legs, number, leg);
    if (err) {
        report_free(leg->last);
        free(leg);
        return err;
    }
    *lp = leg;
    return 0;
}

static void free_requests(struct ua_leg *leg)
{
    while (leg->requests) {
        struct ua_request *rq = leg->requests;

        leg->requests = rq->next;
        nta_outgoing_destroy(rq->orq);
        free(rq);
    }
}

void ua_leg_free(struct ua_leg *leg)
{
    if (leg->state != UA_ENDING)
        ua_leg_gone(leg, ENGINE_END_ENGINE, 0, 0, "");
    leg_table_remove(leg->ua->legs, leg->number);
    free_requests(leg);
    if (leg->invite_in)
        nta_incoming_destroy(leg->invite_in);
    if (leg->invite_out)
        nta_outgoing_destroy(leg->invite_out);
    if (leg->dialog)
        nta_leg_destroy(leg->dialog);
    timer_stop(&leg->session_timer);
    timer_stop(&leg->probe_timer);
    ua_uac_invite_free(leg->invite);
    report_free(leg->last);
    free(leg->sdp);
    explicit_bzero(&leg->local.key, sizeof(leg->local.key));
    free(leg);
}

static void srtp_prepare(struct ua_leg *leg)
{
    leg->local.srtp = leg->side->srtp;
    leg->local.offer_keys = ua_side_is_tls(leg->side);
}

int ua_leg_open_media(struct ua_leg *leg, const struct sockaddr *peer)
{
    uint16_t port;
    int err = media_stream_open(leg->ua->media, leg->number, leg->side->which,
                                &port);

    if (err) {
        log_line(leg->ua->log, LOG_WARN, leg->call,
                 "no RTP port on the %s side: %s; widen %s",
                 leg->side->which == ENGINE_EXTERNAL ? "external" : "internal",
                 strerror(err),
                 leg->side->which == ENGINE_EXTERNAL
                     ? "FREESWITCH_RTP_START_PORT to _END_PORT"
                     : "JIGATE_INTERNAL_RTP_START_PORT to _END_PORT");
        return err;
    }
    srtp_prepare(leg);
    /* Bound to the address of the side, but told as advertised. */
    return address_read(&leg->local.address, ua_side_address(leg->side, peer),
                        port);
}

void ua_leg_media(struct ua_leg *leg)
{
    if (leg->audio.crypto.suite != MEDIA_PLAIN)
        log_line(leg->ua->log, LOG_DEBUG, leg->call,
                 "audio encrypted side=%s suite=%s",
                 leg->side->which == ENGINE_EXTERNAL ? "external" : "internal",
                 sdes_suite_name(leg->audio.crypto.suite));
    media_stream_session(leg->ua->media, leg->number, &leg->audio);
}

void ua_leg_watch(struct ua_leg *leg)
{
    uint32_t ms = leg->side->which == ENGINE_INTERNAL
                      ? UA_JIGASI_SILENCE_MS
                      : leg->ua->cfg->media_timeout_s * 1000;

    media_stream_watch(leg->ua->media, leg->number, ms);
}

void ua_leg_gone(struct ua_leg *leg, enum engine_end end, unsigned status,
                 unsigned cause, const char *reason)
{
    struct engine_event ev = {
        .type = ENGINE_GONE,
        .leg = leg->number,
        .gone = {.end = end,
                 .status = status,
                 .cause = cause,
                 .reason = reason,
                 .call = leg->call,
                 .side = leg->side->which},
    };

    if (leg->state == UA_ENDING)
        return;
    leg->state = UA_ENDING;
    timer_stop(&leg->session_timer);
    timer_stop(&leg->probe_timer);
    media_stream_quality(leg->ua->media, leg->number, &ev.gone.quality);
    media_stream_close(leg->ua->media, leg->number);
    if (!leg->told)
        return;
    log_line(leg->ua->log, LOG_DEBUG, leg->call,
             "leg gone side=%s end=%s status=%u cause=%u reason=%s",
             leg->side->which == ENGINE_EXTERNAL ? "external" : "internal",
             end_names[end], status, cause, log_quoted(slice_of(reason)).text);
    report_reserved(leg->ua->out, leg->last, &ev);
    leg->last = NULL;
}

void ua_leg_reason(const sip_t *sip, unsigned *cause, char *text, size_t size)
{
    const sip_reason_t *r = sip ? sip->sip_reason : NULL;
    uint64_t n;

    *cause = 0;
    *text = '\0';
    while (r && (!r->re_protocol || strcasecmp(r->re_protocol, "SIP") != 0))
        r = r->re_next;
    if (!r)
        return;
    if (r->re_cause && !slice_to_u64(slice_of(r->re_cause), 0, 999, &n))
        *cause = (unsigned)n;
    header_display_get(r->re_text, text, size);
}

static int response_h(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
    struct ua_request *rq = magic, **slot;
    struct ua_leg *leg = rq->leg;
    ua_response_h *h = rq->h;
    int status = nta_outgoing_status(orq);

    if (status < 200)
        return 0;
    for (slot = &leg->requests; *slot != rq; slot = &(*slot)->next)
        ;
    *slot = rq->next;
    free(rq);
    if (h)
        h(leg, orq, status, sip);
    nta_outgoing_destroy(orq);
    return 0;
}

int ua_leg_request(struct ua_leg *leg, ua_response_h *h, sip_method_t method,
                   const char *name, tag_type_t tag, tag_value_t value, ...)
{
    struct ua_request *rq = calloc(1, sizeof(*rq));
    tagi_t *tags;
    va_list ap;

    if (!rq)
        return ENOMEM;
    rq->leg = leg;
    rq->h = h;
    va_start(ap, value);
    tags = tl_vlist2(tag, value, ap);
    va_end(ap);
    rq->orq = nta_outgoing_tcreate(
        leg->dialog, response_h, rq, *leg->route ? ua_url(leg->route) : NULL,
        method, name, NULL, SIPTAG_USER_AGENT_STR(UA_AGENT), TAG_NEXT(tags));
    tl_vfree(tags);
    if (!rq->orq) {
        free(rq);
        return ENOMEM;
    }
    rq->next = leg->requests;
    leg->requests = rq;
    return 0;
}

static int bye_send(struct ua_leg *leg, const char *credentials);

/* The trunk asks who we are even for a BYE: without an answer the call would
   go on there, and cost (RFC 3261 section 22.2). */
static bool bye_again(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                      const sip_t *sip)
{
    char line[DIGEST_CLIENT_ANSWER_SIZE + 32];
    struct trunk_auth auth = {0};
    struct sockaddr_storage home;
    bool sent = false;
    msg_t *msg;

    if (!leg->trunk || leg->bye_authorized ||
        (status != 401 && status != 407) ||
        !trunk_home(leg->ua->trunk, &home) ||
        !trunk_challenged(leg->ua->trunk, &auth,
                          (const struct sockaddr *)&home, orq, sip))
        return false;
    leg->bye_authorized = true;
    msg = nta_outgoing_getrequest(orq);
    if (msg) {
        const char *uri =
            url_as_string(msg_home(msg), sip_object(msg)->sip_request->rq_url);

        if (uri) {
            trunk_authorize(leg->ua->trunk, &auth, "BYE", uri, line);
            sent = bye_send(leg, line) == 0;
        }
        msg_destroy(msg);
    }
    return sent;
}

static void bye_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                  const sip_t *sip)
{
    if (!bye_again(leg, orq, status, sip))
        ua_leg_free(leg);
}

static int bye_send(struct ua_leg *leg, const char *credentials)
{
    return ua_leg_request(leg, bye_h, SIP_METHOD_BYE,
                          TAG_IF(*leg->reason, SIPTAG_REASON_STR(leg->reason)),
                          TAG_IF(*credentials, SIPTAG_HEADER_STR(credentials)),
                          TAG_END());
}

void ua_leg_bye(struct ua_leg *leg)
{
    if (leg->leaving)
        return;
    leg->leaving = true;
    if (bye_send(leg, ""))
        ua_leg_free(leg);
}

void ua_leg_hangup(struct ua_leg *leg, unsigned cause, const char *text)
{
    enum ua_state state = leg->state;

    if (cause)
        header_reason_put(cause, text, leg->reason, sizeof(leg->reason));
    switch (state) {
    case UA_OFFERED:
        ua_uas_reject(leg, 480, "", 0);
        break;
    case UA_CALLING:
        ua_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
        ua_uac_cancel(leg);
        break;
    case UA_ANSWERING:
        /* BYE must wait for the ACK (RFC 3261 section 15). */
        ua_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
        break;
    case UA_UP:
        ua_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
        ua_leg_bye(leg);
        break;
    case UA_ENDING:
        break;
    }
}
