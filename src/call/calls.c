#include "call/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "call/call.h"

/* ---- the table of legs ---- */

static size_t slot_of(const struct calls *cs, engine_leg id)
{
    return (size_t)((id * 0x9e3779b97f4a7c15u) >> 32) & (cs->n_slots - 1);
}

static int legs_grow(struct calls *cs)
{
    size_t old_n = cs->n_slots, n = old_n ? 2 * old_n : 64;
    struct call_leg **old = cs->legs, **legs = calloc(n, sizeof(*legs));

    if (!legs)
        return ENOMEM;
    cs->legs = legs;
    cs->n_slots = n;
    for (size_t i = 0; i < old_n; i++) {
        while (old[i]) {
            struct call_leg *leg = old[i];
            size_t slot = slot_of(cs, leg->id);

            old[i] = leg->next;
            leg->next = legs[slot];
            legs[slot] = leg;
        }
    }
    free(old);
    return 0;
}

int calls_leg_add(struct calls *cs, struct call *c, struct call_leg *leg,
                  engine_leg id)
{
    size_t slot;

    if (cs->n_legs >= cs->n_slots && legs_grow(cs))
        return ENOMEM;
    slot = slot_of(cs, id);
    leg->id = id;
    leg->call = c;
    leg->next = cs->legs[slot];
    cs->legs[slot] = leg;
    cs->n_legs++;
    return 0;
}

void calls_leg_remove(struct calls *cs, struct call_leg *leg)
{
    struct call_leg **p;

    if (!leg->id)
        return;
    for (p = &cs->legs[slot_of(cs, leg->id)]; *p != leg; p = &(*p)->next)
        ;
    *p = leg->next;
    cs->n_legs--;
    leg->id = 0;
}

struct call *calls_find(const struct calls *cs, engine_leg id)
{
    if (!id || !cs->n_slots)
        return NULL;
    for (struct call_leg *l = cs->legs[slot_of(cs, id)]; l; l = l->next) {
        if (l->id == id)
            return l->call;
    }
    return NULL;
}

/* ---- the list of calls ---- */

/* Whose guesses count together. A phone user's name or an anonymous
 * caller's number proves nothing, so there it is the address; behind a trunk
 * or a PBX all callers share the address, so there it is the number. */
static void guess_key(struct call *c, const struct engine_offer *o)
{
    bool shared =
        o->source == ENGINE_FROM_TRUNK || o->source == ENGINE_FROM_TRUSTED;
    const char *text = shared && c->number[0] ? c->number : o->address;

    c->guess_key[0] = text == c->number ? 'n' : 'a';
    utf8_clean(text, strlen(text), c->guess_key + 1, sizeof(c->guess_key) - 1);
}

struct call *calls_add(struct calls *cs, const struct engine_event *ev,
                       const struct engine_offer *o)
{
    struct call *c = calloc(1, sizeof(*c));

    if (!c || calls_leg_add(cs, c, &c->leg, ev->leg)) {
        free(c);
        return NULL;
    }
    c->cs = cs;
    c->node = ev->node;
    c->source = o->source;
    c->since = timers_now(cs->deps.timers);
    utf8_clean(o->call, strlen(o->call), c->id, sizeof(c->id));
    utf8_clean(o->caller_number, strlen(o->caller_number), c->number,
               sizeof(c->number));
    caller_name(c->name, cs->deps.cfg->caller_name, o->caller_name,
                o->caller_number);
    guess_key(c, o);
    for (size_t i = 0; i < TIMERS; i++)
        c->clocks[i].call = c;
    c->next = cs->first;
    c->prev = &cs->first;
    if (c->next)
        c->next->prev = &c->next;
    cs->first = c;
    cs->n_calls++;
    return c;
}

static void call_free(struct call *c)
{
    call_timers_stop(c);
    call_query_cancel(c);
    free(c->target.token);
    free(c);
}

void calls_remove(struct call *c)
{
    struct calls *cs = c->cs;

    *c->prev = c->next;
    if (c->next)
        c->next->prev = c->prev;
    if (c->healthcheck)
        cs->n_healthchecks--;
    else
        cs->n_calls--;
    call_jigasi_forget(c);
    calls_leg_remove(cs, &c->leg);
    call_free(c);
}

/* ---- events ---- */

static void tell(struct calls *cs, const struct monitor_event *ev)
{
    if (cs->deps.monitor_h)
        cs->deps.monitor_h(ev, cs->deps.monitor_arg);
}

void calls_tell(struct calls *cs, enum monitor_event_type type,
                const char *call, unsigned node, const char *state)
{
    struct monitor_event ev = {
        .type = type, .node = node, .call = call, .state = state};

    tell(cs, &ev);
}

static void on_node(struct calls *cs, const struct engine_event *ev)
{
    struct monitor_event me = {
        .type = MONITOR_ENGINE, .node = ev->node, .up = ev->type == ENGINE_UP};

    if (ev->type == ENGINE_DOWN)
        contacts_void(cs->contacts, ev->node);
    log_line(cs->deps.log, me.up ? LOG_INFO : LOG_WARN, NULL,
             me.up ? "engine node=%u is up"
                   : "engine node=%u is out of reach; its calls go on",
             ev->node);
    tell(cs, &me);
}

static void on_profile(struct calls *cs, const struct engine_event *ev)
{
    struct monitor_event me = {.type = MONITOR_PROFILE,
                               .node = ev->node,
                               .up = ev->profile.running,
                               .side = ev->profile.side};

    tell(cs, &me);
}

static void on_contact(struct calls *cs, const struct engine_event *ev)
{
    const struct engine_contact *ec = &ev->contact;
    struct monitor_event me = {
        .type = MONITOR_CONTACT, .node = ev->node, .contact = ec};
    uint64_t now = timers_now(cs->deps.timers);
    bool before, after;

    tell(cs, &me);
    if (strcmp(ec->user, cs->deps.cfg->jigasi_user))
        return;
    before = contacts_choose(cs->contacts, ev->node, NULL, 0, now);
    if (contacts_update(cs->contacts, ev->node, ec))
        log_line(cs->deps.log, LOG_ERROR, NULL,
                 "no room for Jigasi at %s; it gets no calls", ec->uri);
    after = contacts_choose(cs->contacts, ev->node, NULL, 0, now);
    if (before && !after)
        log_line(cs->deps.log, LOG_WARN, NULL,
                 "no Jigasi is registered and reachable on node=%u: calls to "
                 "rooms get 503 until one registers as %s",
                 ev->node, cs->deps.cfg->jigasi_uri);
    else if (!before && after)
        log_line(cs->deps.log, LOG_INFO, NULL,
                 "Jigasi at %s is ready for calls", ec->uri);
}

static void on_trunk(struct calls *cs, const struct engine_event *ev)
{
    log_line(cs->deps.log, ev->trunk.registered ? LOG_INFO : LOG_WARN, NULL,
             "trunk %s: %s",
             ev->trunk.registered ? "registered" : "not registered",
             ev->trunk.detail);
}

static void on_offered(struct calls *cs, const struct engine_event *ev)
{
    if (!calls_find(cs, ev->leg))
        calls_offered(cs, ev, &ev->offered, false);
}

static void on_ringing(struct call *c, const struct engine_event *ev)
{
    if (ev->leg == c->jigasi.id && c->state == CALL_DIALLING)
        connect_ringing(c);
}

static void on_answered(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (ev->leg == c->jigasi.id) {
        if (c->state == CALL_DIALLING || c->state == CALL_RINGING)
            connect_answered(c);
        return;
    }
    if (c->answered)
        return;
    c->answered = true;
    log_line(c->cs->deps.log, LOG_INFO, c->id, "answered");
    if (!c->healthcheck)
        ending_limit_start(c);
    if (row->answered)
        row->answered(c);
}

static void on_bridged(struct call *c, const struct engine_event *ev)
{
    if (c->state == CALL_JOINING)
        meeting_bridged(c);
}

static void on_keys(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (ev->leg == c->leg.id && row->keys)
        row->keys(c, ev->keys);
}

/* The keys A to D of some telephones are no digits. */
static void digits_copy(char *out, const char *keys)
{
    size_t n = 0;

    for (; *keys && n < ENGINE_KEYS_MAX; keys++) {
        if (*keys >= '0' && *keys <= '9')
            out[n++] = *keys;
    }
    out[n] = '\0';
}

static void on_digits(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];
    char digits[ENGINE_KEYS_MAX + 1];

    if (ev->leg != c->leg.id || !c->collecting)
        return;
    c->collecting = false;
    digits_copy(digits, ev->digits.digits);
    if (row->digits)
        row->digits(c, digits, ev->digits.end, ev->digits.terminator);
}

static void on_played(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (ev->leg == c->leg.id && ev->played.tag == c->tag && row->played)
        row->played(c);
}

static void on_info(struct call *c, const struct engine_event *ev)
{
    if (ev->leg == c->jigasi.id)
        meeting_info(c, ev->info.type, ev->info.body, ev->info.len);
    else
        call_fault(c, "it came from the participant, who may say nothing "
                      "to us by INFO");
}

static void on_gone(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (ev->leg == c->leg.id)
        ending_gone(c, ev);
    else if (row->jigasi_gone)
        row->jigasi_gone(c, ev);
    else
        call_jigasi_forget(c);
}

/* Every event: dealt with for all calls, or for the one that has the leg. */
static const struct {
    void (*all)(struct calls *cs, const struct engine_event *ev);
    void (*one)(struct call *c, const struct engine_event *ev);
} handlers[] = {
    [ENGINE_UP] = {.all = on_node},
    [ENGINE_DOWN] = {.all = on_node},
    [ENGINE_PROFILE] = {.all = on_profile},
    [ENGINE_CONTACT] = {.all = on_contact},
    [ENGINE_TRUNK] = {.all = on_trunk},
    [ENGINE_OFFERED] = {.all = on_offered},
    [ENGINE_RECOVERED] = {.all = recover_begin},
    [ENGINE_RINGING] = {.one = on_ringing},
    [ENGINE_ANSWERED] = {.one = on_answered},
    [ENGINE_BRIDGED] = {.one = on_bridged},
    [ENGINE_KEYS] = {.one = on_keys},
    [ENGINE_DIGITS] = {.one = on_digits},
    [ENGINE_PLAYED] = {.one = on_played},
    [ENGINE_INFO] = {.one = on_info},
    [ENGINE_GONE] = {.one = on_gone},
};

void calls_event(const struct engine_event *ev, void *arg)
{
    struct calls *cs = arg;
    struct call *c;

    if ((size_t)ev->type >= sizeof(handlers) / sizeof(handlers[0]))
        return;
    if (handlers[ev->type].all) {
        handlers[ev->type].all(cs, ev);
        return;
    }
    c = calls_find(cs, ev->leg);
    if (c)
        handlers[ev->type].one(c, ev);
}

/* ---- all of them ---- */

int calls_alloc(struct calls **csp, const struct calls_deps *deps)
{
    struct calls *cs = calloc(1, sizeof(*cs));
    const char *map = deps->cfg->keys, *why;
    int err = ENOMEM;

    if (!cs)
        return ENOMEM;
    cs->deps = *deps;
    err = keys_parse(&cs->keys, map, strlen(map), &why);
    if (err)
        log_line(deps->log, LOG_ERROR, NULL, "JIGATE_KEYS=%s: %s", map, why);
    if (!err)
        err = guess_alloc(&cs->guess);
    if (!err)
        err = contacts_alloc(&cs->contacts);
    if (err) {
        calls_free(cs);
        return err;
    }
    *csp = cs;
    return 0;
}

void calls_free(struct calls *cs)
{
    if (!cs)
        return;
    while (cs->first) {
        struct call *c = cs->first;

        cs->first = c->next;
        call_free(c);
    }
    contacts_free(cs->contacts);
    guess_free(cs->guess);
    free(cs->legs);
    free(cs);
}

void calls_drain(struct calls *cs)
{
    if (cs->draining)
        return;
    cs->draining = true;
    calls_tell(cs, MONITOR_DRAINING, NULL, 0, NULL);
}

void calls_end(struct calls *cs)
{
    for (struct call *c = cs->first; c; c = c->next)
        ending_now(c, CALL_END_SHUTDOWN);
}

size_t calls_count(const struct calls *cs)
{
    return cs->n_calls;
}
