#include <string.h>

#include "call/call.h"

/* ---- what concerns all calls ---- */

static void node_back(struct calls *cs, unsigned node)
{
    for (struct call *c = cs->first; c; c = c->next) {
        if (c->node == node)
            connect_node_back(c);
    }
}

static void on_node(struct calls *cs, const struct engine_event *ev)
{
    uint64_t bit = ev->node < 64 ? 1ull << ev->node : 0;
    struct monitor_event me = {
        .type = MONITOR_ENGINE, .node = ev->node, .up = ev->type == ENGINE_UP};

    if (!me.up) {
        contacts_void(cs->contacts, ev->node);
        contacts_void(cs->phones, ev->node);
    }
    cs->nodes_away = me.up ? cs->nodes_away & ~bit : cs->nodes_away | bit;
    log_line(cs->deps.log, me.up ? LOG_INFO : LOG_WARN, NULL,
             me.up ? "engine node=%u is up"
                   : "engine node=%u is out of reach; its calls go on",
             ev->node);
    calls_tell_event(cs, &me);
    if (me.up)
        node_back(cs, ev->node);
}

static void on_profile(struct calls *cs, const struct engine_event *ev)
{
    struct monitor_event me = {.type = MONITOR_PROFILE,
                               .node = ev->node,
                               .up = ev->profile.running,
                               .side = ev->profile.side};

    calls_tell_event(cs, &me);
}

static void on_contact(struct calls *cs, const struct engine_event *ev)
{
    const struct engine_contact *ec = &ev->contact;
    struct monitor_event me = {
        .type = MONITOR_CONTACT, .node = ev->node, .contact = ec};
    uint64_t now = timers_now(cs->deps.timers);
    bool before, after;

    calls_tell_event(cs, &me);
    if (!strcmp(ec->user, cs->deps.cfg->registration_user) &&
        contacts_update(cs->phones, ev->node, ec))
        log_line(cs->deps.log, LOG_ERROR, NULL,
                 "no room for the phone at %s; no meeting can dial it",
                 ec->uri);
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
    struct monitor_event me = {
        .type = MONITOR_TRUNK, .node = ev->node, .up = ev->trunk.registered};

    calls_tell_event(cs, &me);
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

/* ---- what concerns one ---- */

static void on_ringing(struct call *c, const struct engine_event *ev)
{
    if (ev->leg == c->jigasi.id && c->state == CALL_DIALLING)
        connect_ringing(c);
    else if (ev->leg == c->leg.id && c->outbound)
        outbound_ringing(c, ev->ringing.early);
}

static void on_answered(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (c->outbound) {
        outbound_answered(c, ev->leg);
        return;
    }
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
    /* A telephone may have been heard, so bridged, before its answer. */
    if (c->state == CALL_JOINING && c->jigasi_up)
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
    if (c->state == CALL_OUTBOUND)
        call_fault(c, "the call is not answered yet");
    else if (ev->leg == c->jigasi.id)
        meeting_info(c, ev->info.type, ev->info.body, ev->info.len);
    else
        call_fault(c, "it came from the participant, who may say nothing "
                      "to us by INFO");
}

static void on_gone(struct call *c, const struct engine_event *ev)
{
    const struct call_state_row *row = &call_state_rows[c->state];

    if (ev->leg == c->leg.id && c->state == CALL_OUTBOUND)
        outbound_refused(c, ev);
    else if (ev->leg == c->leg.id)
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
    if (ev->type == ENGINE_GONE)
        calls_quality(cs, ev);
    if (handlers[ev->type].all) {
        handlers[ev->type].all(cs, ev);
        return;
    }
    c = calls_find(cs, ev->leg);
    if (c)
        handlers[ev->type].one(c, ev);
}
