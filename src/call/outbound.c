#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "call/call.h"

/* ---- where it goes ---- */

/* A SIP address elsewhere is not ours to call: only our own domain is, and
 * what Jigasi may take for it. */
static bool is_our_host(const struct config *cfg, const char *host)
{
    const char *const ours[] = {
        cfg->sip_domain,
        cfg->jigasi_server,
        cfg->internal_ip,
    };

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (ours[i] && !strcasecmp(host, ours[i]))
            return true;
    }
    return !host[0];
}

static bool trunk_is_full(const struct calls *cs)
{
    unsigned max = cs->deps.cfg->dialout_max_calls, n = 0;

    for (const struct call *c = cs->first; max && c; c = c->next)
        n += c->trunk;
    return max && n >= max;
}

enum outbound_verdict outbound_find(struct outbound_route *r,
                                    const struct calls *cs, unsigned node,
                                    const struct engine_offer *o)
{
    const struct config *cfg = cs->deps.cfg;
    struct slice to = {o->to, o->to_len};

    memset(r, 0, sizeof(*r));
    if (!is_our_host(cfg, o->to_host ? o->to_host : ""))
        return OUTBOUND_ELSEWHERE;
    if (slice_is(to, cfg->registration_user)) {
        r->contact = contacts_newest(cs->phones, node);
        return r->contact ? OUTBOUND_FOUND : OUTBOUND_NOT_REGISTERED;
    }
    if (dialout_number(r->number, to))
        return OUTBOUND_NO_NUMBER;
    if (!dialout_allowed(cfg->dialout_allow, r->number))
        return OUTBOUND_NOT_ALLOWED;
    return trunk_is_full(cs) ? OUTBOUND_FULL : OUTBOUND_FOUND;
}

/* ---- the end before an answer ---- */

/* What Jigasi would take as a question to itself, or follow, is told as a
 * plain failure; anything else is passed on as it came. */
static const struct {
    unsigned first, last, told;
} statuses[] = {
    {300, 399, 480}, {401, 401, 502}, {407, 407, 502}, {421, 423, 502},
    {494, 494, 502}, {0, 299, 480},   {700, 999, 480},
};

static unsigned status_of_refusal(unsigned status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (status >= statuses[i].first && status <= statuses[i].last)
            return statuses[i].told;
    }
    return status;
}

/* Where the called side gave no status: how its leg ended tells. */
static const struct {
    unsigned status;
    const char *phrase;
} fates[] = {
    [ENGINE_END_HANGUP] = {480, "Hung up"}, [ENGINE_END_REFUSED] = {480, ""},
    [ENGINE_END_TIMEOUT] = {408, ""},       [ENGINE_END_TRANSPORT] = {503, ""},
    [ENGINE_END_SILENT] = {480, ""},        [ENGINE_END_LOCAL] = {480, ""},
    [ENGINE_END_ENGINE] = {503, ""},
};

static void refuse_jigasi(struct call *c, unsigned status, const char *phrase)
{
    if (c->jigasi_up) {
        call_jigasi_drop(c);
        return;
    }
    engine_reject(c->cs->deps.engine, c->jigasi.id, status, phrase, 0);
    call_jigasi_forget(c);
}

/* There is no leg to the called side (any more). */
static void over(struct call *c)
{
    calls_tell(c->cs, MONITOR_ENDED, c->id, c->node,
               ending_name(CALL_END_NOT_REACHED));
    calls_remove(c);
}

void outbound_refused(struct call *c, const struct engine_event *ev)
{
    enum engine_end end = ev->gone.end;
    unsigned status = fates[end].status;
    const char *phrase =
        ev->gone.reason[0] ? ev->gone.reason : fates[end].phrase;

    if (end == ENGINE_END_REFUSED)
        status = status_of_refusal(ev->gone.status);
    log_line(c->cs->deps.log, LOG_INFO, c->id,
             "%s did not take the call: status=%u reason=%s; Jigasi is told "
             "%u",
             c->number, ev->gone.status, log_quoted(slice_of(phrase)).text,
             status);
    refuse_jigasi(c, status, phrase);
    c->end = CALL_END_NOT_REACHED;
    call_enter(c, CALL_GONE, 0);
    ending_gone(c, ev);
}

void outbound_unanswered(struct call *c)
{
    log_line(c->cs->deps.log, LOG_INFO, c->id, "%s did not answer within %u s",
             c->number, CALL_OUTBOUND_MS / 1000);
    refuse_jigasi(c, 480, "No answer");
    ending_now(c, CALL_END_NOT_REACHED);
}

void outbound_cancelled(struct call *c, const struct engine_event *ev)
{
    log_line(c->cs->deps.log, LOG_INFO, c->id,
             "Jigasi gave up before %s answered", c->number);
    call_jigasi_forget(c);
    ending_now(c, CALL_END_CANCELLED);
}

/* ---- the call ---- */

/* The leg that came in is Jigasi's, the participant's is yet to be dialled:
 * from here on the call is like any other. */
static void take_legs(struct call *c, const struct engine_offer *o)
{
    engine_leg offered = c->leg.id;

    calls_leg_remove(c->cs, &c->leg);
    /* The place of one leg is free: no memory is needed. */
    calls_leg_add(c->cs, c, &c->jigasi, offered);
    c->jigasi_up = c->answered;
    c->answered = c->answering = false;
    utf8_clean(o->to, o->to_len, c->number, sizeof(c->number));
}

static engine_leg dial(struct call *c, const struct outbound_route *r,
                       const struct engine_offer *o)
{
    const struct config *cfg = c->cs->deps.cfg;
    const struct engine_dial d = {
        .for_leg = c->jigasi.id,
        .target = r->contact ? ENGINE_TO_CONTACT : ENGINE_TO_TRUNK,
        .contact = r->contact ? r->contact->id : "",
        .number = r->number,
        .caller_number = cfg->dialout_caller_id,
        .caller_name = r->contact ? o->caller_name : "",
        .call = c->id,
    };

    log_line(c->cs->deps.log, LOG_INFO, c->id, "dialling out to %s %s",
             r->contact ? "the phone at" : "the trunk, number",
             r->contact ? r->contact->uri : r->number);
    return engine_dial(c->cs->deps.engine, &d);
}

void outbound_begin(struct call *c, const struct outbound_route *r,
                    const struct engine_offer *o)
{
    engine_leg id;

    if (c->state == CALL_GONE) /* no memory for a timer */
        return;
    c->outbound = true;
    c->trunk = !r->contact;
    take_legs(c, o);
    id = dial(c, r, o);
    if (id && calls_leg_add(c->cs, c, &c->leg, id)) {
        engine_hangup(c->cs->deps.engine, id, 0, "");
        id = 0;
    }
    if (!id) {
        log_line(c->cs->deps.log, LOG_ERROR, c->id,
                 "out of memory: not dialled");
        refuse_jigasi(c, 503, NULL);
        over(c);
        return;
    }
    call_enter(c, CALL_OUTBOUND, CALL_OUTBOUND_MS);
}

void outbound_ringing(struct call *c, bool early)
{
    struct engine *e = c->cs->deps.engine;

    if (c->state != CALL_OUTBOUND || c->jigasi_up)
        return;
    if (!early) {
        engine_ring(e, c->jigasi.id);
        return;
    }
    log_line(c->cs->deps.log, LOG_INFO, c->id, "%s is heard before it answers",
             c->number);
    engine_progress(e, c->jigasi.id);
    engine_bridge(e, c->leg.id, c->jigasi.id);
}

static void join(struct call *c)
{
    if (!c->jigasi_up && !c->answering)
        engine_answer(c->cs->deps.engine, c->jigasi.id);
    c->answering = true;
    call_enter(c, CALL_JOINING, 0);
}

void outbound_answered(struct call *c, engine_leg leg)
{
    if (leg == c->jigasi.id) {
        c->jigasi_up = true;
        if (c->state == CALL_JOINING)
            connect_bridge(c);
        return;
    }
    if (c->answered || c->state != CALL_OUTBOUND)
        return;
    log_line(c->cs->deps.log, LOG_INFO, c->id, "%s answered", c->number);
    c->answered = true;
    ending_limit_start(c);
    join(c);
}

void outbound_left(struct call *c, bool ended)
{
    if (ended)
        ending_begin(c, CALL_END_COMPLETED, PROMPT_ENDED, PROMPT_NONE);
    else
        ending_begin(c, CALL_END_JIGASI, PROMPT_WENT_WRONG, PROMPT_GOODBYE);
}

/* ---- after a restart of the program ---- */

void outbound_adopt(struct call *c, const struct engine_event *ev)
{
    bool commanded = c->answering; /* Jigasi's leg, as noted */

    c->answered = ev->recovered.answered;
    if (ev->recovered.alone) {
        c->answering = true;
        return;
    }
    take_legs(c, &ev->recovered.offer);
    if (!ev->recovered.peer ||
        calls_leg_add(c->cs, c, &c->leg, ev->recovered.peer))
        return;
    c->answered = ev->recovered.peer_answered;
    c->answering = commanded;
}

/* One side has left while nobody looked: not both are there to go on. */
void outbound_lost(struct call *c)
{
    if (c->leg.id) {
        log_line(c->cs->deps.log, LOG_INFO, c->id,
                 "Jigasi has left meanwhile");
        outbound_left(c, true);
        return;
    }
    log_line(c->cs->deps.log, LOG_INFO, c->id,
             "the called side has left meanwhile");
    refuse_jigasi(c, 480, NULL);
    over(c);
}

/* Not in the meeting yet. */
void outbound_resume(struct call *c, const struct engine_event *ev,
                     uint64_t step_ms)
{
    if (c->answered) {
        join(c);
        return;
    }
    call_enter(c, CALL_OUTBOUND, step_ms ? step_ms : CALL_OUTBOUND_MS);
    if (ev->recovered.peer_ringing)
        outbound_ringing(c, false);
}
