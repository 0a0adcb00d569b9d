#include <string.h>

#include "base/slice.h"
#include "call/call.h"
#include "call/note.h"

/* Bits of note.flags. */
static const struct {
    uint32_t bit;
    size_t offset;
} flags[] = {
    {1u << 0, offsetof(struct call, muted)},
    {1u << 1, offsetof(struct call, waiting)},
    {1u << 2, offsetof(struct call, redial)},
    {1u << 3, offsetof(struct call, wait_over)},
    {1u << 4, offsetof(struct call, warned)},
    {1u << 5, offsetof(struct call, was_visitor)},
    {1u << 6, offsetof(struct call, healthcheck)},
    {1u << 7, offsetof(struct call, answering)},
    {1u << 8, offsetof(struct call, session.moderated)},
    {1u << 9, offsetof(struct call, session.allowed)},
    {1u << 10, offsetof(struct call, session.visitor)},
    {1u << 11, offsetof(struct call, session.hand)},
    {1u << 12, offsetof(struct call, session.lobby)},
    {1u << 13, offsetof(struct call, session.live)},
    {1u << 14, offsetof(struct call, session.not_live)},
    {1u << 15, offsetof(struct call, outbound)},
    {1u << 19, offsetof(struct call, trunk)},
};

/* The others: what goes on besides the state. */
enum {
    NOTE_COLLECTS = 1 << 16, /* digits */
    NOTE_CONFIRMS = 1 << 17, /* "you are in the conference" is due */
    NOTE_UNMUTES = 1 << 18,  /* Jigasi was asked, and has not answered */
};

/* Four bits each of note.counters. */
static const size_t counters[] = {
    offsetof(struct call, rounds),  offsetof(struct call, lookups_failed),
    offsetof(struct call, backoff), offsetof(struct call, rejoins),
    offsetof(struct call, tries),
};

enum {
    N_FLAGS = sizeof(flags) / sizeof(flags[0]),
    N_COUNTERS = sizeof(counters) / sizeof(counters[0]),
};

static bool flag_get(const struct call *c, size_t i)
{
    return *((const bool *)(const void *)c + flags[i].offset);
}

static unsigned counter_get(const struct call *c, size_t i)
{
    unsigned value;

    memcpy(&value, (const char *)c + counters[i], sizeof(value));
    return value;
}

static void packed_set(struct call *c, const struct note *n)
{
    for (size_t i = 0; i < N_FLAGS; i++)
        *((bool *)(void *)c + flags[i].offset) = n->flags & flags[i].bit;
    for (size_t i = 0; i < N_COUNTERS; i++) {
        unsigned value = n->counters >> 4 * i & 15;

        memcpy((char *)c + counters[i], &value, sizeof(value));
    }
}

/* Rounded up, so that what runs is not taken for what does not. */
static uint32_t seconds(uint64_t ms)
{
    return (uint32_t)((ms + 999) / 1000);
}

static void prompt_copy(char *out, size_t size, enum prompt p)
{
    const char *name = prompt_name(p);

    slice_copy(slice_of(name ? name : ""), out, size);
}

/* What is being said: at the end, or to who waits. */
static void prompts_note(struct note *n, const struct call *c)
{
    const bool ends = c->state == CALL_ENDING;

    if (ends || c->state == CALL_GONE)
        slice_copy(slice_of(ending_name(c->end)), n->end, sizeof(n->end));
    prompt_copy(n->prompts[0], sizeof(n->prompts[0]),
                ends ? c->end_prompts[0] : c->wait_prompt);
    prompt_copy(n->prompts[1], sizeof(n->prompts[1]),
                ends ? c->end_prompts[1] : PROMPT_NONE);
}

static uint32_t flags_note(const struct call *c)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < N_FLAGS; i++)
        bits |= flag_get(c, i) ? flags[i].bit : 0;
    if (c->collecting)
        bits |= NOTE_COLLECTS;
    if (timer_running(&c->clocks[TIMER_CONFIRM].timer))
        bits |= NOTE_CONFIRMS;
    if (c->session.ask == ASK_UNMUTE)
        bits |= NOTE_UNMUTES;
    return bits;
}

void recover_note(const struct call *c, char *buf, size_t size)
{
    struct note n = {.room = c->target.room};

    slice_copy(slice_of(call_state_rows[c->state].name), n.state,
               sizeof(n.state));
    slice_copy(slice_of(c->target.meeting_id), n.meeting_id,
               sizeof(n.meeting_id));
    if (c->target.password_keyed)
        slice_copy(slice_of(c->target.password), n.password,
                   sizeof(n.password));
    n.flags = flags_note(c);
    prompts_note(&n, c);
    for (size_t i = 0; i < N_COUNTERS; i++)
        n.counters |= (counter_get(c, i) & 15) << 4 * i;
    n.age_s = (uint32_t)((call_now(c) - c->since) / 1000);
    if (c->bridged)
        n.bridged_s = seconds(call_now(c) - c->bridged_at);
    n.step_ms = (uint32_t)call_timer_left(c, TIMER_STEP);
    n.access_ms = (uint32_t)call_timer_left(c, TIMER_ACCESS);
    n.wait_s = seconds(call_timer_left(c, TIMER_WAIT));
    n.limit_s = seconds(call_timer_left(c, TIMER_LIMIT));
    note_write(&n, buf, size);
}

/* ---- back again ---- */

static void target_set(struct call *c, const struct note *n)
{
    struct call_target *t = &c->target;

    slice_copy(slice_of(n->meeting_id), t->meeting_id, sizeof(t->meeting_id));
    slice_copy(slice_of(n->password), t->password, sizeof(t->password));
    t->password_keyed = n->password[0];
    t->room = n->room;
    if (n->room.name[0])
        room_headers_dialled(&t->headers, &t->room,
                             c->cs->deps.cfg->xmpp_muc_domain);
}

static enum call_state state_find(const char *name)
{
    for (int i = 0; i < CALL_STATES; i++) {
        if (!strcmp(name, call_state_rows[i].name))
            return (enum call_state)i;
    }
    return CALL_NEW;
}

static void peer_adopt(struct call *c, const struct engine_event *ev)
{
    if (!ev->recovered.peer ||
        calls_leg_add(c->cs, c, &c->jigasi, ev->recovered.peer))
        return;
    c->jigasi_up = ev->recovered.peer_answered;
    c->contact =
        contacts_find(c->cs->contacts, c->node, ev->recovered.peer_contact);
    if (c->contact)
        contact_hold(c->contact);
}

/* Of what was left when the note was written. What ran out meanwhile is due
 * now, not over: who would have seen to it was away. */
static uint32_t left(uint64_t then, uint64_t age, uint32_t unit)
{
    if (!then)
        return 0;
    return (uint32_t)(then * unit > age ? (then * unit - age + unit - 1) / unit
                                        : 1);
}

static void note_grow_old(struct note *n, uint64_t age)
{
    n->step_ms = left(n->step_ms, age, 1);
    n->access_ms = left(n->access_ms, age, 1);
    n->wait_s = left(n->wait_s, age, 1000);
    n->limit_s = left(n->limit_s, age, 1000);
}

static void timers_resume(struct call *c, const struct note *n)
{
    uint64_t max_wait = 60000ull * c->cs->deps.cfg->max_wait_min;

    call_timer(c, TIMER_NOTE, CALL_NOTE_MS);
    if (n->limit_s)
        call_timer(c, TIMER_LIMIT, 1000ull * n->limit_s);
    else if (c->answered)
        ending_limit_start(c);
    if (n->wait_s)
        call_timer(c, TIMER_WAIT,
                   1000ull * n->wait_s < max_wait ? 1000ull * n->wait_s
                                                  : max_wait);
    if (!c->answering && !c->outbound &&
        c->cs->deps.cfg->answer == CONFIG_ANSWER_EARLY)
        call_timer(c, TIMER_ANSWER, CALL_EARLY_ANSWER_MS);
}

/* ---- where it goes on; n->step_ms is what was left there ---- */

static void resume_waiting(struct call *c, const struct note *n)
{
    uint64_t full = 1000ull * c->cs->deps.cfg->retry_interval_s;

    call_enter(c, CALL_WAITING,
               n->step_ms && n->step_ms < full ? n->step_ms : full);
}

/* Who waits hears that, and may key the password, while Jigasi is called. */
static void hear_waiting(struct call *c)
{
    if (c->waiting && c->answered)
        connect_wait_audio(c);
    else if (c->redial)
        call_play_loop(c, NULL, 0, PROMPT_MUSIC);
}

static void resume_dial(struct call *c, const struct note *n)
{
    hear_waiting(c);
    c->n_tried = 0;
    connect_dial(c);
}

/* Where no timer ran the engine's node was waited for, and is here now. */
static void resume_retrying(struct call *c, const struct note *n)
{
    call_enter(c, CALL_RETRYING,
               n->step_ms && n->step_ms < CALL_BACKOFF_MS ? n->step_ms
                                                          : CALL_NODE_BACK_MS);
}

static void resume_lookup(struct call *c, const struct note *n)
{
    if (c->target.meeting_id[0])
        ivr_lookup(c);
    else
        call_enter(c, CALL_ASKING, 0);
}

static void resume_asking(struct call *c, const struct note *n)
{
    call_enter(c, CALL_ASKING, 0);
}

/* It was in a meeting, and Jigasi left while nobody looked. */
static void resume_alone(struct call *c, const struct note *n)
{
    meeting_rejoin(c);
}

static void resume_gone(struct call *c, const struct note *n)
{
    c->end = ending_find(n->end);
    call_jigasi_drop(c);
    ending_hangup(c);
}

/* How much of it was heard is not known: it is said again. */
static void resume_end(struct call *c, const struct note *n)
{
    enum prompt first = prompt_find(n->prompts[0]);

    if (first == PROMPT_NONE || !c->answering)
        resume_gone(c, n);
    else
        ending_begin(c, ending_find(n->end), first,
                     prompt_find(n->prompts[1]));
}

static void resume_healthcheck(struct call *c, const struct note *n)
{
    call_enter(c, CALL_HEALTHCHECK, n->step_ms ? n->step_ms : 1);
}

/* Without a leg to Jigasi. */
static void (*const resume_rows[CALL_STATES])(struct call *c,
                                              const struct note *n) = {
    [CALL_NEW] = resume_asking,
    [CALL_ASKING] = resume_asking,
    [CALL_LOOKUP] = resume_lookup,
    [CALL_PASSWORD] = resume_lookup,
    [CALL_DIALLING] = resume_dial,
    [CALL_RINGING] = resume_dial,
    [CALL_WAITING] = resume_waiting,
    [CALL_RETRYING] = resume_retrying,
    [CALL_JOINING] = resume_alone,
    [CALL_MEETING] = resume_alone,
    [CALL_LOBBY] = resume_alone,
    [CALL_NOT_LIVE] = resume_alone,
    [CALL_ENDING] = resume_end,
    [CALL_GONE] = resume_gone,
    [CALL_HEALTHCHECK] = resume_healthcheck,
};

static bool may_unmute(const struct call *c)
{
    return !c->session.visitor &&
           (!c->session.moderated || c->session.allowed);
}

/* In the meeting already: nothing is announced that was announced before. */
static void resume_meeting(struct call *c, const struct note *n)
{
    bool redial = c->redial;

    c->redial = !(n->flags & NOTE_CONFIRMS);
    meeting_bridged(c);
    c->redial = redial;
    c->bridged_at -= 1000ull * n->bridged_s;
    if (c->state == CALL_LOBBY && n->access_ms) {
        call_play_stop(c);
        call_timer(c, TIMER_ACCESS, n->access_ms);
    } else if (c->state == CALL_LOBBY && n->flags & NOTE_COLLECTS) {
        lobby_ask(c);
    }
    if (!c->muted && n->flags & NOTE_UNMUTES && may_unmute(c))
        mute_ask(c, ASK_UNMUTE, false);
}

/* With a leg to Jigasi: it tells more than the note. */
static void resume_peer(struct call *c, enum call_state state,
                        const struct engine_event *ev, const struct note *n)
{
    if (state == CALL_ENDING || state == CALL_GONE) {
        resume_rows[state](c, n);
    } else if (ev->recovered.bridged) {
        resume_meeting(c, n);
    } else if (c->jigasi_up) {
        call_answer(c);
        call_enter(c, CALL_JOINING, 0);
    } else if (state == CALL_RINGING) {
        hear_waiting(c);
        call_enter(c, CALL_RINGING, n->step_ms || c->redial ? n->step_ms : 1);
    } else {
        hear_waiting(c);
        call_enter(c, CALL_DIALLING,
                   n->step_ms ? n->step_ms : CALL_NO_RINGING_MS);
        if (ev->recovered.peer_ringing)
            connect_ringing(c);
    }
}

static void resume_outbound(struct call *c, enum call_state state,
                            const struct engine_event *ev,
                            const struct note *n)
{
    if (c->leg.id && (state == CALL_ENDING || state == CALL_GONE))
        resume_rows[state](c, n);
    else if (!c->leg.id || !c->jigasi.id)
        outbound_lost(c);
    else if (ev->recovered.bridged)
        resume_meeting(c, n);
    else
        outbound_resume(c, ev, n->step_ms);
}

static void resume(struct call *c, const struct engine_event *ev,
                   const struct note *n)
{
    enum call_state state = state_find(n->state);

    c->since = call_now(c) - 1000ull * n->age_s - ev->recovered.note_age_ms;
    packed_set(c, n);
    c->wait_prompt = prompt_find(n->prompts[0]);
    if (c->outbound) {
        outbound_adopt(c, ev);
    } else {
        c->answered = ev->recovered.answered;
        c->answering = c->answering || c->answered;
    }
    target_set(c, n);
    if (c->healthcheck) {
        c->cs->n_calls--;
        c->cs->n_healthchecks++;
    } else {
        calls_tell(c->cs, MONITOR_STARTED, c->id, c->node, NULL);
        log_line(c->cs->deps.log, LOG_INFO, c->id,
                 "found again after a restart, state=%s",
                 call_state_rows[state].name);
    }
    timers_resume(c, n);
    if (c->answered)
        engine_mute(c->cs->deps.engine, c->leg.id, c->muted);
    if (c->outbound) {
        resume_outbound(c, state, ev, n);
        return;
    }
    peer_adopt(c, ev);
    if (c->jigasi.id)
        resume_peer(c, state, ev, n);
    else
        resume_rows[state](c, n);
}

/* Without a note, or with one that makes no sense. */
static void begin_anew(struct calls *cs, const struct engine_event *ev)
{
    const struct engine_offer *o = &ev->recovered.offer;

    if (ev->recovered.note)
        log_line(cs->deps.log, LOG_WARN, o->call,
                 "the note of this call cannot be read: it %s",
                 ev->recovered.alone ? "is ended" : "begins anew");
    if (ev->recovered.peer)
        engine_hangup(cs->deps.engine, ev->recovered.peer, 0, "");
    if (ev->recovered.alone)
        engine_hangup(cs->deps.engine, ev->leg, 0, "");
    else
        calls_offered(cs, ev, o, ev->recovered.answered);
}

void recover_begin(struct calls *cs, const struct engine_event *ev)
{
    const struct engine_offer *o = &ev->recovered.offer;
    struct call *c;
    struct note n;

    if (calls_find(cs, ev->leg))
        return;
    if (!ev->recovered.note || note_read(&n, ev->recovered.note)) {
        begin_anew(cs, ev);
        return;
    }
    c = calls_add(cs, ev, o);
    if (!c) {
        log_line(cs->deps.log, LOG_ERROR, o->call,
                 "out of memory: a call of before the restart is ended");
        engine_hangup(cs->deps.engine, ev->leg, 0, "");
        return;
    }
    note_grow_old(&n, ev->recovered.note_age_ms);
    resume(c, ev, &n);
}
