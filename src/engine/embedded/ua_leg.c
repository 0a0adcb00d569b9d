#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/report.h"
#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"
#include "engine/sdp/sdes.h"

static const char *const end_names[] = {
    [ENGINE_END_HANGUP] = "hangup",   [ENGINE_END_REFUSED] = "refused",
    [ENGINE_END_TIMEOUT] = "timeout", [ENGINE_END_TRANSPORT] = "transport",
    [ENGINE_END_SILENT] = "silent",   [ENGINE_END_LOCAL] = "local",
    [ENGINE_END_ENGINE] = "engine",
};

enum {
    BYE_AGAIN_MS = 2000,
    BYES_MAX = 30, /* a minute: connections come back */
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

void ua_leg_free(struct ua_leg *leg)
{
    if (leg->state != UA_ENDING)
        ua_leg_gone(leg, ENGINE_END_ENGINE, 0, 0, "");
    leg_table_remove(leg->ua->legs, leg->number);
    ua_request_free_all(leg);
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
    ua_sdp_free(leg);
    explicit_bzero(leg, sizeof(*leg)); /* keys of both sides */
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

static void bye_send(struct ua_leg *leg);

static void bye_again_h(void *arg)
{
    bye_send(arg);
}

/* Where the connection to the trunk broke, it is opened anew: without the BYE
   the call would go on over there, and cost. */
static void bye_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                  const sip_t *sip)
{
    if (ua_request_unsent(leg, status, sip) && ++leg->byes < BYES_MAX)
        ua_timer(leg->ua, &leg->session_timer, BYE_AGAIN_MS, bye_again_h, leg);
    else
        ua_leg_free(leg);
}

static void bye_send(struct ua_leg *leg)
{
    if (ua_leg_request(leg, bye_h, SIP_METHOD_BYE,
                       TAG_IF(*leg->reason, SIPTAG_REASON_STR(leg->reason)),
                       TAG_END()))
        ua_leg_free(leg);
}

void ua_leg_bye(struct ua_leg *leg)
{
    if (leg->leaving)
        return;
    leg->leaving = true;
    bye_send(leg);
}

void ua_leg_cut_h(void *record, void *arg)
{
    struct ua_leg *leg = record;

    if (!ua_side_is_trunk(leg->side))
        return;
    if (leg->invite_out) {
        ua_leg_gone(leg, ENGINE_END_TRANSPORT, 503, 0, "");
        ua_leg_free(leg);
    } else {
        ua_request_lost_all(leg->ua, leg->number);
    }
}

void ua_leg_moved_h(void *record, void *arg)
{
    struct ua_leg *leg = record;
    struct sockaddr_storage home;

    if (!ua_side_is_trunk(leg->side) || !trunk_home(leg->ua->trunk, &home))
        return;
    ua_side_contact(leg->side, (struct sockaddr *)&home, true, leg->contact);
    ua_timer_refresh(leg);
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
