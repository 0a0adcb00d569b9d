#include <stdio.h>
#include <string.h>

#include "call/call.h"

/* At the gateway: in force at once, whatever Jigasi does. */
static void mute_set(struct call *c, bool on)
{
    if (c->muted == on)
        return;
    c->muted = on;
    engine_mute(c->cs->deps.engine, c->leg.id, on);
    log_line(c->cs->deps.log, LOG_INFO, c->id, on ? "muted" : "unmuted");
    if (!on)
        c->session.hand = false; /* Jigasi lowers it, too */
}

static void respond(struct call *c, const char *id, bool ok, bool on)
{
    struct jigasi_message m = {
        .type = JIGASI_MUTE_RESPONSE, .ok = ok, .on = on};

    snprintf(m.id, sizeof(m.id), "%s", id);
    call_send(c, &m);
}

static void ask_id(const struct call *c, char *id, size_t size)
{
    snprintf(id, size, "%s-%u", c->id, c->session.ask_id);
}

/* A mixing Jigasi does not answer a muteRequest, but believes a muteResponse
 * that it did not ask for. */
static void tell_unasked(struct call *c, bool on)
{
    char id[JIGASI_ID_MAX + 1];

    ask_id(c, id, sizeof(id));
    respond(c, id, true, on);
}

void mute_no_reply(struct call *c)
{
    if (c->session.ask == ASK_MUTE || c->session.ask == ASK_UNMUTE)
        tell_unasked(c, c->muted);
}

/* Ask Jigasi; after a mute or a permitted unmute its answer is waited for,
 * never after a request to speak. */
void mute_ask(struct call *c, enum call_ask ask, bool mute)
{
    struct jigasi_message m = {.type = JIGASI_MUTE_REQUEST, .on = mute};

    if (ask == ASK_HAND && timer_running(&c->clocks[TIMER_MUTE].timer))
        mute_no_reply(c); /* what was asked before must not be lost */
    c->session.ask = ask;
    c->session.ask_id++;
    ask_id(c, m.id, sizeof(m.id));
    call_send(c, &m);
    if (ask == ASK_HAND)
        call_timer_stop(c, TIMER_MUTE);
    else
        call_timer(c, TIMER_MUTE, CALL_MUTE_REPLY_MS);
}

static void ask_forget(struct call *c)
{
    c->session.ask = ASK_NONE;
    call_timer_stop(c, TIMER_MUTE);
}

/* A new session believes that the caller is heard: tell it better. */
void mute_tell(struct call *c)
{
    if (!c->session.visitor && !c->session.lobby)
        mute_ask(c, ASK_MUTE, true);
}

void mute_silently(struct call *c, bool on)
{
    ask_forget(c);
    mute_set(c, on);
}

void mute_key(struct call *c)
{
    bool on = !c->muted;

    if (c->state == CALL_LOBBY) {
        mute_set(c, on);
    } else if (c->session.visitor ||
               (!on && c->session.moderated && !c->session.allowed)) {
        hand_raise(c);
        return;
    } else {
        mute_set(c, on);
        mute_ask(c, on ? ASK_MUTE : ASK_UNMUTE, on);
    }
    call_say_one(c, on ? PROMPT_MUTED : PROMPT_UNMUTED);
}

/* t 10: not allowed to speak (any more). */
void mute_denied(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_MUTED, PROMPT_MAY_NOT_UNMUTE};

    if (c->muted) {
        call_notice(c, PROMPT_MAY_NOT_UNMUTE);
        return;
    }
    mute_set(c, true);
    mute_ask(c, ASK_MUTE, true);
    call_say(c, prompts, 2);
}

/* Nobody but the caller opens the caller's microphone. */
static void unmute_requested(struct call *c, const struct jigasi_message *m)
{
    respond(c, m->id, !c->muted, false);
}

void mute_requested(struct call *c, const struct jigasi_message *m)
{
    bool was = c->muted;
    bool joining =
        !c->bridged || timer_running(&c->clocks[TIMER_CONFIRM].timer);

    if (!m->on) {
        unmute_requested(c, m);
        return;
    }
    mute_silently(c, true);
    respond(c, m->id, true, true);
    if (!was) /* a meeting that starts muted is no moderator's doing */
        call_notice(c, joining ? PROMPT_MUTED : PROMPT_MUTED_BY_MODERATOR);
}

/* A request to speak was no request: Jigasi let the caller speak. */
static void hand_granted(struct call *c)
{
    if (c->session.visitor)
        return;
    c->session.allowed = true;
    c->session.hand = false;
    if (!c->muted)
        return;
    mute_set(c, false);
    call_say_one(c, PROMPT_UNMUTED);
}

/* In time it means that moderation forbids it, and Jigasi raised the hand;
 * late that jicofo failed, after we had told that the caller is heard. */
static void unmute_failed(struct call *c, bool in_time)
{
    const enum prompt raised[] = {PROMPT_MUTED, PROMPT_HAND_RAISED};
    const enum prompt failed[] = {PROMPT_MUTED, PROMPT_MAY_NOT_UNMUTE};

    if (c->muted)
        return;
    mute_set(c, true);
    if (in_time) {
        c->session.moderated = true;
        c->session.allowed = false;
        c->session.hand = true;
    } else {
        tell_unasked(c, true);
    }
    call_say(c, in_time ? raised : failed, 2);
}

void mute_responded(struct call *c, const struct jigasi_message *m)
{
    char id[JIGASI_ID_MAX + 1];
    enum call_ask ask = c->session.ask;
    bool in_time = timer_running(&c->clocks[TIMER_MUTE].timer);

    ask_id(c, id, sizeof(id));
    if (ask == ASK_NONE || strcmp(m->id, id)) {
        call_fault(c, "a muteResponse to nothing that was asked");
        return;
    }
    ask_forget(c);
    if (ask == ASK_HAND && m->ok)
        hand_granted(c);
    else if (ask == ASK_UNMUTE && !m->ok)
        unmute_failed(c, in_time);
}
