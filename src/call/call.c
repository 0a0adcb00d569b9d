#include "call/call.h"

#include <stdio.h>
#include <string.h>

uint64_t call_now(const struct call *c)
{
    return timers_now(c->cs->deps.timers);
}

/* ---- timers ---- */

static void step(struct call *c)
{
    if (call_state_rows[c->state].step)
        call_state_rows[c->state].step(c);
}

static void note_again(struct call *c)
{
    call_note(c);
    call_timer(c, TIMER_NOTE, CALL_NOTE_MS);
}

static void (*const timer_rows[TIMERS])(struct call *c) = {
    [TIMER_STEP] = step,
    [TIMER_ANSWER] = call_answer,
    [TIMER_CONFIRM] = meeting_confirm,
    [TIMER_MUTE] = mute_no_reply,
    [TIMER_ACCESS] = lobby_access_over,
    [TIMER_WAIT] = connect_wait_over,
    [TIMER_LIMIT] = ending_limit,
    [TIMER_NOTE] = note_again,
};

static void timer_fired_h(void *arg)
{
    struct call_clock *clock = arg;
    struct call *c = clock->call;

    timer_rows[clock - c->clocks](c);
}

void call_timer(struct call *c, enum call_timer which, uint64_t ms)
{
    struct call_clock *clock = &c->clocks[which];

    clock->due = call_now(c) + ms;
    if (!timer_start(c->cs->deps.timers, &clock->timer, ms, timer_fired_h,
                     clock))
        return;
    log_line(c->cs->deps.log, LOG_ERROR, c->id,
             "no memory for a timer: the call is ended");
    ending_now(c, CALL_END_MEMORY);
}

void call_timer_stop(struct call *c, enum call_timer which)
{
    timer_stop(&c->clocks[which].timer);
}

void call_timers_stop(struct call *c)
{
    for (size_t i = 0; i < TIMERS; i++)
        timer_stop(&c->clocks[i].timer);
}

uint64_t call_timer_left(const struct call *c, enum call_timer which)
{
    const struct call_clock *clock = &c->clocks[which];
    uint64_t now = call_now(c);

    if (!timer_running(&clock->timer))
        return 0;
    return clock->due > now ? clock->due - now : 1;
}

/* ---- state ---- */

void call_note(struct call *c)
{
    /* Kept with the leg that came in. Whom Jigasi dialled may be left alone
       by it, and has to hear of that. */
    engine_leg offered = c->outbound ? c->jigasi.id : c->leg.id;
    engine_leg dialled = c->outbound && c->answered ? c->leg.id : 0;
    char text[ENGINE_NOTE_MAX];

    recover_note(c, text, sizeof(text));
    if (text[0] && offered)
        engine_note(c->cs->deps.engine, offered, text);
    if (text[0] && dialled)
        engine_note(c->cs->deps.engine, dialled, text);
}

void call_enter(struct call *c, enum call_state state, uint64_t step_ms)
{
    const struct call_state_row *row = &call_state_rows[state];
    bool changed = c->state != state;

    if (c->state == CALL_GONE)
        return;
    call_timer_stop(c, TIMER_STEP);
    c->state = state;
    if (step_ms)
        call_timer(c, TIMER_STEP, step_ms);
    if (changed && !c->healthcheck)
        calls_tell(c->cs, MONITOR_STATE, c->id, c->node, row->name);
    if (state != CALL_GONE)
        call_note(c);
    if (c->answered && row->answered)
        row->answered(c);
}

void call_answer(struct call *c)
{
    call_timer_stop(c, TIMER_ANSWER);
    if (c->answering)
        return;
    c->answering = true;
    engine_answer(c->cs->deps.engine, c->leg.id);
    call_note(c);
}

/* ---- what the participant hears ---- */

/* Names of the prompts, those that are none left out. */
static size_t names_of(const char *names[ENGINE_PLAYLIST_MAX],
                       const enum prompt *prompts, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n && k < ENGINE_PLAYLIST_MAX; i++) {
        if (prompt_name(prompts[i]))
            names[k++] = prompt_name(prompts[i]);
    }
    return k;
}

static void play(struct call *c, const enum prompt *prompts, size_t n,
                 int loop_from, bool replace)
{
    const char *names[ENGINE_PLAYLIST_MAX];
    struct engine_play p = {.prompts = names,
                            .n_prompts = names_of(names, prompts, n),
                            .loop_from = loop_from,
                            .replace = replace,
                            .tag = ++c->tag};

    if (p.n_prompts)
        engine_play(c->cs->deps.engine, c->leg.id, &p);
}

void call_play_loop(struct call *c, const enum prompt *first, size_t n,
                    enum prompt loop)
{
    enum prompt list[ENGINE_PLAYLIST_MAX];
    size_t k = 0;
    int loop_from = -1;

    if (!c->answered)
        return;
    for (size_t i = 0; i < n && k < ENGINE_PLAYLIST_MAX - 2; i++) {
        if (first[i] != PROMPT_NONE)
            list[k++] = first[i];
    }
    if (loop != PROMPT_NONE) {
        loop_from = (int)k;
        if (!k && loop != PROMPT_MUSIC)
            list[k++] = loop;
        list[k++] = PROMPT_MUSIC;
        if (loop_from && loop != PROMPT_MUSIC)
            list[k++] = loop;
    }
    c->loop_prompt = loop;
    c->last_said = n ? first[n - 1] : loop;
    play(c, list, k, loop_from, true);
}

void call_play_tone(struct call *c)
{
    const enum prompt list[] = {PROMPT_TONE};

    play(c, list, 1, 0, true);
}

void call_play_stop(struct call *c)
{
    c->loop_prompt = PROMPT_NONE;
    if (c->answered)
        engine_play_stop(c->cs->deps.engine, c->leg.id);
}

void call_say(struct call *c, const enum prompt *prompts, size_t n)
{
    if (!c->answered || !n)
        return;
    if (c->loop_prompt != PROMPT_NONE) {
        call_play_loop(c, prompts, n, c->loop_prompt);
        return;
    }
    c->last_said = prompts[n - 1];
    play(c, prompts, n, -1, false);
}

void call_say_one(struct call *c, enum prompt p)
{
    call_say(c, &p, 1);
}

void call_notice(struct call *c, enum prompt p)
{
    if (c->last_said != p)
        call_say_one(c, p);
}

/* ---- keys ---- */

void call_collect(struct call *c, const enum prompt *prompts, size_t n,
                  uint32_t first_ms)
{
    const char *names[ENGINE_PLAYLIST_MAX];
    struct engine_collect ec = {.prompts = names,
                                .n_prompts = names_of(names, prompts, n),
                                .terminators = "#*",
                                .max = ENGINE_KEYS_MAX,
                                .first_ms = first_ms,
                                .inter_ms = CALL_INTER_KEY_MS};

    if (ec.n_prompts)
        c->loop_prompt = PROMPT_NONE;
    c->collecting = true;
    engine_collect(c->cs->deps.engine, c->leg.id, &ec);
}

void call_collect_stop(struct call *c)
{
    if (!c->collecting)
        return;
    c->collecting = false;
    engine_collect_stop(c->cs->deps.engine, c->leg.id);
}

void call_bind(struct call *c, bool with_pound)
{
    const struct keys *k = &c->cs->keys;
    const char *list[KEYS_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++) {
        if (!with_pound || strcmp(k->map[i].sequence, "#"))
            list[n++] = k->map[i].sequence;
    }
    if (with_pound)
        list[n++] = "#";
    engine_bind(c->cs->deps.engine, c->leg.id, list, n, CALL_SEQUENCE_MS);
}

void call_unbind(struct call *c)
{
    engine_bind(c->cs->deps.engine, c->leg.id, NULL, 0, CALL_SEQUENCE_MS);
}

/* ---- Jigasi ---- */

void call_send(struct call *c, const struct jigasi_message *m)
{
    char body[JIGASI_MESSAGE_MAX];
    size_t n;

    if (!c->jigasi.id)
        return;
    n = jigasi_write(m, body);
    if (n)
        engine_info(c->cs->deps.engine, c->jigasi.id, JIGASI_CONTENT_TYPE,
                    body, n);
    else
        log_line(c->cs->deps.log, LOG_WARN, c->id,
                 "a message to Jigasi could not be written");
}

void call_jigasi_forget(struct call *c)
{
    if (!c->jigasi.id)
        return;
    calls_leg_remove(c->cs, &c->jigasi);
    if (c->contact)
        contact_release(c->cs->contacts, c->contact);
    c->contact = NULL;
    c->jigasi_up = false;
    c->bridged = false;
    call_timer_stop(c, TIMER_CONFIRM);
    call_timer_stop(c, TIMER_MUTE);
    call_timer_stop(c, TIMER_ACCESS);
}

void call_jigasi_drop(struct call *c)
{
    if (!c->jigasi.id)
        return;
    engine_hangup(c->cs->deps.engine, c->jigasi.id, 0, "");
    call_jigasi_forget(c);
}

void call_contact_failed(struct call *c)
{
    if (c->contact)
        c->contact->failed_until = call_now(c) + CONTACT_SHY_MS;
}

void call_query_cancel(struct call *c)
{
    if (c->query)
        directory_cancel(c->query, c->cs->deps.directory);
    c->query = NULL;
    c->looking = false;
}

void call_fault(struct call *c, const char *what)
{
    c->faults++;
    if (c->fault_logged)
        return;
    c->fault_logged = true;
    log_line(c->cs->deps.log, LOG_WARN, c->id,
             "INFO ignored: %s (further ones in this call are only counted)",
             what);
}
