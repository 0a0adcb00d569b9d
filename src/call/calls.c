#include "call/calls.h"

#include <arpa/inet.h>
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

bool calls_node_away(const struct calls *cs, unsigned node)
{
    return node < 64 && cs->nodes_away >> node & 1;
}

/* ---- the list of calls ---- */

/* An address, of IPv6 the /64: whoever has one of these has them all. */
static const char *network_of(const char *address, char out[INET6_ADDRSTRLEN])
{
    struct in6_addr in6;

    if (inet_pton(AF_INET6, address, &in6) != 1)
        return address;
    memset(in6.s6_addr + 8, 0, 8);
    return inet_ntop(AF_INET6, &in6, out, INET6_ADDRSTRLEN);
}

/* Whose guesses count together. A phone user's name or an anonymous
 * caller's number proves nothing, so there it is the address; behind a trunk
 * or a PBX all callers share the address, so there it is the number. */
static void guess_key(struct call *c, const struct engine_offer *o)
{
    bool shared =
        o->source == ENGINE_FROM_TRUNK || o->source == ENGINE_FROM_TRUSTED;
    char network[INET6_ADDRSTRLEN];
    const char *text =
        shared && c->number[0] ? c->number : network_of(o->address, network);

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

/* ---- for operators ---- */

void calls_tell_event(struct calls *cs, const struct monitor_event *ev)
{
    if (cs->deps.monitor_h)
        cs->deps.monitor_h(ev, cs->deps.monitor_arg);
}

void calls_tell(struct calls *cs, enum monitor_event_type type,
                const char *call, unsigned node, const char *state)
{
    struct monitor_event ev = {
        .type = type, .node = node, .call = call, .state = state};

    calls_tell_event(cs, &ev);
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
    if (!err)
        err = contacts_alloc(&cs->phones);
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
    contacts_free(cs->phones);
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
