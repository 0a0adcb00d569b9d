/* Requests inside a dialog (RFC 3261 section 12.2.2). A change of the session
   is answered here and not passed on to the other leg: Jigasi knows no hold,
   and what it would say of a new offer is decided already. The audio threads
   stop and resume toward a held side; the other leg stays as it is. */
#include <string.h>

#include "engine/embedded/ua.h"

/* Whether the far side's Contact can be reached as it stands: an address
   equal to the one that its requests come from. Behind NAT, with a host
   name, or on a connection that only it can open, it is not. */
static bool reachable(const sip_t *sip, const struct sockaddr *from)
{
    const url_t *url = sip->sip_contact ? sip->sip_contact->m_url : NULL;
    char ip[ADDRESS_IP_SIZE], bracketed[ADDRESS_IP_SIZE + 2];
    char transport[16] = "";

    if (!url || !url->url_host)
        return false;
    address_ip(from, ip);
    snprintf(bracketed, sizeof(bracketed), "[%s]", ip);
    if (strcmp(url->url_host, ip) != 0 &&
        strcasecmp(url->url_host, bracketed) != 0)
        return false;
    if (url->url_params)
        url_param(url->url_params, "transport", transport, sizeof(transport));
    return !ua_is_tcp(sip) || strcasecmp(transport, "tcp") == 0;
}

void ua_dialog_target(struct ua_leg *leg, msg_t *msg, const sip_t *sip)
{
    const struct sockaddr *from = ua_source(msg);

    bool tls = ua_side_is_tls(leg->side);

    nta_leg_server_route(leg->dialog, sip->sip_record_route, sip->sip_contact);
    leg->fixed = sip->sip_record_route && !tls;
    if (leg->fixed || (!tls && reachable(sip, from)))
        *leg->route = '\0';
    else
        ua_side_route(leg->side, from, ua_is_tcp(sip), leg->route);
    if (sip->sip_allow)
        leg->can_update = sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
}

/* What a target refresh may change is the Contact, and where a phone behind
   NAT is now; the route set stays (RFC 3261 section 12.2). */
static void refresh_target(struct ua_leg *leg, nta_incoming_t *irq,
                           const sip_t *sip)
{
    msg_t *msg;

    if (!sip->sip_contact)
        return;
    if (leg->fixed) {
        nta_leg_server_route(leg->dialog, NULL, sip->sip_contact);
        return;
    }
    msg = nta_incoming_getrequest(irq);
    if (msg) {
        ua_dialog_target(leg, msg, sip);
        msg_destroy(msg);
    }
}

static int bye(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    char text[HEADER_TEXT_MAX];
    unsigned cause;

    ua_leg_reason(sip, &cause, text, sizeof(text));
    nta_incoming_treply(irq, SIP_200_OK, SIPTAG_SERVER_STR(UA_AGENT),
                        TAG_END());
    if (leg->state == UA_OFFERED)
        nta_incoming_treply(leg->invite_in, SIP_487_REQUEST_TERMINATED,
                            TAG_END());
    ua_leg_gone(leg, ENGINE_END_HANGUP, 0, cause, text);
    /* A 200 of ours that the far side did not acknowledge before its BYE
       needs no ACK any more. */
    ua_leg_free(leg);
    return 200;
}

void ua_dialog_keep_codec(struct ua_leg *leg)
{
    leg->local.ours_first = true;
    codec_policy_first(&leg->local, leg->audio.format.codec);
}

/* Take a later offer, or make one where none came. Refuses on failure. */
static bool take_later_offer(struct ua_leg *leg, nta_incoming_t *irq,
                             const sip_t *sip)
{
    const struct sdp_error_info *info;
    bool offerless = !ua_has_body(sip);
    enum sdp_error e;

    ua_dialog_keep_codec(leg);
    if (offerless)
        e = ua_sdp_offer(leg);
    else
        e = ua_sdp_answer(leg, sip);
    if (e != SDP_OK) {
        info = sdp_error_info(e);
        log_line(leg->ua->log, LOG_WARN, leg->call,
                 "change of the call refused with %u: %s", info->status,
                 info->text);
        nta_incoming_treply(irq, (int)info->status,
                            sip_status_phrase((int)info->status), TAG_END());
        return false;
    }
    leg->offerless = offerless;
    if (!offerless) {
        log_line(leg->ua->log, LOG_DEBUG, leg->call,
                 "audio changed send=%d receive=%d", leg->audio.send,
                 leg->audio.receive);
        ua_leg_media(leg);
    }
    return true;
}

static void reply_with_session(struct ua_leg *leg, nta_incoming_t *irq,
                               bool sdp)
{
    char expires[32];
    bool require = ua_timer_header(leg, expires, sizeof(expires));

    ua_timer_run(leg);
    nta_incoming_treply(
        irq, SIP_200_OK, SIPTAG_CONTACT_STR(leg->contact),
        SIPTAG_ALLOW_STR(UA_ALLOW), SIPTAG_SUPPORTED_STR(UA_SUPPORTED),
        SIPTAG_SERVER_STR(UA_AGENT),
        TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
        TAG_IF(sdp, SIPTAG_PAYLOAD_STR(ua_sdp_text(leg))),
        TAG_IF(*expires, SIPTAG_SESSION_EXPIRES_STR(expires)),
        TAG_IF(require, SIPTAG_REQUIRE_STR("timer")), TAG_END());
}

/* Two offers must not cross (RFC 3261 section 14, RFC 3311 section 5.2). */
static int in_the_way(struct ua_leg *leg, nta_incoming_t *irq)
{
    if (leg->invite_out || leg->reinviting) {
        nta_incoming_treply(irq, SIP_491_REQUEST_PENDING, TAG_END());
        return 491;
    }
    if (leg->state != UA_UP || leg->invite_in) {
        nta_incoming_treply(irq, SIP_500_INTERNAL_SERVER_ERROR,
                            SIPTAG_RETRY_AFTER_STR("3"), TAG_END());
        return 500;
    }
    return 0;
}

static bool too_brief(nta_incoming_t *irq, const sip_t *sip)
{
    if (!ua_timer_too_brief(sip))
        return false;
    nta_incoming_treply(irq, SIP_422_SESSION_TIMER_TOO_SMALL,
                        SIPTAG_MIN_SE_STR(UA_MIN_SE), TAG_END());
    return true;
}

static int reinvite(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    int status = in_the_way(leg, irq);

    if (status)
        return status;
    if (too_brief(irq, sip))
        return 422;
    if (!take_later_offer(leg, irq, sip))
        return 488;
    ua_timer_receive(leg, sip);
    refresh_target(leg, irq, sip);
    leg->invite_in = irq;
    nta_incoming_bind(irq, ua_uas_ack_h, leg);
    reply_with_session(leg, irq, true);
    return 0;
}

static int update(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    bool sdp = ua_has_body(sip);
    int status = sdp ? in_the_way(leg, irq) : 0;

    if (status)
        return status;
    if (too_brief(irq, sip))
        return 422;
    if (sdp && !take_later_offer(leg, irq, sip))
        return 488;
    ua_timer_receive(leg, sip);
    refresh_target(leg, irq, sip);
    reply_with_session(leg, irq, sdp);
    return 200;
}

static int options(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    nta_incoming_treply(irq, SIP_200_OK, SIPTAG_ALLOW_STR(UA_ALLOW),
                        SIPTAG_ACCEPT_STR("application/sdp"),
                        SIPTAG_SUPPORTED_STR(UA_SUPPORTED),
                        SIPTAG_SERVER_STR(UA_AGENT), TAG_END());
    return 200;
}

static int ack(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    return 200; /* late or not awaited; never answered */
}

static int refer(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    return 403;
}

static const struct {
    sip_method_t method;
    int (*h)(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip);
} methods[] = {
    {sip_method_invite, reinvite}, {sip_method_update, update},
    {sip_method_bye, bye},         {sip_method_info, ua_info_received},
    {sip_method_options, options}, {sip_method_ack, ack},
    {sip_method_refer, refer},
};

int ua_dialog_request_h(struct ua_leg *leg, nta_leg_t *dialog,
                        nta_incoming_t *irq, const sip_t *sip)
{
    sip_method_t method = sip->sip_request->rq_method;

    if (method != sip_method_ack &&
        nta_check_required(irq, sip, leg->ua->supported,
                           SIPTAG_SERVER_STR(UA_AGENT), TAG_END()))
        return 420;
    if (leg->state == UA_ENDING && method != sip_method_ack &&
        method != sip_method_bye)
        return 481;
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        if (methods[i].method == method)
            return methods[i].h(leg, irq, sip);
    }
    nta_incoming_treply(irq, SIP_405_METHOD_NOT_ALLOWED,
                        SIPTAG_ALLOW_STR(UA_ALLOW), TAG_END());
    return 405;
}
