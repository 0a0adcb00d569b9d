/* A far side that sends no RTP may still be there: OPTIONS tells. */
#include "engine/embedded/ua.h"

enum {
    AGAIN_MS = 2000,
    PROBES_MAX = 30, /* a minute, as for a BYE */
};

static void silent_h(void *arg)
{
    struct ua_leg *leg = arg;

    log_line(leg->ua->log, LOG_WARN, leg->call,
             "ended: no audio from the far side and no answer to OPTIONS");
    header_reason_put(408, "Stopped receiving media", leg->reason,
                      sizeof(leg->reason));
    ua_leg_gone(leg, ENGINE_END_SILENT, 0, 0, "");
    ua_leg_bye(leg);
}

static void ask_h(void *arg);

static void options_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                      const sip_t *sip)
{
    bool there = sip && !nta_sip_is_internal(sip) && status != 481;

    if (!leg->probing || leg->state != UA_UP)
        return;
    if (ua_request_unsent(leg, status, sip) && ++leg->probes < PROBES_MAX) {
        ua_timer(leg->ua, &leg->probe_timer, AGAIN_MS, ask_h, leg);
        return;
    }
    leg->probing = false;
    timer_stop(&leg->probe_timer);
    if (!there) {
        silent_h(leg);
        return;
    }
    log_line(leg->ua->log, leg->silent ? LOG_DEBUG : LOG_INFO, leg->call,
             "no audio from the far side, but it answers OPTIONS: going on");
    leg->silent = true;
    ua_leg_watch(leg);
}

static void ask_h(void *arg)
{
    struct ua_leg *leg = arg;

    ua_timer(leg->ua, &leg->probe_timer, UA_OPTIONS_WAIT_MS, silent_h, leg);
    if (ua_leg_request(leg, options_h, SIP_METHOD_OPTIONS, TAG_END()))
        silent_h(leg);
}

void ua_probe_silent(struct ua_leg *leg)
{
    if (leg->state != UA_UP || leg->probing)
        return;
    leg->probing = true;
    leg->probes = 0;
    ask_h(leg);
}

void ua_probe_alive(struct ua_leg *leg)
{
    leg->probing = false;
    leg->silent = false;
    timer_stop(&leg->probe_timer);
}
