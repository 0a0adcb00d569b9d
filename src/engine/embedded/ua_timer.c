/* Session timers (RFC 4028), where the far side asks for one. */
#include <stdio.h>
#include <string.h>

#include "engine/embedded/ua.h"

enum { RETRY_MS = 2100, RETRIES = 5, SESSION_MAX_S = 86400 };

static void refresh_h(void *arg);

bool ua_timer_too_brief(const sip_t *sip)
{
    const sip_session_expires_t *x = sip->sip_session_expires;

    return x && x->x_delta < UA_SESSION_MIN_S;
}

void ua_timer_receive(struct ua_leg *leg, const sip_t *sip)
{
    const sip_session_expires_t *x = sip->sip_session_expires;

    leg->session_s = 0;
    if (!x)
        return;
    leg->session_s =
        x->x_delta > SESSION_MAX_S ? SESSION_MAX_S : (uint32_t)x->x_delta;
    /* Who asks without saying who refreshes does it himself, if he can. */
    leg->session_ours =
        !sip->sip_supported || !sip_has_feature(sip->sip_supported, "timer") ||
        (x->x_refresher && strcasecmp(x->x_refresher, "uas") == 0);
}

bool ua_timer_header(const struct ua_leg *leg, char *out, size_t size)
{
    *out = '\0';
    if (!leg->session_s)
        return false;
    snprintf(out, size, "%u;refresher=%s", (unsigned)leg->session_s,
             leg->session_ours ? "uas" : "uac");
    return !leg->session_ours;
}

static void expired_h(void *arg)
{
    struct ua_leg *leg = arg;

    log_line(leg->ua->log, LOG_WARN, leg->call,
             "ended: the session was not refreshed within %u s",
             (unsigned)leg->session_s);
    snprintf(leg->reason, sizeof(leg->reason),
             "SIP;cause=408;text=\"Session timer expired\"");
    ua_leg_gone(leg, ENGINE_END_TIMEOUT, 408, 0, "");
    ua_leg_bye(leg);
}

void ua_timer_run(struct ua_leg *leg)
{
    uint64_t ms = (uint64_t)leg->session_s * 1000;
    uint64_t margin = ms / 3 < 32000 ? ms / 3 : 32000;

    timer_stop(&leg->session_timer);
    leg->session_failures = 0;
    if (!leg->session_s)
        return;
    if (leg->session_ours)
        ua_timer(leg->ua, &leg->session_timer, ms / 2, refresh_h, leg);
    else
        ua_timer(leg->ua, &leg->session_timer, ms - margin, expired_h, leg);
}

/* A refresh without a timer, for ua_timer_refresh(): a few tries. */
static void target_told(struct ua_leg *leg, int status)
{
    if (status == 481) {
        ua_leg_gone(leg, ENGINE_END_HANGUP, 481, 0, "");
        ua_leg_bye(leg);
    } else if (status >= 300 && ++leg->session_failures <= RETRIES) {
        ua_timer(leg->ua, &leg->session_timer, RETRY_MS, refresh_h, leg);
    }
}

/* The answer to a refresh of ours. */
static void refreshed(struct ua_leg *leg, int status, const sip_t *sip)
{
    const sip_session_expires_t *x = sip ? sip->sip_session_expires : NULL;

    if (!leg->session_s) {
        target_told(leg, status);
        return;
    }
    if (status == 408 || status == 481) {
        expired_h(leg);
        return;
    }
    if (status >= 300) {
        bool again = ++leg->session_failures <= RETRIES;

        ua_timer(leg->ua, &leg->session_timer,
                 again ? RETRY_MS : (uint64_t)leg->session_s * 1000 / 3,
                 again ? refresh_h : expired_h, leg);
        return;
    }
    if (x && x->x_delta >= UA_SESSION_MIN_S && x->x_delta <= SESSION_MAX_S)
        leg->session_s = (uint32_t)x->x_delta;
    if (x && x->x_refresher)
        leg->session_ours = strcasecmp(x->x_refresher, "uac") == 0;
    ua_timer_run(leg);
}

static void update_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                     const sip_t *sip)
{
    if (leg->state == UA_UP)
        refreshed(leg, status, sip);
}

static void reinvite_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                       const sip_t *sip)
{
    leg->reinviting = false;
    if (status < 300)
        ua_uac_ack(leg, sip->sip_cseq->cs_seq);
    if (leg->state != UA_UP)
        return;
    if (status < 300 && sip->sip_payload && ua_sdp_accept(leg, sip) == SDP_OK)
        ua_leg_media(leg);
    else
        ua_sdp_withdraw(leg);
    refreshed(leg, status, sip);
}

static int reinvite(struct ua_leg *leg, const char *expires)
{
    enum sdp_error e;
    size_t n;
    int err;

    ua_dialog_keep_codec(leg);
    n = leg->local.n_codecs;
    leg->local.n_codecs = 1;
    e = ua_sdp_offer(leg);
    leg->local.n_codecs = n;
    if (e != SDP_OK)
        return -1;
    err = ua_leg_request(
        leg, reinvite_h, SIP_METHOD_INVITE, SIPTAG_CONTACT_STR(leg->contact),
        SIPTAG_ALLOW_STR(UA_ALLOW), SIPTAG_SUPPORTED_STR("timer"),
        TAG_IF(leg->session_s, SIPTAG_SESSION_EXPIRES_STR(expires)),
        SIPTAG_MIN_SE_STR(UA_MIN_SE),
        SIPTAG_CONTENT_TYPE_STR("application/sdp"),
        SIPTAG_PAYLOAD_STR(ua_sdp_text(leg)), TAG_END());
    if (err)
        ua_sdp_withdraw(leg);
    leg->reinviting = !err;
    return err;
}

static void refresh_h(void *arg)
{
    struct ua_leg *leg = arg;
    char expires[32];
    int err;

    if (leg->invite_in || leg->reinviting) {
        ua_timer(leg->ua, &leg->session_timer, RETRY_MS, refresh_h, leg);
        return;
    }
    snprintf(expires, sizeof(expires), "%u;refresher=%s",
             (unsigned)leg->session_s, leg->session_ours ? "uac" : "uas");
    if (leg->can_update)
        err = ua_leg_request(
            leg, update_h, SIP_METHOD_UPDATE, SIPTAG_CONTACT_STR(leg->contact),
            SIPTAG_SUPPORTED_STR("timer"),
            TAG_IF(leg->session_s, SIPTAG_SESSION_EXPIRES_STR(expires)),
            SIPTAG_MIN_SE_STR(UA_MIN_SE), TAG_END());
    else
        err = reinvite(leg, expires);
    if (err)
        ua_timer(leg->ua, &leg->session_timer, RETRY_MS, refresh_h, leg);
}

void ua_timer_refresh(struct ua_leg *leg)
{
    if (leg->state != UA_UP)
        return;
    leg->session_failures = 0;
    refresh_h(leg);
}
