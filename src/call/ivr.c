#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "call/call.h"

static bool blocked(const struct call *c)
{
    return guess_blocked(c->cs->guess, c->guess_key, call_now(c));
}

static void end_guessing(struct call *c, enum prompt why)
{
    log_line(c->cs->deps.log, LOG_WARN, c->id,
             "too many wrong meeting ids from %s: not asked again for some "
             "minutes",
             log_quoted(slice_of(c->guess_key + 1)).text);
    ending_begin(c, CALL_END_GUESSING, why, PROMPT_GOODBYE);
}

void ivr_begin(struct call *c)
{
    call_answer(c);
    if (blocked(c)) {
        end_guessing(c, PROMPT_NONE);
        return;
    }
    c->ask_prompt = PROMPT_NONE;
    call_enter(c, CALL_ASKING, 0);
}

void ivr_ask(struct call *c)
{
    const enum prompt prompts[] = {c->ask_prompt, PROMPT_ENTER_ID};

    c->clears = 0;
    call_collect(c, prompts, 2, CALL_FIRST_KEY_MS);
}

/* Another round, unless there were enough. */
static void again(struct call *c, enum prompt why)
{
    c->ask_prompt = why;
    if (blocked(c))
        end_guessing(c, why);
    else
        call_enter(c, CALL_ASKING, 0);
}

/* A round without a known id. */
static void round_lost(struct call *c, enum prompt why)
{
    if (++c->rounds < CALL_ROUNDS)
        again(c, why);
    else
        ending_begin(c, CALL_END_NO_MEETING, why, PROMPT_GOODBYE);
}

/* Look-ups that fail are no fault of the caller: counted apart. */
static void failed(struct call *c)
{
    log_line(c->cs->deps.log, LOG_ERROR, c->id,
             "meeting id could not be looked up; see JIGATE_MEETING_LOOKUP");
    if (!c->redial && ++c->lookups_failed < CALL_ROUNDS)
        again(c, PROMPT_WENT_WRONG);
    else
        ending_begin(c, CALL_END_NO_DIRECTORY, PROMPT_WENT_WRONG,
                     PROMPT_GOODBYE);
}

static void unknown(struct call *c)
{
    if (c->redial) {
        failed(c);
        return;
    }
    log_line(c->cs->deps.log, LOG_INFO, c->id, "unknown meeting id, round %u",
             c->rounds + 1);
    guess_wrong(c->cs->guess, c->guess_key, call_now(c));
    round_lost(c, PROMPT_UNKNOWN_ID);
}

/* Whether '*' cleared the entry, so that it begins anew. */
static bool cleared(struct call *c, char terminator)
{
    if (terminator != '*' || c->clears >= CALL_CLEARS)
        return false;
    c->clears++;
    call_collect(c, NULL, 0, CALL_FIRST_KEY_MS);
    return true;
}

void ivr_digits(struct call *c, const char *digits, enum engine_digits_end end,
                char terminator)
{
    if (cleared(c, terminator))
        return;
    if (!digits[0] || terminator == '*') {
        round_lost(c, PROMPT_NO_INPUT);
        return;
    }
    slice_copy(slice_of(digits), c->target.meeting_id,
               sizeof(c->target.meeting_id));
    ivr_lookup(c);
}

/* ---- the directory ---- */

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

/* Take what the directory told; returns 0 or, with *why set, not. */
static int take(struct call *c, const struct directory_answer *a,
                const char **why)
{
    const struct config *cfg = c->cs->deps.cfg;
    struct call_target *t = &c->target;
    int err;

    *why = "its conference is empty or too long";
    if (a->room[0]) {
        err = room_parse(&t->room, a->room, strlen(a->room), why);
        if (!err)
            err = room_headers_dialled(&t->headers, &t->room,
                                       cfg->xmpp_muc_domain);
    } else {
        err = room_headers_conference(&t->headers, a->conference,
                                      cfg->xmpp_domain, cfg->xmpp_muc_domain);
    }
    if (err)
        return err;
    *why = "its token is too long or not printable";
    if (strlen(a->token) > CALL_TOKEN_MAX || !is_printable(a->token))
        return 1;
    free(t->token);
    t->token = a->token[0] ? strdup(a->token) : NULL;
    if (a->password[0] && !t->password_keyed)
        utf8_clean(a->password, strlen(a->password), t->password,
                   sizeof(t->password));
    return 0;
}

static void join(struct call *c)
{
    const enum prompt prompts[] = {PROMPT_JOIN};

    call_play_loop(c, prompts, 1, PROMPT_NONE);
    connect_begin(c);
}

static void found(struct call *c, const struct directory_answer *a)
{
    const char *why;

    if (take(c, a, &why)) {
        log_line(c->cs->deps.log, LOG_ERROR, c->id,
                 "the directory's answer cannot be used: %s", why);
        memset(&c->target.headers, 0, sizeof(c->target.headers));
        unknown(c);
        return;
    }
    log_line(c->cs->deps.log, LOG_INFO, c->id, "meeting id leads to room=%s",
             c->target.headers.room);
    if (c->redial) {
        connect_redial(c);
    } else if (a->passcode && !c->target.password[0]) {
        c->asked = 0;
        c->ask_prompt = PROMPT_NONE;
        call_enter(c, CALL_PASSWORD, 0);
    } else {
        join(c);
    }
}

static void directory_answer_h(const struct directory_answer *a, void *arg)
{
    struct call *c = arg;

    c->query = NULL;
    c->looking = false;
    if (c->state != CALL_LOOKUP)
        return;
    if (a->status == DIRECTORY_FOUND)
        found(c, a);
    else if (a->status == DIRECTORY_UNKNOWN)
        unknown(c);
    else
        failed(c);
}

void ivr_lookup(struct call *c)
{
    uint64_t delay = guess_delay(c->cs->guess, call_now(c));

    call_enter(c, CALL_LOOKUP, delay);
    if (!delay)
        ivr_lookup_now(c);
}

void ivr_lookup_now(struct call *c)
{
    struct directory_query *q;

    c->looking = true;
    q = directory_lookup(c->cs->deps.directory, c->target.meeting_id,
                         c->number, c->id, directory_answer_h, c);
    if (!c->looking)
        return;
    c->query = q;
    if (!q) {
        c->looking = false;
        failed(c);
    }
}

/* ---- the password of a meeting that is known to have one ---- */

void ivr_password_ask(struct call *c)
{
    const enum prompt prompts[] = {c->ask_prompt, PROMPT_ENTER_PASSWORD};

    c->clears = 0;
    call_collect(c, prompts, 2, CALL_FIRST_KEY_MS);
}

/* Nothing keyed twice: Jigasi decides whether it goes without. */
void ivr_password_digits(struct call *c, const char *digits,
                         enum engine_digits_end end, char terminator)
{
    if (cleared(c, terminator))
        return;
    if (digits[0] && terminator != '*') {
        slice_copy(slice_of(digits), c->target.password,
                   sizeof(c->target.password));
        c->target.password_keyed = true;
    } else if (!c->asked++) {
        c->ask_prompt = PROMPT_NO_INPUT;
        call_enter(c, CALL_PASSWORD, 0);
        return;
    }
    join(c);
}
