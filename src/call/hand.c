#include <stdio.h>

#include "call/call.h"

static void tell(struct call *c, enum jigasi_type type, bool on)
{
    struct jigasi_message m = {.type = type, .ok = true, .on = on};

    snprintf(m.id, sizeof(m.id), "%s-%u", c->id, ++c->session.ask_id);
    call_send(c, &m);
}

/* A stock Jigasi raises the hand of one who may not unmute and asks to. */
void hand_raise(struct call *c)
{
    if (c->cs->deps.cfg->jigasi_extended)
        tell(c, JIGASI_HAND_REQUEST, true);
    else
        mute_ask(c, ASK_HAND, false);
    c->session.hand = true;
    call_say_one(c, PROMPT_HAND_RAISED);
}

/* A stock Jigasi lowers it only when the caller unmutes: so it is told that,
 * and the truth right after. What the caller says stays muted. */
static void hand_lower(struct call *c)
{
    if (c->cs->deps.cfg->jigasi_extended) {
        tell(c, JIGASI_HAND_REQUEST, false);
    } else {
        tell(c, JIGASI_MUTE_RESPONSE, false);
        if (c->muted)
            tell(c, JIGASI_MUTE_RESPONSE, true);
        c->session.ask = ASK_NONE;
    }
    c->session.hand = false;
    call_say_one(c, PROMPT_HAND_LOWERED);
}

static bool can_raise(const struct call *c)
{
    return c->cs->deps.cfg->jigasi_extended || c->session.visitor ||
           (c->session.moderated && !c->session.allowed);
}

void hand_key(struct call *c)
{
    if (c->state == CALL_LOBBY) /* where nobody sees hands */
        call_play_loop(c, NULL, 0, PROMPT_LOBBY_WAIT);
    else if (c->session.hand)
        hand_lower(c);
    else if (can_raise(c))
        hand_raise(c);
    else
        call_say_one(c, PROMPT_HAND_NOT_NEEDED);
}

/* t 13: a moderator lowered it; Jigasi wants that confirmed. */
void hand_lowered(struct call *c)
{
    bool was = c->session.hand;

    c->session.hand = false;
    tell(c, JIGASI_HAND_REQUEST, false);
    if (was)
        call_notice(c, PROMPT_HAND_LOWERED);
}
