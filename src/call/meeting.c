#include <stdio.h>
#include <string.h>

#include "call/call.h"

/* ---- into the meeting ---- */

/* Take the place that Jigasi told: meeting, lobby, or before it is live. */
void meeting_enter(struct call *c)
{
    if (c->session.not_live) {
        call_bind(c, false);
        call_enter(c, CALL_NOT_LIVE, 0);
        call_play_loop(c, NULL, 0, PROMPT_NOT_LIVE);
    } else if (c->session.lobby) {
        lobby_enter(c);
    } else {
        call_bind(c, false);
        call_enter(c, CALL_MEETING, 0);
    }
}

void meeting_bridged(struct call *c)
{
    c->bridged = true;
    c->bridged_at = call_now(c);
    c->waiting = false;
    c->password_new = false;
    log_line(c->cs->deps.log, LOG_INFO, c->id, "bridged");
    if (!c->redial && !c->session.not_live && !c->session.lobby)
        call_timer(c, TIMER_CONFIRM, CALL_CONFIRM_MS);
    meeting_enter(c);
    if (c->muted)
        mute_tell(c);
}

void meeting_confirm(struct call *c)
{
    call_say_one(c, PROMPT_IN_CONFERENCE);
    call_note(c);
}

/* ---- Jigasi's messages ---- */

static void heartbeat(struct call *c, const struct jigasi_message *m)
{
    call_send(c, m);
}

static void moderation(struct call *c, const struct jigasi_message *m)
{
    bool was = c->session.moderated;

    c->session.moderated = m->on;
    c->session.allowed = false; /* t 9 tells when it is so again */
    if (m->on != was)
        call_notice(c, m->on ? PROMPT_MODERATION_ON : PROMPT_MODERATION_OFF);
}

static void approved(struct call *c, const struct jigasi_message *m)
{
    bool was = c->session.allowed;

    c->session.allowed = true;
    if (!was)
        call_notice(c, PROMPT_MAY_UNMUTE);
}

static void denied(struct call *c, const struct jigasi_message *m)
{
    c->session.allowed = false;
    mute_denied(c);
}

static void visitor(struct call *c, const struct jigasi_message *m)
{
    bool was = c->session.visitor;

    c->session.visitor = m->on;
    c->was_visitor = m->on;
    if (m->on == was)
        return;
    if (m->on)
        mute_silently(c, true);
    else
        c->session.hand = false;
    call_notice(c, m->on ? PROMPT_VISITOR : PROMPT_PROMOTED);
}

static void live(struct call *c, const struct jigasi_message *m)
{
    bool was = c->session.live;

    c->session.live = m->on;
    c->session.not_live = !m->on;
    if (m->on) {
        if (c->state == CALL_NOT_LIVE) {
            call_play_stop(c);
            meeting_enter(c);
        }
        if (!was)
            call_notice(c, PROMPT_LIVE);
    } else if (c->bridged && c->state != CALL_NOT_LIVE) {
        call_timer_stop(c, TIMER_CONFIRM);
        meeting_enter(c);
    }
}

static void ended(struct call *c, const struct jigasi_message *m)
{
    ending_begin(c, CALL_END_COMPLETED, PROMPT_ENDED, PROMPT_NONE);
}

static void refused(struct call *c, const struct jigasi_message *m)
{
    ending_begin(c, CALL_END_NOT_ADMITTED, PROMPT_LOBBY_REFUSED, PROMPT_NONE);
}

static void renamed(struct call *c, const struct jigasi_message *m)
{
    struct jigasi_message reply = *m;

    reply.type = JIGASI_RENAME_REQUEST;
    snprintf(reply.id, sizeof(reply.id), "%s-%u", c->id, ++c->session.ask_id);
    call_send(c, &reply);
}

static void lobby_wait_m(struct call *c, const struct jigasi_message *m)
{
    lobby_wait(c);
}

static void lobby_allowed_m(struct call *c, const struct jigasi_message *m)
{
    lobby_allowed(c);
}

static void lobby_left_m(struct call *c, const struct jigasi_message *m)
{
    lobby_left(c);
}

static void hand_lowered_m(struct call *c, const struct jigasi_message *m)
{
    hand_lowered(c);
}

static void (*const message_rows[])(struct call *c,
                                    const struct jigasi_message *m) = {
    [JIGASI_LOBBY_WAIT] = lobby_wait_m,
    [JIGASI_LOBBY_LEFT] = lobby_left_m,
    [JIGASI_LOBBY_ALLOWED] = lobby_allowed_m,
    [JIGASI_LOBBY_REFUSED] = refused,
    [JIGASI_MODERATION] = moderation,
    [JIGASI_APPROVED] = approved,
    [JIGASI_DENIED] = denied,
    [JIGASI_VISITOR] = visitor,
    [JIGASI_LIVE] = live,
    [JIGASI_ENDED] = ended,
    [JIGASI_HAND_LOWERED] = hand_lowered_m,
    [JIGASI_RENAMED] = renamed,
    [JIGASI_HEARTBEAT] = heartbeat,
    [JIGASI_MUTE_REQUEST] = mute_requested,
    [JIGASI_MUTE_RESPONSE] = mute_responded,
};

void meeting_info(struct call *c, const char *type, const char *body,
                  size_t len)
{
    struct jigasi_message m;
    int err;

    if (strcmp(type, JIGASI_CONTENT_TYPE)) {
        call_fault(c, "its content is not " JIGASI_CONTENT_TYPE);
        return;
    }
    err = jigasi_parse(&m, body, len, c->cs->deps.cfg->jigasi_extended);
    if (err) {
        call_fault(c, jigasi_fault(err));
        return;
    }
    message_rows[m.type](c, &m);
    if (m.type != JIGASI_HEARTBEAT && c->state != CALL_GONE)
        call_note(c);
}

/* ---- keys ---- */

static void help(struct call *c)
{
    call_say_one(c, PROMPT_HELP);
}

static void status(struct call *c)
{
    enum prompt prompts[3] = {c->muted ? PROMPT_STATUS_MUTED
                                       : PROMPT_STATUS_UNMUTED};
    size_t n = 1;

    if (c->session.hand)
        prompts[n++] = PROMPT_STATUS_HAND;
    if (c->session.moderated)
        prompts[n++] = PROMPT_STATUS_MODERATED;
    call_say(c, prompts, n);
}

static void (*const key_rows[KEY_ACTIONS])(struct call *c) = {
    [KEY_MUTE] = mute_key,
    [KEY_HAND] = hand_key,
    [KEY_HELP] = help,
    [KEY_STATUS] = status,
};

void meeting_keys(struct call *c, const char *keys)
{
    enum key_action action;

    if (keys_find(&c->cs->keys, keys, &action))
        return;
    key_rows[action](c);
    call_note(c);
}

/* ---- Jigasi is gone ---- */

static void conference_ended(struct call *c)
{
    ending_begin(c, CALL_END_COMPLETED, PROMPT_ENDED, PROMPT_NONE);
}

/* Jigasi drops a caller who is alone; who was with others for a while may
 * wait the whole time anew. */
static void alone(struct call *c)
{
    if (c->bridged_at && call_now(c) - c->bridged_at > CALL_REAL_MEETING_MS) {
        c->wait_over = false;
        call_timer(c, TIMER_WAIT, 60000ull * c->cs->deps.cfg->max_wait_min);
    }
    connect_wait(c, PROMPT_WAITING_FOR_OTHERS);
}

/* Jigasi failed: once more, then enough. */
void meeting_rejoin(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_WENT_WRONG};

    if (c->bridged_at && call_now(c) - c->bridged_at > CALL_REAL_MEETING_MS)
        c->rejoins = 0;
    if (c->rejoins++) {
        ending_begin(c, CALL_END_JIGASI, PROMPT_WENT_WRONG, PROMPT_GOODBYE);
        return;
    }
    call_play_loop(c, prompts, 1, PROMPT_MUSIC);
    connect_redial(c);
}

static bool is_alone(const struct engine_event *ev)
{
    return ev->gone.cause == 408 &&
           strcasestr(ev->gone.reason, "No invite from conference focus");
}

void meeting_gone(struct call *c, const struct engine_event *ev)
{
    bool refused_password = timer_running(&c->clocks[TIMER_ACCESS].timer);
    bool bye = ev->gone.end == ENGINE_END_HANGUP;
    bool ended = bye && !ev->gone.cause && !ev->gone.reason[0];

    log_line(c->cs->deps.log, bye ? LOG_INFO : LOG_WARN, c->id,
             "Jigasi left the call: cause=%u %s%s", ev->gone.cause,
             ev->gone.reason, bye ? "" : " (not by BYE)");
    if (!bye)
        call_contact_failed(c);
    call_jigasi_forget(c);
    call_collect_stop(c);
    call_unbind(c);
    if (c->outbound) /* who was dialled waits for no other meeting */
        outbound_left(c, ended || (bye && is_alone(ev)));
    else if (bye && refused_password)
        lobby_password_refused(c);
    else if (bye && is_alone(ev))
        alone(c);
    else if (ended)
        conference_ended(c);
    else
        meeting_rejoin(c);
}
