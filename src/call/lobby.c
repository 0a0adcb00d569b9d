#include <string.h>

#include "base/slice.h"
#include "call/call.h"

static void audio(struct call *c)
{
    call_play_loop(c, NULL, 0, PROMPT_LOBBY_WAIT);
}

void lobby_enter(struct call *c)
{
    call_bind(c, c->tries < CALL_TRIES);
    call_enter(c, CALL_LOBBY, 0);
    audio(c);
}

/* t 3. After a password it means: back in the lobby, so it was wrong. */
void lobby_wait(struct call *c)
{
    bool was = c->session.lobby;
    bool refused = timer_running(&c->clocks[TIMER_ACCESS].timer);

    c->session.lobby = true;
    c->session.admitted = false;
    if (!c->bridged || (was && !refused))
        return;
    call_timer_stop(c, TIMER_CONFIRM);
    call_timer_stop(c, TIMER_ACCESS);
    lobby_enter(c);
    if (refused)
        call_say_one(c, PROMPT_PASSWORD_WRONG);
}

/* t 6: the music ends at once, t 5 follows. */
void lobby_allowed(struct call *c)
{
    if (c->state != CALL_LOBBY || c->session.admitted)
        return;
    c->session.admitted = true;
    call_collect_stop(c);
    call_play_stop(c);
    call_say_one(c, PROMPT_LOBBY_ADMITTED);
}

static void leave(struct call *c)
{
    bool admitted = c->session.admitted;

    c->session.lobby = false;
    c->session.admitted = false;
    if (c->state != CALL_LOBBY)
        return;
    call_collect_stop(c);
    if (!admitted)
        call_play_stop(c);
    meeting_enter(c);
    if (c->muted) /* keyed in the lobby: only now Jigasi can show it */
        mute_tell(c);
}

/* t 5 */
void lobby_left(struct call *c)
{
    bool was = c->state == CALL_LOBBY;

    leave(c);
    if (was && c->state == CALL_MEETING)
        call_timer(c, TIMER_CONFIRM, CALL_CONFIRM_MS);
}

/* ---- the password ---- */

void lobby_ask(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_ENTER_PASSWORD};

    c->clears = 0;
    call_collect(c, prompts, 1, CALL_FIRST_KEY_MS);
    call_note(c);
}

void lobby_keys(struct call *c, const char *keys)
{
    if (strcmp(keys, "#"))
        meeting_keys(c, keys);
    else if (c->tries < CALL_TRIES && !c->session.admitted &&
             !timer_running(&c->clocks[TIMER_ACCESS].timer))
        lobby_ask(c);
}

static void password_send(struct call *c, const char *digits)
{
    const enum prompt prompts[] = {PROMPT_JOIN};
    struct jigasi_message m = {.type = JIGASI_ROOM_ACCESS};

    c->tries++;
    log_line(c->cs->deps.log, LOG_INFO, c->id,
             "a password was keyed in the lobby, try %u", c->tries);
    slice_copy(slice_of(digits), m.text, sizeof(m.text));
    call_send(c, &m);
    /* No music from here: Jigasi does not tell when it is in the room. */
    call_play_loop(c, prompts, 1, PROMPT_NONE);
    call_timer(c, TIMER_ACCESS, CALL_ACCESS_MS);
    call_note(c);
}

void lobby_digits(struct call *c, const char *digits,
                  enum engine_digits_end end, char terminator)
{
    if (terminator == '*' && c->clears < CALL_CLEARS) {
        c->clears++;
        call_collect(c, NULL, 0, CALL_FIRST_KEY_MS);
    } else if (digits[0] && terminator != '*') {
        password_send(c, digits);
    } else {
        audio(c);
        call_note(c);
    }
}

/* The password was not refused: the caller is in. */
void lobby_access_over(struct call *c)
{
    bool was = c->state == CALL_LOBBY;

    leave(c);
    if (was && c->state == CALL_MEETING)
        meeting_confirm(c);
}

/* Jigasi hung up on the password: back into the lobby, or enough. */
void lobby_password_refused(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_PASSWORD_WRONG};

    log_line(c->cs->deps.log, LOG_INFO, c->id, "wrong password in the lobby");
    if (c->tries >= CALL_TRIES) {
        ending_begin(c, CALL_END_PASSWORD, PROMPT_PASSWORD_WRONG,
                     PROMPT_GOODBYE);
        return;
    }
    call_play_loop(c, prompts, 1, PROMPT_MUSIC);
    connect_redial(c);
}
