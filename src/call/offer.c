#include <string.h>

#include "base/slice.h"
#include "base/log.h"
#include "call/call.h"

/* Why a call is turned away: for operators, with what to do about it. */
enum refusal {
    REFUSE_ELSEWHERE,
    REFUSE_NOT_REGISTERED,
    REFUSE_NO_NUMBER,
    REFUSE_NOT_ALLOWED,
    REFUSE_TRUNK_FULL,
    REFUSE_DRAINING,
    REFUSE_FULL,
    REFUSE_ROOM,
    REFUSE_NO_JIGASI,
    REFUSE_MEMORY,
};

static const struct {
    const char *name;
    unsigned status;
    unsigned retry_after_s;
    enum log_level level;
    const char *text;
    const char *phrase; /* that a meeting shows, NULL: the status' own */
} refusals[] = {
    [REFUSE_ELSEWHERE] = {"dial-out", 403, 0, LOG_WARN,
                          "dialling out to an address at another host is not "
                          "permitted",
                          "Not permitted"},
    [REFUSE_NOT_REGISTERED] = {"not-registered", 480, 0, LOG_INFO,
                               "no phone is registered as this user",
                               "Not registered"},
    [REFUSE_NO_NUMBER] = {"dial-out", 403, 0, LOG_WARN,
                          "neither a user here nor a telephone number",
                          "Not a telephone number"},
    [REFUSE_NOT_ALLOWED] = {"dial-out", 403, 0, LOG_WARN,
                            "dialling out to this number is not permitted; "
                            "JIGATE_DIALOUT_ALLOW lists the prefixes that are",
                            "Not permitted"},
    [REFUSE_TRUNK_FULL] = {"dial-out-full", 486, 0, LOG_WARN,
                           "all calls of JIGATE_DIALOUT_MAX_CALLS are taken; "
                           "raise it if the trunk can carry more",
                           "All lines are taken"},
    [REFUSE_DRAINING] = {"draining", 503, CALL_DRAIN_RETRY_S, LOG_INFO,
                         "the program is about to stop; call again when it "
                         "is back"},
    [REFUSE_FULL] = {"full", 503, CALL_REFUSE_RETRY_S, LOG_WARN,
                     "all calls of JIGATE_MAX_CALLS are taken; raise it if "
                     "the machine can carry more"},
    [REFUSE_ROOM] = {"bad-room", 404, 0, LOG_WARN, ""},
    [REFUSE_NO_JIGASI] = {"no-jigasi", 503, CALL_REFUSE_RETRY_S, LOG_ERROR,
                          "no Jigasi is registered and reachable; check "
                          "JIGASI_SIP_SERVER and JIGASI_SIP_PASSWORD there"},
    [REFUSE_MEMORY] = {"no-memory", 503, CALL_REFUSE_RETRY_S, LOG_ERROR,
                       "out of memory"},
};

struct offer {
    struct calls *cs;
    const struct engine_event *ev;
    const struct engine_offer *o;
    bool answered;
    struct slice to;
};

static void refuse(const struct offer *of, enum refusal r, const char *why)
{
    const struct calls_deps *d = &of->cs->deps;

    log_line(d->log, refusals[r].level, of->o->call,
             "refused %u to=%s from=%s address=%s: %s%s", refusals[r].status,
             log_quoted(of->to).text,
             log_quoted(slice_of(of->o->caller_number)).text, of->o->address,
             refusals[r].text, why);
    calls_tell(of->cs, MONITOR_REFUSED, of->o->call, of->ev->node,
               refusals[r].name);
    if (of->answered)
        engine_hangup(d->engine, of->ev->leg, 0, "");
    else
        engine_reject(d->engine, of->ev->leg, refusals[r].status,
                      refusals[r].phrase, refusals[r].retry_after_s);
}

static struct call *accept_call(const struct offer *of)
{
    struct call *c = calls_add(of->cs, of->ev, of->o);

    if (!c) {
        refuse(of, REFUSE_MEMORY, "");
        return NULL;
    }
    c->answering = c->answered = of->answered;
    return c;
}

static void begin_healthcheck(const struct offer *of)
{
    struct call *c;

    if (of->cs->n_healthchecks >= CALL_HEALTHCHECKS_MAX) {
        refuse(of, REFUSE_FULL, "");
        return;
    }
    c = accept_call(of);
    if (!c)
        return;
    c->healthcheck = true;
    of->cs->n_calls--;
    of->cs->n_healthchecks++;
    call_answer(c);
    call_enter(c, CALL_HEALTHCHECK, CALL_TONE_MS);
}

/* From here the participant counts. */
static struct call *begin_participant(const struct offer *of)
{
    struct call *c = accept_call(of);

    if (!c)
        return NULL;
    log_line(of->cs->deps.log, LOG_INFO, c->id,
             "offered to=%s from=%s name=%s address=%s",
             log_quoted(of->to).text,
             log_quoted(slice_of(of->o->caller_number)).text,
             log_quoted(slice_of(of->o->caller_name)).text, of->o->address);
    calls_tell(of->cs, MONITOR_STARTED, c->id, c->node, NULL);
    call_timer(c, TIMER_NOTE, CALL_NOTE_MS);
    if (of->answered)
        ending_limit_start(c);
    return c;
}

static void begin_room(const struct offer *of)
{
    struct calls *cs = of->cs;
    struct call_target target = {.token = NULL};
    uint64_t now = timers_now(cs->deps.timers);
    const char *why;
    struct call *c;
    int err = room_parse(&target.room, of->o->to, of->o->to_len, &why);

    if (!err && room_headers_dialled(&target.headers, &target.room,
                                     cs->deps.cfg->xmpp_muc_domain)) {
        why = "room and XMPP_MUC_DOMAIN together are too long";
        err = 1;
    }
    if (err) {
        refuse(of, REFUSE_ROOM, why);
        return;
    }
    if (!contacts_choose(cs->contacts, of->ev->node, NULL, 0, now)) {
        refuse(of, REFUSE_NO_JIGASI, "");
        return;
    }
    c = begin_participant(of);
    if (!c)
        return;
    c->target = target;
    connect_begin(c);
}

static const enum refusal outbound_refusals[] = {
    [OUTBOUND_ELSEWHERE] = REFUSE_ELSEWHERE,
    [OUTBOUND_NOT_REGISTERED] = REFUSE_NOT_REGISTERED,
    [OUTBOUND_NO_NUMBER] = REFUSE_NO_NUMBER,
    [OUTBOUND_NOT_ALLOWED] = REFUSE_NOT_ALLOWED,
    [OUTBOUND_FULL] = REFUSE_TRUNK_FULL,
};

static void begin_outbound(const struct offer *of)
{
    struct outbound_route route;
    enum outbound_verdict v =
        outbound_find(&route, of->cs, of->ev->node, of->o);
    struct call *c;

    if (v != OUTBOUND_FOUND) {
        refuse(of, outbound_refusals[v], "");
        return;
    }
    c = begin_participant(of);
    if (c)
        outbound_begin(c, &route, of->o);
}

static void begin_ivr(const struct offer *of)
{
    struct call *c = begin_participant(of);

    if (c)
        ivr_begin(c);
}

static bool asks_for_id(const struct config *cfg, const struct engine_offer *o)
{
    struct slice to = {o->to, o->to_len};

    return !to.len || slice_is(to, cfg->ivr_number) ||
           (o->source == ENGINE_FROM_TRUNK &&
            (cfg->trunk_destination == CONFIG_TRUNK_IVR ||
             slice_is(to, cfg->trunk_user)));
}

void calls_offered(struct calls *cs, const struct engine_event *ev,
                   const struct engine_offer *o, bool answered)
{
    struct offer of = {.cs = cs,
                       .ev = ev,
                       .o = o,
                       .answered = answered,
                       .to = {o->to, o->to_len}};
    struct slice to = of.to;
    unsigned max = cs->deps.cfg->max_calls;

    if (cs->draining)
        refuse(&of, REFUSE_DRAINING, "");
    else if (o->source == ENGINE_FROM_JIGASI && slice_is(to, "healthcheck"))
        begin_healthcheck(&of);
    else if (max && cs->n_calls >= max)
        refuse(&of, REFUSE_FULL, "");
    else if (o->source == ENGINE_FROM_JIGASI)
        begin_outbound(&of);
    else if (asks_for_id(cs->deps.cfg, o))
        begin_ivr(&of);
    else
        begin_room(&of);
}
