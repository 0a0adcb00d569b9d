/* INVITE from a caller, until its ACK (RFC 3261 section 13.3). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/embedded/ua.h"

/* Whom the INVITE is for and who sends it, for the main thread. */
static void offer(struct ua_leg *leg, msg_t *msg, const sip_t *sip,
                  enum engine_source source, const char *user)
{
    char to[HEADER_URI_MAX], name[HEADER_NAME_MAX], number[128], raw[128];
    char address[ADDRESS_IP_SIZE];
    struct engine_event ev = {.type = ENGINE_OFFERED, .leg = leg->number};
    const char *called = sip->sip_request->rq_url->url_user;
    size_t n;

    ev.offered.source = source;
    ev.offered.call = leg->call;
    ev.offered.to = to;
    /* The trunk calls the Contact that we registered; whom its caller called
       stands in To. */
    if (source == ENGINE_FROM_TRUNK)
        called = sip->sip_to->a_url->url_user;
    ev.offered.to_len = header_user_decode(called, to, sizeof(to));
    header_display_get(sip->sip_from->a_display, name, sizeof(name));
    ev.offered.to_host = sip->sip_request->rq_url->url_host;
    ev.offered.caller_name = name;
    n = header_user_decode(sip->sip_from->a_url->url_user, raw, sizeof(raw));
    utf8_clean(user ? user : raw, user ? strlen(user) : n, number,
               sizeof(number));
    ev.offered.caller_number = number;
    ev.offered.address = address_ip(ua_source(msg), address);
    log_line(leg->ua->log, LOG_DEBUG, leg->call,
             "offered to=%s from=%s caller=%s name=%s",
             log_quoted((struct slice){to, ev.offered.to_len}).text, address,
             log_quoted(slice_of(number)).text,
             log_quoted(slice_of(name)).text);
    leg->told = true;
    ua_tell(leg->ua, &ev);
}

/* Final refusal, before or after the main thread knew; the phrase may be "".
 */
static void refuse(struct ua_leg *leg, int status, const char *phrase,
                   tag_type_t tag, tag_value_t value, ...)
{
    const char *own = sip_status_phrase(status);
    tagi_t *tags;
    va_list ap;

    va_start(ap, value);
    tags = tl_vlist2(tag, value, ap);
    va_end(ap);
    nta_incoming_treply(leg->invite_in, status,
                        *phrase ? phrase
                        : own   ? own
                                : "Refused",
                        SIPTAG_SERVER_STR(UA_AGENT), TAG_NEXT(tags));
    tl_vfree(tags);
    ua_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
    ua_leg_free(leg);
}

static bool is_sdp(const sip_t *sip)
{
    return sip->sip_content_type && sip->sip_content_type->c_type &&
           strcasecmp(sip->sip_content_type->c_type, "application/sdp") == 0;
}

static void refuse_sdp(struct ua_leg *leg, enum sdp_error e)
{
    const struct sdp_error_info *info = sdp_error_info(e);
    char warning[HEADER_TEXT_MAX + 32];

    log_line(leg->ua->log, LOG_WARN, leg->call,
             "refused with %u: %s; callers may speak Opus, G.722, PCMU "
             "and PCMA, encrypted as FREESWITCH_SRTP says",
             info->status, info->text);
    snprintf(warning, sizeof(warning), "%u jigate \"%s\"", info->warning,
             info->text);
    refuse(leg, (int)info->status, "",
           TAG_IF(info->warning, SIPTAG_WARNING_STR(warning)), TAG_END());
}

/* Agree on audio. Refuses and frees the leg on failure. */
static int take_offer(struct ua_leg *leg, const sip_t *sip)
{
    enum sdp_error e;

    leg->offerless = !ua_has_body(sip);
    if (leg->side->which == ENGINE_INTERNAL)
        codec_policy_jigasi(&leg->ua->codecs, NULL, &leg->local);
    else
        codec_policy_phone(&leg->ua->codecs, &leg->local);
    if (leg->offerless)
        e = ua_sdp_offer(leg);
    else
        e = ua_sdp_answer(leg, sip);
    if (e == SDP_OK)
        return 0;
    refuse_sdp(leg, e);
    return EINVAL;
}

static int open_dialog(struct ua_leg *leg, msg_t *msg, sip_t *sip)
{
    nta_agent_t *agent = leg->side->agent;

    leg->dialog = nta_leg_tcreate(
        agent, ua_dialog_request_h, leg, SIPTAG_CALL_ID(sip->sip_call_id),
        SIPTAG_FROM(sip->sip_to), SIPTAG_TO(sip->sip_from),
        NTATAG_REMOTE_CSEQ(sip->sip_cseq->cs_seq), TAG_END());
    if (!leg->dialog || !nta_leg_tag(leg->dialog, NULL)) {
        nta_msg_treply(agent, msg, SIP_500_INTERNAL_SERVER_ERROR, TAG_END());
        return ENOMEM;
    }
    leg->invite_in =
        nta_incoming_create(agent, leg->dialog, msg, sip, TAG_END());
    if (!leg->invite_in)
        return ENOMEM;
    nta_incoming_bind(leg->invite_in, ua_uas_ack_h, leg);
    ua_side_contact(leg->side, ua_source(msg), ua_is_tcp(sip), leg->contact);
    ua_dialog_target(leg, msg, sip);
    return 0;
}

static int check_invite(struct ua_leg *leg, const sip_t *sip)
{
    if (!sip->sip_contact || (sip->sip_contact->m_url->url_type != url_sip &&
                              sip->sip_contact->m_url->url_type != url_sips)) {
        refuse(leg, 400, "", TAG_END());
        return EINVAL;
    }
    if (ua_has_body(sip) && !is_sdp(sip)) {
        refuse(leg, 415, "", SIPTAG_ACCEPT_STR("application/sdp"), TAG_END());
        return EINVAL;
    }
    if (leg->ua->stopping) {
        refuse(leg, 503, "", SIPTAG_RETRY_AFTER_STR(UA_RETRY_AFTER),
               TAG_END());
        return ESHUTDOWN;
    }
    if (ua_timer_too_brief(sip)) {
        refuse(leg, 422, "", SIPTAG_MIN_SE_STR(UA_MIN_SE), TAG_END());
        return EINVAL;
    }
    ua_timer_receive(leg, sip);
    return 0;
}

void ua_uas_invite(struct ua_side *side, msg_t *msg, sip_t *sip,
                   enum engine_source source, const char *user)
{
    struct ua *s = side->ua;
    struct ua_leg *leg;
    char call[ENGINE_CALL_ID_MAX];
    int err;

    snprintf(call, sizeof(call), "%08x", (unsigned)(uint32_t)ua_random());
    err = ua_leg_alloc(&leg, side, media_leg(s->media, 0), call, UA_OFFERED);
    if (err) {
        nta_msg_treply(side->agent, msg, SIP_500_INTERNAL_SERVER_ERROR,
                       TAG_END());
        return;
    }
    if (open_dialog(leg, msg, sip)) {
        ua_leg_free(leg);
        return;
    }
    nta_incoming_treply(leg->invite_in, SIP_100_TRYING, TAG_END());
    if (check_invite(leg, sip))
        return;
    err = ua_leg_open_media(leg, ua_source(msg));
    if (err) {
        refuse(leg, 503, "", SIPTAG_RETRY_AFTER_STR(UA_RETRY_AFTER),
               TAG_END());
        return;
    }
    if (take_offer(leg, sip))
        return;
    ua_tls_keep(side, msg);
    leg->trunk = source == ENGINE_FROM_TRUNK;
    offer(leg, msg, sip, source, user);
}

void ua_uas_ring(struct ua_leg *leg)
{
    /* nta repeats it each minute (NTATAG_PROGRESS), and sends it reliably
       where the caller requires 100rel. */
    if (leg->state == UA_OFFERED)
        nta_incoming_treply(leg->invite_in, SIP_180_RINGING,
                            SIPTAG_CONTACT_STR(leg->contact),
                            SIPTAG_ALLOW_STR(UA_ALLOW),
                            SIPTAG_SERVER_STR(UA_AGENT), TAG_END());
}

void ua_uas_progress(struct ua_leg *leg)
{
    if (leg->offerless) { /* the caller has said nothing of its audio */
        ua_uas_ring(leg);
        return;
    }
    if (leg->state != UA_OFFERED)
        return;
    ua_leg_media(leg);
    nta_incoming_treply(leg->invite_in, SIP_183_SESSION_PROGRESS,
                        SIPTAG_CONTACT_STR(leg->contact),
                        SIPTAG_ALLOW_STR(UA_ALLOW),
                        SIPTAG_SERVER_STR(UA_AGENT),
                        SIPTAG_CONTENT_TYPE_STR("application/sdp"),
                        SIPTAG_PAYLOAD_STR(ua_sdp_text(leg)), TAG_END());
}

void ua_uas_answer(struct ua_leg *leg)
{
    char expires[32];
    bool require;

    if (leg->state != UA_OFFERED)
        return;
    require = ua_timer_header(leg, expires, sizeof(expires));
    leg->state = UA_ANSWERING;
    if (!leg->offerless)
        ua_leg_media(leg);
    nta_incoming_treply(
        leg->invite_in, SIP_200_OK, SIPTAG_CONTACT_STR(leg->contact),
        SIPTAG_ALLOW_STR(UA_ALLOW), SIPTAG_SUPPORTED_STR(UA_SUPPORTED),
        SIPTAG_SERVER_STR(UA_AGENT),
        SIPTAG_CONTENT_TYPE_STR("application/sdp"),
        SIPTAG_PAYLOAD_STR(ua_sdp_text(leg)),
        TAG_IF(*expires, SIPTAG_SESSION_EXPIRES_STR(expires)),
        TAG_IF(require, SIPTAG_REQUIRE_STR("timer")), TAG_END());
}

void ua_uas_reject(struct ua_leg *leg, unsigned status, const char *phrase,
                   unsigned retry_after_s)
{
    char retry[16];

    if (leg->state != UA_OFFERED)
        return;
    if (status < 300 || status > 699)
        status = 480;
    snprintf(retry, sizeof(retry), "%u", retry_after_s);
    refuse(leg, (int)status, header_text_ok(phrase) ? phrase : "",
           TAG_IF(retry_after_s, SIPTAG_RETRY_AFTER_STR(retry)), TAG_END());
}

static void cancelled(struct ua_leg *leg, const sip_t *sip)
{
    char text[HEADER_TEXT_MAX];
    unsigned cause;

    if (leg->state != UA_OFFERED)
        return;
    ua_leg_reason(sip, &cause, text, sizeof(text));
    nta_incoming_treply(leg->invite_in, SIP_487_REQUEST_TERMINATED, TAG_END());
    ua_leg_gone(leg, ENGINE_END_HANGUP, 0, cause, text);
    ua_leg_free(leg);
}

/* No ACK, or no PRACK, came for 32 s. */
static void unacknowledged(struct ua_leg *leg)
{
    enum ua_state state = leg->state;

    ua_leg_gone(leg, ENGINE_END_TIMEOUT, 408, 0, "");
    if (state == UA_OFFERED) {
        nta_incoming_treply(leg->invite_in, 503, "Reliable Response Time-Out",
                            TAG_END());
        ua_leg_free(leg);
        return;
    }
    nta_incoming_destroy(leg->invite_in);
    leg->invite_in = NULL;
    ua_leg_bye(leg);
}

/* The answer to an offer of ours comes with the ACK. */
static int take_answer(struct ua_leg *leg, const sip_t *sip)
{
    enum sdp_error e = SDP_MISMATCH;

    if (sip->sip_payload)
        e = ua_sdp_accept(leg, sip);
    leg->offerless = false;
    if (e == SDP_OK) {
        ua_leg_media(leg);
        return 0;
    }
    log_line(leg->ua->log, LOG_WARN, leg->call,
             "ended: the caller's answer in its ACK was refused: %s",
             sdp_error_info(e)->text);
    return EINVAL;
}

static void acknowledged(struct ua_leg *leg, const sip_t *sip)
{
    const struct engine_event ev = {
        .type = ENGINE_ANSWERED,
        .leg = leg->number,
    };

    nta_incoming_destroy(leg->invite_in);
    leg->invite_in = NULL;
    if (leg->state != UA_ENDING && leg->offerless && take_answer(leg, sip))
        ua_leg_gone(leg, ENGINE_END_REFUSED, 488, 0, "");
    if (leg->state == UA_ENDING) {
        ua_leg_bye(leg);
        return;
    }
    ua_leg_watch(leg);
    if (leg->state != UA_ANSWERING)
        return;
    leg->state = UA_UP;
    ua_timer_run(leg);
    ua_tell(leg->ua, &ev);
}

int ua_uas_ack_h(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    if (!sip)
        unacknowledged(leg);
    else if (sip->sip_request->rq_method == sip_method_cancel)
        cancelled(leg, sip);
    else
        acknowledged(leg, sip);
    return 0;
}
