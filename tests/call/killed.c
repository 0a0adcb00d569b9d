/* The program is killed and started again: what an engine tells it then of the
 * legs that are there. */
#include "tests/call/scripted.h"

#include <stdio.h>
#include <string.h>

static void tell_recovered(struct scenario *t, unsigned number,
                           const char *note, uint64_t age)
{
    struct leg *l = &t->phones[number - 1];
    struct leg *peer = l->peer ? leg_of(t, l->peer) : NULL;
    struct engine_event ev = {
        .type = ENGINE_RECOVERED, .node = l->node, .leg = PHONE_LEGS + number};
    char call[ENGINE_CALL_ID_MAX];

    if (peer && (!peer->there || peer->ending))
        peer = NULL;
    snprintf(call, sizeof(call), "c%u", number);
    ev.recovered.offer = (struct engine_offer){
        .source = l->source,
        .call = call,
        .to = l->to,
        .to_len = strlen(l->to),
        .to_host = "meet.jitsi",
        .caller_name = "Alice",
        .caller_number = "4711",
        .address = "192.0.2.1",
    };
    ev.recovered.note = note;
    ev.recovered.note_age_ms = age;
    ev.recovered.peer = peer ? l->peer : 0;
    ev.recovered.peer_contact = peer ? peer->contact : "";
    ev.recovered.answered = l->up;
    ev.recovered.peer_ringing = peer && peer->ringing;
    ev.recovered.peer_answered = peer && peer->up;
    ev.recovered.bridged = peer && (l->bridged || peer->bridged);
    calls_event(&ev, t->calls);
}

/* Whom a meeting dialled that has left. */
static void tell_alone(struct scenario *t, unsigned number, const char *note,
                       uint64_t age)
{
    struct leg *l = &t->callees[number - 1];
    struct engine_event ev = {.type = ENGINE_RECOVERED,
                              .node = l->node,
                              .leg = CALLEE_LEGS + number};

    ev.recovered.offer = (struct engine_offer){
        .source = ENGINE_FROM_JIGASI,
        .call = "c1",
        .to = "",
        .to_host = "",
        .caller_name = "",
        .caller_number = "",
        .address = "",
    };
    ev.recovered.alone = true;
    ev.recovered.note = note;
    ev.recovered.note_age_ms = age;
    ev.recovered.peer_contact = "";
    ev.recovered.answered = l->up;
    calls_event(&ev, t->calls);
}

void killed_for(struct scenario *t, uint64_t ms)
{
    size_t n = t->n_lines;
    uint64_t then = t->now;

    calls_free(t->calls);
    t->n_lines = n; /* who is killed cancels nothing */
    t->calls = NULL;
    memset(t->queries, 0, sizeof(t->queries));
    t->n_started = t->n_ended = 0;
    timers_free(t->timers);
    t->now = 5; /* another clock */
    assert_int_equal(timers_alloc(&t->timers, t->now), 0);
    assert_int_equal(restart_calls(t), 0);
    contact_set(t, 0, "j1", true, 1);
    for (unsigned i = 1; i <= t->n_phones; i++) {
        struct leg *l = &t->phones[i - 1];
        char note[ENGINE_NOTE_MAX];

        snprintf(note, sizeof(note), "%s", l->note);
        if (l->there)
            tell_recovered(t, i, l->noted ? note : NULL,
                           l->noted ? then - l->noted_at + ms : 0);
    }
    for (unsigned i = 1; i <= t->n_callees; i++) {
        struct leg *l = &t->callees[i - 1];
        char note[ENGINE_NOTE_MAX];

        snprintf(note, sizeof(note), "%s", l->note);
        if (l->there && l->up && l->noted && !leg_of(t, l->peer)->there)
            tell_alone(t, i, note, then - l->noted_at + ms);
    }
}

void forgotten(struct scenario *t)
{
    leg_of(t, id_of(this_phone(t)))->noted = false;
}

void vanished(struct scenario *t, const char *leg)
{
    leg_of(t, id_of(leg))->there = false;
}

void leg_recovered(struct scenario *t, const char *to, const char *note,
                   bool up)
{
    struct leg *leg = &t->phones[t->n_phones++];

    assert_true(t->n_phones < LEGS_MAX);
    t->phone = t->n_phones;
    leg->there = true;
    leg->answering = leg->up = up;
    snprintf(leg->to, sizeof(leg->to), "%s", to);
    tell_recovered(t, t->n_phones, note, 0);
}
